"""Makes several investigations one, takes that back, and parts calls from one into a new one.

A merged source keeps its number, its history and its cause: calls to come with that cause go where it went, and
each call remembers whose it was, so that the undo gives every one back. INVARIANT: investigations are locked in the
order of their ids before anything else; the intake does the same.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Q

from investigations.models import NEVER, Activity, Investigation, InvestigationCall, Merge, MergedSource
from investigations.placing import OUTCOMES
from investigations.services import InvestigationError, required, write_line
from investigations.visibility import visible_to
from policies.access import Permission, require

MOST = 100
_CLOSED = Investigation.Status.CLOSED
_OF_SOURCE = ("status", "assignee_id", "disposition", "paused_at")
_OF_TARGET = ("severity", "outcome", "facts", "seen")
_MOST_FACTS = 200

# What its calls say of an investigation. Those whose verdict was removed by retention count, without a time.
_COUNT = """
SELECT count(*) FILTER (WHERE verdict.duplicate_of IS NULL), min(verdict.received_at), max(verdict.received_at),
    array_remove(array_agg(DISTINCT verdict.agent_id), NULL)
FROM investigations_investigationcall place LEFT JOIN guardrail_verdict verdict ON verdict.id = place.verdict_id
WHERE place.investigation_id = %s
"""


@transaction.atomic
def merge(target: int, sources: Iterable[int], *, reason: str, now: datetime, actor: User) -> Merge:
    """Make the sources part of the target. Raises InvestigationError when one is closed, merged or gone by now."""
    require(actor, Permission.INVESTIGATE)
    text = required(reason, "reason")
    wanted = sorted(set(sources) - {target})
    if not wanted or len(wanted) > MOST:
        raise InvestigationError(f"{len(wanted)} others are picked, expected 1 to {MOST}")
    # what is part of a source, too: an intake locks that and where it went in the order of their ids
    every = Investigation.objects.filter(Q(pk__in=[target, *wanted]) | Q(merged_into__in=wanted)).order_by("pk")
    list(every.select_for_update(no_key=True).values_list("pk"))
    rows = _locked([target, *wanted], actor=actor)
    into = rows[target]
    parts = list(Investigation.objects.filter(merged_into__in=wanted).order_by("pk"))
    made = Merge.objects.create(target=into, reason=text, at=now, by=actor, before=_of_target(into))
    for part in parts:
        MergedSource.objects.create(merge=made, source=part, was_in_id=part.merged_into_id)
    for pk in wanted:
        source = rows[pk]
        MergedSource.objects.create(merge=made, source=source, before=_of_source(source))
        InvestigationCall.objects.filter(investigation=source, source=None).update(source=source)
        InvestigationCall.objects.filter(investigation=source).update(investigation=into)
        _take(into, source)
        write_line(source, "merged_away", actor=actor, text=f"{into.pk}: {text}", audited={"into": into.pk})
    moved = [*wanted, *(part.pk for part in parts)]
    Investigation.objects.filter(pk__in=wanted).update(
        status=_CLOSED, closed_at=now, disposition="", due_at=NEVER, held_since=None, paused_at=None
    )
    Investigation.objects.filter(pk__in=moved).update(merged_into=into)
    recount(into)
    # also those whose calls are gone with their month: what is said of them stays
    agents = {into.agent_id, *into.other_agents}
    agents.update(agent for row in (*rows.values(), *parts) for agent in (row.agent_id, *row.other_agents))
    into.other_agents = sorted(agents - {into.agent_id})
    into.clocked = 0
    into.save(update_fields=(*_OF_TARGET, "other_agents", "clocked"))
    made.after = _of_target(into)
    made.save(update_fields=("after",))
    said = ", ".join(str(pk) for pk in wanted)
    write_line(into, "merged", actor=actor, text=f"{said}: {text}", audited={"merge": made.pk, "sources": wanted})
    return made


@transaction.atomic
def unmerge(made: Merge, *, now: datetime, actor: User) -> None:
    """Give every source back what it had and every call its place, those that came since, too.

    Raises InvestigationError when it is undone, or the target or a source was merged on since: that comes first.
    """
    require(actor, Permission.INVESTIGATE)
    parts = list(made.parts.all())
    pks = sorted({made.target_id, *(part.source_id for part in parts)})
    rows = {
        row.pk: row for row in Investigation.objects.filter(pk__in=pks).select_for_update(no_key=True).order_by("pk")
    }
    made = Merge.objects.select_for_update().get(pk=made.pk)
    if made.undone_at is not None:
        raise InvestigationError(f"merge {made.pk} is undone already")
    later = Merge.objects.filter(Q(target__in=pks) | Q(parts__source__in=pks), pk__gt=made.pk, undone_at=None).first()
    if later is not None:
        raise InvestigationError(f"they were merged again since: undo merge {later.pk} first")
    target = rows[made.target_id]
    own = [part for part in parts if part.was_in_id is None]
    for part in own:
        calls = InvestigationCall.objects.filter(investigation=target, source_id=part.source_id)
        calls.update(investigation_id=part.source_id, source=None)
    for part in parts:
        if part.was_in_id is not None:
            calls = InvestigationCall.objects.filter(investigation=target, source_id=part.source_id)
            calls.update(investigation_id=part.was_in_id)
            Investigation.objects.filter(pk=part.source_id).update(merged_into=part.was_in_id)
    for part in own:
        _give_back(rows[part.source_id], part.before, made, actor=actor)
    _untake(target, made)
    recount(target)
    Merge.objects.filter(pk=made.pk).update(undone_at=now, undone_by=actor)
    said = ", ".join(str(part.source_id) for part in own)
    write_line(target, "unmerged", actor=actor, text=said, audited={"merge": made.pk})


@transaction.atomic
def split(
    investigation: int, verdicts: Sequence[uuid.UUID], *, title: str, reason: str, now: datetime, actor: User
) -> Investigation:
    """Part these calls into an investigation of their own. What comes to the old cause goes on to the old one.

    Raises InvestigationError when one of the calls is not its own by now, or none would be left.
    """
    require(actor, Permission.INVESTIGATE)
    text, name = required(reason, "reason"), required(title, "title")[:200]
    row = _locked([investigation], actor=actor)[investigation]
    calls = InvestigationCall.objects.filter(investigation=row)
    picked = calls.filter(verdict_id__in=verdicts)
    if not verdicts or picked.count() != len(set(verdicts)):
        raise InvestigationError("some of the picked calls are none of it by now, look at it again")
    if not calls.exclude(verdict_id__in=verdicts).exists():
        raise InvestigationError("all of its calls are picked, expected at least one to stay")
    made = Investigation.objects.create(
        kind=row.kind,
        # a cause of its own, which no call has
        fingerprint=uuid.uuid4().hex * 2,
        title=name,
        severity=row.severity,
        outcome=row.outcome,
        agent_id=row.agent_id,
        agent_name=row.agent_name,
        user_id=row.user_id,
        conversation_id=row.conversation_id,
        destination=row.destination,
        author=row.author,
        document=row.document,
        facts=row.facts,
        restricted=row.restricted,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        opened_at=now,
        opened_by=actor,
        follows=row,
    )
    made.readers.model.objects.bulk_create(
        made.readers.model(investigation=made, person_id=pk) for pk in row.readers.values_list("person", flat=True)
    )
    picked.update(investigation=made, source=None)
    recount(row)
    recount(made)
    number = len(set(verdicts))
    said = f"{number} call{'s' if number != 1 else ''} to {made.pk}: {text}"
    write_line(row, "split", actor=actor, text=said, audited={"to": made.pk, "calls": [str(pk) for pk in verdicts]})
    write_line(made, "split_off", actor=actor, text=f"{row.pk}: {text}", audited={"from": row.pk})
    return made


def recount(row: Investigation) -> None:
    """Count its calls anew, from the places of verdicts: whoever moves some does so in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [row.pk])
        calls, first, last, agents = cursor.fetchone()
    row.other_agents = sorted({*(agents or ())} - {row.agent_id})
    row.calls, row.first_seen, row.last_seen = calls, first or row.first_seen, last or row.last_seen
    row.save(update_fields=("calls", "first_seen", "last_seen", "other_agents"))


def _locked(pks: Sequence[int], *, actor: User) -> dict[int, Investigation]:
    """The rows, open and to be seen by the person; what of them is not is said all at once."""
    seen = Investigation.objects.filter(visible_to(actor), pk__in=pks)
    rows = {row.pk: row for row in seen.select_for_update(no_key=True, of=("self",)).order_by("pk")}
    missing = [pk for pk in pks if pk not in rows]
    if missing:
        raise InvestigationError(f"investigation {missing[0]} is not there, expected a number of the queue")
    merged = [f"{row.pk} (part of {row.merged_into_id})" for row in rows.values() if row.merged_into_id]
    shut = [str(row.pk) for row in rows.values() if row.status == _CLOSED and not row.merged_into_id]
    if merged or shut:
        raise InvestigationError(f"closed or merged by now: {', '.join([*shut, *merged])}; expected open ones")
    if len({row.restricted for row in rows.values()}) > 1:
        raise InvestigationError("some are restricted and some are not, expected all of them alike")
    return rows


def _of_source(row: Investigation) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in _OF_SOURCE}
    return {**found, "paused_at": row.paused_at.isoformat() if row.paused_at else None}


def _of_target(row: Investigation) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _OF_TARGET}


def _take(target: Investigation, source: Investigation) -> None:
    """Let the target say what is said of the source."""
    target.severity = max(target.severity, source.severity)
    target.outcome = max(target.outcome, source.outcome, key=OUTCOMES.index)
    known = {tuple(fact) for fact in target.facts}
    target.facts = (target.facts + [fact for fact in source.facts if tuple(fact) not in known])[:_MOST_FACTS]
    target.seen = {
        name: list(dict.fromkeys([*target.seen.get(name, ()), *source.seen.get(name, ())]))
        for name in ("destinations", "rules")
    }


def _give_back(row: Investigation, before: Mapping[str, Any], made: Merge, *, actor: User) -> None:
    paused = before["paused_at"]
    fields = {**before, "paused_at": datetime.fromisoformat(paused) if paused else None, "closed_at": None}
    Investigation.objects.filter(pk=row.pk).update(**fields, merged_into=None, clocked=0)
    row.refresh_from_db()
    recount(row)
    write_line(row, "unmerged", actor=actor, text=str(made.target_id), audited={"merge": made.pk})


def _untake(target: Investigation, made: Merge) -> None:
    """Take from the target what the merge gave it; what it got since stays."""
    raised = Activity.objects.filter(investigation=target, kind="severity_raised", at__gt=made.at).exists()
    if not raised and target.severity == made.after["severity"]:
        target.severity = made.before["severity"]
    if target.outcome == made.after["outcome"]:
        target.outcome = made.before["outcome"]
    target.facts = made.before["facts"] + [fact for fact in target.facts if fact not in made.after["facts"]]
    after = made.after["seen"]
    target.seen = {
        name: made.before["seen"].get(name, []) + [one for one in seen if one not in after.get(name, [])]
        for name, seen in target.seen.items()
    }
    target.clocked = 0
    target.save(update_fields=(*_OF_TARGET, "clocked"))
