"""Changes to what is decided for a tool: its kind, and whether its calls may be judged after they are answered."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import SeenTool, Tool
from policies.services.publish import changed


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolSettings:
    """What an admin decides for a tool; an empty `kind` is inferred. `agent_id` empty = for all agents."""

    agent_id: str
    kind: str
    critical: bool


@transaction.atomic
def change_tool(seen: SeenTool, settings: ToolSettings, *, actor: AbstractBaseUser | None) -> None:
    """Decide for the tool of `seen`; what says nothing is not kept. One audit entry with what was and what is."""
    require(actor, Permission.CHANGE_POLICY)
    found = Tool.objects.select_for_update().filter(tool=seen.tool, agent_id=settings.agent_id).first()
    was = (found.kind, found.critical) if found else ("", True)
    now = (settings.kind, settings.critical)
    if was == now and found is not None:
        return
    # a decision for one agent also says that what holds for all does not: it is kept even where it is the default
    if now == ("", True) and not settings.agent_id:
        Tool.objects.filter(tool=seen.tool, agent_id="").delete()
    else:
        row = Tool(tool=seen.tool, agent_id=settings.agent_id, kind=settings.kind, critical=settings.critical)
        row.full_clean(validate_unique=False, validate_constraints=False)
        Tool.objects.update_or_create(
            tool=row.tool, agent_id=row.agent_id, defaults={"kind": row.kind, "critical": row.critical}
        )
    changes = {
        name: [before, after]
        for name, before, after in zip(("kind", "critical"), was, now, strict=True)
        if before != after
    }
    audit.record(actor=actor, action="tool.changed", tool=seen.tool, agent=settings.agent_id, changes=changes)
    changed()


@transaction.atomic
def follow_all(seen: SeenTool, *, actor: AbstractBaseUser | None) -> None:
    """Drop what was decided for this agent alone: what holds for all agents holds for it again."""
    require(actor, Permission.CHANGE_POLICY)
    if Tool.objects.filter(tool=seen.tool, agent_id=seen.agent_id).delete()[0]:
        audit.record(actor=actor, action="tool.follows_all", tool=seen.tool, agent=seen.agent_id)
        changed()
