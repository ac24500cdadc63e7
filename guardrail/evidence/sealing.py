"""The manifest of a bundle: every entry with its sha256, chained in order, and the signature over all of it."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "guardrail-evidence/1"
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
_START = hashlib.sha256(FORMAT.encode()).hexdigest()


class SealError(ValueError):
    """A seal that does not hold, or a key that is none; the message says what was found."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry as the manifest names it. `chain` is the sha256 over the chain before, its name and its digest."""

    name: str
    bytes: int
    sha256: str
    chain: str


def chained(digests: Iterable[tuple[str, int, str]]) -> tuple[Entry, ...]:
    """Entries (name, bytes, sha256) in their order, each holding the one before: one left out or moved shows."""
    chain, entries = _START, []
    for name, size, digest in digests:
        chain = hashlib.sha256(f"{chain}\n{name}\n{digest}".encode()).hexdigest()
        entries.append(Entry(name=name, bytes=size, sha256=digest, chain=chain))
    return tuple(entries)


def manifest_of(entries: Iterable[Entry], told: Mapping[str, Any]) -> bytes:
    """The manifest as JSON; `told` is what else it says (subject, who made it, when, why)."""
    listed = [asdict(entry) for entry in entries]
    head = listed[-1]["chain"] if listed else _START
    document = {"format": FORMAT, **told, "head": head, "entries": listed}
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def entries_of(manifest: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries a manifest names. Raises SealError where it names none or its chain is not what it says."""
    if manifest.get("format") != FORMAT:
        raise SealError(f"the format is `{str(manifest.get('format'))[:40]}`, expected `{FORMAT}`")
    try:
        entries = tuple(
            Entry(name=str(one["name"]), bytes=int(one["bytes"]), sha256=str(one["sha256"]), chain=str(one["chain"]))
            for one in manifest["entries"]
        )
    except (KeyError, TypeError, ValueError):
        raise SealError("the manifest does not list its entries") from None
    for entry, again in zip(entries, chained((one.name, one.bytes, one.sha256) for one in entries), strict=True):
        if entry.chain != again.chain:
            raise SealError(f"the chain breaks at `{entry.name[:200]}`: an entry was left out, added or moved")
    if manifest.get("head") != (entries[-1].chain if entries else _START):
        raise SealError("the head of the chain is not that of the last entry")
    return entries


def new_key() -> tuple[str, str]:
    """A private key and its public one, each as base64."""
    private = Ed25519PrivateKey.generate()
    return _text(private.private_bytes_raw()), _text(private.public_key().public_bytes_raw())


def public_of(private: str) -> str:
    """The public key of a private one. Raises SealError."""
    return _text(_private(private).public_key().public_bytes_raw())


def signature_of(manifest: bytes, *, private: str) -> bytes:
    """The signature entry: Ed25519 over the manifest's bytes, with the public key that checks it. Raises SealError."""
    key = _private(private)
    signed = {
        "algorithm": "ed25519",
        "public_key": _text(key.public_key().public_bytes_raw()),
        "signature": _text(key.sign(manifest)),
    }
    return json.dumps(signed, indent=1).encode()


def check_signature(manifest: bytes, signature: bytes) -> str:
    """The public key that signed the manifest. Raises SealError where the signature is not of these bytes."""
    try:
        signed = json.loads(signature)
        key = Ed25519PublicKey.from_public_bytes(_bytes(str(signed["public_key"])))
        key.verify(_bytes(str(signed["signature"])), manifest)
    except InvalidSignature:
        raise SealError("the signature is not of this manifest: it was changed after it was signed") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SealError("the signature cannot be read") from None
    return str(signed["public_key"])


def _private(text: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(_bytes(text))
    except ValueError:
        raise SealError("the key is no Ed25519 key, expected 32 bytes as base64") from None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
