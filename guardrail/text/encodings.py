"""What encoded stretches of a text say: base64, base32, hex, binary digits, percent, quoted-printable, turned letters.

Linear in the length of the text. Only what decodes to readable text counts; keys, digests and files decode to noise.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from guardrail.text import traits
from guardrail.text.sentences import split_sentences
from guardrail.text.turned import PROBED, SHIFTS, TURNS, backwards
from guardrail.text.view import Mirrored, View
from guardrail.text.words import ENGLISH

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}")
_BASE64_LINES = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{24,100}\r?\n[ \t>]{0,8}){1,900}[A-Za-z0-9+/]{2,100}={0,2}(?![A-Za-z0-9+/])"
)
_BASE32 = re.compile(r"(?<![A-Za-z0-9+/])[A-Z2-7]{32,}={0,6}")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){14,}(?![0-9A-Fa-f])")
_HEX_APART = re.compile(r"(?<![0-9A-Fa-f])(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:\n]{1,2}){13,20000}(?:0x|\\x)?[0-9A-Fa-f]{2}")
_BINARY = re.compile(r"(?<![01])(?:[01]{8}[ ,\n]?){12,20000}")
_PERCENT = re.compile(r"[^\s%]{0,40}(?:%[0-9A-Fa-f]{2}[^\s%]{0,40}){5,}")
_QUOTED_PRINTABLE = re.compile(r"(?:(?<![^\s=])[^\s=]{1,16})?(?:=(?:[0-9A-F]{2}|\r?\n)[^=\n]{0,16}){8,20000}")
_OCTAL = re.compile(r"(?:\\[0-3][0-7]{2}[^\s\\]{0,2}){8,20000}")
_PERCENT_U = re.compile(r"(?:%u[0-9A-Fa-f]{4}){8,20000}")
_DECIMAL = re.compile(r"(?<![\d.])(?:(?:&#)?\d{2,3}(?:, ?|; ?| )){14,20000}\d{2,3}(?![\d.])")
_UTF_7 = re.compile(r"(?:\+[A-Za-z0-9+/]{2,400}-[ .,:!?]{0,2}){3,2000}")
_BASE85 = re.compile(r"[0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{24,}")
_OCTAL_CODE = re.compile(r"\\([0-3][0-7]{2})")
_NUMBER = re.compile(r"\d+")
_NOT_HEX = re.compile(r"0x|\\x|[^0-9A-Fa-f]")
_MIN_LONG = 24
_FEW_BYTES = 4
_DECIMAL_PIECES = (" 116,", " 111,", ",116,", " 116 ", " 32,", ",32,", " 32 ")
_MOST_PADDING = 6
_PATH_SIGN = re.compile(r"[/.:,\"'\\\[\]]")
_LONG = re.compile(r"\S{24,}")
_BASE64_ONLY = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_GOOD = re.compile(r"(?:[^\W_]|[ .,:;!?'\"\-_/@()\n])+")
_ODD = {code: "\0" for code in range(128) if not _GOOD.fullmatch(chr(code))}
# Some bytes in hex side by side: what is looked for below takes long where there is nothing.
_HEX_SOME = re.compile(
    r"[0-9A-Fa-f][0-9A-Fa-f][ ,:\n]{1,2}(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:\n]{1,2}){6}(?:0x|\\x)?[0-9A-Fa-f]{2}"
)
# Readable text has a blank between words. What was encoded before that may have none, but its bytes stand apart.
_HEX_BLANK = re.compile(r"20(?<=[ ,:\nx]20)[ ,:\n]{1,2}(?:0x|\\x)?[0-9A-Fa-f]{2}[ ,:\n]")
_HEX_BYTES = frozenset(
    f"{start}{byte:02x}{end}" for byte in range(256) for start in ("", "0x", "\\x") for end in ("", ",", ":")
)
_DECIMAL_BLANK = re.compile(r"32(?<=[ ,;#]32)(?:, ?|; ?| )(?:&#)?\d{2,3}")
# What the patterns above need, from a sign on that is rare: they themselves try every letter.
_PERCENT_SOME = re.compile(r"%[0-9A-Fa-f]{2}(?:[^\s%]{0,40}%[0-9A-Fa-f]{2}){4}")
_QUOTED_SOME = re.compile(r"=(?:[0-9A-F]{2}|\r?\n)(?:[^=\n]{0,16}=(?:[0-9A-F]{2}|\r?\n)){7}")
_MAX_DECODED = 40
_MAX_BLOB = 60_000
_MAX_LAYERS = 3

_LINE = re.compile(r"[^\n]{12,2000}")
_WORD = re.compile(r"[a-z]{2,20}")
_COMMON = frozenset(word for word in ENGLISH.stop_words | frozenset(ENGLISH.verbs) if len(word) > 2) | {
    "to", "of", "in", "it", "is", "me", "us", "by",
}  # fmt: skip
_MIN_TURNED = 3
_MAX_TURNS = 3
_SPACED = re.compile(r"\S+")
_Decode = Callable[[str], str | None]
_Spans = Sequence[tuple[int, int]]
_Blob = tuple[re.Match[str], str, _Decode]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Coding:
    """One way to encode: whether a text with its `trait` may hold such stretches, and those that may be some.

    INVARIANT: what may be in a part of a text, from one blank to another, may be in the whole.
    """

    trait: str
    may_be_in: Callable[[View], bool]
    blobs: Callable[[View, _Spans], Iterator[_Blob]]


def _coding(
    trait: str, may_be_in: Callable[[View], bool], *, how: str, pattern: re.Pattern[str], decode: _Decode
) -> _Coding:
    return _Coding(
        trait=trait,
        may_be_in=may_be_in,
        blobs=lambda view, _: ((match, how, decode) for match in pattern.finditer(view.text)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """What a text may have encoded in it, and so each part of it between blanks: nothing else is looked for there."""

    codings: tuple["_Coding", ...]
    turned: bool

    def __bool__(self) -> bool:
        return bool(self.codings) or self.turned


def glance_at(parts: Iterable[str]) -> Glance:
    """What any of these may have encoded in it; one look at all costs half as much as one at each."""
    view = View("\n".join(parts))
    return Glance(codings=tuple(_codings_in(view, _CODINGS)), turned=bool(_turns_of(view)))


def decoded_views(view: View, glance: Glance | None = None) -> list[tuple[View, str]]:
    """What encoded stretches of `view` say, each a view over the stretch, with the encoding's name.

    Only stretches that decode to readable text count; at most 40 a text. `glance` is one at this text among
    others, None = none yet.
    """
    found: list[tuple[View, str]] = []
    done: list[tuple[int, int]] = []
    for match, how, decode in _blobs(view, done, _CODINGS if glance is None else glance.codings):
        start, end = match.span()
        if any(near <= start and end <= far for near, far in done[-_MAX_DECODED:]):
            continue
        plain = decode(match.group()[:_MAX_BLOB])
        if plain is not None:
            done.append((start, end))
            found.append((View(plain, view, [0, len(plain)], [start, end]), how))
            if len(found) >= _MAX_DECODED:
                return found
    if glance is None or glance.turned:
        found += _turned(view)
    return found[:_MAX_DECODED]


def decode_blob(blob: str) -> str | None:
    """The readable text a base64 value holds, or None."""
    return _from_base64(blob.strip()[:_MAX_BLOB])


def _blobs(view: View, done: _Spans, codings: Iterable["_Coding"]) -> Iterator[_Blob]:
    """What may be encoded in a text, and how; nothing is looked for that a glance shows cannot be there.

    `done` grows by what could be decoded of what was told.
    """
    for coding in _codings_in(view, codings):
        yield from coding.blobs(view, done)


def _codings_in(view: View, codings: Iterable["_Coding"]) -> Iterator["_Coding"]:
    seen = view.traits
    return (coding for coding in codings if coding.trait in seen and coding.may_be_in(view)) if seen else iter(())


def _in_base64(view: View, done: _Spans) -> Iterator[_Blob]:
    text = view.text
    long = [match.span() for match in _LONG.finditer(text)]
    if "\n" in text and any(_BASE64_ONLY.fullmatch(text, *span) for span in long):
        yield from ((match, "base64", _from_base64) for match in _BASE64_LINES.finditer(text))
    for start, end in long:
        for run in _BASE64.finditer(text, start, end):
            yield run, "base64", _from_base64
            # what is written in fewer signs stands in such a run; where the run itself could be read there is none
            if not (done and done[-1] == run.span()):
                yield from _fewer_signs(text, run.start(), min(run.end() + _MOST_PADDING, end))


def _in_base85(view: View, done: _Spans) -> Iterator[_Blob]:
    for word in _other_long_words(view):
        if found := _BASE85.search(view.text, view.text.lower().find(word)):
            yield found, "base85", _from_base85


def _other_long_words(view: View) -> list[str]:
    """Those that are no addresses and paths, which base85 has no signs for."""
    return [word for word in view.words if len(word) >= _MIN_LONG and not _PATH_SIGN.search(word)]


def _has_bytes_apart(view: View) -> bool:
    some = _HEX_BLANK.search(view.text) is not None or len(_HEX_BYTES.intersection(view.words)) > _FEW_BYTES
    return some and _HEX_SOME.search(view.text) is not None


def _fewer_signs(text: str, start: int, end: int) -> Iterator[tuple[re.Match[str], str, _Decode]]:
    yield from ((match, "base32", _from_base32) for match in _BASE32.finditer(text, start, end))
    yield from ((match, "hex", _from_hex) for match in _HEX.finditer(text, start, end))


def _many(text: str, pieces: Iterable[str]) -> bool:
    return sum(text.count(piece) for piece in pieces) >= 4


def _turned(view: View) -> Iterator[tuple[View, str]]:
    """Stretches of lines in shifted letters or backwards: their common words are words only when turned."""
    turns = _turns_of(view)
    lower = view.text.lower() if turns else ""
    for how, turn in turns.items():
        lines = [line.span() for line in _LINE.finditer(lower) if _reads_better(line.group(), turn)]
        if not lines:
            continue
        start, end = lines[0][0], min(lines[-1][1], lines[0][0] + _MAX_BLOB)
        if turn is not backwards:
            yield View(turn(view.text[start:end]), view, [0], [start]), how
        else:
            yield Mirrored(view, start, end, split_sentences), how
            turned = _SPACED.sub(lambda match: match.group()[::-1], view.text[start:end])
            yield View(turned, view, [0], [start]), "words written backwards"


def _turns_of(view: View) -> dict[str, Callable[[str], str]]:
    """How letters may be turned, by the words it has."""
    if traits.TURNED not in view.traits:
        return {}
    shifts = [SHIFTS[word] for word in sorted(SHIFTS.keys() & view.words.keys())][:_MAX_TURNS]
    probed = not PROBED.isdisjoint(view.words)
    if not probed and not shifts:
        return {}
    lower = view.text.lower()
    turns = [(how, turn) for how, turn, probes in TURNS if any(probe in lower for probe in probes)] if probed else []
    return dict((*turns, *shifts))


def _reads_better(line: str, turn: Callable[[str], str]) -> bool:
    words = frozenset(_WORD.findall(line))
    turned = {word for word in words if turn(word) in _COMMON}
    return len(turned) >= _MIN_TURNED and len(turned) > 2 * len(words & _COMMON)


def _from_base64(blob: str) -> str | None:
    body = "".join(blob.replace(">", " ").split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        return _opened(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _from_base32(blob: str) -> str | None:
    body = blob.rstrip("=")
    try:
        return _opened(base64.b32decode(body + "=" * (-len(body) % 8)))
    except (binascii.Error, ValueError):
        return None


def _from_hex(blob: str) -> str | None:
    digits = _NOT_HEX.sub("", blob)
    return _opened(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_binary(blob: str) -> str | None:
    digits = "".join(c for c in blob if c in "01")
    return _opened(bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits) - 7, 8)))


def _from_octal(blob: str) -> str | None:
    return _opened_text(_OCTAL_CODE.sub(lambda match: chr(int(match.group(1), 8)), blob))


def _from_percent_u(blob: str) -> str | None:
    codes = (int(blob[at + 2 : at + 6], 16) for at in range(0, len(blob), 6))
    return _opened_text("".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000))


def _from_decimal(blob: str) -> str | None:
    codes = [int(number) for number in _NUMBER.findall(blob)]
    return _opened_text("".join(map(chr, codes))) if max(codes) < 256 else None


def _from_utf_7(blob: str) -> str | None:
    try:
        return _opened_text(blob.encode("ascii").decode("utf-7"))
    except UnicodeError:
        return None


def _from_base85(blob: str) -> str | None:
    try:
        return _opened(base64.b85decode(blob))
    except ValueError:
        return None


def _opened_text(plain: str) -> str | None:
    return plain if _readable(plain) else None


def _from_percent(blob: str) -> str | None:
    plain = unquote(unquote(blob))
    return plain if plain != blob and _readable(plain) else None


def _from_quoted_printable(blob: str) -> str | None:
    if not blob.isascii():
        return None
    return _opened(quopri.decodestring(blob.encode("ascii")))


def _opened(decoded: bytes) -> str | None:
    """The text in `decoded`; what is again one encoded stretch is opened too, three layers deep."""
    for _ in range(_MAX_LAYERS):
        try:
            plain = decoded.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if _readable(plain):
            return plain
        body = plain.strip()
        if _HEX.fullmatch(body):
            decoded = bytes.fromhex(body)
        elif _BASE64.fullmatch(body) and len(body.rstrip("=")) % 4 != 1:
            decoded = base64.b64decode(body.rstrip("=") + "==", altchars=b"-_" if {"-", "_"} & set(body) else None)
        else:
            return None
    return None


def _readable(text: str) -> bool:
    """Words and spaces, as in a sentence; keys, digests and identifiers decode to noise and are left alone."""
    if len(text) < 12:
        return False
    odd = text.translate(_ODD).count("\0") if text.isascii() else len(_GOOD.sub("", text))
    return len(text) - odd >= 0.92 * len(text) and " " in text.strip()


_CODINGS = (
    _Coding(trait=traits.CODED, may_be_in=lambda view: True, blobs=_in_base64),
    _Coding(trait=traits.ODD_LONG, may_be_in=lambda view: bool(_other_long_words(view)), blobs=_in_base85),
    _coding(traits.BYTES_APART, _has_bytes_apart, how="hex", pattern=_HEX_APART, decode=_from_hex),
    _coding(traits.BITS, lambda view: True, how="binary digits", pattern=_BINARY, decode=_from_binary),
    _coding(
        traits.OCTAL,
        lambda view: view.text.count("\\1") >= 4,
        how="octal escapes",
        pattern=_OCTAL,
        decode=_from_octal,
    ),
    _coding(
        traits.PERCENT_U,
        lambda view: view.text.count("%u00") >= 4,
        how="percent encoding",
        pattern=_PERCENT_U,
        decode=_from_percent_u,
    ),
    _coding(
        traits.DECIMAL,
        lambda view: _DECIMAL_BLANK.search(view.text) is not None and _many(view.text, _DECIMAL_PIECES),
        how="codes of characters",
        pattern=_DECIMAL,
        decode=_from_decimal,
    ),
    _coding(traits.UTF_7, lambda view: view.text.count("+A") >= 3, how="UTF-7", pattern=_UTF_7, decode=_from_utf_7),
    _coding(
        traits.PERCENT,
        lambda view: view.text.count("%") >= 5 and _PERCENT_SOME.search(view.text) is not None,
        how="percent encoding",
        pattern=_PERCENT,
        decode=_from_percent,
    ),
    _coding(
        traits.QUOTED,
        lambda view: view.text.count("=") >= 8 and _QUOTED_SOME.search(view.text) is not None,
        how="quoted-printable",
        pattern=_QUOTED_PRINTABLE,
        decode=_from_quoted_printable,
    ),
)
