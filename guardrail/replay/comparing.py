"""What a draft would change: each stored call judged by the policy in force and by the draft, on the same material.

Not against what was answered then: policy and lists have moved on since, and that is none of the draft's doing.
About 1.5 ms a call, most of it reading, which both share as they share what did not look at a difference.
"""

import enum
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from guardrail.invocation import Invocation
from guardrail.judge import read_ahead
from guardrail.models import Verdict
from guardrail.replay.depth import Depth, depth_between, differing, needs_calls, needs_volume
from guardrail.replay.replaying import CALL_SECONDS, Known, Replayed, judged_by
from guardrail.replay.sharing import Shared, Watched, answering, recording, watched
from guardrail.replay.stored import Stored, load_stored
from policies.decision import Decision
from policies.ruleset import Action, Ruleset

_PASSES = (Action.ALLOW, Action.NOTICE)


class Effect(enum.Enum):
    """What a draft does with a call, beside the policy in force. The value is stored with backtests.

    `eased` = it is stopped by both, and more mildly then: held and not blocked, or sent with something taken out.
    """

    SAME = "same"
    BLOCKED = "blocked"
    HELD = "held"
    ALLOWED = "allowed"
    MODIFIED = "modified"
    EASED = "eased"
    NOTED = "noted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One stored call by both. `now` and `then` are None where it could not be judged, `why_not` then says why.

    `read_ms` is reading its texts, which both share; `now_ms` and `then_ms` what each took beside that.
    `drifted` = the policy in force would answer otherwise than the caller was told: policy or lists moved on.
    """

    verdict: Verdict
    now: Decision | None
    then: Decision | None
    why_not: str
    depth: Depth
    drifted: bool
    read_ms: float
    now_ms: float
    then_ms: float

    @property
    def effect(self) -> Effect:
        """In enforce mode first; where that is the same, by what the caller is told."""
        if self.now is None or self.then is None:
            return Effect.SAME
        return (
            _effect(self.now.would_have, self.then.would_have)
            or _effect(self.now.action, self.then.action)
            or (Effect.NOTED if self.now.would_have is not self.then.would_have else Effect.SAME)
        )

    @property
    def newly_stopped(self) -> bool:
        """It passes by the policy in force, and not by the draft."""
        if self.now is None or self.then is None:
            return False
        return any(
            _passing(now) and not _passing(then)
            for now, then in ((self.now.would_have, self.then.would_have), (self.now.action, self.then.action))
        )

    @property
    def rule(self) -> str:
        """The signal that makes the difference: what stops it then, or what does not stop it any more."""
        if self.now is None or self.then is None:
            return ""
        decided = self.now if self.effect is Effect.ALLOWED else self.then
        if decided.deciding is not None:
            return decided.deciding.name
        return "fail_posture" if decided.failed else ""


def compare(
    verdicts: Iterable[Verdict],
    draft: Ruleset,
    *,
    in_force: Ruleset,
    depth: Depth | None = None,
    deadline: float | None = None,
    call_seconds: float = CALL_SECONDS,
) -> Iterator[Compared]:
    """Each of `verdicts` (with the columns in NEEDED) by both rulesets, in their order, until `deadline`.

    A call gets `call_seconds` of the processor for each ruleset; one that needs more is said to be unread.
    """
    depth = depth or depth_between(in_force, draft)
    with_calls = depth is Depth.JUDGED or needs_calls(draft) or needs_calls(in_force)
    with_volume = needs_volume(draft) or needs_volume(in_force)
    now = watched(in_force, differing(in_force, draft))
    for stored in load_stored(verdicts, with_calls=with_calls, with_volume=with_volume):
        if deadline is not None and time.monotonic() >= deadline:
            return
        yield _compared(stored, draft, now, depth, call_seconds=call_seconds)


def _compared(stored: Stored, draft: Ruleset, in_force: Watched, depth: Depth, *, call_seconds: float) -> Compared:
    if depth is Depth.JUDGED and stored.call is not None:
        read_ms, now, then = _judged_by_both(stored, stored.call, draft, in_force, call_seconds=call_seconds)
    else:
        read_ms = 0.0
        now = judged_by(stored, in_force.ruleset, depth, call_seconds=call_seconds)
        then = judged_by(stored, draft, depth, call_seconds=call_seconds)
    return Compared(
        verdict=stored.verdict,
        now=now.after,
        then=then.after,
        why_not=now.why_not or then.why_not,
        depth=then.depth,
        drifted=_has_drifted(stored, now.after),
        read_ms=read_ms,
        now_ms=now.ms,
        then_ms=then.ms,
    )


def _judged_by_both(
    stored: Stored, call: Invocation, draft: Ruleset, in_force: Watched, *, call_seconds: float
) -> tuple[float, Replayed, Replayed]:
    """Milliseconds of reading, and what each says. What a detector took counts for both where it was asked for both."""
    started = time.thread_time()
    in_force.watch.seen = False
    layout = read_ahead(call, in_force.ruleset, deadline=started + call_seconds, clock=time.thread_time)
    alike = _is_laid_out_alike(call, draft, in_force)
    read_ms = (time.thread_time() - started) * 1000
    judged = partial(judged_by, stored, depth=Depth.JUDGED, call_seconds=call_seconds)
    shared = Shared()
    asked = partial(recording, into=shared, watch=in_force.watch) if alike else tuple
    now = judged(ruleset=in_force.ruleset, known=Known(layout=layout, asked=asked))
    if not alike:
        return read_ms, now, judged(ruleset=draft)
    then = judged(ruleset=draft, known=Known(layout=layout, asked=partial(answering, by=shared)))
    return read_ms, now, replace(then, ms=then.ms + sum(shared.took_ms[name] for name in shared.said))


def _is_laid_out_alike(call: Invocation, draft: Ruleset, in_force: Watched) -> bool:
    """Whether detectors have the same before them by both: nothing was read yet in which the rulesets differ."""
    if in_force.watch.seen or "indicators" in in_force.members:
        return False
    where = {"agent_id": call.agent_id, "environment_id": call.environment_id}
    return in_force.ruleset.for_call(**where) == draft.for_call(**where)


def _has_drifted(stored: Stored, now: Decision | None) -> bool:
    if now is None:
        return False
    return bool(_effect(stored.would_have, now.would_have) or _effect(stored.action, now.action))


def _passing(action: Action) -> bool:
    return action in _PASSES


def _effect(now: Action, then: Action) -> Effect | None:
    """None where nobody outside would notice."""
    if now is then or (_passing(now) and _passing(then)):
        return None
    if _passing(then):
        return Effect.ALLOWED
    if then < now:
        return Effect.EASED
    return {Action.BLOCK: Effect.BLOCKED, Action.HOLD: Effect.HELD, Action.MODIFY: Effect.MODIFIED}[then]
