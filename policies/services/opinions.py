"""Changes to second opinions; each asks for permission, writes its audit entry and tells the web processes.

No entry and no page ever holds a token.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit, sealing
from policies.access import Permission, require
from policies.engine_address import AddressError, checked_address
from policies.models import SecondOpinion
from policies.services.publish import changed

MOST_ENGINES = 8
MOST_AGENTS = 1000
LONGEST_TOKEN = 2000
BUDGETS_MS = range(10, 5001)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COMPARED = (
    "name", "base_url", "budget_ms", "asked_for", "strict_action", "cautious_action", "required", "agents",
)  # fmt: skip


class OpinionError(ValueError):
    """A change that is refused; the message says what was found and what is wanted, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class OpinionSettings:
    """What an admin decides for one engine. Empty `token` = keep the one there is; empty actions = as the policy."""

    name: str
    base_url: str
    token: str
    budget_ms: int
    asked_for: str
    strict_action: str
    cautious_action: str
    required: bool
    agents: tuple[str, ...]


@transaction.atomic
def add_opinion(slug: str, settings: OpinionSettings, *, actor: AbstractBaseUser | None) -> SecondOpinion:
    """Ask another engine from the next call on. Raises OpinionError."""
    require(actor, Permission.CHANGE_POLICY)
    slug, wanted = slug.strip(), _checked(settings)
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise OpinionError("slug", f"`{slug}` is no short name, expected lower-case letters, digits and dashes")
    if SecondOpinion.objects.filter(slug=slug).exists():
        raise OpinionError("slug", f"short name `{slug}` is taken, expected one of its own")
    if SecondOpinion.objects.count() >= MOST_ENGINES:
        raise OpinionError("slug", f"there are {MOST_ENGINES} engines already, expected one to be removed first")
    if not settings.token:
        raise OpinionError("token", "the token is empty, expected the one this engine gave out")
    sealed = seal_token(settings.token, slug=slug, base_url=wanted["base_url"])
    added = SecondOpinion.objects.create(slug=slug, sealed_token=sealed, **wanted)
    audit.record(actor=actor, action="opinion.added", opinion=slug, **wanted)
    changed()
    return added


@transaction.atomic
def change_opinion(
    opinion: SecondOpinion, settings: OpinionSettings, *, actor: AbstractBaseUser | None
) -> SecondOpinion:
    """Set everything an admin decides for one engine; one audit entry with what was and what is, none when equal.

    A new address wants the token anew: the old one must not be sent to whoever is there.
    """
    require(actor, Permission.CHANGE_POLICY)
    opinion = SecondOpinion.objects.select_for_update().get(pk=opinion.pk)
    wanted = _checked(settings)
    if wanted["base_url"] != opinion.base_url and not settings.token:
        raise OpinionError("token", "the address changed, expected the token of the new one: the old is not sent there")
    changes: dict[str, Any] = {
        name: [getattr(opinion, name), wanted[name]] for name in _COMPARED if getattr(opinion, name) != wanted[name]
    }
    for name, (_, value) in changes.items():
        setattr(opinion, name, value)
    if settings.token:
        opinion.sealed_token = seal_token(settings.token, slug=opinion.slug, base_url=opinion.base_url)
        changes["token"] = ["", "replaced"]
    if not changes:
        return opinion
    opinion.save()
    audit.record(actor=actor, action="opinion.changed", opinion=opinion.slug, changes=changes)
    changed()
    return opinion


@transaction.atomic
def pause_opinion(opinion: SecondOpinion, *, actor: AbstractBaseUser | None) -> None:
    """Ask it no more; nothing counts as missing. Safe to run twice."""
    _set_enabled(opinion, enabled=False, actor=actor)


@transaction.atomic
def resume_opinion(opinion: SecondOpinion, *, actor: AbstractBaseUser | None) -> None:
    """Ask it again. Safe to run twice."""
    _set_enabled(opinion, enabled=True, actor=actor)


@transaction.atomic
def remove_opinion(opinion: SecondOpinion, *, actor: AbstractBaseUser | None) -> None:
    """Forget it and its token. Verdicts keep what it said."""
    require(actor, Permission.CHANGE_POLICY)
    opinion.delete()
    audit.record(actor=actor, action="opinion.removed", opinion=opinion.slug, base_url=opinion.base_url)
    changed()


@transaction.atomic
def reseal_tokens(*, actor: AbstractBaseUser | None) -> tuple[int, tuple[str, ...]]:
    """Seal tokens under the newest secret key; returns how many were not, and whose do not open. Safe to run twice."""
    require(actor, Permission.CHANGE_POLICY)
    count, closed = 0, []
    for opinion in SecondOpinion.objects.select_for_update().order_by("pk"):
        purpose = _purpose(opinion.slug, opinion.base_url)
        try:
            sealed = sealing.resealed(opinion.sealed_token, purpose=purpose)
        except sealing.NotOpened:
            closed.append(opinion.name)
            continue
        if sealed != opinion.sealed_token:
            SecondOpinion.objects.filter(pk=opinion.pk).update(sealed_token=sealed)
            count += 1
    if count:
        audit.record(actor=actor, action="opinion.resealed", opinions=count)
        changed()
    return count, tuple(closed)


def seal_token(token: str, *, slug: str, base_url: str) -> str:
    """A token as it is kept: it opens for this engine at this address only."""
    return sealing.seal(token, purpose=_purpose(slug, base_url))


def unseal_token(sealed: str, *, slug: str, base_url: str) -> str:
    """The token that is sent. Raises sealing.NotOpened."""
    return sealing.unseal(sealed, purpose=_purpose(slug, base_url))


def _purpose(slug: str, base_url: str) -> str:
    return f"second opinion {slug} {base_url}"


def _checked(settings: OpinionSettings) -> dict[str, Any]:
    """The columns; raises OpinionError for the first that cannot be."""
    name = settings.name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable() or "`" in name:
        raise OpinionError("name", f"the name has {len(name)} characters, expected 1 to 100 that people can see")
    try:
        base_url = checked_address(settings.base_url)
    except AddressError as error:
        raise OpinionError("base_url", str(error)) from error
    token = settings.token
    if len(token) > LONGEST_TOKEN or not token.isascii() or any(not "!" <= letter <= "~" for letter in token):
        raise OpinionError("token", f"the token has {len(token)} characters, expected plain ASCII without spaces")
    if settings.budget_ms not in BUDGETS_MS:
        raise OpinionError("budget_ms", f"`{settings.budget_ms}` ms, expected {BUDGETS_MS[0]} to {BUDGETS_MS[-1]}")
    if len(settings.agents) > MOST_AGENTS or any(len(agent) > 200 for agent in settings.agents):
        raise OpinionError("agents", f"expected at most {MOST_AGENTS} agent ids of 200 characters")
    if settings.required and "notice" in (settings.strict_action, settings.cautious_action):
        raise OpinionError("required", "what it says is only noted, expected hold or block where it is required")
    if settings.asked_for not in SecondOpinion.AskedForChoice.values:
        raise OpinionError("asked_for", f"`{settings.asked_for}`, expected `changes` or `all`")
    for field in ("strict_action", "cautious_action"):
        if getattr(settings, field) not in ("", *SecondOpinion.ActionChoice.values):
            raise OpinionError(field, f"`{getattr(settings, field)}`, expected `notice`, `hold`, `block` or nothing")
    return {
        "name": name,
        "base_url": base_url,
        "budget_ms": settings.budget_ms,
        "asked_for": settings.asked_for,
        "strict_action": settings.strict_action,
        "cautious_action": settings.cautious_action,
        "required": settings.required,
        "agents": sorted(set(settings.agents)),
    }


def _set_enabled(opinion: SecondOpinion, *, enabled: bool, actor: AbstractBaseUser | None) -> None:
    require(actor, Permission.CHANGE_POLICY)
    if not SecondOpinion.objects.filter(pk=opinion.pk).exclude(enabled=enabled).update(enabled=enabled):
        return
    action = "opinion.resumed" if enabled else "opinion.paused"
    audit.record(actor=actor, action=action, opinion=opinion.slug)
    changed()
