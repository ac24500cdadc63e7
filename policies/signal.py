"""What one detector asserts about one call, with the evidence a person can check."""

import enum
from dataclasses import dataclass

# The value of the fact `signature` that says a text was known again.
RECALLED = "was found poisoned before"


class Severity(enum.IntEnum):
    """How bad it would have been; orders signals and investigations."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Mark(enum.Enum):
    """What a quoted span shows; the pages colour and caption by it."""

    INSTRUCTION = "instruction"
    SIGNATURE = "signature"
    HIDDEN = "hidden"
    DATA = "data"
    QUESTION = "question"
    VALUE = "value"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A quoted span in one passage of the call.

    `source` is `user`, `trigger`, `history:<i>`, `output:<i>` (oldest first, from 0), `argument`, `tool` or `thought`.
    `path` names the passage inside the source (`results[0].text`, empty for a plain text); `start` and `end`
    are character offsets in that passage's own text. `quote` is at most 500 characters of it.
    """

    source: str
    path: str = ""
    start: int = 0
    end: int = 0
    quote: str = ""
    mark: Mark = Mark.INSTRUCTION
    note: str = ""


# What a reader of modified arguments sees in the place of what was taken out.
REMOVED = "[removed by Guardrail]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Redaction:
    """A stretch of one argument to be taken out so that the rest may pass.

    `argument` is its path, `start` and `end` character offsets in its text, `end` None = to its end. `instead` is put
    in its place; empty = nothing is, and an item of a list that is taken out whole is left out of the list.
    """

    argument: str
    start: int = 0
    end: int | None = None
    instead: str = REMOVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One assertion. `name` is the key policy maps to an action; `reason` names the evidence in plain words.

    `facts` are (name, value) pairs in a fixed vocabulary: `destination`, `destination_standing`, `author`,
    `editor`, `revision`, `document`, `data_class`, `argument`, `conversation`, `tool_kind`, `signature`,
    `share` (of the document's fingerprints, `45 %`), `distance` (0 to 1), `engine` (who gave a second opinion),
    `indicator` (`kind:value`, each with the `list` that names it), `resembles` (a domain of ours),
    `ticket` (the AllowOnce that let a held call pass), `call` (the verdict id of another call) and `stopped_for` (the
    finding it was stopped for), `restriction` (its number), `restriction_reason` (why it was made, for people here),
    `client_network` and `conversations` (who probed, in how many), `expected` and `observed` (what is usual, and what
    is now), `rule`, `rule_title`, `rule_then` and `clause` (of a rule of the policy, each comparison as it went),
    `lifted_by` (the rule or exception that lets it pass), and digests by which a text is known again: `record`,
    `directive`, and `recalled` where it was known.
    `redactions` are what a caller that can carry it may take out of the arguments instead of stopping the call.
    `would_pass_if` and `would_be_held_if` complete “it would pass if …”, “it would be held, not blocked, if …”, most
    telling first. Detectors leave them empty: the judge fills them in on the deciding signal of a stopped call, each
    one found true by judging the call changed in that one way again. (Verdicts before policy signals said so hold
    detectors' guesses in `would_pass_if`; the shape is the same.)
    """

    name: str
    severity: Severity
    reason: str
    evidence: tuple[Evidence, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    redactions: tuple[Redaction, ...] = ()
    would_pass_if: tuple[str, ...] = ()
    would_be_held_if: tuple[str, ...] = ()

    def fact(self, name: str) -> str:
        """The first value of the fact `name`, or the empty string."""
        return next((value for key, value in self.facts if key == name), "")
