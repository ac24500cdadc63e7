"""Plays a script call by call, as its agents would: what is stopped is not done, and the plan behind it falls.

Pure but for `ask`, which sends a call and tells what came back.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guardrail.rehearsal.bodies import Run
from guardrail.rehearsal.scenario import Conversation, Must, Planned, Said, Script


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One call on its way: `wire` is `copilot_studio` or `evaluate`, `body` what that wire carries."""

    wire: str
    body: dict[str, Any]
    call: Planned
    conversation_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """`reason` is what the agent is told, and repeats in the chat."""

    stopped: bool
    verdict_id: str
    reason: str
    ms: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A call of the script, by its number from 1, with the answer to it; None = never reached, its plan had fallen."""

    number: int
    call: Planned
    answered: Answered | None

    @property
    def stopped(self) -> bool:
        return self.answered is not None and self.answered.stopped

    @property
    def harmful(self) -> bool:
        """It was let through and must not have been."""
        return self.call.must is Must.STOP and self.answered is not None and not self.answered.stopped

    @property
    def hindered(self) -> bool:
        """It was stopped and is honest work."""
        return self.call.must is Must.ALLOW and self.stopped


Ask = Callable[[Asked], Answered]


def play(script: Script, *, run: Run, ask: Ask) -> tuple[Made, ...]:
    """Every call of the script in order, with what became of it.

    After a stop the rest of the plan is dropped and the conversation goes on with what the user says next.
    """
    made: list[Made] = []
    for number, talk in enumerate(script.conversations):
        made += _converse(talk, run=replace(run, story=f"{run.story}/{number}", agent=talk.agent), ask=ask, made=made)
    return tuple(made)


def run_of(script: Script, *, name: str, run_id: uuid.UUID, started: datetime) -> Run:
    """The run of one side of a scenario; `name` keeps the sides' ids apart."""
    return Run(run_id=run_id, story=name, started=started, agent=script.conversations[0].agent)


def _converse(talk: Conversation, *, run: Run, ask: Ask, made: list[Made]) -> list[Made]:
    turns: list[tuple[str, str]] = []
    outputs: list[dict[str, Any]] = []
    request, fallen = "", False
    done: list[Made] = []
    for place, turn in enumerate(talk.turns):
        if isinstance(turn, Said):
            if turn.role != "assistant":
                request, fallen = turn.text, False
            turns.append(("assistant" if turn.role == "assistant" else "user", turn.text))
            continue
        number = len(made) + len(done) + 1
        answered = None
        if not fallen:
            body = run.call(
                turn.tool,
                turn.arguments,
                step=number,
                said=request,
                thought=turn.why,
                turns=tuple(turns),
                outputs=tuple(outputs),
            )
            answered = ask(Asked(wire=run.agent.wire, body=body, call=turn, conversation_id=run.conversation_id))
            if answered.stopped:
                fallen = True
                turns.append(("assistant", answered.reason))
            elif turn.gives is not None:
                outputs.append(run.output(turn.tool, turn.gives, at=run.at(place * 20 + 9), name=turn.output))
        done.append(Made(number=number, call=turn, answered=answered))
    return done
