"""The background thread of a web process: keeps ruleset, callers and signing keys current, and empties the journal.

Nothing here runs in a request. Every turn is one query of one row, more only when something changed.
"""

import json
import os
import threading
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from guardrail import auth, store
from policies import load
from policies.models import PolicyVersion
from policies.ruleset import RulesetError

log = structlog.get_logger(__name__)

_lock = threading.Lock()
_serial = -1
_thread: threading.Thread | None = None


def start() -> None:
    """Start the thread of this process; a second call does nothing."""
    global _thread  # noqa: PLW0603 one thread a process
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_keep_house, name="housekeeper", daemon=True)
            _thread.start()


def ensure_loaded() -> None:
    """Load policy and callers once, before the first call: from Postgres, else from the local snapshot.

    Returns with nothing loaded when neither can be read; the webhook then answers by the built-in fail posture.
    """
    if load.active() is not None:
        return
    try:
        refresh()
    except (DatabaseError, RulesetError) as error:
        log.warning("ruleset.from_snapshot", error=type(error).__name__)
        _load_snapshot()


def refresh() -> bool:
    """Load what changed in Postgres and write the snapshot; True when something did.

    Raises DatabaseError when Postgres is away and RulesetError when the newest policy does not compile; what is in
    force stays.
    """
    global _serial  # noqa: PLW0603 what this process has loaded
    with _lock:
        serial = load.load_serial()
        if serial == _serial and load.active() is not None:
            return False
        callers = auth.load_callers_document()
        if PolicyVersion.objects.exists():
            load.activate(load.load_document(), serial=serial)
        auth.activate_callers(callers)
        _serial = serial
        _write_snapshot(callers)
        log.info("ruleset.loaded", serial=serial)
        return True


def forget() -> None:
    """Drop all that is loaded, as in a process that has just started."""
    global _serial  # noqa: PLW0603 see refresh
    load.forget()
    auth.activate_callers({})
    _serial = -1


def _keep_house() -> None:
    pause = threading.Event()
    told: dict[str, str] = {}
    while True:
        _do("refresh", refresh, told)
        _do("journal", store.ingest_journal, told)
        _do("keys", _refresh_keys, told)
        if auth.keys.wanted.wait(settings.REFRESH_SECONDS):
            pause.wait(0.01)


def _do(name: str, chore: Any, told: dict[str, str]) -> None:
    """Run one chore; an error is told once, until it changes. The thread must outlive every one of them."""
    try:
        chore()
        told.pop(name, None)
    except Exception as error:  # noqa: BLE001 a dead housekeeper would freeze policy and tokens for good
        connection.close()
        if told.get(name) != type(error).__name__:
            log.warning("housekeeper.failed", chore=name, error=type(error).__name__, detail=str(error)[:200])
            told[name] = type(error).__name__


def _refresh_keys() -> None:
    auth.keys.refresh(auth.entra_tenants(), snapshot=settings.DATA_DIR)


def _snapshot_path() -> Path:
    return Path(settings.DATA_DIR) / "snapshot.json"


def _write_snapshot(callers: dict[str, Any]) -> None:
    """Keep what is in force for a start without Postgres. Readable by this user only: it holds token hashes."""
    loaded = load.active()
    if loaded is None:
        return
    path = _snapshot_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".snapshot-{os.getpid()}-{threading.get_ident()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"serial": loaded.serial, "ruleset": loaded.document, "callers": callers}, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _load_snapshot() -> None:
    try:
        snapshot = json.loads(_snapshot_path().read_text())
        load.activate(snapshot["ruleset"], serial=snapshot["serial"])
        auth.activate_callers(snapshot["callers"])
    except (OSError, ValueError, KeyError) as error:
        log.warning("ruleset.no_snapshot", error=type(error).__name__)
