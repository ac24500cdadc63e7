"""Italian, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = "a i e o are ere ire ate ato ata ati ate ano ino uto uta ali ale alo ala"
PREFIXES = ""
VERBS = {
    "publish": "pubblic",
    "reject": "respin rifiut",
    "correct": "corregg corregger",
    "write": "scriv",
    "send": "invi mand sped spedisc trasmett",
    "forward": "inoltr",
    "reply": "rispond",
    "tell": "inform avvis comunic comunich",
    "pay": "pag pagh sald vers",
    "transfer": "trasfer trasferisc bonific",
    "refund": "rimbors",
    "credit": "accredit",
    "order": "ordin",
    "book": "prenot",
    "delete": "cancell elimin rimuov togli tolg",
    "cancel": "annull disdic",
    "revoke": "revoc revoch",
    "deactivate": "disattiv",
    "block": "blocc blocch",
    "change": "modific modifich cambi sostitu sostituisc",
    "set": "impost port fiss mett configur",
    "raise": "aument alz",
    "lower": "ridu riduc abbass",
    "add": "aggiung",
    "create": "cre",
    "enter": "inser inserisc registr",
    "assign": "assegn attribu attribuisc",
    "schedule": "programm pianific",
    "approve": "approv autorizz",
    "release": "rilasc liber sblocc sblocch",
    "grant": "conced",
    "give": "dia dai",
    "share": "condivid",
    "invite": "invit",
    "update": "aggiorn",
    "waive": "esent condon",
    "run": "esegu",
    "activate": "attiv",
    "move": "spost",
    "read": "legg mostr riassum cerc cerch trov verific",
}
POLITE = "prego cortesemente gentilmente favore"
MODALS = "deve devono bisogna occorre va dovrebbe"
HANDING_OVER = (
    "segui seguite seguire gestisci gestire evadi evadere occupati occupa elabora elaborare sbriga tratta "
    "esegui esegua eseguire svolgi svolga"
)
TEXTS = (
    "istruzioni rapporto casella posta mail messaggio messaggi ticket caso pratica richiesta richieste lista "
    "elenco lettera modulo manuale guida nota note verbale documento file consegne compiti appunti promemoria "
    "correzioni commenti checklist passi punti circolare indicazioni bigliettino biglietto decisioni procedura "
    "prescrizioni spesa"
)
ACCORDING = "secondo come conforme dati"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = (
    r"\b(?:ciò (?:che|di cui)|quello (?:che|di cui)|quel che|quanto|come|chi|qualunque cosa|qualsiasi cosa|"
    r"secondo quanto|che|dove)\b"
)
SAYING = (
    "dice dicono dica detto chiede chiedono chieda chiesto vuole vogliono voglia propone proposto consiglia "
    "consigliato suggerisce suggerito indica indicano indicato indicati nomina elenca elencati scrive scritto "
    "segnato segna menziona serve servono spiega raccomanda prescrive prescritto richiede richiesto lasciato "
    "decide deciso annotato segnalato segnala stabilito ordina desidera"
)
SELF = "io noi"
CARRYING_OUT = (
    r"\b(?:esegui|eseguire|esegua|applica|applicare|applichi|completa|completare|completi|occupati|occuparti|"
    r"occuparsi|sbriga|"
    r"evadi|evadere|svolgi|svolgere|fai|faccia|accontenta|inserisci|recepisci|segui|segua|attieniti|agisci|"
    r"metti in pratica|"
    r"porta a termine|finisci|soddisfa|rispetta)\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "mittente autore", "da"
READS, TO = "destinatario", "a per"
# What anybody writes in.
ANYBODYS = "casella posta mail messaggio messaggi ticket caso pratica richiesta richieste lettera modulo ordine"
# What reads and does things by itself.
MACHINES = "assistente assistenti ia robot software"
