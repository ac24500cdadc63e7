"""The background threads of a web process: policy and callers kept current, keys fetched, journal emptied and the like.

One thread a chore: emptying the journal after a long outage, or a key set that hangs, must not hold up a published
policy. A turn of the first is one query of one row, more only when something changed.
"""

import json
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone

from guardrail import auth, database, meters, store, token_uses
from policies import load
from policies.models import PolicyVersion
from policies.ruleset import RulesetError
from policies.services import states

log = structlog.get_logger(__name__)

_lock = threading.Lock()
_serial = -1
_tried_at = -math.inf
_threads: list[threading.Thread] = []
# What this process has begun to judge by and not kept yet, oldest first; and when that in force was kept last.
_to_keep: deque[load.Loaded] = deque(maxlen=20)
_kept_at = -math.inf
_KEPT_AGAIN_SECONDS = 3600.0
# For Postgres to take a connection, after which it is tried anew.
_REACH_SECONDS = 0.5
# Without a call in the journal, after which it is emptied; and how long that is waited for.
_CALM_SECONDS, _CROWD_SECONDS = 1.0, 30.0
_emptied_at = -math.inf
# Between two tries of requests to load a first policy: each may wait seconds for a server that is not there.
_FIRST_LOAD_SECONDS = 5.0


def start() -> None:
    """Start the threads of this process; a second call does nothing."""
    with _lock:
        if _threads:
            return
        chores: tuple[tuple[str, Callable[[], Any], Callable[[], Any]], ...] = (
            ("refresh", _refresh_soon, lambda: time.sleep(settings.REFRESH_SECONDS)),
            ("journal", empty_journal, lambda: time.sleep(1)),
            ("meters", meters.flush, lambda: time.sleep(1)),
            ("token_uses", token_uses.write, lambda: time.sleep(token_uses.EACH_SECONDS)),
            ("states", keep_states, lambda: time.sleep(1)),
            ("keys", _refresh_keys, lambda: auth.keys.wanted.wait(settings.REFRESH_SECONDS)),
        )
        for name, chore, pause in chores:
            thread = threading.Thread(target=_keep_at, args=(name, chore, pause), name=name, daemon=True)
            _threads.append(thread)
            thread.start()


def ensure_loaded() -> None:
    """Load policy and callers once, before the first call: from Postgres, else from the local snapshot.

    Returns with nothing loaded when neither can be read; the webhook then answers by the built-in fail posture.
    """
    global _tried_at  # noqa: PLW0603 see _FIRST_LOAD_SECONDS
    if load.active() is not None or time.monotonic() - _tried_at < _FIRST_LOAD_SECONDS:
        return
    _tried_at = time.monotonic()
    try:
        refresh()
    except (DatabaseError, RulesetError) as error:
        if not connection.in_atomic_block:
            # Django's own look at connections that broke comes before pages, not before calls
            connection.close()
        if load.active() is not None:
            return
        log.warning("ruleset.from_snapshot", error=type(error).__name__)
        _load_snapshot()


def refresh() -> bool:
    """Load what changed in Postgres and write the snapshot; True when something did.

    Raises DatabaseError when Postgres is away; what is in force stays. Raises RulesetError, once, when the newest
    policy does not compile: callers and tokens are then as they are now, and the policy before stays in force.
    """
    global _serial  # noqa: PLW0603 what this process has loaded
    with _lock:
        serial = load.load_serial()
        if serial == _serial and load.active() is not None:
            return False
        callers = auth.load_callers_document()
        # before the policy: one that does not compile must not keep a revoked token alive
        auth.activate_callers(callers)
        if PolicyVersion.objects.exists():
            try:
                load.activate_newest(serial=serial)
            except RulesetError as error:
                _serial = serial
                _write_snapshot(callers)
                log.error("ruleset.not_compiled", serial=serial, error=str(error)[:200])
                raise
        _serial = serial
        _write_snapshot(callers)
        _note_state()
        log.info("ruleset.loaded", serial=serial)
        return True


def _refresh_soon() -> bool:
    """`refresh`, as soon as Postgres is back: its own connections wait longer for an answer than a policy may take."""
    if connection.connection is None and not database.reachable(seconds=_REACH_SECONDS):
        raise OperationalError("Postgres cannot be reached")
    return refresh()


def empty_journal() -> int:
    """What is in the journal, put where it belongs: once no more comes, as it takes what calls need that come now.

    After half a minute of a crowd a tenth of the time is taken for it. Raises psycopg.Error while Postgres is away.
    """
    global _emptied_at  # noqa: PLW0603 when this process last did
    if _is_crowded() and time.monotonic() - _emptied_at < _CROWD_SECONDS:
        return 0
    try:
        return store.ingest_journal(rest=_rest)
    finally:
        _emptied_at = time.monotonic()


def _is_crowded() -> bool:
    return time.monotonic() - store.journal().written_at < _CALM_SECONDS


def _rest(worked_seconds: float) -> None:
    if _is_crowded():
        time.sleep(min(1.0, 9 * worked_seconds))


def keep_states() -> int:
    """Keep what this process judges by, so that evidence can name it; returns how many. Says hourly that it still does.

    Raises DatabaseError while Postgres is away; what is to be kept stays.
    """
    global _kept_at  # noqa: PLW0603 when this process kept it last
    if time.monotonic() - _kept_at > _KEPT_AGAIN_SECONDS:
        _note_state()
    kept = 0
    while _to_keep:
        states.keep(_to_keep[0], now=timezone.now())
        _to_keep.popleft()
        _kept_at = time.monotonic()
        kept += 1
    return kept


def _note_state() -> None:
    loaded = load.active()
    if loaded is not None and (not _to_keep or _to_keep[-1] is not loaded):
        _to_keep.append(loaded)


def forget() -> None:
    """Drop all that is loaded, as in a process that has just started."""
    global _serial, _tried_at, _kept_at
    load.forget()
    auth.activate_callers({})
    _to_keep.clear()
    _serial, _tried_at, _kept_at = -1, -math.inf, -math.inf


def _keep_at(name: str, chore: Callable[[], Any], pause: Callable[[], Any]) -> None:
    """Do one chore for ever; an error is told once, until it changes. The thread must outlive every one of them."""
    told = ""
    while True:
        try:
            chore()
            told = ""
        except Exception as error:  # noqa: BLE001 a dead thread would freeze policy and tokens for good
            connection.close()
            if told != type(error).__name__:
                told = type(error).__name__
                log.warning("housekeeper.failed", chore=name, error=told, detail=str(error)[:200])
        pause()


def _refresh_keys() -> None:
    auth.keys.refresh(auth.entra_tenants(), snapshot=settings.DATA_DIR)


def _snapshot_path() -> Path:
    return Path(settings.DATA_DIR) / "snapshot.json"


def _write_snapshot(callers: dict[str, Any]) -> None:
    """Keep what is in force for a start without Postgres. Readable by this user only: it holds token hashes.

    On a full disk the one before stays: whoever judges by Postgres needs none, and must start all the same.
    """
    loaded = load.active()
    if loaded is None:
        return
    try:
        _replace_snapshot(loaded, callers)
    except OSError as error:
        log.error("ruleset.no_snapshot_written", error=error.strerror)


def _replace_snapshot(loaded: load.Loaded, callers: dict[str, Any]) -> None:
    path = _snapshot_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".snapshot-{os.getpid()}-{threading.get_ident()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"serial": loaded.serial, "ruleset": loaded.document, "callers": callers}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _load_snapshot() -> None:
    try:
        snapshot = json.loads(_snapshot_path().read_text())
        load.activate(snapshot["ruleset"], serial=snapshot["serial"])
        auth.activate_callers(snapshot["callers"])
    except (OSError, ValueError, KeyError) as error:
        log.warning("ruleset.no_snapshot", error=type(error).__name__)
