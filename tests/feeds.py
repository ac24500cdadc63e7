"""A change feed for tests: tells of edits over HTTP the way a real one does."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from guardrail import callers, housekeeper
from guardrail.models import OrchestratorToken
from tests.callers import Answer, Asking


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """One feed with its token and a Django test client."""

    client: Client
    token: str

    @classmethod
    def of(cls, asking: Asking) -> "Feed":
        """A feed of the same caller, with a token of its own."""
        token = callers.issue_token(asking.orchestrator, None, purpose=OrchestratorToken.Purpose.KNOWLEDGE)
        housekeeper.refresh()
        return cls(client=asking.client, token=token)

    def tell(self, body: Any) -> Answer:
        """Send bytes as they are, or anything JSON can say."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.client.post(
            "/v1/knowledge-events",
            data,
            content_type="application/json",
            headers={"authorization": f"Bearer {self.token}"},
        )
        return Answer(status=response.status_code, body=json.loads(response.content))


def edit(**changed: Any) -> dict[str, Any]:
    """One event; a value of None leaves the member out."""
    event = {
        "document_id": "01ABCDEF",
        "revision": "14.0",
        "editor": "k.varga@halden-marine.example",
        "time": "2026-11-20T10:00:00Z",
        "name": "Maintenance plan 2027.docx",
        "path": "/sites/Berths/Maintenance plan 2027.docx",
        **changed,
    }
    return {name: value for name, value in event.items() if value is not None}
