"""How people hand an errand over without naming a deed: `Kim wrote, do it all`, `my points from the minutes`.

The deed is then a word that stands for any (`do`, `see to`) and its object one that stands for what a text has
(`it`, `the lot`, `the necessary`). Whoever uses the same words for a deed of their own (`book it. Do it today`) has
handed nothing over: only beside a clause in which somebody wrote, left or wants something does the pronoun mean that.
"""

import re
from functools import lru_cache

_LONGEST = 2_000
# Somebody wrote, or has something for the reader.
_CAME = (
    r"(?:\b(?:wrote|has written|have written|writes|mailed|e-?mailed|messaged|texted|called|rang|has|have|left|sent|"
    r"sends|wants?|asks?|asked|needs?|came|comes|has come|is (?:in|out|there)|are (?:in|out|there)|lies|waits?|"
    r"is waiting|are waiting|there(?:'s| is| are)|got|came in|dropped|pinged|assigned|gave|forwarded|passed|posted|"
    r"handed)\b|'s (?:e-?mail|mail|message|dm|note|list|letter|memo|ticket)\b)"
)
_ALL_OF_IT = (
    r"(?:it|that|this|them|those|these|both|everything|mine|my part|my bit|(?:all|both|the (?:lot|rest|whole lot)|"
    r"each)(?: of (?:it|them|that|those))?)"
)
# Behind a comma or a stop, and nothing more said of what is to be done.
_DOING = (
    r"(?:(?:and|so|then|please|kindly|just|could you|can you|would you) )*(?:(?:"
    r"do|see to|deal with|take care of|look after|handle|sort|sort out|tick off|get on with|carry out|act on|clear|"
    r"work through|go through|plough through|plow through|get through|knock out|tackle|finish|complete|execute|"
    r"implement|action|arrange|process|comply with|fulfil|grant) "
    + _ALL_OF_IT
    + r"|(?:get|have) "
    + _ALL_OF_IT
    + r" (?:all )?(?:done|sorted|handled|seen to|dealt with|taken care of|finished|actioned|over with|out of the way|"
    r"off (?:my|our) (?:plate|desk|list|hands))|make "
    + _ALL_OF_IT
    + r" happen|(?:knock|clear|finish) "
    + _ALL_OF_IT
    + r"(?= (?:out|off|up))|take it from (?:here|there)"
    r"|make (?:the|these|those|all) changes|help (?:him|her|them)(?= out)|do mine)"
    r"(?: all)?(?: (?:out|off|up|for me|for us|please|now|today|tomorrow|tonight|all))* ?(?:[.!;,?]|$)"
)
_DO_IT = re.compile(_CAME + r"[^?\n]{0,120}?[,;:.!–-] {0,2}" + _DOING)
# `what does Ada want? Sort it out`, `read her mail and make it happen`
_LOOK_AND_DO_IT = re.compile(
    r"\bwhat(?:'s| is| are| does| do| did| has| have) [^?\n]{2,60}?\b(?:wants?|needs?|ask(?:s|ed|ing)?|after|says?|"
    r"requests?|requested|wr[io]te|written)\b[^?\n]{0,60}\? {0,2}"
    + _DOING
    + r"|\b(?:check|read|open|see|look at|look into|go to|have a look at|take a look at) [^.!?\n]{2,60}"
    r"\b(?:e-?mails?|mails?|messages?|notes?|tickets?|requests?|letters?|forms?|memos?|lists?)\b[^.!?\n]{0,40}?,? and "
    + _DOING
)
_LIST = (
    r"(?:list|to-?dos?|sheet|checklist|tasks|points|items|things|jobs|bits|chores|actions|wishes|requests?|conditions|"
    r"demands)"
)
# `two guests cancelled by mail, take them out`
_DONE_BY_MAIL = re.compile(
    r"\b(?:cancelled|canceled|asked|moved|changed|confirmed|ordered|registered|signed up|accepted|declined|"
    r"resigned|applied|replied|answered)\b[^.!?\n]{0,24}\b(?:by|per|via|in (?:a|an|the|"
    r"their|his|her)) (?:e-?)?(?:mails?|letters?|forms?|messages?|texts?|voicemails?|"
    r"phone)\b[^?\n]{0,40}[,;:.!–-] {0,2}(?:(?:and|so|then|please) )*(?:take|put|enter|"
    r"change|update|do|strike|remove|cancel|move|book|note|register) (?:it|them|that|those|him|her|both|all)\b"
)
# `go through her list and do it`, `arbeite die Liste ab`; and the points of a text made into something.
_THROUGH_AND_DO = re.compile(
    r"\b(?:go|work|run|get) through (?:the|all|[\w.-]{2,30}['’]s|his|her|my|their|our) (?:[\w-]{1,20} ){0,2}"
    + _LIST
    + r" and (?:do|handle|tick|action|process|sort|get|carry|see to|deal with|finish|complete)\b"
    r"|\bta(?:r du)? hand om\b[^.!?\n]{0,40}\b(?:mejl|mail|brev|meddelande|ärende|list)"
    r"|\barbeite? (?:bitte )?[^.!?\n]{0,40}\bliste\b[^.!?\n]{0,20}\bab\b"
)
_MINUTES = (
    r"(?:minutes|meeting|protocol|pv|procès-verbal|compte[- ]rendu|réunion|protokoll\w?|sitzung|besprechung|acta|"
    r"reunión|verbale|riunione|ata|reunião|notulen|vergadering|protokołu|protokół|zebrania|spotkania|protokollet|mötet|zápisu|"
    r"schůze|tutanak\w{0,4})"
)
_POINTS = (
    r"(?:action (?:items|points)|actions|points(?: d['’]action)?|to-?dos?|tâches|aufgaben|punkte|beschlüsse|maßnahmen|"
    r"puntos|acuerdos|tareas|punti|azioni|pontos|tarefas|ações|actiepunten|actiepunte|acties|punten|punkty|zadania|"
    r"ustalenia|punkterna|åtgärderna|body(?= ze? )|úkoly|maddeler\w{0,3})"
)
_POINTS_OF = re.compile(
    rf"(?:^|[.!\n] {{0,2}}|\b(?:the|les?|die|alle|los|las|i|le|os|as|de|wszystkie)\b ?)(?:all )?{_POINTS} "
    rf"(?:from|of|in|du|de la|des|de|dans|aus|vom|von|der|im|del|della|dell['’]|do|da|van|uit|z|ze|ur|från|i|ze) ?"
    rf"(?:[\w'’]{{1,20}} ){{0,3}}{_MINUTES}\b(?![^.!?\n]{{0,80}}\?)"
)
# Whoever wants to see them has nothing done.
_ONLY_LOOKING = re.compile(
    r"\b(?:list|show|summari[sz]e|tell|give|send|mail|read|find|extract|what|which|zeige?|liste|fasse?|sage?|nenne?|schicke?|"
    r"montre|résume|dis|envoie|muestra|resume|dime|envía|mostra|riassumi|dimmi|manda|lista|diz|toon|noem|vat|stuur|pokaż|"
    r"wypisz|streść|wyślij|visa|sammanfatta|skicka)\b"
)
# What somebody by name has put together, as a whole.
_THEIRS = re.compile(
    r"\b(?:do|go through|work (?:through|off|on|down)|get through|plough through|plow through|tick off|"
    r"take (?:care of|over)|"
    r"pick up|handle|process|action|"
    rf"deal with|see to|complete|fulfil) (?:the|all|all the|[\w.-]{{2,30}}'s) (?:[\w-]{{1,20}} )?{_LIST}"
    r"(?: (?:that |which )?(?!i |we )[\w.'-]{2,30}(?: [\w.'-]{2,30})? (?:left|sent|wrote|made|gave|has|wants|"
    r"asks))? ?(?:[.!,;]|$|for |from |in |of |on )|\bget [\w .'-]{2,40}'s (?:request|requests|wish|wishes|"
    r"matter) (?:done|sorted|seen to)\b|\b(?:do|act|proceed|go about it|handle (?:it|this)) (?:exactly |"
    r"just )?as (?!i |we |usual|before)[\w.'-]{2,30}(?: [\w.'-]{2,30}){0,2} (?:wrote|writes|asks?|asked|says?|said|"
    r"wants?|wanted|describes?|described|requests?|requested|proposes|proposed|suggests|suggested)\b|\b(?:process|"
    r"handle|deal with|action|work|execute) the (?:[\w-]{1,20} )?(?:form|application|claim|order|questionnaire|note|"
    r"memo|letter) (?:that|which|from|by|of)\b|\b(?:everything|all|whatever) (?:with|that has|that carries|"
    r"under) my name\b|\bapply (?:the|our|my) (?:[\w-]{1,20} ){0,3}(?:rules?|policy|terms|procedure|guidelines?|tariff|"
    r"scheme)\b"
)
_THE_NECESSARY = re.compile(
    r"\bdo (?:all |everything |whatever |what(?:'s| is) )?(?:the )?(?:necessary|needful|required|"
    r"needed)\b(?! [a-z]{3,})|\bdo (?:everything|whatever|all) that(?:'s| is) (?:necessary|needed|required|to be done|"
    r"asked)\b"
    # what the user is to do stands in a text
    r"|\b(?:do|get done|handle|carry out|action) (?:all |everything )?(?:what(?:'s| is| stands)|that is) in "
    r"(?:the|my|his|her|their|[\w.-]{2,30}'s) (?:[\w'-]{1,20} ){0,2}(?:e-?mail|mail|message|"
    r"dm|note|memo|letter|ticket|list)\b"
    r"|\bdo what i (?:took on|agreed to|promised|committed to|signed up for|"
    r"was (?:given|assigned)|have to do|owe)\b|"
    r"\b(?:proceed|go on|go ahead|act|handle (?:it|this)|deal with (?:it|this|him|her|them)) (?:under|by|per|as per|"
    r"according to|in line with|following|along) (?:the|our|my) [a-z]{3,}"
)
# At the start of a sentence, or behind a word for doing: `what are my points from the meeting?` only asks.
_MY_PART = re.compile(
    r"(?:^|[.!\n] {0,2}|\b(?:do|please|handle|tackle|finish|take|complete|"
    r"and) )(?:all )?my (?:own )?(?:[\w-]{1,20} )?(?:points|actions|items|tasks|bits|jobs|to-?dos?|part|share|half|"
    r"homework|duties) (?:from|of|in|on|out of) (?:the|our|this|last|yesterday|today|monday|tuesday|wednesday|thursday|"
    r"friday)\b(?![^.!?\n]{0,80}\?)"
)
_ELSEWHERE = re.compile(
    r"\bfai(?:s|tes) (?:tout )?(?:le nécessaire|ce qu['’]il faut)|\bfai(?:s|tes) (?:tous )?mes (?:points|actions|"
    r"tâches)\b|\b(?:mach|erledige?|tu)(?:e|en sie)? (?:bitte )?(?:alles? )?(?:das nötige|das notwendige|nötige|"
    r"was nötig ist|meine (?:punkte|aufgaben|to-?dos))\b|\b(?:haz|haga|hazme) (?:todo )?(?:lo (?:necesario|"
    r"que haga falta)|mis (?:puntos|tareas))\b|\b(?:fai|faccia|fate) (?:tutto )?(?:il necessario|quel che serve|"
    r"quanto serve|i miei (?:punti|compiti))\b|\b(?:faz|faça|trata) (?:tudo )?(?:o (?:necessário|que for preciso)|"
    r"(?:os|d?os) meus pontos|as minhas tarefas)\b|\bdoe (?:alles )?(?:het nodige|wat nodig is|mijn (?:punten|"
    r"actiepunten|taken))\b|\bzrób (?:wszystko, )?(?:co (?:trzeba|potrzeba|należy)|moje (?:punkty|zadania))\b|"
    r"\bgör (?:allt )?(?:det som behövs|mina (?:punkter|uppgifter))\b|\budělej (?:vše, )?co je (?:potřeba|třeba)\b|"
    r"\bgereken(?:i|leri) yap"
)


# The same in other languages: somebody wrote or wants something, and then `do it` or `see to that`.
_DO_IT_ELSEWHERE = re.compile(
    r"\b(?:hat|haben|schreibt|schrieb|will|möchte|wünscht|braucht|a (?:écrit|laissé|envoyé|demandé)|veut|demande|écrit|"
    r"dejó|escribió|envió|mandó|quiere|pide|ha (?:scritto|lasciato|mandato)|vuole|chiede|heeft|wil|vraagt|napisał[a]?|"
    r"chce|prosi|escreveu|deixou|enviou|mandou|quer|pede|han? (?:dejado|escrito|enviado|mandado|pedido)|"
    r"m['’]a (?:écrit|laissé|envoyé|demandé)|(?:zostawił|przysłał|wysłał)a?)\b[^?\n]{0,120}?[,;:.!] {0,2}"
    r"(?:(?:bitte|und|et|y|e|en|i|por favor|(?:tu peux|pourrais-tu|peux-tu)) )*"
    r"(?:kümmere? (?:dich|sie sich) (?:bitte )?(?:drum|darum)|"
    r"(?:mach|stell)e? (?:bitte )?(?:das|es|sie|die|alles) (?:bitte )?fertig|(?:arbeite|hak)e? (?:bitte )?"
    r"(?:das|es|sie|die|alles) (?:bitte )?ab|handel (?:het|dat|ze) (?:even )?af|zorg (?:ervoor|daarvoor)|"
    r"t['’]en (?:charger|occuper)|charge-t['’]en|occupe-toi d(?:e |['’])(?:ça|cela|eux|elles|tout)|"
    r"resolv[ae] (?:isso|isto|tudo)|cuid[ae] (?:disso|disto)|"
    r"(?:regle|erledige?|mach|kläre|veranlasse|übernimm|arbeite|bearbeite|setze?) "
    r"(?:bitte )?(?:das|es|sie|alles|dies)|fais-l(?:e|a|es)|traite-l(?:e|a|es)|règle (?:ça|cela)|occupe-t['’]en|"
    r"haz(?:la|lo|las|los)|encárgate|ocúpate|fall[oaie]\b|occupatene|pensaci|regel (?:het|dat)|doe (?:het|dat|ze)|"
    r"zrób to|załatw to|zajmij się (?:tym|nimi|wszystkim)|faz isso|trata disso)"
)
_ELSEWHERE_TOO = re.compile(
    r"(?:^|[.!] {0,2}|\b(?:bitte|erledige|mach|bearbeite) )(?:alle )?meine[n]? (?:punkte[n]?|aufgaben|to-?dos) (?:aus|"
    r"vom|von|im|in)\b(?![^.!?\n]{0,80}\?)|\b(?:nach|gemäß) (?:unser|der|dem|den)[a-z]{0,2} [^\W\d_]{3,30} (?:vorgehen|"
    r"verfahren|vor)\b|\bdas nötige (?:veranlassen|tun|erledigen)\b|\b(?:setze?|tu|mach|"
    r"erledige?)(?:n sie)?(?: (?:bitte|um|das))*, (?:was|worum)\b|\bkomm(?:e|en sie)? (?:der bitte|dem wunsch|"
    r"den wünschen)\b|\bfai(?:s|tes) tout ce qu|\b(?:haz|haga) todo lo que\b"
)
# `selon la consigne`, `laut Leitfaden`: as `according to the procedure`.
_BY_RULES_ELSEWHERE = re.compile(
    r"\b(?:selon|suivant|conformément à|d['’]après|laut|gemäß|nach|según|conforme(?: a)?|de acuerdo con|secondo|"
    r"come da|volgens|de acordo com|podle|enligt) "
    r"(?:(?:la|le|les|l['’]|notre|votre|nos|unser\w{0,2}|der|dem|den|el|los|las|nuestr[oa]s?|"
    r"il|lo|i|gli|nostr[oae]|de|het|onze?|ons|o|a|os|as|nosso|nossa|våra?|vår) ?)?"
    r"(?:consignes?|procédures?|notice|mode d['’]emploi|guide|anweisung|arbeitsanweisung|leitfaden|checkliste|"
    r"vorgaben?|richtlinien?|procedimientos?|instrucciones|instrucción|guía|protocolos?|normas?|procedura|istruzioni|guida|"
    r"regolamento|werkwijze|handleiding|procedure|richtlijn(?:en)?|procedimento|instruções|guia|postupu|pokynů|rutinen|"
    r"instruktionen)\b"
)


@lru_cache(maxsize=512)
def hands_over_errand(said: str) -> bool:
    """The user, lower case, has what some text asks done, without a word of what that is."""
    said = said[:_LONGEST]
    ways = (
        _DONE_BY_MAIL,
        _THROUGH_AND_DO,
        _THE_NECESSARY,
        _MY_PART,
        _THEIRS,
        _ELSEWHERE,
        _ELSEWHERE_TOO,
        _BY_RULES_ELSEWHERE,
        _DO_IT,
        _LOOK_AND_DO_IT,
        _DO_IT_ELSEWHERE,
    )
    if _POINTS_OF.search(said) and not _ONLY_LOOKING.search(said):
        return True
    return any(how.search(said) for how in ways)
