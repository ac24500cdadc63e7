"""Has a document cleaned: marked, given to somebody, done, and verified by what feeds and calls then show.

A feed's next edit whose text holds no order verifies it; one that does, or a plan that is stopped by the document
again, opens it anew. Where no feed tells of a document, that it was read often and stopped no plan does.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import TruncDate

from investigations.models import Activity, Investigation, Remediation
from investigations.services import InvestigationError, required, write_line
from policies.access import Permission, require
from policies.models import DocumentQuote, DocumentRevision, DocumentUse, KnowledgeDocument

State = Remediation.State
UNDER_WAY = (State.OPEN, State.DONE)
# Times it must have been read since, without stopping a plan, where no feed tells what is in it.
MOST_OWED_READS = 20
_BATCH = 200
LONGEST_DAYS = 366


def document_of(investigation: Investigation) -> KnowledgeDocument | None:
    """The document its facts name, where one is known. At most one query."""
    pk = next((str(value) for name, value in investigation.facts if name == "document_page"), "")
    return KnowledgeDocument.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None


def load_remediations(investigation: Investigation) -> list[Remediation]:
    """Its documents to clean, and those that are clean. One query."""
    rows = Remediation.objects.filter(investigation=investigation).select_related("document")
    return list(rows.order_by("id")[:50])


@transaction.atomic
def mark(investigation: Investigation, *, owner: str, due: date, now: datetime, actor: User) -> Remediation:
    """Have its document cleaned by `owner` until `due`. Raises InvestigationError where it names none, or twice."""
    require(actor, Permission.INVESTIGATE)
    document = document_of(investigation)
    name = (str(document) if document else investigation.document)[:1000]
    if not name:
        raise InvestigationError("no document stands behind it, expected an investigation that names one")
    person = required(owner, "owner")[:200]
    if not now.date() <= due <= now.date() + timedelta(days=LONGEST_DAYS):
        raise InvestigationError(f"the day is {due}, expected one from today on within {LONGEST_DAYS} days")
    newest = _newest(document)
    try:
        with transaction.atomic():
            made = Remediation.objects.create(
                investigation=investigation,
                document=document,
                name=name,
                owner=person,
                due=due,
                marked_at=now,
                marked_by=actor,
                checked_revision=newest[0],
                checked_quote=newest[1],
            )
    except IntegrityError:
        raise InvestigationError(f"`{name}` is to be cleaned for it already") from None
    text = f"{name}: {person}, until {due}"
    write_line(investigation, "remediation_marked", actor=actor, text=text, audited={"remediation": made.pk})
    return made


@transaction.atomic
def report_done(remediation: Remediation, *, now: datetime, actor: User) -> None:
    """It was cleaned; what feeds and calls show from now on verifies that. Raises InvestigationError."""
    _move(remediation, (State.OPEN,), State.DONE, actor=actor)
    document = Remediation.objects.select_related("document").get(pk=remediation.pk).document
    revision, quote = _newest(document)
    Remediation.objects.filter(pk=remediation.pk).update(done_at=now, done_by=actor, checked_quote=quote)
    _line(remediation, "remediation_done", actor=actor, text=remediation.name, revision=revision)


@transaction.atomic
def confirm_clean(remediation: Remediation, *, how: str, now: datetime, actor: User) -> None:
    """A person saw that it is clean, and says how. Raises InvestigationError."""
    text = required(how, "how it was seen")[:300]
    _move(remediation, UNDER_WAY, State.VERIFIED, actor=actor)
    Remediation.objects.filter(pk=remediation.pk).update(verified_at=now, seen=text)
    _line(remediation, "remediation_verified", actor=actor, text=f"{remediation.name}: {text}")


@transaction.atomic
def drop(remediation: Remediation, *, reason: str, actor: User) -> None:
    """It need not be cleaned after all. Raises InvestigationError."""
    text = required(reason, "reason")[:300]
    _move(remediation, UNDER_WAY, State.DROPPED, actor=actor)
    Remediation.objects.filter(pk=remediation.pk).update(seen=text)
    _line(remediation, "remediation_dropped", actor=actor, text=f"{remediation.name}: {text}")


def verify_due(now: datetime) -> int:
    """Look what feeds and calls showed of documents that are cleaned; returns how many changed. Safe to run twice."""
    total = 0
    told = DocumentRevision.objects.filter(
        document=OuterRef("document"), pk__gt=OuterRef("checked_revision"), at__gte=OuterRef("marked_at")
    ).exclude(holds_order=None)
    stopped = DocumentQuote.objects.filter(document=OuterRef("document"), pk__gt=OuterRef("checked_quote"))
    days = DocumentUse.objects.filter(document=OuterRef("document"), day__gt=OuterRef("done_day"))
    read = Subquery(days.order_by().values("document").annotate(total=Sum("calls")).values("total"))
    often_read = Q(state=State.DONE, document__fed=False, read__gte=MOST_OWED_READS)
    # only what has something to be looked at: the batch must not fill with what waits
    under_way = Remediation.objects.filter(state__in=UNDER_WAY).annotate(done_day=TruncDate("done_at"), read=read)
    under_way = under_way.filter(Exists(told) | Exists(stopped) | often_read)
    for pk in list(under_way.order_by("due", "id").values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            rows = Remediation.objects.select_for_update(skip_locked=True, of=("self",)).filter(state__in=UNDER_WAY)
            row = rows.select_related("document").filter(pk=pk).first()
            if row is not None:
                total += _look(row, now=now)
    return total


def _look(row: Remediation, *, now: datetime) -> bool:
    revisions = DocumentRevision.objects.filter(document=row.document, pk__gt=row.checked_revision)
    told = revisions.filter(at__gte=row.marked_at).exclude(holds_order=None).order_by("at", "id").last()
    quote = DocumentQuote.objects.filter(document=row.document, pk__gt=row.checked_quote).order_by("-id").first()
    if told is not None:
        row.checked_revision = told.pk
    if quote is not None:
        row.checked_quote = quote.pk
    if told is not None:
        edit = f"revision {told.revision or 'without a number'} by {told.editor}, {told.at:%Y-%m-%d %H:%M} UTC"
        if told.holds_order:
            return _settle(row, State.OPEN, "remediation_again", f"{edit}, holds an order", now=now)
        return _settle(row, State.VERIFIED, "remediation_verified", f"{edit}, holds no order", now=now)
    if quote is not None and row.state == State.DONE and row.done_at and quote.at > row.done_at:
        found = f"it stopped a plan of {quote.agent_name or quote.agent_id} again, {quote.at:%Y-%m-%d %H:%M} UTC"
        return _settle(row, State.OPEN, "remediation_again", found, now=now)
    reads = _reads(row)
    if row.state == State.DONE and reads >= MOST_OWED_READS:
        found = f"it was read {reads} times since, and stopped no plan"
        return _settle(row, State.VERIFIED, "remediation_verified", found, now=now)
    row.save(update_fields=("checked_revision", "checked_quote"))
    return False


def _reads(row: Remediation) -> int:
    """Calls that read it since the day after it was done, where no feed tells what is in it."""
    if row.done_at is None or row.document is None or row.document.fed:
        return 0
    days = DocumentUse.objects.filter(document=row.document, day__gt=row.done_at.date())
    return days.aggregate(calls=Sum("calls"))["calls"] or 0


def _settle(row: Remediation, state: str, kind: str, found: str, *, now: datetime) -> bool:
    row.state, row.seen = state, found[:300]
    row.verified_at = now if state == State.VERIFIED else None
    row.done_at = row.done_at if state == State.VERIFIED else None
    row.save(update_fields=("state", "seen", "verified_at", "done_at", "checked_revision", "checked_quote"))
    Activity.objects.create(investigation_id=row.investigation_id, kind=kind, text=f"{row.name}: {found}")
    return True


def _newest(document: KnowledgeDocument | None) -> tuple[int, int]:
    """The newest edit and stopped plan of it: what is known already verifies nothing."""
    if document is None:
        return 0, 0
    revision = DocumentRevision.objects.filter(document=document).order_by("-pk").values_list("pk", flat=True).first()
    quote = DocumentQuote.objects.filter(document=document).order_by("-pk").values_list("pk", flat=True).first()
    return revision or 0, quote or 0


def _move(remediation: Remediation, from_: Sequence[str], to: str, *, actor: User) -> None:
    require(actor, Permission.INVESTIGATE)
    if not Remediation.objects.filter(pk=remediation.pk, state__in=from_).update(state=to):
        remediation.refresh_from_db()
        raise InvestigationError(f"`{remediation.name}` is `{remediation.get_state_display()}` by now")


def _line(remediation: Remediation, kind: str, *, actor: User, text: str, **audited: object) -> None:
    write_line(
        remediation.investigation, kind, actor=actor, text=text, audited={"remediation": remediation.pk, **audited}
    )
