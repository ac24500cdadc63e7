"""The user goes by what somebody else said, in other languages than English: `buche, was er vorschlägt`.

By tables, like all of them (`guardrail.text.other_tongues`): how such words come into a sentence, what others do there
(`schreibt`, `pide`), and by which verbs a text is carried out. Whoever only asks what it says has left nothing to it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType

from guardrail.text.directives import words_of
from guardrail.text.other_tongues import FORMS, TONGUES, both_spellings, is_foreign
from guardrail.text.words import ENGLISH

_LONGEST = 2_000
_SENTENCE = re.compile(r"(?<=[^.]\.)\s|[!;\n]|(?<=\?)|\s[–—-]\s")
_GAP = r"(?P<gap>[^.!?;\n]{0,90}?)"
# A question that begins so wants to know.
_QUESTION = re.compile(
    r"\W*(?:was|wer|wie|wann|wo|welche\w?|warum|hat|haben|ist|sind|wurde|qué|que|cuál|quién|cuándo|dónde|cómo|ha|qui|"
    r"quoi|quand|où|quel\w*|est-ce|combien|chi|cosa|che|quando|dove|quale|quanti|è|wat|wie|wanneer|waar|welke|heeft|"
    r"is|o que|quem|qual|quantos|onde|já|como|co|kto|kiedy|czy|ne|kim|vad|vem|när|kdo|kdy)\b"
)
# `lo que quiera, cámbialo`, `was immer sie möchte`
_WHATEVER = re.compile(
    r"\b(?:lo que (?:[\w.]+ ){0,2}quieran?|o que (?:[\w.]+ ){0,3}quiser\w*|quoi que (?:[\w.]+ ){0,2}veuille\w*|"
    r"(?:qualunque|qualsiasi) cosa (?:[\w.]+ ){1,4}(?:vogli\w+|chied\w+|serv\w+)|was (?:auch )?immer|"
    r"wat (?:[\w.]+ ){1,4}ook)\b"
)
# Forms the tables of verbs have none of: `riassumimi`, `vat samen`, `fass zusammen`.
_LOOKING = re.compile(
    r"\W*(?:(?:bitte|por favor|s['’]il te plaît|stp|per favore|per cortesia|graag|prego|kannst du|podrías|puedes|"
    r"peux-tu|pourrais-tu|puoi|potresti|podes|pode|poderia|kun je|me|mir|nur|solo|só) )*(?:res[uú]m\w*|résum\w*|"
    r"riassum\w*|sintetiz\w*|fasse?\b|vat\b|d[ií]me|dime|dile|dis\b|dis-\w+|dimmi|digli|dille|diga|diz|explic\w*|"
    r"expliqu\w*|spieg\w*|erklär\w*|leg\b[^.!?]{0,40}\buit|zeg\b|sag\w*|zeig\w*|toon|laat\b[^.!?]{0,30}\bzien|"
    r"mu[eé]stra\w*|mostra\w*|montre\w*|sortier\w*|sorteer|ordenar?\b|zähl\w*|cuenta|compte|conta\b|vergleich\w*|"
    r"compar\w*|confront\w*|vergelijk|übersetz\w*|tradu\w*|vertaal|such\w*|busca\w*|cherche\w*|cerca\w*|procura\w*|"
    r"zoek\w*|haz una (?:tabla|lista|copia)|mach\w* (?:mir )?eine (?:liste|tabelle|kopie)|"
    r"fais[- ]?(?:moi)? une (?:liste|copie)|erinner\w*|recuérda\w*|rappelle\w*|ricorda\w*|lembra\w*|herinner\w*)"
)
_SPEAKING = frozenset(
    ("tell", "show", "send", "forward", "ask", "inform", "notify", "reply", "summarize", "read", "list")
)


def _compiled(tongue: ModuleType) -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    saying = "|".join(sorted(map(re.escape, both_spellings(tongue.SAYING.split())), key=len, reverse=True))
    texts = "|".join(sorted(map(re.escape, both_spellings(tongue.TEXTS.split())), key=len, reverse=True))
    return (
        re.compile(rf"{tongue.LEADING}{_GAP}\b(?:{saying})\b"),
        re.compile(rf"{tongue.CARRYING_OUT}{_GAP}\b(?:{texts})\b"),
        frozenset(tongue.SELF.split()),
    )


_TONGUES = tuple(map(_compiled, TONGUES))


@lru_cache(maxsize=512)
def goes_by_others_abroad(said: str) -> bool:
    """Some of what is to be done is another's to say."""
    return any(
        selves.isdisjoint(found["gap"].split())
        for sentence in _orders_in(said)
        for says, _, selves in _TONGUES
        for found in says.finditer(sentence)
    )


@lru_cache(maxsize=512)
def carries_out_text_abroad(said: str) -> bool:
    """A text is to be carried out as a whole."""
    return any(
        _WHATEVER.search(sentence) or any(carries.search(sentence) for _, carries, _ in _TONGUES)
        for sentence in _orders_in(said)
    )


def only_looks_abroad(said: str) -> bool:
    """All of it only wants something known; False of an English text."""
    return is_foreign(words_of(said[:_LONGEST])) and next(_orders_in(said), None) is None


def _orders_in(said: str) -> Iterator[str]:
    """Each sentence that wants more than to know; none of an English text."""
    said = said[:_LONGEST]
    if not is_foreign(words_of(said)):
        return
    for sentence in filter(None, map(str.strip, _SENTENCE.split(said))):
        first = words_of(sentence)[:3]
        if (sentence.endswith("?") and _QUESTION.match(sentence)) or _LOOKING.match(sentence):
            continue
        verb = next((FORMS[word] for word in first if word in FORMS), "")
        if verb not in _SPEAKING and ENGLISH.main_sense.get(verb) != "read":
            yield sentence
