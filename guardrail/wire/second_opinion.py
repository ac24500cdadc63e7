"""What another engine answers to Microsoft Copilot Studio's question, read as a stranger's words.

Only an explicit, boolean `blockAction` is an answer. Its words are shortened and stripped to what people can see.
"""

import enum
import re
import unicodedata
from dataclasses import dataclass

import msgspec

from policies.ruleset import Opinion
from policies.signal import Severity, Signal

# More than this is no answer; nothing beyond it is read.
MOST_BYTES = 65_536
LONGEST_REASON = 300
# Named in a header, so that an engine that asks us back about the same call is answered without being asked again.
SEALS_HEADER = "Guardrail-Asked"
# as it stands in META: `request.headers` would build all of them anew for this one
SEALS_IN_META = "HTTP_GUARDRAIL_ASKED"
MOST_SEALS = 8
_SEAL = re.compile(r"[0-9a-f]{64}")
_SPACES = re.compile(r"\s+")


class Missing(enum.Enum):
    """Why there is no opinion; stands behind the colon of a degraded entry."""

    LATE = "late"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    RESTING = "resting"
    BUSY = "busy"
    LOCKED = "locked"
    CIRCLING = "circling"
    UNSENT = "unsent"


# How pages and reasons say it, after the engine's name.
MISSING_IN_WORDS = {
    Missing.LATE: "did not answer in time",
    Missing.UNREACHABLE: "could not be reached",
    Missing.REFUSED: "refused our token",
    Missing.FAILED: "answered with an error",
    Missing.UNREADABLE: "gave an answer that says neither allow nor block",
    Missing.RESTING: "failed several times in a row and is left alone for a moment",
    Missing.BUSY: "has too many of our questions open",
    Missing.LOCKED: "was not asked: its token must be entered again",
    Missing.CIRCLING: "was not asked: too many engines asked each other about this call",
    Missing.UNSENT: "was not asked: the call is nested too deeply to be sent on",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An engine's opinion. `reason` is its own words, safe to show as text; empty when it gave none."""

    block: bool
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came of asking one engine; `ms` from asking to knowing."""

    opinion: Opinion
    came: Said | Missing
    ms: float

    @property
    def lacks(self) -> str:
        """Why a call that can do harm cannot be judged without it, in words; empty where it answered or need not."""
        if isinstance(self.came, Said) or not self.opinion.required:
            return ""
        return f"`{self.opinion.name}`, whose opinion is required, {MISSING_IN_WORDS[self.came]}"


class _Body(msgspec.Struct):
    """Members whose type decides; `reason` may be anything at all."""

    blockAction: bool
    reason: object = None


class _Greeting(msgspec.Struct):
    isSuccessful: bool
    status: object = None


def read_answer(*, status: int, content_type: str, body: bytes) -> Said | Missing:
    """What an engine's HTTP answer says; a body of more than MOST_BYTES must not be given. Never raises."""
    if status in (401, 403):
        return Missing.REFUSED
    if status != 200:
        return Missing.FAILED
    if content_type and "json" not in content_type.lower():
        return Missing.UNREADABLE
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Missing.UNREADABLE
    return Said(block=found.blockAction, reason=_shown(found.reason) if isinstance(found.reason, str) else "")


def read_greeting(*, status: int, body: bytes) -> str:
    """What is wrong with an engine's answer to `/validate`, in words; empty where it says that it is ready."""
    if status in (401, 403):
        return f"refused our token (status {status})"
    if status != 200:
        return f"answered with status {status}"
    try:
        found = msgspec.json.decode(body, type=_Greeting)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "answered without `isSuccessful`"
    words = f": {_shown(found.status)}" if isinstance(found.status, str) else ""
    return "" if found.isSuccessful else f"says that it is not ready{words}"


def read_seals(header: str) -> tuple[str, ...]:
    """The seals of the instances that asked about a call before us, first asked first."""
    return tuple(_SEAL.findall(header[: MOST_SEALS * 80]))


def signal_of(heard: Heard) -> Signal | None:
    """The signal of an engine that would stop the call; an engine that would not says nothing against ours."""
    if not isinstance(heard.came, Said) or not heard.came.block:
        return None
    name = heard.opinion.name
    words = f", in its words: “{heard.came.reason}”" if heard.came.reason else " and gives no reason"
    return Signal(
        name=heard.opinion.signal,
        severity=Severity.MEDIUM,
        reason=f"`{name}`, asked for a second opinion, would stop this call{words}.",
        facts=(("engine", name),),
    )


def degraded_of(heard: Heard) -> str:
    """What the call was judged without, empty when the engine answered."""
    return f"{heard.opinion.signal}:{heard.came.value}" if isinstance(heard.came, Missing) else ""


def _shown(words: str) -> str:
    # unseen characters (bidi, zero-width, tags, controls) carry orders to whoever reads this next; backticks are ours
    visible = "".join(
        " " if unicodedata.category(letter)[0] in "CZ" else letter for letter in words[: LONGEST_REASON * 4]
    )
    short = _SPACES.sub(" ", visible.replace("`", "'").replace("“", "'").replace("”", "'")).strip()
    return short if len(short) <= LONGEST_REASON else f"{short[: LONGEST_REASON - 1].rstrip()}…"
