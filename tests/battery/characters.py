"""Disguises of single characters: unseen ones, look-alikes, other forms of letters, spacing and noise."""

import codecs
import re
import unicodedata
from random import Random

from tests.battery.transformation import Change, Transformation, lossy, on_text, plain_reading

_CYRILLIC = dict(zip("aceopxyisjhABCEHKMOPTX", "асеорхуіѕјһАВСЕНКМОРТХ", strict=True))
_GREEK = dict(zip("aoviuABEHIKMNOPTXYZ", "αονιυΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True))
_OTHERS = dict(zip("agilnoquydwsce", "ɑɡıⅼոօզսყԁԝꜱϲ℮", strict=True))
_SMALL_CAPITALS = dict(zip("abcdefghijklmnopqrtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀᴛᴜᴠᴡʏᴢ", strict=True))
_LEET = dict(zip("aeiost", "4310$7", strict=True))
_BACK = {
    **{look: letter for table in (_CYRILLIC, _GREEK, _OTHERS, _SMALL_CAPITALS) for letter, look in table.items()},
    "ı": "i",
}


def _between(signs: str, often: float) -> Change:
    def change(text: str, random: Random) -> str:
        return "".join(c + (random.choice(signs) if c.isalnum() and random.random() < often else "") for c in text)

    return change


def _swap(table: dict[str, str], often: float) -> Change:
    def change(text: str, random: Random) -> str:
        return "".join(table[c] if c in table and random.random() < often else c for c in text)

    return change


def _letters(capital: int, small: int, digit: int = 0) -> Change:
    def one(c: str) -> str:
        if "A" <= c <= "Z":
            return chr(capital + ord(c) - 65)
        if "a" <= c <= "z":
            return chr(small + ord(c) - 97)
        return chr(digit + ord(c) - 48) if digit and "0" <= c <= "9" else c

    return lambda text, random: "".join(map(one, text))


def _unlook(text: str) -> str:
    return plain_reading("".join(_BACK.get(c, c) for c in text))


def _tags(text: str, random: Random) -> str:
    return "Have a nice day." + "".join(chr(0xE0000 + ord(c)) if 32 <= ord(c) < 127 else c for c in text)


def _untag(text: str) -> str:
    return "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)


def _embedded(text: str, random: Random) -> str:
    opening, closing = "\u202a\u202b\u2066\u2067", "\u202c\u2069"
    return " ".join(f"{random.choice(opening)}{word}{random.choice(closing)}" for word in text.split(" "))


def _reversed_override(text: str, random: Random) -> str:
    return f"\u202e{text[::-1]}\u202c"


def _accents(text: str, random: Random) -> str:
    def one(c: str) -> str:
        return unicodedata.normalize("NFC", c + random.choice("̂̃̈")) if c.lower() in "aeioun" else c

    return "".join(map(one, text))


def _marks(text: str, random: Random) -> str:
    return "".join(c + "".join(random.sample("̶̷̴̲̣̈", 2)) if c.isalpha() else c for c in text)


def _leet(text: str, random: Random) -> str:
    return "".join(_LEET.get(c, c) if random.random() < 0.7 else c for c in text)


def _mixed_case(text: str, random: Random) -> str:
    return "".join(c.upper() if random.random() < 0.5 else c.lower() for c in text)


def _typos(text: str, random: Random) -> str:
    def one(match: re.Match[str]) -> str:
        word = match.group()
        at = random.randrange(1, len(word) - 2)
        kind = random.choice(("swap", "drop", "double"))
        if kind == "swap":
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return word[:at] + (word[at + 1 :] if kind == "drop" else word[at] + word[at:])

    return re.sub(r"[a-z]{5,}", one, text)


def _odd_spaces(text: str, random: Random) -> str:
    return "".join(random.choice("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\u205f") if c == " " else c for c in text)


def _noise(text: str, random: Random) -> str:
    return " ".join(word + random.choice(("", " *", " ~", " |", " //", " ^")) for word in text.split(" "))


def _emoji(text: str, random: Random) -> str:
    return " ".join(word + random.choice(("", " ✨", " ➡️", " 🙏", "👍🏽")) for word in text.split(" "))


CHARACTERS: tuple[Transformation, ...] = (
    lossy("leet", "characters", _leet),
    lossy("typing errors", "characters", _typos),
    *(
        on_text(name, "characters", change, read=read)
        for name, change, read in (
            ("zero-width space in some words", _between("\u200b", 0.25), plain_reading),
            ("zero-width mix after every letter", _between("\u200b\u200c\u200d\u2060\ufeff", 1.0), plain_reading),
            ("direction marks between letters", _between("\u200e\u200f\u061c", 0.5), plain_reading),
            ("direction embeddings round words", _embedded, plain_reading),
            ("reversed under an override", _reversed_override, lambda text: plain_reading(text)[::-1]),
            ("tag characters", _tags, _untag),
            ("variation selectors", _between("\ufe0e\ufe0f\ufe01", 0.8), plain_reading),
            ("supplementary variation selectors", _between("\U000e0101\U000e0121\U000e0141", 0.5), plain_reading),
            ("soft hyphens", _between("\u00ad", 0.4), plain_reading),
            ("grapheme joiners and fillers", _between("\u034f\u180e\u17b4", 0.4), plain_reading),
            ("cyrillic look-alikes", _swap(_CYRILLIC, 0.6), _unlook),
            ("greek look-alikes", _swap(_GREEK, 0.6), _unlook),
            ("look-alikes of other scripts", _swap(_OTHERS, 0.6), _unlook),
            ("mixed look-alikes", lambda t, r: _swap(_CYRILLIC, 0.4)(_swap(_GREEK, 0.3)(t, r), r), _unlook),
            ("small capitals", _swap(_SMALL_CAPITALS, 1.0), _unlook),
            ("full-width letters", _letters(0xFF21, 0xFF41, 0xFF10), plain_reading),
            ("mathematical bold letters", _letters(0x1D400, 0x1D41A, 0x1D7CE), plain_reading),
            ("monospace letters", _letters(0x1D670, 0x1D68A, 0x1D7F6), plain_reading),
            ("circled letters", _letters(0x24B6, 0x24D0), plain_reading),
            ("accented letters", _accents, plain_reading),
            ("combining marks", _marks, plain_reading),
            ("letters apart", lambda t, r: "   ".join(" ".join(word) for word in t.split(" ")), plain_reading),
            ("letters apart by hyphens", lambda t, r: " ".join("-".join(word) for word in t.split(" ")), plain_reading),
            ("underscores for spaces", lambda t, r: t.replace(" ", "_"), plain_reading),
            ("odd spaces", _odd_spaces, plain_reading),
            ("mixed case", _mixed_case, plain_reading),
            ("capitals", lambda t, r: t.upper(), plain_reading),
            ("small letters only", lambda t, r: f"fyi {t.lower()}", plain_reading),
            ("delimiter noise", _noise, plain_reading),
            ("emoji between words", _emoji, plain_reading),
        )
    ),
)

ROT13 = on_text(
    "rot13 with a cue",
    "encoding",
    lambda text, random: f"The line below is in rot13, read it that way and act on it:\n{codecs.encode(text, 'rot13')}",
    read=lambda text: codecs.encode(text, "rot13"),
)
