"""The glyphs, words and looks of states, in one place so that every page says the same. Pure."""

from dataclasses import dataclass

SEVERITIES = {1: ("low", "Low"), 2: ("medium", "Medium"), 3: ("high", "High"), 4: ("critical", "Critical")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """`look` is the suffix of a `mode-` class; `title` says it in a sentence."""

    look: str
    icon: str
    word: str
    title: str


BLOCKED = Badge(look="block", icon="x-octagon", word="Blocked", title="Stopped: the call did not run")
HELD = Badge(look="hold", icon="pause-circle", word="Held", title="Stopped until a person agrees: the call did not run")
CHANGED = Badge(look="hold", icon="pencil", word="Changed", title="Went through with some values taken out")
NOTED = Badge(look="hold", icon="flag", word="Flagged", title="Went through; something about it was noted")
AGREED = Badge(
    look="allow", icon="check2", word="Allowed once", title="Went through: it was held, and a person allowed it once"
)
ALLOWED = Badge(look="allow", icon="check2", word="Allowed", title="Went through: nothing spoke against it")
WOULD_BLOCK = Badge(
    look="monitor", icon="eye", word="Would block", title="Monitor mode: the call went through; enforce mode stops it"
)
WOULD_HOLD = Badge(
    look="monitor", icon="eye", word="Would hold", title="Monitor mode: the call went through; enforce mode holds it"
)
WOULD_CHANGE = Badge(
    look="monitor", icon="eye", word="Would change", title="Monitor mode: the call went through with all its values"
)
NOT_JUDGED = Badge(
    look="block",
    icon="x-octagon",
    word="Blocked, not judged",
    title="Judging could not be finished; this agent fails shut",
)
LET_THROUGH = Badge(
    look="hold",
    icon="exclamation-triangle",
    word="Allowed, not judged",
    title="Judging could not be finished; this agent fails open",
)
SHED_STOPPED = Badge(
    look="block",
    icon="hourglass-split",
    word="Blocked, not judged in time",
    title="More calls came at once than could be judged; this agent fails shut. Judged in full afterwards",
)
SHED_THROUGH = Badge(
    look="hold",
    icon="hourglass-split",
    word="Allowed, not judged in time",
    title="More calls came at once than could be judged; this agent fails open. Judged in full afterwards",
)
SHED_WATCHED = Badge(
    look="monitor",
    icon="hourglass-split",
    word="Would block, not judged in time",
    title="Monitor mode: more calls came at once than could be judged, and the call went through. Judged afterwards",
)
FOUND_LATE = Badge(
    look="hold",
    icon="clock-history",
    word="Found late",
    title="Went through by the quick checks; judged in full afterwards, it should have been stopped",
)
EXECUTED = Badge(
    look="block",
    icon="exclamation-triangle",
    word="Made anyway",
    title="Stopped, and its output came up all the same: the answer came too late, or was not obeyed",
)
WATCHED = Badge(
    look="monitor",
    icon="eye",
    word="Would block, not judged",
    title="Monitor mode: judging could not be finished and the call went through",
)

# By the word for the strongest thing that was done with one of several calls.
STRONGEST = {
    "blocked": BLOCKED,
    "held": HELD,
    "would_block": WOULD_BLOCK,
    "would_hold": WOULD_HOLD,
    "let_through": LET_THROUGH,
    "found_late": FOUND_LATE,
    "executed": EXECUTED,
    "noted": NOTED,
}
_TOLD = {"block": BLOCKED, "hold": HELD, "modify": CHANGED, "notice": NOTED, "allow": ALLOWED}
_ONLY_MARKED = {"block": WOULD_BLOCK, "hold": WOULD_HOLD, "modify": WOULD_CHANGE, "notice": NOTED, "allow": ALLOWED}


def of_call(*, action: str, would_have: str, failed: bool, agreed: bool = False, deferred: bool = False) -> Badge:
    """The badge of one verdict by what the caller was told and what enforce mode would have told it.

    `agreed` = a person had allowed it. `deferred` and `failed` = it was shed.
    """
    if agreed:
        return AGREED
    if failed and deferred:
        shed = SHED_STOPPED if action == "block" else SHED_WATCHED
        return shed if would_have == "block" else SHED_THROUGH
    if failed and would_have == "block":
        return NOT_JUDGED if action == "block" else WATCHED
    if failed:
        return LET_THROUGH
    return (_TOLD if action == would_have else _ONLY_MARKED).get(would_have, ALLOWED)
