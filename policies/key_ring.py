"""A ring of keys as an admin writes it, `name:base64` each: the first one encrypts, all of them read. Pure."""

import base64
import binascii
import os
import re
from collections.abc import Iterable

KEY_BYTES = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")


class KeyRingError(ValueError):
    """A ring that is none. The message says what was wanted and never what a key is."""


def read_ring(entries: Iterable[str]) -> dict[str, bytes]:
    """The keys by their names, in their order. Raises KeyRingError."""
    ring: dict[str, bytes] = {}
    for number, entry in enumerate(entries, start=1):
        name, colon, text = entry.strip().partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise KeyRingError(f"key {number} has no name, expected e.g. `2026-11:` before it")
        if name in ring:
            raise KeyRingError(f"two keys are called `{name}`, expected a name of its own for each")
        ring[name] = _key(name, text.strip())
    return ring


def new_key(name: str) -> str:
    """A key of this name as a ring has it. Raises KeyRingError."""
    entry = f"{name}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"
    read_ring([entry])
    return entry


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyRingError(f"the key `{name}` is none, expected one from `manage.py transcripts key {name}`")
    return key
