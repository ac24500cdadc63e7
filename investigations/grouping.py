"""What the cause of a stopped call is: which verdicts belong to one investigation, and what it is called.

Pure. A cause is the text, destination or conversation behind the stop, not the rule that noticed it: one mail that led
to two stopped calls is one piece of work, whichever detector spoke.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from policies.decision import missing_name
from policies.restrictions import ACTIONS
from policies.rules import IN_FORCE
from policies.ruleset import SECOND_OPINION, host_of
from policies.signal import Severity

# Kinds the intake makes itself, beside the names of signals.
UNJUDGED = "unjudged"
NOT_TAKEN_IN = "not_taken_in"
INSIDER_EDIT = "insider_edit"
KNOWLEDGE_EDITED = "knowledge_edited"

STOPS = ("hold", "block")
# Calls that policy lets pass and yet somebody should look into.
NOTED = ("insider_suspected",)
# Marks of the instruction itself: a hidden one carries only that mark.
TOLD_IN = ("instruction", "hidden")
# What a restriction says of a call: such a stop is its doing, and tells nothing new.
RESTRICTED = frozenset(ACTIONS)
INSTRUCTIONS = ("instruction_marked", "instruction_followed", "instruction_delegated")
# About 40 characters are seen in the queue; the destination is what may be cut.
_LONGEST_TITLE = 80
_LONGEST_FACT = 500
_MOST_FACTS = 100
_FILE = re.compile(r"/|\.\w{2,5}$")
_OUTCOMES = {
    ("block", "block"): "blocked",
    ("hold", "hold"): "held",
    ("allow", "block"): "would_block",
    ("allow", "hold"): "would_hold",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a call was stopped, as an investigation says it.

    `attributed` False = no text of a known author or document, and no conversation, stands behind it: such a cause
    joins what is open for the same conversation. `kin` is the same at every agent, empty where that means nothing.
    `facts` are (name, value) pairs as in `policies.signal.Signal`.
    """

    fingerprint: str
    kin: str
    attributed: bool
    kind: str
    title: str
    severity: int
    outcome: str
    author: str
    document: str
    destination: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """The document behind a stop, as the row of the verdict names it under `edit`, and the edit then in force.

    `page` is the document's id, 0 where `ambiguous` documents bear its name and none was joined. `editor` empty = no
    edit is known. `before` = how long before the call. `put_in` = the order came in with this edit, `is_read` whether
    its text says so or only that no plan was stopped before. `insider` is `insider`, `self` where the editor is the
    user the agent served, or empty.
    """

    page: int = 0
    document: str = ""
    ambiguous: int = 0
    editor: str = ""
    revision: str = ""
    at: datetime | None = None
    before: timedelta = timedelta()
    put_in: bool = False
    is_read: bool = False
    insider: str = ""


def cause_of(verdict: Mapping[str, Any]) -> Cause | None:
    """The cause of one verdict given by its columns, None when it needs nobody: allowed, modified, or noticed for
    anything but what is NOTED.

    A true `late` = the columns are those of what was found after the call had been let through. A call that was shed
    (`failed` and `deferred`) gets its place once it was judged in full.

    Raises KeyError, TypeError, ValueError or AttributeError when the stored signals are not of the shape the store
    writes.
    """
    if verdict["failed"]:
        return None if verdict.get("deferred") else _unjudged(verdict)
    is_noted = verdict["would_have"] == "notice" and verdict["deciding_signal"] in NOTED
    if verdict["would_have"] not in STOPS and not is_noted:
        return None
    worth = ("notice",) if is_noted else STOPS
    stopping = [signal for signal in verdict["signals"] if signal["action"] in worth]
    edit: Edit = verdict.get("edit") or Edit()
    said = _facts(stopping)
    facts = (*edit_facts(edit, said), *said)[:_MOST_FACTS]
    # the text that told the agent to is the cause; that the data was classified is what it led to
    root = next((signal for signal in stopping if signal["name"] in INSTRUCTIONS), None) or (
        stopping[0] if stopping else {"name": verdict["deciding_signal"], "evidence": [], "facts": []}
    )
    found = _Found(verdict, root=root, facts=facts)
    key, attributed = _key(found)
    severity = verdict["severity"] or int(Severity.MEDIUM)
    is_insider = edit.insider == "insider"
    return Cause(
        fingerprint=_digest([*key, verdict["agent_id"]]),
        kin=_digest(key) if attributed else "",
        attributed=attributed,
        kind=INSIDER_EDIT if is_insider else verdict["deciding_signal"],
        title=insider_title(edit) if edit.insider else _title(found),
        # whoever may change what agents go by can do it again
        severity=int(Severity.LOW) if is_noted else min(severity + is_insider, int(Severity.CRITICAL)),
        outcome=_outcome(verdict),
        author=found.author[:300],
        document=found.document[:1000],
        destination=found.destination[:500],
        facts=facts,
    )


def cause_not_taken_in(verdict: Mapping[str, Any]) -> Cause:
    """The cause of a verdict that could not be read: it is set aside where people see it, one heap an agent.

    Reads none of the columns that may be the trouble.
    """
    return Cause(
        fingerprint=_digest([NOT_TAKEN_IN, verdict["agent_id"]]),
        kin="",
        attributed=True,
        kind=NOT_TAKEN_IN,
        title="Verdicts that could not be taken in",
        severity=int(Severity.HIGH),
        outcome=_outcome(verdict),
        author="",
        document="",
        destination="",
        facts=(),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """The verdict's columns with the signal that names the cause."""

    verdict: Mapping[str, Any]
    root: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]

    def fact(self, *names: str) -> str:
        found = dict(reversed(self.facts))
        return next((found[name] for name in names if found.get(name)), "")

    @property
    def author(self) -> str:
        # who last changed a document put the words there, whoever created it
        return self.fact("editor", "author")

    @property
    def document(self) -> str:
        return self.fact("document")

    @property
    def is_document(self) -> bool:
        """A file rather than a mail, whose `document` is its subject."""
        return bool(self.fact("editor", "revision") or is_file(self.document))

    @property
    def destination(self) -> str:
        # a call that only reads has the site it reads from in its column: what the text leads to is in the facts
        return self.fact("destination") or str(self.verdict["destination"])


def is_file(document: str) -> bool:
    """Whether a document is known by a path or a file's name, and not by a mail's subject."""
    return bool(_FILE.search(document))


def edit_facts(edit: Edit, said: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """First in order: what a feed tells of an edit goes before what an output says of itself.

    But the document keeps the name its agents know it by: by that name it is restricted.
    """
    if edit.ambiguous > 1:
        return (("edit", f"{edit.ambiguous} known documents bear its name, so no edit was joined"),)
    if not edit.page:
        return ()
    facts = [("document_page", str(edit.page))]
    if "document" not in dict(said):
        facts.append(("document", edit.document[:_LONGEST_FACT]))
    if edit.at is not None:
        when = f"{edit.at:%Y-%m-%d %H:%M} UTC, {how_long(edit.before)} before the call"
        facts += [("editor", edit.editor), ("revision", edit.revision), ("edited", when)]
    if edit.insider:
        facts.append(("insider", edit.insider))
    return tuple(fact for fact in facts if fact[1])


def how_long(stretch: timedelta) -> str:
    """A stretch of time in its largest unit: `3 hours`."""
    seconds = int(stretch.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def insider_title(edit: Edit) -> str:
    if edit.insider == "self":
        return _plain("Order in a document the user edited")
    return _plain(f"Order in a document edited by {edit.editor}")


def _facts(signals: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    pairs = ((str(name), str(value)[:_LONGEST_FACT]) for signal in signals for name, value in signal["facts"])
    return tuple(dict.fromkeys(pair for pair in pairs if pair[1]))[:_MOST_FACTS]


def _key(found: _Found) -> tuple[list[str], bool]:
    """What two verdicts must share to be one cause, and whether it names a text's origin or a conversation."""
    name, verdict = str(found.root["name"]), found.verdict
    if name in INSTRUCTIONS:
        if found.author or found.document:
            # a sender's next mail has another subject and is the same sender at work
            document = found.document if found.is_document or not found.author else ""
            return ["instruction", found.author.lower(), document.lower()], True
        return ["instruction", _payload(found.root) or found.destination.lower()], False
    if name == "reconnaissance":
        who = verdict["conversation_id"] or verdict["user_id"] or verdict["client_ip"]
        return [name, who], True
    if name == "reconnaissance_spread":
        # whoever goes on from the next address, or in the next conversation, is at the same work
        return [name, found.fact("client_network") or verdict["client_ip"]], True
    if name == "insider_suspected":
        return [name, verdict["user_id"]], True
    if name == "tool_description_followed":
        # whoever published the tool is behind it, in every conversation
        return [name, str(verdict["tool_id"] or verdict["tool_name"]).lower()], True
    if found.fact("restriction") and name in RESTRICTED:
        # however many agents and destinations meet it, one restriction is one piece of work for each agent
        return [name, found.fact("restriction")], True
    return [name, found.fact("document", "data_class").lower(), found.destination.lower()], False


def _payload(signal: Mapping[str, Any]) -> str:
    """The instruction itself, so that one poisoned page is one cause in every conversation that read it."""
    quotes = [str(item["quote"]) for item in signal["evidence"] if item["mark"] in TOLD_IN]
    return " ".join(quotes[0].lower().split()) if quotes else ""


# What is said in front of the deed.
_BEFORE_DEED = {
    "tool_new": "Unusual for this agent",
    "arguments_unusual": "Unusual for this agent",
    "volume_unusual": "Unusual for this agent",
    "time_unusual": "Unusual for this agent",
    "step_unusual": "Unusual for this agent",
    "unlike_its_kind": "Unusual for this agent",
    "user_volume_unusual": "Unusual for this user",
    "user_destination_unusual": "Unusual for this user",
    "user_time_unusual": "Unusual for this user",
    "insider_suspected": "Unusual for this user",
    "laundered_destination": "Destination planted in a record",
    "laundered_order": "Order planted in a record",
    "relayed_destination": "Another agent's order",
    "destination_denied": "Denied destination",
    "tool_outside_charter": "Outside its charter",
    "destination_outside_charter": "Outside its charter",
    "indicator_matched": "On a list of threats",
    "indicator_matched_low": "On a list of threats",
    "destination_newly_registered": "Newly registered domain",
    "double_request": "Asked again",
    "double_request_held": "Asked again",
    "destination_stopped_elsewhere": "Stopped for others before",
    "destination_confirmed_malicious": "Destination of an attack",
    "late_finding": "After a call found out too late",
    "destination_quarantined": "Quarantined destination",
    "step_up": "Waits for a person for a time",
}


def _title(found: _Found) -> str:
    name, verdict = str(found.root["name"]), found.verdict
    where = _short_host(found.destination)
    match name:
        case "instruction_marked" | "instruction_followed" | "instruction_delegated":
            title = f"{_carrier(found)}: {_deed(found, where)}"
        case "reconnaissance":
            title = f"{'User' if verdict['user_id'] else 'Visitor'} probed what the agent can do"
        case "sink_ahead":
            title = f"Harm likely next after {_words(verdict['tool_name'] or verdict['tool_id'])}"
        case "reconnaissance_spread":
            title = f"Visitors of {found.fact('client_network') or 'one address'} probed what the agent can do"
        case "classified_data_leaving" | "stored_data_leaving":
            title = f"{found.fact('data_class') or 'Classified'} data bound for {where or 'outside'}"
        case "secret_leaving":
            title = f"Secret bound for {where or 'outside'}"
        case "data_in_link" | "data_in_link_suspected":
            title = f"Data in an address of {where or 'a stranger'}"
        case "tool_description_followed":
            title = f"Orders in a tool's description: {_words(verdict['tool_name'] or verdict['tool_id'])}"
        case "secret_in_pieces" | "pieces_leaving":
            title = f"{'Secret' if name == 'secret_in_pieces' else 'Something'} sent in pieces to {where or 'outside'}"
        case "lookalike_destination":
            title = f"Posing as {_cut(found.fact('resembles'), 28) or 'one of ours'}: {_deed(found, where)}"
        case "agent_quarantined":
            title = f"Quarantined agent tried {_words(verdict['tool_name'] or verdict['tool_id'])}"
        case "session_quarantined" | "user_quarantined":
            title = f"Quarantined {'user' if name[0] == 'u' else 'conversation'} goes on: {_deed(found, where)}"
        case "document_quarantined":
            title = f"Quarantined document {_cut(found.document, 30)}: {_deed(found, where)}"
        case "rate_limited":
            title = "More calls without sign-in than the limit"
        case _ if name in _BEFORE_DEED:
            title = f"{_BEFORE_DEED[name]}: {_deed(found, where)}"
        case _ if name.startswith(IN_FORCE):
            title = f"{_cut(found.fact('rule_title'), 48)}: {_deed(found, where)}"
        case _ if found.fact("engine"):
            title = f"{_cut(found.fact('engine'), 40)} objects: {_deed(found, where)}"
        case _:
            title = _words(name or "stopped call") + (f": {where}" if where else "")
    return _plain(title[:1].upper() + title[1:])


def _carrier(found: _Found) -> str:
    """The text that held the instruction, in an analyst's word for it."""
    evidence = found.root["evidence"]
    source = next((str(item["source"]) for item in evidence if item["mark"] in TOLD_IN), "")
    hidden = any(item["mark"] == "hidden" for item in evidence)
    if found.is_document:
        text = "document text"
    elif source == "trigger":
        text = "mail text" if "@" in found.author else "trigger text"
    elif source.startswith("history") or source == "user":
        text = "chat text"
    elif found.author:
        text = "mail text" if "@" in found.author else f"text by {_cut(found.author, 24)}"
    else:
        text = "text it read"
    return f"Hidden {text}" if hidden else f"{text[:1].upper()}{text[1:]}"


def _deed(found: _Found, where: str) -> str:
    verdict = found.verdict
    match verdict["tool_kind"]:
        case "send":
            return f"send to {where}" if where else "send a message"
        case "share":
            return f"share with {where}" if where else "share a file"
        case "pay":
            return f"pay {where}" if where else "make a payment"
        case "delete":
            return f"delete with {_words(verdict['tool_name'] or verdict['tool_id'])}"
        case "execute":
            return f"run {_words(verdict['tool_name'] or verdict['tool_id'])}"
        case "read" if found.fact("destination"):
            return f"fetch data for {where}"
        case _:
            return _words(verdict["tool_name"] or verdict["tool_id"]) or "use a tool"


_LACKING = {
    "wire": "unreadable body",
    "store": "nothing could store them",
    "shed": "too many at once",
    "attribution": "time ran out",
    "memory, attribution": "time ran out",
}


def _unjudged(verdict: Mapping[str, Any]) -> Cause:
    # late or unreachable, it is the same engine that is missing
    lacking = ", ".join(dict.fromkeys(map(missing_name, map(str, verdict["degraded"])))) or "time"
    without = f"without {lacking.replace(f'{SECOND_OPINION}.', 'the opinion of ')}"
    stopped = verdict["would_have"] in STOPS and not verdict.get("late")
    title = "Calls stopped unjudged" if stopped else "Calls let through unjudged"
    return Cause(
        fingerprint=_digest([UNJUDGED, lacking, verdict["would_have"] if stopped else "allow", verdict["agent_id"]]),
        kin="",
        attributed=True,
        kind=UNJUDGED,
        title=_plain(f"{title}: {_LACKING.get(lacking, without)}"),
        severity=int(Severity.MEDIUM if stopped else Severity.HIGH),
        outcome=_outcome(verdict),
        author="",
        document="",
        destination="",
        facts=tuple(("degraded", str(name)[:_LONGEST_FACT]) for name in verdict["degraded"]),
    )


def _outcome(verdict: Mapping[str, Any]) -> str:
    if verdict.get("late") and verdict["mode"] != "monitor":
        return "let_through" if verdict["failed"] else "found_late"
    if verdict["would_have"] == "notice":
        return "noted"
    return _OUTCOMES.get((verdict["action"], verdict["would_have"]), "let_through")


def _short_host(destination: str) -> str:
    host = host_of(destination) or destination
    return _cut(host, 40)


def _words(identifier: str) -> str:
    """`fin_agent.action.Office365Outlook-SendanemailV2` or `Send-an-email-V2` as words."""
    last = re.split(r"[.:/]", identifier.strip())[-1]
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", re.sub(r"[-_\s]+", " ", last))
    return _cut(spaced.strip().lower(), 36)


def _plain(title: str) -> str:
    """What an outsider chose is in here: no line break, no invisible character, no more than fits."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in title)
    return _cut(clean, _LONGEST_TITLE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _digest(key: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in key]).encode()).hexdigest()
