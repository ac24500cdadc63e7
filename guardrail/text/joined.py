"""Puts together again what was taken apart: letters by blanks, words by line ends, sentences by signs between words.

Works line by line, and only where a line looks taken apart as a whole; a glance at the text decides whether lines are
looked at. Linear in the length of the text.
"""

import re
from collections.abc import Iterator

from guardrail.text import traits
from guardrail.text.view import Cut, View
from guardrail.text.words import ENGLISH

_LINE = re.compile(r"[^\n]{1,2000}")
_WORD = re.compile(r"[^\W_]+")
_MIN = 3

_HYPHENATED = re.compile(r"(?<=[a-z]{2})-\r?\n[ \t>]{0,20}(?=[a-z]{2})")
_LOG_PREFIX = re.compile(
    r"^(?:[\[(]?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?[\])]?"
    r"|[\[(]\d\d:\d\d:\d\d[\])])"
    r"[ \t]{1,4}(?:[\[(<]?[A-Z]{3,8}[\])>]?:?[ \t]{1,4})?"
    r"(?:[\[(]?[A-Za-z][\w./:\[\]-]{0,40}[\d\])/:][\])]?[ \t]{1,4})?",
    re.MULTILINE,
)
# where a line may begin with it
_LOG_LINE = re.compile(r"\n[\[(]?\d")
_APART = re.compile(r"(?<!\S)(?:[^\W\d_] ){3,}[^\W\d_](?!\S)")
# `a` and `I` stand alone in any text; what is taken apart into letters has more of them
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
# a quick look for what the next two take time to find
_SINGLE = re.compile(r" \w \w \w")
_LETTERS_APART = re.compile(r"(?<!\S)(?:\S ){1,400}\S(?!\S)|(?<=\S) {2,8}(?=\S)")
_HYPHENS = re.compile(r"(?<!\S)(?:[^\W\d_]-){3,}[^\W\d_](?!\w)")
_HYPHENED = re.compile(r"-\w-\w-\w")
_DOTS = re.compile(r"(?<!\S)(?:[^\W\d_]\.){3,}[^\W\d_](?!\w)")
_DOTTED = re.compile(r"\.\w\.\w\.\w")
_LETTERS_DOTTED = re.compile(r"(?<!\S)(?:\S\.){1,400}\S(?!\S)")
# `name [at] host [dot] example`, `hxxps[://]host`
_DEFANGED = re.compile(
    r"(?<=\w) ?[\[({] ?(?:at|@) ?[\])}] ?(?=[\w-]{1,63} ?(?:[\[({] ?(?:dot|\.)|\.\w))"
    r"|(?<=\w) ?[\[({] ?(?:dot|\.) ?[\])}] ?(?=\w)|(?<=[a-z])[\[(]:(?://)?[\])]|\bhxxp(?=s?[:\[(])",
    re.IGNORECASE,
)
_FANGS = {"at": "@", "@": "@", "dot": ".", ".": ".", ":": ":", "://": "://", "hxxp": "http"}
# Where pieces of a text are put together in code or in a formula.
_SEAM_SOME = re.compile(r"[+&][ \t\n]{0,20}[\"']")
_SEAM = re.compile(r"([\"'])[ \t]{0,3}[+&][ \t\n]{0,20}\1")
_SEAM_IN_FORMULA = re.compile(r"([\"'])[ \t]{0,3},[ \t]{0,3}\1")
_FORMULA = re.compile(r"CONCAT(?:ENATE)?\([^\n]{0,8000}")
_MIN_GLUED = 40
_GLUED = re.compile(r"[^\s/\\=?&]{40,4000}")
_GLUE = (
    (re.compile(r"\.(?=\w)"), re.compile(r"@[^.\s]*$|\d$")),
    (re.compile(r"-(?=\w)"), re.compile(r"@[^.\s]*$|\d$|\b[A-Z]{2,4}$")),
    (re.compile(r"(?<=[a-z0-9.,:;!?'])(?=[A-Z][a-z])"), re.compile(r"(?!)")),
)
_LETTERS_HYPHENED = re.compile(r"(?<!\S)(?:\S-){1,400}\S(?!\S)")
_EMPHASIS = re.compile(r"(?<!\S)[(\"']?(\*{1,3}|_{1,3})([^\s*_](?:\S{0,200}[^\s*_])?)\1(?=[\s.,;:!?)\"']|$)")
_SIGN = re.compile(r"[_*]")
_NOISE = re.compile(r" (?:[*~|^#•·¦]|//)(?= |$)")
_NOISES = (" |", " ~", " ^", " *", " //", " #", " •", " ·", " ¦")
_EMOJI = re.compile("[\u2190-\u21ff\u2300-\u23ff\u2600-\u27ff\u2b00-\u2bff\U0001f000-\U0001faff]")
_EMOJI_BETWEEN = re.compile(
    " ?[\u2190-\u21ff\u2300-\u23ff\u2600-\u27ff\u2b00-\u2bff\U0001f000-\U0001faff]+(?= ?[A-Za-z0-9])"
)
# Beside a letter, in a word that ends as one of the next pattern does; neither an address nor a number in digits.
_DIGIT_AT_LETTER = re.compile(r"[013457$@](?:(?=[A-Za-z])|(?<=[A-Za-z].))(?=[A-Za-z013457$@]{0,19}+(?![\w@/$-]|\.\w))")
_DIGIT_WORD = re.compile(r"(?<![\w@./$-])[A-Za-z013457$@]{2,20}(?![\w@/$-]|\.\w)")
_LONGEST_NUMBERED = 20
_DIGITS = str.maketrans("013457$@", "oieastsa")
_KNOWN = frozenset(word for word in ENGLISH.stop_words | frozenset(ENGLISH.verbs) if len(word) > 2)


def join_up(view: View) -> View:
    """`view` as it was before somebody took it apart; the same object where nothing was."""
    whole, text, seen = view, view.text, view.traits
    if traits.DEFANGED in seen:
        view = view.rewrite(_DEFANGED, lambda found: _FANGS.get(found.strip(" [](){}").lower(), found))
    if traits.SEAM in view.traits:
        view = view.replaced(_without_seams(view.text))
    if traits.LONG in seen and max(map(len, whole.words), default=0) >= _MIN_GLUED:
        view = view.replaced(_apart(view.text))
    if traits.BROKEN in seen:
        view = view.rewrite(_HYPHENATED, lambda found: "")
    if traits.LOGGED in view.traits and ":" in text and "0" in text and _may_be_log(text):
        view = view.replaced(_after_prefixes(view.text))
    if "_" in text or "*" in text:
        view = view.replaced(_without_signs(view.text))
    if not text.isascii() and _EMOJI.search(text):
        view = view.replaced(_without_emoji(view.text))
    if traits.NOISE in seen and sum(noise in text for noise in _NOISES) > 1:
        view = view.replaced(_without_noise(view.text))
    if traits.APART in seen and (len(whole.words.keys() & _LETTERS) > 2 or not text.isascii()) and _SINGLE.search(text):
        view = view.replaced(_together(view.text, _APART, _LETTERS_APART))
    if traits.HYPHENED in seen and _HYPHENED.search(text):
        view = view.replaced(_together(view.text, _HYPHENS, _LETTERS_HYPHENED))
    if traits.DOTTED in seen and _DOTTED.search(text):
        view = view.replaced(_together(view.text, _DOTS, _LETTERS_DOTTED))
    if traits.NUMBERED in view.traits and _has_numbered_words(view.text.lower()):
        view = view.replaced(_with_letters(view.text))
    return view


def _may_be_log(text: str) -> bool:
    return _LOG_PREFIX.match(text) is not None or _LOG_LINE.search(text) is not None


def _without_seams(text: str) -> Iterator[Cut]:
    """Cuts for what stands between pieces of one text that are put together by `+`, `&` or a formula."""
    seams = [match.span() for match in _SEAM.finditer(text)] if _SEAM_SOME.search(text) else []
    if "CONCAT" in text:
        for formula in _FORMULA.finditer(text):
            seams += [match.span() for match in _SEAM_IN_FORMULA.finditer(text, *formula.span())]
    if len(seams) >= _MIN:
        done = 0
        for start, end in sorted(seams):
            if start >= done:
                yield start, end, ""
                done = end


def _apart(text: str) -> Iterator[Cut]:
    """Cuts that put blanks into a long word made of words, where several of them are known."""
    for word in _long_words(text):
        for glue, stays in _GLUE:
            places = [match.span() for match in glue.finditer(text, *word.span())]
            if len(places) < 2 * _MIN:
                continue
            starts = [word.start(), *(end for _, end in places)]
            ends = [*(start for start, _ in places), word.end()]
            pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
            if len({piece.lower() for piece in pieces} & _KNOWN) < _MIN:
                continue
            # a value keeps its own signs
            yield from ((*place, " ") for place, piece in zip(places, pieces, strict=False) if not stays.search(piece))
            break


def _long_words(text: str) -> Iterator[re.Match[str]]:
    """What is glued at the start of each long word; a pattern would try every letter of the text."""
    at = 0
    for word in text.split():
        if len(word) >= _MIN_GLUED:
            at = text.index(word, at)
            glued = _GLUED.match(text, at)
            if glued is not None:
                yield glued
            at += len(word)


def _after_prefixes(text: str) -> Iterator[Cut]:
    """A line of a log says something only behind its time, level and source: there a sentence begins."""
    for prefix in _LOG_PREFIX.finditer(text):
        end = prefix.end()
        if text[end : end + 1].isalpha():
            yield end - 1, end, "\n"


def _without_signs(text: str) -> Iterator[Cut]:
    """Cuts for marks of emphasis round most words of a line, and for underscores in the place of all blanks."""
    signs = [sign.start() for sign in _SIGN.finditer(text)]
    if all(text.find("\n", first, last) >= 0 for first, last in zip(signs, signs[2 * _MIN - 1 :], strict=False)):
        # no line has as many as either takes
        return
    for line in _LINE.finditer(text):
        said = line.group()
        words = said.count(" ") + 1
        if said.count("_") >= 2 * _MIN and said.count("_") > 2 * words:
            parts = {part for part in said.lower().replace("_", " ").split() if part in _KNOWN}
            if len(parts) >= _MIN:
                at = said.find("_")
                while at >= 0:
                    yield line.start() + at, line.start() + at + 1, " "
                    at = said.find("_", at + 1)
            continue
        if said.count("_") + said.count("*") < 2 * _MIN:
            continue
        marked = list(_EMPHASIS.finditer(text, *line.span()))
        if len(marked) >= _MIN and len(marked) * 4 >= words:
            for match in marked:
                yield match.start(1), match.end(1), ""
                yield match.end(2), match.end(2) + len(match.group(1)), ""


def _without_emoji(text: str) -> Iterator[Cut]:
    for line in _LINE.finditer(text):
        between = list(_EMOJI_BETWEEN.finditer(text, *line.span()))
        if len(between) >= _MIN and sum(_goes_on(text, match.end()) for match in between) >= _MIN - 1:
            yield from ((*match.span(), "" if text[match.end() : match.end() + 1] == " " else " ") for match in between)


def _goes_on(text: str, at: int) -> bool:
    return text[at : at + 2].lstrip()[:1].islower()


def _without_noise(text: str) -> Iterator[Cut]:
    """Signs that stand alone between words, where there are several kinds: a table or a list has one."""
    for line in _LINE.finditer(text):
        found = list(_NOISE.finditer(text, *line.span()))
        table = line.group().lstrip().startswith("|")
        if len(found) >= _MIN and not table and len({match.group() for match in found}) > 1:
            yield from ((*match.span(), "") for match in found)


def _together(text: str, sure: re.Pattern[str], apart: re.Pattern[str]) -> Iterator[Cut]:
    for line in _LINE.finditer(text):
        if sum(1 for _ in sure.finditer(text, *line.span())) < _MIN:
            continue
        for match in apart.finditer(text, *line.span()):
            if match.group().isspace():
                yield *match.span(), " "
            else:
                yield from ((at, at + 1, "") for at in range(match.start() + 1, match.end(), 2))


def _has_numbered_words(text: str) -> bool:
    """Whether some known words are written with digits anywhere; a line needs as many by itself."""
    known: set[str] = set()
    for digit in _DIGIT_AT_LETTER.finditer(text):
        start = digit.start()
        first = max(0, start - _LONGEST_NUMBERED)
        while start > first and (text[start - 1].isalpha() or text[start - 1] in "013457$@"):
            start -= 1
        token = _DIGIT_WORD.match(text, start)
        if token is not None and (said := token.group().translate(_DIGITS).lower()) in _KNOWN:
            known.add(said)
            if len(known) >= _MIN:
                return True
    return False


def _with_letters(text: str) -> Iterator[Cut]:
    """Digits that stand for letters, in a line where they make words of several tokens."""
    for line in _LINE.finditer(text):
        tokens = [token for token in _DIGIT_WORD.finditer(text, *line.span()) if _numbered(token.group())]
        known = {said for token in tokens if (said := token.group().translate(_DIGITS).lower()) in _KNOWN}
        if len(known) < _MIN:
            continue
        for token in tokens:
            said = token.group().translate(_DIGITS)
            letters = sum(1 for c in token.group() if c.islower())
            if said.lower() in _KNOWN or 2 * letters >= len(said):
                yield *token.span(), said


def _numbered(token: str) -> bool:
    return not token.isalpha() and any(c.isalpha() for c in token)
