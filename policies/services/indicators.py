"""Changes to indicators: what a feed brings, what a person adds or dismisses, and the packed index judging reads.

Each asks for permission, writes its audit entry in the same transaction and tells the web processes. The index row is
locked first by everybody, so that two imports at once each compile what the other wrote.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from policies import audit
from policies.access import Permission, require
from policies.intelligence.feed import MOST_SAID, Entry, Read, read_note
from policies.intelligence.index import MOST_SOURCES, Row, Tier, pack, patch
from policies.intelligence.protected import Own, own_of, why_refused
from policies.intelligence.values import Kind, Named, read_value
from policies.load import load_destinations
from policies.models import Indicator, IndicatorIndex, IndicatorSource
from policies.services.publish import changed

BY_HAND = "By hand"
NEVER = 101
# What an analyst adds from an investigation: it holds calls for a person, and ends by itself.
ANALYSTS_CONFIDENCE, ANALYSTS_DAYS = 60, 30
_BATCH = 20_000
# Equal rows are left alone: a feed that says the same every hour must not rewrite 100,000 of them.
_UPSERT = """
INSERT INTO policies_indicator (
    source_id, kind, value, confidence, valid_from, expires_at, description, by_person, dismissed, sightings, added_at
)
SELECT %s, new.kind, new.value, new.confidence, new.valid_from, new.expires_at, new.description, %s, false, 0, %s
FROM unnest(%s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[])
    AS new (kind, value, confidence, valid_from, expires_at, description)
ON CONFLICT (source_id, kind, value) DO UPDATE SET
    confidence = EXCLUDED.confidence, valid_from = EXCLUDED.valid_from, expires_at = EXCLUDED.expires_at,
    description = EXCLUDED.description, by_person = policies_indicator.by_person OR EXCLUDED.by_person
WHERE (policies_indicator.confidence, policies_indicator.valid_from, policies_indicator.expires_at,
       policies_indicator.description, policies_indicator.by_person)
    IS DISTINCT FROM (EXCLUDED.confidence, EXCLUDED.valid_from, EXCLUDED.expires_at, EXCLUDED.description,
       policies_indicator.by_person OR EXCLUDED.by_person)
"""
_WITHDRAW = """
DELETE FROM policies_indicator USING unnest(%s::text[], %s::text[]) AS gone (kind, value)
WHERE source_id = %s AND policies_indicator.kind = gone.kind AND policies_indicator.value = gone.value
"""


class IndicatorError(ValueError):
    """A change that is refused; the message says what was found and what is wanted, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Protected(IndicatorError):
    """A value no feed may name; a person may, by saying so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of a feed's entries."""

    taken: int
    refused: int
    over: int
    withdrawn: int
    not_understood: int
    repeated: int


@dataclass(frozen=True, kw_only=True, slots=True)
class HandWritten:
    """What a person says of one indicator. `confirmed` = also where no feed may name it."""

    value: str
    kind: str = ""
    confidence: int = 90
    days: int = 90
    description: str = ""
    confirmed: bool = False


def import_read(source: IndicatorSource, read: Read, *, now: datetime, actor: AbstractBaseUser | None) -> Imported:
    """Take a feed's entries in and write at the source how that went. Safe to run twice; some 30 us an entry.

    What the feed lists no more stays until its own end: an answer that was cut short must not open doors.
    """
    require(actor, Permission.CHANGE_POLICY)
    with transaction.atomic():
        index = _locked_index()
        source = IndicatorSource.objects.select_for_update().get(pk=source.pk)
        sorted_out = _SortedOut.of(read.entries, source, now=now)
        with connection.cursor() as cursor:
            for start in range(0, len(sorted_out.taken), _BATCH):
                part = sorted_out.taken[start : start + _BATCH]
                cursor.execute(_UPSERT, [source.pk, False, now, *_columns(part)])
            gone = sorted_out.withdrawn
            cursor.execute(_WITHDRAW, [[n.kind.value for n in gone], [n.value for n in gone], source.pk])
        imported = Imported(
            taken=len(sorted_out.taken),
            refused=sorted_out.refused,
            over=sorted_out.over,
            withdrawn=len(gone),
            not_understood=read.not_understood,
            repeated=sorted_out.repeated,
        )
        _note_on(source, imported, sorted_out, read, now=now)
        compile_index(index, now=now)
        audit.record(actor=actor, action="indicators.imported", source=source.pk, name=source.name, **source.counts)
        changed()
    return imported


@transaction.atomic
def add_indicator(
    written: HandWritten, *, now: datetime, actor: AbstractBaseUser | None, by: Permission = Permission.CHANGE_POLICY
) -> Indicator:
    """Add one by hand, or change the one there is. Raises IndicatorError, and Protected where it must be confirmed."""
    require(actor, by)
    try:
        named = read_value(written.value, Kind(written.kind) if written.kind else None)
    except ValueError as error:
        raise IndicatorError("value", str(error)) from error
    why = why_refused(named, load_own())
    if why and not written.confirmed:
        raise Protected("value", f"`{named.value}` may stop honest work: {why}")
    if not 0 <= written.confidence <= 100:
        raise IndicatorError("confidence", f"the confidence is `{written.confidence}`, expected 0 to 100")
    if not 0 <= written.days <= 3650:
        raise IndicatorError("days", f"`{written.days}` days, expected 0 (it stays) to 3650")
    index = _locked_index()
    source = by_hand()
    if by is not Permission.CHANGE_POLICY:
        listed = _left_alone(source, named, confidence=written.confidence, now=now)
        if listed is not None:
            return listed
    added, _ = Indicator.objects.update_or_create(
        source=source,
        kind=named.kind.value,
        value=named.value,
        defaults={
            "confidence": written.confidence,
            "expires_at": now + timedelta(days=written.days) if written.days else None,
            "description": read_note(written.description),
            "by_person": bool(why),
            "dismissed": False,
        },
    )
    _patch_index(index, added, now=now)
    audit.record(actor=actor, action="indicator.added", kind=added.kind, value=added.value,
                 confidence=added.confidence, days=written.days, protected=why)  # fmt: skip
    changed()
    return added


def _left_alone(source: IndicatorSource, named: Named, *, confidence: int, now: datetime) -> Indicator | None:
    """What a policy admin has listed already, at least as strictly. Raises IndicatorError where one dismissed it."""
    same = Indicator.objects.filter(kind=named.kind.value, value=named.value)
    if same.filter(dismissed=True).exists():
        raise IndicatorError("value", f"`{named.value}` was dismissed by a policy admin")
    unended = same.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    return unended.filter(source=source, confidence__gte=confidence).first()


@transaction.atomic
def dismiss(indicator: Indicator, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Look for it no more, whatever its source says later. Safe to run twice."""
    _set_dismissed(indicator, dismissed=True, now=now, actor=actor)


@transaction.atomic
def restore(indicator: Indicator, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Look for it again. Safe to run twice."""
    _set_dismissed(indicator, dismissed=False, now=now, actor=actor)


def _set_dismissed(indicator: Indicator, *, dismissed: bool, now: datetime, actor: AbstractBaseUser | None) -> None:
    require(actor, Permission.CHANGE_POLICY)
    index = _locked_index()
    moved = Indicator.objects.filter(pk=indicator.pk).exclude(dismissed=dismissed)
    if not moved.update(dismissed=dismissed):
        return
    _patch_index(index, indicator, now=now)
    action = "indicator.dismissed" if dismissed else "indicator.restored"
    audit.record(actor=actor, action=action, kind=indicator.kind, value=indicator.value, source=indicator.source_id)
    changed()


def by_hand() -> IndicatorSource:
    """The source of what people add, made with the first of it."""
    found, _ = IndicatorSource.objects.get_or_create(
        name=BY_HAND, defaults={"kind": IndicatorSource.KindChoice.MANUAL, "default_days": 90, "default_confidence": 90}
    )
    return found


def load_own() -> Own:
    """The destinations with a standing. One query, or two."""
    return own_of(load_destinations())


@transaction.atomic
def recompile_if_stale(*, now: datetime) -> bool:
    """Bring the index up to the time: what has ended goes, what begins comes. True when it did. Safe to run twice."""
    if not IndicatorIndex.objects.filter(stale_at__lte=now).exists():
        return False
    index = _locked_index()
    if index.stale_at is None or index.stale_at > now:
        return False
    compile_index(index, now=now)
    changed()
    return True


def recompile(*, now: datetime) -> None:
    """Write the index anew after a change of a source. Needs the transaction of the change, and `changed` after it."""
    compile_index(_locked_index(), now=now)


def compile_index(index: IndicatorIndex, *, now: datetime) -> int:
    """Write the locked index anew and return how many indicators are in force. Some 10 us an indicator."""
    sources = list(IndicatorSource.objects.filter(enabled=True).order_by("pk")[:MOST_SOURCES])
    index.sources = [[source.pk, source.name] for source in sources]
    alive = _alive(now).filter(source__in=[source.pk for source in sources])
    index.entries, index.told = pack(_rows(alive, sources, index, now=now))
    _save(index, stale_at=min(_moments(alive, now=now), default=None))
    return int(index.told["count"])


def _patch_index(index: IndicatorIndex, named: Indicator, *, now: datetime) -> None:
    """Write what is in force of one value into the locked index, whoever lists it; the rest stays as it is."""
    sources = list(IndicatorSource.objects.filter(enabled=True))
    known = {pk for pk, _ in index.sources}
    index.sources += [[source.pk, source.name] for source in sources if source.pk not in known]
    alive = _alive(now).filter(source__in=[source.pk for source in sources], kind=named.kind, value=named.value)
    rows = sorted(_rows(alive, sources, index, now=now), key=lambda row: (row.by_person, row.tier, row.confidence))
    index.entries, index.told = patch(
        bytes(index.entries), index.told, kind=named.kind, value=named.value, row=rows[-1] if rows else None
    )
    moments = [*_moments(alive, now=now), *([index.stale_at] if index.stale_at else [])]
    _save(index, stale_at=min(moments, default=None))


def _alive(now: datetime) -> QuerySet[Indicator]:
    return Indicator.objects.filter(dismissed=False).filter(Q(expires_at=None) | Q(expires_at__gt=now)).order_by()


def _rows(
    alive: QuerySet[Indicator], sources: Iterable[IndicatorSource], index: IndicatorIndex, *, now: datetime
) -> Iterator[Row]:
    number = {pk: at for at, (pk, _) in enumerate(index.sources)}
    of = {source.pk: source for source in sources}
    begun = alive.filter(Q(valid_from=None) | Q(valid_from__lte=now))
    columns = begun.values_list("kind", "value", "confidence", "source_id", "by_person")
    for kind, value, confidence, source, by_person in columns.iterator(chunk_size=_BATCH):
        yield Row(
            kind=kind,
            value=value,
            tier=tier_of(confidence, of[source]),
            confidence=confidence,
            source=number[source],
            by_person=by_person,
        )


def _moments(alive: QuerySet[Indicator], *, now: datetime) -> Iterator[datetime]:
    """When the next one ends, and when the next one begins."""
    ends = alive.exclude(expires_at=None).order_by("expires_at").values_list("expires_at", flat=True).first()
    begins = alive.filter(valid_from__gt=now).order_by("valid_from").values_list("valid_from", flat=True).first()
    yield from (moment for moment in (ends, begins) if moment)


def _save(index: IndicatorIndex, *, stale_at: datetime | None) -> None:
    index.stale_at = stale_at
    index.revision = uuid.uuid4()
    index.save()


def tier_of(confidence: int, source: IndicatorSource) -> Tier:
    """What is done about an indicator of this confidence."""
    if confidence >= source.block_from:
        return Tier.HIGH
    return Tier.LOW if confidence >= source.hold_from else Tier.NOTED


def _locked_index() -> IndicatorIndex:
    IndicatorIndex.objects.get_or_create(pk=1)
    return IndicatorIndex.objects.select_for_update().get(pk=1)


@dataclass(kw_only=True, slots=True)
class _SortedOut:
    """A feed's entries by what becomes of them."""

    taken: list[Entry]
    withdrawn: list[Named]
    refused: int = 0
    over: int = 0
    repeated: int = 0
    said: list[list[str]]

    @classmethod
    def of(cls, entries: Iterable[Entry], source: IndicatorSource, *, now: datetime) -> "_SortedOut":
        found = cls(taken=[], withdrawn=[], said=[])
        own = load_own()
        once: dict[Named, Entry] = {}
        for entry in entries:
            found.repeated += entry.named in once
            # the last word of a feed counts
            once[entry.named] = entry
        for named, entry in once.items():
            found._place(named, entry, source, own, now=now)
        # in one order, so that two imports of one source wait for each other and do not deadlock
        found.taken.sort(key=lambda entry: (entry.named.kind.value, entry.named.value))
        return found

    def _place(self, named: Named, entry: Entry, source: IndicatorSource, own: Own, *, now: datetime) -> None:
        if entry.withdrawn:
            self.withdrawn.append(named)
            return
        filled = _filled(entry, source, now=now)
        if filled.expires_at is not None and filled.expires_at <= now:
            self.over += 1
            return
        why = why_refused(named, own)
        if why:
            self.refused += 1
            if len(self.said) < MOST_SAID:
                self.said.append([named.value, why])
            return
        self.taken.append(filled)


def _filled(entry: Entry, source: IndicatorSource, *, now: datetime) -> Entry:
    """With what the source says where the feed says nothing. A registration is new from its own day on."""
    confidence = source.default_confidence if entry.confidence is None else entry.confidence
    expires_at = entry.expires_at
    if expires_at is None and source.default_days:
        counts_from = entry.valid_from if entry.named.kind is Kind.NEW_DOMAIN and entry.valid_from else now
        # to the day: an end that moves with every fetch would rewrite every row
        day = counts_from.replace(hour=0, minute=0, second=0, microsecond=0)
        expires_at = day + timedelta(days=source.default_days + 1)
    return replace(entry, confidence=confidence, expires_at=expires_at)


def _columns(entries: Sequence[Entry]) -> list[list[object]]:
    return [
        [entry.named.kind.value for entry in entries],
        [entry.named.value for entry in entries],
        [entry.confidence for entry in entries],
        [entry.valid_from for entry in entries],
        [entry.expires_at for entry in entries],
        [entry.description for entry in entries],
    ]


def _note_on(source: IndicatorSource, imported: Imported, sorted_out: _SortedOut, read: Read, *, now: datetime) -> None:
    source.counts = {
        "taken": imported.taken,
        "refused": imported.refused,
        "over": imported.over,
        "withdrawn": imported.withdrawn,
        "not_understood": imported.not_understood,
        "repeated": imported.repeated,
    }
    source.refused = sorted_out.said
    source.not_understood = [sentence[:300] for sentence in read.said]
    source.read_at = source.tried_at = now
    source.error = ""
    source.save(update_fields=["counts", "refused", "not_understood", "read_at", "tried_at", "error"])
