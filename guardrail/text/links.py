"""Finds the addresses a text would have somebody open, and cuts each into the pieces that can carry data.

Linear in the length of the text. An address that a reader's client opens by itself (a picture, a style sheet) says so.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

_PLAIN = re.compile(r"(?<![A-Za-z0-9])(?:(?:https?|ftp|wss?):[/\\]{2,4}|www\.)[^\s\"'<>`]{3,8000}", re.IGNORECASE)
# what a client opens without being asked: attributes of HTML, style sheets, and the reference of a Markdown picture
_ATTRIBUTE = re.compile(
    r"\b(?:src|srcset|background|poster)\s{0,3}=\s{0,3}(?:[\"]([^\"<>\n]{3,8000})[\"]|[']([^'<>\n]{3,8000})[']|"
    r"([^\s\"'<>]{3,8000}))",
    re.IGNORECASE,
)
_STYLE = re.compile(r"\b(?:url\(|@import)\s{0,3}[\"']?([^\s\"'()]{3,8000})", re.IGNORECASE)
_SHEET = re.compile(r"<link\b[^<>]{0,300}?\bhref\s{0,3}=\s{0,3}[\"']?([^\s\"'<>]{3,8000})", re.IGNORECASE)
_REFERENCE = re.compile(r"(?:^|\n)[ \t]{0,3}\[[^\]\n]{1,100}\]:[ \t]{0,4}<?([^\s<>]{3,8000})")
# a link to click that has the page's own scheme
_CLICKED = re.compile(r"(?:\bhref\s{0,3}=\s{0,3}[\"']?|\]\()([/\\]{2}[^\s\"'<>()]{3,8000})", re.IGNORECASE)
_BRACKETED = re.compile(r"\s{0,4}<([^<>\n]{3,8000})>")
_TARGET = re.compile(r"\s{0,4}<?([^\s<>()]{3,8000}(?:\([^\s()]{0,200}\)[^\s<>()]{0,2000})?)")
# a name of three parts or more, as look-ups and pings take it
_HOST_NAME = re.compile(
    r"(?<![\w@.:/-])(?:[A-Za-z0-9_-]{1,63}\.){2,}[A-Za-z][A-Za-z0-9-]{1,17}\b(?:[/?#][^\s\"'<>`]{0,4000})?"
)
_ALONE = re.compile(
    r"\s*((?:[A-Za-z0-9_-]{1,63}\.){1,40}[A-Za-z][A-Za-z0-9-]{1,17}(?::\d{1,5})?(?:[/?#]\S{0,8000})?)\s*"
)
_SCHEME = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{1,10}:)?[/\\]{2,4}")
_MOST_LINKS = 400
_MOST_PIECES = 120
_ALT_TEXT = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One part of an address that can carry data. `place` is label, user, path, query or fragment."""

    place: str
    name: str
    raw: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """An address at `start` to `end` of a text. `loads` = a client opens it without being asked."""

    start: int
    end: int
    host: str
    pieces: tuple[Piece, ...]
    loads: bool = False


def find_links(text: str, *, most: int = _MOST_LINKS) -> list[Link]:
    """Every address in `text`, addresses inside addresses too, in order; the first `most`."""
    if "/" not in text and "\\" not in text and "www." not in text.lower():
        return []
    loading = _loading(text)
    found = []
    for match in _PLAIN.finditer(text):
        # between quotes or brackets a blank is a part of it
        end = max(match.end(), loading.get(match.start(), 0))
        link = _link(text, match.start(), end, loads=match.start() in loading)
        if link is not None:
            found += [link, *_inside(link)]
        if len(found) >= most:
            return found
    known = {link.start for link in found}
    for start, end in loading.items():
        # `//host/picture` has the page's own scheme
        if start not in known and text.startswith(("//", "\\\\"), start):
            link = _link(text, start, end, loads=True)
            found += [link] if link else []
    for match in _CLICKED.finditer(text):
        if match.start(1) not in loading:
            link = _link(text, *match.span(1), loads=False)
            found += [link] if link else []
    return found[:most]


def find_host_names(text: str) -> list[Link]:
    """Names of three parts or more without a scheme, as commands and look-ups hold them; the first 400."""
    found = []
    for match in _HOST_NAME.finditer(text):
        link = _link(text, match.start(), match.end(), loads=False)
        if link is not None:
            found.append(link)
        if len(found) >= _MOST_LINKS:
            break
    return found


def address_alone(text: str) -> Link | None:
    """The address `text` is as a whole, also without a scheme; None when it is something else."""
    match = _ALONE.fullmatch(text[:8_200])
    return _link(text, *match.span(1), loads=False) if match else None


def pieces_below(rest: str) -> tuple[Piece, ...]:
    """The pieces of an address of which only what stands behind the host is given."""
    return _cut(f"https://host.invalid/{rest.lstrip('/')}")[1]


def registered_domain(host: str) -> str:
    """The part of a host name somebody registered, nearly: the last two labels, or three below `co.uk` and its like."""
    labels = host.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if short else -2 :])


def _loading(text: str) -> dict[int, int]:
    """start -> end of what a client opens by itself."""
    found: dict[int, int] = {}
    for pattern in (_ATTRIBUTE, _STYLE, _SHEET) if "=" in text or "(" in text or "@import" in text else ():
        for match in pattern.finditer(text):
            found[match.start(match.lastindex or 1)] = match.end(match.lastindex or 1)
    at = text.find("](")
    picture = "![" in text
    while at >= 0 and picture and len(found) < _MOST_LINKS:
        opened = text.rfind("![", max(0, at - _ALT_TEXT), at)
        target = _BRACKETED.match(text, at + 2) or _TARGET.match(text, at + 2)
        # a picture may be the text of a link: its own end comes first
        if target and opened >= 0 and text.find("](", opened, at) < 0:
            found[target.start(1)] = target.end(1)
        at = text.find("](", at + 2)
    if picture and "]:" in text:
        found.update((match.start(1), match.end(1)) for match in _REFERENCE.finditer(text))
    return found


def _link(text: str, start: int, end: int, *, loads: bool) -> Link | None:
    end = start + len(_trimmed(text[start:end]))
    host, pieces = _cut(text[start:end])
    return Link(start=start, end=end, host=host, pieces=pieces, loads=loads) if "." in host else None


def _trimmed(url: str) -> str:
    """Without what belongs to the sentence or the Markdown around it."""
    close = url.find("](")
    url = url[:close] if close >= 0 else url
    for opening, closing in ("()", "[]", "{}"):
        depth = 0
        for at, letter in enumerate(url):
            depth += (letter == opening) - (letter == closing)
            if depth < 0:
                url = url[:at]
                break
    return url.rstrip(".,;:!?*")


def _inside(link: Link) -> Iterator[Link]:
    """Addresses that are themselves a value of this one, as redirecting services have them."""
    for piece in link.pieces:
        plain = unquote_plus(piece.raw) if "%" in piece.raw else piece.raw
        if plain.lower().startswith(("http://", "https://")):
            host, pieces = _cut(plain)
            if "." in host:
                yield Link(start=link.start, end=link.end, host=host, pieces=pieces, loads=link.loads)


def _cut(url: str) -> tuple[str, tuple[Piece, ...]]:
    """The host in lower case and the pieces of an address."""
    url = html.unescape(url) if "&" in url else url
    scheme = _SCHEME.match(url)
    rest = (url[scheme.end() :] if scheme else url).replace("\\", "/")
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    name = host.partition(":")[0].strip("[].").lower()
    pieces = [Piece(place="user", name="", raw=part) for part in user.split(":") if part]
    own = registered_domain(name)
    below = host[: len(name) - len(own)].strip(".") if name.endswith(own) else ""
    pieces += [Piece(place="label", name="", raw=label) for label in below.split(".") if label and label != "www"]
    pieces += [Piece(place="path", name="", raw=part) for part in path.split("/") if part]
    pieces += list(_values_of(query, "query"))
    pieces += list(_values_of(fragment, "fragment"))
    return name, tuple(pieces[:_MOST_PIECES])


def _values_of(query: str, place: str) -> Iterator[Piece]:
    for part in re.split(r"[&;]", query)[:_MOST_PIECES]:
        name, equals, value = part.partition("=")
        # a name alone, or one longer than names are, is a value as well
        if name and (not equals or len(name) > 24):
            yield Piece(place=place, name="", raw=name)
        if value:
            yield Piece(place=place, name=unquote_plus(name).lower()[:60], raw=value)
