"""Spanish, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = "a e en an ar er ir as es ado ada ados adas ido ida idos idas alo ala elo ela arlo arla alos alas elos elas"
PREFIXES = ""
VERBS = {
    "publish": "publiqu public",
    "reject": "rechac rechaz",
    "correct": "corrig corrij corregi",
    "write": "escrib",
    "send": "envi enví mand remit",
    "forward": "reenvi reenví",
    "reply": "respond contest",
    "tell": "inform avis comunic comuniqu",
    "pay": "pag pagu abon liquid",
    "transfer": "transfier transfer transfir",
    "refund": "reembols devuelv devolv",
    "credit": "acredit",
    "order": "pid ped encarg encargu",
    "book": "reserv",
    "delete": "borr elimin suprim quit",
    "cancel": "cancel anul",
    "revoke": "revoc revoqu",
    "deactivate": "desactiv",
    "block": "bloque",
    "change": "cambi modific modifiqu reemplac reemplaz",
    "set": "fij pon pong establec establezc ajust",
    "raise": "sub aument elev",
    "lower": "baj reduc reduzc",
    "add": "añad agreg agregu inclu incluy",
    "create": "cre",
    "enter": "registr introduzc introduc anot",
    "assign": "asign",
    "schedule": "program agend",
    "approve": "aprueb aprob autoric autoriz",
    "release": "liber",
    "grant": "conced otorg otorgu aplic apliqu",
    "give": "dé déle",
    "share": "compart",
    "invite": "invit",
    "update": "actualic actualiz",
    "waive": "exim condon",
    "run": "ejecut",
    "activate": "activ",
    "move": "mov muev",
    "read": "le lee muestr resum busc busqu encuentr revis",
}
POLITE = "por-favor favor ruego rogamos"
MODALS = "debe deben hay conviene debería deberían"
HANDING_OVER = (
    "sigue siga seguir atiende atienda atender gestiona gestione gestionar procesa procese procesar encárgate "
    "encárguese tramita ejecuta ejecute"
)
TEXTS = (
    "instrucciones informe bandeja correo correos mensaje mensajes ticket tickets caso expediente solicitud "
    "solicitudes lista carta formulario manual guía nota notas acta documento archivo fichero tareas pendientes "
    "apuntes indicaciones correcciones comentarios checklist pasos puntos comprobación circular peticiones "
    "encargo encargos recado acuerdos verificación"
)
ACCORDING = "según como conforme datos"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = (
    r"\b(?:lo que|todo lo que|tal (?:y )?como|como|quien(?:es)?|(?:el|la|los|las|al?) que|cuanto|cuando|donde|"
    r"según|conforme|que)\b"
)
SAYING = (
    "dice dicen diga digan dijo dicho pide piden pida pidan pidió pedido quiere quiera quieran propone propuso "
    "propuesto recomienda recomendó recomendado sugiere sugirió sugerido indica indique indicó indicado nombra "
    "nombró apuntó apunta apuntado escribe escribió escrito marcó marca marcado menciona necesita necesite "
    "necesiten explica explicó señala señaló enumera solicita solicitó aconseja aconsejó decidió dejó dejado "
    "figura figuran aparece aparecen vienen mandó ordena"
)
SELF = "yo nosotros"
CARRYING_OUT = (
    r"\b(?:aplica|aplique|completa|cumple|cumpla|haz|haga|hacer|haciendo|ocúpate|ocúpese|encárgate|encárguese|ejecuta|"
    r"ejecute|"
    r"despacha|atiende|atienda|resuelve|realiza|realice|repasa|acaba|termina|sigue|siga|guíate)\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "remitente autor autora", "de"
READS, TO = "destinatario", "para a"
# What anybody writes in.
ANYBODYS = (
    "bandeja correo correos mensaje mensajes ticket tickets caso expediente solicitud solicitudes carta "
    "formulario pedido"
)
# What reads and does things by itself.
MACHINES = "asistente asistentes ia robot robots"
