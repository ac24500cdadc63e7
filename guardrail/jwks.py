"""The signing keys of Microsoft Entra tenants: fetched and refreshed by the housekeeper, read on the hot path.

A fetch on the path cost an implementer of this webhook four seconds, so a token with an unknown key id only asks the
housekeeper for a refresh and waits a moment for it. The last good keys are kept in the data folder for a restart
without a network.
"""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog
from django.conf import settings
from jwt import PyJWK
from jwt.exceptions import PyJWTError

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 3600.0
# Between two refreshes asked for by unknown key ids: a flood of forged tokens must not become a flood of fetches.
COOLDOWN_SECONDS = 30.0
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Keys:
    by_id: dict[str, PyJWK]
    fetched_at: float


class KeyStore:
    """Keys by tenant id. Any thread may look; one housekeeper thread refreshes."""

    def __init__(self) -> None:
        self._keys: dict[str, _Keys] = {}
        self._asked: dict[str, float] = {}
        self._changed = threading.Condition()
        self.wanted = threading.Event()

    def find(self, tenant_id: str, key_id: str, *, patience_seconds: float = 0.25) -> PyJWK | None:
        """The key, or None. An unknown one is worth one refresh per cooldown and `patience_seconds` of waiting."""
        found = self._look(tenant_id, key_id)
        if found is not None or not self._may_ask(tenant_id):
            return found
        self.wanted.set()
        with self._changed:
            self._changed.wait_for(lambda: self._look(tenant_id, key_id) is not None, timeout=patience_seconds)
        return self._look(tenant_id, key_id)

    def refresh(self, tenant_ids: set[str], *, snapshot: Path) -> None:
        """Fetch the keys of tenants that are due or asked for; a failed fetch keeps the old. Blocks on the network."""
        asked = self.wanted.is_set()
        self.wanted.clear()
        for tenant_id in tenant_ids:
            keys = self._keys.get(tenant_id)
            if keys is None or asked or time.monotonic() - keys.fetched_at > REFRESH_SECONDS:
                self._refresh_one(tenant_id, snapshot=snapshot)

    def _refresh_one(self, tenant_id: str, *, snapshot: Path) -> None:
        kept = snapshot / f"jwks-{tenant_id}.json"
        try:
            document = _fetch(tenant_id)
            kept.write_text(json.dumps(document))
        except (httpx.HTTPError, ValueError, OSError) as error:
            log.warning("jwks.not_fetched", tenant=tenant_id, error=type(error).__name__)
            if tenant_id in self._keys or not kept.exists():
                # looked at again in a minute, not on every turn of the housekeeper
                old = self._keys.get(tenant_id)
                later = time.monotonic() - REFRESH_SECONDS + 60
                self._keys[tenant_id] = _Keys(by_id=old.by_id if old else {}, fetched_at=later)
                return
            document = json.loads(kept.read_text())
        with self._changed:
            self._keys[tenant_id] = _Keys(by_id=_readable(document), fetched_at=time.monotonic())
            self._changed.notify_all()

    def _look(self, tenant_id: str, key_id: str) -> PyJWK | None:
        keys = self._keys.get(tenant_id)
        return keys.by_id.get(key_id) if keys else None

    def _may_ask(self, tenant_id: str) -> bool:
        now = time.monotonic()
        with self._changed:
            if now - self._asked.get(tenant_id, -COOLDOWN_SECONDS) < COOLDOWN_SECONDS:
                return False
            self._asked[tenant_id] = now
            return True


def _fetch(tenant_id: str) -> dict[str, Any]:
    url = f"{settings.ENTRA_AUTHORITY}/{tenant_id}/discovery/v2.0/keys"
    with httpx.Client(timeout=5, follow_redirects=False, trust_env=True) as client:
        response = client.get(url)
    response.raise_for_status()
    if len(response.content) > _MAX_BYTES:
        raise ValueError("the key set is too large")
    document = response.json()
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("the key set has no `keys`")
    return document


def _readable(document: dict[str, Any]) -> dict[str, PyJWK]:
    """The RSA signing keys by id; a key we cannot read is left out, the others still work."""
    keys = {}
    for entry in document["keys"]:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        try:
            keys[str(entry["kid"])] = PyJWK(entry, algorithm="RS256")
        except (PyJWTError, KeyError, ValueError):
            log.warning("jwks.key_unreadable")
    return keys
