"""Claim: a person or a rule has restricted this agent, conversation, user, document, destination or channel.

A quarantine stops every call it covers. Step-up holds what can change or send something. A rate limit stops callers who
did not sign in beyond so many calls a minute; without memory nobody counts, and nothing is limited.

Cannot see: a document that a tool returned without naming it, as a copy or under another name; a destination behind a
name that only the tool resolves, such as a contact or a short link.
"""

import re
from collections.abc import Iterator

from guardrail.case import Case
from guardrail.invocation import Passage
from policies.restrictions import LONGEST_NAME, RATE_LIMITED, STEP_UP, Effect, Restricted, Restriction
from policies.signal import Severity, Signal

NAME = "restricted"

# Of these two words or fewer say what a record is called, not what it says.
_FEWEST_WORDS = 3
_INDEX_TAIL = re.compile(r"(?:\[\d+\])+$")
_WHAT = {
    Restricted.AGENT: "The agent",
    Restricted.SESSION: "This conversation",
    Restricted.USER: "The user",
    Restricted.DOCUMENT: "The document",
    Restricted.DESTINATION: "The destination",
    Restricted.CHANNEL: "The channel",
}
# Ends of the names of fields that say which record this is, and nothing of what stands in it.
_IDENTITY = tuple(
    "id name title subject path url uri link source document file author owner editor by from type size date time "
    "modified created version revision etag".split()
)
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


def detect(case: Case) -> list[Signal]:
    """One signal of each name, for the newest restriction that covers the call in that way."""
    if not case.ruleset.restrictions.kinds:
        return []
    found: dict[str, Signal] = {}
    for restriction, facts in _covering(case):
        name = _signal_name(restriction, case)
        if name:
            found[name] = _signal(name, restriction, facts, case)
    return list(found.values())


def _covering(case: Case) -> Iterator[tuple[Restriction, tuple[tuple[str, str], ...]]]:
    """Every restriction that covers the call, with what of the call it is about."""
    call, now = case.call, case.ruleset.restrictions
    plain = [*now.on(Restricted.AGENT, call.agent_id)]
    if call.conversation_id:
        plain += now.on(Restricted.SESSION, call.orchestrator, call.agent_id, call.conversation_id)
    if call.user_id:
        plain += now.on(Restricted.USER, call.user_id)
    if call.channel_id:
        plain += now.on(Restricted.CHANNEL, call.agent_id, call.channel_id)
        plain += now.on(Restricted.CHANNEL, "", call.channel_id)
    yield from ((restriction, ()) for restriction in plain)
    if Restricted.DESTINATION in now.kinds:
        for target in case.targets:
            for restriction in now.on_destination(target.value):
                yield restriction, (("destination", target.value), ("argument", target.argument))
    if Restricted.DOCUMENT in now.kinds:
        for restriction in dict.fromkeys(_read_or_named(case)):
            yield restriction, (("document", restriction.subject[0]),)


def _signal_name(restriction: Restriction, case: Case) -> str:
    """What it says of this call; empty where it lets it pass."""
    match restriction.effect:
        case Effect.QUARANTINE:
            return f"{restriction.kind.value}_quarantined"
        case Effect.STEP_UP:
            return STEP_UP if case.sink else ""
        case Effect.RATE_LIMIT:
            return RATE_LIMITED if restriction.number in case.past.over_rate else ""
        case Effect.TIGHTEN:
            return ""


def _read_or_named(case: Case) -> Iterator[Restriction]:
    """Restrictions on documents whose text the agent has read, or which an argument names."""
    now = case.ruleset.restrictions
    for argument in case.call.arguments:
        if isinstance(argument.value, str) and argument.value:
            yield from now.on_documents_in(argument.value)
    for source in case.sources:
        telling = {prose.record for prose in source.reading.prose if _is_telling(prose.path, prose.lower)}
        for number, author in enumerate(source.reading.authors):
            if author.document and number in telling:
                yield from now.on_document_named(author.document.strip())
    texts = [output.passages for output in case.call.outputs]
    if case.call.event_triggered:
        texts.append(case.call.user_passages)
    for passages in texts:
        yield from _in_records(passages, case)


def _in_records(passages: tuple[Passage, ...], case: Case) -> Iterator[Restriction]:
    """By the fields around a text: a listing that names a document without its text has read nothing of it."""
    now = case.ruleset.restrictions
    named: dict[str, tuple[Restriction, ...]] = {}
    telling: set[str] = set()
    for passage in passages:
        place = _place_of(passage.path)
        if len(passage.text) <= LONGEST_NAME and (found := now.on_document_named(passage.text.strip())):
            named[place] = (*named.get(place, ()), *found)
        elif _is_telling(passage.path, passage.text):
            telling.add(place)
    for place, restrictions in named.items():
        if any(inner == place or not place or inner.startswith((f"{place}.", f"{place}[")) for inner in telling):
            yield from restrictions


def _is_telling(path: str, text: str) -> bool:
    key = _NOT_ALNUM.sub("", _INDEX_TAIL.sub("", path).rpartition(".")[2].lower())
    return not key.endswith(_IDENTITY) and len(text.split(None, _FEWEST_WORDS)) >= _FEWEST_WORDS


def _place_of(path: str) -> str:
    trimmed = _INDEX_TAIL.sub("", path)
    return trimmed.rpartition(".")[0]


def _signal(name: str, restriction: Restriction, facts: tuple[tuple[str, str], ...], case: Case) -> Signal:
    facts = (*facts, ("restriction", str(restriction.number)), ("tool_kind", case.kind.value))
    if restriction.reason:
        facts = (*facts, ("restriction_reason", restriction.reason))
    return Signal(
        name=name,
        severity=Severity.MEDIUM if name == RATE_LIMITED else Severity.HIGH,
        reason=f"{_said(name, restriction, case)} {_who(restriction)}",
        facts=facts,
    )


def _said(name: str, restriction: Restriction, case: Case) -> str:
    what = _WHAT[restriction.kind]
    if restriction.kind is Restricted.AGENT:
        what = f"{what} {case.call.agent_name or case.call.agent_id}"
    elif restriction.kind is not Restricted.SESSION:
        what = f"{what} {restriction.subject[-1]}"
    if name == STEP_UP:
        return f"{what} is under step-up: what it changes or sends waits for a person."
    if name == RATE_LIMITED:
        return f"{what} is limited to {restriction.per_minute} calls a minute for people who did not sign in."
    return f"{what} is in quarantine: no call it has a part in is let through."


def _who(restriction: Restriction) -> str:
    maker = f"the rule `{restriction.made_by}`" if restriction.by_rule else restriction.made_by or "an admin"
    until = f", until {restriction.until:%Y-%m-%d %H:%M} UTC" if restriction.until else ", until somebody undoes it"
    return f"Restriction {restriction.number} by {maker}{until}."
