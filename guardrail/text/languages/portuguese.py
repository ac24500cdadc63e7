"""Portuguese, as `other_tongues` builds it: what verbs are made of, and what asks, hands over and points at a text."""

ENDINGS = "a e em am ar er ir ado ada ados adas ido ida idos idas"
PREFIXES = ""
VERBS = {
    "publish": "publiqu public",
    "reject": "rejeit recus",
    "correct": "corrig corrij",
    "write": "escrev",
    "send": "envi mand remet",
    "forward": "encaminh reencaminh",
    "reply": "respond",
    "tell": "inform avis comuniqu comunic",
    "pay": "pag pagu liquid",
    "transfer": "transfer transfir",
    "refund": "reembols devolv",
    "credit": "credit",
    "order": "encomend peç ped",
    "book": "reserv marqu",
    "delete": "apagu apag elimin remov exclu",
    "cancel": "cancel anul",
    "revoke": "revogu revog",
    "deactivate": "desativ deslig desligu",
    "block": "bloquei bloque",
    "change": "alter mud modifiqu modific substitu",
    "set": "defin configur ajust pass coloqu",
    "raise": "aument elev sub",
    "lower": "reduz baix",
    "add": "adicion acrescent inclu",
    "create": "cri",
    "enter": "regist registr insir inser",
    "assign": "atribu",
    "schedule": "agend marc",
    "approve": "aprov autoriz",
    "release": "liber libert",
    "grant": "conced",
    "give": "dê",
    "share": "partilh compartilh",
    "invite": "convid",
    "update": "atualiz",
    "waive": "isent perdo",
    "run": "execut",
    "activate": "ativ",
    "move": "mov transfir",
    "read": "lei ler mostr resum procur encontr verifiqu",
}
POLITE = "favor agradecemos solicitamos"
MODALS = "deve devem é-preciso convém deveria"
HANDING_OVER = (
    "trata trate tratar segue siga seguir processa processe processar atenda atende atender resolva resolve resolver "
    "cuide executa execute"
)
TEXTS = (
    "instruções relatório caixa correio email mensagem mensagens ticket caso processo pedido pedidos "
    "lista carta formulário manual guia nota notas ata documento ficheiro arquivo tarefas apontamentos"
)
ACCORDING = "segundo como conforme dados"
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "remetente autor autora", "de"
READS, TO = "destinatário", "para a"
# What anybody writes in.
ANYBODYS = "caixa correio email mensagem mensagens ticket caso processo pedido pedidos carta formulário"
# What reads and does things by itself.
MACHINES = "assistente assistentes ia robô robôs"
