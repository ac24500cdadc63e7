"""Signs that take a language's tables, or a form people draw: banners, orders put out of force, silence, readers.

Each has words one of which its sentence holds, as `signatures.py` looks for it. The patterns are for plain letters.
"""

import re
from typing import NamedTuple

from guardrail.text.folded import Folded
from guardrail.text.other_tongues import both_spellings
from guardrail.text.takeover_tables import BOUND, CHANNELS, READERS, SECRET, SUSPENDED

# One of us may do so as well.
CALLS_ON_ASSISTANT = "calls on an assistant"

# What is called so by itself; `agent`, `agente` is a clerk in many countries, so such a one is told by the channel.
_HELPER = (
    r"(?:ai|a\.i\.|ki|ia|llms?|(?:[\w-]{0,20}(?:chatbot|copilot|kopilot|assistent|ssistant|asistent|asystent|asistan)|"
    r"chat-?bot|bot|copilote|copiloto|asistente|assistente|robot)(?:s|en|e|i|a|in|er|ow|um|lar|ler)?|language models?|"
    r"yapay zeka)"
)
_CLERK = r"(?:[a-z]{0,20}(?:agents?|agenten|agentes?|agenti|agentow|ajan\w{0,4}))"
_ANY = rf"(?:{_HELPER}|{_CLERK})"
_CHANNEL = f"(?:{'|'.join(CHANNELS)})"
# Signs nobody writes a text in, and what stands between two runs of them.
_RUN = r"(?:\[|\{\{|<<|##|>>|\|\||::|//|={3}|\*{3}|!{3}|~{3}|-{3}|_{3}|\+{3}|%{3}|@{3}|&{3})"
_IN_RUN = r"[^\n\[\]{}<>#=*!~+|%@&]"
_TO = r"(?:to|for|from|by|an|f(?:u|ue)r|von|pour|aux?|de|du|para|al?|del|per|da|dal|voor|aan|van|dla|do|till|pro)"
_TOLD = r"(?:notice|message|orders?|instructions?|update|command|request|memo|alert|announcement)"
_TAG = r"(?:assistant|agent|copilot|bot|chatbot|model|ai|llm)"
_GAP = r"[^.\n]{0,70}?\b"
# Work that people do, who are called by the same names.
_PEOPLE = (
    r"\b(?:sales|teaching|research|dental|medical|nursing|shop|store|legal|executive|administrative|classroom|kitchen|"
    r"laboratory|lab|library|production|care|personal|travel|estate|letting|lettings|insurance|shipping|ship|port|"
    r"customs|"
    r"ticket|handling|forwarding|press|literary|patent|cent(?:re|er)|security|gate|service|support|commercial|field) "
    r"(?:assistant|agent)s?\b"
    r"|\bassistants? (?:managers?|professors?|director|cook|chef|coach|editor|teacher|secretary|principal|head|curator|"
    r"engineer|wanted|sought|needed|social|dentaire|medical|maternel\w*)"
    r"|\bagente?s? (?:immobil\w+|inmobil\w+|de (?:police|policia|seguridad|viajes)|d'accueil)"
    r"|\b(?:reise|versicherungs|immobilien|handels|zoll|presse|schiffs|geheim|rechts|team|vorstands|projekt|regie)"
    r"(?:agent|assistent)"
)


class Form(NamedTuple):
    """A sign: what it is, its pattern, words near it, what shows it without, and how far it reaches round them."""

    name: str
    pattern: Folded
    words: frozenset[str]
    glances: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]
    before: int
    after: int
    pieces: tuple[str, ...]


def _any_of(patterns: tuple[str, ...]) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def _words(text: str) -> frozenset[str]:
    return frozenset(both_spellings(text.split()))


_ASSISTANTS = (
    "ai ki ia llm llms bot bots chatbot chatbots copilot copilots copiloto copilote kopilot robot robots assistant "
    "assistants agent agents model models asistente asistentes assistente assistenti assistentes assistent assistenten "
    "assistenter assistentin asystent asystenta asystentów asystentowi asystencie asistan asistana asistanlar asistent "
    "asistenta agente agentes agenti agenten agentów ajan zeka"
)
# `Dispositionsagenten`, `Büroassistent`
_JOINED = ((("ssistent", "agent"), re.compile(r"[^\W\d_]{3}(?:agent|assistent)")),)

# What becomes of orders that are put out of force, and what stands where something is to be kept from somebody.
_OUT_OF_FORCE = tuple(
    (
        "suspen|suspend|sospes|hold|paus|pauz|halt|stop|out of date|outdated|obsol|void|supersed|revo|withdrawn|"
        "no longer|invalid|deferred|frozen|interrup|locked|wait|ausgesetzt|unterbrochen|veraltet|zurück|zurueck|"
        "überholt|ueberholt|hinfällig|hinfaellig|aufgehoben|ungültig|ungueltig|außer|ausser|eingefroren|nicht|"
        "suspens|attente|périm|perim|caduc|caduq|sans effet|nul|plus|efecto|desactual|deten|no |superat|non |decadut|"
        "ferm|efeito|desatual|não |nao |opgeschort|verouderd|vervallen|ingetrokken|ongeldig|wacht|niet|zawiesz|"
        "wstrzym|niewa|unieważ|nieaktual|odwo|przerw|nie |trac|ask|durdur|ge|bekle|yürür|uppskj|inakt|ogilt|"
        "vil|upph|avbr|föråld|inte|pozast|přeru|neplat|zastav|zastar|odlo"
    ).split("|")
)
_UNSAID = tuple(
    (
        "if nothing|though nothing|no |out of|bring|keine|ohne|nicht|n'en|n’en|ne |sans|rien|nunca|sin |nada|non |"
        "senza|nulla|niente|não |nao |sem |niet|geen|zonder|nie |bez|nic|inte|aldrig|utan|inget|ingent|nez|neř|ner|"
        "nei|neu|nep|nes|me|olmam"
    ).split("|")
)

FORMS: tuple[Form, ...] = (
    Form(
        "imitates the markup of a system prompt",
        Folded(
            rf"{_RUN}[ :-]{{0,3}}(?:{_IN_RUN}{{0,60}}?\b{_CHANNEL}(?:{_IN_RUN}{{0,60}}?\b{_ANY}\b"
            # `*** SYSTEM ALERT *** To the assistant:`
            rf"|{_IN_RUN}{{0,40}}?{_RUN}[ !#*=~>\]-]{{0,8}}(?:[a-z']{{1,12}} ){{0,3}}(?:l'|all')?{_ANY}\b)"
            rf"|{_IN_RUN}{{0,60}}?\b{_ANY}\b{_IN_RUN}{{0,20}}?\b{_CHANNEL}"
            rf"|{_IN_RUN}{{0,40}}?\b{_TOLD} {_TO} (?:[\w'-]+ ){{0,4}}?{_ANY}\b{_IN_RUN}{{0,40}}?{_RUN}"
            rf"|/?{_TAG}[ _-](?:control|override|command|directive|system|priority)\b)",
            unless=_PEOPLE,
        ),
        _words(_ASSISTANTS),
        _JOINED,
        *(140, 100),
        tuple("[ {{ << ## >> || :: // === *** !!! ~~~ --- ___ +++ %%% @@@ &&& ═ ─ ━ ■ ▓ 【 «".split()),
    ),
    Form(
        "tells the reader to set aside earlier instructions",
        Folded(rf"\b(?:{_any_of(SUSPENDED)})"),
        _words(
            "instructions instruction directions directives guidelines commands command prompts prompt errands errand "
            "jobs job tasks task assignments assignment orders order workflow session requests anweisungen anweisung "
            "aufträge auftrag aufgaben aufgabe vorgaben vorgang anordnungen befehle instruktionen weisungen consignes "
            "ordres tâches instrucciones indicaciones órdenes directrices tareas consignas istruzioni indicazioni "
            "direttive ordini compiti consegne instruções indicações orientações ordens tarefas diretrizes "
            "instructies opdrachten taken aanwijzingen bevelen instrukcje polecenia zadania wytyczne rozkazy "
            "dyspozycje talimat talimatlar talimatları talimatlarınız görev görevler görevleriniz emir emirler komut "
            "komutlar yönerge yönergeler instruktioner instruktionerna uppdrag uppdragen anvisningar anvisningarna "
            "direktiv direktiven pokyny instrukce úkoly příkazy"
        ),
        (),
        *(120, 160),
        _OUT_OF_FORCE,
    ),
    Form(
        "claims an instruction above the user's",
        Folded(
            rf"\b{_ANY}\b[^.\n]{{0,30}}?\b(?:"
            + "|".join(f"(?:{bound}){_GAP}(?:{follows}|{before})" for bound, follows, before in BOUND)
            + ")|"
            + "|".join(rf"\b{follows}\b[^.\n]{{0,20}}? {before}" for _, follows, before in BOUND[:-1])
            + r"|\b(?:execut(?:es?|ed)|runs?|carried out|processed|has priority|takes effect) (?:before|ahead of|"
            r"prior to|over) "
            r"(?:all |any |other |every |the )*(?:users?'?s?|human) (?:commands?|instructions?|requests?|tasks?|"
            r"prompts?|orders?)"
            r"|\bnew (?:directions?|directives?|instructions?|commands?|tasks?),? (?:which (?:is|are) |that (?:is|"
            r"are) )?(?:to|must)"
            r" be (?:carried out|executed|done|followed|performed) (?:first|before|immediately|at once)"
            r"|\bbefore (?:it|this|the (?:jobs?|tasks?|errand|session)) (?:may|can|is allowed to) (?:go on|continue|"
            r"resume|proceed),? "
            r"(?:this|the following|what follows) (?:must|has to|is to|needs to) be (?:carried out|done|executed|"
            r"performed)",
            unless=_PEOPLE,
        ),
        _words(
            "obliged obligated bound ordered commanded instructed directed required executes execute executed carried "
            "processed runs priority directions direction verpflichtet angewiesen gehalten tenu tenus tenue tenues "
            "obligé obligés obligée obligées obligation sommé ordre suit suivantes suivante obligado obligada "
            "obligados obligadas obligación siguiente sigue siguientes tenuto tenuta tenuti obbligato obbligata "
            "obbligati obbligo segue seguenti obrigado obrigada obrigação seguinte verplicht gehouden volgende "
            "onderstaande volgt zobowiązany zobowiązana obowiązany obowiązek poniższe następujące skyldig ålagd "
            "följande povinen povinna povinnost následující asağıdakileri aşağıdakileri aşağıdaki folgende folgendes "
            "following follows"
        ),
        (),
        *(100, 140),
        ("",),
    ),
    Form(
        "asks for secrecy",
        Folded(_any_of(SECRET)),
        _words(
            "nothing mention trace record bring answer reply summary rückfrage rückfragen rückmeldung meldung "
            "mitteilung nachricht auskunft erwähnung erwähne erwähnen verrate verraten benutzer nutzer anwender "
            "nichts laisser laissez laisse faire faites garder gardez mentionne mentionnez signale signalez révèle "
            "révélez évoque évoquez parle parlez dis dites mentionner signaler révéler évoquer parler dire "
            "utilisateur utilisatrice rien menciones mencione digas diga cuentes cuente comuniques comunique reveles "
            "revele comentes comente notifiques notifique usuario usuaria mencionarlo decirlo comentarlo rastro "
            "hubiera hubiese menzionarlo menzionarla menzionare dirlo rivelarlo rivelare segnalarlo parlarne "
            "accennarne farne utente lasciarne lasciare menzioni parli dica riveli segnali fosse utilizador usuário "
            "isto isso vestígio vestígios rasto tivesse vermeld noem verklap gebruiker gebeurd wspominaj wspominajcie "
            "mów mówcie informuj informujcie ujawniaj ujawniajcie powiadamiaj powiadamiajcie użytkownika nic nigdy "
            "nämn berätta avslöja användaren inget ingenting nezmiňuj nezmiňujte neříkej neříkejte neinformuj "
            "neinformujte neuváděj neuvádějte neprozrazuj neprozrazujte nestalo uživatele bahsetme bahsetmeyin "
            "söyleme söylemeyin bildirme bildirmeyin belirtme belirtmeyin verme vermeyin olmamış"
        ),
        (),
        *(100, 100),
        _UNSAID,
    ),
    Form(
        "addresses an automated reader",
        Folded(_any_of(READERS), unless=_PEOPLE),
        _words(
            _ASSISTANTS + " "
            "software program programs tool tools machine machines computer computers helper helpers systems scripts "
            "system automations automated automatic electronic digital humans programm programme maschine maschinen "
            "systeme helfer helfern automaten elektronisch elektronische elektronischen automatische automatisierte "
            "maschinelle digitale mitliest mitlesen assistenz logiciel logiciels programmes outil outils ordinateur "
            "système systèmes automate programa programas herramienta herramientas sistema sistemas programma "
            "programmi strumento strumenti sistemi copilota robô robôs ferramenta ferramentas hulpmiddelen systeem "
            "systemen programu oprogramowania systemu systemów robota robotów bota botów narzędzi maszyny automatu "
            "programvara programvaran programmet systemet roboten boten verktyg verktyget dator datorn maskinen "
            "programy systém systémy roboty nástroj nástroje asistenty asistentům yazılım yazılıma yazılımı "
            "programlar sistemler okuyan işleyen yanıtlayan"
        ),
        (),
        *(140, 100),
        ("",),
    ),
    Form(
        CALLS_ON_ASSISTANT,
        # `An den Dispositionsagenten: ...`
        Folded(
            r"(?:^|[.!?:;(\n*#=!>|\]] {0,2})((?:an|f(?:u|ue)r) (?:den|die|das|alle|unseren|ihren) "
            r"[a-z-]{0,24}(?:assistent|agent)(?:en|in|innen)? ?:)",
            unless=_PEOPLE,
        ),
        _words("assistent assistenten assistentin agenten"),
        _JOINED,
        *(60, 40),
        ("an ", "für", "fuer"),
    ),
)
