"""What rules of the policy with the action `respond` restrict: an agent, conversation, user, destination or channel.

Within the hour's budget, the kill switch and the locks of every response made without a person
(`investigations.response`). A call that was only watched, or played in a rehearsal, restricts nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from guardrail.models import Orchestrator
from guardrail.rehearsal.bodies import TENANT as REHEARSED
from investigations.response import Subject, subject_of
from investigations.rule_uses import Matched
from investigations.vouching import may_be_quarantined
from policies.models import PolicyVersion
from policies.restrictions import Effect, Restricted
from policies.rules import Then
from policies.services.publish import changed
from policies.services.response import load_budget
from policies.services.restrictions import RestrictionError, Wanted, restrict_by_rule, serialise

log = structlog.get_logger(__name__)

# Before the name of a policy's rule, where the rules the product ships stand by their own.
BY_POLICY = "policy:"
_MOST_SUBJECTS = 200
_MOST_VERDICTS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Due:
    """One subject that a rule restricts, with the calls that led to it."""

    name: str
    wanted: Wanted


def restrict_for(matched: Sequence[Matched], *, now: datetime) -> int:
    """Restrict what the rules these calls met say; returns how many. Needs the intake's transaction, at its end.

    One query where a rule acted, and none of the lock unless one of them responds.
    """
    acted = [one for one in matched if one.acted and one.row["mode"] != "monitor"]
    acted = [one for one in acted if one.row["tenant_id"] != REHEARSED]
    due = _due(acted, now=now)
    if not due:
        return 0
    serialise()
    budget = load_budget(now)
    made = 0
    for one in due:
        kind = one.wanted.kind
        if not budget.enabled or not budget.allows(kind):
            log.warning("rule_response.not_done", rule=one.name, why="budget" if budget.enabled else "switched_off")
            continue
        if _restrict(one, now=now):
            made += 1
            used_of = {**budget.used_of, kind.value: budget.used_of.get(kind.value, 0) + 1}
            budget = replace(budget, used=budget.used + 1, used_of=used_of)
    if made:
        changed()
    return made


def _restrict(one: _Due, *, now: datetime) -> bool:
    try:
        made = restrict_by_rule(one.wanted, rule=f"{BY_POLICY}{one.name}", now=now)
    except RestrictionError as error:
        log.warning("rule_response.refused", rule=one.name, why=str(error)[:200])
        return False
    if made is not None:
        log.info("rule_response.restricted", rule=one.name, restriction=made.pk)
    return made is not None


def _due(acted: Sequence[Matched], *, now: datetime) -> list[_Due]:
    entries = _load_responses(acted) if acted else {}
    if not entries:
        return []
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    found: dict[tuple[str, Subject], tuple[Mapping[str, Any], list[Matched]]] = {}
    for one in acted:
        entry = entries.get((one.row["policy_version"], one.name))
        subject = _subject(entry, one, slugs) if entry else ()
        if entry and subject and len(found) < _MOST_SUBJECTS:
            found.setdefault((one.name, subject), (entry, []))[1].append(one)
    return [
        _Due(name=name, wanted=_wanted(entry, subject, calls, now=now))
        for (name, subject), (entry, calls) in found.items()
    ]


def _load_responses(acted: Iterable[Matched]) -> dict[tuple[int, str], Mapping[str, Any]]:
    """The rules that respond, by version and name. One query."""
    versions = PolicyVersion.objects.filter(number__in={one.row["policy_version"] for one in acted})
    return {
        (number, entry["name"]): entry
        for number, rules in versions.values_list("number", "document__rules")
        for entry in rules or ()
        if entry.get("then") == Then.RESPOND.value and _is_readable(entry.get("response"))
    }


def _is_readable(response: Any) -> bool:
    try:
        Restricted(response["kind"])
        Effect(response["effect"])
        return int(response["minutes"]) > 0
    except (KeyError, TypeError, ValueError):
        return False


def _subject(entry: Mapping[str, Any], one: Matched, slugs: Mapping[int, str]) -> Subject:
    kind, destination = Restricted(entry["response"]["kind"]), str(one.row["destination"])
    if kind is Restricted.DESTINATION and not may_be_quarantined(destination):
        return ()
    return subject_of(kind, one.row, slugs, document="", destination=destination)


def _wanted(entry: Mapping[str, Any], subject: Subject, calls: Sequence[Matched], *, now: datetime) -> Wanted:
    response = entry["response"]
    return Wanted(
        kind=Restricted(response["kind"]),
        effect=Effect(response["effect"]),
        subject=subject,
        reason=str(entry.get("explanation") or f"The rule “{entry.get('title') or entry['name']}” of the policy."),
        until=now + timedelta(minutes=int(response["minutes"])),
        per_minute=int(response.get("per_minute") or 0),
        verdicts=tuple(str(one.row["id"]) for one in calls[:_MOST_VERDICTS]),
    )
