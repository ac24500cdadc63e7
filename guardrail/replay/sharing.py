"""Judges a call by two rulesets for little more than one: what did not look at a difference is not asked again. Pure.

A detector is a function of its case. Which members of a ruleset it reads is nowhere written down, and would be wrong
one day; so it is watched while it judges by the policy in force. Where it read none of the members in which the draft
differs, it would read the same of the draft and find the same. INVARIANT: nothing on the way keeps what it read of a
ruleset for a later call, unless the key is the member itself.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from guardrail.case import Case
from guardrail.detectors import DETECTORS, Detect
from policies.ruleset import Ruleset
from policies.signal import Signal

_ORIGINAL = dict(DETECTORS)


class Watch:
    """`seen` = one of the watched members was read since it was last set to False."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A ruleset that tells `watch` when one of `members` is read of it; it is one in all else."""

    ruleset: Ruleset
    watch: Watch
    members: frozenset[str]


@dataclass(kw_only=True, slots=True)
class Shared:
    """What judging one call by the policy in force found that holds by the draft, too.

    `said` and `took_ms` are by name of detector.
    """

    said: dict[str, list[Signal]] = field(default_factory=dict)
    took_ms: dict[str, float] = field(default_factory=dict)


def watched(ruleset: Ruleset, members: frozenset[str]) -> Watched:
    """The ruleset, watched for `members`; the others are read of it at no cost."""
    watch = Watch()
    one: Ruleset = object.__new__(_watching(members))
    for member in fields(Ruleset):
        _slot(member.name).__set__(one, getattr(ruleset, member.name))
    object.__setattr__(one, "_watch", watch)
    return Watched(ruleset=one, watch=watch, members=members)


def recording(detectors: Sequence[tuple[str, Detect]], into: Shared, *, watch: Watch) -> tuple[tuple[str, Detect], ...]:
    """`detectors` that leave what they find in `into` where they did not look at a difference."""

    def asked(name: str, detect: Detect) -> Detect:
        def ask(case: Case) -> list[Signal]:
            watch.seen = False
            began = time.thread_time()
            found = detect(case)
            into.took_ms[name] = (time.thread_time() - began) * 1000
            # one that ran out of time would find more, or less, another time
            if not watch.seen and not case.budget.short:
                into.said[name] = found
            return found

        return ask

    return tuple((name, asked(name, detect) if _ORIGINAL.get(name) is detect else detect) for name, detect in detectors)


def answering(detectors: Sequence[tuple[str, Detect]], by: Shared) -> tuple[tuple[str, Detect], ...]:
    """`detectors` that are not asked where `by` knows what they say."""

    def known(name: str) -> Detect:
        said = by.said[name]
        return lambda case: list(said)

    return tuple(
        (name, known(name) if name in by.said and _ORIGINAL.get(name) is detect else detect)
        for name, detect in detectors
    )


@lru_cache(maxsize=64)
def _watching(members: frozenset[str]) -> type[Ruleset]:
    def reading(name: str) -> property:
        slot = _slot(name)

        def read(self: Any) -> Any:
            self._watch.seen = True
            return slot.__get__(self)

        # a copy with something replaced sets them
        return property(read, lambda self, value: slot.__set__(self, value))

    return type("WatchedRuleset", (Ruleset,), {"__slots__": ("_watch",), **{name: reading(name) for name in members}})


def _slot(name: str) -> Any:
    return Ruleset.__dict__[name]
