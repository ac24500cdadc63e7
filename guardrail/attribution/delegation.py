"""How far the user let texts decide: nothing, the values of a deed, or the deeds themselves."""

import re
from enum import Enum
from functools import lru_cache

from guardrail.attribution.as_others_say import does_all_of_theirs, goes_by_others, without_looking
from guardrail.attribution.errands import hands_over_errand
from guardrail.attribution.left_to_text import Leaving, leaving
from guardrail.destinations import EMAIL
from guardrail.text.directives import words_of
from guardrail.text.other_tongues import (
    hands_over,
    hands_over_what_is_asked,
    leaves_to_text,
    says_where_it_stands,
)
from guardrail.text.others_words import carries_out_text_abroad, goes_by_others_abroad, only_looks_abroad

_THING = (
    r"(?:e-?mails?|mails?|messages?|notes?|files?|documents?|docs?|tickets?|issues?|pages?|web ?pages?|websites?|"
    r"lists?|"
    r"to-?dos?(?: list)?|instructions?|steps?|tasks?|actions?|requests?|inbox|memo|letter|minutes|readme|thread|chat|"
    r"comments?|attachments?|invoice|bill|notice|form|calendar|invitations?|posts?|reviews?|articles?|pdfs?|report|"
    r"newsletter|wiki|guide|manual|policy|handbook|transcript)"
)
_WORK_ITEM = (
    r"(?:instructions?|actions?|steps?|tasks?|to-?dos?|to-?do list|requests?|whatever|what (?:it|he|she|they|the)|"
    r"everything|inbox|e-?mails?|mails?|messages?|tickets?|issues?|bugs?|incidents?|cases?|queue|backlog|checklist|"
    r"pull requests?|work items?|enquir(?:y|ies)|inquir(?:y|ies)|complaints?|alerts?|comments?|suggestions?|feedback|"
    r"remarks?|chores?|duties|errands?|routines?|change requests?|hand-?overs?)"
)
_RULE_NOUNS = (
    r"readme|guide|docs?|documentation|instructions?|manual|runbook|playbook|procedure|policy|checklist|handbook|"
    r"steps|recipe|tutorial|template"
)
_RULES = r"(?:" + _RULE_NOUNS + r")"
# "Do what it says": the texts the agent finds may name the actions.
_DO_WHAT_IT_SAYS = re.compile(
    r"\b(?:follow|do|perform|execute|complete|carry out|implement|act on|take care of|handle|process|work (?:on|"
    r"through)|"
    r"go through|deal with|apply|finish|address|resolve|fix|solve|triage|close|reproduce|look (?:into|at|after)|"
    r"work (?:off|down|out)|take over|see to|attend to|get on with|get through|"
    r"have a look at|take a look at|clear|tackle|answer|action)\b[^.!?\n]{0,40}\b" + _WORK_ITEM + r"\b"
    r"|\b(?:following|according to|as per|along|by following|as in|using) (?:the |my |our |your |its |this |that )?"
    r"(?:[\w'-]+ ){0,3}" + _RULES + r"\b"
    r"|\b(?:the way|just as|exactly as|like|as) (?:the |my |our |your |it |he |she |they )?(?:[\w'-]+ ){0,3}(?:says?|"
    r"describes?|requires?|wants?|asks?|specifies|tells?|demands?|requested|described|asked|said)\b"
    r"|\b(?:reply|respond|react|answer)(?: back)? to (?:the|this|that|my|all|any|each|every|his|her|"
    r"their)\b[^.!?\n]{0,30}"
    r"\b(?:e-?mails?|mails?|messages?|tickets?|issues?|requests?|comments?|inbox)\b"
    r"|\bwhat(?:ever)? (?:he|she|they|it|the [a-z]+|[\w.@'-]{2,60}) (?:asks?|asked|says?|said|wants?|needs?|"
    r"requests?)\b"
    r"|\b(?:actions?|tasks?|steps?|instructions?|changes|things|requests?) (?:(?:that|which) (?:is|are) )?(?:specified|"
    r"described|listed|mentioned|requested|outlined|given|written|asked|contained|there|in|from|on)\b"
    r"|\bwhat(?:'s| is| was) (?:specified|described|requested|outlined|written|asked|demanded|needed|required)\b"
    r"|\bfollow (?:the|our|my|its|this|that) (?:(?:[\w'-]{1,40}|&) ){0,4}"
    r"(?:page|list|sheet|plan|routine|protocol|rules?|section|" + _RULE_NOUNS + r")\b"
    r"|\b(?:carry on|continue|proceed|resume|take over) (?:where|from where|with what)\b"
    r"|\bwork (?:through|off|down) (?:the|my|our|her|his|their|[\w.-]{2,30}'s) (?:[\w'-]{1,20} ){0,3}"
    r"(?:notes?|memo|letter|minutes|sheet|page|file|document|spreadsheet)\b",
    re.IGNORECASE,
)
# `as the guideline for renal patients says`
_AS_IT_SAYS = re.compile(
    r"\bas (?:the|our|my|your) (?:[\w'-]{1,40} ){1,7}"
    r"(?:says?|states?|lists?|describes?|foresees?|recommends?|requires?)\b"
)
# `réponds au message que le colis arrive lundi`: what to answer is said.
_SAYS_WHAT = re.compile(
    r"^\W*(?:\w+ )?(?:r[ée]pond\w*|respond\w*|antwort\w*|contest\w*|rispond\w*|beantwoord\w*|odpowiedz\w*|odpisz)\b"
    r"[^.!?\n]{0,80}[ ,](?:que|qu['’]\w+|dass|che|dat|że|ze)\b"
)
# `answer the mail that we come on Friday`: what to answer is said.
_ANSWERS_THAT = re.compile(
    r"\b(?:reply|respond|answer|write back)\b[^.!?\n]{0,60}? that (?:the|we|our|i|it|this|there|you|yes|no|all|"
    r"everything|nothing|he|she|they|his|her|their) (?!(?:got|received|sent|wrote|get|asked|mailed|came|arrived)\b)"
)
# `do the bits for Leeds`, `do her list`, `prepare it as on the page`, `onboard her with the checklist`
_BY_LIST = re.compile(
    r"\bdo (?:all (?:of )?)?(?:the|her|his|my|their|our|your|those|these|[\w.-]{1,30}'s) (?:[\w-]{1,30} ){0,2}"
    r"(?:bits|points|things|jobs|items|list|rest|lot)\b"
    r"|\bdo (?:each|every|all|any|the) ?(?:thing|point|item|step|line|task|job)?s? (?:that is |that's |which is )?"
    r"(?:on|in) (?:it|there|them)\b"
    r"|\bas (?:on|in|per) (?:the |my |our |her |his )?(?:[\w-]{1,30} )?(?:page|list|note|sheet|plan|checklist|wiki)\b"
    r"|\b(?:with|by|using) (?:the|our|my) (?:[\w-]{1,30} )?(?:checklist|procedure|runbook|playbook|routine)\b"
)
# `tick off what she left for me`, `get the things done that he noted`, `handle whatever Kim has put in there`
_WHAT_SOMEBODY_LEFT = re.compile(
    r"\b(?:do|handle|tick off|work (?:off|through|down)|clear|get through|finish|sort(?: out)?|take care of|see to|"
    r"deal with|action|complete|carry out|go through|process|knock out|pick up|settle|arrange|tackle|act on|execute|"
    r"follow up(?: on)?|attend to|get on with) "
    r"(?:(?:all|everything|whatever|what|anything|the (?:\w{1,12} )?(?:things|points|bits|jobs|stuff|rest|lot|items|"
    r"requests?|tasks?|matters?))(?: of it)?)(?: that| which)? (?!(?:i|we|you)\b)[\w.'-]{2,30}(?: [\w.'-]{2,30}){0,2}? "
    r"(?:left|leaves|noted|notes|jotted|listed|lists|set out|put|puts|has (?:left|put|noted|written|listed|asked)|"
    r"wrote|writes|wants?|wanted|needs?|needed|asks?|asked|requests?|requested|mentions?|mentioned|handed)\b"
)
# `onboard her following /office/onboarding.md`
_BY_FILE = re.compile(
    r"\b(?:follow(?:ing)?|according to|as per) (?:the |our |my )?(?:[\w-]{1,30} )?"
    r"(?:/[\w.-]{1,60}(?:/[\w.-]{1,60}){0,8}|[\w-]{1,60}\.(?:md|txt|docx?|odt|pdf|rtf|html?|xlsx?|csv|pptx?))(?![\w/])"
)
# `to the slot the practice offers`, `at the time and dock he gives`
_AS_OFFERED = re.compile(
    r"\b(?:to|at|for|on|by) (?:the|that|whatever|whichever) (?:new )?"
    r"(?:slot|date|day|time|hour|place|price|amount|room)s?"
    r"(?: and (?:the )?(?:slot|date|day|time|hour|place|dock|room))? (?:that |which )?(?:(?:the|her|his|their) )?"
    r"(?!(?:i|we|you)\b)[\w'-]{1,30}(?: [\w'-]{1,30})? (?:offers?|offered|proposes?|proposed|suggests?|suggested|"
    r"gives?|gave|names?|named|announces?|announced|wrote|writes)\b"
)
# `look up what Anna said about the wall`: to know it, not to do it.
_LOOKS_UP_WORDS = re.compile(
    r"\b(?:look up|find(?: out)?|check|see|read|show|tell|summari[sz]e|know|remember|recall|quote|search(?: for)?)"
    r"(?: me| us| you)? what(?: (?:(?:the|our|my) )?[\w.@'-]{2,60} (?:said|says|wrote)|(?:'s| is| was) (?:written|"
    r"noted|said|stated|listed|described|mentioned|specified|planned|in|on))\b"
    r"(?![^.!?\n]{0,80}\b(?:and|then) (?:please )?(?:do|handle|act|take care|sort|carry|deal|proceed|follow)\b)"
)
# `look on their site when it is`
_LOOK_THERE = re.compile(
    r"\b(?:look|check|see)\b[^.!?\n]{0,20}\b(?:on|in|at) (?:their|the|his|her|its|our) (?:[\w-]{1,20} )?"
    r"(?:web ?site|site|page|homepage|calendar|list|table)\b[^.!?\n]{0,30}\b(?:when|what|which|where|"
    r"how much|how many|who)\b"
    r"|\bsee (?:their|his|her|its|our) (?:[\w-]{1,20} )?(?:web ?site|site|page|homepage|calendar|timetable)\b"
)
# `work INC-4403`
_BY_NUMBER = re.compile(
    r"\b(?:do|work|handle|process|tackle|take (?:care of|over|on)|see to|attend to|deal with|look after) (?:on |off )?"
    r"(?:the |this |my |our )?(?:[a-z]{3,12} )?#?[a-z]{0,8}[-#]?\d{2,12}\b"
)
# `send him what he wants`, `change it to what she says`: the deed is named, and only its values are another's.
_VALUES_OF = re.compile(
    r"\b(?:send|mail|e-?mail|give|forward|show|order|buy|bring|book|pay|get) (?:to )?(?:him|her|them|[\w'-]{2,30}) "
    r"(?:exactly |just )?what(?:ever)? (?:he|she|they|it)(?:'s|'re| is| are)? (?:ask(?:s|ed|ing)?|wants?|wanted|needs?|"
    r"needed|after)(?: for)?\b"
    r"|\b(?:change|set|move|update|correct|adjust) [^.!?\n]{1,60}? to what(?:ever)? "
    r"(?:he|she|they|it|[\w'-]{2,30}) (?:says?|said|writes|wrote|asks?|asked|wants?|gives?|gave)\b"
    r"|\b(?:change|set|move|update|correct|adjust) [^.!?\n]{1,60}? to what(?:'s| is| was| has been) "
    r"(?:written|said|stated|given|listed|noted|shown|named|agreed|wanted|asked for)\b"
)
# `if it does what the issue wants`: a condition orders nothing.
_CONDITION = re.compile(
    r"\b(?:if|whether|once|when) (?:it|this|that) (?:really )?(?:does|is|has|says|matches|meets) what\b"
)
# `how do we release it according to the readme?`: whoever asks how a thing is done does not have it done.
_HOW_TO = re.compile(
    r"(?:^|(?<=[.!?\n])\s{0,3})(?:and )?how (?:do|does|can|should|would|must|is|are|did) [^.!?\n]{1,200}\?"
)
# `perform the following tasks: 1. ...`: they stand in these words, and in no text.
_SAID_BELOW = re.compile(
    r"\bthe following (?:[\w-]{1,30} )?(?:tasks?|steps?|actions?|things|jobs|instructions?)\b"
    r"(?: in (?:the|this|that) (?:[\w-]{1,20} )?order\b[^:.!?\n]{0,40})?(?=\s{0,3}[:.\n])"
)
# `INC-4403, please`
_NUMBER_ONLY = re.compile(
    r"(?:^|[.!?] )(?:please,? |pls )?(?:ticket |case |issue )?[a-z]{0,8}[-#]?\d{2,12}(?:,? (?:please|pls))? ?(?:[.!]|$)"
)
_SHORT_REQUEST = 300
_TEXT = re.compile(r"\b" + _THING + r"\b")
_AS_OTHERS_ASK = re.compile(
    r"\bwhat(?:ever)? (?:(?!i\b|you\b|we\b|is\b|are\b|did\b|does\b|do\b)[\w'.@-]+ ){1,4}"
    r"(?:asks?|asked|wants?|wanted|needs?|requests?|requested)\b"
    r"|\b(?:their|his|her|'s|customers'?|clients'?|patients'?|guests'?) requests?\b"
)
# "The details are in the mail": the user names the action, a text the values.
_DETAILS_THERE = re.compile(
    r"\b(?:as|that|which|details?|information|info|data|everything|address|e-?mail|number|link|recipients?|the one|"
    r"account|values?)"
    r"(?: (?:is|are|was|were|can be|you can|it|he|she|they))? (?:described|specified|agreed|shown|printed|noted|quoted|"
    r"indicated|gives?|states?|names?|listed|mentioned|stated|outlined|given|provided|"
    r"found|written|stands?|in|on|from|find)\b[^.!?\n]{0,40}\b" + _THING + r"\b"
    r"|\b(?:those|the ones?|the same) (?:in|on|from|of) (?:the|their|his|her|our|my|its|this|that|[\w.-]+'s) "
    r"(?:[\w-]+ ){0,2}" + _THING + r"\b"
    r"|\b(?:decisions?|agreements?|resolutions?|outcomes?|results?) (?:in|on|from|of) (?:the|their|our|my|this|that)\b"
    r"|\b(?:address|account|number|date|person|place|link|name)s? (?:it|that|which|he|she|they) "
    r"(?:gives?|names?|states?|mentions?|lists?|shows?|says?|wants?)\b"
    r"|\bby (?:the )?(?:runbook|manual|guide|policy|procedure|checklist|handbook)\b"
    r"|\b(?:you can|can be|you'?ll) (?:find|found|get|see)\b|\b(?:based on|according to|per the|using the|"
    r"from (?:the|my|"
    r"his|her|their|our|that|this))\b[^.!?\n]{0,40}\b" + _THING + r"\b"
    r"|\b(?:pay|settle|transfer|book|order|register|accept|confirm|reschedule|update|sign|forward|submit|adjust)\b"
    r"[^.!?\n]{0,60}\b(?:bills?|invoices?|rent|notice|reminder|fees?|invitations?|requests?|subscription)\b"
    r"|\b(?:sent|wrote|told|asked|gave|shared with|e-?mailed|mailed|messaged|texted|pinged) (?:me|us|to me|to us)\b"
    r"|\b(?:whoever|whom|wherever|whichever|who) [\w'-]+ (?:asked|asks|wants?|needs?|requested|named|mentioned|"
    r"suggested)\b"
    # `what they wrote`, `the dates she proposed`, `everything is in the ticket`, `the items of the minutes`
    r"|\b(?!(?:i|you|we|is|are|was|were|be|been|being|get|gets|got|have|has|had|not|and|to|please)\b)[\w'.@-]{2,60} "
    r"(?:mailed|e-?mailed|wrote|messaged|texted|proposed|proposes|suggested|suggests|announced|requested|recommended|"
    r"recommends|asks? for|asked for|sent(?! (?:by|to|from|on|at|in|out)\b))\b"
    r"|\bwhat (?!(?:do|does|did|is|are|was|were|has|have|had|will|can|could|should|would|i|we|you)\b)"
    r"(?:[\w'.-]+ ){1,4}(?:says?|wrote|reports?|reported|lists?|shows?|contains?|needs?|wants?)\b"
    r"|\b(?:in|from|per|with|by|using|following) (?:the |my |our |file |document )*['\"`]?[\w-]{1,60}"
    r"\.(?:txt|pdf|docx?|xlsx?|csv|md|eml|html?)\b"
    r"|\b(?:details?|information|instructions?|directions?)\b[^.!?\n]{0,20}\b(?:on|about|of|for) "
    r"(?:what|how|which|whom?)\b"
    r"|\b"
    + _THING
    + r" with (?:the |all |all the |further |more |my |your )*(?:details?|information|instructions?|data)\b"
    r"|\bwhat(?:so)?ever\b|\bwhichever\b|\baccordingly\b"
    r"|\b(?:everything|anything|all)\b[^.!?\n]{0,30}\b(?:is|are|stands?) (?:in|on)\b[^.!?\n]{0,40}\b" + _THING + r"\b"
    r"|\b(?:items?|points?|tasks?|dates?|values?|marks?|figures?|numbers?|entries|rows|lines)\b[^.!?\n]{0,20}\b(?:of|from|"
    r"in|on) (?:the|my|his|her|their|our|that|this|[\w.-]+'s)\b[^.!?\n]{0,40}\b" + _THING + r"\b"
    r"|\b(?:on|from) (?:the |my |our |his |her |their |[\w.-]{1,30}(?: [\w.-]{1,30})?'s )(?:[\w-]{1,30} )?"
    r"(?:list|sheet|plan)\b"
    # `the dose the guideline gives`, `as stated on it`
    r"|\bthe (?:[\w-]{1,40} ){0,2}(?:" + _RULE_NOUNS + r"|guideline|sheet|table|plan|form|invoice|bill|notice) "
    r"(?:gives?|says?|states?|names?|lists?|shows?|recommends?|prescribes?|asks? for)\b"
    r"|\bas (?:stated|written|decided|agreed|listed|noted|given|shown|described|proposed|laid down|set out|recorded) "
    r"(?:in|on|by|there)\b"
    # `it is in the mail`, not `what is in the mail`
    r"|\b(?<!what )(?<!who )(?:it'?s|is|are|was|were|came|comes|arrived|stands?|lies) (?:in|by|with|on) "
    r"(?:the |my |his |her |their |our )?" + _THING + r"\b"
    r"|\bsee (?:the |my |his |her |their |our )?(?:[\w-]+ )?" + _THING + r"\b"
    r"|\bmentioned in\b|\b(?:new|updated|changed|latest) (?:address|details?|account|number|iban|date|time)\b",
    re.IGNORECASE,
)
_MAX_ORDERS = 12_000
ANYTHING_LEFT = 0.5
DEEDS_LEFT = 1.0
"""Logarithms of odds from which what was learned counts (`guardrail.attribution.left_to_text`)."""


class Delegation(Enum):
    """How far the user let texts decide: nothing, the values, or the actions themselves."""

    NONE = "none"
    DETAILS = "details"
    ACTIONS = "actions"


def read_delegation(said: str, *, learned: bool = True) -> Delegation:
    """How far somebody who says this leaves things to texts. `said` is lower-cased."""
    told = by_phrases(said)
    return heard(told, leaving(said)) if learned and not only_looks_abroad(said) else told


def heard(told: Delegation, odds: Leaving) -> Delegation:
    """The farther of what phrases tell and what was learned."""
    if told is Delegation.ACTIONS or odds.deeds >= DEEDS_LEFT:
        return Delegation.ACTIONS
    return Delegation.DETAILS if odds.anything >= ANYTHING_LEFT else told


@lru_cache(maxsize=512)
def by_phrases(said: str) -> Delegation:
    """The same by the phrases above and the tables of other languages alone."""
    if _VALUES_OF.search(said):
        return Delegation.DETAILS
    doing = without_looking(said)
    plain = _ANSWERS_THAT.sub(" ", _HOW_TO.sub(" ", _SAID_BELOW.sub("\n", doing)))
    handed_over = _CONDITION.sub(" ", _LOOKS_UP_WORDS.sub(" ", plain))
    if any(how.search(handed_over) for how in (_DO_WHAT_IT_SAYS, _AS_IT_SAYS, _BY_LIST, _BY_FILE, _BY_NUMBER)):
        return Delegation.ACTIONS
    if _NUMBER_ONLY.search(said[:_SHORT_REQUEST]) or hands_over_errand(_ANSWERS_THAT.sub(" ", said)):
        return Delegation.ACTIONS
    if _WHAT_SOMEBODY_LEFT.search(doing) or does_all_of_theirs(said):
        return Delegation.ACTIONS
    if _DETAILS_THERE.search(doing) or _AS_OFFERED.search(doing):
        return Delegation.DETAILS
    if _LOOK_THERE.search(said) or goes_by_others(said):
        return Delegation.DETAILS
    words = words_of(EMAIL.sub(" ", said[:2_000]))
    if only_looks_abroad(said):
        return Delegation.NONE
    if hands_over_what_is_asked(said[:2_000]):
        return Delegation.ACTIONS
    if hands_over(words) or carries_out_text_abroad(said):
        return Delegation.DETAILS if _SAYS_WHAT.search(said) else Delegation.ACTIONS
    left = leaves_to_text(words) or says_where_it_stands(said[:2_000]) or goes_by_others_abroad(said)
    return Delegation.DETAILS if left else Delegation.NONE


def looks_up_when(said: str) -> bool:
    """Whoever says this has sent the agent to look a day up: `look on their site when the fair is`."""
    return _LOOK_THERE.search(said[:_MAX_ORDERS]) is not None


def names_text(said: str) -> bool:
    """It speaks of a mail, a ticket, a page or the like."""
    return _TEXT.search(said[:_MAX_ORDERS]) is not None


def does_as_others_ask(said: str) -> bool:
    """Whoever says this wants done what others ask for."""
    return _AS_OTHERS_ASK.search(_VALUES_OF.sub(" ", said[:_MAX_ORDERS])) is not None


def without_how_to(said: str) -> str:
    """Whoever asks how a thing is done does not have it done."""
    return _HOW_TO.sub(" ", said)
