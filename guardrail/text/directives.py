"""Finds sentences that ask for something to be done: imperative, polite, passive and narrated instructions.

What it cannot see: a request without any verb of the word lists, and languages without a table.
"""

import re
from dataclasses import dataclass

from guardrail.text.words import LANGUAGES, Language

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LABEL = re.compile(r"^[\s\"'“‘(\[<*_#>•\-–—]*(?:[A-Za-z0-9][\w /-]{0,40}?[:>\]–—]|\d{1,2}[.)])\s*")
_CLAUSE_BREAK = re.compile(r"[,:;.!?)>\]\n–—]|--")
_ASKING = re.compile(
    r"\b(?:(?:could|can|would|will|might) (?:you|u|someone|anyone)|(?:i|we)(?:'d| would)? (?:need|want|like|expect|ask|"
    r"require|urge|invite|instruct|beg|trust)(?: that)? you|you(?:'ll)? (?:must|should|need to|have to|ought to|are to|"
    r"shall|can|may|might|will|are (?:required|requested|asked|instructed|expected|kindly|hereby|to)|'?re (?:required|"
    r"requested|asked|instructed|expected|to)|want to|better|could)|make sure|be sure|remember|don'?t forget|do not "
    r"forget|ensure|feel free|it is (?:required|necessary|important|essential|imperative|mandatory)|your (?:task|job|"
    r"next step|mission|goal|instructions?) (?:is|are)|(?:is|are|been|being) (?:asked|instructed|requested|required|"
    r"expected|supposed|told) to|would (?:appreciate|be (?:grateful|great|nice|helpful|good|kind))|appreciate it if|"
    r"grateful if|i (?:would|'d) (?:like|love)|(?:wants?|needs?|expects?|asks?|requests?|requires?|wishes|instructs?) "
    r"(?:the |this |our |your |any )?(?:\w+ ){0,2}to|in order to|before you|after you|once you)\b"
)
_PASSIVE = re.compile(
    r"\b(?:must|should|shall|needs? to|has to|have to|ought to|is to|are to|can|may|will|to) (?:also |then |first |now |"
    r"always |please |kindly )?(?:be|get) (?:\w+ly |also |then |first )?([a-z']+)"
)
_FIRST_PERSON = re.compile(r"^\W*(?:i|we|he|she|they)(?:'ve|'ll|'m|'re| have| had| will| am| are| was| were|)\b")
_MODAL_THEN_VERB = re.compile(r"\b(?:must|should|shall|will|to|please|kindly|not|and|then|or|also) ([a-z-]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a directive asks for: base forms of its verbs, the kinds of action they stand for, and how it is put."""

    verbs: frozenset[str]
    senses: frozenset[str]
    manner: str


def read_directive(sentence: str) -> Asked | None:
    """What `sentence` asks for, or None when it asks for nothing. Works on at most 1,200 characters."""
    lower = sentence.lower().replace("’", "'")
    for language in LANGUAGES:
        asked = _read(lower, sentence, language)
        if asked is not None:
            return asked
    return None


def verbs_in(text: str, language: Language = LANGUAGES[0]) -> frozenset[str]:
    """Base forms of every verb of the word list in `text`, in any inflection: what somebody talks of doing."""
    forms = language.verb_forms
    return frozenset(forms[word] for word in WORD.findall(text.lower()) if word in forms)


def senses_of(verbs: frozenset[str], language: Language = LANGUAGES[0]) -> frozenset[str]:
    """All kinds of action `verbs` can stand for."""
    return frozenset(sense for verb in verbs for sense in language.verbs.get(verb, ()))


def _read(lower: str, sentence: str, language: Language) -> Asked | None:
    words = [(match.group(), match.start(), match.end()) for match in WORD.finditer(lower)]
    if not any(word in language.verb_forms for word, _, _ in words):
        return None
    manner = _manner(lower, words, language)
    if not manner:
        return None
    verbs = _verbs_asked(lower, words, language, passive=manner in ("passive", "narrated"))
    if not verbs:
        return None
    return Asked(verbs=verbs, senses=senses_of(verbs, language), manner=manner)


def _manner(lower: str, words: list[tuple[str, int, int]], language: Language) -> str:
    if any(word in language.polite for word, _, _ in words):
        return "polite"
    if _ASKING.search(lower):
        return "asking"
    if not _FIRST_PERSON.match(lower) and _imperative(lower, words, language):
        return "imperative"
    for match in _PASSIVE.finditer(lower):
        if match.group(1) in language.participles or match.group(1) in ("sent", "paid", "put", "cc'd"):
            return "passive"
    for index, (word, _, _) in enumerate(words[:-1]):
        if word in language.machine_names and any(
            later in language.third_person or later in language.modals for later, _, _ in words[index + 1 : index + 4]
        ):
            return "narrated"
    return ""


def _imperative(lower: str, words: list[tuple[str, int, int]], language: Language) -> bool:
    """A base-form verb where a clause starts: at the head, after a label, after a break or after `and`/`then`."""
    label = _LABEL.match(lower)
    starts = {0, label.end()} if label else {0}
    at_head = True
    for index, (word, start, end) in enumerate(words):
        before = lower[max(0, start - 3) : start]
        if index and (_CLAUSE_BREAK.search(before) or start in starts):
            at_head = True
        if not at_head:
            continue
        if word in language.lead_ins or word in language.polite:
            continue
        if word in language.verbs and not _used_as_noun(lower, words, index, language):
            return True
        at_head = False
    return False


def _used_as_noun(lower: str, words: list[tuple[str, int, int]], index: int, language: Language) -> bool:
    if index + 1 >= len(words):
        return index > 0 and lower[words[index][1] - 1] == " " and index < 2
    _, _, end = words[index]
    following, start, _ = words[index + 1]
    gap = lower[end:start]
    if gap.strip() in (":", "-", "/", "(", "=", "|", "–"):
        return True
    return following in language.noun_tails


def _verbs_asked(
    lower: str, words: list[tuple[str, int, int]], language: Language, *, passive: bool
) -> frozenset[str]:
    """The verbs to be carried out: base forms not used as nouns; in passive and narrated text other forms too."""
    found: set[str] = set()
    for index, (word, start, _) in enumerate(words):
        previous = words[index - 1][0] if index else ""
        if word in language.verbs:
            glued = index and previous in language.determiners and lower[words[index - 1][2] : start].strip() == ""
            if not glued and not _used_as_noun(lower, words, index, language):
                found.add(word)
        elif passive and (word in language.participles or word in language.third_person):
            found.add(language.verb_forms[word])
        elif word in language.participles and previous in ("be", "get"):
            found.add(language.participles[word])
    return frozenset(found)
