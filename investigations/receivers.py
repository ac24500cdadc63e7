"""Changes to receivers; each asks for permission and writes its audit entry. No entry and no page ever holds a secret.

From the moment a receiver is there, rows of the outbox are written for it; a paused one is sent nothing and loses
nothing.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction

from investigations.models import Delivery, Receiver
from investigations.receiver_kinds import KINDS
from investigations.receiver_secrets import resealed, seal_secret
from investigations.siem.delivery import send_test
from investigations.siem.event import KIND_WORDS, Kind
from investigations.siem.outbox import KEEP_TRYING
from investigations.siem.sinks.sink import ReceiverKind, SettingError
from investigations.tickets.sync import probe
from investigations.tickets.systems import SYSTEMS
from policies import audit
from policies.access import Permission, require
from policies.engine_address import AddressError, is_inside
from policies.intelligence.feed_address import checked_feed_url
from policies.outbound import trusting
from policies.sealing import NotOpened

MOST_RECEIVERS = 20
_WEB = ("https", "http")
MOST_REPLAYED = 50_000
_LONGEST_SECRET = 4_000
# sealed, it fits into its column
LONGEST_PEM_SECRET = 8_000
_LONGEST_AUTHORITY = 20_000
_CHOSEN = frozenset(kind.value for kind in KIND_WORDS) - {Kind.CALL.value, Kind.TEST.value}
Actor = AbstractBaseUser | None


class ReceiverError(ValueError):
    """A change that is refused; the message says what was found and what is wanted, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverSettings:
    """What an admin decides for one receiver. Empty `secret` = keep the one there is."""

    name: str
    address: str
    secret: str
    settings: Mapping[str, str]
    authority: str
    inside: bool
    calls: str
    severity_from: int
    kinds: tuple[str, ...]
    content: str
    per_minute: int


@transaction.atomic
def add_receiver(kind: str, wanted: ReceiverSettings, *, actor: Actor) -> Receiver:
    """Tell another system from now on. Raises ReceiverError."""
    require(actor, Permission.CHANGE_RECEIVERS)
    if kind not in KINDS:
        raise ReceiverError("kind", f"`{kind}` is no kind of receiver, expected one of {', '.join(KINDS)}")
    if Receiver.objects.count() >= MOST_RECEIVERS:
        raise ReceiverError("name", f"there are {MOST_RECEIVERS} receivers already, expected one to be removed first")
    columns = _checked(KINDS[kind], wanted)
    if KINDS[kind].secret_required and not wanted.secret:
        raise ReceiverError("secret", "it is empty, expected what the receiver gave out")
    if Receiver.objects.filter(name=columns["name"]).exists():
        raise ReceiverError("name", f"`{columns['name']}` is taken, expected a name of its own")
    sealed = seal_secret(wanted.secret, kind=kind, address=columns["address"]) if wanted.secret else ""
    added = Receiver.objects.create(kind=kind, sealed_secret=sealed, **columns)
    audit.record(actor=actor, action="receiver.added", receiver=added.pk, kind=kind, **_audited(columns))
    return added


@transaction.atomic
def change_receiver(receiver: Receiver, wanted: ReceiverSettings, *, actor: Actor) -> Receiver:
    """Set everything an admin decides for one receiver; one audit entry with what was and what is, none when equal.

    A new address wants the secret anew: the old one must not be sent to whoever is there. It is tried again at once.
    """
    require(actor, Permission.CHANGE_RECEIVERS)
    receiver = Receiver.objects.select_for_update().get(pk=receiver.pk)
    columns = _checked(KINDS[receiver.kind], wanted)
    if columns["address"] != receiver.address and receiver.sealed_secret and not wanted.secret:
        raise ReceiverError(
            "secret", "the address changed, expected the secret of the new one: the old is not sent there"
        )
    if Receiver.objects.filter(name=columns["name"]).exclude(pk=receiver.pk).exists():
        raise ReceiverError("name", f"`{columns['name']}` is taken, expected a name of its own")
    changes = {
        name: [getattr(receiver, name), value] for name, value in columns.items() if getattr(receiver, name) != value
    }
    for name, (_, value) in changes.items():
        setattr(receiver, name, value)
    if wanted.secret:
        receiver.sealed_secret = seal_secret(wanted.secret, kind=receiver.kind, address=receiver.address)
        changes["secret"] = ["", "replaced"]
    if not changes:
        return receiver
    receiver.rest_until = None
    receiver.save(update_fields=(*columns, "sealed_secret", "rest_until"))
    audit.record(actor=actor, action="receiver.changed", receiver=receiver.pk, changes=_audited(changes))
    return receiver


@transaction.atomic
def pause_receiver(receiver: Receiver, *, actor: Actor) -> None:
    """Send it nothing; what it is to be told waits. Safe to run twice."""
    _set_paused(receiver, paused=True, actor=actor)


@transaction.atomic
def resume_receiver(receiver: Receiver, *, actor: Actor) -> None:
    """Send to it again, at once. Safe to run twice."""
    _set_paused(receiver, paused=False, actor=actor)


@transaction.atomic
def remove_receiver(receiver: Receiver, *, actor: Actor) -> None:
    """Forget it, its secret, what it was still to be told, and which tickets are there."""
    require(actor, Permission.CHANGE_RECEIVERS)
    waiting = Delivery.objects.filter(receiver=receiver, state__lt=Delivery.State.ACKNOWLEDGED).count()
    name, pk = receiver.name, receiver.pk
    # the row first: who claims for it waits for this, and finds it gone
    Receiver.objects.filter(pk=pk).delete()
    Delivery.objects.filter(receiver_id=pk).delete()
    audit.record(actor=actor, action="receiver.removed", receiver=pk, name=name, waiting=waiting)


@transaction.atomic
def replay(receiver: Receiver, ids: tuple[int, ...] | None, *, now: datetime, actor: Actor) -> int:
    """Queue dead letters again, those of `ids` or all of them, for another 72 hours; returns how many."""
    require(actor, Permission.CHANGE_RECEIVERS)
    dead = Delivery.objects.filter(receiver=receiver, state=Delivery.State.DEAD)
    chosen = dead if ids is None else dead.filter(pk__in=ids)
    rows = list(chosen.order_by("pk").values_list("pk", flat=True)[:MOST_REPLAYED])
    count = dead.filter(pk__in=rows).update(
        state=Delivery.State.QUEUED, next_at=now, expires_at=now + KEEP_TRYING, attempts=0, settled_at=None
    )
    if count:
        audit.record(actor=actor, action="receiver.replayed", receiver=receiver.pk, deliveries=count)
    return count


@transaction.atomic
def reseal_receivers(*, actor: Actor) -> tuple[int, tuple[str, ...]]:
    """Seal secrets under the newest secret key; returns how many were not, and whose do not open. Safe to run twice."""
    require(actor, Permission.CHANGE_RECEIVERS)
    count, closed = 0, []
    for receiver in Receiver.objects.select_for_update().exclude(sealed_secret="").order_by("pk"):
        try:
            sealed = resealed(receiver)
        except NotOpened:
            closed.append(receiver.name)
            continue
        if sealed != receiver.sealed_secret:
            Receiver.objects.filter(pk=receiver.pk).update(sealed_secret=sealed)
            count += 1
    if count:
        audit.record(actor=actor, action="receiver.resealed", receivers=count)
    return count, tuple(closed)


def try_receiver(receiver: Receiver, *, actor: User) -> str:
    """Send it one made-up event now, or ask a ticket system whether it would take a ticket; returns what was wrong.

    Empty where nothing was. Audited. Takes 15 s a request at most.
    """
    require(actor, Permission.CHANGE_RECEIVERS)
    wrong = probe(receiver) if receiver.kind in SYSTEMS else send_test(receiver, actor=actor.get_username())
    with transaction.atomic():
        audit.record(actor=actor, action="receiver.tested", receiver=receiver.pk, taken=not wrong)
    return wrong


def _set_paused(receiver: Receiver, *, paused: bool, actor: Actor) -> None:
    require(actor, Permission.CHANGE_RECEIVERS)
    wanted: dict[str, Any] = {"paused": paused} if paused else {"paused": paused, "rest_until": None}
    if not Receiver.objects.filter(pk=receiver.pk).exclude(paused=paused).update(**wanted):
        return
    action = "receiver.paused" if paused else "receiver.resumed"
    audit.record(actor=actor, action=action, receiver=receiver.pk)


def _checked(sink: ReceiverKind, wanted: ReceiverSettings) -> dict[str, Any]:
    """The columns; raises ReceiverError for the first that cannot be."""
    name = wanted.name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable() or "`" in name:
        raise ReceiverError("name", f"the name has {len(name)} characters, expected 1 to 100 that people can see")
    settings = {one.name: wanted.settings.get(one.name, "").strip() for one in sink.settings}
    for one in sink.settings:
        if len(settings[one.name]) > one.longest:
            raise ReceiverError(
                one.name, f"it has {len(settings[one.name])} characters, expected at most {one.longest}"
            )
        if one.choices and settings[one.name] not in ("", *(value for value, _ in one.choices)):
            known = ", ".join(f"`{value}`" for value, _ in one.choices)
            raise ReceiverError(one.name, f"`{settings[one.name]}` is none of {known}")
    _check_secret(sink, wanted.secret)
    try:
        sink.check(settings, wanted.secret)
    except SettingError as error:
        raise ReceiverError(error.field, str(error)) from error
    if wanted.calls not in Receiver.CallsChoice.values:
        raise ReceiverError("calls", f"`{wanted.calls}`, expected one of {', '.join(Receiver.CallsChoice.values)}")
    if wanted.content not in Receiver.ContentChoice.values:
        raise ReceiverError(
            "content", f"`{wanted.content}`, expected one of {', '.join(Receiver.ContentChoice.values)}"
        )
    if wanted.severity_from not in range(5) or not 0 <= wanted.per_minute <= 1_000_000:
        raise ReceiverError("per_minute", "a number is out of its range")
    if unknown := sorted(set(wanted.kinds) - _CHOSEN):
        raise ReceiverError("kinds", f"`{unknown[0]}` is no kind of event")
    return {
        "name": name,
        "address": _checked_address(sink, wanted),
        "settings": settings,
        "authority": _checked_authority(wanted.authority),
        "inside": wanted.inside,
        "calls": wanted.calls,
        "severity_from": wanted.severity_from,
        "kinds": sorted(set(wanted.kinds)),
        "content": wanted.content,
        "per_minute": wanted.per_minute,
    }


def _check_secret(sink: ReceiverKind, secret: str) -> None:
    if sink.secret_pem:
        if len(secret) > LONGEST_PEM_SECRET or not secret.isascii():
            raise ReceiverError(
                "secret", f"it has {len(secret)} characters, expected PEM of at most {LONGEST_PEM_SECRET}"
            )
        try:
            trusting("", shown=secret)
        except (ssl.SSLError, ValueError) as error:
            raise ReceiverError(
                "secret", "it is no certificate with its key, expected PEM of both, the key without a password"
            ) from error
    elif len(secret) > _LONGEST_SECRET or not secret.isascii() or any(not "!" <= letter <= "~" for letter in secret):
        raise ReceiverError("secret", f"it has {len(secret)} characters, expected plain ASCII without spaces")


def _checked_address(sink: ReceiverKind, wanted: ReceiverSettings) -> str:
    if not sink.address_help:
        return ""
    scheme, _, rest = wanted.address.strip().partition("://")
    if scheme not in sink.schemes:
        raise ReceiverError("address", f"`{scheme}` is not what it begins with, expected `{sink.schemes[0]}://`")
    try:
        # TLS without HTTP: the same goes for host and port
        told = wanted.address if scheme in _WEB else f"https://{rest}"
        address = checked_feed_url(told).rstrip("/")
    except AddressError as error:
        raise ReceiverError("address", str(error)) from error
    host = (urlsplit(address).hostname or "").lower()
    if is_inside(host) and not wanted.inside:
        raise ReceiverError(
            "inside", f"`{host}` is this machine or a private network, expected that to be allowed here"
        )
    return address if scheme in _WEB else f"{scheme}://{address.partition('://')[2]}"


def _checked_authority(pem: str) -> str:
    text = pem.strip()
    if len(text) > _LONGEST_AUTHORITY or not text.isascii():
        raise ReceiverError("authority", f"it has {len(text)} characters, expected PEM of at most {_LONGEST_AUTHORITY}")
    if text:
        try:
            trusting(text)
        except (ssl.SSLError, ValueError) as error:
            raise ReceiverError(
                "authority", "it holds no certificate, expected PEM that begins with BEGIN CERTIFICATE"
            ) from error
    return text


def _audited(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit trail keeps: not a page of PEM."""
    return {name: value for name, value in columns.items() if name != "authority"} | (
        {"authority": "given"} if columns.get("authority") else {}
    )
