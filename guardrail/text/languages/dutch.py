"""Dutch, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = " t en de den d e ten te"
PREFIXES = " ge"
VERBS = {
    "publish": "publiceer publicer gepubliceerd",
    "reject": "weiger afwijz afgewezen",
    "correct": "corriger corrigeer verbeter",
    "write": "schrijf schrijv",
    "send": "stuur stur verstuur verstur verzend verzond",
    "forward": "doorstuur doorstur doorgestuur",
    "reply": "beantwoord antwoord",
    "tell": "informeer informer meld",
    "pay": "betaal betal voldo",
    "transfer": "overmak overgemaakt maak",
    "refund": "terugbetaal terugbetal vergoed",
    "credit": "crediteer crediter",
    "order": "bestel bestell",
    "book": "boek reserveer reserver",
    "delete": "verwijder wis wiss schrap schrapp",
    "cancel": "annuleer annuler beëindig opzeg zeg",
    "revoke": "intrek ingetrokken trek herroep",
    "deactivate": "deactiveer deactiver uitschakel",
    "block": "blokkeer blokker",
    "change": "wijzig verander vervang pas aanpass aangepast",
    "set": "zet instel ingestel stel",
    "raise": "verhoog verhog",
    "lower": "verlaag verlag",
    "add": "voeg toevoeg toegevoeg",
    "create": "aanmak aangemaakt",
    "enter": "registreer registrer invoer vul",
    "assign": "toewijs wijs",
    "schedule": "inplan ingepland",
    "approve": "keur goedkeur goedgekeur",
    "release": "vrijgev vrijgegeven",
    "grant": "verleen verlen toeken",
    "give": "geef gev",
    "share": "deel del",
    "invite": "uitnodig nodig",
    "update": "bijwerk bijgewerk",
    "waive": "kwijtscheld scheld",
    "run": "uitvoer uitgevoer voer",
    "activate": "activeer activer",
    "move": "verplaats",
    "read": "lees toon zoek vind controleer",
}
POLITE = "alstublieft graag aub gelieve"
MODALS = "moet moeten dient dienen"
HANDING_OVER = "regel regelen volg volgen behandel behandelen verwerk verwerken werk handel afhandelen"
TEXTS = (
    "instructies rapport inbox postvak mail mails bericht berichten ticket tickets zaak dossier verzoek "
    "verzoeken aanvraag aanvragen lijst brief formulier handboek handleiding notitie notulen document bestand "
    "taken overdracht opmerkingen correcties checklist stappen punten takenlijst draaiboek wensen lijstje "
    "briefje sluitlijst besluiten actiepunten bijlage melding aanwijzingen"
)
ACCORDING = "volgens zoals conform gegevens"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = (
    r"(?:\b(?:wat|zoals|alles wat|wie|waar|volgens wat)|\b(?:de|het|die|een) [\w-]{2,30},? (?:die|dat)|"
    r",\s?(?:die|dat))\b"
)
SAYING = (
    "zegt zei gezegd vraagt vragen gevraagd wil willen wilt voorstelt voorgesteld aanraadt aangeraden noemt "
    "genoemd schrijft schreef geschreven opgeeft opgegeven voorschrijft aangeeft aangegeven vermeldt nodig "
    "besteld wenst doorgegeven adviseert aanbeveelt opsomt noteerde genoteerd opgeschreven aangekruist "
    "voorgeschreven gemeld staat beschrijft"
)
SELF = "ik wij we"
CARRYING_OUT = (
    r"\b(?:werk|handel|verwerk|voer|volg|regel|doe|loop|pak|kom|maak|rond|ga te werk|zorg|neem|pas|los|vink|hou|"
    r"behandel)t?\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "afzender auteur", "van"
READS, TO = "ontvanger", "aan"
# What anybody writes in.
ANYBODYS = (
    "inbox postvak mail mails bericht berichten ticket tickets zaak dossier verzoek verzoeken aanvraag brief formulier"
)
# What reads and does things by itself.
MACHINES = "assistent assistenten robot software"
