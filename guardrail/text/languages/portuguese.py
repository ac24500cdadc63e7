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
    "instruções relatório caixa correio email mensagem mensagens ticket caso processo pedido pedidos lista carta "
    "formulário manual guia nota notas ata documento ficheiro arquivo tarefas apontamentos correções comentários "
    "checklist passos pontos circular recado orientações pendências decisões listinha procedimento instrução"
)
ACCORDING = "segundo como conforme dados"
# How somebody else's words come into a sentence of the user's, what they do there, and how they are carried out.
LEADING = r"\b(?:(?:tudo )?o que|d?o jeito que|(?:os|as|a|ao|aos) que|como|quem|conforme|quanto|onde|que)\b"
SAYING = (
    "diz dizem diga disse dito pede pedem peça pediu pedido quer querem queira quiser propõe propôs recomenda "
    "recomendou sugere sugeriu indica indicar indicou nomeia listou lista escreveu escreve escrito marcou marca "
    "menciona precisa precisam explica explicou orientou aponta aconselha aconselhou decidiu deixou colocou "
    "colocaram mandou mandar consta constam anotou solicitou determina determinou combinou"
)
SELF = "eu nós"
CARRYING_OUT = (
    r"\b(?:aplica|aplique|cumpre|cumpra|põe em prática|ponha em prática|resolve|resolva|termina|termine|cuida|cuide|"
    r"cuidar|"
    r"executa|execute|executar|faz|faça|fazer|trata|trate|segue|siga|riscando|atende|atenda|completa|complete|conclui|"
    r"conclua|"
    r"processa|processe|respeita|respeite)\b"
)
# Names of fields; the short ones count only where an address stands in them.
WROTE, FROM = "remetente autor autora", "de"
READS, TO = "destinatário", "para a"
# What anybody writes in.
ANYBODYS = "caixa correio email mensagem mensagens ticket caso processo pedido pedidos carta formulário"
# What reads and does things by itself.
MACHINES = "assistente assistentes ia robô robôs"
