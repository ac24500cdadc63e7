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
    "solicitudes lista carta formulario manual guía nota notas acta documento archivo fichero tareas pendientes apuntes"
)
ACCORDING = "según como conforme datos"
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
