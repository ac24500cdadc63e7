"""What the pages of threat intelligence show: sources with their state, indicators by key, and their sightings."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from policies.intelligence.index import Tier
from policies.intelligence.values import refanged
from policies.models import AuditEntry, Indicator, IndicatorSighting, IndicatorSource
from policies.queries import ENTRIES_SHOWN, HistoryLine
from policies.services.indicators import tier_of

PAGE = 50
_TIERS = {Tier.HIGH: "blocks", Tier.LOW: "holds", Tier.NOTED: "is noted"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRow:
    """A source with how many indicators it has."""

    source: IndicatorSource
    indicators: int
    met: int


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorRow:
    """An indicator with what is done about it: `effect` is a word for people, `counts` whether it is in force."""

    indicator: Indicator
    effect: str
    counts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorSearch:
    """What the list is asked for. `words` = a value or its beginning; `before` goes on behind an id."""

    words: str = ""
    kind: str = ""
    source: int = 0
    met: bool = False
    before: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorPage:
    """One page; `older` is where the next begins, 0 at the end."""

    rows: tuple[IndicatorRow, ...]
    older: int


def load_sources() -> list[SourceRow]:
    """Every source. Two queries."""
    counted = {
        row["source"]: (row["all"], row["met"])
        for row in Indicator.objects.order_by()
        .values("source")
        .annotate(all=Count("pk"), met=Count("pk", filter=Q(sightings__gt=0)))
    }
    return [
        SourceRow(source=source, indicators=counted.get(source.pk, (0, 0))[0], met=counted.get(source.pk, (0, 0))[1])
        for source in IndicatorSource.objects.all()
    ]


def load_indicators(search: IndicatorSearch, *, now: datetime) -> IndicatorPage:
    """The newest that fit, a page of them; those that were met only, by when they were last. One query, or two."""
    found = Indicator.objects.select_related("source")
    words = refanged(search.words).lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    if words:
        found = found.filter(value__startswith=words)
    if search.kind in Indicator.KindChoice.values:
        found = found.filter(kind=search.kind)
    if search.source:
        found = found.filter(source_id=search.source)
    if search.met:
        found = found.filter(sightings__gt=0).order_by("-last_sighted_at", "-id")
        last = Indicator.objects.filter(pk=search.before).first() if search.before else None
        if last is not None and last.last_sighted_at is not None:
            found = found.filter(
                Q(last_sighted_at__lt=last.last_sighted_at) | Q(last_sighted_at=last.last_sighted_at, pk__lt=last.pk)
            )
    else:
        found = found.order_by("-id")
        if search.before:
            found = found.filter(pk__lt=search.before)
    rows = list(found[: PAGE + 1])
    older = rows[PAGE - 1].pk if len(rows) > PAGE else 0
    return IndicatorPage(rows=tuple(row_of(row, now=now) for row in rows[:PAGE]), older=older)


def row_of(indicator: Indicator, *, now: datetime) -> IndicatorRow:
    """What is done about one indicator now."""
    source = indicator.source
    if indicator.dismissed:
        effect = "dismissed"
    elif not source.enabled:
        effect = "its source is paused"
    elif indicator.expires_at is not None and indicator.expires_at <= now:
        effect = "over"
    elif indicator.valid_from is not None and indicator.valid_from > now:
        effect = "not yet"
    elif indicator.kind == Indicator.KindChoice.NEW_DOMAIN:
        return IndicatorRow(indicator=indicator, effect="holds where new", counts=True)
    else:
        return IndicatorRow(indicator=indicator, effect=_TIERS[tier_of(indicator.confidence, source)], counts=True)
    return IndicatorRow(indicator=indicator, effect=effect, counts=False)


def load_sightings(indicator: Indicator, *, before: uuid.UUID | None) -> tuple[Sequence[IndicatorSighting], bool]:
    """The newest calls it was met in, a page of them, and whether there are more. One query."""
    found = IndicatorSighting.objects.filter(indicator=indicator)
    rows = list((found.filter(verdict_id__lt=before) if before else found)[: PAGE + 1])
    return rows[:PAGE], len(rows) > PAGE


def load_same(indicator: Indicator) -> Sequence[Indicator]:
    """The same value at other sources. One query."""
    same = Indicator.objects.filter(kind=indicator.kind, value=indicator.value).exclude(pk=indicator.pk)
    return list(same.select_related("source")[:20])


def load_source_history(source: IndicatorSource) -> tuple[HistoryLine, ...]:
    """The newest audit entries on a source. One query."""
    entries = AuditEntry.objects.filter(detail__source=source.pk).filter(
        Q(action__startswith="indicator_source.") | Q(action__in=("indicators.imported", "indicators.uploaded"))
    )
    return tuple(
        HistoryLine(at=entry.at, actor=entry.actor_name, text=_sentence(entry)) for entry in entries[:ENTRIES_SHOWN]
    )


def _sentence(entry: AuditEntry) -> str:
    detail = entry.detail
    match entry.action:
        case "indicators.imported":
            return f"{detail.get('taken', 0)} taken, {detail.get('refused', 0)} refused"
        case "indicators.uploaded":
            return f"A file of {detail.get('bytes', 0)} bytes was uploaded"
        case "indicator_source.changed":
            return f"Changed {', '.join(str(name).replace('_', ' ') for name in detail.get('changes', {}))}"
        case _:
            return entry.action.rpartition(".")[2].replace("_", " ").capitalize()
