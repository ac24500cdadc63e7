"""What another engine's word counts, and its silence: pure policy."""

from typing import Any

import pytest

from policies.baseline import BASELINE
from policies.decision import Decision, decide
from policies.ruleset import Action, AskedFor, Opinion, Profile, Ruleset, RulesetError, compile_ruleset
from policies.signal import Severity, Signal

OBJECTS = Signal(
    name="second_opinion.contoso", severity=Severity.MEDIUM, reason="`Contoso Shield` would stop this call."
)
LATE = "second_opinion.contoso:late"


def a_ruleset(policy: dict[str, Any] | None = None, **entry: Any) -> Ruleset:
    opinion = {
        "slug": "contoso",
        "name": "Contoso Shield",
        "base_url": "https://engine.contoso.example",
        "sealed_token": "",
        "budget_ms": 200,
        "asked_for": "changes",
        **entry,
    }
    return compile_ruleset({"version": 1, "actions": policy or {}, "opinions": [opinion]})


def decided(ruleset: Ruleset, *signals: Signal, degraded: tuple[str, ...] = (), sink: bool = True) -> Decision:
    rules = ruleset.for_call(agent_id="a", environment_id="")
    return decide(signals, degraded=degraded, rules=rules, ruleset=ruleset, sink=sink)


@pytest.mark.parametrize(
    ("actions", "own", "done"),
    [
        pytest.param({}, {}, Action.HOLD, id="a policy older than engines"),
        pytest.param(BASELINE["actions"], {}, Action.HOLD, id="the baseline"),
        pytest.param({"second_opinion": {"strict": "block"}}, {}, Action.BLOCK, id="a policy for all engines"),
        pytest.param(
            {"second_opinion": {"strict": "block"}, "second_opinion.contoso": {"strict": "notice"}},
            {},
            Action.NOTICE,
            id="a policy for this engine",
        ),
        pytest.param(
            {"second_opinion.contoso": {"strict": "notice"}}, {"strict": "block"}, Action.BLOCK, id="its page"
        ),
        pytest.param(
            {"second_opinion": {"cautious": "block"}}, {"strict": ""}, Action.HOLD, id="nothing on this profile"
        ),
    ],
)
def test_the_nearest_word_on_an_engine_decides(actions: dict[str, Any], own: dict[str, str], done: Action) -> None:
    ruleset = a_ruleset(actions, actions=own)
    assert ruleset.action_for("second_opinion.contoso", Profile.STRICT) is done
    assert decided(ruleset, OBJECTS).would_have is done


def test_another_signal_that_is_stricter_decides_beside_it() -> None:
    ours = Signal(name="secret_leaving", severity=Severity.HIGH, reason="A key leaves.")
    decision = decided(a_ruleset(BASELINE["actions"]), OBJECTS, ours)
    assert (decision.would_have, decision.deciding) == (Action.BLOCK, ours)


def test_its_silence_is_noted() -> None:
    decision = decided(a_ruleset(), degraded=(LATE,))
    assert (decision.action, decision.failed, decision.degraded) == (Action.ALLOW, False, (LATE,))


def test_its_silence_stops_what_can_do_harm_where_it_is_required() -> None:
    ruleset = a_ruleset(required=True)
    assert (decided(ruleset, degraded=(LATE,)).action, decided(ruleset, degraded=(LATE,)).failed) == (
        Action.BLOCK,
        True,
    )
    assert decided(ruleset, degraded=(LATE,), sink=False).failed is False
    # another engine's silence is another matter
    assert decided(ruleset, degraded=("second_opinion.fabrikam:late",)).failed is False


def test_it_is_asked_about_what_it_is_set_up_for() -> None:
    [some] = a_ruleset(agents=["a"]).opinions
    assert some.is_asked(agent_id="a", sink=True)
    assert not some.is_asked(agent_id="b", sink=True)
    assert not some.is_asked(agent_id="a", sink=False)
    everything = Opinion(slug="x", name="X", base_url="", sealed_token="", budget_ms=1, asked_for=AskedFor.ALL)
    assert everything.is_asked(agent_id="b", sink=False)


@pytest.mark.parametrize("entry", [{"asked_for": "some"}, {"actions": {"strict": "shout"}}])
def test_an_entry_that_cannot_be_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(RulesetError):
        a_ruleset(**entry)
