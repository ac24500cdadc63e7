"""Undoes what hides text from a reader or a matcher: odd characters, HTML, entities, encodings.

Linear in the length of the text; about 1 ms for 100 kB of plain ASCII, which is passed through.
"""

import html
import re
from dataclasses import dataclass

from guardrail.text.encodings import decode_blob, decoded_views
from guardrail.text.joined import join_up
from guardrail.text.letters import TAG_CHARACTERS, UNSEEN, plain_letters
from guardrail.text.view import Cut, View

__all__ = ["Hidden", "Plain", "decode_blob", "decoded_views", "normalise"]

_ENTITY = re.compile(r"&(?:#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});?|[A-Za-z]{2,24};)")
# an entity may stand for the sign that opens another one
_MAX_ENTITY_ROUNDS = 3
_HTML_TAGS = frozenset(
    "a abbr b big blockquote body br button center code dd del div dl dt em font footer form h1 h2 h3 h4 h5 h6 head "
    "header hr html i iframe img input ins label li link main mark meta nav ol p pre q s section small span strike "
    "strong style script sub sup table tbody td template tfoot th thead title tr tt u ul".split()
)
_VOID_TAGS = frozenset("br hr img input link meta".split())
_BLOCK_TAGS = frozenset(
    "blockquote body br center dd div dl dt footer form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table td "
    "th tr ul".split()
)
_TAG = re.compile(r"<(?:!--|/?([A-Za-z][A-Za-z0-9]{0,12}))")
_UNSEEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt|em|%)?\s*[;\"']|"
    r"opacity\s*:\s*0?\.?0*[;\"']"
    r"|color\s*:\s*(?:white|#fff(?:fff)?|transparent)\b|\bhidden\b|text-indent\s*:\s*-\d{3}|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_MAX_TAG = 2000
_ATTRIBUTE = re.compile(
    r"(?<=\s)(?:alt|title|value|content|summary|placeholder|label|aria-label|aria-description|data-[a-z]{1,20})"
    r"\s{0,3}=\s{0,3}(\"[^\"]*\"|'[^']*')",
    re.IGNORECASE,
)
_MIN_ATTRIBUTE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A stretch of the original text (offsets) that people do not see, and what hides it."""

    start: int
    end: int
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plain:
    """A passage as a reader who sees everything would have it: the rewritten text, and what was hidden in it."""

    view: View
    hidden: tuple[Hidden, ...]


def normalise(text: str, *, base: int = 0) -> Plain:
    """`text` without look-alike and unseen characters, HTML and entities, with offsets back into `text`.

    `base` is where `text` starts in the passage it was cut from; all offsets count from that passage's start.
    """
    view = View(text, None, [0], [base]) if base else View(text)
    hidden: list[Hidden] = []
    if not text.isascii():
        view = _plain_characters(view, hidden)
    if "<" in view.text:
        view = _without_html(view, hidden)
    if "&" in view.text:
        plain = _without_entities(view)
        view = plain if plain.text.isascii() or plain is view else _plain_characters(plain, hidden)
    return Plain(view=join_up(view), hidden=tuple(hidden))


def _without_entities(view: View) -> View:
    for _ in range(_MAX_ENTITY_ROUNDS):
        plain = view.rewrite(_ENTITY, html.unescape)
        if plain is view or plain.text == view.text:
            break
        view = plain
    return view


def _plain_characters(view: View, hidden: list[Hidden]) -> View:
    for match in TAG_CHARACTERS.finditer(view.text):
        place = view.place(match.start())
        hidden.append(Hidden(start=place, end=place + len(match.group()), how="invisible tag characters"))
    view = view.rewrite(TAG_CHARACTERS, lambda found: "\n" + "".join(chr(ord(c) - 0xE0000) for c in found) + "\n")
    # A few zero-width characters are ordinary (emoji, soft hyphens); a word taken apart by them is not.
    for match in UNSEEN.finditer(view.text):
        before, after = view.text[match.start() - 1 : match.start()], view.text[match.end() : match.end() + 1]
        if (
            before.isascii()
            and after.isascii()
            and before.isalpha()
            and after.isalpha()
            and "\xad" not in match.group()
        ):
            place = view.place(match.start())
            hidden.append(Hidden(start=place, end=place + len(match.group()), how="invisible characters"))
    return plain_letters(view.rewrite(UNSEEN, lambda found: ""))


def _without_html(view: View, hidden: list[Hidden]) -> View:
    """`view` without the HTML tags we know; unknown tags stay, since invented ones are themselves a sign."""
    text = view.text
    cuts: list[Cut] = []
    unseen: list[tuple[str, int]] = []
    # what short tags leave behind them: a page has a few, a thousand times each
    plain: dict[str, str] = {}
    comments_end = True
    end = 0
    for found in _TAG.finditer(text):
        start = found.start()
        if start < end:
            continue
        close = text.find(">", start + 1, start + _MAX_TAG)
        whole = text[start : close + 1]
        if whole in plain and not unseen:
            end = close + 1
            cuts.append((start, end, plain[whole]))
            continue
        name = found.group(1)
        if name is None:
            comments_end = _note_comment(view, start, hidden, may_end=comments_end)
            end = start + 4
            cuts.append((start, end, "\n"))
            continue
        tag = name.lower()
        if close < 0 or tag not in _HTML_TAGS:
            continue
        end = close + 1
        open_before = len(unseen)
        _note_unseen(whole, tag, view.place(start), view.place(end), unseen, hidden)
        # what is hidden is no part of the sentence around it
        apart = "\n" if tag in _BLOCK_TAGS or len(unseen) != open_before else ""
        if end - start < 2 * _MIN_ATTRIBUTE:
            cuts.append((start, end, apart))
            if not unseen and not open_before:
                plain[whole] = apart
        else:
            cuts += _around_attributes(view, start, end, hidden) or [(start, end, apart)]
    for _, place in unseen:
        hidden.append(Hidden(start=place, end=view.place(len(text)), how="HTML"))
    return view.replaced(cuts)


def _note_comment(view: View, start: int, hidden: list[Hidden], *, may_end: bool) -> bool:
    """Note what the comment at `start` hides, and tell whether it ends. When one does not, no later one does."""
    close = view.text.find("-->", start + 4) if may_end else -1
    end = close if close >= 0 else len(view.text)
    hidden.append(Hidden(start=view.place(start), end=view.place(end), how="an HTML comment"))
    return close >= 0


def _around_attributes(view: View, start: int, end: int, hidden: list[Hidden]) -> list[Cut]:
    """The cuts that leave of one tag the attributes a sentence may stand in; none where there is no such."""
    cuts: list[Cut] = []
    done = start
    for match in _ATTRIBUTE.finditer(view.text, start, end):
        near, far = match.start(1) + 1, match.end(1) - 1
        if far - near >= _MIN_ATTRIBUTE and view.text.count(" ", near, far) >= 2:
            hidden.append(Hidden(start=view.place(near), end=view.place(far), how="an HTML attribute"))
            cuts.append((done, near, "\n"))
            done = far
    return [*cuts, (done, end, "\n")] if cuts else []


def _note_unseen(
    whole: str, tag: str, start: int, end: int, unseen: list[tuple[str, int]], hidden: list[Hidden]
) -> None:
    """Follow one tag: an element that is not shown is open until its own end tag."""
    if whole.startswith("</"):
        if unseen and unseen[-1][0] == tag:
            hidden.append(Hidden(start=unseen.pop()[1], end=start, how="HTML"))
    elif tag not in _VOID_TAGS and len(unseen) < 50 and _UNSEEN_STYLE.search(whole):
        unseen.append((tag, end))
    elif unseen and unseen[-1][0] == tag and len(unseen) < 50 and not whole.endswith("/>"):
        # the same element nested inside: its end tag must not end the outer one
        unseen.append((tag, end))
