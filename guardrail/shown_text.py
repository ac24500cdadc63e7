"""Turns text that an attacker may have written into HTML that shows all of it and obeys none of it.

String work only. Everything that leaves here is escaped; characters that people cannot see become visible chips.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

# Lines, and characters of one endless line, shown before the rest is folded away.
FOLD_LINES = 20
FOLD_CHARACTERS = 2_400
# Characters of one passage that a page carries at all; the rest is in the raw body. 1 MB of chips is 60 MB of HTML.
SHOWN_CHARACTERS = 24_000
# Characters kept on both sides of a marked span when a passage is too long to show.
AROUND = 600
HEAD = 1_200
# Leaving out less than this is not worth the words that say so.
SMALLEST_GAP = 80
# Chips for one run of unseen characters; what follows is counted in one more.
MOST_CHIPS = 12

# Controls except newline and tab, soft hyphen, joiners, fillers, bidi, invisible operators, variation selectors,
# tags, lone surrogates, noncharacters, private use.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_TAG_FIRST, _TAG_LAST = 0xE0020, 0xE007E
# Unicode has no name for these, or one too long for a chip.
_SHORT_NAMES = {
    0x00: "null",
    0x08: "backspace",
    0x0D: "carriage return",
    0x1B: "escape",
    0x7F: "delete",
    0xAD: "soft hyphen",
    0x200B: "zero width",
    0x200C: "non-joiner",
    0x200D: "joiner",
    0x200E: "left-to-right",
    0x200F: "right-to-left",
    0x202A: "embed left-to-right",
    0x202B: "embed right-to-left",
    0x202C: "end of direction",
    0x202D: "force left-to-right",
    0x202E: "force right-to-left",
    0x2066: "isolate left-to-right",
    0x2067: "isolate right-to-left",
    0x2069: "end of isolate",
    0xFEFF: "byte order mark",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A marked stretch of a passage, in character offsets. `number` 0 = no number is printed before it.

    `mark` is the word of `policies.signal.Mark`; `anchor` an element id for links, empty for none.
    """

    start: int
    end: int
    mark: str
    number: int = 0
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A stretch of a passage that is shown; `left_out` characters before it are not."""

    start: int
    end: int
    left_out: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """HTML of one shown stretch: `shown`, then `folded` behind a line that opens it; `left_out` characters before it.

    `opened` = the folded part holds a marked span, so it starts open. `end` is the offset after it.
    """

    shown: SafeString
    folded: SafeString
    folded_lines: int
    opened: bool
    left_out: int
    end: int


def show(
    text: str, spans: Sequence[Span], *, limit: int = SHOWN_CHARACTERS, around: int = AROUND, head: int = HEAD
) -> tuple[Piece, ...]:
    """A passage cut into what is shown, what is folded away and what is left out, as HTML. The rest has no piece."""
    pieces: list[Piece] = []
    for window in windows_of(text, spans, limit=limit, around=around, head=head):
        fold = fold_at(text, start=window.start, end=window.end)
        folded = marked(text, spans, start=fold, end=window.end)
        pieces.append(
            Piece(
                shown=marked(text, spans, start=window.start, end=fold),
                folded=folded,
                folded_lines=text.count("\n", fold, window.end) + 1 if folded else 0,
                opened=any(span.start < window.end and fold < span.end for span in spans),
                left_out=window.left_out,
                end=window.end,
            )
        )
    return tuple(pieces)


def visible(text: str) -> SafeString:
    """Escaped text with every unseen character as a chip that names it."""
    text = text.replace("\r\n", "\n")
    if not _UNSEEN.search(text):
        return escape(text)
    parts: list[SafeString] = []
    at = 0
    for found in _UNSEEN.finditer(text):
        parts += [escape(text[at : found.start()]), *_chips(found.group())]
        at = found.end()
    parts.append(escape(text[at:]))
    return _joined(parts)


def without_unseen(text: str) -> str:
    """`text` for a place that takes no markup (a title, an attribute): unseen ones as `\\u{202E}`. Not escaped."""
    return _UNSEEN.sub(lambda found: "".join(f"\\u{{{ord(c):X}}}" for c in found.group()), text)


def count_unseen(text: str) -> int:
    """How many characters of `text` people cannot see."""
    return sum(len(found.group()) for found in _UNSEEN.finditer(text.replace("\r\n", "\n")))


def marked(text: str, spans: Iterable[Span], *, start: int = 0, end: int | None = None) -> SafeString:
    """`text[start:end]` as visible HTML with `spans` in `mark` elements. Spans may nest, overlap and lie outside."""
    end = len(text) if end is None else end
    inside = tidy(spans, length=len(text))
    cuts = sorted({start, end, *(cut for span in inside for cut in (span.start, span.end) if start < cut < end)})
    parts: list[SafeString] = []
    for left, right in pairwise(cuts):
        covering = [span for span in inside if span.start <= left and right <= span.end]
        parts += [_number(span) for span in covering if span.number and span.start == left]
        shown = visible(text[left:right])
        parts.append(_mark(shown, covering, left=left) if covering else shown)
    return _joined(parts)


def tidy(spans: Iterable[Span], *, length: int) -> tuple[Span, ...]:
    """The spans that cover something of a text of `length` characters, clipped to it, in reading order."""
    clipped = (
        Span(
            start=max(0, span.start),
            end=min(length, span.end),
            mark=span.mark,
            number=span.number,
            note=span.note,
            anchor=span.anchor,
        )
        for span in spans
    )
    return tuple(sorted((s for s in clipped if s.start < s.end), key=lambda s: (s.start, -s.end)))


def windows_of(
    text: str, spans: Sequence[Span], *, limit: int = SHOWN_CHARACTERS, around: int = AROUND, head: int = HEAD
) -> list[Window]:
    """What of `text` is shown: all of it up to `limit` characters, else its `head` and what stands `around` spans."""
    if len(text) <= limit:
        return [Window(start=0, end=len(text))]
    inside = tidy(spans, length=len(text))
    wanted = [(0, head if inside else limit)] if head else []
    wanted += [(max(0, span.start - around), min(len(text), span.end + around)) for span in inside]
    shown: list[Window] = []
    budget = limit
    for left, right in sorted(wanted):
        before = shown[-1].end if shown else 0
        begin = before if left - before < SMALLEST_GAP else left
        finish = min(right, begin + budget)
        if finish <= begin:
            continue
        budget -= finish - begin
        if shown and before == begin:
            shown[-1] = Window(start=shown[-1].start, end=finish, left_out=shown[-1].left_out)
        else:
            shown.append(Window(start=begin, end=finish, left_out=begin - before))
    return shown


def fold_at(text: str, *, start: int, end: int) -> int:
    """The offset in `text[start:end]` after which it is folded away, or `end` when it is short enough to show."""
    limit = min(end, start + FOLD_CHARACTERS)
    at = start
    for _ in range(FOLD_LINES):
        at = text.find("\n", at, limit) + 1
        if at == 0:
            at = limit
            break
    # Hiding less than a few lines would save nobody anything.
    return end if text.count("\n", at, end) < 3 and end - at < FOLD_CHARACTERS // 8 else at


def _chips(run: str) -> Iterator[SafeString]:
    """One chip for each group of equal characters; a run of tag characters is spelled out as the text it hides."""
    at = 0
    groups = 0
    while at < len(run):
        groups += 1
        if groups > MOST_CHIPS:
            yield format_html('<span class="cp">{} more unseen characters</span>', len(run) - at)
            return
        tags = _run_length(run, at, lambda code: _TAG_FIRST <= code <= _TAG_LAST)
        if tags > 1:
            hidden = "".join(chr(ord(c) - 0xE0000) for c in run[at : at + tags])
            yield format_html('<span class="cp" title="{} tag characters">tags spell: {}</span>', tags, hidden)
            at += tags
            continue
        code = ord(run[at])
        same = _run_length(run, at, code.__eq__)
        word = f"U+{code:04X} {_name(code)}{f' ×{same}' if same > 1 else ''}"
        yield format_html('<span class="cp" title="{}">{}</span>', _long_name(code), word)
        at += same


def _run_length(run: str, start: int, belongs: Callable[[int], bool]) -> int:
    end = start
    while end < len(run) and belongs(ord(run[end])):
        end += 1
    return end - start


def _name(code: int) -> str:
    if code in _SHORT_NAMES:
        return _SHORT_NAMES[code]
    if 0xE0000 <= code <= 0xE007F:
        return "tag"
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return "variation"
    if 0xD800 <= code <= 0xDFFF:
        return "broken character"
    return {"Cc": "control", "Co": "private use", "Zl": "line end", "Zp": "paragraph end"}.get(
        unicodedata.category(chr(code)), "unseen"
    )


def _long_name(code: int) -> str:
    return unicodedata.name(chr(code), _name(code)).capitalize()


def _mark(shown: SafeString, covering: Sequence[Span], *, left: int) -> SafeString:
    """One `mark` for a stretch that one or more spans cover: the classes of all, the notes of all."""
    classes = " ".join(dict.fromkeys(f"mk-{span.mark}" for span in covering))
    notes = "; ".join(dict.fromkeys(span.note for span in covering if span.note))
    anchor = next((span.anchor for span in covering if span.anchor and span.start == left), "")
    identity = format_html(' id="{}"', anchor) if anchor else ""
    title = format_html(' title="{}"', without_unseen(notes)) if notes else ""
    return format_html('<mark class="{}"{}{}>{}</mark>', classes, identity, title, shown)


def _number(span: Span) -> SafeString:
    return format_html('<b class="k k-{}">{}</b> ', span.mark, span.number)


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
