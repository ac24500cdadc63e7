"""Indicators that investigations confirmed: where true positives led, and by what their texts are known.

INVARIANT: nothing of an investigation that is restricted, and nothing a feed of others could not name either: what is
ours, known or a partner's, what everybody uses, what is no public place.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max, QuerySet
from django.urls import reverse

from investigations.models import Investigation
from policies import audit
from policies.access import Permission, require
from policies.intelligence.protected import own_of, why_refused
from policies.intelligence.values import BadValue, Kind, Named, read_value
from policies.intelligence.writing import Written, csv_of, is_readable, stix_of
from policies.load import load_destinations
from policies.models import Indicator

FORMATS = ("stix", "csv")
USUAL_DAYS, MOST_DAYS = 365, 3650
PRODUCER = "Guardrail"
# The newest of them: what is older has been told before.
_MOST_CASES = 20_000
_MOST_SOURCES = 20
# A person closed it as a true positive.
_CONFIDENCE = 85
_DIGESTS = ("record", "directive", "recalled")
_HARMLESS = (Investigation.Disposition.FALSE_POSITIVE, Investigation.Disposition.BENIGN_EXPECTED)
_COLUMNS = ("id", "destination", "seen", "facts", "first_seen", "closed_at")
_AT_ONCE = 1_000


@dataclass(kw_only=True, slots=True)
class _Found:
    """What investigations say of one value; `written` is how they write it."""

    first_seen: datetime
    confirmed_at: datetime
    cases: list[int] = field(default_factory=list)
    written: set[str] = field(default_factory=set)


def load_confirmed(*, now: datetime, days: int = USUAL_DAYS) -> list[Written]:
    """Those of the last `days` days, in the order of their kinds and values. Two queries, two more a thousand."""
    found: dict[Named, _Found] = {}
    for row in _closed(now - timedelta(days=days)).values(*_COLUMNS)[:_MOST_CASES]:
        for named, written in _named_by(row["destination"], row["seen"], row["facts"]):
            one = found.setdefault(named, _Found(first_seen=row["first_seen"], confirmed_at=row["closed_at"]))
            one.first_seen = min(one.first_seen, row["first_seen"])
            one.confirmed_at = max(one.confirmed_at, row["closed_at"])
            one.cases.append(row["id"])
            one.written.add(written)
    own = own_of(load_destinations())
    kept = {named: one for named, one in found.items() if not why_refused(named, own) and is_readable(named)}
    for named in [*_taken_back(kept), *_dismissed(kept)]:
        kept.pop(named, None)
    return [_written(named, kept[named]) for named in sorted(kept, key=lambda one: (one.kind.value, one.value))]


def export(*, kind: str, now: datetime, actor: AbstractBaseUser) -> str:
    """All of them as a file of `kind` (one of FORMATS). Audited. Raises PermissionDenied."""
    require(actor, Permission.EXPORT_EVIDENCE)
    rows = load_confirmed(now=now)
    with transaction.atomic():
        audit.record(actor=actor, action="indicators.exported", format=kind, indicators=len(rows))
    return "".join(csv_of(rows)) if kind == "csv" else bundle_of(rows)


def bundle_of(rows: Sequence[Written]) -> str:
    """The bundle as JSON."""
    # ASCII: what reads it need not guess
    return json.dumps(stix_of(rows, producer=PRODUCER, address=settings.PUBLIC_URL), indent=1)


def _closed(since: datetime) -> QuerySet[Investigation]:
    confirmed = Investigation.objects.filter(
        status=Investigation.Status.CLOSED, disposition=Investigation.Disposition.TRUE_POSITIVE
    )
    return confirmed.filter(restricted=False, closed_at__gte=since).order_by("-closed_at")


def _named_by(destination: str, seen: dict[str, list[str]], facts: list[list[str]]) -> Iterator[tuple[Named, str]]:
    """Every value one of them names, and how it writes it. Not who wrote the text: a sender is easily forged."""
    places = dict.fromkeys((destination, *seen.get("destinations", ())))
    texts = dict.fromkeys(str(value) for name, value in facts if name in _DIGESTS)
    for text, kind in (*((place, None) for place in places), *((digest, Kind.TEXT) for digest in texts)):
        try:
            yield read_value(text, kind), text
        except BadValue:
            # the name of a channel, of a folder: nothing others could look for
            continue


def _taken_back(found: Mapping[Named, _Found]) -> Iterator[Named]:
    """What people found harmless since."""
    meant = {text: named for named, one in found.items() for text in (named.value, *one.written)}
    closed = Investigation.objects.filter(status=Investigation.Status.CLOSED, disposition__in=_HARMLESS).order_by()
    for some in _in_parts(sorted(meant)):
        later = closed.filter(destination__in=some).values("destination").annotate(at=Max("closed_at"))
        for row in later:
            named = meant[row["destination"]]
            if row["at"] is not None and row["at"] >= found[named].confirmed_at:
                yield named


def _dismissed(found: Iterable[Named]) -> Iterator[Named]:
    """What somebody said is not to be looked for."""
    for some in _in_parts(sorted({named.value for named in found})):
        gone = Indicator.objects.filter(dismissed=True, value__in=some).values_list("kind", "value")
        yield from (Named(kind=Kind(kind), value=value) for kind, value in gone)


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE))


def _written(named: Named, found: _Found) -> Written:
    numbers = sorted(found.cases, reverse=True)[:_MOST_SOURCES]
    what = "Text of an order" if named.kind is Kind.TEXT else "Destination of calls"
    return Written(
        named=named,
        confidence=_CONFIDENCE,
        first_seen=found.first_seen,
        confirmed_at=found.confirmed_at,
        description=f"{what} that {len(found.cases)} investigations confirmed as an attack on agents"
        if len(found.cases) > 1
        else f"{what} that an investigation confirmed as an attack on agents",
        sources=tuple((str(pk), settings.PUBLIC_URL + reverse("investigation", args=(pk,))) for pk in numbers),
    )
