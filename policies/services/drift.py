"""Notes what is no longer as it was about agents, as their calls show it; and who has looked at it.

Written inside the intake's transaction, after it has locked the agents by counting their calls.
"""

import enum
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from policies import audit
from policies.access import Permission, require
from policies.models import Agent, AgentChange

_MOST_CHANNELS, _MOST_KNOWLEDGE = 20, 50
_LONGEST_TOLD = 300
# as a bulk_update nine CASE expressions of a branch for each agent: slow on a flood of new agents
_UPDATE = """
UPDATE policies_agent agent SET
    seen_version = new.version, seen_published = new.published, seen_parent = new.parent,
    seen_channels = new.channels::jsonb, seen_knowledge = new.knowledge::jsonb,
    seen_signed_in = new.signed_in, seen_anonymous = new.anonymous, seen_triggered = new.triggered, identity_at = new.at
FROM unnest(
    %s::bigint[], %s::text[], %s::boolean[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
    %s::timestamptz[], %s::timestamptz[]
) AS new (id, version, published, parent, channels, knowledge, signed_in, anonymous, triggered, at)
WHERE agent.id = new.id
"""
# How often it is written down that people, strangers or events still call.
_ACCESS_STEP = timedelta(hours=1)


class Access(enum.Enum):
    """Who made the agent run; the value is the column that keeps when it was last so."""

    SIGNED_IN = "seen_signed_in"
    ANONYMOUS = "seen_anonymous"
    TRIGGERED = "seen_triggered"


_WHO = {
    Access.SIGNED_IN: "people who signed in",
    Access.ANONYMOUS: "somebody who did not sign in",
    Access.TRIGGERED: "an event",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What one call, and its batch, say about the agent. `published` None = not told; empty texts too."""

    agent_id: str
    at: datetime
    verdict_id: uuid.UUID
    version: str
    published: bool | None
    parent: str
    channels: tuple[str, ...]
    knowledge: tuple[str, ...]
    access: Access


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTool:
    """A tool an agent has planned to use for the first time, with the call that did."""

    agent_id: str
    tool: str
    at: datetime
    verdict_id: uuid.UUID | None


def note_drift(identities: Sequence[Identity], tools: Sequence[NewTool]) -> None:
    """Keep what the calls say, and note what differs from what was known. Up to four queries; needs a transaction.

    What an agent does for the first time in its first days is no drift. A change that is noted already and that nobody
    has looked at is not noted again: a version under test comes and goes with each call.
    """
    ids = {one.agent_id for one in identities} | {tool.agent_id for tool in tools}
    if not ids:
        return
    agents = {agent.agent_id: agent for agent in Agent.objects.filter(agent_id__in=ids)}
    found = [row for tool in tools if (agent := agents.get(tool.agent_id)) for row in _new_tool(agent, tool)]
    touched: dict[str, Agent] = {}
    for identity in sorted(identities, key=lambda one: one.at):
        agent = agents.get(identity.agent_id)
        if agent is not None:
            found += _taken(agent, identity, touched)
    _save([touched[key] for key in sorted(touched)])
    AgentChange.objects.bulk_create(_not_noted(found))


@transaction.atomic
def acknowledge(agent: Agent, *, upto: int, now: datetime, actor: AbstractBaseUser | None) -> int:
    """Say that somebody has looked at what drifted, up to the change `upto`; returns how many. Safe to run twice."""
    require(actor, Permission.INVESTIGATE)
    still_open = AgentChange.objects.filter(agent_id=agent.agent_id, acknowledged_at=None, pk__lte=upto)
    done = still_open.update(acknowledged_at=now, acknowledged_by=actor.pk if actor else None)
    if done:
        audit.record(actor=actor, action="agent.drift_acknowledged", agent=agent.agent_id, changes=done, upto=upto)
    return done


def _taken(agent: Agent, identity: Identity, touched: dict[str, Agent]) -> Iterator[AgentChange]:
    """Write what the call says into `agent`; yields what that changes. An older call than the last changes nothing."""
    before = agent.identity_at
    if before is not None and identity.at < before:
        return
    was = _state(agent)
    yield from _told(agent, identity, first=before is None)
    last = getattr(agent, identity.access.value)
    if last is None or identity.at - last >= _ACCESS_STEP:
        setattr(agent, identity.access.value, identity.at)
    if was != _state(agent):
        agent.identity_at = identity.at
        touched[agent.agent_id] = agent


def _save(agents: Sequence[Agent]) -> None:
    if not agents:
        return
    plain = [
        [getattr(agent, name) for agent in agents] for name in ("pk", "seen_version", "seen_published", "seen_parent")
    ]
    lists = [[json.dumps(getattr(agent, name)) for agent in agents] for name in ("seen_channels", "seen_knowledge")]
    times = [
        [getattr(agent, name) for agent in agents]
        for name in ("seen_signed_in", "seen_anonymous", "seen_triggered", "identity_at")
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [*plain, *lists, *times])


def _state(agent: Agent) -> tuple[object, ...]:
    return (
        agent.seen_version,
        agent.seen_published,
        agent.seen_parent,
        tuple(agent.seen_channels),
        tuple(agent.seen_knowledge),
        *(getattr(agent, access.value) for access in Access),
    )


def _told(agent: Agent, identity: Identity, *, first: bool) -> Iterator[AgentChange]:
    if identity.version and identity.version != agent.seen_version:
        if agent.seen_version:
            yield _change(identity, AgentChange.What.VERSION, was=agent.seen_version, now=identity.version)
        agent.seen_version = identity.version
    if identity.published is not None and identity.published is not agent.seen_published:
        if agent.seen_published is not None:
            was, now = ("published", "not published") if agent.seen_published else ("not published", "published")
            yield _change(identity, AgentChange.What.PUBLISHED, was=was, now=now)
        agent.seen_published = identity.published
    if identity.parent and identity.parent != agent.seen_parent:
        if not first:
            yield _change(identity, AgentChange.What.PARENT, was=agent.seen_parent, now=identity.parent)
        agent.seen_parent = identity.parent
    yield from _added(agent, identity, first=first)
    if getattr(agent, identity.access.value) is None and not first:
        known = [_WHO[access] for access in Access if getattr(agent, access.value) is not None]
        yield _change(identity, AgentChange.What.ACCESS, was=" and ".join(known), now=_WHO[identity.access])


def _added(agent: Agent, identity: Identity, *, first: bool) -> Iterator[AgentChange]:
    """New channels, and new sources of knowledge. An export may have told of a channel before."""
    expected = {channel.lower() for channel in agent.channels}
    for channel in identity.channels:
        if channel in agent.seen_channels or len(agent.seen_channels) >= _MOST_CHANNELS:
            continue
        if not first and channel.lower() not in expected:
            yield _change(identity, AgentChange.What.CHANNEL, was=", ".join(agent.seen_channels), now=channel)
        agent.seen_channels = [*agent.seen_channels, channel]
    for source in identity.knowledge:
        if source in agent.seen_knowledge or len(agent.seen_knowledge) >= _MOST_KNOWLEDGE:
            continue
        if agent.seen_knowledge and _is_known(agent, identity.at):
            yield _change(identity, AgentChange.What.KNOWLEDGE, was="", now=source)
        agent.seen_knowledge = [*agent.seen_knowledge, source]


def _new_tool(agent: Agent, tool: NewTool) -> Iterator[AgentChange]:
    if _is_known(agent, tool.at):
        yield AgentChange(
            agent_id=agent.agent_id,
            what=AgentChange.What.TOOL,
            now=tool.tool[:_LONGEST_TOLD],
            at=tool.at,
            verdict_id=tool.verdict_id,
        )


def _is_known(agent: Agent, at: datetime) -> bool:
    """Whether its first days are over: what is new before that is how everything begins."""
    return agent.first_seen is not None and at - agent.first_seen >= timedelta(days=settings.LEARNING_DAYS)


def _change(identity: Identity, what: AgentChange.What, *, was: str, now: str) -> AgentChange:
    return AgentChange(
        agent_id=identity.agent_id,
        what=what,
        was=was[:_LONGEST_TOLD],
        now=now[:_LONGEST_TOLD],
        at=identity.at,
        verdict_id=identity.verdict_id,
    )


def _not_noted(found: Iterable[AgentChange]) -> list[AgentChange]:
    """Those that no change says already that nobody has looked at. One query, none without any."""
    by_key = {(row.agent_id, row.what, row.was, row.now): row for row in found}
    if not by_key:
        return []
    noted = AgentChange.objects.filter(agent_id__in={key[0] for key in by_key}, acknowledged_at=None)
    known = set(noted.values_list("agent_id", "what", "was", "now"))
    return [row for key, row in by_key.items() if key not in known]
