"""Questions about an agent itself: what it is connected to, may change, how it can be asked for more. Pure.

A table of kinds for English, and one of words for other languages, where a kind's thing stands near a word for `you`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_TURN = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A probing question in a turn: `letter` stands for its kind in memory."""

    letter: str
    start: int
    end: int

    @property
    def kind(self) -> str:
        """The kind in an analyst's words."""
        return KINDS[self.letter]


SYSTEMS, TOOLS, TABLES, CHANGES, INSTRUCTIONS, LIMITS, SEQUENCE, ERRORS = "stfcilne"
# A word on what it can do, which every curious customer may ask.
ABILITIES = "a"
# The agent had refused something before.
REFUSED = "r"
# No question: the calls used what is seldom used (`guardrail.memory.probing`).
SELDOM = "u"
KINDS = {
    SYSTEMS: "connected systems",
    TOOLS: "tools and parameters",
    ABILITIES: "tools and parameters",
    TABLES: "tables and fields",
    CHANGES: "what it may change",
    INSTRUCTIONS: "its own instructions",
    LIMITS: "how much one request gives",
    SEQUENCE: "records next to each other",
    ERRORS: "what it says when it fails",
    REFUSED: "what was refused",
    SELDOM: "what is seldom used",
}
_ENGLISH = (
    (
        SYSTEMS,
        r"\b(?:systems?|connectors?|connections?|integrations?|sources?|data ?bases?|apis?|back-?ends?|services?|"
        r"applications?|platforms?|knowledge(?: ?bases?)?|indexes|repositories|sites?|drives?)\b[^.?!\n]{0,50}"
        r"\b(?:you|your|connected|linked|hooked|behind you|plugged)\b"
        r"|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:connected to|linked to|hooked up|integrated with|systems?|connectors?|"
        r"integrations?|data ?sources?|data ?bases?|back-?ends?|knowledge (?:bases?|sources?)|search index)\b"
        r"|\b(?:bot|agent|assistant|chat|chatbot)\b[^.?!\n]{0,20}\b(?:connected|linked|hooked up|plugged in|"
        r"integrated|wired|built on|running on)\b"
        r"|\b(?:which|what|where)\b[^.?!\n]{0,30}\b(?:sources?|documents?|files?|data ?base)\b[^.?!\n]{0,30}"
        r"\b(?:did|do|does|is|was|are|were)\b[^.?!\n]{0,20}\b(?:you|that|this|it|bot|answer)\b[^.?!\n]{0,30}"
        r"\b(?:from|use|using|read|search|taken)\b",
    ),
    (
        TOOLS,
        r"\b(?:list|enumerate|name|what|which|show|tell|give|print|every|all|describe)\b[^.?!\n]{0,40}\b(?:actions?|"
        r"tools?|functions?|commands?|operations?|plug-?ins?|skills|endpoints?|topics?|workflows?|flows)\b"
        r"[^.?!\n]{0,50}\b(?:you|your|available|able|run|call|use|parameters?|arguments?|inputs?)\b"
        r"|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:actions|tools?|functions?|plug-?ins?|commands|operations|"
        r"endpoints?)\b"
        r"|\b(?:parameters?|arguments?|inputs?|signature|schema|json)\b[^.?!\n]{0,40}\b(?:you|your|tool|action|"
        r"function|names?|types?|expect|take|accept)\b",
    ),
    (
        ABILITIES,
        r"\b(?:your|you have|the full) (?:[\w-]+ ){0,2}(?:capabilities|abilities|functionality|permissions)\b",
    ),
    (
        TABLES,
        r"\b(?:which|what|name|names|list|all|every|show|dump|print|give|tell|describe|enumerate|export)\b"
        r"[^.?!\n]{0,30}\b(?:tables?|columns?|fields|entit(?:y|ies)|schemas?|record types?|lists)\b"
        r"|\b(?:which|what) (?:data ?base|table|store|index|list|system)\b[^.?!\n]{0,30}\b(?:stored|kept|saved|"
        r"held|in)\b"
        r"|\b(?:column|field|table) names\b|\bwith (?:all )?(?:the|its|their|every) (?:fields?|columns?|attributes)\b"
        r"|\b(?:does|do|is|are)\b[^.?!\n]{0,30}\b(?:directory|table|data ?base|list|index|crm|knowledge base|store)\b"
        r"[^.?!\n]{0,30}\b(?:hold|holds|contain|contains|include|includes|have|has|cover|covers|store|stores|also|"
        r"too)\b"
        r"|\bhow many (?:records|rows|contacts|customers|entries|documents|files|users)\b",
    ),
    (
        CHANGES,
        r"\b(?:can|could|are|do|may) you\b[^.?!\n]{0,30}\b(?:change|edit|delete|modify|update|overwrite|write to|"
        r"insert|alter|access|read|query|see|export|download)\b[^.?!\n]{0,30}\b(?:existing|any|other|all|every|"
        r"everyone|records?|rows?|tables?|data|accounts?|internal|files?)\b"
        r"|\b(?:what|which)\b[^.?!\n]{0,30}\b(?:can|could|do) you (?:access|read|see|reach|query)\b"
        r"|\b(?:permissions?|privileges?|access rights?|access level|role|service account|credentials|identity)\b"
        r"[^.?!\n]{0,40}\b(?:you|your)\b|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:permissions?|privileges?|access level|"
        r"service account|run as|credentials|logged in as)\b",
    ),
    (
        INSTRUCTIONS,
        r"\b(?:your|the|system|initial|hidden|original|exact|full)\b[^.?!\n]{0,20}\b(?:system prompt|prompt|"
        r"instructions|guidelines|configuration|config|setup|rules|guardrails)\b[^.?!\n]{0,40}",
    ),
    (
        LIMITS,
        r"\b(?:limit|limits|maximum|max|cap|at most|how many|how much)\b[^.?!\n]{0,50}\b(?:requests?|quer(?:y|ies)|"
        r"api calls?|look-?ups?|responses?)\b[^.?!\n]{0,30}\b(?:yours?|you|returns?|returned|gives?|fetch|allowed|"
        r"at once|per)\b"
        r"|\b(?:limit|limits|maximum|max|at most|how many)\b[^.?!\n]{0,30}\b(?:rows|records|results|entries)\b"
        r"[^.?!\n]{0,30}\b(?:you|your|per|at once|at a time|in one|return)\b"
        r"|\b(?:rate limit|rate limited|page size|throttl\w{0,6})\b",
    ),
    (
        SEQUENCE,
        r"\b(?:before and after|after and before|previous and next) (?:it|them|this|that|those|number|id|\d{3,12})\b"
        r"|\b(?:next to|around|neighbou?ring|adjacent to) (?:(?:this|that|the) )?(?:ids?|numbers?|records?|\d{3,12})\b"
        r"|\b(?:next|previous|following|preceding|other) (?:\w{1,10} ){0,2}(?:ids?|numbers?|records?|rows?|entries)\b"
        r"|\b(?:ids?|numbers?|records?)\b[^.?!\n]{0,15}\b\d{1,12}\b[^.?!\n]{0,5}(?:to|until|through|-|–|\.\.)"
        r"[^.?!\n]{0,3}\b\d{1,12}\b|\b(?:one|a) (?:number|id) (?:higher|lower|up|down)\b",
    ),
    (
        ERRORS,
        r"\b(?:what|which)\b[^.?!\n]{0,30}\b(?:error|exception|status code|stack ?trace)\b[^.?!\n]{0,40}\b(?:you|your|"
        r"get|gets|got|give|return|returns|say|says|show|shows)\b"
        r"|\b(?:show|print|give|paste|repeat|tell)\b[^.?!\n]{0,25}\b(?:raw|full|exact|complete|original|last)\b"
        r"[^.?!\n]{0,15}\b(?:error|exception|response|stack ?trace|log|output|request|payload)\b",
    ),
)
# language -> words for `you`, then for the thing of each kind; `*` stands for any ending. One sentence must hold both.
_WORDS = {
    "de": {
        "you": "du dir dich dein* sie ihr ihre ihren ihnen bot assistent* angebunden verbunden",
        SYSTEMS: "systeme systemen datenbank* datenquelle* wissensquelle* konnektor* schnittstelle* backend*",
        TOOLS: "werkzeuge werkzeugen tools parameter parametern befehle befehlen endpunkte endpunkten",
        TABLES: "tabelle* spalte* datenfelder feldnamen schema schemata",
        CHANGES: "berechtigungen zugriffsrechte* dienstkonto datensätze datensätzen",
        INSTRUCTIONS: "systemprompt prompt systemanweisung* anweisungen konfiguration",
        ERRORS: "fehlermeldung* fehlercode*",
    },
    "fr": {
        "you": "tu te vous toi votre vos ton tes connecté connectée bot assistant",
        SYSTEMS: "systèmes base bases sources connecteurs intégrations backend",
        TOOLS: "outils paramètres commandes fonctions endpoints",
        TABLES: "tables colonnes champs schéma schémas",
        CHANGES: "permissions privilèges enregistrements",
        INSTRUCTIONS: "prompt instructions configuration consignes",
        ERRORS: "erreur erreurs",
    },
    "es": {
        "you": "tú te usted tu tus su sus conectado conectada puedes tienes bot asistente",
        SYSTEMS: "sistemas bases fuentes conectores integraciones backend",
        TOOLS: "herramientas parámetros comandos funciones endpoints",
        TABLES: "tablas columnas campos esquema esquemas",
        CHANGES: "permisos privilegios registros",
        INSTRUCTIONS: "prompt instrucciones configuración",
        ERRORS: "error errores",
    },
    "it": {
        "you": "tu ti te tuo tua tuoi tue sei connesso collegato hai puoi bot assistente",
        SYSTEMS: "sistemi database fonti connettori integrazioni backend",
        TOOLS: "strumenti parametri comandi funzioni endpoint",
        TABLES: "tabelle colonne campi schema schemi",
        CHANGES: "permessi privilegi record",
        INSTRUCTIONS: "prompt istruzioni configurazione",
        ERRORS: "errore errori",
    },
    "nl": {
        "you": "je jij jouw jullie u uw bent verbonden gekoppeld bot assistent",
        SYSTEMS: "systemen databases bronnen koppelingen integraties backend",
        TOOLS: "tools parameters opdrachten functies endpoints",
        TABLES: "tabellen kolommen velden schema",
        CHANGES: "rechten machtigingen records",
        INSTRUCTIONS: "prompt instructies configuratie",
        ERRORS: "foutmelding foutmeldingen",
    },
    "pt": {
        "you": "você vocês te tu teu tua seu sua seus suas conectado tem pode bot assistente",
        SYSTEMS: "sistemas bases fontes conectores integrações backend",
        TOOLS: "ferramentas parâmetros comandos funções endpoints",
        TABLES: "tabelas colunas campos esquema",
        CHANGES: "permissões privilégios registros",
        INSTRUCTIONS: "prompt instruções configuração",
        ERRORS: "erro erros",
    },
}
# In other languages a thing is asked for with one of these, so that a statement is none.
_ASKING = (
    "welche welcher welches was zeig* nenn* liste* gib quels quelles quel quelle liste montre donne qué cuáles cuales "
    "cuál lista muestra dime quali quale elenca mostra dimmi welke wat toon geef noem quais qual liste mostre diga"
)


QUESTIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (letter, re.compile(pattern, re.IGNORECASE)) for letter, pattern in _ENGLISH
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """Whole words and beginnings of words."""

    whole: frozenset[str]
    begun: tuple[str, ...]

    def among(self, words: frozenset[str]) -> bool:
        """Whether one of these is among them."""
        return not self.whole.isdisjoint(words) or any(word.startswith(self.begun) for word in words if self.begun)


def _read(listed: str) -> _Words:
    words = listed.split()
    begun = tuple(word[:-1] for word in words if word.endswith("*"))
    return _Words(whole=frozenset(word for word in words if not word.endswith("*")), begun=begun)


_LANGUAGES = tuple(
    (_read(words["you"]), tuple((letter, _read(listed)) for letter, listed in words.items() if letter != "you"))
    for words in _WORDS.values()
)
_ASKED_WITH = _read(_ASKING)
_SENTENCE = re.compile(r"[^.?!\n]{3,400}")
_WORD = re.compile(r"[^\W\d_]{2,30}")
# What makes two wordings of a question one: its longer words, in order.
_FILLING = frozenset("the a an of to in on for and or please just is are do does can could you your me my i it".split())


def probing_in(text: str) -> Question | None:
    """The first probing question of a turn, in the order of the kinds; None when there is none."""
    return _first_in(text[:LONGEST_TURN])


# each call of a conversation brings all its turns again: 2,048 of 2,000 characters are 8 MB at the most
@lru_cache(maxsize=2_048)
def _first_in(turn: str) -> Question | None:
    return next(_found(turn), None)


def letters_of(text: str) -> str:
    """The letters of all kinds in a turn, each once."""
    return "".join(dict.fromkeys(question.letter for question in _found(text)))


def fingerprint_of(text: str) -> str:
    """The same for a question however it is spelled and whatever number is in it: 12 hex digits."""
    words = [word for word in _WORD.findall(text[:LONGEST_TURN].lower()) if word not in _FILLING]
    return hashlib.sha256(" ".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _found(text: str) -> Iterator[Question]:
    text = text[:LONGEST_TURN]
    for letter, pattern in QUESTIONS:
        match = pattern.search(text)
        if match:
            yield Question(letter=letter, start=match.start(), end=match.end())
    for sentence in _SENTENCE.finditer(text):
        words = frozenset(_WORD.findall(sentence[0].lower()))
        if not _ASKED_WITH.among(words):
            continue
        for you, things in _LANGUAGES:
            if you.among(words):
                for letter, named in things:
                    if named.among(words):
                        yield Question(letter=letter, start=sentence.start(), end=sentence.end())
