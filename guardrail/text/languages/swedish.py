"""Swedish, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = " a ar as at ade ades e er es et t ts te tes d da des ras r s na"
PREFIXES = ""
VERBS = {
    "publish": "publicera",
    "reject": "avvisa avslå",
    "write": "skriv skriva",
    "send": "skick skicka översänd",
    "forward": "vidarebefordr vidarebefordra",
    "reply": "svar svara",
    "tell": "meddel meddela informer underrätt",
    "pay": "betal betala utbetal",
    "transfer": "överför överföra",
    "refund": "återbetal",
    "credit": "krediter",
    "order": "beställ beställa",
    "book": "bok boka reserver",
    "delete": "rader radera",
    "remove": "avlägsn",
    "cancel": "avbok avboka avbeställ annuller",
    "revoke": "återkall",
    "deactivate": "inaktiver avaktiver",
    "block": "spärr spärra blocker",
    "change": "ändra ändras ändrat ändrad byt byta",
    "set": "fastställ inställ",
    "raise": "höj höja",
    "lower": "sänka sänks sänkt",
    "add": "lägg lägga",
    "create": "skap skapa upprätt",
    "enter": "registrer anteckn",
    "assign": "tilldel tilldela",
    "approve": "godkänn godkänna bevilj",
    "release": "frisläpp frige",
    "give": "gett gav ges",
    "share": "delge delges",
    "invite": "bjud bjuda",
    "update": "uppdater",
    "waive": "efterskänk",
    "run": "kör köra",
    "activate": "aktiver",
    "move": "flytt flytta",
    "read": "läs visa sammanfatta hämta",
}
POLITE = "vänligen"
MODALS = "måste ska skall bör behöver"
HANDING_OVER = "hantera handlägg handlägga åtgärda sköt ordna fixa besvara utför"
TEXTS = (
    "inkorg inkorgen mejl mejlet mail mailet meddelande meddelandet ärende ärendet ärenden listan lista brev "
    "brevet formulär formuläret handbok handboken anteckning anteckningar protokoll protokollet dokument "
    "dokumentet fil filen"
)
ACCORDING = "enligt som såsom"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"\b(?:det|allt|vad|som|så som|såsom|enligt vad|de)\b"
SAYING = (
    "skriver skrev skrivit ber bett vill föreslår föreslagit rekommenderar nämner anger angett begär behöver "
    "kräver markerat noterat säger sagt lämnat önskar"
)
SELF = "jag vi"
CARRYING_OUT = r"\b(?:gör|utför|genomför|följ|åtgärda|verkställ|bocka|beta|slutför|inför)\b"
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "avsändare författare", "från"
READS, TO = "mottagare", "till"
# What anybody writes in.
ANYBODYS = (
    "inkorg inkorgen mejl mejlet mail mailet meddelande meddelandet ärende ärendet brev brevet formulär formuläret"
)
# What reads and does things by itself.
MACHINES = "assistent assistenten assistenter robot robotar robotarna assistenterna"
