"""What every page shows around its content. Four bounded queries, kept for five seconds in this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from guardrail.models import Verdict
from guardrail.replica import told_lag
from policies.access import is_narrowed
from policies.ledger import load_late
from policies.models import Agent, ModeChoice, PolicyVersion
from policies.scope import Person, environments_of, of_environments
from policies.writes import NARROWED

KEEP_SECONDS = 5
# Looked at for the state in the header: the newest calls, of the last minutes only.
RECENT_CALLS = 200
RECENT_MINUTES = 5

# (url name, word, icon, beginnings of the url names behind this door)
DOORS = (
    ("queue", "Queue", "inbox", ("queue", "investigation", "campaign", "playbook", "bulk")),
    ("verdicts", "Calls", "arrow-left-right", ("verdict", "document", "search", "entity")),
    ("agents", "Agents", "cpu", ("agent", "environment", "tool")),
    ("policies", "Policy", "shield-check", ("polic", "intelligence", "indicator")),
    ("deliveries", "Deliveries", "send", ("deliver",)),
    ("response", "Response", "slash-circle", ("response",)),
    ("reports", "Reports", "bar-chart", ("report", "exercise")),
    ("callers", "Admin", "gear", ("caller", "opinion", "api_token", "audit", "people", "person")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    name: str
    word: str
    icon: str
    url: str
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """`agents` counts registered and shadow agents, `enforcing` those whose calls are stopped and not only marked.

    `recent` counts the calls of the last minutes (at most RECENT_CALLS), `degraded` those judged without some part,
    `late` today's answers that may have come too late.
    """

    policy_version: int
    default_mode: str
    agents: int
    enforcing: int
    recent: int
    degraded: int
    missing: tuple[str, ...]
    late: int


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context of base.html; nothing is read from the database unless a template asks for `state`, but for
    the roles of whoever is signed in. `narrowed`: they see some environments only."""
    return {
        "doors": tuple(_doors(request)),
        "state": SimpleLazyObject(lambda: load_state(request.user)),
        "zone": "UTC",
        "narrowed": is_narrowed(request.user),
        "seconds_old": told_lag(),
    }


def load_state(person: Person) -> State:
    """The header's state, at most five seconds old."""
    environments = environments_of(person)
    key = "shell.state" if environments is None else f"shell.state.{'-'.join(map(str, sorted(environments)))}"
    state = cache.get(key)
    if not isinstance(state, State):
        state = _read_state(person)
        cache.set(key, state, KEEP_SECONDS)
    return state


def _read_state(person: Person) -> State:
    newest = PolicyVersion.objects.values_list("number", "document__defaults__mode").first()
    number, default_mode = newest or (0, ModeChoice.MONITOR)
    effective = Coalesce(NullIf("mode", Value("")), NullIf("environment__mode", Value("")), Value(default_mode))
    agents = (
        Agent.objects.filter(of_environments(person))
        .annotate(effective=effective)
        .aggregate(agents=Count("pk"), enforcing=Count("pk", filter=Q(effective=ModeChoice.ENFORCE)))
    )
    since = timezone.now() - timedelta(minutes=RECENT_MINUTES)
    rows = Verdict.objects.order_by("-id").values_list("received_at", "degraded")[:RECENT_CALLS]
    recent = [degraded for received_at, degraded in rows if received_at >= since]
    return State(
        policy_version=number,
        default_mode=default_mode,
        recent=len(recent),
        degraded=sum(1 for degraded in recent if degraded),
        missing=tuple(sorted({str(part) for degraded in recent for part in degraded})),
        late=load_late(timezone.now().date(), person=person),
        **agents,
    )


def _doors(request: HttpRequest) -> Iterator[Door]:
    here = (request.resolver_match.url_name if request.resolver_match else None) or ""
    for name, word, icon, pages in DOORS:
        if name not in NARROWED and is_narrowed(request.user):
            continue
        yield Door(name=name, word=word, icon=icon, url=reverse(name), current=here.startswith(pages))
