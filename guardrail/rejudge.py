"""Judges a conversation again, call by call: by the policy of then, by the one in force and by a draft, side by side.

As far as a fraction of a second goes: the page says where it stopped and goes on from there. One such question is
answered at a time in a process, and between calls it makes room: callers are answered by the same process.
"""

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from guardrail.judge import read_ahead
from guardrail.kept import Person, for_eyes
from guardrail.models import Verdict
from guardrail.rejudged_differences import differences_between
from guardrail.replay.depth import Depth, needs_volume
from guardrail.replay.remembered import standing_of_then
from guardrail.replay.replaying import NEEDED, NOTHING_KNOWN, Known, judged_by
from guardrail.replay.stored import Stored, load_stored
from guardrail.versions_of_then import Then, Versions
from policies.decision import Decision
from policies.ruleset import Ruleset
from policies.signal import Signal

# Calls of one page at most; how many there are depends on the time they take.
PAGE = 50
SECONDS = 0.12
# One hostile transcript may take this long for each policy, and no longer.
_CALL_SECONDS = 0.5
# Transcripts unpacked together: each may hold megabytes, and the time may be over after one.
_AT_ONCE = 5
_PAUSE_SECONDS = 0.0002
_WAIT_SECONDS = 0.5
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one policy says of a call; `decision` None = it could not be judged, and `why_not` says why."""

    decision: Decision | None
    why_not: str

    @property
    def rule(self) -> str:
        """The signal that decided, empty where none did."""
        decided = self.decision
        return decided.deciding.name if decided and decided.deciding else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejudged:
    """One call by all of them. `since_then` and `by_draft` say what differs and why, from then to now to the draft.

    `drifted` = the policy of then would answer otherwise today than it did. `remembered` are the findings that stand as
    stored. `redecided` = judged without some part then, so what was found stands altogether.
    """

    verdict: Verdict
    of_then: Then
    then: Answer
    now: Answer
    draft: Answer | None
    since_then: tuple[str, ...]
    by_draft: tuple[str, ...]
    drifted: bool
    remembered: tuple[Signal, ...]
    redecided: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """`go_on` is the call after which the next page begins, None at the end. `busy` = somebody else is asking."""

    rows: tuple[Rejudged, ...]
    go_on: uuid.UUID | None
    busy: bool = False


def rejudge(
    verdict: Verdict,
    *,
    in_force: Ruleset,
    person: Person,
    draft: Ruleset | None = None,
    alone: bool = False,
    after: uuid.UUID | None = None,
    seconds: float | None = None,
) -> Page:
    """The calls of the verdict's conversation after `after` that are for the person, oldest first, or it `alone`.

    At least one call, then as many as `seconds` suffice for.
    """
    if not _one_at_a_time.acquire(timeout=_WAIT_SECONDS):
        return Page(rows=(), go_on=after, busy=True)
    try:
        until = time.monotonic() + (SECONDS if seconds is None else seconds)
        rows = _load_calls(verdict, alone=alone, after=after, person=person)
        done: list[Rejudged] = []
        for one in _rejudged(rows[:PAGE], in_force, draft):
            done.append(one)
            if time.monotonic() >= until:
                break
            time.sleep(_PAUSE_SECONDS)
    finally:
        _one_at_a_time.release()
    return Page(rows=tuple(done), go_on=done[-1].verdict.pk if done and len(done) < len(rows) else None)


def _load_calls(verdict: Verdict, *, alone: bool, after: uuid.UUID | None, person: Person) -> list[Verdict]:
    """One more than a page holds. One query."""
    if alone or not verdict.conversation_id:
        return list(Verdict.objects.filter(pk=verdict.pk).only(*NEEDED))
    calls = for_eyes(Verdict.objects.only(*NEEDED), person)
    calls = calls.filter(conversation_id=verdict.conversation_id).order_by("id")
    return list((calls.filter(id__gt=after) if after else calls)[: PAGE + 1])


def _rejudged(verdicts: Sequence[Verdict], in_force: Ruleset, draft: Ruleset | None) -> Iterator[Rejudged]:
    remaining = iter(verdicts)
    while some := list(islice(remaining, _AT_ONCE)):
        versions = Versions.load(some, in_force=in_force)
        asked = [in_force, *versions.rulesets(), *([draft] if draft else [])]
        with_volume = any(map(needs_volume, asked))
        for stored in load_stored(some, with_calls=True, with_volume=with_volume):
            yield _by_all(stored, versions.of_then(stored.verdict), in_force, draft)


def _by_all(stored: Stored, of_then: Then, in_force: Ruleset, draft: Ruleset | None) -> Rejudged:
    layout = None
    if stored.call is not None:
        # what the policies share is read once
        layout = read_ahead(stored.call, in_force, deadline=time.monotonic() + _CALL_SECONDS, clock=time.monotonic)
    now = _answer(stored, in_force, known=Known(layout=layout))
    then = now if of_then.ruleset is in_force else _answer(stored, of_then.ruleset, missing=of_then.missing)
    drafted = _answer(stored, draft) if draft else None
    return Rejudged(
        verdict=stored.verdict,
        of_then=of_then,
        then=then,
        now=now,
        draft=drafted,
        since_then=_differences(then, now, of_then.ruleset, in_force),
        by_draft=_differences(now, drafted, in_force, draft),
        drifted=_has_drifted(stored, then),
        remembered=standing_of_then(stored.signals, in_force),
        redecided=stored.incomplete,
    )


def _answer(stored: Stored, ruleset: Ruleset | None, *, missing: str = "", known: Known = NOTHING_KNOWN) -> Answer:
    """`known` is of the call by this very ruleset: where an address stands depends on it."""
    if ruleset is None:
        return Answer(decision=None, why_not=missing)
    replayed = judged_by(stored, ruleset, Depth.JUDGED, call_seconds=_CALL_SECONDS, known=known)
    return Answer(decision=replayed.after, why_not=replayed.why_not)


def _differences(before: Answer, after: Answer | None, one: Ruleset | None, other: Ruleset | None) -> tuple[str, ...]:
    if after is None or before.decision is None or after.decision is None or one is None or other is None:
        return ()
    return differences_between(before.decision, after.decision, one, other)


def _has_drifted(stored: Stored, then: Answer) -> bool:
    if then.decision is None:
        return False
    return (then.decision.action, then.decision.would_have) != (stored.action, stored.would_have)
