"""What a draft would change, counted: by effect, agent, user and rule, and against what people found out. Pure.

Tallies of parts add up to that of the whole, and lie in the database as JSON between the parts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from guardrail.models import Verdict
from guardrail.replay import Compared, Depth, Effect
from policies.decision import Decision

CONFIRMED = "true_positive"
HONEST = frozenset({"benign_expected", "false_positive"})
# Names of one kind that are told apart; what comes later is counted together.
MOST_NAMES = 2_000
OTHERS = "\N{HORIZONTAL ELLIPSIS}"
# Latencies are counted in steps of 2^(1/8): a percentile is right to 9 %.
_STEPS = 8
_EFFECTS = tuple(effect.value for effect in Effect if effect is not Effect.SAME)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one ruleset says of a call, in the words verdicts keep."""

    action: str
    would_have: str
    failed: bool

    @classmethod
    def of(cls, decision: Decision) -> "Answer":
        return cls(
            action=decision.action.name.lower(), would_have=decision.would_have.name.lower(), failed=decision.failed
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One call that would be answered otherwise; `disposition` is what people found out, empty for nothing."""

    verdict: Verdict
    now: Answer
    then: Answer
    effect: str
    rule: str
    disposition: str
    newly_stopped: bool = False

    @classmethod
    def of(cls, one: Compared, disposition: str) -> "Changed | None":
        """None where the answer is the same, but for a note."""
        if one.now is None or one.then is None or one.effect in (Effect.SAME, Effect.NOTED):
            return None
        return cls(
            verdict=one.verdict,
            now=Answer.of(one.now),
            then=Answer.of(one.then),
            effect=one.effect.value,
            rule=one.rule,
            disposition=disposition,
            newly_stopped=one.newly_stopped,
        )

    @property
    def is_bad(self) -> bool:
        """A confirmed attack that would pass."""
        return self.disposition == CONFIRMED and self.effect == Effect.ALLOWED.value

    @property
    def badness(self) -> int:
        """2 for a confirmed attack that would pass, 1 for honest work that would be stopped."""
        return 2 if self.is_bad else int(self.disposition in HONEST and self.newly_stopped)


@dataclass(kw_only=True, slots=True)
class Tally:
    """`confirmed_allowed` = true positives a person confirmed that would pass and are stopped by the policy in force.

    `honest_stopped` and `honest_allowed` are calls a person found harmless that would be stopped, or pass, only then.
    `by_*` lead from a name to its counts by effect; `names` from an agent's id to what it is called. `drifted` = the
    policy in force would answer otherwise than the caller was told then. `now` and `then` are milliseconds by step.
    """

    looked_at: int = 0
    redecided: int = 0
    drifted: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    not_judged: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    confirmed_allowed: int = 0
    honest: int = 0
    honest_stopped: int = 0
    honest_allowed: int = 0
    by_agent: dict[str, Counter[str]] = field(default_factory=dict)
    by_user: dict[str, Counter[str]] = field(default_factory=dict)
    by_rule: dict[str, Counter[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    now: Counter[str] = field(default_factory=Counter)
    then: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        """How many calls would be answered otherwise; one that is only noted, or noted no more, is none of them."""
        return sum(count for effect, count in self.effects.items() if effect != Effect.NOTED.value)

    @property
    def unread(self) -> int:
        return sum(self.not_judged.values())

    @property
    def unread_by_cause(self) -> tuple[tuple[str, int], ...]:
        return tuple(self.not_judged.most_common())

    def add(self, one: Compared, disposition: str) -> None:
        """Count one call; `disposition` is what its investigation was closed with, empty for none."""
        self.looked_at += 1
        if one.now is None or one.then is None:
            self.not_judged[one.why_not] += 1
            return
        self.redecided += one.depth is Depth.REDECIDED
        self.drifted += one.drifted
        self.now[_step(one.read_ms + one.now_ms)] += 1
        self.then[_step(one.read_ms + one.then_ms)] += 1
        self._weigh(one.effect, disposition, newly_stopped=one.newly_stopped)
        if one.effect is Effect.SAME:
            return
        verdict = one.verdict
        self.effects[one.effect.value] += 1
        _count(self.by_rule, one.rule, one.effect)
        if _count(self.by_agent, verdict.agent_id, one.effect) != OTHERS:
            self.names[verdict.agent_id] = verdict.agent_name
        _count(self.by_user, verdict.user_id, one.effect)

    def _weigh(self, effect: Effect, disposition: str, *, newly_stopped: bool) -> None:
        if disposition == CONFIRMED:
            self.confirmed += 1
            self.confirmed_allowed += effect is Effect.ALLOWED
        elif disposition in HONEST:
            self.honest += 1
            self.honest_stopped += newly_stopped
            self.honest_allowed += effect is Effect.ALLOWED

    def merge(self, other: "Tally") -> None:
        for name in ("looked_at", "redecided", "drifted", "confirmed", "confirmed_allowed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("honest", "honest_stopped", "honest_allowed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("effects", "not_judged", "now", "then"):
            getattr(self, name).update(getattr(other, name))
        for name in ("by_agent", "by_user", "by_rule"):
            mine: dict[str, Counter[str]] = getattr(self, name)
            for key, counts in getattr(other, name).items():
                mine.setdefault(key if key in mine or len(mine) < MOST_NAMES else OTHERS, Counter()).update(counts)
        self.names |= {key: word for key, word in other.names.items() if key in self.by_agent}

    def as_json(self) -> dict[str, Any]:
        return {
            name: dict(value) if isinstance(value, Counter) else value
            for name in self.__slots__
            if (value := getattr(self, name))
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Tally":
        """The tally that `as_json` wrote."""
        found = cls()
        for name, value in kept.items():
            if name in ("effects", "not_judged", "now", "then"):
                getattr(found, name).update(value)
            elif name.startswith("by_"):
                getattr(found, name).update({key: Counter(counts) for key, counts in value.items()})
            else:
                setattr(found, name, value)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One name with its counts by effect, for a table."""

    key: str
    name: str
    blocked: int
    held: int
    allowed: int
    modified: int
    eased: int
    noted: int

    @property
    def changed(self) -> int:
        return self.blocked + self.held + self.allowed + self.modified + self.eased


def lines_of(counted: Mapping[str, Counter[str]], names: Mapping[str, str], *, most: int) -> tuple[Line, ...]:
    """The names with the most changes."""
    lines = (
        Line(key=key, name=names.get(key) or key, **{effect: counts[effect] for effect in _EFFECTS})
        for key, counts in counted.items()
    )
    return tuple(sorted(lines, key=lambda line: (-line.changed, -line.noted, line.key)))[:most]


def percentile(steps: Mapping[str, int], share: float) -> float | None:
    """The milliseconds that `share` of the calls took at most; None where nothing was measured."""
    left = share * sum(steps.values())
    if not left:
        return None
    for step, count in sorted((int(step), count) for step, count in steps.items()):
        left -= count
        if left <= 0:
            return float(2 ** (step / _STEPS))
    return None


def sum_up(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def _step(ms: float) -> str:
    return str(round(math.log2(max(ms, 0.01)) * _STEPS))


def _count(counted: dict[str, Counter[str]], key: str, effect: Effect) -> str:
    """Count under the name, or under all others together; returns which."""
    used = key if key in counted or len(counted) < MOST_NAMES else OTHERS
    counted.setdefault(used, Counter())[effect.value] += 1
    return used
