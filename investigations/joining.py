"""Joins investigations that share a text, a destination or a document to campaigns, in the intake's transaction.

INVARIANT: investigations are locked before the organisation's lock, that before anything written here, and no
investigation is locked while it is held: several intakes, and people who decide on a campaign, keep to this order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connection
from django.db.models import Count, Max, Min

from guardrail.memory.stops import looks_named
from guardrail.models import EXERCISE, Orchestrator
from guardrail.traces import hashed, unpacked
from investigations.models import Campaign, CampaignMember, Investigation, InvestigationCall, SharedKey, Sharing
from investigations.shared import Key, keys_of

log = structlog.get_logger(__name__)

Row = Mapping[str, Any]
_STOPS = ("hold", "block")
# Rows of one fingerprint that are kept: a flood of conversations says no more.
MOST_SHARINGS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """A stopped verdict with what it may share."""

    row: Row
    organisation: str
    keys: tuple[Key, ...]


def join(rows: Sequence[Row]) -> None:
    """Open, extend or merge the campaigns these verdicts belong to. Needs the transaction that placed them.

    Waits for others of the same organisation. Rows hold `signals`, `traces`, `orchestrator_id` and what a place has.
    """
    told = list(_told(rows))
    if not told:
        return
    places = dict(
        InvestigationCall.objects.filter(verdict_id__in=[one.row["id"] for one in told]).values_list(
            "verdict_id", "investigation_id"
        )
    )
    by_organisation: dict[str, list[_Told]] = {}
    for one in told:
        if one.row["id"] in places:
            by_organisation.setdefault(one.organisation, []).append(one)
    for organisation in sorted(by_organisation):
        lock(organisation)
        _join(organisation, by_organisation[organisation], places)


def lock(organisation: str) -> None:
    """Until the end of the transaction nobody else writes campaigns of this organisation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"investigations.campaign.{organisation}"]
        )


def _told(rows: Sequence[Row]) -> Iterable[_Told]:
    stopped = [row for row in rows if row["would_have"] in _STOPS and not row["failed"] and row["signals"]]
    slugs = dict(Orchestrator.objects.values_list("pk", "slug")) if stopped else {}
    for row in stopped:
        slug = slugs.get(row["orchestrator_id"], "")
        if slug in ("", EXERCISE):
            continue
        organisation = hashed(slug, row["tenant_id"])
        traces = unpacked(bytes(row.get("traces") or b""))
        stopping = [signal for signal in row["signals"] if signal.get("action") in _STOPS]
        try:
            keys = keys_of(stopping, organisation=organisation, named=looks_named(traces))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("campaign.not_read", verdict_id=str(row["id"]), error=type(error).__name__)
            continue
        if keys:
            yield _Told(row=row, organisation=organisation, keys=keys)


def _join(organisation: str, told: Sequence[_Told], places: Mapping[Any, int]) -> None:
    keys = _locked_keys(organisation, {key.digest: key for one in told for key in one.keys})
    _share(told, places, keys)
    for component in _components(told, places, keys):
        _gather(organisation, component, told)


def _locked_keys(organisation: str, wanted: Mapping[str, Key]) -> dict[str, SharedKey]:
    SharedKey.objects.bulk_create(
        [
            SharedKey(organisation=organisation, digest=digest, kind=wanted[digest].kind, label=wanted[digest].label)
            for digest in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    found = SharedKey.objects.filter(organisation=organisation, digest__in=list(wanted)).order_by("digest")
    return {key.digest: key for key in found}


def _share(told: Sequence[_Told], places: Mapping[Any, int], keys: Mapping[str, SharedKey]) -> None:
    pks = [key.pk for key in keys.values()]
    counts = dict(Sharing.objects.filter(key__in=pks).values("key").annotate(n=Count("pk")).values_list("key", "n"))
    rows: dict[tuple[int, int, str], Sharing] = {}
    for one in told:
        for key in one.keys:
            pk = keys[key.digest].pk
            if counts.get(pk, 0) >= MOST_SHARINGS:
                continue
            place = (pk, places[one.row["id"]], one.row["conversation_id"])
            rows.setdefault(
                place,
                Sharing(
                    key_id=pk,
                    investigation_id=place[1],
                    agent_id=one.row["agent_id"],
                    conversation_id=place[2],
                    first_seen=one.row["received_at"],
                ),
            )
    Sharing.objects.bulk_create(rows.values(), ignore_conflicts=True)


def _components(told: Sequence[_Told], places: Mapping[Any, int], keys: Mapping[str, SharedKey]) -> list[set[int]]:
    """Sets of keys that belong together: those of one investigation, and of any investigation that has one of them."""
    pks = [key.pk for key in keys.values()]
    earlier = Sharing.objects.filter(investigation__sharings__key__in=pks).values_list("investigation_id", "key_id")
    by_investigation: dict[int, set[int]] = {}
    for investigation, key in earlier.distinct()[: 50 * MOST_SHARINGS]:
        by_investigation.setdefault(investigation, set()).add(key)
    for one in told:
        found = by_investigation.setdefault(places[one.row["id"]], set())
        found.update(keys[key.digest].pk for key in one.keys)
    components: list[set[int]] = []
    for found in by_investigation.values():
        touching = [other for other in components if not other.isdisjoint(found)]
        components = [other for other in components if other.isdisjoint(found)]
        components.append(found.union(*touching))
    return components


def _gather(organisation: str, keys: set[int], told: Sequence[_Told]) -> None:
    """Give the keys of one component their one campaign, if two agents or conversations share them."""
    shared = Sharing.objects.filter(key__in=keys)
    campaigns = sorted(
        set(SharedKey.objects.filter(pk__in=keys).exclude(campaign=None).values_list("campaign_id", flat=True))
    )
    if not campaigns and len(shared.values("agent_id", "conversation_id").distinct()[:2]) < 2:
        return
    members = list(shared.values_list("investigation_id", flat=True).distinct())
    campaign = _one_of(campaigns) if campaigns else _opened(organisation, members)
    SharedKey.objects.filter(pk__in=keys).update(campaign=campaign)
    CampaignMember.objects.bulk_create(
        [CampaignMember(investigation_id=member, campaign=campaign) for member in members], ignore_conflicts=True
    )
    _count(campaign, told)


def _opened(organisation: str, members: Sequence[int]) -> Campaign:
    worst = Investigation.objects.filter(pk__in=members).order_by("-severity", "pk").first()
    first = Sharing.objects.filter(investigation__in=members).aggregate(at=Min("first_seen"))["at"]
    return Campaign.objects.create(
        organisation=organisation,
        title=worst.title if worst else "",
        severity=worst.severity if worst else 0,
        first_seen=first,
        last_seen=first,
    )


def _one_of(campaigns: Sequence[int]) -> Campaign:
    """The oldest of them, into which the others go. What was decided on only one of them is open again."""
    rows = list(Campaign.objects.filter(pk__in=campaigns).order_by("pk"))
    oldest, others = rows[0], rows[1:]
    if others:
        SharedKey.objects.filter(campaign__in=others).update(campaign=oldest)
        CampaignMember.objects.filter(campaign__in=others).update(campaign=oldest)
        Campaign.objects.filter(pk__in=[other.pk for other in others]).update(
            merged_into=oldest, status=Campaign.Status.MERGED
        )
        if any(other.status != oldest.status for other in others):
            oldest.status = Campaign.Status.OPEN
        oldest.first_seen = min(row.first_seen for row in rows)
        oldest.last_seen = max(row.last_seen for row in rows)
        oldest.severity = max(row.severity for row in rows)
    return oldest


def _count(campaign: Campaign, told: Sequence[_Told]) -> None:
    places = Sharing.objects.filter(key__campaign=campaign)
    campaign.agents = places.values("agent_id").distinct().count()
    campaign.conversations = places.values("agent_id", "conversation_id").distinct().count()
    mine = set(
        InvestigationCall.objects.filter(
            investigation__membership__campaign=campaign, verdict_id__in=[one.row["id"] for one in told]
        ).values_list("verdict_id", flat=True)
    )
    times = [one.row["received_at"] for one in told if one.row["id"] in mine]
    campaign.last_seen = max([campaign.last_seen, *times])
    worst = Investigation.objects.filter(membership__campaign=campaign).aggregate(worst=Max("severity"))["worst"]
    campaign.severity = max(campaign.severity, worst or 0)
    campaign.save()
