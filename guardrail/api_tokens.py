"""Tokens programs read with: made and revoked by an admin, audited; counted where they are asked with."""

import enum
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from guardrail.callers import HINT_LENGTH, digest_of
from guardrail.models import ApiToken
from guardrail.text.storable import storable_text
from policies import audit
from policies.access import Permission, Role, is_machine, require

TOKEN_PREFIX = "gra_"  # noqa: S105 no secret: it lets a secret scanner find a leaked token
LONGEST_NAME = 100
_LONGEST_TOKEN = 200
# One statement is who asks and how often: it counts for every process and machine, and Redis may be away.
_ASK = """
UPDATE guardrail_apitoken
SET asked = CASE WHEN minute = %(minute)s THEN asked ELSE 0 END + %(weight)s, minute = %(minute)s,
    last_used_at = %(now)s
WHERE (token_sha256 = %(digest)s OR (previous_sha256 = %(digest)s AND previous_ends_at > %(now)s))
    AND revoked_at IS NULL AND expires_at > %(now)s
    AND (account_id IS NULL OR EXISTS (
        SELECT 1 FROM auth_user account
        JOIN auth_user_groups named ON named.user_id = account.id JOIN auth_group role ON role.id = named.group_id
        WHERE account.id = account_id AND account.is_active AND role.name = %(role)s
    ))
RETURNING id, name, scopes, asked, account_id
"""
# When nobody says how long, and how long the secret of before still works when a token is made anew.
USUAL_DAYS, OVERLAP = 90, timedelta(hours=24)


class Scope(enum.Enum):
    """What a token may read. The value is stored, and stands in docs/api.md."""

    VERDICTS = "verdicts:read"
    TRANSCRIPTS = "transcripts:read"
    UNMASKED = "transcripts:unmasked"
    INVESTIGATIONS = "investigations:read"
    INDICATORS = "indicators:read"
    AUDIT = "audit:read"


SCOPE_WORDS: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.VERDICTS: "Calls and what was decided, with names and short facts only",
        Scope.TRANSCRIPTS: "What stands in a call: requests, outputs, reasons that quote; each reading is written down",
        Scope.UNMASKED: "Beside the one above: personal data and secrets in transcripts, which are masked without it",
        Scope.INVESTIGATIONS: "Investigations that everybody here may see",
        Scope.INDICATORS: "Indicators confirmed by investigations",
        Scope.AUDIT: "Who changed what",
    }
)


class TokenError(ValueError):
    """A token that is not made; the message says what was found and what is wanted, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TokenRefused(Exception):
    """A request whose token is none of ours, or one that has ended; the message never holds it."""


class TooMany(Exception):
    """The token has asked too often this minute; `wait` is in seconds."""

    def __init__(self, asked: int, wait: int) -> None:
        super().__init__(f"`{asked}` questions this minute, expected at most `{settings.API_PER_MINUTE}`")
        self.wait = wait


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """The token behind a request."""

    pk: int
    name: str
    scopes: frozenset[Scope]
    account_id: int | None = None

    @property
    def called(self) -> str:
        """What stands in the trail: no person has such a name."""
        return f"token {self.name}"

    @property
    def is_authenticated(self) -> bool:
        """For whoever asks as of a person."""
        return True


@transaction.atomic
def create_token(
    name: str,
    scopes: Iterable[Scope],
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
    expires_at: datetime | None = None,
    account: User | None = None,
) -> str:
    """A new token, returned this once: only its sha256 is stored. It ends after USUAL_DAYS unless somebody says when.

    `account` is a program's: the token ends with it. Raises PermissionDenied and TokenError.
    """
    require(actor, Permission.CHANGE_API_TOKENS)
    name = " ".join(storable_text(name).split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise TokenError("name", f"the name has {len(name)} characters, expected 1 to {LONGEST_NAME} that can be seen")
    granted = sorted({scope.value for scope in scopes})
    if not granted:
        raise TokenError("scopes", "nothing may be read with it, expected at least one scope")
    longest = timedelta(days=settings.API_TOKEN_MAX_DAYS)
    expires_at = expires_at or now + min(timedelta(days=USUAL_DAYS), longest)
    _require_machine(account)
    if not now < expires_at <= now + longest:
        raise TokenError(
            "days", f"it would end `{expires_at:%Y-%m-%d %H:%M}`, expected within `{longest.days}` days from now"
        )
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    hint = token[:HINT_LENGTH]
    made, fresh = ApiToken.objects.get_or_create(
        name=name,
        defaults={
            "scopes": granted,
            "token_sha256": digest_of(token),
            "hint": hint,
            "expires_at": expires_at,
            "created_by_id": actor.pk if actor else None,
            "account": account,
        },
    )
    if not fresh:
        raise TokenError("name", f"there is, or was, a token `{name}`, expected a name that was never used")
    audit.record(
        actor=actor,
        action="api_token.made",
        token=made.pk,
        name=name,
        hint=hint,
        scopes=granted,
        account=account.get_username() if account else None,
        expires_at=expires_at.isoformat(),
    )
    return token


@transaction.atomic
def rotate_token(token: ApiToken, *, now: datetime, actor: AbstractBaseUser | None) -> str:
    """A new secret for a token, returned this once; it may read as long as the one before could, from now on.

    The one before still works for OVERLAP, so that a program is switched without a gap; one before that at once no
    more. Raises PermissionDenied, and TokenError when the token has ended.
    """
    require(actor, Permission.CHANGE_API_TOKENS)
    found = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if found.revoked_at is not None or found.expires_at <= now:
        raise TokenError("", f"token `{found.name}` has ended, expected a valid one")
    life = min(found.expires_at - (found.rotated_at or found.created_at), timedelta(days=settings.API_TOKEN_MAX_DAYS))
    fresh = TOKEN_PREFIX + secrets.token_urlsafe(32)
    before, ends = found.hint, min(now + OVERLAP, found.expires_at)
    found.previous_sha256, found.previous_ends_at = found.token_sha256, ends
    found.token_sha256, found.hint = digest_of(fresh), fresh[:HINT_LENGTH]
    found.rotated_at, found.expires_at = now, now + life
    found.save(
        update_fields=("previous_sha256", "previous_ends_at", "token_sha256", "hint", "rotated_at", "expires_at")
    )
    audit.record(
        actor=actor,
        action="api_token.rotated",
        token=found.pk,
        name=found.name,
        hint=found.hint,
        hint_before=before,
        ends_before=ends.isoformat(),
        expires_at=found.expires_at.isoformat(),
    )
    return fresh


@transaction.atomic
def revoke_token(token: ApiToken, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """End a token now. Raises PermissionDenied, and TokenError when it has ended already."""
    require(actor, Permission.CHANGE_API_TOKENS)
    ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None, expires_at__gt=now).update(revoked_at=now)
    if not ended:
        raise TokenError("", f"token `{token.name}` has ended already, expected a valid one")
    audit.record(actor=actor, action="api_token.revoked", token=token.pk, name=token.name, hint=token.hint)


def load_tokens() -> QuerySet[ApiToken]:
    """Every token, the newest first, with who made it. One query."""
    return ApiToken.objects.select_related("created_by", "account")


def load_machines() -> QuerySet[User]:
    """Accounts of programs that are on, by name."""
    return User.objects.filter(is_active=True, is_superuser=False, groups__name=Role.INTEGRATION.value).order_by(
        "username"
    )


def _require_machine(account: User | None) -> None:
    if account is not None and not (account.is_active and is_machine(account)):
        name = account.get_username()
        raise TokenError("account", f"`{name}` is no program's account that is on, expected role `integration`")


def ask(token: str, *, now: datetime, weight: int = 1) -> Reader:
    """Who reads, counted as `weight` questions. Raises TokenRefused and TooMany. One query, two for one refused."""
    if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST_TOKEN or not token.isascii():
        raise TokenRefused("the token is not known")
    digest = digest_of(token)
    seconds = int(now.timestamp())
    with connection.cursor() as cursor:
        asked_at: dict[str, Any] = {"now": now, "minute": seconds // 60, "weight": weight}
        cursor.execute(_ASK, {**asked_at, "digest": digest, "role": Role.INTEGRATION.value})
        row = cursor.fetchone()
    if row is None:
        known = ApiToken.objects.filter(Q(token_sha256=digest) | Q(previous_sha256=digest)).exists()
        raise TokenRefused("the token has ended" if known else "the token is not known")
    pk, name, scopes, asked, account_id = row
    # a heavy one is answered while there is anything left
    if asked - weight >= settings.API_PER_MINUTE:
        raise TooMany(asked, 60 - seconds % 60)
    known_scopes = {scope.value: scope for scope in Scope}
    words = json.loads(scopes) if isinstance(scopes, str) else scopes
    granted = frozenset(known_scopes[word] for word in words if word in known_scopes)
    return Reader(pk=pk, name=name, scopes=granted, account_id=account_id)
