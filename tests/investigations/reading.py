"""A program that reads the API over HTTP, for tests."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from guardrail import api_tokens
from guardrail.api_tokens import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; `body` is the parsed JSON."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One program with its token."""

    token: str
    name: str = "poller"
    client: Client

    @classmethod
    def that_may(cls, *scopes: Scope, name: str = "poller") -> "Program":
        """With a token of these scopes."""
        now = timezone.now()
        token = api_tokens.create_token(name, scopes, expires_at=now + timedelta(days=1), now=now, actor=None)
        return cls(token=token, name=name, client=Client(raise_request_exception=False))

    def with_token(self, token: str) -> "Program":
        """The same with another token."""
        return replace(self, token=token)

    def get(self, path: str, **asked: Any) -> Answer:
        """Ask `/api/v1/<path>`."""
        return self.send("get", path, asked)

    def send(self, method: str, path: str, asked: Any = None, **headers: str) -> Answer:
        """Any request; a header without a value is left out."""
        sent = {"authorization": f"Bearer {self.token}", **headers}
        given = {name: value for name, value in sent.items() if value}
        response = getattr(self.client, method)(f"/api/v1/{path}", asked, headers=given)
        is_json = "json" in response.headers.get("Content-Type", "")
        body = response.json() if is_json and response.content else response.content.decode()
        return Answer(status=response.status_code, body=body, headers=dict(response.headers))

    def rows(self, path: str, **asked: Any) -> list[dict[str, Any]]:
        """All there are, page by page."""
        return [row for page in self.pages(path, **asked) for row in page["results"]]

    def pages(self, path: str, **asked: Any) -> Iterator[dict[str, Any]]:
        """Page after page until nothing more follows."""
        while True:
            answer = self.get(path, **asked)
            assert answer.status == 200, answer
            yield answer.body
            if not answer.body["more"]:
                return
            asked["cursor"] = answer.body["next"]
