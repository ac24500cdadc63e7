"""Finds sentences that ask for something to be done: imperative, polite, passive and narrated instructions.

What it cannot see: a request without any verb of the word lists, and languages without a table.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from guardrail.text.asking import ASKING, ASKING_WORDS, HANDING_OVER, HANDING_OVER_WORDS, PASSIVE
from guardrail.text.other_tongues import FORMS, asks, has_no_english, verbs_in
from guardrail.text.sentences import split_sentences
from guardrail.text.view import lowered
from guardrail.text.words import LANGUAGES, Language

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
# What is found comes along with what stands between.
_EACH_WORD = re.compile(f"({WORD.pattern})")
_EACH_ASCII_WORD = re.compile(f"({_ASCII_WORD.pattern})")
_PART = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"^[\s\"'“‘(\[<*_#>•\-–—]*(?:[A-Za-z0-9][\w /-]{0,40}?[:>\]–—]|\d{1,2}[.)])\s*")
# `External_ Send ...`: a name that ends so is none of the sentence's words
_CLAUSE_BREAK = re.compile(r"[,:;.!?)>\]\n–—]|--|_ ")
# A sentence of plain letters with none of these words asks for nothing.
_TELLING = HANDING_OVER_WORDS.union(FORMS, *(language.telling | language.articles for language in LANGUAGES))
# The letters and digits of each of these words up to the first sign: words stand between signs.
_TELLING_PIECES = frozenset(piece.group() for word in _TELLING if word.isascii() and (piece := _PART.match(word)))
_ONLY_WORDS = bytes(ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(128)) + bytes(128)
# Something a call could be made with; in a sentence of no mood that asks, a deed may still be meant.
# Each begins with one class of signs, so that a search skips everything else at once.
_VALUE = re.compile(r"[\d@'\"“:w](?:(?<=[^:w])|(?<=:)//|(?<=w)ww\.)")
# A name says less: it stands in most of what is told.
_NAME = re.compile(r"[A-Z_-](?:(?<=[a-z,] [A-Z])[\w-]|(?<=[a-z][-_])[a-z])")
_FEWEST_WITH_NAME = 6
MENTION = "mentioned"
_BEFORE_A_VERB = frozenset("to must should shall will can could may you kindly".split())
# Behind them stands a verb, however it is written: `PLEASE Send`, `you MUST Visit`.
_BEFORE_ANY_VERB = _BEFORE_A_VERB - {"to", "will", "may"}
# Where emphasis ends a heading does: `**New task** Visit ...`.
_EMPHASIS = ("**", "__")
# Words of another language in front of an order in this one.
_FEWEST_FOREIGN = 4
# Shorter ones are labels and log lines: `Order number 77`, `Email address: ...`.
_FEWEST_WORDS = 4
_LABELLED = re.compile(r"^\W{0,4}[\w -]{1,40}:\s{0,4}\S{1,200}\s*$")
# Looked for from the start of a word only, or each letter of a long one would be tried.
_ADDRESS = re.compile(r"(?<![^\s<>()@,;:])[^\s<>()@,;:]{1,64}@[^\s<>()@,;:]{1,200}")
_ADDRESS_ONLY = re.compile(rf"[\W_]{{0,8}}(?:[\w-]{{1,30}}:\s{{0,4}})?[\W_]{{0,8}}{_ADDRESS.pattern}[\W_]{{0,8}}$")
_LONGEST_ADDRESS = 320
# `Phone +44 20 7946 0018` says what the number is and orders nobody to ring it.
_PHONE_ONLY = re.compile(r"[\W_]{0,8}(?:tele)?(?:phone|fax)s?(?: (?:no|number))?\W{0,4}[+(]?\d[\d ()/.-]{4,30}\W{0,4}$")
_LONGEST_PHONE = 80
# What `_CLAUSE_BREAK` looks at of what stands before a word.
_GAP = 3
_JOINTS = frozenset(("and", "then", "or"))
_FIRST_PERSON = re.compile(r"^\W*(?:i|we|he|she|they)(?:'ve|'ll|'m|'re| have| had| will| am| are| was| were|)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a directive asks for: base forms of its verbs, the kinds of action they stand for, and how it is put."""

    verbs: frozenset[str]
    senses: frozenset[str]
    manner: str


def words_of(lower: str) -> list[str]:
    """The words of a lower-cased text in order."""
    found: list[str] = (_ASCII_WORD if lower.isascii() else WORD).findall(lower)
    return found


def pieces_of(text: str) -> list[str] | None:
    """The letters and digits between signs, in lower case; None where there are others than those of ASCII."""
    if not text.isascii():
        text = text.replace("’", "'")
        if not text.isascii():
            return None
    return text.encode("ascii").translate(_ONLY_WORDS).decode("ascii").split()


class Sentence:
    """One sentence, in lower case with `'` for `’`, and its words; what costs more is found when it is asked for.

    `gaps` is what stands before each word, and behind the last one.
    """

    __slots__ = ("_labelled", "_parts", "_starts", "gaps", "lower", "text", "words")

    def __init__(self, text: str) -> None:
        lower = lowered(text)
        self.text = text
        self.lower = lower.replace("’", "'") if "’" in lower else lower
        found = (_EACH_ASCII_WORD if self.lower.isascii() else _EACH_WORD).split(self.lower)
        self.words: list[str] = found[1::2]
        self.gaps: list[str] = found[::2]
        self._parts: Collection[str] | None = None
        self._starts: list[int] | None = None
        self._labelled: int | None = None

    @property
    def parts(self) -> Collection[str]:
        """The words, and what stands between hyphens and apostrophes in them."""
        if self._parts is None:
            apart = "-" in self.lower or "'" in self.lower
            joined = [word for word in self.words if not word.isalnum()] if apart else []
            self._parts = {*self.words, *_PART.findall(" ".join(joined))} if joined else self.words
        return self._parts

    @property
    def starts(self) -> list[int]:
        """Where each word begins."""
        if self._starts is None:
            lengths = (len(gap) + len(word) for gap, word in zip(self.gaps, ("", *self.words), strict=True))
            self._starts = list(accumulate(lengths))
        return self._starts

    @property
    def labelled(self) -> int:
        """The word right behind the label the sentence begins with; 0 = none."""
        if self._labelled is None:
            label = _LABEL.match(self.lower)
            self._labelled = self.starts.index(label.end()) if label and label.end() in self.starts else 0
        return self._labelled

    def is_capital(self, index: int) -> bool:
        return self.text[self.starts[index]].isupper()


def read_directive(sentence: str | Sentence) -> Asked | None:
    """What `sentence` asks for, or None when it asks for nothing. Works on at most 1,200 characters."""
    said = Sentence(sentence) if isinstance(sentence, str) else sentence
    return read_closely(said) if may_ask(said) else None


def may_ask(said: Sentence) -> bool:
    """False where `read_closely` finds nothing, which is so of most sentences and seen at a glance at their words."""
    # what stands in other letters may be a word of the tables with a mark more
    return not (_TELLING.isdisjoint(said.parts) and (said.lower.isascii() or "".join(said.words).isascii()))


def may_ask_at_a_glance(text: str) -> bool:
    """False where no sentence of a text asks for anything: `may_ask` without taking it apart, so of fewer texts."""
    pieces = pieces_of(text)
    return pieces is None or may_ask_with(pieces)


def may_ask_with(pieces: list[str]) -> bool:
    """The same of a text by its pieces."""
    return not _TELLING_PIECES.isdisjoint(pieces)


def read_closely(said: Sentence) -> Asked | None:
    """What `read_directive` says of a sentence, without the glance that spares it most of them."""
    found = next((asked for language in LANGUAGES if (asked := _read(said, language)) is not None), None)
    if found is None or all(found.verbs.isdisjoint(language.verbs) for language in LANGUAGES):
        # a verb of no table may be another language's: `Encaminhe a lista`
        found = _read_by_table(said) or found
    return None if found is None or _is_contact(said.lower) else found


def _is_contact(lower: str) -> bool:
    # the name of a host, or of whoever has the mailbox, may be a verb of some language
    if len(lower) < _LONGEST_ADDRESS and "@" in lower and _ADDRESS_ONLY.match(lower):
        return True
    return len(lower) < _LONGEST_PHONE and _PHONE_ONLY.match(lower) is not None


def _read_by_table(said: Sentence) -> Asked | None:
    """An order in another language than English, see `other_tongues`."""
    words = said.words
    verbs = verbs_in(words)
    if verbs and "@" in said.lower:
        words = words_of(_ADDRESS.sub(" ", said.lower))
        verbs = verbs_in(words)
    if not verbs:
        return None
    if asks(words):
        return Asked(verbs=verbs, senses=senses_of(verbs), manner="asking")
    return Asked(verbs=verbs, senses=senses_of(verbs), manner=MENTION) if _holds_value(said) else None


@lru_cache(maxsize=512)
def verbs_wanted(text: str, language: Language = LANGUAGES[0]) -> frozenset[str]:
    """Base forms of the verbs somebody who gives orders in `text` wants carried out; not what is only told about."""
    found: set[str] = set()
    for start, end in split_sentences(text):
        said = Sentence(text[start:end])
        found |= _verbs_asked(said, language, "order") | verbs_in(said.words)
    return frozenset(found)


@lru_cache(maxsize=4_096)
def senses_of(verbs: frozenset[str], language: Language = LANGUAGES[0]) -> frozenset[str]:
    """All kinds of action `verbs` can stand for."""
    return frozenset(sense for verb in verbs for sense in language.verbs.get(verb, ()))


def _read(said: Sentence, language: Language) -> Asked | None:
    words = said.words
    if len(words) < 2:
        return None
    # most sentences ask for nothing, and that is seen without taking them apart
    if (
        language.telling.isdisjoint(words)
        and HANDING_OVER_WORDS.isdisjoint(said.parts)
        and (language.articles.isdisjoint(words) or not _may_invent(said, language))
    ):
        return None
    manner = _manner(said, language)
    if not manner:
        return None
    verbs = _verbs_asked(said, language, manner)
    if verbs <= language.general:
        verbs |= _deeds(said, language)
    if not verbs:
        return None
    return Asked(verbs=verbs, senses=senses_of(verbs, language), manner=manner)


def _manner(said: Sentence, language: Language) -> str:
    words, lower = said.words, said.lower
    if not language.polite.isdisjoint(words):
        return "polite"
    if not ASKING_WORDS.isdisjoint(said.parts) and ASKING.search(lower):
        return "asking"
    if _imperative(said, language):
        return "imperative"
    if "be" in said.parts or "get" in said.parts:
        for match in PASSIVE.finditer(lower):
            if match.group(1) in language.participles:
                return "passive"
    if not language.machine_names.isdisjoint(words):
        manner = _towards_machine(said, language)
        if manner:
            return manner
    if (
        len(words) >= _FEWEST_WORDS
        and not (language.verb_forms.keys().isdisjoint(words) and language.deeds.keys().isdisjoint(words))
        and _holds_value(said)
        and not _LABELLED.match(said.text)
    ):
        return MENTION
    return ""


def _holds_value(said: Sentence) -> bool:
    if _VALUE.search(said.text):
        return True
    return (
        len(said.words) >= _FEWEST_WITH_NAME and bool(_NAME.search(said.text)) and not _FIRST_PERSON.match(said.lower)
    )


def _towards_machine(said: Sentence, language: Language) -> str:
    words = said.words
    for index, word in enumerate(words[:-1]):
        if word not in language.machine_names:
            continue
        # `Dear agent, as part of the audit share ...`: whoever is spoken to is asked for something
        if index < 3 and said.gaps[index + 1].startswith((",", ":")):
            return "addressed"
        if any(later in language.third_person or later in language.modals for later in words[index + 1 : index + 4]):
            return "narrated"
    return ""


def _imperative(said: Sentence, language: Language) -> bool:
    """A base-form verb where a clause starts: at the head, after a label, after a break or after `and`/`then`.

    In a sentence that tells what somebody did, only a clause that starts afresh with a capital counts.
    """
    words = said.words
    found = (
        []
        if language.verbs.keys().isdisjoint(words)
        else [at for at, word in enumerate(words) if word in language.verbs]
    )
    if not language.articles.isdisjoint(words):
        found += [at for at in _before_articles(words, language) if _new_verb(said, at, language)]
    telling = bool(found) and _FIRST_PERSON.match(said.lower) is not None
    for index in found:
        if (telling and not (index and said.is_capital(index))) or not _opens_clause(said, index, language):
            continue
        joined = index > 0 and words[index - 1] in _JOINTS and not _is_afresh(said, index, language)
        if words[index] in language.verbs:
            if not _used_as_noun(said, index, language) and (not joined or _has_object(said, index, language)):
                return True
        elif not joined:
            return True
    return False


def _opens_clause(said: Sentence, index: int, language: Language) -> bool:
    """Whether a clause begins with a word, or with words before it that only lead in: `and then, before replying, ...`.

    Looked for backwards from the few words that matter: most words are no verbs.
    """
    words = said.words
    if _leads_in(words, index, language):
        return False
    while index and words[index - 1] not in _JOINTS and not _is_afresh(said, index, language):
        if _leads_in(words, index - 1, language) == 1:
            index -= 1
        elif index > 1 and _leads_in(words, index - 2, language) == 2:
            index -= 2
        else:
            return False
    return True


def _leads_in(words: list[str], index: int, language: Language) -> int:
    """How many words from this one on are only there to lead in."""
    word = words[index]
    if word in language.lead_ins or word in language.polite:
        return 1
    if word in language.subordinate and index + 1 < len(words) and words[index + 1].endswith("ing"):
        return 2
    return 0


def _is_afresh(said: Sentence, index: int, language: Language) -> bool:
    """A clause begins there, whatever stands before: behind a label or a break, or where an order was broken in."""
    words, gap = said.words, said.gaps[index]
    if gap == " " and len(words[index - 1]) > 1:
        return _is_broken_in(said, index, language)
    return (
        _CLAUSE_BREAK.search(_behind(said, index)) is not None
        or index == said.labelled
        or _is_broken_in(said, index, language)
    )


def _is_broken_in(said: Sentence, index: int, language: Language) -> bool:
    """An order that begins where no clause of the sentence does: a capital verb with an article behind it.

    After emphasis, glued to a name (`External_Send a link`), or behind words of another language than its own.
    """
    words = said.words
    following = words[index + 1] if index + 1 < len(words) else ""
    if following not in language.articles or words[index] not in language.verbs or not said.is_capital(index):
        return False
    gap = said.gaps[index]
    return (
        gap == "_" or gap.rstrip(" ").endswith(_EMPHASIS) or (gap == " " and _is_behind_another_language(said, index))
    )


def _is_behind_another_language(said: Sentence, index: int) -> bool:
    lead = said.words[:index]
    return len(lead) >= _FEWEST_FOREIGN and not said.is_capital(index - 1) and has_no_english(lead)


def _behind(said: Sentence, index: int) -> str:
    """The characters before a word in which a break counts."""
    gap = said.gaps[index]
    return (said.gaps[index - 1] + said.words[index - 1] + (gap.rstrip(" ") + " " if gap[-2:] == "  " else gap))[-_GAP:]


def _may_invent(said: Sentence, language: Language) -> bool:
    """Whether a word of no list may be taken for a verb: `Concatenate all messages`, `has to festoon the hall`."""
    words = said.words
    return any(
        _new_verb(said, at, language) or (at > 0 and words[at - 1] == "to" and words[at] not in language.openers)
        for at in _before_articles(words, language)
    )


def _before_articles(words: list[str], language: Language) -> list[int]:
    """The words with an article behind them."""
    return [at for at, following in enumerate(words[1:]) if following in language.articles]


def _new_verb(said: Sentence, index: int, language: Language) -> bool:
    """A word of no list that opens a clause and is followed by an article, as in `Concatenate all messages`."""
    if index + 1 >= len(said.words) or said.words[index + 1] not in language.articles:
        return False
    word = said.words[index]
    if len(word) < 3 or word in language.openers or word.endswith(("ing", "ed", "ly", "s")):
        return False
    return said.gaps[index + 1] == " " and said.is_capital(index)


def _has_object(said: Sentence, index: int, language: Language) -> bool:
    if index + 1 >= len(said.words):
        return False
    following = said.words[index + 1]
    if following in language.articles or following in language.pronouns or following.isdigit():
        return True
    gap = said.gaps[index + 1]
    return (gap != " " and any(quote in gap for quote in "\"'“‘`$")) or said.is_capital(index + 1)


def _used_as_noun(said: Sentence, index: int, language: Language) -> bool:
    words = said.words
    before, gap = said.gaps[index : index + 2]
    last = index + 1 >= len(words)
    if gap != " ":
        # `order@shop.example`, `order_id`, `order.pdf`
        if gap[:1] in ("@", "_", "/", "=", "(") or (gap == "." and not last):
            return True
        if not last and (gap.strip() in (":", "(", "=", "|", "–", ":(") or gap in ("-", "/", " / ", " - ")):
            return True
    if before != " " and before[-1:] in ("@", "_", ".", "/", "#"):
        glued = before == "_" and not last and words[index + 1] in language.articles and said.is_capital(index)
        if not glued:
            return True
    if last:
        return index > 0 and words[index] in language.things
    following = words[index + 1]
    return following in language.noun_tails or (following in language.participles and following not in language.verbs)


def _deeds(said: Sentence, language: Language) -> frozenset[str]:
    """What a request without a telling verb is for: a deed named by a noun, or something to be handed over."""
    found = {language.deeds[word] for word in said.words if word in language.deeds}
    return frozenset(found | {"give"} if HANDING_OVER.search(said.lower) else found)


def _verbs_asked(said: Sentence, language: Language, manner: str) -> frozenset[str]:
    """The verbs to be carried out: base forms not used as nouns; in passive and narrated text other forms too."""
    words = said.words
    telling = language.telling.intersection(words)
    loose = manner in ("passive", "narrated", "asking", "polite", "addressed", MENTION)
    invented = manner in ("imperative", "asking", "polite") and not language.articles.isdisjoint(words)
    before_articles = _before_articles(words, language) if invented else []
    found = {
        words[at] for at in before_articles if words[at] not in telling and _opens_deed(said, at, language, manner)
    }
    for index in [at for at, word in enumerate(words) if word in telling]:
        word = words[index]
        if word in language.participles and index and words[index - 1] in ("be", "get"):
            # `when does it have to be renewed?` is no order of the user's
            if manner != "order" or not said.lower.rstrip().endswith("?"):
                found.add(language.participles[word])
        elif manner == MENTION and word in language.verbs and language.participles.get(word) == word:
            # `is always set to 35`: what is told of and what is done look the same
            found.add(word)
        elif word in language.verbs:
            if _is_wanted(said, index, language, manner) and not _used_as_noun(said, index, language):
                found.add(word)
        elif loose and word in language.verb_forms and not _used_as_noun(said, index, language):
            found.add(language.verb_forms[word])
    return frozenset(found)


def _is_wanted(said: Sentence, index: int, language: Language, manner: str) -> bool:
    """A base form that is no name, no thing and not what somebody owns: `the order`, `Order Desk`, `order number`."""
    if not index:
        return True
    word, previous, gap = said.words[index], said.words[index - 1], said.gaps[index]
    if previous in language.determiners and not gap.strip() and not _is_adverb(said, index - 1, language):
        return False
    if (
        gap[-1:] == " "
        and said.is_capital(index)
        and previous not in language.lead_ins
        and not (previous in language.polite or previous in _BEFORE_ANY_VERB)
        # no name has an article behind it
        and (index + 1 >= len(said.words) or said.words[index + 1] not in language.articles)
        and (gap == " " or not _CLAUSE_BREAK.search(gap.rstrip(" ")[-1:] + " "))
    ):
        return False
    if word not in language.things or _has_object(said, index, language):
        return True
    if manner == "order":
        # who gives orders says `to post hobbies`, `and reply there`
        return previous in ("to", "and", "then", "or", "please", "you", "also", "i", "just")
    # `Once that is done, book flight 15`, `is expected to close ticket 8`
    return manner != MENTION and (
        previous in language.polite
        or previous in _BEFORE_A_VERB
        or _CLAUSE_BREAK.search(_behind(said, index)) is not None
    )


def _is_adverb(said: Sentence, index: int, language: Language) -> bool:
    """`must first delete`, `please next send`: no number of a thing."""
    if not index or said.words[index] not in ("first", "next", "last"):
        return False
    before = said.words[index - 1]
    return before in _BEFORE_A_VERB or before in language.polite or before in language.modals


def _opens_deed(said: Sentence, index: int, language: Language, manner: str) -> bool:
    """A word of no list, before an article, that must be a verb: `Concatenate all messages`, `to festoon the hall`."""
    if manner == "imperative":
        return _new_verb(said, index, language)
    words = said.words
    return index > 0 and words[index - 1] == "to" and words[index] not in language.openers
