"""The parts of a told call, ready for a template. Texts are as they were written; only `Piece` holds HTML."""

from dataclasses import dataclass
from datetime import datetime

from guardrail.shown_text import Piece
from policies.taxonomy import Tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One place evidence points to, in words. `anchor` is the element id of its step on the page, empty for none.

    `tool` returned it, where it is an output; `by_agent` = the agent wrote it, where it is a chat message.
    """

    key: str
    icon: str
    label: str
    anchor: str
    tool: str = ""
    by_agent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownPassage:
    """One field of a source, ready to show. `rest` characters after the last piece are not on the page."""

    path: str
    pieces: tuple[Piece, ...]
    characters: int
    unseen: int
    rest: int
    marked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The words a verdict rests on, in their place. `notes` say what the eye cannot (hidden by which means)."""

    source: Source
    passage: ShownPassage
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginShown:
    icon: str
    words: str
    anchor: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ArgumentShown:
    """One planned argument. `standing` and `data_class` are (words, look of the tag), or None."""

    path: str
    pieces: tuple[Piece, ...]
    rest: int
    origins: tuple[OriginShown, ...]
    standing: tuple[str, str] | None
    data_class: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One signal. `stopping` = it alone would have stopped the call.

    `explained` = what would let the call pass was looked for; without any condition then, none was found. `tags` are
    OWASP's and MITRE's.
    """

    name: str
    heading: str
    severity: int
    action: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    would_pass_if: tuple[str, ...]
    would_be_held_if: tuple[str, ...]
    explained: bool
    tags: tuple[Tag, ...]
    stopping: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierCall:
    """Another verdict of the same conversation, as far as a step names it."""

    verdict_id: str
    tool_id: str
    tool_name: str
    action: str
    would_have: str
    failed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the transcript. `marks` counts marked spans, `unseen` characters that people cannot see.

    `gist` is the beginning of its text in one line. `call` is the verdict on the call behind an output, or of the plan.
    """

    anchor: str
    number: int
    icon: str
    title: str
    gist: str
    at: datetime | None
    passages: tuple[ShownPassage, ...]
    left_out: int
    marks: int
    unseen: int
    call: EarlierCall | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """`readable` False = the body is gone or could not be read, so quotes hold only what the verdict kept."""

    readable: bool
    findings: tuple[Finding, ...]
    quotes: tuple[Quote, ...]
    marks: tuple[tuple[str, str], ...]
    arguments: tuple[ArgumentShown, ...]
    arguments_left_out: int
    steps: tuple[Step, ...]
    steps_left_out: int
    facts: tuple[tuple[str, str], ...]
    started_by: str
    asked_for: str
    thought: str
