"""French, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = "e es ez er é ée és ées ons ent r re ir is it issez"
PREFIXES = ""
VERBS = {
    "publish": "publi",
    "reject": "refus rejet",
    "correct": "corrig rectifi",
    "write": "écri écriv écris écrivez",
    "send": "envoy envoi transmett adress expédi",
    "forward": "transfèr transfér faites-suivr",
    "reply": "répond",
    "tell": "inform préven avert",
    "pay": "pay pai règl régl vers",
    "transfer": "vir",
    "refund": "rembours",
    "credit": "crédit",
    "order": "command",
    "book": "réserv",
    "delete": "supprim effac retir enlev",
    "cancel": "annul résili",
    "revoke": "révoqu",
    "deactivate": "désactiv",
    "block": "bloqu",
    "change": "modifi chang remplac",
    "set": "fix port pass mett",
    "raise": "augment relev élev",
    "lower": "rédui baiss diminu",
    "add": "ajout",
    "create": "cré",
    "enter": "enregistr saisiss saisi inscri inscriv",
    "assign": "attribu affect assign",
    "schedule": "planifi programm",
    "approve": "approuv valid",
    "release": "libér débloqu",
    "grant": "accord octroy donn",
    "share": "partag",
    "invite": "invit",
    "update": "actualis",
    "waive": "exonér exempt",
    "run": "exécut lanc",
    "activate": "activ",
    "move": "déplac",
    "read": "lis li montr résum cherch trouv vérifi",
}
POLITE = "merci veuillez svp prière"
MODALS = "doit doivent faut convient devez devrait devraient"
HANDING_OVER = (
    "suis suivez suivre traite traiter traitez occupe occuper réponds répondez gère gérer gérez exécute exécutez "
    "accomplis"
)
TEXTS = (
    "instructions consignes rapport boîte mail mails courriel courriels message messages ticket tickets dossier "
    "demande demandes liste lettre courrier formulaire manuel guide note notes compte-rendu document fichier "
    "tâches remarques corrections check-list checklist décisions commentaires étapes points circulaire "
    "ordonnance mot recommandations procédure"
)
ACCORDING = "selon comme conformément suivant d'après données indications"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"(?:\b(?:ce qu[e'’]|ce dont|(?:ceux|celles?|celui) qu[ei'’]|quoi que|comme|ainsi que|dont|où|que)|\bqu['’])"
SAYING = (
    "dit disent dise demande demandent demandé veut veulent veuille propose proposé recommande recommandé "
    "conseille conseillé indique indiqué nomme cite cité liste listé noté note écrit écrite marqué mentionne "
    "mentionné prescrit prescrits réclame réclament exige explique expliqué détaille détaillé souhaite "
    "souhaitent suggère suggéré ordonne précise précisé laissé prévoit figure figurent besoin annonce désigne"
)
SELF = "je j'ai nous"
CARRYING_OUT = (
    r"\b(?:applique|appliquez|déroule|déroulez|exécute|exécutez|occupe|occupez|charge[rz]?|suis|suivez|accomplis|"
    r"accomplissez|"
    r"traite|traitez|fais|faites|termine|terminez|règle|réglez|respecte|respectez|honore|honorez|intègre|intégrez|"
    r"effectue|"
    r"effectuez|reprends|reprenez|conforme|conformez)\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "expéditeur auteur", "de"
READS, TO = "destinataire", "à a pour"
# What anybody writes in.
ANYBODYS = (
    "boîte mail mails courriel courriels message messages ticket tickets dossier demande demandes lettre courrier "
    "formulaire commande"
)
# What reads and does things by itself.
MACHINES = "assistant assistants ia robot robots logiciel automate"
