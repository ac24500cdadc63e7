"""Reads orders in other languages than English, by tables alone: which word forms stand for which English verb.

No grammar: a sentence asks for something where it holds such a form and either a word that asks (`bitte`, `doit`) or a
value. Another language is another file in `languages/`, named in `TONGUES`.
Cannot see: forms of no table, and a language without one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from types import MappingProxyType, ModuleType

from guardrail.text import english
from guardrail.text.languages import (
    czech,
    dutch,
    french,
    german,
    italian,
    polish,
    portuguese,
    spanish,
    swedish,
    turkish,
)
from guardrail.text.words import ENGLISH

TONGUES: tuple[ModuleType, ...] = (
    *(german, french, spanish, italian, portuguese, dutch, polish, turkish, swedish, czech),
)
_SHORTEST = 3
_DO_WHAT = re.compile(
    r"\b(?:mach|mache|macht|machen sie|tu|erledige|erledigen sie)\b[^.!?\n]{0,40} was\b"
    r"|\b(?:fais|faites|exécute) ce qu|\b(?:haz|haga|hazme|ejecuta) lo que\b"
    r"|\b(?:fai|faccia|fate) (?:quello|ciò|quanto) (?:che )?|\b(?:faz|faça|faz-me) o que\b|\bdoe wat\b"
    r"|\bzrób (?:to, )?co\b|\bgör (?:det|vad)\b|\budělej,? co\b|\b(?:dediğini|istediğini|yazdığını) yap"
)
# Somebody wrote or asked, and it is to be done: `Ola schreibt wegen der Fotos, mach das bitte so`.
_SAID = re.compile(
    r"\b(?:geschrieben|gemailt|geschickt|gebeten|schrieb|schreibt|mailt|bittet|wünscht|mailed|e-?mailed|wrote|writes|"
    r"messaged|texted|schrijft|vraagt|gemaild|geschreven|gevraagd|scritto|scrive|chiede|chiesto|escrito|escribió|escribe|"
    r"pide|pidió|pedido|écrit|demande|demandé|escreveu|escreve|pediu|pede|napisała?|pisze|prosi|prosiła?)\b"
)
_DO_IT = re.compile(
    r"\b(?:mache?|macht|machen sie|erledige?|erledigen sie|regle|regel|doe) (?:bitte )?(?:das|es|dies|het|dit|dat)\b"
    r"|\bsetze? (?:das|es) (?:bitte )?um\b|\b(?:just )?do (?:it|that|so)\b|\b(?:arrange|handle|sort) (?:it|that|this)\b"
    r"|\b(?:hazlo|hágalo|encárgate|ocúpate|fallo|pensaci|occupatene|sistemalo)\b|\b(?:fais|faites|règle|réglez)-le\b"
    r"|\boccupe-t['’]en\b|\boccupez-vous-en\b|\b(?:faz|faça|trata|trate) (?:d?isso)\b|\b(?:zrób|załatw) to\b"
    r"|\bzajmij się tym\b"
)
# `le nom est dans leur mail`, `steht in ihrer Nachricht`: the values are left to it.
_STANDS_THERE = re.compile(
    r"\b(?:est|sont|figurent?|se trouvent?) dans (?:le|la|les|leur|son|sa|mon|ma) (?:[\w'’-]{1,20} )?"
    r"(?:e-?mail|mail|courriel|message|lettre|courrier|document|fichier|note|facture|demande)"
    r"|\b(?:steht|stehen|ist|sind) (?:alle[sn]? )?(?:in|auf) (?:der|dem|ihrer|seiner|ihrem|seinem|meiner|meinem) "
    r"(?:[\w-]{1,20} )?(?:e-?mail|mail|nachricht|brief|schreiben|notiz|datei|dokument|rechnung|anfrage|zettel)"
    r"|\b(?:está|están|viene|vienen|figuran?|consta) en (?:el|la|su|mi) (?:[\w-]{1,20} )?"
    r"(?:e-?mail|mail|correo|mensaje|carta|nota|documento|archivo|factura|solicitud)"
    r"|\b(?:è|sono|si trovano?|stanno?|trovi) (?:nel|nella|nell['’]|sul|sulla) ?(?:sua |suo |loro |mia |mio )?"
    r"(?:[\w-]{1,20} )?(?:e-?mail|mail|messaggio|lettera|nota|documento|file|fattura|richiesta)"
    r"|\b(?:está|estão|consta|vem|vêm) n[oa] (?:seu |sua |meu |minha )?"
    r"(?:e-?mail|mail|mensagem|carta|nota|documento|ficheiro|arquivo|fatura|pedido)"
    r"|\b(?:staat|staan) in (?:de|het|hun|zijn|haar|mijn) (?:[\w-]{1,20} )?"
    r"(?:e-?mail|mail|bericht|brief|notitie|document|bestand|factuur|aanvraag)"
    r"|\b(?:jest|są) w (?:jego |jej |ich |moim |mojej )?"
    r"(?:e-?mailu|mailu|wiadomości|liście|notatce|dokumencie|pliku|fakturze)"
)
# What somebody else asks for is no order of the user's: `haz lo que pide` orders nothing.
_WHAT_OTHERS_ASK = re.compile(
    r"\b(?:lo que|o que|ce qu(?:e |['’])|quello che|ciò che|was|wat|co) ?(?:[\w'’-]{1,20} ){0,3}"
    r"(?:piden?|pidió|pedem?|pediu|demandent?|demandé|chied(?:e|ono)|chiesto|verlangt|bestellt|vraagt|prosi)\b"
)
# `elimínalos`: what is done and to what in one word, with a mark only because of the second.
_PRONOUN_JOINED = re.compile(r"[a-záéíóú]{3,}(?:lo|la|los|las|le|les|me|nos|se)$")
_PRONOUN_BEHIND = re.compile(r"-(?:me|te|se|o|a|os|as|lhe|lhes|nos|moi|toi|lui|leur|le|la|les|nous|vous|en|y)$")
# What an English sentence has plenty of.
_MOST_ENGLISH = 2
# `a ficha do gato` has two words that English has as well.
_ONLY_ENGLISH = ENGLISH.stop_words - {"a", "as", "do", "no", "me"}
_JOINING_OR_DOING = _ONLY_ENGLISH | frozenset(ENGLISH.verbs)


_OTHERWISE = str.maketrans("łı", "li")
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _without_marks(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)).translate(_OTHERWISE)


def both_spellings(words: Iterable[str]) -> Iterator[str]:
    """As written, and as people without the keys for it write."""
    for word in words:
        yield word
        if not word.isascii():
            yield _without_marks(word)
            yield word.translate(_SPELLED_OUT)


_ENGLISH_WORDS = frozenset(
    (*ENGLISH.telling, *ENGLISH.stop_words, *ENGLISH.openers, *ENGLISH.things, *ENGLISH.lead_ins, *english.DEEDS)
) | frozenset(
    # words of one language's grammar that are a verb's form in another's
    "les des dem den der die del las los une con par por pas sur van het een "
    "active cadre create pager sale sales past dates data date manual guide note notes fine sender past line "
    # and words of plain English, or names, that are forms elsewhere
    "last byte bytes installer getter blocker baker andrade proved atan indir svar".split()
)


def _forms() -> dict[str, str]:
    found: dict[str, str] = {}
    for tongue in TONGUES:
        endings = ("", *tongue.ENDINGS.split())
        prefixes = ("", *tongue.PREFIXES.split())
        for verb, stems in tongue.VERBS.items():
            for form in both_spellings(p + stem + e for stem in stems.split() for p in prefixes for e in endings):
                if len(form) >= _SHORTEST and form not in _ENGLISH_WORDS:
                    found.setdefault(form, verb)
    return found


def _all(name: str) -> frozenset[str]:
    words = frozenset(word for tongue in TONGUES for word in both_spellings(getattr(tongue, name).split()))
    return words - ENGLISH.stop_words - ENGLISH.telling


FORMS = MappingProxyType(_forms())
ASKING = _all("POLITE") | _all("MODALS")
_HANDING_OVER = _all("HANDING_OVER")
_TEXTS = frozenset(word for tongue in TONGUES for word in both_spellings(tongue.TEXTS.split()))
_ACCORDING = _all("ACCORDING")
_BILLS = frozenset(
    "rechnung rechnungen mahnung facture factures factura facturas fattura fatture fatura faturas factuur facturen "
    "faktura fakturę faktury räkning fakturu".split()
)
MACHINES = _all("MACHINES")
_AUTOMATIC = ("automat", "autómat", "automát", "geautomat", "otomat", "zautomat")
_READING = (
    *("system", "systèm", "sistem", "systém", "lecteur", "lector", "lettor", "leitor", "leser", "lezer", "czytnik"),
    *("reader", "läsare", "čtečk", "okuyucu", "program", "agent", "assist", "asist", "asyst", "processor"),
)
ANYBODYS = frozenset(word for tongue in TONGUES for word in both_spellings(tongue.ANYBODYS.split()))


def _field_names(name: str) -> frozenset[str]:
    """As names are compared: without marks and all that is no letter, or as if those had never been there."""
    words = [word for tongue in TONGUES for word in getattr(tongue, name).split()]
    return frozenset((*map(_without_marks, words), *("".join(c for c in word if c.isascii()) for word in words))) - {""}


# Fields that say who wrote something (`expéditeur`) and whom it goes to; the second of each with an address alone.
WROTE, FROM = _field_names("WROTE"), _field_names("FROM")
READS, TO = _field_names("READS"), _field_names("TO")


def is_foreign(words: list[str]) -> bool:
    """Few of the words are those no English sentence does without."""
    common = sum(1 for word in words if word in _ONLY_ENGLISH)
    return common * 5 <= len(words) or common < min(_MOST_ENGLISH, len(words) // 3 + 1)


def has_no_english(words: Iterable[str]) -> bool:
    """None of them is one that English sentences are joined by, or a verb of theirs."""
    return _JOINING_OR_DOING.isdisjoint(words)


def speaks_to_automats(words: list[str]) -> bool:
    """`do systemów automatycznych`, `les lecteurs automatiques`: what reads and does things by itself."""
    for before, word in pairwise(words):
        first, second = before.startswith(_AUTOMATIC), word.startswith(_AUTOMATIC)
        if (first and word.startswith(_READING)) or (second and before.startswith(_READING)):
            return True
    return False


def verbs_in(words: list[str]) -> frozenset[str]:
    """The English verbs for the word forms of other languages in a sentence; none in an English one."""
    letters = "".join(words)
    if "-" in letters:
        # `mostra-me`, `envoie-lui`
        words = [word.split("-", 1)[0] if _PRONOUN_BEHIND.search(word) else word for word in words]
    if not letters.isascii():
        words = [_without_marks(word) if _PRONOUN_JOINED.match(word) else word for word in words]
    if FORMS.keys().isdisjoint(words) or not is_foreign(words):
        return frozenset()
    return frozenset(FORMS[word] for word in words if word in FORMS)


def asks(words: list[str]) -> bool:
    return not ASKING.isdisjoint(words) or words[0] in FORMS


def hands_over(words: list[str]) -> bool:
    """The user wants what stands in mails, tickets and the like to be done."""
    # `occupe-toi`
    parts = {part for word in words for part in word.split("-")}
    return not _HANDING_OVER.isdisjoint(parts) and speaks_of_text(words)


def leaves_to_text(words: list[str]) -> bool:
    """The user leaves the details to one: `laut Brief`, `selon la lettre`."""
    return not _ACCORDING.isdisjoint(words) and speaks_of_text(words)


def says_where_it_stands(said: str) -> bool:
    """`der Name steht in ihrer Mail`, lower case."""
    return _STANDS_THERE.search(said) is not None


def hands_over_what_is_asked(said: str) -> bool:
    """`mach, was sie schreibt`, `haz lo que pide`: the deeds themselves are left to a text or a person."""
    if _DO_WHAT.search(said):
        return True
    return _SAID.search(said) is not None and _DO_IT.search(said) is not None


def without_what_others_ask(said: str) -> str:
    """The same without the verb of what somebody else wants."""
    return _WHAT_OTHERS_ASK.sub(" ", said)


def says_paying(words: Iterable[str]) -> bool:
    """A word form of another language that stands for paying."""
    return any(ENGLISH.main_sense.get(FORMS[word]) == "pay" for word in words if word in FORMS)


def speaks_of_bill(words: list[str]) -> bool:
    """`zahl die Rechnung`: whom and how much to pay stands in it."""
    return not _BILLS.isdisjoint(part for word in words for part in word.split("-"))


def speaks_of_text(words: list[str]) -> bool:
    return not _TEXTS.isdisjoint(words) and is_foreign(words)
