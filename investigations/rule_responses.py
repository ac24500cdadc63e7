"""What rules of the policy with the action `respond` restrict: an agent, conversation, user, destination or channel.

Within the hour's budget, the kill switch and the locks of every response made without a person
(`investigations.response`). A call that was only watched, or played in a rehearsal, restricts nothing. What a rule
wanted and did not get is written down for people, on the investigation of the call and beside the rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from guardrail.models import Orchestrator
from guardrail.rehearsal.bodies import TENANT as REHEARSED
from investigations.models import Activity, InvestigationCall
from investigations.response import Subject, restricted_text, subject_of
from investigations.rule_not_done import Undone, note_undone
from investigations.rule_uses import Matched
from investigations.vouching import may_be_quarantined
from policies.models import NotDone, PolicyVersion
from policies.response_rules import BY_POLICY
from policies.restrictions import Effect, Restricted
from policies.rules import Then
from policies.services.publish import changed
from policies.services.response import Budget, load_budget
from policies.services.restrictions import LONGEST_DAYS, RestrictionError, Wanted, restrict_by_rule, serialise

log = structlog.get_logger(__name__)

# What one intake looks at; an hour's budget is far below it.
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
    made, undone = _restrict_all(due, budget=load_budget(now), now=now)
    note_undone(undone, now=now)
    if made:
        changed()
    return made


def _restrict_all(due: Sequence[_Due], *, budget: Budget, now: datetime) -> tuple[int, list[Undone]]:
    """Restrict within the budget; returns how many, and what was not done after all."""
    made = 0
    undone: list[Undone] = []
    for one in due:
        kind = one.wanted.kind
        if kind is Restricted.DESTINATION and not may_be_quarantined(one.wanted.subject[0]):
            undone.append(_undone(one, NotDone.Why.VOUCHED))
        elif not budget.enabled or not budget.allows(kind):
            undone.append(_undone(one, NotDone.Why.BUDGET if budget.enabled else NotDone.Why.SWITCHED_OFF))
        else:
            try:
                restricted = _restrict(one, now=now)
            except RestrictionError as error:
                log.warning("rule_response.refused", rule=one.name, why=str(error)[:200])
                undone.append(_undone(one, NotDone.Why.REFUSED, told=str(error)))
                continue
            if restricted:
                made += 1
                used_of = {**budget.used_of, kind.value: budget.used_of.get(kind.value, 0) + 1}
                budget = replace(budget, used=budget.used + 1, used_of=used_of)
    return made, undone


def _restrict(one: _Due, *, now: datetime) -> bool:
    """Whether it is restricted by this; not where it was already. Raises RestrictionError."""
    rule = f"{BY_POLICY}{one.name}"
    made = restrict_by_rule(one.wanted, rule=rule, now=now)
    if made is None:
        return False
    log.info("rule_response.restricted", rule=one.name, restriction=made.pk)
    if made.investigation:
        text = restricted_text(made, rule=rule)
        Activity.objects.create(investigation_id=made.investigation, kind="restricted_by_rule", text=text)
    return True


def _undone(one: _Due, why: str, *, told: str = "") -> Undone:
    return Undone(rule=f"{BY_POLICY}{one.name}", wanted=one.wanted, why=why, told=told)


def _due(acted: Sequence[Matched], *, now: datetime) -> list[_Due]:
    entries = _load_responses(acted) if acted else {}
    if not entries:
        return []
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    found: dict[tuple[str, Subject], tuple[Mapping[str, Any], list[Matched]]] = {}
    for one in acted:
        entry = entries.get((one.row["policy_version"], one.name))
        subject = _subject(entry, one, slugs) if entry else ()
        if not entry or not subject:
            continue
        if (one.name, subject) not in found and len(found) >= _MOST_SUBJECTS:
            log.warning("rule_response.too_many", rule=one.name, most=_MOST_SUBJECTS)
            continue
        found.setdefault((one.name, subject), (entry, []))[1].append(one)
    places = _load_places(one.row["id"] for _, calls in found.values() for one in calls)
    return [
        _Due(name=name, wanted=_wanted(entry, subject, calls, places, now=now))
        for (name, subject), (entry, calls) in found.items()
    ]


def _load_places(verdicts: Iterable[UUID]) -> dict[UUID, int]:
    """The investigations of these calls. One query."""
    found = InvestigationCall.objects.filter(verdict_id__in=list(verdicts))
    return dict(found.values_list("verdict_id", "investigation_id"))


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
        return 0 < int(response["minutes"]) <= LONGEST_DAYS * 24 * 60
    except (KeyError, TypeError, ValueError):
        return False


def _subject(entry: Mapping[str, Any], one: Matched, slugs: Mapping[int, str]) -> Subject:
    kind, destination = Restricted(entry["response"]["kind"]), str(one.row["destination"])
    return subject_of(kind, one.row, slugs, document="", destination=destination)


def _wanted(
    entry: Mapping[str, Any],
    subject: Subject,
    calls: Sequence[Matched],
    places: Mapping[UUID, int],
    *,
    now: datetime,
) -> Wanted:
    response = entry["response"]
    return Wanted(
        kind=Restricted(response["kind"]),
        effect=Effect(response["effect"]),
        subject=subject,
        reason=str(entry.get("explanation") or f"The rule “{entry.get('title') or entry['name']}” of the policy."),
        until=now + timedelta(minutes=int(response["minutes"])),
        per_minute=int(response.get("per_minute") or 0),
        investigation=next((places[one.row["id"]] for one in calls if one.row["id"] in places), None),
        verdicts=tuple(str(one.row["id"]) for one in calls[:_MOST_VERDICTS]),
    )
