"""Calls beside an agent's habits, and calls as it always makes them."""

from typing import Any

from guardrail.habits import Habits, Hour, Uses
from guardrail.invocation import Past
from tests.guardrail.samples import Pair, Silent

SIGNALS = (
    "tool_new",
    "arguments_unusual",
    "volume_unusual",
    "time_unusual",
    "step_unusual",
    "unlike_its_kind",
)
MAIL: dict[str, Any] = {
    "user": "Send Kim the notes.",
    "arguments": {"to": "kim@adatum.example", "body": "Notes"},
}


def used(**changes: Any) -> Uses:
    usual: dict[str, Any] = {"calls": 4_000, "days": 30.0, "tools": 6, "tool_calls": 900, "shape_calls": 80}
    steps = {"step_bits": 1.2, "bits_mean": 1.5, "bits_deviation": 1.0, "steps": 400}
    return Uses(**{**usual, **steps, **changes})


def hour(**changes: Any) -> Hour:
    usual = {"hour": 10, "calls": 12, "usual": 11.0, "around": 30.0, "day": 130.0, "dispersion": 1.5, "days": 30.0}
    return Hour(**{**usual, **changes})


def past(*, own: Uses | None = None, now: Hour | None = None, **changes: Any) -> Past:
    habits: dict[str, Any] = {"learning": False, "own": own or used(), "of_kind": None, "hour": now or hour()}
    return Past(available=True, habits=Habits(**{**habits, **changes}))


def new(**changes: Any) -> Past:
    """An agent that is still learnt from, of a name that is known."""
    return past(learning=True, own=used(calls=5, days=0.1, tool_calls=0, shape_calls=0), **changes)


PAIRS = (
    Pair(
        what="a tool the agent never used",
        says="tool_new",
        fires={**MAIL, "past": past(own=used(tool_calls=0, shape_calls=0))},
        near={**MAIL, "past": past(own=used(tool_calls=3, shape_calls=3))},
    ),
    Pair(
        what="arguments it never gave together",
        says="arguments_unusual",
        fires={**MAIL, "past": past(own=used(shape_calls=0))},
        near={**MAIL, "past": past(own=used(shape_calls=None))},
    ),
    Pair(
        what="arguments new to a tool that is little known",
        says="arguments_unusual",
        fires={**MAIL, "past": past(own=used(shape_calls=0, tool_calls=30))},
        near={**MAIL, "past": past(own=used(shape_calls=0, tool_calls=29))},
    ),
    Pair(
        what="far more calls than this hour ever had",
        says="volume_unusual",
        fires={**MAIL, "past": past(now=hour(calls=70))},
        near={**MAIL, "past": past(now=hour(calls=32))},
    ),
    Pair(
        what="many calls where the hours differ much",
        says="volume_unusual",
        fires={**MAIL, "past": past(now=hour(calls=70))},
        near={**MAIL, "past": past(now=hour(calls=70, dispersion=12.0))},
    ),
    Pair(
        what="a call at night",
        says="time_unusual",
        fires={**MAIL, "past": past(now=hour(hour=3, calls=1, usual=0.0, around=0.0))},
        near={**MAIL, "past": past(now=hour(hour=3, calls=1, usual=0.2, around=0.3))},
    ),
    Pair(
        what="a call at night, of an agent known for a week",
        says="time_unusual",
        fires={**MAIL, "past": past(now=hour(hour=3, calls=1, usual=0.0, around=0.0, days=7.0))},
        near={**MAIL, "past": past(now=hour(hour=3, calls=1, usual=0.0, around=0.0, days=6.0))},
    ),
    Pair(
        what="a step that hardly ever came next",
        says="step_unusual",
        fires={**MAIL, "past": past(own=used(step_bits=9.0))},
        near={**MAIL, "past": past(own=used(step_bits=9.0, steps=19))},
    ),
    Pair(
        what="a rare step of an agent whose steps are many",
        says="step_unusual",
        fires={**MAIL, "past": past(own=used(step_bits=9.0))},
        near={**MAIL, "past": past(own=used(step_bits=9.0, bits_mean=4.0, bits_deviation=2.0))},
    ),
    Pair(
        what="a new agent that does what none of its name does",
        says="unlike_its_kind",
        fires={**MAIL, "past": new(of_kind=used(tool_calls=0))},
        near={**MAIL, "past": new(of_kind=used(tool_calls=1))},
    ),
)
SILENT = (
    Silent(what="a day like any other", call={**MAIL, "past": past()}),
    Silent(what="a new agent nobody is like", call={**MAIL, "past": new()}),
    Silent(what="an agent nothing is known of", call={**MAIL, "past": Past(available=True)}),
    Silent(
        what="a little more in a quiet hour",
        call={**MAIL, "past": past(now=hour(calls=6, usual=0.3, around=0.5))},
    ),
)
