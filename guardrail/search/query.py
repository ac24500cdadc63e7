"""Reads what somebody types into the search: fields such as `agent:invoice-bot` and words. Pure."""

import enum
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from guardrail.search.words import LONGEST_WORD, words_of

LONGEST_QUERY = 500
MOST_WORDS_ASKED = 12
_TERM = re.compile(r'(?:([^\s:"]{1,40}):)?(?:"([^"]*)"|(\S*))')
_SPAN = re.compile(r"(\d{1,4})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Field(enum.Enum):
    """What can stand before a colon. The value is the word people type."""

    AGENT = "agent"
    USER = "user"
    CONVERSATION = "conversation"
    TOOL = "tool"
    DESTINATION = "destination"
    OUTCOME = "outcome"
    RULE = "rule"
    SEVERITY = "severity"
    POLICY = "policy"
    SINCE = "since"
    UNTIL = "until"


# Other words for them.
_ALSO = {"session": Field.CONVERSATION, "to": Field.DESTINATION, "signal": Field.RULE, "after": Field.SINCE}
OUTCOMES = {
    "stopped": ("hold", "block"),
    "blocked": ("block",),
    "held": ("hold",),
    "flagged": ("notice", "modify"),
    "allowed": ("allow",),
}
SEVERITIES = {"low": 1, "medium": 2, "high": 3, "critical": 4}


class QueryError(ValueError):
    """A question that cannot be asked; the message says what was found and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What is asked for. `fields` maps each field to what it must be, all of them; `words` must all occur.

    A word that ends in `*` is the beginning of one. `since` and `until` None = no bound.
    """

    fields: tuple[tuple[Field, str], ...] = ()
    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing, and so for everything."""
        return not (self.fields or self.words or self.since or self.until)


def read_query(text: str, *, now: datetime) -> Query:
    """The question in `text`. Raises QueryError."""
    if len(text) > LONGEST_QUERY:
        raise QueryError(f"the question has {len(text)} characters, expected at most {LONGEST_QUERY}")
    fields: dict[Field, str] = {}
    words: list[str] = []
    moments: dict[Field, datetime] = {}
    for name, quoted, bare in _TERM.findall(text.replace("\x00", "")):
        value = (quoted or bare).strip()
        if not name:
            words += _words(value, quoted=bool(quoted))
            continue
        field = _field(name)
        if not value:
            raise QueryError(f"nothing stands after `{name}:`, expected e.g. `{name}:{_example(field)}`")
        if field in fields or field in moments:
            raise QueryError(f"`{field.value}:` is asked for twice, expected it once")
        if field in (Field.SINCE, Field.UNTIL):
            moments[field] = _moment(field, value, now=now)
        else:
            fields[field] = _checked(field, value)
    if len(words) > MOST_WORDS_ASKED:
        raise QueryError(f"there are {len(words)} words, expected at most {MOST_WORDS_ASKED}")
    return Query(
        fields=tuple(fields.items()),
        words=tuple(dict.fromkeys(words)),
        since=moments.get(Field.SINCE),
        until=moments.get(Field.UNTIL),
    )


def field_word(field: Field, value: str) -> str:
    """The word that stands in the index for a field; no text has it, as no word of a text has such signs."""
    return f"={field.value}:{value}"


def _field(name: str) -> Field:
    lower = name.lower()
    try:
        return _ALSO.get(lower) or Field(lower)
    except ValueError:
        known = ", ".join(f"`{field.value}:`" for field in Field)
        raise QueryError(
            f"`{name}:` is no field, expected one of {known}; put quotes around words with a colon"
        ) from None


def _checked(field: Field, value: str) -> str:
    lower = value.lower()
    if field is Field.OUTCOME and lower not in OUTCOMES:
        raise QueryError(f"the outcome is `{value}`, expected one of {', '.join(OUTCOMES)}")
    if field is Field.SEVERITY and lower not in SEVERITIES:
        raise QueryError(f"the severity is `{value}`, expected one of {', '.join(SEVERITIES)}")
    if field is Field.POLICY:
        number = lower.removeprefix("v")
        if not number.isdecimal() or len(number) > 9:
            raise QueryError(f"the policy is `{value}`, expected the number of a version, e.g. `policy:12`")
        return number
    return lower if field in (Field.OUTCOME, Field.SEVERITY, Field.TOOL, Field.DESTINATION) else value


def _moment(field: Field, value: str, *, now: datetime) -> datetime:
    if span := _SPAN.fullmatch(value.lower()):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        name = field.value
        raise QueryError(f"`{name}:{value}` is no time, expected e.g. `{name}:7d` or `{name}:2026-11-01`") from None


def _words(value: str, *, quoted: bool) -> list[str]:
    """As the index has them. A star at the end asks for a beginning."""
    beginning = not quoted and value.endswith("*")
    found = words_of([value.rstrip("*") if beginning else value])
    if not quoted and len(found) > 1:
        # an address, as a whole; its parts are in every text that has it
        found = [max(found, key=len)]
    if value and not found:
        raise QueryError(f"`{value[:LONGEST_WORD]}` is no word, expected letters or digits")
    return [f"{word}*" if beginning else word for word in found]


def _example(field: Field) -> str:
    return {
        Field.OUTCOME: "blocked",
        Field.SEVERITY: "high",
        Field.POLICY: "12",
        Field.SINCE: "7d",
        Field.UNTIL: "2026-11-01",
        Field.DESTINATION: "contoso.com",
    }.get(field, "…")
