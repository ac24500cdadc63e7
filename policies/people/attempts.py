"""Counts attempts to sign in, before a password or a code is looked at: guesses made at once are counted, too.

An attempt is counted against its account and its source. A browser its person signed in with before holds a cookie
and is counted for itself, so whoever locks an account by guessing shuts out strangers, and not the person. The counts
are rows: they hold for every process and machine, and Redis may be away.
"""

import hashlib
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from policies import audit
from policies.cookies import own_name
from policies.models import SignInAttempts
from policies.people.source import counted_as, source_of

_DEVICE_COOKIE = "guardrail_device"
_DEVICE_DAYS = 90
_SALT = "policies.people.device"
WINDOW = timedelta(minutes=15)
# Failures within WINDOW after which whatever they are counted under is locked.
PER_ACCOUNT, PER_DEVICE, PER_SOURCE = 10, 10, 50
# Each lock-out without a success between lasts twice as long as the one before.
SHORTEST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
_FORGOTTEN_AFTER = timedelta(hours=48)


class TooManyAttempts(Exception):
    """Nothing was looked at; `wait` is in seconds. The same for names that are nobody's."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many attempts failed, expected the next in {max(1, -(-wait // 60))} minutes")
        self.wait = wait


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One counted attempt, to be told `succeeded` or `failed`."""

    keys: tuple[str, ...]
    source_key: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counted:
    kind: str
    key: str
    most: int


def begin(request: HttpRequest, name: str, *, step: str, now: datetime) -> Attempt:
    """Count one attempt of `name` at `step` (`password`, `code`). Raises TooManyAttempts. Commits by itself.

    Without a name only the source is counted: somebody else asks for the password.
    """
    source = source_of(request)
    counted = sorted(_counted(request, name, step=step, source=source), key=lambda one: one.key)
    with transaction.atomic():
        # in one order: two attempts must not wait for each other
        rows = [(_locked_row(one.key, now=now), one) for one in counted]
        for row, one in rows:
            if row.failures >= one.most and row.locked_until is None:
                _lock(row, one, name=name, source=source, now=now)
        wait = max((_wait(row, now=now) for row, _ in rows), default=0)
        if not wait:
            SignInAttempts.objects.filter(key__in=[one.key for one in counted]).update(failures=F("failures") + 1)
    if wait:
        raise TooManyAttempts(wait)
    return Attempt(
        keys=tuple(one.key for one in counted if one.kind != "source"),
        source_key=next((one.key for one in counted if one.kind == "source"), ""),
        source=source,
    )


def succeeded(attempt: Attempt) -> None:
    """Forget the failures of this account or browser, and that this attempt was one of its source."""
    SignInAttempts.objects.filter(key__in=attempt.keys).delete()
    SignInAttempts.objects.filter(key=attempt.source_key, failures__gt=0).update(failures=F("failures") - 1)


def not_looked_at(attempt: Attempt) -> None:
    """Take back that it was counted."""
    counted = SignInAttempts.objects.filter(key__in=(*attempt.keys, attempt.source_key), failures__gt=0)
    counted.update(failures=F("failures") - 1)


@transaction.atomic
def failed(attempt: Attempt, name: str, *, step: str) -> None:
    """Write down that it failed. A name that is nobody's is not written: it may be a password."""
    audit.record(actor=None, action="sign_in.failed", step=step, source=attempt.source, person=_whose(name))


def unlock(name: str) -> None:
    """Forget every failure of an account that strangers caused."""
    SignInAttempts.objects.filter(key__in=[_key("account", step, name) for step in ("password", "code")]).delete()


def locked_until(names: Iterable[str], *, now: datetime) -> dict[str, datetime]:
    """Which of these accounts strangers cannot sign in to now, and until when."""
    keys = {_key("account", step, name): name for name in names for step in ("password", "code")}
    rows = SignInAttempts.objects.filter(key__in=keys, locked_until__gt=now).values_list("key", "locked_until")
    return {keys[key]: until for key, until in rows if until is not None}


def forget_old(*, now: datetime) -> None:
    """Forget what is long ago."""
    SignInAttempts.objects.filter(since__lt=now - _FORGOTTEN_AFTER).delete()


def remember_browser(response: HttpResponse, name: str) -> None:
    """Let this browser be known as one `name` signed in with."""
    response.set_cookie(
        own_name(_DEVICE_COOKIE),
        signing.dumps([_digest(name), secrets.token_hex(16)], salt=_SALT),
        max_age=_DEVICE_DAYS * 86_400,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _counted(request: HttpRequest, name: str, *, step: str, source: str) -> Iterable[_Counted]:
    device = _device(request, name) if name else ""
    if device:
        yield _Counted(kind="device", key=_key("device", step, device), most=PER_DEVICE)
        return
    if name:
        yield _Counted(kind="account", key=_key("account", step, name), most=PER_ACCOUNT)
    if source:
        yield _Counted(kind="source", key=_key("source", "", counted_as(source)), most=PER_SOURCE)


def _device(request: HttpRequest, name: str) -> str:
    """The number of a browser that `name` signed in with before, else nothing."""
    try:
        whose, number = signing.loads(
            request.COOKIES.get(own_name(_DEVICE_COOKIE), ""), salt=_SALT, max_age=timedelta(days=_DEVICE_DAYS)
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(number) if whose == _digest(name) else ""


def _locked_row(key: str, *, now: datetime) -> SignInAttempts:
    """The row of a key, locked, with what is over taken out."""
    row = None
    while row is None:
        # one that is there may be gone before it is locked: whoever signs in deletes it
        SignInAttempts.objects.bulk_create([SignInAttempts(key=key, since=now)], ignore_conflicts=True)
        row = SignInAttempts.objects.select_for_update().filter(key=key).first()
    lock_over = row.locked_until is not None and row.locked_until <= now
    if lock_over or (row.locked_until is None and row.since < now - WINDOW):
        row.locks = 0 if row.since < now - _FORGOTTEN_AFTER else row.locks
        row.failures, row.since, row.locked_until = 0, now, None
        row.save()
    return row


def _wait(row: SignInAttempts, *, now: datetime) -> int:
    return math.ceil((row.locked_until - now).total_seconds()) if row.locked_until else 0


def _lock(row: SignInAttempts, counted: _Counted, *, name: str, source: str, now: datetime) -> None:
    until = now + min(SHORTEST_LOCK * 2 ** min(row.locks, 10), LONGEST_LOCK)
    row.locked_until, row.locks = until, min(row.locks + 1, 100)
    row.save()
    audit.record(
        actor=None,
        action="sign_in.locked",
        counted=counted.kind,
        until=until.isoformat(),
        source=source,
        person=None if counted.kind == "source" else _whose(name),
    )


def _whose(name: str) -> str | None:
    return name if User.objects.filter(username=name).exists() else None


def _key(kind: str, step: str, value: str) -> str:
    return hashlib.sha256("\0".join((kind, step, value)).encode()).hexdigest()


def _digest(name: str) -> str:
    return hashlib.sha256(f"name\0{name}".encode()).hexdigest()[:32]
