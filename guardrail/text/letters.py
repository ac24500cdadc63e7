"""Brings letters that only look like Latin ones, unseen characters and piled-up marks back to plain letters.

Honest Greek, Cyrillic, Vietnamese or French stays as it is: a word is rewritten when it mixes scripts, and marks are
dropped only in a line whose marked words turn into English ones without them.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import partial

from confusable_homoglyphs.confusables import confusables_data

from guardrail.text.view import Cut, View
from guardrail.text.words import ENGLISH

UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0100-\U000e01ef]+"
)
TAG_CHARACTERS = re.compile("[\U000e0020-\U000e007e]{4,}")
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_LINE = re.compile(r"[^\n]{1,1000}")
_WORD = re.compile(r"[^\W\d_]+")
_MARKS = re.compile("[\u00c0-\u024f\u1e00-\u1eff\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0]+")
_MIN_KNOWN = 3
# what comes after the letters that languages in Latin script are written in
_LATIN_LAST = 0x024F


def _small_capitals() -> dict[int, str]:
    """Small capitals; for the q, which has none that is read, an o with a tail is written."""
    found = {0x01EB: "q"}
    head = "LATIN LETTER SMALL CAPITAL "
    for code in (*range(0x0250, 0x02B0), *range(0x1D00, 0x1D80), *range(0xA720, 0xA800)):
        name = unicodedata.name(chr(code), "")
        if name.startswith(head) and len(name) == len(head) + 1:
            found[code] = name[-1].lower()
    return found


def _lookalikes() -> dict[int, int]:
    """Letters, and letter-like signs, of other alphabets that look like one Latin letter; one for one."""
    found: dict[int, int] = {}
    for look, entries in confusables_data.items():
        if len(look) != 1 or look.isascii() or unicodedata.category(look) not in ("Ll", "Lu", "Lo", "So"):
            continue
        plain = [entry["c"] for entry in entries if len(entry["c"]) == 1 and entry["c"].isascii()]
        letters = [letter for letter in plain if letter.isalpha()]
        same_case = [letter for letter in letters if letter.isupper() == look.isupper()]
        if letters:
            found[ord(look)] = ord((same_case or letters)[0])
    return found


# These are sure, and go before the table of confusables, where a capital I is an l.
_SURE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0432\u043a\u043c\u0442"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405\u03b1\u03bf\u03c1\u03bd\u03b9"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03c5",
    "aeopcyxijshdqbkmtABEKMHOPCTXIJSaopviABEZHIKMNOPTYXu",
)
_SMALL_CAPITALS = _small_capitals()
_SMALL_CAPITAL = re.compile("[" + "".join(chr(code) for code in _SMALL_CAPITALS if code > _LATIN_LAST) + "]")
# the lunate sigma, which looks like a c, has become a final one by now
_LOOKALIKES = _lookalikes() | _SURE | {0x03C2: ord("c")}
_SIGNS = "".join(chr(code) for code in _LOOKALIKES if not chr(code).isalpha())
_LATIN = re.compile(r"[A-Za-z]+")
# A word with a letter, or what looks like one, that is not ASCII.
_ODD_WORD = re.compile(rf"(?<![A-Za-z])[A-Za-z]*+(?:[^\W\d_]|[{re.escape(_SIGNS)}])+")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Signs of one letter each that no table of look-alikes has: flags, and letters in dark squares and circles.
_LETTER_SIGNS = {first + at: letter for first in (0x1F1E6, 0x1F170, 0x1F150) for at, letter in enumerate(_ALPHABET)}
_LETTER_SIGN = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189\U0001f1e6-\U0001f1ff]")
_FLIPPED = str.maketrans(
    "\u0250q\u0254p\u01dd\u025f\u0183\u0265\u1d09\u027e\u029el\u026fuodb\u0279s\u0287n\u028c\u028dx\u028ez", _ALPHABET
)
_FLIPPED_LETTER = re.compile("[\u0250\u0254\u01dd\u025f\u0265\u1d09\u027e\u029e\u026f\u0279\u0287\u028c\u028d\u028e]")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# Fewer are a team's flags, a blood group, a word of phonetics.
_MIN_SIGNS = 12
_KNOWN = frozenset(word for word in ENGLISH.stop_words | frozenset(ENGLISH.verbs) if len(word) > 2)


def plain_letters(view: View) -> View:
    """`view` with every letter that imitates a Latin one replaced by it, where the text around says it imitates."""
    if len(_LETTER_SIGN.findall(view.text)) >= _MIN_SIGNS:
        view = View(view.text.translate(_LETTER_SIGNS), view)
    if not unicodedata.is_normalized("NFKC", view.text):
        view = view.rewrite(_NON_ASCII, partial(unicodedata.normalize, "NFKC"))
    if len(_FLIPPED_LETTER.findall(view.text)) >= _MIN_SIGNS:
        view = view.replaced(_upright(view.text))
    text = _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match.group())), view.text.replace("\u2010", "-"))
    if _SMALL_CAPITAL.search(text):
        text = text.translate(_SMALL_CAPITALS)
    letters = len(text[:4000]) - len(_LATIN.sub("", text[:4000]))
    mostly_latin = letters * 2 > len(text[:4000]) * 0.8
    odd = frozenset(_ODD_WORD.findall(text))
    mixing = frozenset(word for word in odd if _mixes(word))

    def latin(word: str) -> str:
        if mixing and (mostly_latin or word in mixing):
            plain = word.translate(_LOOKALIKES)
        elif (mostly_latin and len(word) > 1) or word in mixing:
            plain = word.translate(_SURE)
        else:
            return word
        return plain if plain.isascii() else word

    plain = {word: new for word in odd if (new := latin(word)) != word}
    if plain:
        text = _ODD_WORD.sub(lambda match: plain.get(match.group(), match.group()), text)
    if text != view.text:
        view = View(text, view)
    return view if view.text.isascii() else view.replaced(_without_marks(view.text))


def _upright(text: str) -> Iterator[Cut]:
    """Lines of letters turned upside down, which are read from their end."""
    for line in _LINE.finditer(text):
        if len(_FLIPPED_LETTER.findall(line.group())) >= _MIN_SIGNS:
            yield *line.span(), line.group()[::-1].translate(_FLIPPED)


def _mixes(word: str) -> bool:
    """Whether Latin letters stand beside look-alikes in one word, all of which could be Latin."""
    if word.isascii() or not any(c.isascii() for c in word) or not any(ord(c) > _LATIN_LAST for c in word):
        return False
    return word.translate(_LOOKALIKES).isascii()


def _without_marks(text: str) -> Iterator[Cut]:
    # honest texts of other languages have the same marked words all over
    known_in = {token: _known_in(token) for token in frozenset(text.split()) if not token.isascii()}
    for line in _LINE.finditer(text):
        said = line.group()
        if said.isascii():
            continue
        known = frozenset().union(*(known_in.get(token, ()) for token in said.split()))
        if len(known) < _MIN_KNOWN:
            continue
        marked = list(_MARKS.finditer(text, *line.span()))
        before = frozenset(_WORD.findall(said.lower()))
        if len(marked) >= 2 * _MIN_KNOWN and len(known - before) >= _MIN_KNOWN:
            yield from ((*mark.span(), _bare(mark.group())) for mark in marked)


def _known_in(token: str) -> frozenset[str]:
    """The English words a token has without its marks."""
    return frozenset(word for word in _WORD.findall(_bare(token).lower()) if word in _KNOWN)


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
