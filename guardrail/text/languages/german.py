"""German, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = " e en n t et st te ten est"
PREFIXES = " ge zu"
VERBS = {
    "publish": "veröffentlich",
    "reject": "ablehn abgelehnt",
    "correct": "korrigier berichtig",
    "write": "schreib geschrieben",
    "send": "send schick sandt schickt zusend zuschick übermittl übermittel",
    "forward": "weiterleit weiterleitet leit",
    "mail": "mail",
    "reply": "antwort beantwort",
    "tell": "mitteil teil informier benachrichtig",
    "pay": "zahl bezahl begleich auszahl ausgezahlt",
    "transfer": "überweis überwies überwiesen",
    "refund": "erstatt rückerstatt zurückzahl zurückerstatt",
    "credit": "gutschreib gutgeschrieben",
    "order": "bestell nachbestell",
    "book": "buch reservier",
    "delete": "lösch gelösch entfern tilg",
    "cancel": "stornier kündig gekündigt absag abgesagt annullier",
    "revoke": "widerruf entzieh entzogen",
    "deactivate": "deaktivier abschalt abgeschaltet ausschalt sperr",
    "block": "blockier",
    "change": "änder abänder wechsl umstell umgestellt tausch",
    "set": "setz gesetzt festleg festgelegt einstell eingestellt stell",
    "raise": "erhöh anheb angehoben heraufsetz hochsetz",
    "lower": "senk reduzier verringer herabsetz",
    "add": "hinzufüg füg aufnehm aufgenommen ergänz",
    "create": "anleg angelegt erstell einricht eingerichtet richt",
    "register": "meld gemeldet",
    "enter": "übernehm übernimm übernommen eintrag eingetragen hinterleg trag erfass",
    "assign": "zuweis zugewiesen zuordn übertrag",
    "schedule": "einplan eingeplan terminier",
    "approve": "genehmig freigeb freigegeben billig bewillig",
    "release": "freigeb freigegeben herausgeb",
    "grant": "gewähr erteil einräum",
    "give": "gib geb gibt gegeben",
    "share": "teil freigeb freigegeben",
    "invite": "einlad eingeladen",
    "update": "aktualisier anpass",
    "waive": "erlass verzicht",
    "run": "ausführ ausgeführt start",
    "activate": "aktivier freischalt",
    "move": "verschieb umzieh umbuch",
    "read": "lies les gelesen zeig zusammenfass fass such find prüf",
}
POLITE = "bitte"
MODALS = "muss müssen soll sollen sollte sollten ist sind"
HANDING_OVER = (
    "befolge befolgen bearbeite bearbeiten erledige erledigen kümmere abarbeiten arbeite übernimm übernehme beantworte"
)
TEXTS = (
    "anweisungen bericht übergabebuch übergabe posteingang postfach mail mails email nachricht nachrichten "
    "ticket tickets fall vorgang anfrage anfragen auftrag aufträge liste brief schreiben formular handbuch "
    "anleitung notiz notizen protokoll dokument datei checkliste checklisten zettel anmerkungen anordnungen "
    "anordnung punkte punkten übergabeprotokoll kommentar kommentare kommentaren korrekturen vorgaben wünsche "
    "wünschen aufgabenliste aufgaben anweisung beschlüsse plan ablaufplan elternbrief rundschreiben merkblatt "
    "änderungswünsche"
)
ACCORDING = "laut gemäß wie entsprechend nach aus angaben daten"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = (
    r"(?:,\s?(?:so )?|^|\balles,? |\bdie |\bdas |\bder )(?:was|wie|die|der|das|den|dem|wen|wer|wohin|wann|"
    r"welche[nrsm]?)\b"
)
SAYING = (
    "schreibt schrieb geschrieben vorschlägt vorschlagen vorgeschlagen empfiehlt empfohlen nennt genannt "
    "aufführt aufgeführt auflistet aufgelistet angibt angegeben verlangt fordert gefordert wünscht gewünscht "
    "braucht bittet gebeten sagt gesagt anordnet angeordnet verordnet notiert markiert angestrichen hinterlassen "
    "beschreibt beschrieben vorschreibt vorgibt vorgesehen erklärt festgehalten ankreuzt angekreuzt will möchte "
    "mitteilt mitgeteilt meldet festlegt"
)
SELF = "ich wir du ihr"
CARRYING_OUT = (
    r"\b(?:arbeite|setze?|führe?|hake?|nimm|schlie(?:ß|ss)e?|handle|gehe?|verfahre?|richte|halte?|übernimm|erfülle?|"
    r"erledige?|"
    r"befolge?|mache?|kümmere?)(?:n|t|n sie)?\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "absender verfasser autor autorin", "von"
READS, TO = "empfänger empfaenger", "an"
# What anybody writes in.
ANYBODYS = (
    "posteingang postfach eingang mail mails email nachricht nachrichten ticket tickets fall vorgang anfrage "
    "anfragen auftrag aufträge akte antrag brief schreiben formular"
)
# What reads and does things by itself.
MACHINES = "assistent assistenten assistentin ki roboter prüfroutine automat software roboters automaten"
