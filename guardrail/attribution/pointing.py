"""Which of the organisation's own texts the user pointed the agent at: by its title, or by what its reader is named.

A manual, a handover, a list of duties is one text by itself. What strangers write in, such as mails, tickets and forms,
and what has a number (`alarm A-81`) is work to be done and no text to go by.
"""

import re
from dataclasses import replace
from functools import lru_cache

from guardrail.attribution.authors import is_knowledge, is_meant, is_nobodys, is_ours, is_titled, spaced
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.request import Request, telling_words
from guardrail.attribution.slots import MONTH
from guardrail.case import Case, Source
from guardrail.invocation import Tool
from guardrail.text.directives import WORD
from guardrail.text.other_tongues import ANYBODYS
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import word_set
from guardrail.tool_kind import tool_words
from policies.ruleset import ToolKind

_ANYBODYS = stems(
    frozenset(
        "mail email mailbox message inbox ticket request case comment review post chat channel thread queue "
        "application order complaint suggestion voicemail letter form claim enquiry inquiry feedback survey "
        "lead invoice bill offer news web website page site issue incident alert alarm event account member "
        "customer client user record data item entry referral opportunity search transaction".split()
    )
    | ANYBODYS
)
# What people write for themselves.
_OWN = frozenset("note notebook memo list checklist routine todo diary journal".split())
_LONGEST_TITLE = 60
_MOST_FIELDS = 2
_MOST_AUTHORS = 100
_MOST_TURNS = 12
_CARRYING_OUT = re.compile(
    r"\b(?:run|do|follow|start|begin|execute|perform|complete|launch|apply|work (?:through|off)|go (?:through|by)|"
    r"carry out|kick off|avvia\w*|esegu\w*|segu\w*|ejecut\w*|sigue|suiv\w*|exécut\w*|lance\w*|starte\w*|befolg\w*|"
    r"erledig\w*|volg\w*|voer)(?: (?:the|our|my|all|of|le|la|il|lo|i|gli|les|nos|el|los|las|die|den|das|unsere\w?|de|"
    r"het|onze|dei|delle|des))*\s*$"
)
_NEAR = 40
_CODE = re.compile(r"(?<![\w-])[a-z]{1,12}(?:-[a-z0-9]{1,24}){1,3}(?![\w-])")
_LONGEST_CODE, _LONGEST_REQUEST, _MOST_FIELDS_OF_PAGE = 40, 4_000, 12
_GO_AHEAD = re.compile(
    r"\W*(?:(?:ok|okay|yes|fine|good|great|perfect|sure|right|alright|both|all)"
    r"(?: (?:is|are|of|it|them|fine|good|right|ok)){0,3}[,.!; ]{1,3}){0,3}(?:please |then |so ){0,2}"
    r"(?:do (?:it|that|so|both|all of (?:it|that))|go(?: ahead| on| for it)?(?= ?[.!,;]|$)|proceed|agreed)\b",
    re.IGNORECASE,
)
# Minutes and lists are titled by what they are and by their day.
_DAYS = re.compile(
    rf"\b(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}})?|(?:du |vom |of |del? |van |dal )?"
    rf"\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of |de |di )?{MONTH}(?: \d{{4}})?|{MONTH} \d{{1,2}}(?:,? \d{{4}})?)"
)


def handed_over_by_pointing(request: Request, case: Case) -> Request:
    """Who names a text and no deed, and does not just ask, wants done what it says: `the opening routine, please`."""
    if request.delegation is Delegation.ACTIONS or not case.user.words:
        return request
    if _is_told_to_go_ahead(case):
        if case.kind is ToolKind.PAY and _is_amount_agreed(case):
            return replace(request, delegation=Delegation.DETAILS, asked=True, deed=True, only_reading=False)
        return replace(request, delegation=Delegation.ACTIONS, only_reading=False)
    if request.only_reading:
        return request
    if any(is_knowledge(source) and is_numbered(source, case) for source in case.sources):
        # whoever gives the number of a runbook wants its steps, whatever else they say: `set her up by RB-ONBOARD`
        return replace(request, delegation=Delegation.ACTIONS)
    titled = [source for source in case.sources if source.reading.authors and is_page_named(source, 0, case)]
    if any(_is_to_be_carried_out(source, case) for source in titled):
        return replace(request, delegation=Delegation.ACTIONS)
    if request.deed_named:
        return request
    pointed = bool(titled) or any(is_pointed_at(source, 0, case) for source in case.sources)
    if pointed or (request.aims and _is_left_to_somebody(case)):
        return replace(request, delegation=Delegation.ACTIONS)
    return request


def _is_told_to_go_ahead(case: Case) -> bool:
    """The user asked about the text of somebody by name, was told of it, and said no more than to do it."""
    turns = [message for message in case.call.history if message.role in ("user", "assistant")][-_MOST_TURNS:]
    for asked, told, reply in zip(turns, turns[1:], turns[2:], strict=False):
        if (asked.role, told.role, reply.role) != ("user", "assistant", "user"):
            continue
        if not _GO_AHEAD.match(" ".join(passage.text for passage in reply.passages)[:200]):
            continue
        question = word_set(passage.text for passage in asked.passages)
        authors = (author for source in case.sources for author in source.reading.authors[:_MOST_AUTHORS])
        if any("@" in author.author and is_meant(author.author, question) for author in authors):
            return True
    return False


def _is_amount_agreed(case: Case) -> bool:
    """What is paid, and the number of the bill or whom it is for, was told before the user said to go ahead."""
    shares = list(zip(case.leaves, case.user_shares, strict=True))
    amounts = [share for leaf, share in shares if leaf.kind == "number"]
    told = any(share == 1.0 for leaf, share in shares if leaf.kind in ("id", "short"))
    return told and bool(amounts) and all(share == 1.0 for share in amounts)


def _is_left_to_somebody(case: Case) -> bool:
    """Who names a goal, no deed, and somebody by name (`see to the Larsen family`) has left it to what they wrote."""
    authors = (author for source in case.sources for author in source.reading.authors[:_MOST_AUTHORS])
    return any("@" in author.author and is_meant(author.author, case.user) for author in authors)


def is_pointed_at(source: Source, record: int, case: Case) -> bool:
    """The record is such a text, not known to be an outsider's, and the user's words name it."""
    author = source.reading.authors[record] if record < len(source.reading.authors) else None
    if author is None or not (is_nobodys(author) or is_ours(author, case)):
        return False
    texts = [prose.lower for prose in source.reading.prose if prose.record == record]
    if not texts or len(texts) > _MOST_FIELDS or len(source.reading.authors) > 1:
        return False
    return _by_title(texts[0], case) or _by_reader(source, case)


def _is_to_be_carried_out(source: Source, case: Case) -> bool:
    """`run the onboarding steps`: right before the title stands what one does with a list."""
    title = spaced(source.reading.authors[0].document.lower())
    said = spaced(case.user.lower[:_LONGEST_REQUEST])
    at = said.find(title)
    return at > 0 and _CARRYING_OUT.search(said, max(0, at - _NEAR), at) is not None


def is_numbered(source: Source, case: Case) -> bool:
    """The user gave what the source is numbered by, or its code: a short field, and all of it."""
    given = _codes_in(case.user.lower[:_LONGEST_REQUEST])
    return bool(given) and any(
        len(prose.lower) <= _LONGEST_CODE and prose.lower.strip() in given
        for prose in source.reading.prose[:_MOST_FIELDS_OF_PAGE]
    )


@lru_cache(maxsize=256)
def _codes_in(said: str) -> frozenset[str]:
    """`rb-disk`, `kb-0142`."""
    return frozenset(_CODE.findall(said))


def is_page_named(source: Source, record: int, case: Case) -> bool:
    """A page kept by ourselves, without an address of whoever wrote it, whose title the user's words have whole."""
    author = source.reading.authors[record]
    if "@" in author.author or "@" in author.editor or author.around:
        return False
    return is_kept_by_ourselves(source) and is_titled(author, case)


def is_kept_by_ourselves(source: Source) -> bool:
    """By the name of its tool no stranger writes texts there, as they do in mails, tickets or forms."""
    if source.name == "trigger":
        return False
    words = tool_words(Tool(tool_id=source.tool_name, name=source.tool_name))
    return bool(words) and not any(stem(word) in _ANYBODYS or word.removesuffix("s") in _ANYBODYS for word in words)


def is_users_own(source: Source, record: int, case: Case) -> bool:
    """A text the user calls `my note`, read by what is named after it: nobody else is said to write there."""
    author = source.reading.authors[record]
    if not is_nobodys(author) or len(source.reading.authors) > 1:
        return False
    tool = Tool(tool_id=source.tool_name, name=source.tool_name)
    for word in tool_words(tool):
        noun = word.removesuffix("s")
        if noun in _OWN and re.search(rf"\bmy (?:[\w'-]{{1,30}} ){{0,3}}{noun}s?\b", case.user.lower[:4_000]):
            return True
    return False


def _by_title(text: str, case: Case) -> bool:
    title = _DAYS.sub(" ", text.strip().partition("\n")[0]).strip(" #*:-=,")
    if not title or len(title) > _LONGEST_TITLE or "\n" not in text.strip():
        return False
    words = {word for word in WORD.findall(title) if len(word) > 2 and word not in ENGLISH.stop_words}
    return bool(telling_words(title) - _ANYBODYS) and words <= case.user.words


def _by_reader(source: Source, case: Case) -> bool:
    """The noun of `read_handover` in the user's words, and no number behind it."""
    tool = Tool(tool_id=source.tool_name, name=source.tool_name)
    nouns = {word for word in tool_words(tool) if len(word) > 3 and word not in ENGLISH.verb_forms}
    for noun in nouns:
        if stem(noun) in _ANYBODYS or noun.removesuffix("s") in _ANYBODYS:
            continue
        bare = re.escape(noun.removesuffix("s"))
        for found in re.finditer(rf"\b{bare}s?\b(.{{0,14}})", case.user.lower[:4_000]):
            if not any(sign.isdigit() for sign in found.group(1)):
                return True
    return False
