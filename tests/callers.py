"""An orchestrator for tests: asks over HTTP the way a real one does."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from guardrail import callers, housekeeper
from guardrail.models import Orchestrator
from policies.services.publish import ensure_baseline


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. `body` is the parsed JSON."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """One caller with its token and a Django test client."""

    client: Client
    orchestrator: Orchestrator
    token: str

    @classmethod
    def on_a_fresh_install(cls, client: Client) -> "Asking":
        """Publish the baseline and create the caller `copilot-studio`."""
        ensure_baseline()
        return cls.without_policy(client)

    @classmethod
    def without_policy(cls, client: Client) -> "Asking":
        """The same caller before any policy is published."""
        orchestrator = callers.create_orchestrator("Microsoft Copilot Studio", "copilot-studio", None)
        token = callers.issue_token(orchestrator, None)
        housekeeper.refresh()
        return cls(client=client, orchestrator=orchestrator, token=token)

    def analyze(self, body: Any, **headers: str) -> Answer:
        """Ask Copilot Studio's question; `body` is bytes as they are, or anything JSON can say."""
        return self._post("/copilot-studio/analyze-tool-execution?api-version=2025-05-01", body, headers)

    def validate(self, **headers: str) -> Answer:
        """What happens when an admin saves the form."""
        return self._post("/copilot-studio/validate?api-version=2025-05-01", b"", headers)

    def evaluate(self, body: Any, **headers: str) -> Answer:
        """Ask our own question."""
        return self._post("/v1/evaluate", body, headers)

    def _post(self, path: str, body: Any, headers: dict[str, str]) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.token}", **headers}
        response = self.client.post(path, data, content_type="application/json", headers=sent)
        return Answer(status=response.status_code, body=json.loads(response.content))
