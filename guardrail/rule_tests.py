"""Test cases of rules: calls that a rule must match, or must not, checked against the text it has now.

A case is a stored verdict, by its id, or a sample: a request as `/v1/evaluate` takes it. Of a stored call what was
found then stands; a sample is judged as if it came now, or at the moment the case names. A verdict costs some 2 ms, a
sample some 5; lists and inventory are those in force.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from guardrail.case import Case, open_case
from guardrail.invocation import Past
from guardrail.judge import judge
from guardrail.models import Verdict
from guardrail.replay.remembered import past_of
from guardrail.replay.stored import NEEDED, Stored, load_stored
from guardrail.rule_facts import facts_of
from guardrail.text.budget import Budget
from guardrail.wire import Unreadable, evaluate
from policies.expressions import Clause
from policies.load import NoRuleset, active, active_ruleset, refresh
from policies.rule_checks import read_moment
from policies.rules import Rule, RuleError, compile_rule, without_rules
from policies.ruleset import Ruleset
from policies.signal import Signal

LONGEST_SAMPLE = 20_000
MATCH, NOT_MATCH = "match", "not_match"
# What pages show of test cases is at most so old.
KEEP_SECONDS = 600
# All cases of a policy together; what is not checked by then counts as failing.
_ALL_SECONDS = 20.0
_CASE_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """How one case went. `matched` is None where it could not be checked, and `why_not` says why.

    `clauses` are the comparisons of the condition with what the call had.
    """

    rule: str
    name: str
    must_match: bool
    verdict_id: uuid.UUID | None
    matched: bool | None
    why_not: str = ""
    gone: bool = False
    clauses: tuple[Clause, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether it speaks against publishing. A call that retention has dropped does not."""
        return not self.gone and self.matched is not self.must_match

    @property
    def label(self) -> str:
        """Rule and case, as a list of failing ones names it."""
        return f"{self.rule}: {self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """What a rule says of the newest calls: `matched` of `calls`, at `us` microseconds for asking about one."""

    calls: int
    matched: int
    us: float
    newest: tuple[uuid.UUID, ...]


def check_tests(document: Mapping[str, Any]) -> tuple[Checked, ...]:
    """Every case of every rule of a policy document, rule by rule. Two queries for 25 stored verdicts."""
    deadline = time.monotonic() + _ALL_SECONDS
    ruleset = lists_in_force()
    checked: list[Checked] = []
    for entry in document.get("rules") or ():
        checked += check_rule(entry, ruleset=ruleset, deadline=deadline)
    return tuple(checked)


def failing_tests(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the cases that fail, for whoever publishes. Where no policy is in force, all of them."""
    try:
        return tuple(one.label for one in check_tests(document) if one.fails)
    except NoRuleset:
        return tuple(f"{rule.get('name')}: all" for rule in document.get("rules") or () if rule.get("tests"))


def known_failing(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The same for pages: kept for some minutes, while rules and lists are what they were."""
    rules = [rule for rule in document.get("rules") or () if rule.get("tests")]
    if not rules:
        return ()
    key = f"failing_tests.{key_of(rules)}"
    found: tuple[str, ...] | None = cache.get(key)
    if found is None:
        found = failing_tests({"rules": rules})
        cache.set(key, found, KEEP_SECONDS)
    return found


def key_of(rules: Any) -> str:
    """What the outcome of test cases depends on, short enough for the key of a cache."""
    loaded = active()
    digest = hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()
    return f"{loaded.serial if loaded else 0}.{digest}"


def check_rule(
    entry: Mapping[str, Any], *, ruleset: Ruleset | None = None, deadline: float | None = None
) -> tuple[Checked, ...]:
    """The cases of one rule of a policy document, in their order; none for a rule that cannot be compiled."""
    try:
        rule = compile_rule(entry)
    except RuleError:
        return ()
    tests = [test for test in entry.get("tests") or () if isinstance(test, Mapping)]
    if not tests:
        return ()
    ruleset = ruleset or lists_in_force()
    stop_at = deadline or time.monotonic() + _ALL_SECONDS
    stored = _load_calls(tests, with_volume=_needs_volume(rule))
    return tuple(_checked(rule, test, number, stored, ruleset, stop_at) for number, test in enumerate(tests, start=1))


def sample_newest(rule: Rule, *, calls: int = 200, within_seconds: float = 0.5) -> Sampled:
    """Ask a rule about the newest calls that can be read. Up to 17 queries."""
    ruleset = lists_in_force()
    stop_at = time.monotonic() + within_seconds
    newest = Verdict.objects.only(*NEEDED).order_by("-id")[:calls]
    asked, took = 0, 0.0
    met: list[uuid.UUID] = []
    for stored in load_stored(newest, with_calls=True, with_volume=_needs_volume(rule)):
        if time.monotonic() > stop_at and asked:
            break
        case = _case_of(stored, ruleset)
        if case is None:
            continue
        began = time.perf_counter()
        matched = rule.holds(facts_of(case, stored.signals, reads=rule.condition.reads))
        took += time.perf_counter() - began
        asked += 1
        if matched:
            met.append(stored.verdict.pk)
    return Sampled(calls=asked, matched=len(met), us=took / asked * 1e6 if asked else 0.0, newest=tuple(met[:5]))


def facts_of_verdict(verdict_id: uuid.UUID, *, reads: Collection[str]) -> Mapping[str, Any] | None:
    """What conditions can ask of one stored call; None where it is gone or cannot be read. Four queries."""
    for stored in load_stored(Verdict.objects.only(*NEEDED).filter(pk=verdict_id), with_calls=True):
        case = _case_of(stored, lists_in_force())
        return None if case is None else facts_of(case, stored.signals, reads=reads)
    return None


def lists_in_force() -> Ruleset:
    """The ruleset of this process, loaded where it was not. Raises NoRuleset where no policy is published."""
    if active() is None:
        refresh()
    return active_ruleset()


def read_sample(sample: Any) -> None:
    """Raises ValueError where a request cannot be read as one of `/v1/evaluate`."""
    _read(sample)


def _checked(
    rule: Rule,
    test: Mapping[str, Any],
    number: int,
    stored: Mapping[str, Stored],
    ruleset: Ruleset,
    stop_at: float,
) -> Checked:
    verdict = str(test.get("verdict") or "")
    known = stored.get(verdict)
    result = Checked(
        rule=rule.name,
        name=str(test.get("name") or f"case {number}"),
        must_match=test.get("must") != NOT_MATCH,
        verdict_id=known.verdict.pk if known else None,
        matched=None,
    )
    if time.monotonic() > stop_at:
        return replace(result, why_not="there was no time left to check it")
    if verdict and known is None:
        return replace(result, why_not="its call is not stored any more", gone=True)
    try:
        found = _facts_of_call(known, ruleset) if known else _facts_of_sample(test, ruleset)
    except ValueError as error:
        return replace(result, why_not=str(error))
    case, signals = found
    facts = facts_of(case, signals, reads=rule.condition.reads)
    return replace(result, matched=rule.holds(facts), clauses=rule.condition.explain(facts))


def _needs_volume(rule: Rule) -> bool:
    return "volume.agent_hour" in rule.condition.reads


def _load_calls(tests: Iterable[Mapping[str, Any]], *, with_volume: bool) -> dict[str, Stored]:
    ids = list(_verdict_ids(tests))
    if not ids:
        return {}
    verdicts = Verdict.objects.only(*NEEDED).filter(pk__in=ids)
    return {
        str(stored.verdict.pk): stored for stored in load_stored(verdicts, with_calls=True, with_volume=with_volume)
    }


def _verdict_ids(tests: Iterable[Mapping[str, Any]]) -> Iterator[uuid.UUID]:
    for test in tests:
        try:
            yield uuid.UUID(str(test.get("verdict") or ""))
        except ValueError:
            continue


def _facts_of_call(stored: Stored, ruleset: Ruleset) -> tuple[Case, Sequence[Signal]]:
    case = _case_of(stored, ruleset)
    if case is None:
        raise ValueError(stored.unreadable or "its body cannot be read")
    return case, stored.signals


def _case_of(stored: Stored, ruleset: Ruleset) -> Case | None:
    """The call laid out without reading its texts: what was found in them stands."""
    if stored.call is None:
        return None
    budget = Budget(deadline=time.monotonic() + _CASE_SECONDS, clock=time.monotonic)
    past = past_of(
        stored.signals,
        stored.verdict.degraded,
        at=stored.verdict.received_at,
        calls_this_hour=stored.calls_this_hour,
    )
    return open_case(stored.call, past, ruleset, budget, ())


def _facts_of_sample(test: Mapping[str, Any], ruleset: Ruleset) -> tuple[Case, Sequence[Signal]]:
    judgement = judge(
        _read(test.get("sample")),
        Past(available=True, at=_moment(test.get("at"))),
        ruleset,
        deadline=time.monotonic() + _CASE_SECONDS,
        clock=time.monotonic,
    )
    if judgement.case is None:
        raise ValueError("the sample could not be judged")
    return judgement.case, without_rules(judgement.decision.signals)


def _read(sample: Any) -> Any:
    if not isinstance(sample, Mapping):
        raise ValueError("the case has neither a verdict nor a sample")
    body = json.dumps(sample).encode("utf-8", "surrogatepass")
    if len(body) > LONGEST_SAMPLE:
        raise ValueError(f"the sample has {len(body)} bytes, expected at most {LONGEST_SAMPLE}")
    try:
        return evaluate.parse(body, orchestrator="")
    except (Unreadable, RecursionError) as error:
        raise ValueError(f"the sample cannot be read: {error}") from error


def _moment(at: Any) -> datetime:
    if not at:
        return timezone.now()
    return read_moment(str(at))
