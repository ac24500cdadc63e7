"""The lists of agents: kinds, filters and pages by key, in a fixed number of queries however many agents there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum

from policies.models import Agent, AgentChange, Environment, Restriction
from policies.queries import AgentRow, Defaults, load_defaults, load_restrictions_on, row_of
from policies.scope import Person, of_environments

# Of one kind, where it is asked for; and of each on the page of all.
PAGE = 50
OVERVIEW = 25
ENVIRONMENTS_OFFERED = 200
# In the order of the page.
KINDS: Mapping[str, Q] = MappingProxyType(
    {
        "registered": Q(registered=True, last_seen__isnull=False),
        "shadow": Q(registered=False),
        "uncovered": Q(registered=True, last_seen=None)
        & ~Q(orchestration=Agent.Orchestration.CLASSIC)
        & ~Q(lifecycle=Agent.Lifecycle.RETIRED),
        "classic": Q(registered=True, last_seen=None, orchestration=Agent.Orchestration.CLASSIC),
        "drifted": Q(agent_id__in=AgentChange.objects.filter(acknowledged_at=None).values("agent_id")),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSearch:
    """What the list is asked for, as its URL says it. `kind` empty = all of them, the first of each.

    `environment` is the key of one, 0 = any; `after` the key of the last agent of the page before, 0 = the first page.
    """

    words: str = ""
    kind: str = ""
    owner: str = ""
    environment: int = 0
    lifecycle: str = ""
    mode: str = ""
    criticality: str = ""
    after: int = 0

    def url(self, **changed: str | int) -> str:
        """The query of this search with some of it otherwise; pages begin anew unless `after` is given."""
        asked = {
            "kind": self.kind,
            "q": self.words,
            "owner": self.owner,
            "environment": self.environment,
            "lifecycle": self.lifecycle,
            "mode": self.mode,
            "criticality": self.criticality,
            **changed,
        }
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the kind is asked for."""
        return any((self.words, self.owner, self.environment, self.lifecycle, self.mode, self.criticality))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of agent on the page; `total` counts all that fit, `rows` are a page of them.

    `url` is the query of the list of this kind, `next_url` of its next page, empty at the end.
    """

    rows: tuple[AgentRow, ...]
    total: int
    url: str
    next_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """Registered and heard from, shadow (seen, not registered), uncovered and classic (registered, never seen), those
    with drift nobody has looked at, and the sums.

    The sums are of all agents, whatever is searched for.
    """

    registered: Kind
    shadow: Kind
    uncovered: Kind
    classic: Kind
    drifted: Kind
    calls: int
    stopped: int
    agents: int
    enforcing: int
    environments: int
    silent_environments: int

    @property
    def stopped_percent(self) -> float:
        """Stopped calls of all calls, in percent; 0 before the first call."""
        return 100 * self.stopped / self.calls if self.calls else 0.0


def load_inventory(search: AgentSearch, *, person: Person) -> Inventory:
    """The agents of a search that the person sees. Up to ten queries."""
    defaults = load_defaults()
    found = _matching(search, defaults).filter(of_environments(person))
    # a name of its own: `registered` is a column
    counted = found.aggregate(**{f"in_{name}": Count("pk", filter=kind) for name, kind in KINDS.items()})
    totals = {name: counted[f"in_{name}"] for name in KINDS}
    pages = {name: _page(found, name, search) for name in KINDS if totals[name]}
    restricted = load_restrictions_on([agent for page in pages.values() for agent in page[0]])
    kinds = {
        name: _kind(
            pages.get(name, ((), False)), totals[name], search=search, name=name, defaults=defaults, on=restricted
        )
        for name in KINDS
    }
    sums = Agent.objects.filter(of_environments(person)).aggregate(
        calls=Sum("calls"),
        stopped=Sum("stopped"),
        agents=Count("pk"),
        enforcing=Count("pk", filter=_in_mode("enforce", defaults)),
    )
    environments = Environment.objects.filter(of_environments(person, column="pk")).aggregate(
        all=Count("pk"), silent=Count("pk", filter=Q(last_seen=None))
    )
    return Inventory(
        **kinds,
        calls=sums["calls"] or 0,
        stopped=sums["stopped"] or 0,
        agents=sums["agents"],
        enforcing=sums["enforcing"],
        environments=environments["all"],
        silent_environments=environments["silent"],
    )


def load_environments_offered(person: Person) -> QuerySet[Environment]:
    """What the list can be narrowed to. One query."""
    shown = Environment.objects.filter(of_environments(person, column="pk"))
    return shown.only("pk", "name", "environment_id")[:ENVIRONMENTS_OFFERED]


def _matching(search: AgentSearch, defaults: Defaults) -> QuerySet[Agent]:
    found = Agent.objects.all()
    for word in search.words.split():
        found = found.filter(
            Q(agent_id__icontains=word)
            | Q(name__icontains=word)
            | Q(owner__icontains=word)
            | Q(process__icontains=word)
            | Q(environment__name__icontains=word)
            | Q(environment__environment_id__icontains=word)
        )
    if search.owner:
        found = found.filter(owner__icontains=search.owner)
    if search.environment:
        found = found.filter(environment=search.environment)
    if search.lifecycle:
        found = found.filter(lifecycle=search.lifecycle)
    if search.criticality:
        found = found.filter(criticality=search.criticality)
    return found.filter(_in_mode(search.mode, defaults)) if search.mode else found


def _in_mode(mode: str, defaults: Defaults) -> Q:
    """Agents whose calls are judged in this mode, decided as `Ruleset.for_call` decides."""
    own = Q(mode=mode) | Q(mode="", environment__mode=mode)
    if defaults.mode == mode:
        own |= Q(mode="", environment__mode="") | Q(mode="", environment=None)
    return own


def _page(found: QuerySet[Agent], name: str, search: AgentSearch) -> tuple[tuple[Agent, ...], bool]:
    """A page of one kind and whether more follow; nothing of the others where one is asked for. One query.

    Those that drifted are on other lists as well, and shown only where they are asked for.
    """
    if search.kind != name and (search.kind or name == "drifted"):
        return (), False
    rows = found.filter(KINDS[name]).select_related("environment").order_by("name", "agent_id")
    size = PAGE if search.kind else OVERVIEW
    if search.kind and search.after:
        # a subquery: the key of a page is one number, and an agent that is renamed meanwhile moves nobody else
        last = Agent.objects.filter(pk=search.after)
        rows = rows.filter(
            Q(name__gt=last.values("name")[:1])
            | Q(name=last.values("name")[:1], agent_id__gt=last.values("agent_id")[:1])
        )
    shown = tuple(rows[: size + 1])
    return shown[:size], len(shown) > size


def _kind(
    page: tuple[tuple[Agent, ...], bool],
    total: int,
    *,
    search: AgentSearch,
    name: str,
    defaults: Defaults,
    on: Mapping[str, Sequence[Restriction]],
) -> Kind:
    agents, more = page
    return Kind(
        rows=tuple(row_of(agent, defaults, on.get(agent.agent_id, ())) for agent in agents),
        total=total,
        url=search.url(kind=name),
        next_url=search.url(kind=name, after=agents[-1].pk) if more and search.kind else "",
    )
