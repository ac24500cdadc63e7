"""The user goes by what somebody else said: `apply the corrections the proofreader listed`, `book what he suggests`.

Whatever the deed: an order of the user's, and behind it a clause in which another person or a text says, wants or lists
something. Whoever only wants to know of it (`show me what she wrote`) has left nothing to anybody.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from guardrail.text.words import ENGLISH

_LONGEST = 4_000
_SENTENCE = re.compile(r"(?<=[^.]\.)\s|[!?;\n]|\s[–—-]\s")
# What stands before the order itself, and whom it is for.
_POLITELY = re.compile(
    r"^(?:\W|(?:please|pls|kindly|hi|hey|hello|ok|okay|so|then|and|also|now|just|go ahead|first|next|fine|great|"
    r"thanks|good morning|would you|could you|can you|will you|can u|i'd like you to|i want you to|i need you to|"
    r"i'd be grateful if you (?:would|could)|you can|you may|could somebody|let's|be so kind(?: as)? to|before that|"
    r"after that|after(?:wards)?|beforehand|before|at the end|finally|lastly|in the end|once done|to begin with)\b)*"
)
# Whoever begins so wants to know, hear, keep or hand on something.
_LOOKING = re.compile(
    r"(?:summari[sz]e|tell (?:me|us)|show|list|explain|quote|read|find|look|see|check|paste|translate|copy|what|"
    r"which|who|whose|when|where|why|how|is|are|was|were|has|have|had|do (?:i|we|you|they)|does|did|remind|count|"
    r"compare|print|archive|search|describe|file|flag|get me|give me|give us|let me|put a copy|attach|save|store|"
    r"report|sort|rank|rate|proofread|spell|i'd like (?:a|an|to know|to see)|i (?:only |just )?want to (?:know|see|"
    r"read)|i need the)\b(?!['’]s\b)(?! (?:out|over|up with|to|after|into|off)\b)(?! [^.,]{1,40} out\b)"
)
# Whoever begins so tells something, or forbids it.
_TELLING = re.compile(
    r"(?:i|we|that|there|it|he|she|they|the|this|my|our|his|her|their|don['’]t|do not|never|if|whether|because|"
    r"nobody|say|tell|ask|forward|draft|text|call)\b"
)
_DOING = (
    ENGLISH.general | ENGLISH.verbs.keys() | frozenset("do get make act sort put take go let have work run".split())
)
# `Ruth from finance has sent the list`
_STATING = re.compile(
    r"(?:[\w.'’-]{1,30} ){1,5}(?:has|have|had|is|are|was|were|will|wrote|wants?|needs?|sent|says?|said|asked|left|"
    r"replied|reckons|explains|knows|tells|told|came|lies|put|mailed|texted|called)\b"
)
_AND = re.compile(r",? (?:and|then|but)(?: then)? |, (?=(?:please|pls|kindly)\b)")
_NOBODY_ELSE = r"(?!(?:i|we|you|it's|to|not|be|been|being|and|or|but|nobody|no|that|which|what|who)\b)"
_SAYING = (
    r"(?:says?|said|writes?|wrote|written|propos(?:es?|ed)|suggest(?:s|ed)?|recommend(?:s|ed)?|advis(?:es?|ed)|"
    r"list(?:s|ed)|nam(?:es|ed)|not(?:es|ed)|mark(?:s|ed)|asks?|asked|request(?:s|ed)|wants?|wanted|wish(?:es|ed)|"
    r"needs?|needed|describ(?:es|ed)|prescrib(?:es|ed)|specif(?:ies|ied)|indicat(?:es|ed)|requir(?:es|ed)|calls? for|"
    r"lays? out|laid (?:out|down)|sets? out|drew up|left (?:for|me|us|on|in|behind)|dictat(?:es|ed)|instruct(?:s|ed)|"
    r"jotted|mention(?:s|ed)|spells? out|spelled out|outlin(?:es|ed)|rais(?:es|ed)|demand(?:s|ed)|(?:would|"
    r"['’]d) like|has in mind|had in mind|consider(?:s|ed)|told|decid(?:es|ed)|explain(?:s|ed)|put(?= it| them|"
    r" down)|announc(?:es|ed)|drafted|picks?|picked|cho(?:oses|se)|circled|highlighted|ticked|order(?:s|ed)|texted|"
    r"mailed)"
)
# `the corrections the proofreader listed`, `whoever he names`, `in the manner the rota prescribes`, `as Rob put it`
_OTHERS_SAY = re.compile(
    r"(?:\b(?:what|whatever|who|whom|whoever|whichever|wherever|whenever|where|as|how|way|like|those|ones?|"
    r"everything|anything|all|(?!(?:till|until|before|after|because|if|while|since|that|unless|although|though|about|"
    r"with|for|from|to|and|or|mail|e-?mail|text|ask|tell|message)\b)[a-z'’-]{3,30})(?: (?:that|which))? )"
    + _NOBODY_ELSE
    + r"(?:(?:the|my|our|his|her|their|your|its|this|"
    r"that|a|an) (?:[\w'’-]{2,30} ){0,2})?[\w.@'’-]{2,40}(?: [a-z]{3,20})?(?<! a)(?<! an)(?<! of)(?<! for)(?<! with)"
    r"(?<! to)(?<! by)(?<! in)(?<! on)(?<! from)(?<! the)(?<! and)(?<! or)(?<! is)(?<! are)(?<! was)(?<! been)"
    r"(?<! be)(?<! not)(?: \([^)]{1,40}\))?(?:'(?:s|re|ve|d))? (?:(?:has|have|had|is|are|will have|would|might|may|"
    r"still|also|just|already|kindly|"
    r"usually) ){0,2}(?:" + _SAYING + r"|(?<=[ers] )(?:asking|requesting|demanding|proposing|suggesting|after)|"
    r"(?<=s )(?:asking|requesting))\b"
)
# `the users named in the note`, `the steps set out by the vendor`
_SAID_IN = re.compile(
    r"\b(?:listed|named|set out|noted|marked|described|given|laid down|specified|written|prescribed|spelled out|"
    r"suggested|proposed|recommended|requested|outlined|stated|advised|required|mentioned|indicated|ordered|agreed|"
    r"demanded|asked for|put down|left) (?:in|on|by|at|under|there)\b"
)
# `in keeping with her latest mail`, `as instructed`, `per the vendor's advisory`, `by Jo's directions`
_GOING_BY = re.compile(
    r"\b(?:as per|per(?= (?:the|our|my|his|her|their|this|that|[\w.-]{2,30}['’]s)\b)|in (?:keeping|line|accordance|"
    r"compliance|conformity|step) with|according to|following|going by|on the basis of|by (?:the|his|her|their|"
    r"[\w.-]{2,30}['’]s) (?:[\w-]{2,20} )?(?:directions?|instructions?|orders?|advice|notes?|plan|rules?)|"
    r"as (?:instructed|directed|told|advised|requested|prescribed|ordered|laid down|set out|"
    r"indicated))\b(?! (?:usual|always|before|last time|me|us|you|up)\b)"
)
_OF_OTHERS = (
    r"(?:check ?lists?|play ?books?|run ?books?|procedures?|protocols?|sops?|minutes|comments?|requests?|directions?|"
    r"instructions?|orders|circular|brief|demands?|corrections?|edits|revisions?|amendments?|requisition|wishes|"
    r"wish ?list|to-?dos?|action (?:points|items)|hand-?over|guidelines?|recommendations?|suggestions?|remarks|"
    r"next steps|feedback|changes|migration plan|care plan|itinerary|script|recipe|bits and (?:bobs|pieces)|"
    r"odds and ends)"
)
# `give effect to her amendments`, `run through the checklist`, `honour their wishes`
_DOES_TEXT = re.compile(
    r"\b(?:action|work (?:in|off|down|through|your way (?:down|through))|knock out|comply with|honou?r|"
    r"put into practice|give effect to|carry (?:out|on with)|attend to|run(?: through)?|go (?:by|with|through)|"
    r"stick to|abide by|incorporate|implement|see to|respect|meet|grant|fulfil|execute|obey|observe|complete|"
    r"tick off|clear|apply|use|take|follow|enter|make|do|put (?:in|through|into (?:practice|effect))|accept|"
    r"introduce|act (?:on|upon)|deliver on|address|satisfy|perform|enact) (?:(?:the|all|all the|my|our|his|her|its|"
    r"their|your|"
    r"this|that|these|those|every|each|any|[\w.-]{2,30}['’]s) )?(?:[\w'’-]{1,24} ){0,4}?" + _OF_OTHERS + r"\b"
    r"|\b(?:action|act (?:on|upon)|attend to|see to|carry out|work (?:off|down|through)|knock out|execute|obey|"
    r"comply with|go by|implement|handle|deal with|take care of) (?:(?:the|my|our|his|her|their|this|that|"
    r"[\w.-]{2,30}['’]s) )(?:[\w'’-]{1,24} ){0,2}?(?:notes?|memo|letter|e-?mail|mail|message|voicemail|card|slip|"
    r"post-it)\b"
    r"|\b[a-z]{2,12} (?:it|them|that|those|these|this|both|everything|the [a-z]{3,20})\b[^.!?\n]{0,40}? (?:exactly |"
    r"just )?"
    r"(?:as|like|the way) (?:he|she|they|it|the [\w-]{2,20}|[\w.-]{2,30}) (?:put it|" + _SAYING + r")\b"
    r"|\bget (?:[\w'’-]{1,24} ){1,5}?(?:requests?|points|comments?|list|demands?|wishes) (?:done|sorted|dealt with|"
    r"seen to)\b"
)
# Behind what somebody wrote or wants: `She has a wish list. Grant her everything on it`, `He left a note. Make it so`
_BY_OTHERS = re.compile(
    r"\b(?!(?:i|we|you)\b)[\w.'’-]{1,30} (?:has|have|had|will have|'s|’s)? ?(?:been in touch|left|wrote|written|sent|"
    r"replied|dictated|put|typed|drawn up|drew up|set out|explain\w*|answered|commented|marked|listed|found|"
    r"forwarded|asked|asks|wants|needs|says|said|told|reckons|posted|come back|came back|submitted|filed|"
    r"a wish ?list|some (?:demands|requests|wishes|ideas))\b"
    r"|\b(?:" + _OF_OTHERS + r"|notes?|letter|mail|e-?mail|message|voicemail|memo) "
    r"(?:[\w'’-]{1,20} ){0,4}?(?:is|are|lies?|sits?|came|arrived|waits?)\b"
    r"|\bthere(?:'s| is| are| should be| will be) (?:a|an|some|two|three|several)\b"
)
_THEN_DO = re.compile(
    r"^(?!(?:send|forward|tell|show|print|delete|archive|file|save|read|ignore|thank|remind)\b)[a-z]{2,12}(?: (?:her|"
    r"him|them|us|me))?(?: [a-z]{2,8})?? (?:it|them|that|those|these|this|both|all|all of (?:it|them)|"
    r"everything(?: on it| in it)?|so|the lot)\b(?:,? (?:in|up|out|off|on|down|for me|for us|so|like that|that way|"
    r"please|now|today|then|all|through|over)){0,3}\W*$"
    r"|^(?:over to you|make it so|go (?:with|by) (?:that|it|them)|do as (?:he|she|they|it) .{2,40}|deliver|"
    r"respect that.{0,40}|do what needs doing.{0,40})\W*$"
)


@lru_cache(maxsize=512)
def goes_by_others(said: str) -> bool:
    """Some of what is to be done is another's to say. `said` is lower-cased.

    English only: other languages have tables (`guardrail.text.other_tongues`).
    """
    return any(
        _OTHERS_SAY.search(order) or _SAID_IN.search(order) or _GOING_BY.search(order) for order, _ in orders_in(said)
    )


@lru_cache(maxsize=512)
def does_all_of_theirs(said: str) -> bool:
    """A text or what somebody wants is to be done as a whole. As above."""
    return any(_is_theirs(order, before) for order, before in orders_in(said))


def own_orders(said: str) -> str:
    """What else is to be done. `enter the changes she lists and tell Ann` leaves `tell Ann`."""
    return "\n".join(order for order, before in orders_in(said) if not _is_theirs(order, before))


def _is_theirs(order: str, before: str) -> bool:
    return _DOES_TEXT.search(order) is not None or bool(_BY_OTHERS.search(before) and _THEN_DO.search(order))


def orders_in(said: str) -> Iterator[tuple[str, str]]:
    """Each order with the sentence before it."""
    before = ""
    for sentence in _SENTENCE.split(said[:_LONGEST]):
        for part in _AND.split(sentence):
            order = _begun(part)
            first = order.split(" ", 1)[0].strip(",.")
            if not order or _LOOKING.match(order) or _TELLING.match(order):
                continue
            if first in _DOING or not _STATING.match(order):
                yield order, before
        before = sentence


def without_looking(said: str) -> str:
    """The same; where nothing is to be done, without each part that only wants something known or kept."""
    if next(orders_in(said), None):
        return said
    kept: list[str] = []
    for sentence in _SENTENCE.split(said[:_LONGEST]):
        looking = False
        for part in _AND.split(sentence):
            order = _begun(part)
            if _LOOKING.match(order):
                looking = True
            elif order.split(" ", 1)[0].strip(",.") in _DOING or _TELLING.match(order):
                looking = False
            if not looking:
                kept.append(part)
        kept.append("\n")
    return " ".join(kept)


def _begun(part: str) -> str:
    """What is behind the polite words it begins with."""
    found = _POLITELY.match(part)
    return part[found.end() :] if found else part
