"""What comes again after people judged it: it stays quiet, wakes up, or is opened anew and linked.

Closed as harmless and nothing new about it: counted where it is, and nobody is called. A destination, a rule or a
severity it did not have wakes it up. What was an attack, or undetermined, is opened anew and names the earlier one, and
so does the same cause at another agent: that is never the same work.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from investigations import clocks
from investigations.caused import Caused
from investigations.models import Activity, Investigation, InvestigationCall
from investigations.recollection import HARMLESS
from policies import audit

_CLOSED = Investigation.Status.CLOSED


def quieten(by_fingerprint: dict[str, list[Caused]], *, now: datetime) -> None:
    """Take out of `by_fingerprint` what tells nothing new of a cause closed as harmless, and place it there.

    What is new about one wakes it up, so that it is found open. Needs a transaction. One query where none is closed.
    """
    known = _load_harmless(list(by_fingerprint))
    for fingerprint, row in sorted(known.items(), key=lambda item: item[1].pk):
        items = by_fingerprint[fingerprint]
        new = _what_is_new(row, items)
        if new:
            wake(row, new, now=now)
        else:
            _count(row, items)
            del by_fingerprint[fingerprint]


def _load_harmless(fingerprints: Sequence[str]) -> dict[str, Investigation]:
    """The newest closed one of each fingerprint that is not open, locked, where it was harmless."""
    rows = Investigation.objects.filter(fingerprint__in=fingerprints).order_by("pk")
    newest: dict[str, tuple[int, str]] = {}
    held: set[str] = set()
    for fingerprint, pk, status, disposition, target in rows.values_list(
        "fingerprint", "pk", "status", "disposition", "merged_into_id"
    ):
        newest[fingerprint] = (pk, disposition)
        if status != _CLOSED or target is not None:
            held.add(fingerprint)
    harmless = [pk for name, (pk, said) in newest.items() if name not in held and said in HARMLESS]
    if not harmless:
        return {}
    locked = Investigation.objects.filter(pk__in=harmless).select_for_update(no_key=True).order_by("pk")
    # somebody may have opened one again meanwhile: that one is found open
    return {row.fingerprint: row for row in locked if row.status == _CLOSED and row.disposition in HARMLESS}


def _what_is_new(row: Investigation, items: Sequence[Caused]) -> str:
    """In words what of these calls the closed one did not have; empty where nothing is."""
    for name, word in (("destinations", "destination"), ("rules", "rule")):
        before = set(row.seen.get(name, ()))
        for item in items:
            unseen = sorted(getattr(item, name) - before)
            if unseen:
                return f"{word} not seen in it before: {unseen[0]}"
    if max(item.cause.severity for item in items) > row.severity:
        return "graver than it was"
    return ""


def _count(row: Investigation, items: Sequence[Caused]) -> None:
    """Add the calls to a closed one, and say so the first time and then ever more rarely."""
    steps = sum(item.row["duplicate_of"] is None for item in items)
    before, row.again = row.again, row.again + steps
    row.calls += steps
    row.last_seen = max(row.last_seen, *(item.row["received_at"] for item in items))
    row.save(update_fields=("again", "calls", "last_seen"))
    InvestigationCall.objects.bulk_create(
        InvestigationCall(investigation=row, verdict_id=item.row["id"]) for item in items
    )
    if len(str(row.again)) > len(str(before)) or not before:
        text = f"{row.again} call{'s' if row.again != 1 else ''}, nothing new about them"
        Activity.objects.create(investigation=row, kind="came_again", text=text)


def wake(row: Investigation, why: str, *, now: datetime) -> bool:
    """Open a closed one again by itself, with what is new about it; False when its cause is open as another one.

    Needs the transaction that locked it.
    """
    status = Investigation.Status.ACTIVE if row.assignee_id else Investigation.Status.NEW
    was = row.get_disposition_display().lower() or "closed"
    try:
        with transaction.atomic():
            Investigation.objects.filter(pk=row.pk).update(status=status, disposition="", closed_at=None)
    except IntegrityError:
        return False
    row.refresh_from_db()
    clocks.began(row, now=now, actor=None)
    activity = Activity.objects.create(investigation=row, kind="woken", text=f"was {was}; {why}")
    audit.record(actor=None, action="investigation.woken", investigation=row.pk, activity=activity.pk, was=was)
    row.refresh_from_db()
    return True


def recurred(fresh: Sequence[Investigation]) -> list[Activity]:
    """What the history of new ones says of earlier ones of their cause; links them to those. Two queries."""
    if not fresh:
        return []
    closed = Investigation.objects.filter(fingerprint__in=[row.fingerprint for row in fresh], status=_CLOSED)
    before = {row.fingerprint: row for row in closed.order_by("pk")}
    kins = {row.kin for row in fresh if row.kin}
    others = Investigation.objects.filter(kin__in=kins).exclude(pk__in=[row.pk for row in fresh])
    others = others.order_by("kin", "-pk").distinct("kin")
    of_kin: Mapping[str, Investigation] = {row.kin: row for row in others} if kins else {}
    activities = []
    for row in fresh:
        earlier = before.get(row.fingerprint)
        kin = of_kin.get(row.kin)
        if earlier is not None:
            row.follows_id = earlier.pk
            text = _named(earlier, f"investigation {earlier.pk}, closed as {_said_of(earlier)}")
            activities.append(Activity(investigation=row, kind="recurred", text=text))
        elif kin is not None and kin.agent_id != row.agent_id:
            row.follows_id = kin.pk
            said = _named(kin, f"investigation {kin.pk} ({_said_of(kin)})")
            text = f"{said}, at an agent that did not have it: {row.agent_name or row.agent_id}"
            activities.append(Activity(investigation=row, kind="recurred", text=text))
    return activities


def _named(earlier: Investigation, words: str) -> str:
    """The new one is for everybody: what was found out about one that is kept to few must not stand in it."""
    return "an investigation that is kept to few" if earlier.restricted else words


def _said_of(earlier: Investigation) -> str:
    return earlier.get_disposition_display().lower() or earlier.get_status_display().lower()
