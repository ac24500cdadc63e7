"""Reads investigations for pages: the queue with its views, filters and keyset pages, and one with its calls."""

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Now

from guardrail import queries as calls, tickets
from guardrail.models import AllowOnce, Verdict
from investigations.grouping import KNOWLEDGE_EDITED
from investigations.models import Activity, BulkItem, Investigation, InvestigationCall, Merge, Ticket
from investigations.tickets.account import ACCOUNT
from investigations.visibility import hidden_among, visible_to
from policies.access import GRANTS, Permission, is_narrowed
from policies.models import DocumentRevision

PAGE = 50
# Calls and activities one page shows: the newest.
MOST_CALLS = 100
MOST_ACTIVITIES = 200
MOST_NEWS = 100
# What a bulk action may be for; a filter that fits more has to be narrowed.
MOST_FITTING = 20_000
# Characters of the arguments shown beside the button that lets them through; the raw body has the rest.
LONGEST_ARGUMENTS = 24_000
OPEN = ~Q(status=Investigation.Status.CLOSED)
WOULD = ("would_block", "would_hold")
# name of the sort in the URL -> columns, all descending but for those that rise; the id makes every order total
SORTS: Mapping[str, tuple[str, ...]] = {
    "severity": ("severity", "last_seen", "id"),
    "due": ("due_at", "id"),
    "last_seen": ("last_seen", "id"),
    "first_seen": ("first_seen", "id"),
    "calls": ("calls", "id"),
}
RISING = frozenset(("due",))
# As people in a ticket system call it; the first where there are several
_TICKET_NAME = Subquery(
    Ticket.objects.filter(investigation=OuterRef("pk")).exclude(remote_name="").order_by("pk").values("remote_name")[:1]
)
_STOPPED_FIRST = {"block": 4, "hold": 3, "modify": 2, "notice": 1, "allow": 0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the queue is asked for, as its URL says it. `view` is `mine`, `late`, `would`, `open` or `closed`.

    `severity` is the lowest shown. `assignee` is `me`, `none` or a user name. `after` is the key of the last row of
    the page before, None on the first page.
    """

    view: str = "mine"
    sort: str = "due"
    status: str = ""
    assignee: str = ""
    severity: int = 0
    agent: str = ""
    destination: str = ""
    document: str = ""
    author: str = ""
    user: str = ""
    kin: str = ""
    words: str = ""
    after: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far the queue had come when a page was made: the highest id, 0 where none ever was, and the newest call."""

    highest: int
    newest: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Rows behind each view, whatever the filters."""

    mine: int
    late: int
    would: int
    open: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """One page of the queue. `next_key` is where the next page goes on, None at the end.

    `fitting` is how many rows the filter lets through, where that was counted on the way.
    """

    rows: Sequence[Investigation]
    next_key: tuple[str, ...] | None
    fitting: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """The calls of an investigation, oldest first; `left_out` older ones are not shown. `shown` is the one to tell."""

    briefs: Sequence[Verdict]
    left_out: int
    shown: uuid.UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowing:
    """What a person needs to know to let a held call pass once: exactly what would pass, and what was decided so far.

    `ticket` is the newest permission for this call, `state` how it stands (`guardrail.tickets.state_of`), empty without
    one. `arguments` is cut, `left_out` says by how much.
    """

    agent: str
    user: str
    conversation: str
    tool: str
    arguments: str
    left_out: int
    ticket: AllowOnce | None
    state: str
    is_open: bool
    may_give: bool
    minutes_left: int


def load_queue(asked: Asked, *, person: AbstractBaseUser) -> QueuePage:
    """One page. One query, two with words."""
    columns = SORTS[asked.sort]
    order = columns if asked.sort in RISING else tuple(f"-{name}" for name in columns)
    rows = matching(asked, person=person).order_by(*order)
    fitting = None
    if asked.after:
        rows = rows.filter(_beyond(columns, asked.after, way="gt" if asked.sort in RISING else "lt"))
    elif asked.words:
        # no index knows words: every row is looked at, which is dear enough to count on the way
        found = dict(rows.annotate(fitting=Window(Count("pk"))).values_list("pk", "fitting")[: PAGE + 1])
        fitting = next(iter(found.values()), 0)
        rows = Investigation.objects.filter(pk__in=found).order_by(*order)
    rows = rows.annotate(ticket_name=_TICKET_NAME).select_related("assignee", "membership")
    page = list(rows[: PAGE + 1])
    next_key = _key_of(page[PAGE - 1], columns) if len(page) > PAGE else None
    return QueuePage(rows=page[:PAGE], next_key=next_key, fitting=fitting)


def load_counts(*, person: AbstractBaseUser) -> tuple[Counts, Mark]:
    """How many rows each view has, and how far the queue has come. Two queries."""
    seen = visible_to(person)
    found = (
        Investigation.objects.filter(OPEN)
        .filter(seen)
        .aggregate(
            newest=Max("last_seen"),
            open=Count("pk"),
            mine=Count("pk", filter=Q(assignee=None) | Q(assignee_id=person.pk)),
            late=Count("pk", filter=Q(due_at__lt=Now())),
            would=Count("pk", filter=Q(outcome__in=WOULD)),
        )
    )
    newest = found.pop("newest")
    highest = Investigation.objects.filter(seen).order_by("-pk").values_list("pk", flat=True).first()
    return Counts(**found), Mark(highest=highest or 0, newest=newest)


def count_fitting(asked: Asked, page: QueuePage, counts: Counts, *, person: AbstractBaseUser) -> int:
    """How many rows the filter lets through, all pages; at most MOST + 1 of bulk. At most one query."""
    if page.fitting is not None:
        return min(page.fitting, MOST_FITTING + 1)
    plain = Asked(view=asked.view, sort=asked.sort, after=asked.after) == asked
    if plain and asked.view != "closed":
        return int(getattr(counts, asked.view))
    return matching(asked, person=person).order_by()[: MOST_FITTING + 1].count()


def count_news(asked: Asked, mark: Mark, *, person: AbstractBaseUser) -> int:
    """Rows of this view that were opened, or got another call, since `mark`; at most MOST_NEWS. One query."""
    since = Q(pk__gt=mark.highest)
    if mark.newest:
        since |= Q(last_seen__gt=mark.newest)
    return matching(asked, person=person).filter(since).order_by()[:MOST_NEWS].count()


def load_calls(investigation: Investigation, *, wanted: uuid.UUID | None) -> Calls:
    """Its newest calls, and which of them the page tells: the wanted one, else the newest of the worst. Two queries."""
    places = InvestigationCall.objects.filter(investigation=investigation).order_by("-verdict_id")
    ids = list(places.values_list("verdict_id", flat=True)[:MOST_CALLS])
    briefs = sorted(calls.load_briefs(ids).values(), key=lambda verdict: verdict.pk)
    shown = max(briefs, key=_badness, default=None)
    if wanted is not None:
        shown = next((verdict for verdict in briefs if verdict.pk == wanted), shown)
    return Calls(
        briefs=briefs,
        left_out=max(0, investigation.calls - len(briefs)) if len(ids) == MOST_CALLS else 0,
        shown=shown.pk if shown else None,
    )


def load_allowing(verdict: Verdict | None, *, now: datetime) -> Allowing | None:
    """How a held call stands; None for a call that nobody can allow. Three queries for a hold, none otherwise."""
    call = tickets.load_held_call(verdict) if verdict else None
    if verdict is None or call is None:
        return None
    ticket = tickets.load_newest(call.call_key)
    state = tickets.state_of(ticket, now=now) if ticket else ""
    arguments = call.arguments_json
    if len(arguments) <= LONGEST_ARGUMENTS:
        arguments = json.dumps(json.loads(arguments), indent=2, ensure_ascii=False)
    is_open = state in ("waiting", "lost", "away")
    passed = ticket is not None and state == "used" and ticket.verdict_id == verdict.pk
    return Allowing(
        agent=call.agent_name or call.agent_id,
        user=call.user_id,
        conversation=call.conversation_id,
        tool=call.tool.tool_id or call.tool.name,
        arguments=arguments[:LONGEST_ARGUMENTS],
        left_out=max(0, len(arguments) - LONGEST_ARGUMENTS),
        ticket=ticket,
        state=state,
        is_open=is_open,
        may_give=not is_open and not passed,
        minutes_left=max(1, math.ceil((ticket.expires_at - now).total_seconds() / 60)) if ticket else 0,
    )


def load_merged(investigation: Investigation) -> tuple[list[Investigation], Merge | None]:
    """What is part of it, and the newest merge into it that stands. Two queries."""
    sources = list(Investigation.objects.filter(merged_into=investigation).order_by("pk")[:MOST_CALLS])
    newest = Merge.objects.filter(target=investigation, undone_at=None).select_related("by").order_by("-id").first()
    return sources, newest


def sees_followed(investigation: Investigation, *, person: AbstractBaseUser) -> bool:
    """Whether the person may see the one it came after. One query where it came after one, none otherwise."""
    before = investigation.follows_id
    return before is not None and Investigation.objects.filter(visible_to(person), pk=before).exists()


def load_readers(investigation: Investigation) -> list[User]:
    """Who may see a restricted one, beside leads. One query for such a one, none otherwise."""
    if not investigation.restricted:
        return []
    return list(User.objects.filter(pk__in=investigation.readers.values("person")).order_by("username"))


def load_activities(investigation: Investigation) -> list[Activity]:
    """What happened to it, oldest first, at most the newest MOST_ACTIVITIES. One query."""
    newest = Activity.objects.filter(investigation=investigation).select_related("actor").order_by("-id")
    return list(newest[:MOST_ACTIVITIES])[::-1]


def load_changed_since(investigation: Investigation, *, after: int, person: AbstractBaseUser) -> list[Activity]:
    """What colleagues did since the line `after` of its history, oldest first, at most five lines. One query."""
    since = Activity.objects.filter(investigation=investigation, pk__gt=after, actor__isnull=False)
    return list(since.exclude(actor_id=person.pk).select_related("actor").order_by("id")[:5])


def load_edit(investigation: Investigation) -> DocumentRevision | None:
    """The newest edit an investigation is about, where it is about one and it is still kept. At most one query."""
    pk = next((str(value) for name, value in investigation.facts if name == "edit"), "")
    if investigation.kind != KNOWLEDGE_EDITED or not pk.isdecimal():
        return None
    return DocumentRevision.objects.select_related("document").filter(pk=int(pk)).first()


def picked(ids: Sequence[str], *, person: AbstractBaseUser) -> QuerySet[Investigation]:
    """Those of the ids, at most a page's worth of pages, that the person may see."""
    return Investigation.objects.filter(visible_to(person), pk__in=[int(pk) for pk in ids[: PAGE * 20]])


def visible_items(items: Sequence[BulkItem], *, person: AbstractBaseUser) -> list[BulkItem]:
    """Those whose investigation the person may see; what others did to a restricted one is not theirs to know."""
    doubtful = {item.investigation_id for item in items if item.investigation.restricted or is_narrowed(person)}
    hidden = hidden_among(doubtful, person)
    return [item for item in items if item.investigation_id not in hidden]


def analysts() -> QuerySet[User]:
    """Everybody who may work on investigations, and is a person."""
    roles = [role.value for role, granted in GRANTS.items() if Permission.INVESTIGATE in granted]
    may = Q(is_superuser=True) | Q(groups__name__in=roles)
    return User.objects.filter(may, is_active=True).exclude(username=ACCOUNT).distinct().order_by("username")


def load_assignees() -> list[str]:
    """User names that hold something open. One query."""
    holders = User.objects.filter(investigations__in=Investigation.objects.filter(OPEN)).distinct()
    return list(holders.order_by("username").values_list("username", flat=True)[:100])


def _badness(verdict: Verdict) -> tuple[bool, int, int, bool, uuid.UUID]:
    """What went through and was found afterwards comes first; a deferred call is in no investigation otherwise."""
    first_delivery = verdict.duplicate_of is None
    return (
        verdict.deferred,
        _STOPPED_FIRST.get(verdict.would_have, 0),
        verdict.severity or 0,
        first_delivery,
        verdict.pk,
    )


def matching(asked: Asked, *, person: AbstractBaseUser) -> QuerySet[Investigation]:
    """What the person may see and the filter lets through, in no order."""
    rows = Investigation.objects.filter(Q(status=Investigation.Status.CLOSED) if asked.view == "closed" else OPEN)
    rows = rows.filter(visible_to(person), merged_into=None)
    if asked.view == "mine":
        rows = rows.filter(Q(assignee=None) | Q(assignee_id=person.pk))
    if asked.view == "late":
        rows = rows.filter(due_at__lt=Now())
    if asked.view == "would":
        rows = rows.filter(outcome__in=WOULD)
    if asked.status:
        rows = rows.filter(status=asked.status)
    if asked.assignee == "none":
        rows = rows.filter(assignee=None)
    elif asked.assignee:
        rows = rows.filter(assignee__username=person.get_username() if asked.assignee == "me" else asked.assignee)
    if asked.severity:
        rows = rows.filter(severity__gte=asked.severity)
    if asked.agent:
        rows = rows.filter(Q(agent_id=asked.agent) | Q(agent_name__icontains=asked.agent))
    if asked.destination:
        rows = rows.filter(destination__icontains=asked.destination)
    for column, value in (
        ("document", asked.document),
        ("author", asked.author),
        ("user_id", asked.user),
        ("kin", asked.kin),
    ):
        if value:
            rows = rows.filter(**{column: value})
    if asked.words:
        rows = rows.filter(_holding(asked.words))
    return rows


def _holding(words: str) -> Q:
    """A number, a conversation id, or a piece of what the row says."""
    named = Q(title__icontains=words) | Q(conversation_id=words) | Q(author__icontains=words)
    named |= Q(document__icontains=words) | Q(destination__icontains=words) | Q(agent_name__icontains=words)
    if words.isdecimal() and len(words) < 19:
        named |= Q(pk=int(words))
    return named


def _beyond(columns: Sequence[str], key: Sequence[str], *, way: str) -> Q:
    """Rows after `key` in the order of `columns`, rising (`gt`) or falling (`lt`)."""
    # said once more of the first column alone, so that an index is entered at the page and not walked up to it
    entered = Q(**{f"{columns[0]}__{way}e": key[0]})
    beyond = Q()
    same: dict[str, Any] = {}
    for name, value in zip(columns, key, strict=True):
        beyond |= Q(**same, **{f"{name}__{way}": value})
        same[name] = value
    return entered & beyond


def _key_of(row: Investigation, columns: Sequence[str]) -> tuple[str, ...]:
    values = (getattr(row, name) for name in columns)
    return tuple(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)
