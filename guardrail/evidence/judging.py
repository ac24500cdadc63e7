"""Judges the calls of a bundle again, from the bundle alone: no database, no memory, no network.

What memory of earlier calls and other engines said is evidence, not a result: it stands as the verdict keeps it.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import zstandard

from guardrail.evidence.archive import Bundle, BundleError
from guardrail.models import Verdict
from guardrail.replay.depth import Depth
from guardrail.replay.remembered import standing_of_then
from guardrail.replay.replaying import judged_by
from guardrail.replay.stored import Stored, stored_of
from policies.load import compiled
from policies.ruleset import Ruleset, RulesetError
from policies.states import StateError, assembled, digest_of_bytes

# Nobody waits for a caller: a slow machine must not come to another answer.
_CALL_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One call judged again. `told` and `again` are (action, would have, deciding signal); `again` None = `why_not`.

    `exact` = by the very state it was judged by, else by its policy version with the lists of the export. `remembered`
    names the findings that stand as stored; `redecided` = all of them do, as it was judged without some part.
    """

    verdict_id: str
    told: tuple[str, str, str]
    again: tuple[str, str, str] | None
    why_not: str
    exact: bool
    remembered: tuple[str, ...]
    redecided: bool

    @property
    def same(self) -> bool:
        """Whether it is the answer of then, for the same reason."""
        return self.again == self.told


def judge_again(bundle: Bundle) -> Iterator[Judged]:
    """Every call of the bundle, in its order. Raises BundleError where an entry is not what it should be."""
    rulesets: dict[str, Ruleset] = {}
    for name in bundle.contents:
        folder, _, last = name.rpartition("/")
        if folder.startswith("calls/") and last == "verdict.json":
            yield _judged(bundle, folder, rulesets)


def _judged(bundle: Bundle, folder: str, rulesets: dict[str, Ruleset]) -> Judged:
    told = bundle.json(f"{folder}/verdict.json")
    try:
        stored, exact, state = _stored(told, bundle.contents[f"{folder}/body"]), told["state_is_exact"], told["state"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"`{folder}/verdict.json` is no verdict ({type(error).__name__})") from None
    if state not in rulesets:
        rulesets.clear()
        rulesets[state] = _ruleset(bundle, state)
    replayed = judged_by(stored, rulesets[state], Depth.JUDGED, call_seconds=_CALL_SECONDS)
    after, verdict = replayed.after, stored.verdict
    again = None
    if after is not None:
        deciding = after.deciding.name if after.deciding else ""
        again = (after.action.name.lower(), after.would_have.name.lower(), deciding)
    return Judged(
        verdict_id=str(verdict.pk),
        told=(verdict.action, verdict.would_have, verdict.deciding_signal),
        again=again,
        why_not=replayed.why_not,
        exact=bool(exact),
        remembered=tuple(signal.name for signal in standing_of_then(stored.signals, rulesets[state])),
        redecided=replayed.depth is Depth.REDECIDED,
    )


def _stored(told: Mapping[str, Any], body: bytes) -> Stored:
    columns = dict(told["columns"])
    columns["id"] = uuid.UUID(columns["id"])
    columns["received_at"] = datetime.fromisoformat(columns["received_at"])
    packed = zstandard.compress(body) if told["body_is_kept"] else None
    hour = told["calls_this_hour"]
    return stored_of(
        Verdict(**columns),
        packed=packed,
        orchestrator=str(told["orchestrator"]),
        calls_this_hour=None if hour is None else int(hour),
    )


def _ruleset(bundle: Bundle, state: str) -> Ruleset:
    if not state:
        # in force until a policy was loaded once
        return Ruleset(version=0)
    name = f"states/{state}.json"
    digests = bundle.json(name)
    if digest_of_bytes(bundle.contents[name]) != state or not isinstance(digests, dict):
        raise BundleError(f"`{name[:80]}` is not what it is called by")
    contents = {str(d): bundle.contents[m] for d in digests.values() if (m := f"members/{d}.json") in bundle.contents}
    try:
        return compiled(assembled(digests, contents))
    except (StateError, RulesetError) as error:
        raise BundleError(f"what calls were judged by cannot be used: {error}") from error
