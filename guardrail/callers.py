"""Changes to callers: who may ask, with which tokens. Each writes its audit entry and tells the web processes."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from guardrail.models import Orchestrator, OrchestratorToken, Verdict
from policies import audit
from policies.access import Permission, is_machine, require
from policies.services.publish import changed

TOKEN_PREFIX = "gr_"  # noqa: S105 no secret: it lets a secret scanner find a leaked token
HINT_LENGTH = 9
VALID_AT_ONCE = 2
MOST_PER_MINUTE = 1_000_000
MOST_CERTIFICATES = 20
# How long the old token of a rotation still works when nobody says otherwise.
OVERLAP = timedelta(hours=24)
# First segments of our own addresses: a caller there would hide a page, or be hidden by it.
RESERVED_SLUGS = frozenset(
    {
        "account",
        "admin",
        "agents",
        "api",
        "callers",
        "documents",
        "environments",
        "investigations",
        "login",
        "logout",
        "opinions",
        "people",
        "static",
        "tokens",
        "v1",
        "verdicts",
        "welcome",
    }
)
_PIN = re.compile(r"[0-9a-f]{64}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class CallerError(ValueError):
    """A change to a caller that is refused; the message says what was found and what is wanted."""


@transaction.atomic
def create_orchestrator(name: str, slug: str, actor: AbstractBaseUser | None) -> Orchestrator:
    """Add a caller whose base path is `/<slug>`. It can ask once it has a token or Entra settings."""
    require(actor, Permission.CHANGE_CALLERS)
    name, slug = name.strip(), slug.strip()
    if not 0 < len(name) <= 200:
        raise CallerError(f"the name has {len(name)} characters, expected 1 to 200")
    if len(slug) > 60 or not _SLUG.fullmatch(slug):
        raise CallerError(
            f"path `{slug}` is not one, expected lower-case letters, digits and dashes, e.g. `copilot-studio`"
        )
    if slug in RESERVED_SLUGS:
        raise CallerError(f"path `{slug}` is used by Guardrail itself, expected another, e.g. `{slug}-caller`")
    orchestrator, created = Orchestrator.objects.get_or_create(slug=slug, defaults={"name": name})
    if not created:
        raise CallerError(f"path `{slug}` is taken by `{orchestrator.name}`, expected one of its own")
    audit.record(actor=actor, action="caller.created", caller=slug, name=name)
    changed()
    return orchestrator


@transaction.atomic
def issue_token(
    orchestrator: Orchestrator,
    actor: AbstractBaseUser | None,
    expires_at: datetime | None = None,
    *,
    purpose: str = OrchestratorToken.Purpose.CALLS,
    account: User | None = None,
) -> str:
    """A new bearer token, returned this once: only its sha256 is stored. Raises CallerError for a third valid one.

    With an `account`, a program's, it ends when that is turned off.
    """
    require(actor, Permission.CHANGE_CALLERS)
    now = timezone.now()
    if expires_at is not None and expires_at <= now:
        raise CallerError(f"the end `{expires_at:%Y-%m-%d %H:%M}` has passed, expected a later one")
    if account is not None and not (account.is_active and is_machine(account)):
        name = account.get_username()
        raise CallerError(f"`{name}` is no program's account that is on, expected one with the role `integration`")
    # the lock: two people issuing at once would leave three valid tokens
    Orchestrator.objects.select_for_update().get(pk=orchestrator.pk)
    valid = valid_tokens(orchestrator, now=now).filter(purpose=purpose).count()
    if valid >= VALID_AT_ONCE:
        raise CallerError(f"`{orchestrator.slug}` has `{valid}` valid tokens, expected one to be revoked first")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    hint = token[:HINT_LENGTH]
    OrchestratorToken.objects.create(
        orchestrator=orchestrator,
        token_sha256=digest_of(token),
        hint=hint,
        expires_at=expires_at,
        purpose=purpose,
        account=account,
    )
    audit.record(
        actor=actor,
        action="caller.token_issued",
        caller=orchestrator.slug,
        hint=hint,
        purpose=str(purpose),
        account=account.get_username() if account else None,
        expires_at=expires_at.isoformat() if expires_at else None,
    )
    changed()
    return token


@transaction.atomic
def rotate_token(token: OrchestratorToken, actor: AbstractBaseUser | None, overlap: timedelta = OVERLAP) -> str:
    """A new token beside `token`, which ends after `overlap`, so that the caller can be switched without a gap."""
    require(actor, Permission.CHANGE_CALLERS)
    now = timezone.now()
    _refuse_ended(token, now=now)
    fresh = issue_token(token.orchestrator, actor, purpose=token.purpose, account=token.account)
    ends = now + overlap
    token.expires_at = min(token.expires_at, ends) if token.expires_at else ends
    token.save(update_fields=["expires_at"])
    audit.record(
        actor=actor,
        action="caller.token_rotated",
        caller=token.orchestrator.slug,
        hint=token.hint,
        ends=token.expires_at.isoformat(),
    )
    return fresh


@transaction.atomic
def revoke_token(token: OrchestratorToken, actor: AbstractBaseUser | None) -> None:
    """End a token now. Raises CallerError when it has ended already."""
    require(actor, Permission.CHANGE_CALLERS)
    now = timezone.now()
    _refuse_ended(token, now=now)
    token.revoked_at = now
    token.save(update_fields=["revoked_at"])
    audit.record(actor=actor, action="caller.token_revoked", caller=token.orchestrator.slug, hint=token.hint)
    changed()


@transaction.atomic
def set_entra(
    orchestrator: Orchestrator,
    *,
    tenant_id: str,
    app_ids: Iterable[str],
    audiences: Iterable[str] = (),
    actor: AbstractBaseUser | None,
) -> None:
    """Accept Entra tokens of one tenant, issued to one of `app_ids`, for one of `audiences` (empty: the usual three).

    Raises CallerError when an id is no GUID or the allow-list is empty: without it any app of the tenant could ask.
    """
    require(actor, Permission.CHANGE_CALLERS)
    tenant = _guid(tenant_id, "the tenant id")
    apps = list(dict.fromkeys(_guid(app, "the client id") for app in app_ids if app.strip()))
    if not apps:
        raise CallerError("the list of client ids is empty, expected at least one: without it any app could ask")
    wanted = list(dict.fromkeys(audience.strip() for audience in audiences if audience.strip()))
    orchestrator.entra_tenant_id = tenant
    orchestrator.entra_app_ids = apps
    orchestrator.entra_audiences = wanted or default_audiences(orchestrator.slug, apps)
    _save_entra(orchestrator, actor=actor)


@transaction.atomic
def clear_entra(orchestrator: Orchestrator, *, actor: AbstractBaseUser | None) -> None:
    """Accept no Entra token any more; static tokens go on."""
    require(actor, Permission.CHANGE_CALLERS)
    orchestrator.entra_tenant_id, orchestrator.entra_app_ids, orchestrator.entra_audiences = "", [], []
    _save_entra(orchestrator, actor=actor)


@transaction.atomic
def set_certificates(orchestrator: Orchestrator, pins: Iterable[str], *, actor: AbstractBaseUser | None) -> None:
    """Want one of these certificates beside a token, by hex SHA-256, with or without colons; none = want none.

    Raises CallerError, also where no proxy is listed that could show one: everything would get 401.
    """
    require(actor, Permission.CHANGE_CALLERS)
    wanted = sorted({pin.replace(":", "").strip().lower() for pin in pins if pin.strip()})
    wrong = next((pin for pin in wanted if not _PIN.fullmatch(pin)), None)
    if wrong is not None:
        raise CallerError(f"`{wrong[:80]}` is no SHA-256, expected 64 hex digits")
    if len(wanted) > MOST_CERTIFICATES:
        raise CallerError(f"{len(wanted)} certificates are named, expected at most {MOST_CERTIFICATES}")
    if wanted and not settings.PROXIES:
        raise CallerError("no proxy is listed in `GUARDRAIL_PROXIES`, expected the one that shows certificates")
    before = Orchestrator.objects.select_for_update().get(pk=orchestrator.pk).certificates
    if before == wanted:
        return
    Orchestrator.objects.filter(pk=orchestrator.pk).update(certificates=wanted)
    changes = {"certificates": [before, wanted]}
    audit.record(actor=actor, action="caller.certificates_set", caller=orchestrator.slug, changes=changes)
    changed()


@transaction.atomic
def set_limit(orchestrator: Orchestrator, per_minute: int, *, actor: AbstractBaseUser | None) -> None:
    """Judge so many calls of it a minute, and answer more by the fail posture; 0 = all. Safe to run twice."""
    require(actor, Permission.CHANGE_CALLERS)
    if not 0 <= per_minute <= MOST_PER_MINUTE:
        raise CallerError(f"the limit is `{per_minute}`, expected 0 to {MOST_PER_MINUTE} calls a minute")
    before = Orchestrator.objects.select_for_update().get(pk=orchestrator.pk).per_minute
    if before == per_minute:
        return
    Orchestrator.objects.filter(pk=orchestrator.pk).update(per_minute=per_minute)
    changes = {"calls a minute": [before, per_minute]}
    audit.record(actor=actor, action="caller.limit_set", caller=orchestrator.slug, changes=changes)
    changed()


@transaction.atomic
def enable(orchestrator: Orchestrator, *, actor: AbstractBaseUser | None) -> None:
    """Let a caller ask again, with the tokens it had."""
    _set_enabled(orchestrator, enabled=True, actor=actor)


@transaction.atomic
def disable(orchestrator: Orchestrator, *, actor: AbstractBaseUser | None) -> None:
    """Answer 401 to everything this caller asks; what its platform does then is set there, by default allow."""
    _set_enabled(orchestrator, enabled=False, actor=actor)


def valid_tokens(orchestrator: Orchestrator, *, now: datetime) -> QuerySet[OrchestratorToken]:
    """The tokens of a caller that are accepted at `now`."""
    return orchestrator.tokens.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def load_callers() -> QuerySet[Orchestrator]:
    """Every caller with `last_call`, when its newest call arrived, None before the first. One query, by an index."""
    newest = Verdict.objects.filter(orchestrator_id=OuterRef("pk")).order_by("-id").values("received_at")[:1]
    return Orchestrator.objects.annotate(last_call=Subquery(newest))


def load_last_call(orchestrator: Orchestrator) -> datetime | None:
    """When the newest call of one caller arrived; None before the first. One query, by an index."""
    calls = Verdict.objects.filter(orchestrator_id=orchestrator.pk).order_by("-id")
    return calls.values_list("received_at", flat=True).first()


def digest_of(token: str) -> str:
    """What is stored of a token: the sha256 hex. It has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def base_url_of(slug: str) -> str:
    """The endpoint address a platform is given; it appends the two suffixes itself."""
    return f"{settings.PUBLIC_URL}/{slug}"


def default_audiences(slug: str, app_ids: Iterable[str]) -> list[str]:
    """The audiences seen in real tokens: the base URL, the client id, and `api://` with the client id."""
    return [base_url_of(slug), *(audience for app in app_ids for audience in (app, f"api://{app}"))]


def _set_enabled(orchestrator: Orchestrator, *, enabled: bool, actor: AbstractBaseUser | None) -> None:
    require(actor, Permission.CHANGE_CALLERS)
    orchestrator.enabled = enabled
    orchestrator.save(update_fields=["enabled"])
    audit.record(actor=actor, action="caller.enabled" if enabled else "caller.disabled", caller=orchestrator.slug)
    changed()


def _save_entra(orchestrator: Orchestrator, *, actor: AbstractBaseUser | None) -> None:
    orchestrator.save(update_fields=["entra_tenant_id", "entra_app_ids", "entra_audiences"])
    audit.record(
        actor=actor,
        action="caller.entra_set" if orchestrator.entra_tenant_id else "caller.entra_cleared",
        caller=orchestrator.slug,
        tenant_id=orchestrator.entra_tenant_id,
        app_ids=orchestrator.entra_app_ids,
        audiences=orchestrator.entra_audiences,
    )
    changed()


def _refuse_ended(token: OrchestratorToken, *, now: datetime) -> None:
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        raise CallerError(f"token `{token.hint}…` has ended already, expected a valid one")


def _guid(value: str, what: str) -> str:
    try:
        return str(uuid.UUID(value.strip()))
    except ValueError:
        raise CallerError(
            f"{what} `{value.strip()}` is not a GUID, expected e.g. `11111111-2222-3333-4444-555555555555`"
        ) from None
