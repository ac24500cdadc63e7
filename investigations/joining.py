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
from investigations.campaign_counts import add_new, count_anew
from investigations.components import Component, components_of
from investigations.models import Campaign, CampaignMember, Investigation, InvestigationCall, SharedKey, Sharing
from investigations.shared import Key, keys_of

log = structlog.get_logger(__name__)

Row = Mapping[str, Any]
_STOPS = ("hold", "block")
# Rows of one fingerprint in one investigation that are kept: a flood of conversations says no more.
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
    first_new = _share(told, places, keys)
    for component in _components(organisation, told, places, keys):
        mine = [one for one in told if places[one.row["id"]] in component.investigations]
        _gather(organisation, component, mine, first_new=first_new)


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


_SHARE = """
INSERT INTO investigations_sharing (key_id, investigation_id, agent_id, conversation_id, first_seen)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
ON CONFLICT DO NOTHING
RETURNING id
"""


def _share(told: Sequence[_Told], places: Mapping[Any, int], keys: Mapping[str, SharedKey]) -> int | None:
    """Keep who had what; returns the least id of what is new, None where nothing is."""
    pks = [key.pk for key in keys.values()]
    kept = Sharing.objects.filter(key__in=pks, investigation__in={places[one.row["id"]] for one in told})
    counted = kept.values("key", "investigation").annotate(n=Count("pk")).values_list("key", "investigation", "n")
    full = {(key, investigation) for key, investigation, n in counted if n >= MOST_SHARINGS}
    rows: dict[tuple[int, int, str], tuple[Any, ...]] = {}
    for one in told:
        for key in one.keys:
            place = (keys[key.digest].pk, places[one.row["id"]], one.row["conversation_id"])
            if place[:2] not in full:
                rows.setdefault(place, (*place[:2], one.row["agent_id"], place[2], one.row["received_at"]))
    if not rows:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_SHARE, [list(column) for column in zip(*rows.values(), strict=True)])
        return min((pk for (pk,) in cursor.fetchall()), default=None)


def _components(
    organisation: str, told: Sequence[_Told], places: Mapping[Any, int], keys: Mapping[str, SharedKey]
) -> list[Component]:
    """What these verdicts hold together.

    All fingerprints of an investigation are in its campaign, so what has one is not looked through any further: reading
    what a story of 2,000 conversations shared took 17 s (2026-11). What has none was in one conversation only.
    """
    campaign_of = {key.pk: key.campaign_id for key in keys.values()}
    links = {(places[one.row["id"]], keys[key.digest].pk) for one in told for key in one.keys}
    loose = [pk for pk, campaign in campaign_of.items() if campaign is None]
    links.update(Sharing.objects.filter(key__in=loose).values_list("investigation_id", "key_id").distinct())
    touched = {investigation for investigation, _ in links}
    members = dict(
        CampaignMember.objects.filter(investigation__in=touched, campaign__organisation=organisation).values_list(
            "investigation_id", "campaign_id"
        )
    )
    theirs = Sharing.objects.filter(investigation__in=touched - members.keys(), key__organisation=organisation)
    for investigation, key, campaign in theirs.values_list("investigation_id", "key_id", "key__campaign_id").distinct()[
        : 50 * MOST_SHARINGS
    ]:
        links.add((investigation, key))
        campaign_of[key] = campaign
    return components_of(links, campaign_of_key=campaign_of, campaign_of=members)


def _gather(organisation: str, found: Component, told: Sequence[_Told], *, first_new: int | None) -> None:
    """Give one component its one campaign, if two agents or conversations share something. `told` are its verdicts."""
    shared = Sharing.objects.filter(key__in=found.loose)
    if not found.campaigns and len(shared.values("agent_id", "conversation_id").distinct()[:2]) < 2:
        return
    members = sorted(found.alone | set(shared.values_list("investigation_id", flat=True).distinct()))
    campaign = _one_of(found.campaigns) if found.campaigns else _opened(organisation, members)
    if len(found.campaigns) == 1:
        add_new(campaign, investigations=found.investigations, loose=found.loose, first_new=first_new)
    SharedKey.objects.filter(pk__in=found.loose).update(campaign=campaign)
    if len(found.campaigns) != 1:
        count_anew(campaign)
    CampaignMember.objects.bulk_create(
        [CampaignMember(investigation_id=member, campaign=campaign) for member in members], ignore_conflicts=True
    )
    touched = Investigation.objects.filter(pk__in=found.investigations.union(members))
    campaign.severity = max(campaign.severity, touched.aggregate(worst=Max("severity"))["worst"] or 0)
    campaign.last_seen = max([campaign.last_seen, *(one.row["received_at"] for one in told)])
    campaign.save()


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


def _one_of(campaigns: Iterable[int]) -> Campaign:
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
