"""What the pages of agents, environments and second opinions show, read in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from policies.load import opinion_entry
from policies.models import Agent, AuditEntry, Environment, PolicyVersion, Restriction, SecondOpinion
from policies.restrictions import Restricted
from policies.ruleset import Profile, compile_ruleset
from policies.services.restrictions import open_ones

# One page of one kind of agent; beyond it the page asks to narrow by words.
AGENTS_SHOWN = 200
ENTRIES_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """The policy's defaults, in force where neither agent nor environment says otherwise."""

    mode: str
    profile: str
    fail_posture: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentRow:
    """One agent with what is in force for it. `mode_from` says who decided the mode: agent, environment or policy.

    `restrictions` are those on the agent itself, newest first; not those on its conversations.
    """

    agent: Agent
    mode: str
    mode_from: str
    profile: str
    fail_posture: str
    restrictions: tuple[Restriction, ...] = ()

    @property
    def quarantined(self) -> bool:
        """Whether none of its calls is let through for the time being."""
        return any(one.effect == Restriction.Effect.QUARANTINE for one in self.restrictions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of agent on the page; `total` counts all, `rows` at most AGENTS_SHOWN."""

    rows: tuple[AgentRow, ...]
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """Registered and heard from, shadow (seen, not registered), uncovered (registered, never seen), and the sums.

    The sums are of all agents, whatever is searched for.
    """

    registered: Kind
    shadow: Kind
    uncovered: Kind
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


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryLine:
    """One audit entry as a sentence."""

    at: datetime
    actor: str
    text: str


def load_defaults() -> Defaults:
    """The defaults of the newest policy version; what an empty policy means where none is published. One query."""
    document = PolicyVersion.objects.values_list("document", flat=True).first() or {}
    defaults = document.get("defaults", {})
    return Defaults(
        mode=defaults.get("mode", "enforce"),
        profile=defaults.get("profile", "strict"),
        fail_posture=defaults.get("fail_posture", "block"),
    )


def load_inventory(words: str) -> Inventory:
    """The agents whose id, name, owner or environment holds `words`, all when empty. Up to nine queries."""
    defaults = load_defaults()
    found = _agents_with(words)
    sums = Agent.objects.aggregate(
        calls=Sum("calls"),
        stopped=Sum("stopped"),
        agents=Count("pk"),
        enforcing=Count("pk", filter=_enforced(defaults)),
    )
    environments = Environment.objects.aggregate(all=Count("pk"), silent=Count("pk", filter=Q(last_seen=None)))
    registered = found.filter(registered=True)
    return Inventory(
        registered=_kind(registered.exclude(last_seen=None), defaults),
        shadow=_kind(found.filter(registered=False), defaults),
        uncovered=_kind(registered.filter(last_seen=None), defaults),
        calls=sums["calls"] or 0,
        stopped=sums["stopped"] or 0,
        agents=sums["agents"],
        enforcing=sums["enforcing"],
        environments=environments["all"],
        silent_environments=environments["silent"],
    )


def row_of(agent: Agent, defaults: Defaults, restrictions: Sequence[Restriction] = ()) -> AgentRow:
    """One agent with what is in force for it, decided as `Ruleset.for_call` decides: agent, environment, policy."""
    mode, mode_from = defaults.mode, "policy"
    if agent.environment and agent.environment.mode:
        mode, mode_from = agent.environment.mode, "environment"
    if agent.mode:
        mode, mode_from = agent.mode, "agent"
    tightened = any(one.effect == Restriction.Effect.TIGHTEN for one in restrictions)
    return AgentRow(
        agent=agent,
        mode=mode,
        mode_from=mode_from,
        profile=Agent.ProfileChoice.STRICT if tightened else agent.profile or defaults.profile,
        fail_posture=Agent.FailPostureChoice.BLOCK if tightened else agent.fail_posture or defaults.fail_posture,
        restrictions=tuple(restrictions),
    )


def load_restrictions_on(agents: Sequence[Agent]) -> dict[str, list[Restriction]]:
    """What is in force on these agents, by agent id, newest first. One query, none without agents."""
    found: dict[str, list[Restriction]] = {}
    subjects = [[agent.agent_id] for agent in agents]
    for one in open_ones(Restricted.AGENT, subjects).select_related("made_by") if agents else ():
        found.setdefault(one.subject[0], []).append(one)
    return found


def load_environments() -> QuerySet[Environment]:
    """Every environment with the number of its agents, those never heard from first. One query."""
    return Environment.objects.annotate(agent_count=Count("agents")).order_by(
        F("last_seen").desc(nulls_first=True), "name", "environment_id"
    )


def load_unsettled_environments() -> QuerySet[Environment]:
    """Environments nobody chose a mode for, so the policy's default holds there. One query, at most ten rows."""
    return Environment.objects.filter(mode="").order_by(F("last_seen").desc(nulls_last=True), "environment_id")[:10]


def load_history(agent: Agent) -> tuple[HistoryLine, ...]:
    """The newest audit entries on one agent. One query."""
    entries = AuditEntry.objects.filter(action__startswith="agent.", detail__agent=agent.agent_id)[:ENTRIES_SHOWN]
    return tuple(HistoryLine(at=entry.at, actor=entry.actor_name, text=_sentence(entry)) for entry in entries)


def load_opinion_history(opinion: SecondOpinion) -> tuple[HistoryLine, ...]:
    """The newest audit entries on one engine. One query."""
    entries = AuditEntry.objects.filter(action__startswith="opinion.", detail__opinion=opinion.slug)[:ENTRIES_SHOWN]
    return tuple(HistoryLine(at=entry.at, actor=entry.actor_name, text=_sentence(entry)) for entry in entries)


def load_actions_on(opinions: Sequence[SecondOpinion]) -> dict[str, dict[str, str]]:
    """What is done on a call that each engine would stop: by its short name and the profile. One query."""
    document = PolicyVersion.objects.values_list("document", flat=True).first() or {}
    ruleset = compile_ruleset({**document, "opinions": list(map(opinion_entry, opinions))})
    return {
        opinion.slug: {profile.value: ruleset.action_for(opinion.signal, profile).name.lower() for profile in Profile}
        for opinion in ruleset.opinions
    }


def _agents_with(words: str) -> QuerySet[Agent]:
    found = Agent.objects.select_related("environment")
    for word in words.split():
        found = found.filter(
            Q(agent_id__icontains=word)
            | Q(name__icontains=word)
            | Q(owner__icontains=word)
            | Q(environment__name__icontains=word)
            | Q(environment__environment_id__icontains=word)
        )
    return found


def _kind(agents: QuerySet[Agent], defaults: Defaults) -> Kind:
    shown = list(agents[:AGENTS_SHOWN])
    restricted = load_restrictions_on(shown)
    rows = tuple(row_of(agent, defaults, restricted.get(agent.agent_id, ())) for agent in shown)
    return Kind(rows=rows, total=len(rows) if len(rows) < AGENTS_SHOWN else agents.count())


def _enforced(defaults: Defaults) -> Q:
    enforced = Q(mode="enforce") | Q(mode="", environment__mode="enforce")
    if defaults.mode == "enforce":
        enforced |= Q(mode="", environment__mode="") | Q(mode="", environment=None)
    return enforced


def _sentence(entry: AuditEntry) -> str:
    detail: dict[str, Any] = entry.detail
    if entry.action == "agent.mode_set":
        return f"Mode set to {detail['mode'] or 'that of its environment'}"
    if entry.action == "agent.registered":
        return f"Registered, owner {detail['owner'] or 'nobody'}"
    if entry.action in ("agent.changed", "opinion.changed"):
        return "; ".join(
            f"{name.replace('_', ' ').capitalize()}: {was or 'default'} → {now or 'default'}"
            for name, (was, now) in detail["changes"].items()
        )
    return entry.action.partition(".")[2].replace("_", " ").capitalize()
