"""The rehearsal's first three attacks with their twins, each call composed in advance as if nothing were stopped.

Halden Marine and everybody it deals with are made up.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guardrail.rehearsal.library import load_scenario
from guardrail.rehearsal.playing import Answered, Asked, play, run_of
from guardrail.rehearsal.scenario import Must, Script

SEEDS = ("seed-invoice", "seed-document", "seed-visitor")
_PASSED = Answered(stopped=False, verdict_id="", reason="", ms=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One planned call. `honest` = the agent does what its user wants, so it must pass; else it was led there."""

    body: dict[str, Any]
    honest: bool

    @property
    def tool_name(self) -> str:
        return str(self.body["toolDefinition"]["name"])

    @property
    def conversation_id(self) -> str:
        return str(self.body["conversationMetadata"]["conversationId"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Calls in order. `attack` = it must be stopped, at the latest at its last step."""

    title: str
    attack: bool
    steps: tuple[Step, ...]


def stories(run_id: uuid.UUID, started: datetime) -> tuple[Story, ...]:
    """All stories with the ids of this run: the same run twice would be recognised as repeated deliveries."""
    known = {name: load_scenario(name, run_id) for name in SEEDS}
    return tuple(
        _story(script, name=f"{name}/{side}", attack=side == "attack", run_id=run_id, started=started)
        for name in SEEDS
        for side, script in (("attack", known[name].attack), ("twin", known[name].twin))
    )


def _story(script: Script, *, name: str, attack: bool, run_id: uuid.UUID, started: datetime) -> Story:
    steps: list[Step] = []

    def ask(asked: Asked) -> Answered:
        steps.append(Step(body=asked.body, honest=asked.call.must is Must.ALLOW))
        return _PASSED

    play(script, run=run_of(script, name=name, run_id=run_id, started=started), ask=ask)
    return Story(title=script.story, attack=attack, steps=tuple(steps))
