"""What reading a feed gives, whatever its format: entries, and what was not understood. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from policies.intelligence.values import Named

# Entries one feed may bring: what is beyond is counted and left out.
MOST_ENTRIES = 250_000
MOST_BYTES = 50_000_000
# Problems that are kept in words; beyond, they are counted.
MOST_SAID = 100
_LONGEST_NOTE = 300
_WORDS = {"high": 90, "medium": 60, "med": 60, "low": 30, "none": 0, "critical": 95}


class FeedError(ValueError):
    """A feed of which nothing can be taken; the message names the place and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One indicator as a feed has it. None = the feed does not say. `withdrawn` = the feed takes it back."""

    named: Named
    confidence: int | None = None
    valid_from: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""
    withdrawn: bool = False


@dataclass(kw_only=True, slots=True)
class Read:
    """A feed read to its end. `not_understood` counts, `said` holds the first of them in words, with their place."""

    entries: list[Entry] = field(default_factory=list)
    not_understood: int = 0
    said: list[str] = field(default_factory=list)

    def complain(self, place: str, what: str) -> None:
        """Count one thing that was not understood."""
        self.not_understood += 1
        if len(self.said) < MOST_SAID:
            self.said.append(f"{place}: {what}")

    def add(self, entry: Entry, place: str) -> None:
        """Take an entry, unless there are too many."""
        if len(self.entries) >= MOST_ENTRIES:
            self.complain(place, f"more than {MOST_ENTRIES} indicators, the rest is left out")
        else:
            self.entries.append(entry)


def read_confidence(text: str) -> int | None:
    """0 to 100 from a number, a share or a word; None when nothing is said. Raises ValueError."""
    plain = text.strip().lower().rstrip("%").strip()
    if not plain:
        return None
    if plain in _WORDS:
        return _WORDS[plain]
    number = float(plain) if len(plain) <= 8 else -1.0
    if "." in plain and 0 < number <= 1:
        number *= 100
    if not 0 <= number <= 100:
        raise ValueError(f"the confidence is `{plain[:20]}`, expected 0 to 100")
    return int(number)


def read_moment(text: str) -> datetime | None:
    """An ISO date or time, UTC where none is named; None when nothing is said. Raises ValueError."""
    plain = text.strip()
    if not plain or plain.lower() in ("never", "none", "null", "-"):
        return None
    if len(plain) > 40:
        raise ValueError(f"`{plain[:20]}…` is no date, expected e.g. `2026-12-31`")
    try:
        moment = datetime.fromisoformat(plain.replace("Z", "+00:00").replace(" UTC", "+00:00"))
    except ValueError:
        raise ValueError(f"`{plain}` is no date, expected e.g. `2026-12-31`") from None
    if len(plain) == 10:
        moment = datetime.combine(moment.date(), time(), tzinfo=UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not 1990 <= moment.year <= 2200:
        raise ValueError(f"`{plain}` is no likely date, expected one between 1990 and 2200")
    return moment.astimezone(UTC)


def read_note(text: str) -> str:
    """What a feed says about an entry, as a line of at most 300 characters that people can see."""
    if not text:
        return ""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:2000]).split())
    return line if len(line) <= _LONGEST_NOTE else f"{line[: _LONGEST_NOTE - 1]}…"


def decoded(body: bytes) -> str:
    """The text of a feed. Raises FeedError."""
    if len(body) > MOST_BYTES:
        raise FeedError(f"the feed has {len(body)} bytes, expected at most {MOST_BYTES}")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return body.decode("utf-16")
        except UnicodeDecodeError as error:
            raise FeedError(f"byte {error.start} is not UTF-16, expected text in UTF-8") from None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedError(f"byte {error.start} is not UTF-8, expected text in UTF-8") from None


def require_no_page(text: str) -> None:
    """Refuse a web page, as servers send in place of a feed. Raises FeedError."""
    head = text[:2000].lstrip().lower()
    if head.startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        raise FeedError("this is a web page, expected CSV or a STIX bundle")
