"""`manage.py rehearse`: plays attacks and honest work against a running instance, and says what became of them.

It lives here and not beside its stories because it follows each stopped call into its investigation.
"""

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail.rehearsal.stories import Step, Story, stories
from investigations.models import Investigation

_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    blocked: bool
    verdict_id: uuid.UUID
    ms: float


class Command(BaseCommand):
    help = (
        "Play three attack stories and their honest twins against a running instance. Exits 1 when an attack is not "
        "stopped, an honest call is blocked, or a stopped call leads to no investigation."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base-url",
            "--url",
            default="",
            help="the caller's address, e.g. http://127.0.0.1:8000/copilot-studio (default: the one in state.json)",
        )
        parser.add_argument("--token", default="", help="the caller's bearer token (default: the one in state.json)")
        parser.add_argument(
            "--patience", type=float, default=20.0, help="seconds to wait for an investigation (default: %(default)s)"
        )

    def handle(self, *, base_url: str, token: str, patience: float, **_: Any) -> None:
        """Safe to run again: every run uses fresh ids."""
        base_url, token = _target(base_url, token)
        played = stories(uuid.uuid4(), datetime.now(UTC))
        complaints: list[str] = []
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=base_url, headers=headers, timeout=_TIMEOUT_SECONDS) as client:
            for story in played:
                complaints += self._play(story, client, patience=patience)
        if complaints:
            raise CommandError("\n".join(complaints))
        attacks = sum(story.attack for story in played)
        self.stdout.write(
            f"{attacks} attacks stopped, {len(played) - attacks} honest twins passed, every stop has its investigation"
        )

    def _play(self, story: Story, client: httpx.Client, *, patience: float) -> list[str]:
        """Send the story's calls until one is stopped, as an agent would; returns what went wrong."""
        self.stdout.write(f"{'Attack' if story.attack else 'Honest'}: {story.title}")
        for number, step in enumerate(story.steps, start=1):
            answer = _ask(client, step)
            word = "blocked" if answer.blocked else "allowed"
            self.stdout.write(
                f"  {number}. {step.tool_name:<30} {word}  {answer.ms:4.0f} ms  verdict {answer.verdict_id}"
            )
            if answer.blocked:
                if step.honest:
                    return [f"`{story.title}`: honest call {number} was blocked, expected it to pass"]
                return self._follow(story, answer, patience=patience)
        return [f"`{story.title}`: no call was blocked, expected a stop"] if story.attack else []

    def _follow(self, story: Story, answer: _Answer, *, patience: float) -> list[str]:
        investigation = _wait_for_investigation(answer.verdict_id, patience=patience)
        if investigation is None:
            return [
                f"`{story.title}`: verdict {answer.verdict_id} led to no investigation in {patience:g} s,"
                " expected one within a second or two: is the worker running?"
            ]
        self.stdout.write(f"     investigation {investigation.pk}: {investigation.title}")
        return []


def _target(base_url: str, token: str) -> tuple[str, str]:
    """Address and token, what is missing from the state.json of a running instance."""
    if not (base_url and token):
        path = settings.DATA_DIR / "state.json"
        try:
            state = json.loads(path.read_text())
            base_url = base_url or f"{state['url']}/copilot-studio"
            token = token or state["webhook_token"]
        except (OSError, ValueError, KeyError, TypeError):
            token = ""
        if not token:
            raise CommandError(f"`{path}` holds no `url` and `webhook_token`, give `--base-url` and `--token`")
    return base_url.rstrip("/"), token


def _ask(client: httpx.Client, step: Step) -> _Answer:
    started = time.monotonic()
    try:
        response = client.post("/analyze-tool-execution?api-version=2025-05-01", json=step.body)
    except httpx.HTTPError as error:
        raise CommandError(f"`{client.base_url}` cannot be reached ({error}), expected a running instance") from None
    ms = (time.monotonic() - started) * 1000
    try:
        answer = response.json()
        verdict_id = uuid.UUID(json.loads(answer["diagnostics"])["verdict"])
        return _Answer(blocked=bool(answer["blockAction"]), verdict_id=verdict_id, ms=ms)
    except (ValueError, KeyError, TypeError):
        hint = ": is the token valid?" if response.status_code == httpx.codes.UNAUTHORIZED else ""
        raise CommandError(f"`{client.base_url}` answered {response.status_code}, expected a verdict{hint}") from None


def _wait_for_investigation(verdict_id: uuid.UUID, *, patience: float) -> Investigation | None:
    """The investigation the intake placed this verdict in; None when it did not within `patience` seconds."""
    give_up_at = time.monotonic() + patience
    while True:
        found = Investigation.objects.filter(call_set__verdict_id=verdict_id).first()
        if found is not None or time.monotonic() >= give_up_at:
            return found
        time.sleep(_POLL_SECONDS)
