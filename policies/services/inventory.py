"""Changes to agents and environments; each writes its audit entry and tells the web processes."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.models import Agent, Environment, ModeChoice
from policies.services.publish import changed


@transaction.atomic
def set_agent_mode(agent: Agent, mode: str, *, actor: AbstractBaseUser | None) -> None:
    """Put one agent in `monitor` or `enforce`; empty = the default of its environment."""
    agent.mode = ModeChoice(mode) if mode else ""
    agent.save(update_fields=["mode"])
    audit.record(actor=actor, action="agent.mode_set", agent=agent.agent_id, mode=agent.mode)
    changed()


@transaction.atomic
def set_environment_mode(environment: Environment, mode: str, *, actor: AbstractBaseUser | None) -> None:
    """Put one environment in `monitor` or `enforce`; empty = the policy's default."""
    environment.mode = ModeChoice(mode) if mode else ""
    environment.save(update_fields=["mode"])
    audit.record(
        actor=actor, action="environment.mode_set", environment=environment.environment_id, mode=environment.mode
    )
    changed()


@transaction.atomic
def register_agent(agent: Agent, *, owner: str, actor: AbstractBaseUser | None) -> None:
    """Take a shadow agent into the inventory."""
    agent.registered = True
    agent.owner = owner
    agent.save(update_fields=["registered", "owner"])
    audit.record(actor=actor, action="agent.registered", agent=agent.agent_id, owner=owner)
    changed()
