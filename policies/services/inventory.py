"""Changes to agents and environments; each asks for permission, writes its audit entry and tells the web processes."""

from dataclasses import dataclass, fields

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import Agent, Environment, ModeChoice
from policies.services.publish import changed


class InventoryError(ValueError):
    """A change to the inventory that is refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSettings:
    """What an admin decides for one agent; empty `mode`, `profile`, `fail_posture` = the environment's or policy's."""

    name: str
    owner: str
    mode: str
    profile: str
    fail_posture: str
    lifecycle: str = ""
    criticality: str = ""
    process: str = ""


@transaction.atomic
def set_agent_mode(agent: Agent, mode: str, *, actor: AbstractBaseUser | None) -> None:
    """Put one agent in `monitor` or `enforce`; empty = the default of its environment."""
    require(actor, Permission.CHANGE_POLICY)
    agent.mode = ModeChoice(mode) if mode else ""
    agent.save(update_fields=["mode"])
    audit.record(actor=actor, action="agent.mode_set", agent=agent.agent_id, mode=agent.mode)
    changed()


@transaction.atomic
def set_environment_mode(environment: Environment, mode: str, *, actor: AbstractBaseUser | None) -> None:
    """Put one environment in `monitor` or `enforce`; empty = the policy's default."""
    require(actor, Permission.CHANGE_POLICY)
    environment.mode = ModeChoice(mode) if mode else ""
    environment.save(update_fields=["mode"])
    audit.record(
        actor=actor, action="environment.mode_set", environment=environment.environment_id, mode=environment.mode
    )
    changed()


@transaction.atomic
def register_agent(agent: Agent, *, owner: str, actor: AbstractBaseUser | None) -> None:
    """Take a shadow agent into the inventory."""
    require(actor, Permission.CHANGE_POLICY)
    agent.registered = True
    agent.owner = owner
    agent.save(update_fields=["registered", "owner"])
    audit.record(actor=actor, action="agent.registered", agent=agent.agent_id, owner=owner)
    changed()


@transaction.atomic
def add_agent(
    *, agent_id: str, name: str, owner: str, environment: Environment | None, actor: AbstractBaseUser | None
) -> Agent:
    """Register an agent before its first call, so that its silence shows. Raises InventoryError when it is known."""
    require(actor, Permission.CHANGE_POLICY)
    agent, created = Agent.objects.get_or_create(
        agent_id=agent_id,
        defaults={"name": name, "owner": owner, "environment": environment, "registered": True},
    )
    if not created:
        raise InventoryError(f"agent `{agent_id}` is in the inventory already, as `{agent}`; expected a new id")
    audit.record(actor=actor, action="agent.registered", agent=agent_id, owner=owner)
    changed()
    return agent


@transaction.atomic
def change_agent(agent: Agent, settings: AgentSettings, *, actor: AbstractBaseUser | None) -> None:
    """Set everything an admin decides for one agent; one audit entry with what was and what is, none when equal.

    Raises InventoryError for a shadow agent: settings without an owner would be nobody's decision.
    """
    require(actor, Permission.CHANGE_POLICY)
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if not agent.registered:
        raise InventoryError(f"agent `{agent.agent_id}` is not registered, expected it to be registered first")
    changes = {
        field.name: [getattr(agent, field.name), getattr(settings, field.name)]
        for field in fields(settings)
        if getattr(agent, field.name) != getattr(settings, field.name)
    }
    if not changes:
        return
    for name, (_, wanted) in changes.items():
        setattr(agent, name, wanted)
    agent.full_clean(validate_unique=False)
    agent.save(update_fields=list(changes))
    audit.record(actor=actor, action="agent.changed", agent=agent.agent_id, changes=changes)
    changed()


@transaction.atomic
def add_environment(*, environment_id: str, name: str, mode: str, actor: AbstractBaseUser | None) -> Environment:
    """Note an environment before its first call, so that its mode holds from then on and its silence shows.

    Raises InventoryError when it is known.
    """
    require(actor, Permission.CHANGE_POLICY)
    environment, created = Environment.objects.get_or_create(
        environment_id=environment_id, defaults={"name": name, "mode": ModeChoice(mode) if mode else ""}
    )
    if not created:
        raise InventoryError(f"environment `{environment_id}` is in the inventory already; expected a new id")
    audit.record(actor=actor, action="environment.added", environment=environment_id, name=name, mode=mode)
    changed()
    return environment
