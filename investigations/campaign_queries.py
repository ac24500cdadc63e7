"""Reads campaigns for pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from investigations.models import Campaign, Investigation, SharedKey, Sharing
from investigations.visibility import visible_to
from policies.access import is_narrowed

PAGE = 50
MOST_SHOWN = 100
_OPEN = ~Q(members__investigation__status=Investigation.Status.CLOSED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One agent in one conversation; `calls_of` is the investigation that holds its calls."""

    agent: str
    conversation: str
    investigation: int
    first_seen: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentOf:
    """What one agent has to do with a campaign."""

    name: str
    agent_id: str
    conversations: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One campaign as its page tells it; lists are cut at MOST_SHOWN."""

    keys: Sequence[SharedKey]
    members: Sequence[Investigation]
    agents: Sequence[AgentOf]
    places: Sequence[Place]
    open_members: int


def load_page(*, before: tuple[datetime, int] | None, person: User) -> tuple[Sequence[Campaign], bool]:
    """One page of campaigns, the newest first, with `members_count` and `open_count`; and whether more follow."""
    rows = Campaign.objects.exclude(status=Campaign.Status.MERGED).annotate(
        members_count=Count("members", filter=visible_to(person, prefix="members__investigation__")),
        open_count=Count("members", filter=_OPEN & visible_to(person, prefix="members__investigation__")),
    )
    if is_narrowed(person):
        rows = rows.filter(members_count__gt=0)
    if before is not None:
        at, pk = before
        rows = rows.filter(Q(last_seen__lt=at) | Q(last_seen=at, pk__lt=pk))
    found = list(rows.order_by("-last_seen", "-pk")[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def has_part_of(campaign: Campaign, *, person: User) -> bool:
    """Whether one of its investigations, or of those that went where it went, is for the person. One query."""
    rows = Investigation.objects.filter(visible_to(person), membership__campaign=campaign.merged_into or campaign)
    return rows.exists()


def load_told(campaign: Campaign, *, person: User) -> Told:
    """What is shared, by whom, and when, as far as the person may see it. Six queries."""
    members = Investigation.objects.filter(visible_to(person), membership__campaign=campaign)
    names = dict(members.order_by("pk").values_list("agent_id", "agent_name"))
    sharings = Sharing.objects.filter(visible_to(person, prefix="investigation__"), key__campaign=campaign)
    seen = Exists(sharings.filter(key=OuterRef("pk")))
    keys = SharedKey.objects.filter(seen, campaign=campaign).annotate(
        agents=Count("sharings__agent_id", distinct=True),
        investigations=Count("sharings__investigation", distinct=True),
    )
    by_agent = sharings.values("agent_id").annotate(
        conversations=Count("conversation_id", distinct=True),
        first=Min("first_seen"),
        last=Max("investigation__last_seen"),
    )
    places = sharings.values("agent_id", "conversation_id").annotate(first=Min("first_seen"), at=Min("investigation"))
    return Told(
        keys=_plain(keys.order_by("-agents", "-investigations", "pk")[:MOST_SHOWN]),
        members=list(members.select_related("assignee").order_by("-last_seen", "-pk")[:MOST_SHOWN]),
        agents=[
            AgentOf(
                name=names.get(row["agent_id"]) or row["agent_id"],
                agent_id=row["agent_id"],
                conversations=row["conversations"],
                first_seen=row["first"],
                last_seen=row["last"],
            )
            for row in by_agent.order_by("first", "agent_id")[:MOST_SHOWN]
        ],
        places=[
            Place(
                agent=names.get(row["agent_id"]) or row["agent_id"],
                conversation=row["conversation_id"],
                investigation=row["at"],
                first_seen=row["first"],
            )
            for row in places.order_by("first", "agent_id")[:MOST_SHOWN]
        ],
        open_members=members.exclude(status=Investigation.Status.CLOSED).count(),
    )


def _plain(keys: Iterable[SharedKey]) -> list[SharedKey]:
    """Each text once: its record and its sentence have fingerprints of their own and one wording."""
    shown: dict[tuple[str, str], SharedKey] = {}
    for key in keys:
        if key.label:
            shown.setdefault((key.kind, key.label), key)
    return list(shown.values())
