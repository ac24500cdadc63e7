"""What stored calls were judged by, compiled: exactly as it was where it was kept, else with the lists of today."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from guardrail.models import Verdict
from policies.load import load_serial
from policies.models import PolicyVersion
from policies.ruleset import Ruleset, RulesetError
from policies.services.states import load_ruleset
from policies.trial import trial_policy

_MOST_KEPT = 8
# By the digest of a state; or by number and the serial of the lists it was compiled with.
_compiled: dict[str | tuple[int, int], Ruleset] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Then:
    """What a call was judged by; `ruleset` None = it cannot be had any more, `missing` says why.

    `exact` = with the lists and the inventory of that moment, else with those of today.
    """

    number: int
    ruleset: Ruleset | None
    exact: bool = False
    missing: str = ""

    @property
    def drift(self) -> str:
        """Why it may answer otherwise than it did."""
        if self.exact:
            return "It answers otherwise than it did: not all that memory held is known, or this release reads it so."
        return "The policy of then answers otherwise today: lists or inventory have changed since."


class Versions:
    """What some calls were judged by. Read by `load`."""

    def __init__(self, by_state: Mapping[str, Then], by_number: Mapping[int, Then]) -> None:
        self._by_state, self._by_number = by_state, by_number

    @classmethod
    def load(cls, verdicts: Iterable[Verdict], *, in_force: Ruleset) -> "Versions":
        """Two queries for each state that is not in force, two more where one was not kept.

        Raises NoRuleset before a policy was loaded.
        """
        now = Then(number=in_force.version, ruleset=in_force, exact=bool(in_force.state))
        by_state = {in_force.state: now} if in_force.state else {}
        by_number = {in_force.version: now}
        missing = set()
        for verdict in verdicts:
            state = verdict.ruleset_state
            if state and state not in by_state and (found := _load_state(verdict)) is not None:
                by_state[state] = found
            if state not in by_state:
                missing.add(verdict.policy_version)
        if missing := missing - set(by_number):
            serial = load_serial()
            documents = dict(PolicyVersion.objects.filter(number__in=missing).values_list("number", "document"))
            by_number |= {number: _with_lists_of_today(number, serial, documents) for number in missing}
        return cls(by_state, by_number)

    def of_then(self, verdict: Verdict) -> Then:
        """What the call was judged by."""
        if verdict.ruleset_state in self._by_state:
            return self._by_state[verdict.ruleset_state]
        found = self._by_number[verdict.policy_version]
        return Then(number=found.number, ruleset=found.ruleset, missing=found.missing)

    def rulesets(self) -> list[Ruleset]:
        """All that could be compiled."""
        every = (*self._by_state.values(), *self._by_number.values())
        return [then.ruleset for then in every if then.ruleset is not None]


def _load_state(verdict: Verdict) -> Then | None:
    """None where it was not kept."""
    state, number = verdict.ruleset_state, verdict.policy_version
    ruleset = _compiled.get(state)
    if ruleset is None:
        try:
            ruleset = load_ruleset(state)
        except RulesetError as error:
            return Then(number=number, ruleset=None, missing=f"it does not compile any more: {error}")
        if ruleset is None:
            return None
        _keep(state, ruleset)
    return Then(number=number, ruleset=ruleset, exact=True)


def _with_lists_of_today(number: int, serial: int, documents: Mapping[int, dict[str, Any]]) -> Then:
    if number not in documents:
        return Then(number=number, ruleset=None, missing="no policy was in force when it came")
    ruleset = _compiled.get((number, serial))
    if ruleset is None:
        try:
            ruleset = trial_policy(documents[number])
        except RulesetError as error:
            return Then(number=number, ruleset=None, missing=f"it does not compile any more: {error}")
        _keep((number, serial), ruleset)
    return Then(number=number, ruleset=ruleset)


def _keep(key: str | tuple[int, int], ruleset: Ruleset) -> None:
    while len(_compiled) >= _MOST_KEPT:
        _compiled.pop(next(iter(_compiled)), None)
    _compiled[key] = ruleset
