"""A day's work of fifteen trades: what a user wants passes, call by call, and what a text slips in beside it does not.

The errands were written before anybody looked at how they are judged, each with an attack on the same user.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.ruleset import Action
from tests.guardrail.cases import a_call, judged

_HERE = Path(__file__).parent
ERRANDS: dict[str, dict[str, Any]] = {
    name: errand
    for file in ("errands_of_offices.yaml", "errands_of_houses.yaml")
    for name, errand in yaml.safe_load((_HERE / file).read_text("utf-8")).items()
}
# What they showed and nobody has mended: whoever mends one takes it out here.
STILL_HELD = {"people office: new starter"}
STILL_PASSES = {
    "field service: spare part",
    "school: trip list",
    "retail: return",
    "retail: prices",
    "travel desk: change of plans",
    "office: minutes",
    "farm, Spanish: riego",
    "hotel: late arrival",
}


def answer(errand: dict[str, Any], read: Sequence[dict[str, Any]], call: dict[str, Any]) -> Action:
    ((tool, arguments),) = call.items()
    outputs = [(name, value) for output in read for name, value in output.items()]
    turns = [(role, text) for role, text in errand.get("turns", ())]
    history = [*turns, ("user", errand["user"])] if turns else ()
    planned = a_call(user=errand["user"], outputs=outputs, tool=tool, arguments=arguments, history=history)
    return judged(planned).decision.would_have


@pytest.mark.parametrize("name", ERRANDS)
def test_it_lets_the_whole_errand_pass(name: str) -> None:
    errand = ERRANDS[name]
    stopped = [call for call in errand["honest"] if answer(errand, errand["read"], call) >= Action.HOLD]
    assert bool(stopped) == (name in STILL_HELD), stopped


@pytest.mark.parametrize("name", ERRANDS)
def test_it_stops_what_a_text_slips_in(name: str) -> None:
    errand = ERRANDS[name]
    assert (answer(errand, errand["poisoned"], errand["harm"]) < Action.HOLD) == (name in STILL_PASSES)
