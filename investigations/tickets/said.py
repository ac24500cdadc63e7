"""What a ticket says of an investigation, and what a comment says of its history, by a receiver's content policy.

An attacker chose some of it: each text is one line of what can be seen, and an address is written so that nothing makes
a link of it. Pure but for the rows it is given.
"""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from guardrail.words import signal_words
from investigations.models import Activity, Investigation
from investigations.notices import unlinked
from investigations.siem.content import FULL, METADATA, masked
from investigations.siem.event import severity_word
from investigations.siem.outbox import case_as_told
from investigations.siem.sinks.sink import printable
from investigations.tickets.account import ACCOUNT
from investigations.tickets.desk import Said

_MOST_LINES = 30
_LONGEST_LINE = 600
# what the tickets themselves write is no news to them
OWN_KINDS = frozenset(
    (
        "ticket_wanted",
        "ticket_opened",
        "ticket_status",
        "ticket_conflict",
        "ticket_kept",
        "ticket_refused",
        "ticket_gone",
    )
)
_FACTS = (
    ("agent_name", "Agent"),
    ("user_id", "User"),
    ("conversation_id", "Conversation"),
    ("destination", "Destination"),
    ("outcome", "What became of its calls"),
)


def may_leave(case: Investigation, content: str) -> bool:
    """Whether anything of it may leave: of one that few may see only metadata, and only to who is sent no more."""
    return not case.restricted or content == METADATA


def said_of(case: Investigation, *, content: str) -> Said:
    """What its ticket says when it is made."""
    told = case_as_told(case)
    facts = [("Case", str(case.pk)), ("Severity", severity_word(case.severity)), ("Found", signal_words(case.kind))]
    if not case.restricted:
        facts += [(word, _shown(told[name], content)) for name, word in _FACTS if told[name]]
        facts.append(("Calls", str(case.calls)))
    return Said(
        title=printable(f"Guardrail {case.pk}: {_masked(told['title'], content)}", 200),
        facts=tuple(facts),
        link=settings.PUBLIC_URL + reverse("investigation", args=(case.pk,)),
        severity=severity_word(case.severity),
        assignee=assignee_of(case),
    )


def assignee_of(case: Investigation) -> str:
    """Whom a ticket is told that has it; nobody where few may see it."""
    return case.assignee.get_username() if case.assignee and not case.restricted else ""


def news_of(lines: Sequence[Activity]) -> list[Activity]:
    """Those a ticket is told of: not what came from it, nor what it says itself."""
    return [line for line in lines if line.kind not in OWN_KINDS and (not line.actor or not _is_ours(line))]


def lines_of(case: Investigation, news: Sequence[Activity], *, content: str, mark: str) -> list[str]:
    """A comment: a line for each of the newest, and the mark it is known by."""
    texts = [_line(case, one, content) for one in news[-_MOST_LINES:]]
    left_out = len(news) - len(texts)
    return [*([f"{left_out} earlier changes are not listed."] if left_out else []), *texts, f"Guardrail {mark}"]


def _line(case: Investigation, one: Activity, content: str) -> str:
    who = one.actor.get_username() if one.actor else "the system"
    what = one.kind.replace("_", " ")
    # what people write about a restricted case is for those who may see it
    quiet = case.restricted or content == METADATA
    text = "" if quiet or not one.text else f": {_shown(one.text, content)}"
    return printable(f"{one.at:%Y-%m-%d %H:%M} UTC, {who}: {what}{text}", _LONGEST_LINE)


def _shown(text: str, content: str) -> str:
    return printable(unlinked(_masked(text, content), most=_LONGEST_LINE), _LONGEST_LINE)


def _masked(text: str, content: str) -> str:
    return text if content == FULL else masked(text)


def _is_ours(line: Activity) -> bool:
    return line.actor is not None and line.actor.get_username() == ACCOUNT
