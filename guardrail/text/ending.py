"""Where whoever wrote a letter ended it: a closing, their name, a signature. What stands below speaks for itself."""

import re
import unicodedata
from functools import lru_cache

_LONGEST = 8_000
_LEAST_ABOVE = 20
_SHORTEST_NAME = 3
_MOST_NAMES = 4
_LONGEST_AUTHOR = 200
_CLOSING = (
    r"(?:(?:(?:with )?(?:many |kind |best |warm |kindest )?(?:thanks|thank you|thx|regards|wishes|cheers)|sincerely|"
    r"yours(?: sincerely| truly| faithfully)?|hugs|love|best"
    r"|(?:mit )?(?:viele|liebe|freundliche|beste|herzliche)n? gr[üu](?:ß|ss)en?|gru(?:ß|ss)|lg|mfg|danke|bisous|"
    r"cordialement|merci(?: d['’]avance)?|bien à (?:vous|toi)|(?:un )?(?:cordial )?(?:saludos?|abrazo)|gracias|grazie|"
    r"(?:cordiali |un )?saluti|(?:met )?(?:vriendelijke )?groet(?:en|jes)?|bedankt|obrigad[oa]|abraços?|pozdrawiam|"
    r"pozdrowienia|dzięki|hälsningar|mvh|s pozdravem|děkuji|saygılar(?:ımla)?|teşekkürler)\b)"
)
# On a line of its own, or at the end of one, with a name or without: `Best wishes, Ada Lane`.
_CLOSED = re.compile(
    rf"(?:(?<=[.!?)\n] )|(?<=[.!?)\n]))[ \t]{{0,4}}{_CLOSING}"
    r"(?!,? (?:for|to|so|that|again for|für|dass|pour|de|por|per|che|voor|dat|za|för|i)\b)"
    r"[,!]?(?: [^\W\d_]{1,20}\.?){0,3}[.!)]{0,2}[ \t]*(?:\n|$)"
)
# Two dashes stand above what a mail program adds.
_CUT = re.compile(r"^--[ \t]*$|^[ \t]*-{2,10} ?(?:original|forwarded)", re.M)
# A line that may be short for a name: `O.`, `Dev`.
_ALONE = re.compile(r"(?<=\n)[ \t]{0,12}([^\W\d_]{1,12})\.?[ \t]{0,12}(?=\n)")
_TWO_FOR_ONE = re.compile(r"([aou])e")
_QUOTED = re.compile(r"^[ \t]*>", re.M)


def ending_of(text: str, *, author: str) -> int:
    """The offset in a lower-case text behind the words it is closed with; -1 where it just stops, or nothing follows.

    `author` is the name or address of whoever wrote it, lower case; what they sign with ends it as well. A closing
    behind the first 8,000 characters is not found.
    """
    return _ending_of(text[:_LONGEST], author[:_LONGEST_AUTHOR])


@lru_cache(maxsize=128)
def _ending_of(text: str, author: str) -> int:
    ends = [found.end() for found in _CLOSED.finditer(text)]
    ends += [found.start() for found in _CUT.finditer(text)]
    ends += [found.end() for found in _signatures(text, author)]
    end = min((end for end in ends if end >= _LEAST_ABOVE), default=-1)
    return end if end >= 0 and text[end:].strip(" \t\r\n-_=.,!") else -1


def quoted_from(text: str) -> int:
    """The offset of the first quoted line below a text; -1 for none."""
    found = _QUOTED.search(text[:_LONGEST], _LEAST_ABOVE)
    return found.start() if found else -1


def _signatures(text: str, author: str) -> list[re.Match[str]]:
    """The author's name behind a sentence, or short for it on a line: `... before Friday. Tara Murphy`, `O.`."""
    parts = [part for part in re.split(r"[^\w]+|_|\d", _bare(author.partition("@")[0])) if part][:_MOST_NAMES]
    if not parts:
        return []
    bare = _bare(text)
    found = [line for line in _ALONE.finditer(bare) if any(part.startswith(line.group(1)) for part in parts)]
    initials = "".join(sorted({part[0] for part in parts}))
    found += re.finditer(rf"(?<=[.!?] )[{initials}]\.(?= {{1,3}}[^\W\d_])", bare)
    # `juergen.pohl@` signs as Jürgen
    names = {name for part in parts for name in (part, _TWO_FOR_ONE.sub(r"\1", part)) if len(name) >= _SHORTEST_NAME}
    if names:
        one = "|".join(re.escape(name) for name in sorted(names))
        signed = rf"(?<=[.!?)\n])[ \t]{{0,2}}(?:{_CLOSING}[,!]? )?(?:[^\W\d_]{{1,20}}\.? )?(?:{one})(?=[\s.,!-]|$)"
        found += re.finditer(signed, bare)
    return found


def _bare(text: str) -> str:
    """The same length, without accents."""
    if text.isascii():
        return text
    return "".join(sign if sign.isascii() else unicodedata.normalize("NFD", sign)[0] for sign in text)
