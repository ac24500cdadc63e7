"""Signs that a stretch of text is written to take over an assistant rather than to inform a person.

A sign alone never stops a call: texts about such attacks contain them too. Beside an instruction that the planned
call carries out it is what tells a hijacking from an errand. Patterns are for lower-cased text, and linear: bounded
gaps, no nested repeats.
"""

import re
from collections.abc import Iterable, Iterator

from guardrail.text.folded import Folded
from guardrail.text.takeover import CALLS_ON_ASSISTANT, FORMS

# What is called so is no person; who is called by the second may be one.
_MACHINES = "copiloto|copilote|kopilot|ia|ki|robot|roboter|robô|chatbot|yapay zeka"
_HELPERS = "asistente|assistente|assistant|assistenten|assistent|asystent|asystencie|asistan|asistenti"
# `the assistant manager` is a person as well.
_POSTS = (
    "managers?|professors?|directors?|cooks?|chefs?|coach(?:es)?|editors?|teachers?|secretary|principals?|curators?"
)
_CALLING = "atención|achtung|attention|attenzione|atenção|let op|uwaga|dikkat|observera|pozor"

# The tool itself does so as well, of its next page.
SPEAKS_TO_CALLER = "speaks to whoever called a tool"

_WORDED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "tells the reader to set aside earlier instructions",
        re.compile(
            r"(?<![a-z])(?:ignore|disregard|forget|override|overrule|bypass|skip|drop|cancel|set aside|discard|"
            r"stop following)\b"
            r"[^.\n]{0,60}\b(?:previous|prior|above|earlier|initial|original|preceding|former|existing|other|all|any|"
            r"your|the user'?s?)\b[^.\n]{0,30}\b(?:i[a-z]{0,3}structions?|prompts?|rules?|guidelines?|"
            r"directions?|commands?|orders?|tasks?|requests?|guardrails?|polic(?:y|ies)|messages?|context)\b"
            # `forget everything above`, `disregard whatever you were told before`
            r"|(?<![a-z])(?:ignore|disregard|forget) (?:about )?(?:everything|all|anything|whatever)\b[^.\n]{0,30}"
            r"\b(?:above|before|previously|earlier|so far|up to (?:now|here|this point)|until now|told|preceding)\b",
        ),
    ),
    (
        "claims an instruction above the user's",
        re.compile(
            r"\b(?:strictly (?:adhere|follow|comply)|(?:new|updated|real|actual|following|highest.priority|overriding) "
            r"(?:system )?(?:instructions?|directive|orders|objective|task) ?(?:is|are|:|from)|takes? (?:precedence|"
            r"priority) over|your (?:new|real|actual|only|one|sole|first|next) (?:task|goal|job|instructions?|"
            r"objective)|"
            r"adhere to the following|follow (?:these|the following|the below|this) instructions?)",
        ),
    ),
    (
        "speaks to the assistant about the user's task",
        re.compile(
            r"\b(?:before|after|once|while|when|until|in order to|to) (?:you (?:can |may |could )?(?:then )?)?(?:solv|"
            r"complet|finish|answer|proceed|continu|perform|summari[sz]|respond|reply|execut|carry out)\w{0,5}\b"
            r"[^.\n]{0,30}\b(?:the|this|that|your|my|any|their|these|user'?s?)\b[^.\n]{0,20}\b(?:tasks?|requests?|"
            r"summar(?:y|ies)|questions?|quer(?:y|ies)|prompts?|instructions?|job|work|actions?|answer|response)\b"
            r"|\bthe (?:tasks?|instructions?|request) (?:that )?(?:i|we|the user) (?:gave|have given|asked|sent)\b"
            r"|\b(?:user|original)(?:'s)? (?:task|request|instructions?|query|question)\b"
            r"|\bthe user (?:also|further|additionally|now) (?:wants?|needs?|asks?|asked|requests?|requested|"
            r"expects?)\b"
            r"|\bthe user (?:wants|wanted|needs|asks for|asked for|requests|requested) (?:one more|another|"
            r"an additional|one other|the following)\b",
        ),
    ),
    (
        "addresses an automated reader",
        re.compile(
            # `Dear agent` is how people write to an agency
            r"\b(?!dear,? (?:port |ship |travel |estate |shipping )?agents?\b)"
            r"(?:note|message|instructions?|information|notice|attention|memo|reminder|hello|hi|hey|dear|attn|for|to)\b"
            r"[ ,:]{1,3}(?:for |to |from )?(?:the |any |all |every |our |your |this |an? )?(?:[a-z]{2,14} ){0,2}"
            r"(?:ai|a\.i\.|llms?|assistants?|agents?|bots?|chatbots?|copilot|language models?|gpt[-\w.]{0,6}|claude|"
            r"gemini|automated (?:readers?|systems?|tools?|processing)|automation|crawlers?|models?)\b(?! (?:fee|name|"
            r"number|id|desk|contact|phone|email|team|was|said|told|helped|is very|were)"
            rf"| (?:{_POSTS})\b)"
            r"|\b(?:you are|as|if you'?re|if you are|acting as) (?:an?|the) (?:helpful |autonomous |virtual |friendly |"
            r"personal |smart )?(?:ai|llm|assistant|language model|chatbot|bot|ai agent|agent)\b"
            r"|\b(?:dear|hey|hi|hello|attention|to you),? (?:gpt|chatgpt|claude|gemini|copilot|llama|mistral|"
            r"assistant|ai)\b"
            r"|(?:^|[.\n:>!?(\[{|*]\s{0,3}|[–—-]\s{1,3})(?!dear agent\b)(?:ai |the |dear |hey |hi |hello )?(?:ai agent|"
            r"agent|assistant|bot|copilot|chatbot|llm)\s?[,:]"
            # `message from Ada Lind to her engineering copilot`
            r"|\b(?:note|message|instructions?|order|memo|reminder)\b[ ,:]{1,3}(?:from [\w.'’ -]{2,40} )?(?:for|to) "
            r"(?:his|her|their|its|my|whose|the|an?) (?:[a-z]{2,14} ){0,2}(?:ai|assistants?|copilot|chatbot|bot|llm)\b"
            rf"(?! (?:{_POSTS})\b)"
            r"|\b(?:ai|assistant|agent|bot|llm|copilot|chatbot) (?:instructions?|directives?|notes?|tasks?|"
            r"commands?)\s?:"
            r"|\b(?:ai|llm|virtual|automated|digital) (?:assistants?|agents?|readers?|systems?) (?:must|should|"
            r"shall|will|"
            r"reading|processing|handling|summari[sz]ing|please|need|is to|are to|that (?:read|process|handle))",
        ),
    ),
    (
        "imitates the markup of a system prompt",
        re.compile(
            r"<\|?/?(?:system|im_start|im_end|instructions?|information|important|admin|prompt|assistant|user|task|"
            r"inst|"
            r"sys|context|override|secret|hidden|begin|end)[^<>\n]{0,40}\|?>"
            r"|\[/?(?:inst|system|instructions?|admin|assistant|system message|hidden)\]"
            r"|\[{1,2}/?(?:system|admin|administrator|assistant|agent|operator|developer|orchestrator)[ _-]"
            r"(?:directive|instruction|override|prompt|command|order|task)s?\b[^\]\n]{0,60}\]"
            r"|(?:(?:^|\n)\s{0,4}#|##)#{0,4}\s{0,3}[(\[<{]?(?:system|instructions?|new instructions?|assistant|"
            r"admin|response|"
            r"override)(?![a-z])"
            r"|\bsystem (?:message|prompt|override|notice|instructions?|note)\b\s{0,3}[:\]>-]"
            # `### Message from Ada Lind to the assistant ###`
            r"|[#=*~<>|-]{2,8}\s{0,3}(?:message|note|instructions?|orders?|memo)\b[^\n]{0,60}\b(?:to|for) "
            r"(?:(?:the|an?|your|his|her|their|my) )?(?:[a-z]{2,12} ){0,2}(?:assistant|agent|ai|bot|copilot|llm|"
            r"model)\s{0,3}[#=*~<>|-]{2,8}"
            r"|\[{1,2}(?:system|sistema|système|systeem)\b[^\]\n]{0,40}(?:instr[uú]|anweisung|consigne|istruzion|"
            r"directi|richtlin)"
            r"|={3,}\s{0,3}(?:system|instructions?|end|begin)|\bend of (?:system|user|document|context|prompt)\b"
            r"|[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system|developer|assistant|user)[\"']"
            r"|</[a-z][a-z0-9_-]{0,30}>\s{0,4}(?:system|operator|admin|administrator|assistant|user)\s?:",
        ),
    ),
    (
        "asks for secrecy",
        re.compile(
            r"\b(?:do not|don'?t|never|without|avoid|no need to|refrain from)\b[^.\n]{0,25}\b(?:mention|mentioning|"
            r"tell|"
            r"telling|inform|informing|reveal|revealing|disclose|disclosing|alert|alerting|notify|notifying|report|"
            r"reporting|discuss|show|showing|let)\b[^.\n]{0,30}\b(?:this|it|step|user|anyone|anybody|them|him|her|"
            r"these|"
            r"that|the (?:user|owner|team|customer|request|instruction))\b"
            r"|\b(?:silently|secretly|covertly|discreetly|quietly|without (?:asking|confirmation|confirming|approval|"
            r"prompting|the user|any (?:confirmation|notice|approval)|their knowledge))\b"
            r"|\b(?:keep|remain) (?:this|it) (?:secret|hidden|quiet|between us|confidential from)\b"
            r"|\b(?:users?|customers?|owners?|humans?|person|people) (?:do(?:es)? not|do(?:es)?n'?t|need not|must not|"
            r"should not|shall not|never) (?:need to |have to )?(?:see|know|notice|learn|be (?:told|informed|shown))\b",
        ),
    ),
    (
        "names the assistant's tools or their arguments",
        re.compile(
            r"\b(?:use|call|invoke|using|calling|run|trigger|execute)\b[^.\n]{0,20}\b(?:tool|function|plugin|connector|"
            r"api)s?\b[^.\n]{0,60}|\bwith the (?:following )?(?:arguments?|parameters?)\b|\b(?:tool|"
            r"function)[ _]calls?\b"
            r"|\byour (?:tools|functions|capabilities|connectors|plugins)\b",
        ),
    ),
    (
        CALLS_ON_ASSISTANT,
        re.compile(
            # `¡Atención, asistente!`, `pour l'assistant de Jeanne : ...`
            rf"(?:^|[.\n;>!?¡¿(\[]\s{{0,3}}|\b(?:{_CALLING}),? )"
            rf"(?:(?:{_MACHINES}|{_HELPERS})\s?[,!]|(?:{_MACHINES})\s?:)"
            rf"|(?:^|[\s(\[])(?:für|pour|para|per|voor|dla|för|pro) (?:[ld]['’]|(?:den|die|el|la|lo|il|o|de|het) )?"
            rf"(?:{_MACHINES}|{_HELPERS})\b(?: [\w.'’-]{{1,20}}){{0,3}}\s?:"
            # `scrivo all'assistente da qui`
            rf"|\b(?:scriv|escrib|écri|schreib|schrijf|escrev|pisz|skriv)\w{{0,4}} (?:[\w'’]{{1,12}} )?"
            rf"(?:all['’]|al |a la |à l['’]|a mon |an (?:den|die|meinen?|deinen?) |aan (?:de|mijn|jouw) |ao |do |till )"
            rf"(?:{_MACHINES}|{_HELPERS})\b",
        ),
    ),
    (
        SPEAKS_TO_CALLER,
        re.compile(
            r"\b(?:the )?caller (?:must|has to|should|shall|will|needs? to|is to)\b"
            # one who telephones has nothing to do first
            r"|\b(?:calling|requesting|invoking) (?:agent|assistant|client|model|process) (?:must|has to|should|shall|"
            r"will|needs? to|is to)\b[^.\n]{0,40}\b(?:first|before)\b"
            r"|\b(?:the )?(?:original |pending |first |same )?(?:tool |api )?(?:call|request|operation) (?:will|can) "
            r"(?:then |only |not )?(?:go through|be (?:accepted|processed|retried|completed|executed)|succeed|"
            r"complete)\b",
        ),
    ),
    (
        "poses as an urgent message from the user or an authority",
        re.compile(
            r"\bthis is an? (?:very )?(?:important|urgent|official|critical|high.priority) (?:message|notice|request|"
            r"instruction|note|order|directive|system)\b|\bimportant\s?!{2,}|\b(?:signed|yours),? (?:your|the) (?:user|"
            r"owner|administrator|admin|developer|system)\b|\bi am (?:your|the) (?:user|owner|developer|creator|"
            r"administrator|admin|operator)\b|\b(?:authori[sz]ed|approved|ordered|mandated) by (?:your|the) (?:user|"
            r"owner|administrator|admin|developer|operator|system)\b",
        ),
    ),
)

# With those that take a table of each language.
SIGNATURES: tuple[tuple[str, re.Pattern[str] | Folded], ...] = (
    *_WORDED,
    *((form.name, form.pattern) for form in FORMS),
)

# Those no honest text for agents needs, such as the description of a tool, which may well name tools and arguments.
OVERRULING = frozenset(
    (
        "tells the reader to set aside earlier instructions",
        "claims an instruction above the user's",
        "imitates the markup of a system prompt",
        "asks for secrecy",
    )
)


# What stands in a text where a pattern may match (any of it), and the pattern: most texts have none of these.
_Glance = tuple[tuple[str, ...], re.Pattern[str]]

# Of each sign above: the words one of which it holds, glances for what shows it without any of them, and how far
# before and after the word it reaches.
_HINTS: tuple[tuple[frozenset[str], tuple[_Glance, ...], int, int], ...] = tuple(
    (frozenset(words.split()), glances, before, after)
    for words, glances, before, after in (
        ("ignore disregard forget override overrule bypass skip drop cancel set discard stop", (), 20, 160),
        (
            "strictly instruction instructions directive orders objective task precedence priority goal job adhere",
            (),
            *(60, 60),
        ),
        (
            "task tasks request requests summary summaries question questions query queries prompt prompts "
            "instruction instructions job work action actions answer response",
            ((("the user ",), re.compile(r"the user (?:also|further|addit|now|want|need|ask|req)")),),
            *(160, 60),
        ),
        (
            "ai llm llms assistant assistants agent agents bot bots chatbot chatbots copilot model models claude "
            "gemini chatgpt llama mistral automated automation crawler crawlers reader readers system systems",
            ((("gpt",), re.compile("gpt")), (("a.i.",), re.compile(r"a\.i\."))),
            *(100, 60),
        ),
        (
            "system",
            (
                (
                    ("<", "[", "#", "="),
                    re.compile(
                        r"[<\[#=][|/#=\s(\[<{]{0,12}"
                        r"(?:s[iy]s|im_|ins|inf|imp|adm|pro|ass|use|tas|con|ove|sec|hid|beg|end|new|res|age|ope|dev|orc)"
                    ),
                ),
                (
                    ("##", "==", "**", "~~", "<<", ">>", "||", "--"),
                    re.compile(r"[#=*~<>|-]{2}\s{0,3}(?:mess|note|inst|orde|memo)"),
                ),
                (
                    ("end of ",),
                    re.compile(r"end of (?:sys|use|doc|con|pro)"),
                ),
                (("role",), re.compile(r"[\"']role[\"']")),
                (("</",), re.compile(r"</[a-z][a-z0-9_-]{0,30}>\s{0,4}(?:sys|ope|adm|ass|use)")),
            ),
            *(40, 100),
        ),
        (
            # what is not to be told rather than `not`, which most letters hold
            "mention mentioning tell telling inform informing reveal revealing disclose disclosing alert alerting "
            "notify notifying report reporting discuss show showing let silently secretly covertly discreetly quietly "
            "asking confirmation confirming approval prompting user notice knowledge secret hidden quiet between "
            "confidential users customer customers owner owners human humans person people",
            (),
            *(60, 80),
        ),
        (
            "tool tools function functions plugin plugins connector connectors api apis argument arguments parameter "
            "parameters capabilities",
            (),
            *(60, 100),
        ),
        (f"{_MACHINES} {_HELPERS} zeka".replace("|", " "), (), 40, 80),
        ("caller calling requesting invoking call request operation", (), 40, 100),
        (
            "important urgent official critical high user owner administrator admin developer system creator operator",
            (),
            *(60, 60),
        ),
    )
) + tuple((form.words, form.glances, form.before, form.after) for form in FORMS)
_ALL_MARKS = frozenset(mark for _, glances, _, _ in _HINTS for marks, _ in glances for mark in marks)
_MARKS = tuple(sorted(mark for mark in _ALL_MARKS if not any(other in mark for other in _ALL_MARKS - {mark})))
_SIGN_OF = {
    word: sum(1 << number for number, (words, *_) in enumerate(_HINTS) if word in words)
    for words, *_ in _HINTS
    for word in words
}
_SIGN_WORDS = frozenset(_SIGN_OF)
# Of some signs: pieces of text of which one more stands near those words, since the words alone are in any letter.
_NEAR_BY: dict[str, tuple[str, ...]] = {
    "tells the reader to set aside earlier instructions": tuple(
        (
            "struction prompt rule guideline direction command order task request guardrail polic message context"
            " everything all anything whatever"
        ).split()
    ),
    "speaks to the assistant about the user's task": (
        *"solv complet finish answer proceed continu perform summari respond reply execut user original".split(),
        *("carry", " gave", " given", " asked", " sent"),
    ),
    "asks for secrecy": (
        *"not n't dont never without avoid refrain silently secretly covertly discreetly quietly".split(),
        *("no need", "keep ", "remain "),
    ),
    SPEAKS_TO_CALLER: (
        *(
            "caller",
            "calling ",
            "requesting ",
            "invoking ",
            "go through",
            "be accept",
            "be process",
            "be retri",
            "be complet",
            "be execut",
            "succeed",
            "complete",
        ),
    ),
    "poses as an urgent message from the user or an authority": (
        *("this is a", "!!", "signed", "yours", "i am ", " by your", " by the"),
    ),
}
# `do not forward this without asking`: whoever says so wants to be asked.
_IS_NOT_TO = re.compile(r"(?:\b(?:not|never|cannot)|n['’]t) (?:[\w'’-]{1,30} ){1,6}$")
_A_CLAUSE = 120
_PIECES = (*(_NEAR_BY.get(name, ("",)) for name, _ in _WORDED), *(form.pieces for form in FORMS))
_SOUGHT = tuple(
    (1 << number, name, pattern, glances, before, after, pieces)
    for number, ((name, pattern), (_, glances, before, after), pieces) in enumerate(
        zip(SIGNATURES, _HINTS, _PIECES, strict=True)
    )
)


def hints_in(words: Iterable[str]) -> int:
    """Which signs a sentence of these words (no hyphens or apostrophes in them) may be part of, a bit each."""
    found = 0
    for word in _SIGN_WORDS.intersection(words):
        found |= _SIGN_OF[word]
    return found


def may_be_signed(lower: str, hints: Iterable[int]) -> bool:
    """False where no sign can stand in a lower-cased text; `hints` is what `hints_in` says of its sentences."""
    return any(hints) or _is_marked(lower, 0, len(lower))


def _is_marked(lower: str, start: int, end: int) -> bool:
    for mark in _MARKS:  # noqa: SIM110 a generator takes twice as long, and this is asked of each field (2026-11)
        if lower.find(mark, start, end) >= 0:
            return True
    return False


def find_signatures(
    lower: str, start: int, end: int, hints: Iterable[tuple[int, int, int]]
) -> Iterator[tuple[str, int, int]]:
    """(what it is, start, end) of each sign between `start` and `end` of a lower-cased text.

    `hints` are (start, end, what `hints_in` says) of its sentences in order; a sign is only looked for near one.
    """
    hinted = [hint for hint in hints if hint[2]]
    seen = 0
    for _, _, signs in hinted:
        seen |= signs
    marked = _is_marked(lower, start, end)
    for bit, name, pattern, glances, before, after, pieces in _SOUGHT:
        if not (seen & bit or (glances and marked)):
            continue
        places = [(near, far) for near, far, signs in hinted if signs & bit] if seen & bit else []
        for marks, glance in glances if marked else ():
            if any(lower.find(mark, start, end) >= 0 for mark in marks):
                places = sorted(places + [match.span() for match in glance.finditer(lower, start, end)])
        if not places:
            continue
        for near, far in merged((max(start, near - before), min(end, far + after)) for near, far in places):
            if not any(lower.find(piece, near, far) >= 0 for piece in pieces):
                continue
            for match in pattern.finditer(lower, near, far):
                at = match.start()
                if not (lower.startswith("without", at) and _IS_NOT_TO.search(lower[max(0, at - _A_CLAUSE) : at])):
                    yield name, at, match.end()


def merged(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending stretches with those that overlap joined."""
    found: list[tuple[int, int]] = []
    for start, end in stretches:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
