"""What a step of a playbook can fill in by itself: short sentences from what is known of the case, each with its page.

One function for each name of `investigations.playbooks.EVIDENCE`; each makes one query at most, and none where it has
nothing to say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from guardrail.models import Verdict
from investigations.grouping import TOLD_IN
from investigations.models import Investigation
from investigations.related import Related, Shared
from policies.models import Agent, AgentChange, Destination, Indicator, Restriction
from policies.ruleset import host_of

_SAME_USER = "the same user"
_MOST = 50
_LONGEST_QUOTE = 300
_CHANGES = frozenset({"send", "pay", "delete", "share", "write", "execute"})
_RAN = frozenset({"would_block", "would_hold", "let_through", "found_late", "executed"})
_CARRIED_OUT = {
    "blocked": "Every call of it was blocked: none ran.",
    "held": "Its calls were held: none ran unless a person let it pass.",
    "would_block": "Monitor mode: the calls ran.",
    "would_hold": "Monitor mode: the calls ran.",
    "let_through": "Calls went through unjudged.",
    "found_late": "A call went through at once, and was found out afterwards.",
    "executed": "A stopped call was made all the same: the platform did not obey.",
    "noted": "No call was stopped.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One sentence that filled itself in. `bad` = somebody has to look at it; `url` leads to more, or is empty."""

    text: str
    url: str = ""
    bad: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the page of a case has read already. `conversation` are briefs, oldest first."""

    investigation: Investigation
    verdict: Verdict | None
    conversation: Sequence[Verdict]
    in_force: Sequence[Restriction]
    related: Related
    now: datetime


def fill_in(names: Sequence[str], known: Known) -> Mapping[str, Evidence]:
    """What is known for each of the names; without those there is nothing to say for."""
    found = {name: _FILLS[name](known) for name in dict.fromkeys(names) if name in _FILLS}
    return {name: evidence for name, evidence in found.items() if evidence}


def _order(known: Known) -> Evidence | None:
    signals = known.verdict.signals if known.verdict else []
    quotes = [str(item["quote"]) for signal in signals for item in signal["evidence"] if item["mark"] in TOLD_IN]
    if not quotes:
        return None
    return Evidence(text=f"“{' '.join(quotes[0].split())[:_LONGEST_QUOTE]}”", url="#why")


def _author(known: Known) -> Evidence | None:
    case = known.investigation
    said = [f"Written by {case.author}" if case.author else "", f"in {case.document}" if case.document else ""]
    text = " ".join(part for part in said if part)
    return Evidence(text=f"{text[:1].upper()}{text[1:]}.") if text else None


def _outcome(known: Known) -> Evidence | None:
    outcome = known.investigation.outcome
    return Evidence(text=_CARRIED_OUT[outcome], url="#not", bad=outcome in _RAN) if outcome in _CARRIED_OUT else None


def _went_on(known: Known) -> Evidence | None:
    if known.verdict is None or not known.verdict.conversation_id:
        return None
    later = [call for call in known.conversation if call.pk > known.verdict.pk]
    ran = [call for call in later if call.action in ("allow", "notice", "modify") and call.tool_kind in _CHANGES]
    if not later:
        return Evidence(text="No call of the conversation came after it.")
    text = f"{_count(len(later), 'call')} of the conversation came after it; of those that change something,"
    return Evidence(
        text=f"{text} {len(ran) or 'none'} ran.", url=reverse("verdict", args=[ran[0].pk]) if ran else "", bad=bool(ran)
    )


def _destination(known: Known) -> Evidence | None:
    destination = known.investigation.destination
    if not destination:
        return None
    names = _names_of(destination)
    listed = {row.value: row.standing for row in Destination.objects.filter(value__in=names)}
    if listed:
        standing = listed[next(name for name in names if name in listed)]
        return Evidence(text=f"{destination} is listed as {standing}.", url=_search("policy_destinations", destination))
    threat = Indicator.objects.filter(value__in=names, dismissed=False).filter(
        Q(expires_at=None) | Q(expires_at__gt=known.now)
    )
    if threat.exists():
        return Evidence(text=f"{destination} is on a list of threats.", url=_search("intelligence", destination))
    return Evidence(text=f"{destination} is on no list.", url="#do", bad=True)


def _restricted(known: Known) -> Evidence | None:
    if not known.in_force:
        return Evidence(text="Nothing is restricted for it at present.", url="#restrict", bad=True)
    first = known.in_force[0]
    more = f", and {len(known.in_force) - 1} more" if len(known.in_force) > 1 else ""
    return Evidence(text=f"In force: {first.get_effect_display().lower()} of {first.get_kind_display().lower()}{more}.",
                    url="#restrict")  # fmt: skip


def _same_cause(known: Known) -> Evidence | None:
    case = known.investigation
    if not (case.destination or case.author or case.document):
        return None
    shared = [one for one in known.related.shared if one.word != _SAME_USER]
    if not shared:
        return Evidence(text="No other case has its author, document or destination.")
    return Evidence(text=f"{'; '.join(map(_shared, shared))}.", url="#related", bad=True)


def _campaign(known: Known) -> Evidence | None:
    member = getattr(known.investigation, "membership", None)
    if member is None:
        return None
    found = member.campaign
    text = (
        f"Campaign {found.pk}: {_count(found.agents, 'agent')}, {_count(found.conversations, 'conversation')},"
        f" {found.get_status_display().lower()}."
    )
    return Evidence(text=text, url=reverse("campaign", args=[found.pk]), bad=found.status == "open")


def _agent(known: Known) -> Evidence | None:
    case = known.investigation
    found = Agent.objects.filter(agent_id=case.agent_id).first() if case.agent_id else None
    if found is None:
        return None
    owner = f"owned by {found.owner}" if found.owner else "without an owner"
    shadow = "" if found.registered else ", not registered"
    return Evidence(
        text=f"{found} is {owner}{shadow}, of {found.criticality or 'no stated'} criticality.",
        url=reverse("agent", args=[found.pk]),
        bad=not found.owner or not found.registered,
    )


def _user(known: Known) -> Evidence | None:
    user = known.investigation.user_id
    if not user:
        return Evidence(text="Nobody signed in.")
    same = next((one for one in known.related.shared if one.word == _SAME_USER), None)
    if same is None:
        return Evidence(text=f"{user} is in no other case.")
    return Evidence(text=f"{user} is in others: {same.open} open, {same.closed} closed.", url="#related", bad=True)


def _edit(known: Known) -> Evidence | None:
    facts = {str(name): str(value) for name, value in reversed(known.investigation.facts)}
    if "editor" not in facts:
        return Evidence(text="No change feed has told of an edit.", bad=True)
    revision = f", revision {facts['revision']}" if facts.get("revision") else ""
    page = facts.get("document_page", "")
    return Evidence(
        text=f"Edited by {facts['editor']}{revision}{', ' + facts['edited'] if facts.get('edited') else ''}.",
        url=reverse("document", args=[int(page)]) if page.isdecimal() else "",
    )


def _drift(known: Known) -> Evidence | None:
    agent = known.investigation.agent_id
    changes = AgentChange.objects.filter(agent_id=agent, acknowledged_at=None).order_by("-at")[:_MOST] if agent else []
    found = list(changes)
    if not found:
        return Evidence(text="No change of the agent is waiting to be looked at.")
    newest = found[0]
    said = f"{newest.get_what_display().lower()}: {newest.now or newest.was}"[:120]
    return Evidence(text=f"{_count(len(found), 'change')} of the agent not looked at, the newest {said}.", bad=True)


_FILLS: Mapping[str, Callable[[Known], Evidence | None]] = {
    "order": _order,
    "author": _author,
    "outcome": _outcome,
    "went_on": _went_on,
    "destination": _destination,
    "restricted": _restricted,
    "same_cause": _same_cause,
    "campaign": _campaign,
    "agent": _agent,
    "user": _user,
    "edit": _edit,
    "drift": _drift,
}


def _shared(one: Shared) -> str:
    return f"{one.word[:1].upper()}{one.word[1:]} in others: {one.open} open, {one.closed} closed"


def _names_of(destination: str) -> list[str]:
    """What a list may name it by: itself, its host, and the domains above; the closest first."""
    host = host_of(destination)
    labels = host.split(".") if host else []
    above = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return list(dict.fromkeys([destination.lower(), *above]))


def _search(page: str, words: str) -> str:
    return f"{reverse(page)}?{urlencode({'q': words})}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
