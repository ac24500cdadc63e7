"""What a call would store that no person named: destinations, and what an outsider's order is about. Pure.

Where they come from must not be forgotten by being stored.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case, Source
from guardrail.chains import house_of
from guardrail.destinations import EMAIL, URL
from guardrail.invocation import Invocation
from guardrail.text.reading import Directive, Prose
from guardrail.tool_kind import name_tokens, tool_verbs
from guardrail.traces import hashed
from policies.ruleset import Standing, ToolKind

# Verbs of tools that put another value in the place of one that was there.
_CHANGING = frozenset("update change set edit modify replace correct amend adjust patch put upsert reset".split())
CHANGED, NEW, ORDERED = "c", "n", "o"
# Deeds an order may be about that reach nobody; a thing is looked up where one of these is planned.
DEEDS = frozenset((ToolKind.DELETE, ToolKind.EXECUTE, ToolKind.SHARE, ToolKind.PAY))
_MOST = 8
_LOCATED = ("email", "url", "domain", "iban", "phone")
# What a tool that returns the words of others is named by; a list of accounts or customers is the house's own.
_BRINGING_IN = frozenset(
    "mail mails email emails inbox message messages chat comment comments review reviews web page pages browser browse "
    "url site crawl scrape form forms ticket tickets request requests submission submissions survey inquiry inquiries "
    "feedback attachment attachments file files document documents content".split()
)
# The same of a record, by the names of its fields and its short values.
_SENT_IN = frozenset(
    "form forms ticket request requests submission submitted portal inquiry survey unverified unsigned verified "
    "formular anfrage demande formulaire solicitud formulario".split()
)
_WORD = re.compile(r"[a-z]{3,}")
_SHORT = 40
_MOST_FIELDS = 60
_RUN = re.compile(r"[^\s\"'`<>()\[\]{},;|]{5,120}")
_DATE = re.compile(r"[\d./:+-]{4,30}(?:t[\d.:+-]{0,20}z?|am|pm|th|st|nd|h)?")
_FILE = re.compile(r"[^./\\]{2,100}\.[a-z][a-z0-9]{1,4}")
_LONG_NUMBER = 6
_LONGEST_TEXT = 4_000
# Of an order's words, that it is stored and not only what it is about.
_MOST_OF_AN_ORDER = 0.6


def entered_by(case: Case) -> tuple[tuple[str, str], ...]:
    """(hash of a destination, CHANGED or NEW) of what this call would store from a text, that no person named.

    CHANGED = it takes the place of another in a record that is there, as a field of its own, and came with the words of
    others: what is copied from one of the house's own records to another is none. What the author of a text gives as
    his own address is left out: who wrote to us may be answered.
    """
    # whoever changes a payee's account pays, only later
    if case.kind not in (ToolKind.WRITE, ToolKind.PAY) or not case.sources:
        return ()
    tool = case.call.tool
    changes = not _CHANGING.isdisjoint({*tool_verbs(tool), *name_tokens(tool.tool_id, tool.name)})
    if case.kind is ToolKind.PAY and not changes:
        return ()
    found: dict[str, str] = {}
    for leaf in case.leaves:
        if leaf.kind not in _LOCATED or case.ruleset.standing_of(leaf.value) is not Standing.UNKNOWN:
            continue
        places = _places(leaf, case) if stands_in(leaf.needle, case.user.lower) < 0 else []
        if not places or any(_is_its_author_s(leaf, source, prose) for source, prose in places):
            continue
        taken = changes and _is_alone(leaf, case) and all(_is_sent_in(source, prose) for source, prose in places)
        value = leaf.needle if leaf.kind == "iban" else leaf.value.lower()
        found.setdefault(hashed(value), CHANGED if taken else NEW)
        if len(found) >= _MOST:
            break
    return tuple(found.items())


def _is_alone(leaf: Leaf, case: Case) -> bool:
    """The value is all of its argument, as a field of a record has it; in a text it is one word among others."""
    arguments = case.call.arguments
    return any(str(a.value).strip() == leaf.value for a in arguments if a.path == leaf.argument)


def _places(leaf: Leaf, case: Case) -> list[tuple[Source, Prose]]:
    """The fields that were read and hold the value."""
    return [
        (source, prose)
        for source in case.sources
        for prose in source.reading.prose
        if stands_in(leaf.needle, prose.lower) >= 0
    ]


def _is_its_author_s(leaf: Leaf, source: Source, prose: Prose) -> bool:
    author = source.reading.authors[prose.record]
    return is_own(leaf.value, (author.author, author.editor))


def _is_sent_in(source: Source, prose: Prose) -> bool:
    """The tool brings in what others write, or the record says that it was sent in."""
    if source.name == "trigger" or not _BRINGING_IN.isdisjoint(name_tokens("", source.tool_name)):
        return True
    beside = (other for other in source.reading.prose if other.record == prose.record)
    return any(
        not _SENT_IN.isdisjoint(_WORD.findall(f"{other.path.lower()} {other.lower[:_SHORT]}"))
        for other in islice(beside, _MOST_FIELDS)
    )


def is_own(destination: str, authors: Iterable[str]) -> bool:
    """One of the authors is at this destination, by address or by the house of a domain of its own."""
    house = house_of(destination.lower())
    return any("@" in author and any(house_of(a) == house for a in EMAIL.findall(author.lower())) for author in authors)


def ordered_by(case: Case) -> tuple[tuple[str, str], ...]:
    """(hash of a thing, ORDERED) of what an order from outside is about that this call would store inside; at most 8.

    None where a person named the thing. Microseconds where nothing outside asks for anything.
    """
    if case.kind is not ToolKind.WRITE:
        return ()
    orders = [one for source in case.sources for one in source.reading.directives if _is_outsider_s(one, source, case)]
    if not orders:
        return ()
    texts = [str(one.value)[:_LONGEST_TEXT].lower() for one in case.call.arguments if isinstance(one.value, str)]
    stored = "\n".join(texts)
    words = set(_WORD.findall(stored))
    found: dict[str, str] = {}
    for order in orders:
        own = set(_WORD.findall(order.text.lower()))
        if not own or len(own & words) < _MOST_OF_AN_ORDER * len(own):
            continue
        for thing in things_in(order.text):
            if thing in stored and thing not in case.user.lower:
                found[thing_hash(thing)] = ORDERED
    return tuple(found.items())[:_MOST]


def things_of(call: Invocation) -> tuple[str, ...]:
    """The particular things a call names, at most 8."""
    texts = (one.value for one in call.arguments if isinstance(one.value, str))
    return tuple(dict.fromkeys(islice((thing for text in texts for thing in things_in(text)), _MOST)))


def things_in(text: str) -> Iterator[str]:
    """What stands for one thing in particular, in small letters: a path, a file, a number with letters; no date."""
    for run in _RUN.findall(text[:_LONGEST_TEXT].lower()):
        value = run.strip(".:!?*")
        if len(value) >= 5 and _is_particular(value) and not EMAIL.fullmatch(value) and not URL.match(value):
            yield value


def thing_hash(thing: str) -> str:
    return hashed("thing", thing)


def _is_particular(value: str) -> bool:
    if value.isdecimal():
        return len(value) >= _LONG_NUMBER
    if _DATE.fullmatch(value):
        return False
    has_digit = any(map(str.isdecimal, value))
    return has_digit or value[0] in "/\\" or value.count("/") > 1 or _FILE.fullmatch(value) is not None


def _is_outsider_s(order: Directive, source: Source, case: Case) -> bool:
    """Somebody outside wrote it, or nobody is told and the tool brings in what others write."""
    author = source.reading.authors[order.record]
    names = [name for name in (author.author, author.editor) if "@" in name]
    if names:
        return any(case.ruleset.standing_of(name) is not Standing.INTERNAL for name in names)
    return source.name == "trigger" or not _BRINGING_IN.isdisjoint(name_tokens("", source.tool_name))
