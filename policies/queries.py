"""What the pages of agents, environments and second opinions show, read in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet

from policies.load import opinion_entry
from policies.models import Agent, AuditEntry, Environment, PolicyVersion, Restriction, SecondOpinion
from policies.recognition.kinds import MASKED_NAMES
from policies.restrictions import Restricted
from policies.ruleset import Profile, compile_ruleset
from policies.scope import Person, of_environments
from policies.services.restrictions import open_ones

ENTRIES_SHOWN = 20


def load_masked_kinds(environment_id: str) -> frozenset[str]:
    """What is masked in calls of an environment: everything where nobody said otherwise. One query."""
    said = Environment.objects.filter(environment_id=environment_id).values_list("masked", flat=True).first()
    return MASKED_NAMES if said is None else frozenset(said)


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


def load_environments(person: Person) -> QuerySet[Environment]:
    """Every environment the person sees, with the number of its agents, those never heard from first. One query."""
    return (
        Environment.objects.filter(of_environments(person, column="pk"))
        .annotate(agent_count=Count("agents"))
        .order_by(F("last_seen").desc(nulls_first=True), "name", "environment_id")
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
