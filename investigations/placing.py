"""Gives verdicts their place: the open investigation of their cause, a known one that wakes up, or a new one.

INVARIANT: `hold` comes before anything is written or locked: first whoever places the same causes is waited for, then
every investigation that may be touched is locked in the order of its id. So two intakes, or an intake and a person who
merges or decides on a campaign, cannot wait for each other.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q

from investigations.caused import Caused
from investigations.models import Activity, Investigation, InvestigationCall
from investigations.recurrence import quieten, recurred, wake
from investigations.response import Grown
from policies.signal import Severity

# An investigation closed between our insert and our lock is opened anew; more often than this is an error of ours.
_ATTEMPTS = 5
_MOST_FACTS = 200
# Destinations and rules an investigation keeps of its calls; what is beyond counts as new.
_MOST_SEEN = 200
# Most convincing last: an investigation says the strongest thing that was done with one of its calls; but that one was
# let through which should have been stopped must not hide behind those that were.
OUTCOMES = ("noted", "let_through", "would_hold", "would_block", "held", "blocked", "found_late", "executed")
# Who holds a fingerprint: what is open, and what was merged into another one.
HOLDS = ~Q(status=Investigation.Status.CLOSED) | Q(merged_into__isnull=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where calls of one fingerprint go. `source` is the merged investigation whose calls they would have been."""

    investigation: Investigation
    source: int | None = None


# Not a lock for each of 500 causes: the server's table of locks is small. The first number is ours.
_CAUSES = """
SELECT pg_advisory_xact_lock(7301, number)
FROM (SELECT DISTINCT (hashtextextended(print, 0) & 255)::int AS number FROM unnest(%s::text[]) print ORDER BY 1) causes
"""


def hold(fingerprints: Collection[str], *, also: Collection[int] = ()) -> None:
    """Until the end of the transaction nobody else places these causes, or works on their investigations or `also`.

    What a person opens again, or merges, between two statements of this is locked late, and may be waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CAUSES, [list(fingerprints)])
    known = Investigation.objects.filter(fingerprint__in=fingerprints)
    holders = known.filter(HOLDS).values_list("pk", "merged_into_id")
    newest = known.order_by("fingerprint", "-pk").distinct("fingerprint").values_list("pk")
    pks = {pk for row in (*holders, *newest) for pk in row if pk is not None}
    wanted = Investigation.objects.filter(pk__in={*pks, *also}).order_by("pk")
    # no_key: a call placed elsewhere looks at that investigation's key when its transaction ends
    list(wanted.select_for_update(no_key=True).values_list("pk"))


def place_caused(caused: Sequence[Caused], *, now: datetime) -> list[Grown]:
    """Open what is not open, extend what is, and give each verdict its one place.

    Needs a transaction that holds (`hold`) the causes.
    """
    by_fingerprint: dict[str, list[Caused]] = {}
    for item in caused:
        by_fingerprint.setdefault(item.cause.fingerprint, []).append(item)
    quieten(by_fingerprint, now=now)
    places = _locked_open(by_fingerprint, now=now)
    rows = {place.investigation.pk: place.investigation for place in places.values()}
    activities = _openings([row for row in rows.values() if not row.calls and row.opened_by_id is None])
    for fingerprint, items in by_fingerprint.items():
        activities += _extend(places[fingerprint].investigation, items)
    _save(list(rows.values()))
    InvestigationCall.objects.bulk_create(
        InvestigationCall(investigation=place.investigation, source_id=place.source, verdict_id=item.row["id"])
        for fingerprint, place in places.items()
        for item in by_fingerprint[fingerprint]
    )
    Activity.objects.bulk_create(activities)
    return [
        Grown(investigation=places[fingerprint].investigation, rows=tuple(item.row for item in items))
        for fingerprint, items in by_fingerprint.items()
    ]


# bulk_update would send 11 CASE expressions of 500 branches: five times slower on a flood of causes (2026-11)
_UPDATE = """
UPDATE investigations_investigation SET
    kind = new.kind, title = new.title, severity = new.severity, outcome = new.outcome, destination = new.destination,
    author = new.author, document = new.document, facts = new.facts::jsonb, seen = new.seen::jsonb, calls = new.calls,
    first_seen = new.first_seen, last_seen = new.last_seen, follows_id = new.follows
FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::bigint[]
) AS new (
    id, kind, title, severity, outcome, destination, author, document, facts, seen, calls, first_seen, last_seen,
    follows
)
WHERE investigations_investigation.id = new.id
"""


def _save(investigations: Sequence[Investigation]) -> None:
    plain = ("pk", "kind", "title", "severity", "outcome", "destination", "author", "document")
    columns = [[getattr(row, name) for row in investigations] for name in plain]
    columns += [[json.dumps(getattr(row, name)) for row in investigations] for name in ("facts", "seen")]
    last = ("calls", "first_seen", "last_seen", "follows_id")
    columns += [[getattr(row, name) for row in investigations] for name in last]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, columns)


def _locked_open(by_fingerprint: Mapping[str, Sequence[Caused]], *, now: datetime) -> dict[str, _Place]:
    """The open investigation of each fingerprint, locked; opened here where there was none.

    Another intake may be opening the same cause: the unique constraint makes us wait for it and then find its row.
    """
    found: dict[str, _Place] = {}
    for _ in range(_ATTEMPTS):
        missing = sorted(by_fingerprint.keys() - found.keys())
        if not missing:
            break
        fresh = [_opened(by_fingerprint[fingerprint][0], now=now) for fingerprint in missing]
        Investigation.objects.bulk_create(fresh, ignore_conflicts=True)
        found |= _lock(missing, held={place.investigation.pk: place.investigation for place in found.values()}, now=now)
    return found


def _lock(fingerprints: Sequence[str], *, held: Mapping[int, Investigation], now: datetime) -> dict[str, _Place]:
    """Lock who holds these fingerprints, and what those were merged into; `held` we hold already.

    What was closed, or merged elsewhere, between our look and our lock is left out.
    """
    looked = Investigation.objects.filter(HOLDS, fingerprint__in=fingerprints)
    holders = list(looked.values_list("fingerprint", "pk", "merged_into_id"))
    wanted = {pk for _, *pks in holders for pk in pks if pk is not None} - held.keys()
    locked = Investigation.objects.filter(pk__in=wanted).select_for_update(no_key=True).order_by("pk")
    rows = {**{row.pk: row for row in locked}, **held}
    found = {}
    for fingerprint, pk, _ in holders:
        holder = rows[pk]
        target = rows.get(holder.merged_into_id) if holder.merged_into_id else holder
        if target is None:
            continue
        if target.status == Investigation.Status.CLOSED:
            if target is holder:
                continue
            # its fingerprint is taken by what was merged into it: no other can be opened for it
            wake(target, f"a call of investigation {holder.pk} came, which is part of it", now=now)
        found[fingerprint] = _Place(investigation=target, source=None if target is holder else holder.pk)
    return found


def _opened(first: Caused, *, now: datetime) -> Investigation:
    """A row without calls yet: whoever holds the lock fills it."""
    row, cause = first.row, first.cause
    return Investigation(
        kind=cause.kind,
        fingerprint=cause.fingerprint,
        kin=cause.kin,
        title=cause.title,
        severity=cause.severity,
        outcome=cause.outcome,
        agent_id=row["agent_id"],
        agent_name=row["agent_name"],
        user_id=row["user_id"],
        conversation_id=row["conversation_id"],
        destination=cause.destination,
        author=cause.author,
        document=cause.document,
        first_seen=row["received_at"],
        last_seen=row["received_at"],
        opened_at=now,
    )


def _extend(investigation: Investigation, items: Sequence[Caused]) -> list[Activity]:
    """Add calls to a locked investigation; returns what its history must say."""
    activities = []
    for cause in (item.cause for item in items):
        if cause.severity > investigation.severity:
            activities.append(
                Activity(
                    investigation=investigation,
                    kind="severity_raised",
                    text=f"from {word(investigation.severity)} to {word(cause.severity)}: {cause.title}",
                )
            )
            investigation.severity, investigation.kind, investigation.title = cause.severity, cause.kind, cause.title
            investigation.destination = cause.destination or investigation.destination
        investigation.outcome = max(investigation.outcome, cause.outcome, key=OUTCOMES.index)
        for name in ("author", "document", "destination"):
            if not getattr(investigation, name):
                setattr(investigation, name, getattr(cause, name))
        known = {tuple(fact) for fact in investigation.facts}
        investigation.facts += [list(fact) for fact in cause.facts if fact not in known]
    investigation.facts = investigation.facts[:_MOST_FACTS]
    investigation.seen = _seen(investigation.seen, items)
    moments = [item.row["received_at"] for item in items]
    investigation.first_seen = min([investigation.first_seen, *moments])
    investigation.last_seen = max([investigation.last_seen, *moments])
    steps = sum(item.row["duplicate_of"] is None for item in items)
    investigation.calls = max(1, investigation.calls + steps)
    return activities


def _seen(before: Mapping[str, Sequence[str]], items: Sequence[Caused]) -> dict[str, list[str]]:
    """The destinations and rules its calls had, the first `_MOST_SEEN` of each."""
    merged = {}
    for name in ("destinations", "rules"):
        every = [*before.get(name, ()), *(one for item in items for one in sorted(getattr(item, name)))]
        merged[name] = list(dict.fromkeys(every))[:_MOST_SEEN]
    return merged


def _openings(fresh: Sequence[Investigation]) -> list[Activity]:
    """`opened` for each, and what its cause had been before: closed by people, or known from another agent."""
    activities = [Activity(investigation=row, kind="opened", text=row.title) for row in fresh]
    return activities + recurred(fresh)


def word(severity: int) -> str:
    return next((level.name.lower() for level in Severity if level == severity), str(severity))
