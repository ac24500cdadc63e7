"""Sends a body over a real connection and says what is wrong with the answer."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from tests.fuzz.odd import Odd, copilot_body, evaluate_body

_DECISIONS = ("allow", "block", "modify", "ask")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """One endpoint: its path, a good body, and whether an answer is an explicit verdict."""

    name: str
    path: str
    good: Callable[[], dict[str, Any]]
    is_explicit: Callable[[dict[str, Any]], bool]


WIRES = (
    Wire(
        name="copilot_studio",
        path="/copilot-studio/analyze-tool-execution?api-version=2025-05-01",
        good=copilot_body,
        is_explicit=lambda answer: isinstance(answer.get("blockAction"), bool) and "diagnostics" in answer,
    ),
    Wire(
        name="evaluate",
        path="/v1/evaluate",
        good=evaluate_body,
        is_explicit=lambda answer: answer.get("decision") in _DECISIONS and bool(answer.get("verdict_id")),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came back; `fault` says what is wrong with it, empty when nothing is."""

    odd: Odd
    ms: float
    answer: dict[str, Any]
    fault: str = ""


def ask(wire: Wire, odd: Odd, *, url: str, token: str, timeout_seconds: float = 60) -> Answered:
    """Send one body on a connection of its own. Never raises for what the other side does."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout_seconds)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", **odd.headers}
    started = monotonic()
    answer: dict[str, Any] = {}
    try:
        connection.request("POST", wire.path, odd.body, headers)
        response = connection.getresponse()
        content = response.read()
        answer = json.loads(content) if response.status == 200 else {}
        fault = "" if wire.is_explicit(answer) else f"{response.status} {content[:200]!r}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        fault = f"{type(error).__name__}: {error}"
    finally:
        connection.close()
    return Answered(odd=odd, ms=(monotonic() - started) * 1000, answer=answer, fault=fault)
