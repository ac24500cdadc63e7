"""An event in a few lines for people who are not at work in here: what mails and chats are made of. Pure.

An attacker wrote some of it: each text is one line of what can be seen, cut with a mark, and an address is written so
that nothing makes a link of it. No quote and no transcript is among them.
"""

from typing import Any

from investigations.notices import unlinked
from investigations.siem.content import LONGEST_TEXT, shortened
from investigations.siem.event import KIND_WORDS, Event

_LONGEST_FACT = 800
_LONGEST_SUMMARY = 300


def summary_of(event: Event) -> str:
    """The event in one sentence."""
    return _line(event.summary, _LONGEST_SUMMARY)


def facts_of(event: Event) -> list[tuple[str, str]]:
    """Pairs of a word and a value, without those that say nothing; fewer than twenty."""
    call, case, act = event.call, event.case, event.act
    facts = [("What", KIND_WORDS[event.kind]), ("Severity", event.severity_word)]
    if call:
        facts += [("Done", call.action), ("Would be", call.would_have), ("Rule", call.deciding)]
        facts += [("Reason", call.reason), ("Tool", call.tool_name or call.tool_id)]
    if case:
        facts += [("Case", str(case.number)), ("Status", case.status), ("Rule", case.rule)]
        facts += [("Disposition", case.disposition), ("Assignee", case.assignee)]
    if call or case:
        who: Any = call or case
        facts += [("Agent", who.agent_name or who.agent_id), ("User", who.user_id), ("Destination", who.destination)]
    if act:
        facts += [("Change", act.what.replace("_", " ")), ("By", act.actor or "the system"), ("Text", act.text)]
    facts.append(("When", f"{event.at:%Y-%m-%d %H:%M:%S} UTC"))
    return [(word, _line(value, _LONGEST_FACT)) for word, value in facts if value]


def _line(text: str, most: int) -> str:
    return shortened(unlinked(text, most=LONGEST_TEXT), most)
