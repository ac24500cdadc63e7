"""Pins what an agent may do, and takes it back; each asks for permission, writes its audit entry and is told on."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.charters import LONGEST, MOST_DESTINATIONS, MOST_TOOLS, STANDING, normal
from policies.models import Agent, Charter
from policies.ruleset import Standing
from policies.services.publish import changed


class CharterError(ValueError):
    """A charter that is refused; `field` is the one to mend, the message says what was found and what is wanted."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class CharterSettings:
    """What a person writes down for an agent. `destinations` None = any will do."""

    purpose: str
    tools: tuple[str, ...]
    destinations: tuple[str, ...] | None


@transaction.atomic
def pin_charter(
    agent: Agent, settings: CharterSettings, *, seen: datetime | None, now: datetime, actor: AbstractBaseUser | None
) -> None:
    """Make this the agent's charter from the next call on; nothing where it is already.

    `seen` is when the charter was pinned that the person looked at, None where there was none: raises CharterError
    when somebody else has pinned another since. Raises it for a shadow agent and for entries that cannot be compared.
    """
    require(actor, Permission.CHANGE_POLICY)
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if not agent.registered:
        raise CharterError("tools", f"agent `{agent.agent_id}` is not registered, expected it to be registered first")
    wanted = _checked(settings)
    found = Charter.objects.filter(agent_id=agent.agent_id).first()
    if (found.pinned_at if found else None) != seen:
        raise CharterError("tools", "somebody else changed it since you opened this page; look at it again")
    was = _written(found)
    if found is not None and was == wanted:
        return
    pinned = {"pinned_at": now, "pinned_by_id": actor.pk if actor else None}
    Charter.objects.update_or_create(agent_id=agent.agent_id, defaults={**asdict(wanted), **pinned})
    audit.record(actor=actor, action="agent.charter_pinned", agent=agent.agent_id, **_difference(was, wanted))
    changed()


@transaction.atomic
def unpin_charter(agent: Agent, *, actor: AbstractBaseUser | None) -> None:
    """Judge the agent by no charter again. Safe to run twice."""
    require(actor, Permission.CHANGE_POLICY)
    found = Charter.objects.select_for_update().filter(agent_id=agent.agent_id).first()
    if found is None:
        return
    audit.record(actor=actor, action="agent.charter_unpinned", agent=agent.agent_id, **asdict(_written(found)))
    found.delete()
    changed()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """The columns of a charter that people write."""

    purpose: str = ""
    tools: list[str]
    limits_destinations: bool = False
    destinations: list[str]


def _checked(settings: CharterSettings) -> _Written:
    tools = normal(settings.tools)
    destinations = normal(settings.destinations or ())
    if not tools:
        raise CharterError("tools", "no tool is named, expected at least one: without any every call would be outside")
    _require_short("tools", tools, most=MOST_TOOLS)
    _require_short("destinations", destinations, most=MOST_DESTINATIONS)
    known = [f"{STANDING}{standing.value}" for standing in Standing]
    for entry in destinations:
        if entry.startswith(STANDING) and entry not in known:
            raise CharterError("destinations", f"`{entry}` is no standing, expected one of {', '.join(known)}")
        if "://" in entry or "*" in entry:
            wanted = "expected e.g. `contoso.com`, which takes in what is below it"
            raise CharterError("destinations", f"`{entry}` is no address or domain, {wanted}")
    return _Written(
        purpose=settings.purpose.strip(),
        tools=sorted(tools),
        limits_destinations=settings.destinations is not None,
        destinations=sorted(destinations),
    )


def _require_short(field: str, entries: tuple[str, ...], *, most: int) -> None:
    if len(entries) > most:
        raise CharterError(field, f"{len(entries):,} entries, expected at most {most:,}")
    long = next((entry for entry in entries if len(entry) > LONGEST), None)
    if long is not None:
        raise CharterError(field, f"`{long[:40]}…` has {len(long)} characters, expected at most {LONGEST}")


def _written(charter: Charter | None) -> _Written:
    if charter is None:
        return _Written(tools=[], destinations=[])
    return _Written(
        purpose=charter.purpose,
        tools=charter.tools,
        limits_destinations=charter.limits_destinations,
        destinations=charter.destinations,
    )


def _difference(was: _Written, wanted: _Written) -> dict[str, Any]:
    """What came and went, so that an entry of the trail stays short however long the charter is."""
    said: dict[str, Any] = {
        "tools_added": sorted(set(wanted.tools) - set(was.tools)),
        "tools_taken_out": sorted(set(was.tools) - set(wanted.tools)),
        "destinations_added": sorted(set(wanted.destinations) - set(was.destinations)),
        "destinations_taken_out": sorted(set(was.destinations) - set(wanted.destinations)),
    }
    if was.purpose != wanted.purpose:
        said["purpose"] = [was.purpose, wanted.purpose]
    if was.limits_destinations != wanted.limits_destinations:
        said["limits_destinations"] = [was.limits_destinations, wanted.limits_destinations]
    return said
