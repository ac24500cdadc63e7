"""Exceptions as a policy document lists them: written out, compared with those in force, and made.

One that is there for the same calls gets another end at most: who answers for it, and why, stays what was said then.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from policies.exceptions import Scope
from policies.interchange.exception_entries import WORDS, end_of_entry, entry_of, scope_of_entry
from policies.list_change import ListChange
from policies.models import PolicyException
from policies.services.exceptions import WantedException, make_exception, renew

MEMBER = "exceptions"
Entry = Mapping[str, Any]


def load_entries() -> list[dict[str, Any]]:
    """Those in force, oldest first. One query."""
    return [entry_of(one.scope, owner=one.owner, reason=one.reason, until=one.expires_at) for one in _in_force()]


def load_differences(entries: Sequence[Entry], *, now: datetime) -> Iterator[ListChange]:
    """What the entries would change. One query."""
    stored = {one.scope: one for one in _in_force()}
    for entry in entries:
        until, scope = end_of_entry(entry), scope_of_entry(entry)
        known = stored.get(scope)
        if known is not None and known.expires_at == until:
            continue
        yield ListChange(
            member=MEMBER,
            name=name_of(entry),
            before=None if known is None else {"until": _clock(known.expires_at)},
            after={"until": _clock(until), "owner": entry["owner"], "reason": entry["reason"]},
            left_out=_left_out(until, now=now),
        )


def write(entries: Sequence[Entry], *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Make them, or let those that are there end then. Raises ExceptionRefused. Needs a transaction."""
    stored: dict[Scope, PolicyException] = {one.scope: one for one in _in_force()}
    for entry in entries:
        until, scope = end_of_entry(entry), scope_of_entry(entry)
        known = stored.get(scope)
        if _left_out(until, now=now) or (known is not None and known.expires_at == until):
            continue
        if known is not None:
            renew(known.pk, until=until, reason=entry["reason"], now=now, actor=actor)
        else:
            wanted = WantedException(scope=scope, owner=entry["owner"], reason=entry["reason"], until=until)
            make_exception(wanted, now=now, actor=actor)


def name_of(entry: Entry) -> str:
    """What an entry is for, in a line."""
    said = ((word, entry.get(word)) for word in WORDS)
    return "; ".join(f"{word} {', '.join(v) if isinstance(v, list) else v}" for word, v in said if v)


def _in_force() -> list[PolicyException]:
    return list(PolicyException.objects.filter(ended_at=None).order_by("pk"))


def _left_out(until: datetime, *, now: datetime) -> str:
    longest = settings.EXCEPTION_MAX_DAYS
    if until <= now:
        return f"it ended on {_clock(until)}"
    return f"it would hold for more than {longest} days" if until > now + timedelta(days=longest) else ""


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
