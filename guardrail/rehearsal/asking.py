"""Asks a running instance over HTTP, as its callers do."""

import json
import time
import uuid
from types import TracebackType

import httpx

from guardrail.rehearsal.bodies import EVALUATE
from guardrail.rehearsal.playing import Answered, Asked

_TIMEOUT_SECONDS = 10.0


class NoVerdict(ValueError):
    """The instance could not be reached or gave no verdict; the message says what came instead."""


class Instance:
    """One instance under its caller's address, e.g. `http://127.0.0.1:8000/copilot-studio`."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT_SECONDS)

    def __enter__(self) -> "Instance":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, asked: Asked) -> Answered:
        """Send one call; raises NoVerdict."""
        url = f"{self._base_url}/analyze-tool-execution?api-version=2025-05-01"
        if asked.wire == EVALUATE:
            url = f"{self._base_url.rpartition('/')[0]}/v1/evaluate"
        started = time.monotonic()
        try:
            response = self._client.post(url, json=asked.body)
        except httpx.HTTPError as error:
            raise NoVerdict(f"`{self._base_url}` cannot be reached ({error}), expected a running instance") from None
        ms = (time.monotonic() - started) * 1000
        try:
            return _read(response, wire=asked.wire, ms=ms)
        except (ValueError, KeyError, TypeError):
            hint = ": is the token valid?" if response.status_code == httpx.codes.UNAUTHORIZED else ""
            raise NoVerdict(f"`{self._base_url}` answered {response.status_code}, expected a verdict{hint}") from None


def _read(response: httpx.Response, *, wire: str, ms: float) -> Answered:
    answer = response.json()
    if wire == EVALUATE:
        return Answered(
            stopped=answer["decision"] not in ("allow", "modify"),
            verdict_id=str(uuid.UUID(answer["verdict_id"])),
            reason=" ".join(answer["reasons"]),
            ms=ms,
        )
    verdict_id = uuid.UUID(json.loads(answer["diagnostics"])["verdict"])
    return Answered(
        stopped=bool(answer["blockAction"]), verdict_id=str(verdict_id), reason=answer.get("reason", ""), ms=ms
    )
