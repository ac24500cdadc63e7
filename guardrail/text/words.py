"""Word lists: what an instruction is made of, one table a language, so that another language is another table."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from guardrail.text import english


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Language:
    """One language's tables. All words are lower case; `verb_forms` maps every inflected form to its base form.

    A sentence without any of `telling` names no deed of the tables.
    """

    code: str
    verbs: Mapping[str, frozenset[str]]
    main_sense: Mapping[str, str]
    general: frozenset[str]
    verb_forms: Mapping[str, str]
    third_person: Mapping[str, str]
    participles: Mapping[str, str]
    polite: frozenset[str]
    lead_ins: frozenset[str]
    determiners: frozenset[str]
    noun_tails: frozenset[str]
    modals: frozenset[str]
    machine_names: frozenset[str]
    stop_words: frozenset[str]
    articles: frozenset[str]
    pronouns: frozenset[str]
    openers: frozenset[str]
    things: frozenset[str]
    deeds: Mapping[str, str]
    subordinate: frozenset[str]
    telling: frozenset[str]
    dangling: frozenset[str]
    linking: frozenset[str]


def _third(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _past(verb: str) -> tuple[str, ...]:
    if verb.endswith("e"):
        return (verb + "d",)
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return (verb[:-1] + "ied",)
    return (verb + "ed", verb + verb[-1] + "ed")


def _running(verb: str) -> tuple[str, ...]:
    if verb.endswith("e") and not verb.endswith("ee"):
        return (verb[:-1] + "ing",)
    return (verb + "ing", verb + verb[-1] + "ing")


def _english() -> Language:
    verbs = {verb: frozenset(senses) for verb, senses in english.VERBS.items()}
    forms: dict[str, str] = {}
    third: dict[str, str] = {}
    participles: dict[str, str] = {}
    for verb in verbs:
        forms.setdefault(verb, verb)
        forms.setdefault(_third(verb), verb)
        third.setdefault(_third(verb), verb)
        for form in _past(verb):
            forms.setdefault(form, verb)
            participles.setdefault(form, verb)
        for form in _running(verb):
            forms.setdefault(form, verb)
    for form, verb in english.IRREGULAR.items():
        if verb in verbs:
            forms.setdefault(form, verb)
            participles.setdefault(form, verb)
    return Language(
        code="en",
        verbs=MappingProxyType(verbs),
        main_sense=MappingProxyType({verb: senses[0] for verb, senses in english.VERBS.items()}),
        general=english.GENERAL,
        verb_forms=MappingProxyType(forms),
        third_person=MappingProxyType(third),
        participles=MappingProxyType(participles),
        subordinate=english.SUBORDINATE,
        polite=english.POLITE,
        lead_ins=english.LEAD_INS,
        determiners=english.DETERMINERS,
        noun_tails=english.NOUN_TAILS,
        modals=english.MODALS,
        machine_names=english.MACHINE_NAMES,
        stop_words=english.STOP_WORDS,
        deeds=MappingProxyType(english.DEEDS),
        articles=english.ARTICLES,
        pronouns=english.PRONOUNS,
        openers=english.OPENERS,
        things=english.THINGS,
        dangling=english.DANGLING,
        linking=english.LINKING,
        telling=frozenset(verbs) | frozenset(forms) | frozenset(participles) | frozenset(english.DEEDS),
    )


ENGLISH = _english()
LANGUAGES: tuple[Language, ...] = (ENGLISH,)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The head of a word, so that `reservation` meets `reserve` and `payments` meets `pay`'s own forms."""
    return word[:5] if len(word) > 5 else word.removesuffix("s") if len(word) > 3 else word


def stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, words))
