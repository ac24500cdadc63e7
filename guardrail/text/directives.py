"""Finds sentences that ask for something to be done: imperative, polite, passive and narrated instructions.

What it cannot see: a request without any verb of the word lists, and languages without a table.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from guardrail.text.sentences import split_sentences
from guardrail.text.view import lowered
from guardrail.text.words import LANGUAGES, Language

Token = tuple[str, int, int]
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
    r"grateful if|\b(?:best|good|standard|usual|common|normal|established|agreed) (?:practice|procedure|process|policy|"
    r"custom)\b|it is (?:customary|usual|standard|normal|common|best)\b|(?:we|they|one) (?:always|usually|normally|"
    r"generally|first)\b|"
    r"(?:requires?|involves?|calls for|start(?:s)? (?:by|with)|consider|recommend|suggest|propose)s? "
    r"\w+ing|let (?:me|us|him|her|them) have|(?:i|we) (?:urgently |also |still |really )?(?:need|want|require|await)\b"
    r"(?! to\b| you\b)|i (?:would|'d) (?:like|love)|(?:wants?|needs?|expects?|asks?|requests?|requires?|wishes|"
    r"instructs?) "
    r"(?:the |this |our |your |any )?(?:\w+ ){0,2}to|in order to|before you|after you|once you)\b"
)
_HANDING_OVER = re.compile(
    r"\blet (?:me|us|him|her|them) have\b|\b(?:i|we) (?:urgently |also |still |really )?(?:need|want|require|await)\b"
    r"(?! to\b| you\b)"
)
_PASSIVE = re.compile(
    r"\b(?:must|should|shall|needs? to|has to|have to|ought to|is to|are to|can|may|will|to) (?:also |then |first |"
    r"now |"
    r"always |please |kindly )?(?:be|get) (?:\w+ly |also |then |first )?([a-z']+)"
)
# Something a call could be made with; in a sentence of no mood that asks, a deed may still be meant.
_VALUE = re.compile(r"\d|@|://|www\.|['\"“]")
MENTION = "mentioned"
_BEFORE_A_VERB = frozenset("to must should shall will can could may you kindly".split())
# Shorter ones are labels and log lines: `Order number 77`, `Email address: ...`.
_FEWEST_WORDS = 4
_LABELLED = re.compile(r"^\W{0,4}[\w -]{1,40}:\s{0,4}\S{1,200}\s*$")
_FIRST_PERSON = re.compile(r"^\W*(?:i|we|he|she|they)(?:'ve|'ll|'m|'re| have| had| will| am| are| was| were|)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a directive asks for: base forms of its verbs, the kinds of action they stand for, and how it is put."""

    verbs: frozenset[str]
    senses: frozenset[str]
    manner: str


def read_directive(sentence: str) -> Asked | None:
    """What `sentence` asks for, or None when it asks for nothing. Works on at most 1,200 characters."""
    lower = lowered(sentence).replace("’", "'")
    for language in LANGUAGES:
        asked = _read(lower, sentence, language)
        if asked is not None:
            return asked
    return None


@lru_cache(maxsize=512)
def verbs_wanted(text: str, language: Language = LANGUAGES[0]) -> frozenset[str]:
    """Base forms of the verbs somebody who gives orders in `text` wants carried out; not what is only told about."""
    found: set[str] = set()
    for start, end in split_sentences(text):
        sentence = text[start:end]
        lower = lowered(sentence).replace("’", "'")
        words = [(match.group(), match.start(), match.end()) for match in WORD.finditer(lower)]
        found |= _verbs_asked(lower, words, sentence, language, "order")
    return frozenset(found)


def senses_of(verbs: frozenset[str], language: Language = LANGUAGES[0]) -> frozenset[str]:
    """All kinds of action `verbs` can stand for."""
    return frozenset(sense for verb in verbs for sense in language.verbs.get(verb, ()))


def _read(lower: str, sentence: str, language: Language) -> Asked | None:
    words = [(match.group(), match.start(), match.end()) for match in WORD.finditer(lower)]
    if len(words) < 2:
        return None
    manner = _manner(lower, words, sentence, language)
    if not manner:
        return None
    verbs = _verbs_asked(lower, words, sentence, language, manner)
    if verbs <= language.general:
        verbs |= _deeds(lower, words, language)
    if not verbs:
        return None
    return Asked(verbs=verbs, senses=senses_of(verbs, language), manner=manner)


def _manner(lower: str, words: list[Token], sentence: str, language: Language) -> str:
    if any(word in language.polite for word, _, _ in words):
        return "polite"
    if _ASKING.search(lower):
        return "asking"
    if _imperative(lower, words, sentence, language):
        return "imperative"
    for match in _PASSIVE.finditer(lower):
        if match.group(1) in language.participles:
            return "passive"
    for index, (word, _, end) in enumerate(words[:-1]):
        # `Dear agent, as part of the audit share ...`: whoever is spoken to is asked for something
        if word in language.machine_names and index < 3 and lower[end : end + 1] in (",", ":"):
            return "addressed"
        if word in language.machine_names and any(
            later in language.third_person or later in language.modals for later, _, _ in words[index + 1 : index + 4]
        ):
            return "narrated"
    if (
        len(words) >= _FEWEST_WORDS
        and not _LABELLED.match(sentence)
        and _VALUE.search(sentence)
        and any(word in language.verb_forms for word, _, _ in words)
    ):
        return MENTION
    return ""


def _imperative(lower: str, words: list[Token], sentence: str, language: Language) -> bool:
    """A base-form verb where a clause starts: at the head, after a label, after a break or after `and`/`then`.

    In a sentence that tells what somebody did, only a clause that starts afresh with a capital counts.
    """
    label = _LABEL.match(lower)
    starts = {0, label.end()} if label else {0}
    telling = bool(_FIRST_PERSON.match(lower))
    at_head = True
    skipped = -1
    for index, (word, start, _) in enumerate(words):
        joined = False
        if index and (_CLAUSE_BREAK.search(lower[max(0, start - 3) : start]) or start in starts):
            at_head = True
        elif index and words[index - 1][0] in ("and", "then", "or"):
            at_head = joined = True
        if not at_head:
            continue
        if word in language.lead_ins or word in language.polite:
            continue
        if word in language.subordinate and index + 1 < len(words) and words[index + 1][0].endswith("ing"):
            skipped = index + 1
            continue
        if index == skipped:
            continue
        at_head = False
        if telling and not (index and sentence[start : start + 1].isupper()):
            continue
        if word in language.verbs:
            if not _used_as_noun(lower, words, index, language) and (
                not joined or _has_object(lower, words, index, sentence, language)
            ):
                return True
        elif not joined and _new_verb(lower, words, index, sentence, language):
            return True
    return False


def _new_verb(lower: str, words: list[Token], index: int, sentence: str, language: Language) -> bool:
    """A word of no list that opens a clause and is followed by an article, as in `Concatenate all messages`."""
    word, start, end = words[index]
    if index + 1 >= len(words) or len(word) < 3 or word in language.openers or word.endswith(("ing", "ed", "ly", "s")):
        return False
    following, after, _ = words[index + 1]
    return following in language.articles and lower[end:after] == " " and sentence[start].isupper()


def _has_object(lower: str, words: list[Token], index: int, sentence: str, language: Language) -> bool:
    if index + 1 >= len(words):
        return False
    _, _, end = words[index]
    following, start, _ = words[index + 1]
    gap = lower[end:start]
    return (
        following in language.articles
        or following in language.pronouns
        or following.isdigit()
        or any(quote in gap for quote in "\"'“‘`$")
        or sentence[start].isupper()
    )


def _used_as_noun(lower: str, words: list[Token], index: int, language: Language) -> bool:
    word, start, end = words[index]
    tail = lower[end : end + 1]
    if tail in ("@", "_", "/", "=", "(") or (tail == "." and lower[end + 1 : end + 2].isalnum()):
        return True
    if lower[max(0, start - 1) : start] in ("@", "_", ".", "/", "#"):
        return True
    if index + 1 >= len(words):
        return index > 0 and word in language.things
    following, after, _ = words[index + 1]
    gap = lower[end:after]
    if gap.strip() in (":", "(", "=", "|", "–", ":(") or gap in ("-", "/", " / ", " - "):
        return True
    return following in language.noun_tails or (following in language.participles and following not in language.verbs)


def _deeds(lower: str, words: list[Token], language: Language) -> frozenset[str]:
    """What a request without a telling verb is for: a deed named by a noun, or something to be handed over."""
    found = {language.deeds[word] for word, _, _ in words if word in language.deeds}
    return frozenset(found | {"give"} if _HANDING_OVER.search(lower) else found)


def _verbs_asked(lower: str, words: list[Token], sentence: str, language: Language, manner: str) -> frozenset[str]:
    """The verbs to be carried out: base forms not used as nouns; in passive and narrated text other forms too."""
    loose = manner in ("passive", "narrated", "asking", "polite", "addressed", MENTION)
    found: set[str] = set()
    for index, (word, start, _) in enumerate(words):
        previous = words[index - 1][0] if index else ""
        if word in language.participles and previous in ("be", "get"):
            found.add(language.participles[word])
        elif word in language.verbs:
            glued = index and previous in language.determiners and not lower[words[index - 1][2] : start].strip()
            name = (
                index
                and sentence[start].isupper()
                and previous not in language.lead_ins
                and (lower[start - 1 : start] == " " and not _CLAUSE_BREAK.search(lower[max(0, start - 2) : start]))
            )
            thing = word in language.things and index and not _has_object(lower, words, index, sentence, language)
            if thing and manner == "order":
                # who gives orders says `to post hobbies`, `and reply there`
                thing = previous not in ("to", "and", "then", "or", "please", "you", "also", "i", "just")
            elif thing and manner != MENTION:
                # `Once that is done, book flight 15`, `is expected to close ticket 8`
                fresh = _CLAUSE_BREAK.search(lower[max(0, start - 3) : start]) is not None
                thing = not fresh and previous not in language.polite and previous not in _BEFORE_A_VERB
            if not glued and not name and not thing and not _used_as_noun(lower, words, index, language):
                found.add(word)
        elif loose and word in language.verb_forms and not _used_as_noun(lower, words, index, language):
            found.add(language.verb_forms[word])
        elif manner == "imperative" and _new_verb(lower, words, index, sentence, language):
            found.add(word)
    return frozenset(found)
