"""Sources of indicators: set up, changed, paused, removed, filled from a file, and fetched when they are due.

A fetch is claimed by a conditional update, so that two workers never fetch one source at once; a worker that dies
leaves a claim that ends by itself. A fetch that fails leaves every indicator as it was, and says so at the source.
"""

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q

from policies import audit
from policies.access import Permission, require
from policies.engine_address import AddressError
from policies.feed_http import Fetched, FetchError, fetch
from policies.intelligence.csv_feed import read_csv
from policies.intelligence.feed import MOST_BYTES, FeedError, Read
from policies.intelligence.feed_address import checked_feed_url
from policies.intelligence.stix import read_stix
from policies.intelligence.values import Kind
from policies.models import IndicatorSource, IndicatorUpload
from policies.services.indicators import BY_HAND, NEVER, Imported, IndicatorError, import_read, recompile
from policies.services.publish import changed

log = structlog.get_logger(__name__)

MOST_SOURCES = 200
# Bytes of a file that are read while a person waits; about a tenth of a second.
_AT_ONCE = 200_000
SHORTEST_MINUTES, LONGEST_MINUTES = 5, 7 * 24 * 60
# A worker that died with a source is not waited for longer than this.
_CLAIM = timedelta(minutes=5)
_RETRY = timedelta(minutes=15)
# Within a day nothing is read that has not changed; after that all is, so that what is still listed does not end.
_CONDITIONAL = timedelta(days=1)
_RUN_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSettings:
    """What an admin decides for one source. `every_minutes` 0 = only when asked; a threshold of 101 = never."""

    name: str
    kind: str
    url: str = ""
    every_minutes: int = 0
    default_confidence: int = 50
    default_days: int = 30
    block_from: int = 80
    hold_from: int = 50


@transaction.atomic
def add_source(settings: SourceSettings, *, now: datetime, actor: AbstractBaseUser | None) -> IndicatorSource:
    """Set a source up; one with an address is fetched within half a minute. Raises IndicatorError."""
    require(actor, Permission.CHANGE_POLICY)
    wanted = _checked(settings)
    if IndicatorSource.objects.count() >= MOST_SOURCES:
        raise IndicatorError("name", f"there are {MOST_SOURCES} sources already, expected one to be removed first")
    _require_own_name(wanted["name"])
    added = IndicatorSource.objects.create(due_at=now if wanted["url"] else None, **wanted)
    audit.record(actor=actor, action="indicator_source.added", source=added.pk, **wanted)
    return added


@transaction.atomic
def change_source(
    source: IndicatorSource, settings: SourceSettings, *, now: datetime, actor: AbstractBaseUser | None
) -> IndicatorSource:
    """Set everything an admin decides for one; its thresholds hold for what it has brought already."""
    require(actor, Permission.CHANGE_POLICY)
    source = IndicatorSource.objects.select_for_update().get(pk=source.pk)
    wanted = _checked(settings)
    if wanted["name"] != source.name:
        _require_own_name(wanted["name"])
    changes: dict[str, Any] = {
        name: [getattr(source, name), value] for name, value in wanted.items() if getattr(source, name) != value
    }
    if not changes:
        return source
    for name, (_, value) in changes.items():
        setattr(source, name, value)
    if "url" in changes or "kind" in changes:
        source.etag = source.last_modified = ""
    if not source.url:
        source.due_at = None
    elif {"url", "kind", "every_minutes"} & set(changes):
        source.due_at = now
    source.save()
    audit.record(actor=actor, action="indicator_source.changed", source=source.pk, name=source.name, changes=changes)
    recompile(now=now)
    changed()
    return source


@transaction.atomic
def pause_source(source: IndicatorSource, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Neither fetch it nor go by what it has brought. Safe to run twice."""
    _set_enabled(source, enabled=False, now=now, actor=actor)


@transaction.atomic
def resume_source(source: IndicatorSource, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Go by it again, and fetch it. Safe to run twice."""
    _set_enabled(source, enabled=True, now=now, actor=actor)


@transaction.atomic
def remove_source(source: IndicatorSource, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Forget it with everything it brought, sightings included. Verdicts keep what was said."""
    require(actor, Permission.CHANGE_POLICY)
    source = IndicatorSource.objects.select_for_update().get(pk=source.pk)
    held = source.indicators.count()
    pk = source.pk
    source.delete()
    audit.record(actor=actor, action="indicator_source.removed", source=pk, name=source.name, indicators=held)
    recompile(now=now)
    changed()


@transaction.atomic
def ask_for_fetch(source: IndicatorSource, *, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Let the next worker fetch it, whole. Raises IndicatorError where it has no address or is paused."""
    require(actor, Permission.CHANGE_POLICY)
    due = IndicatorSource.objects.filter(pk=source.pk, enabled=True).exclude(url="")
    if not due.update(due_at=now, etag="", last_modified=""):
        raise IndicatorError("url", "it has no address, or is paused: nothing to fetch")
    audit.record(actor=actor, action="indicator_source.fetch_asked", source=source.pk, name=source.name)


def take_file(
    source: IndicatorSource, body: bytes, *, now: datetime, actor: AbstractBaseUser | None
) -> Imported | None:
    """Take in a file a person uploaded; None where it is large, and left to the worker. Raises FeedError.

    A large file takes seconds of processor, which a process that answers calls does not have.
    """
    require(actor, Permission.CHANGE_POLICY)
    if len(body) > MOST_BYTES:
        raise FeedError(f"the file has {len(body)} bytes, expected at most {MOST_BYTES}")
    if len(body) <= _AT_ONCE:
        return import_file(source, body, now=now, actor=actor)
    with transaction.atomic():
        IndicatorUpload.objects.update_or_create(source=source, defaults={"body": body})
        IndicatorSource.objects.filter(pk=source.pk).update(due_at=now)
        audit.record(actor=actor, action="indicators.uploaded", source=source.pk, name=source.name, bytes=len(body))
    return None


def import_file(source: IndicatorSource, body: bytes, *, now: datetime, actor: AbstractBaseUser | None) -> Imported:
    """Take in a file. Raises FeedError, and takes nothing, where nothing in it can be understood."""
    require(actor, Permission.CHANGE_POLICY)
    return import_read(source, read_feed(source.kind, body), now=now, actor=actor)


def read_feed(kind: str, body: bytes) -> Read:
    """The entries of a feed of this kind; of a file added by hand what it looks like. Raises FeedError."""
    if not body.strip():
        raise FeedError("it is empty, expected CSV or a STIX bundle")
    if kind == IndicatorSource.KindChoice.MANUAL:
        is_json = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        kind = IndicatorSource.KindChoice.STIX if is_json else IndicatorSource.KindChoice.CSV
    if kind == IndicatorSource.KindChoice.STIX:
        read = read_stix(body)
    else:
        read = read_csv(body, kind=Kind.NEW_DOMAIN if kind == IndicatorSource.KindChoice.NEW_DOMAINS else None)
    if not read.entries and read.not_understood:
        raise FeedError(f"none of {read.not_understood} entries was understood; the first is {read.said[0]}")
    return read


def fetch_due(*, now: datetime) -> int:
    """Fetch what is due, one after the other for half a minute; returns how many. Any number may run at once."""
    started, count = time.monotonic(), 0
    while time.monotonic() - started < _RUN_SECONDS:
        source = _claim(now=now)
        if source is None:
            break
        fetch_source(source, now=now)
        count += 1
    return count


def fetch_source(source: IndicatorSource, *, now: datetime) -> None:
    """Fetch one source that is claimed, and write at it how that went. Never raises for what a feed does."""
    if _take_upload(source, now=now):
        return
    recent = source.read_at is not None and now - source.read_at < _CONDITIONAL
    etag, last_modified = (source.etag, source.last_modified) if recent else ("", "")
    error = ""
    try:
        fetched = fetch(source.url, etag=etag, last_modified=last_modified)
        if fetched.body is not None:
            _import_fetched(source, fetched, fetched.body, now=now)
    except (FetchError, FeedError) as problem:
        error = str(problem)[:500]
        log.warning("indicators.fetch_failed", source=source.pk, error=error)
    wait = timedelta(minutes=source.every_minutes)
    due_at = now + (min(wait, _RETRY) if error else wait) if source.every_minutes else None
    # asked for anew meanwhile, or moved to another address: that stands
    unmoved = IndicatorSource.objects.filter(pk=source.pk, url=source.url, due_at=source.due_at)
    unmoved.update(due_at=due_at)
    IndicatorSource.objects.filter(pk=source.pk).update(claimed_until=None, tried_at=now, error=error)


def _take_upload(source: IndicatorSource, *, now: datetime) -> bool:
    """Take in the file that waits at a claimed source; False when none does."""
    upload = IndicatorUpload.objects.filter(source=source).first()
    if upload is None:
        return False
    error = ""
    try:
        import_file(source, bytes(upload.body), now=now, actor=None)
    except FeedError as problem:
        error = f"the file: {problem}"[:500]
    IndicatorUpload.objects.filter(pk=upload.pk, at=upload.at).delete()
    again = now if source.url else None
    IndicatorSource.objects.filter(pk=source.pk).update(claimed_until=None, tried_at=now, error=error, due_at=again)
    return True


def _import_fetched(source: IndicatorSource, fetched: Fetched, body: bytes, *, now: datetime) -> None:
    read = read_feed(source.kind, body)
    with transaction.atomic():
        same = IndicatorSource.objects.select_for_update().filter(pk=source.pk, url=source.url, enabled=True)
        if not same.exists():
            raise FetchError("it was changed, paused or removed while it was fetched")
        import_read(source, read, now=now, actor=None)
        same.update(etag=fetched.etag, last_modified=fetched.last_modified)


def _claim(*, now: datetime) -> IndicatorSource | None:
    """The source that is due longest and that nobody fetches, ours now; none while another worker fetches any.

    A feed that hangs may hold one worker for a minute, never all of them: they have calls to take in.
    """
    if IndicatorSource.objects.filter(claimed_until__gte=now).exists():
        return None
    free = IndicatorSource.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now))
    due = free.filter(due_at__lte=now, enabled=True).exclude(url="", upload=None).order_by("due_at", "pk")
    for found in due[:20]:
        if free.filter(pk=found.pk, due_at=found.due_at).update(claimed_until=now + _CLAIM):
            return found
    return None


def _set_enabled(source: IndicatorSource, *, enabled: bool, now: datetime, actor: AbstractBaseUser | None) -> None:
    require(actor, Permission.CHANGE_POLICY)
    moved = IndicatorSource.objects.filter(pk=source.pk).exclude(enabled=enabled)
    if not moved.update(enabled=enabled, due_at=now if enabled and source.url else F("due_at")):
        return
    action = "indicator_source.resumed" if enabled else "indicator_source.paused"
    audit.record(actor=actor, action=action, source=source.pk, name=source.name)
    recompile(now=now)
    changed()


def _require_own_name(name: str) -> None:
    if IndicatorSource.objects.filter(name__iexact=name).exists() or name.lower() == BY_HAND.lower():
        raise IndicatorError("name", f"the name `{name}` is taken, expected one of its own")


def _checked(settings: SourceSettings) -> dict[str, Any]:
    """The columns; raises IndicatorError for the first that cannot be."""
    wanted = asdict(settings)
    name = wanted["name"] = settings.name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable() or "`" in name:
        raise IndicatorError("name", f"the name has {len(name)} characters, expected 1 to 100 that people can see")
    if settings.kind not in IndicatorSource.KindChoice.values:
        raise IndicatorError("kind", f"the kind is `{settings.kind}`, expected `csv`, `stix` or `new_domains`")
    if settings.url.strip():
        try:
            wanted["url"] = checked_feed_url(settings.url)
        except AddressError as error:
            raise IndicatorError("url", str(error)) from error
    else:
        wanted["url"] = ""
    if settings.every_minutes and not SHORTEST_MINUTES <= settings.every_minutes <= LONGEST_MINUTES:
        raise IndicatorError(
            "every_minutes",
            f"every `{settings.every_minutes}` minutes, expected {SHORTEST_MINUTES} to {LONGEST_MINUTES}",
        )
    for field, least, most in (
        ("default_confidence", 0, 100), ("default_days", 0, 3650), ("block_from", 0, NEVER), ("hold_from", 0, NEVER),
    ):  # fmt: skip
        if not least <= wanted[field] <= most:
            raise IndicatorError(field, f"`{wanted[field]}`, expected {least} to {most}")
    if settings.hold_from > settings.block_from:
        raise IndicatorError("hold_from", "holding begins above blocking, expected it to begin at or below")
    return wanted
