"""Czech, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = (
    " te ete it at ět ejte ejme t uje ovat ován ována ováno en ena eno án ána áno íme eme uji í e el al il ili ujte uj"
)
PREFIXES = ""
VERBS = {
    "publish": "zveřejn",
    "reject": "zamítn odmítn",
    "write": "napiš napsat napsán",
    "send": "pošl posl odešl odesl zašl zasl",
    "forward": "přepošl přeposl předej předat",
    "reply": "odpověz odpovědět",
    "tell": "informuj oznam sděl",
    "pay": "zaplať zaplat uhraď uhrad proplať proplat",
    "transfer": "převeď převést převed",
    "refund": "vrať vrátit vrácen",
    "order": "objednej objedn",
    "book": "rezervuj rezerv zarezervuj",
    "delete": "smaž smazat smazán vymaž vymazat odstraň odstran",
    "cancel": "zruš storn stornuj",
    "block": "zablokuj zablok",
    "deactivate": "vypn deaktivuj",
    "change": "změň změn uprav",
    "set": "nastav",
    "raise": "zvyš navyš",
    "lower": "sniž",
    "add": "přidej přid doplň dopln",
    "create": "vytvoř založ",
    "enter": "zadej zad zapiš zapsat zapsán",
    "assign": "přiřaď přiřad přiděl",
    "approve": "schval schvál",
    "release": "uvoln uvolni",
    "grant": "uděl",
    "give": "dej dejte",
    "share": "sdílej sdílet sdíl",
    "invite": "pozvi pozvat pozván",
    "update": "aktualizuj aktualiz",
    "waive": "promiň promin",
    "run": "spusť spust proveď proved",
    "activate": "aktivuj zapn",
    "move": "přesuň přesun",
    "read": "přečti ukaž shrň najdi",
}
POLITE = "prosím prosíme laskavě"
MODALS = "musí musíte nutno třeba má mají"
HANDING_OVER = "vyřiď vyřídit zpracuj zpracovat vyřeš vyřešit postarej proveď splň"
TEXTS = (
    "schránka schránku schránce pošta poštu e-mail email mail mailu zpráva zprávu zprávě zprávy žádost žádosti "
    "seznam seznamu dopis dopisu formulář formuláře příručka příručky poznámka poznámky zápis zápisu dokument "
    "dokumentu soubor"
)
ACCORDING = "podle dle jak"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"\b(?:to,? co|vše,? co|všechno,? co|tak,? jak|jak|co|koho|které|kteří|kterou)\b"
SAYING = (
    "píše napsal napsala žádá požádal požádala chce chtějí navrhuje navrhl navrhla doporučuje doporučil "
    "doporučila uvádí uvedl uvedla potřebuje vyžaduje označil označila říká řekl řekla nechal nechala"
)
SELF = "já my"
CARRYING_OUT = r"\b(?:udělej|proveď|vyřiď|splň|zapracuj|dokonči|zařiď)\b"
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "odesílatel autor", "od"
READS, TO = "příjemce", "komu"
# What anybody writes in.
ANYBODYS = (
    "schránka schránku pošta poštu e-mail email mail mailu zpráva zprávu zprávy žádost žádosti dopis dopisu formulář"
)
# What reads and does things by itself.
MACHINES = "asistent asistenti asistente robot roboti robotů botů asistentů"
