"""What schemathesis makes of the description of the API: every operation, asked as described and otherwise."""

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.guardrail.instances import ROOT, RunningInstance, clean_environment, wait_for

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_SCOPES = ["verdicts:read", "transcripts:read", "investigations:read", "indicators:read", "audit:read"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """What each kind of operation is asked with."""

    calls: str
    knowledge: str
    reading: str

    def of(self, path: str) -> str:
        """The token an address wants."""
        if path.startswith("/api/"):
            return self.reading
        return self.knowledge if path.endswith("knowledge-events") else self.calls


@dataclass(kw_only=True, slots=True)
class Told:
    """What the operations answered: how often, with which status, and what was not as described."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return self.statuses.total()

    @property
    def errors(self) -> int:
        """Answers that say the server failed."""
        return sum(times for (_, status), times in self.statuses.items() if status >= 500)


def ask_as_described(description: dict[str, Any], *, url: str, tokens: Tokens, number: int, first: int) -> Told:
    """Ask each operation about `number` times, half of them with what its description does not allow."""
    told = Told()
    found: Any = schemathesis.openapi.from_dict(description).get_all_operations()
    operations = [one.ok() for one in found]
    with requests.Session() as session:
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                _ask_one(operation, mode, told, session, url=url, tokens=tokens, number=number // 2, first=first)
    return told


def _ask_one(
    operation: Any,
    mode: schemathesis.GenerationMode,
    told: Told,
    session: requests.Session,
    *,
    url: str,
    tokens: Tokens,
    number: int,
    first: int,
) -> None:
    name = f"{operation.method.upper()} {operation.path}"
    headers = {"Authorization": f"Bearer {tokens.of(operation.path)}"}

    @seed(first)
    @settings(
        max_examples=max(1, number),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        try:
            answer = case.call(base_url=url, session=session, headers=headers, timeout=30)
        except requests.RequestException as error:
            # what no client can send is nothing we answer
            told.statuses[name, 0] += 1
            if not isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidHeader):
                told.faults.append(f"{name}: {type(error).__name__}: {error}")
            return
        told.statuses[name, answer.status_code] += 1
        # what is sent is random bytes at times: a client may write a header or method that is none
        try:
            case.validate_response(answer, checks=_CHECKS)
        except (Failure, FailureGroup) as error:
            told.faults.append(f"{name}: {answer.status_code} {_said(error)}: {case.as_curl_command()[:600]}")

    each()


def _said(error: BaseException) -> str:
    inside = error.exceptions if isinstance(error, FailureGroup) else [error]
    return "; ".join(str(one).splitlines()[0] for one in inside)


def description_of(url: str) -> dict[str, Any]:
    """What the instance says of its API."""
    answer = httpx.get(f"{url}/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}, timeout=30)
    assert answer.status_code == HTTPStatus.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tokens_of(instance: RunningInstance) -> Tokens:
    """A token for each kind of operation: two by command, one by the page."""
    env = clean_environment() | {"GUARDRAIL_DATA": str(instance.data)}
    issue = [sys.executable, "manage.py", "issue_token", "feed", "--name", "Change feed", "--knowledge"]
    issued = subprocess.run(issue, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=True)
    tokens = Tokens(
        calls=instance.state["webhook_token"], knowledge=issued.stdout.strip(), reading=_reading_token(instance)
    )
    headers = {"Authorization": f"Bearer {tokens.knowledge}"}
    feed = f"{instance.url}/v1/knowledge-events"
    wait_for(lambda: httpx.post(feed, headers=headers).status_code != 401, what="the feed's token to be known")
    return tokens


def _reading_token(instance: RunningInstance) -> str:
    state = instance.state
    with httpx.Client(base_url=instance.url, headers={"Referer": instance.url}, follow_redirects=True) as client:
        said = {"username": state["admin_username"], "password": state["admin_password"]}
        client.post("/login/", data={**said, "csrfmiddlewaretoken": _csrf(client.get("/login/").text)})
        wished = {"name": "fuzz", "scopes": _SCOPES, "days": "7", "csrfmiddlewaretoken": _csrf(client.get("/").text)}
        page = client.post("/tokens/", data=wished).text
    found = re.search(r"gra_[\w-]{43}", page)
    assert found, page
    return found[0]


def _csrf(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page
    return found[1]
