"""How the body of a call is kept: compressed, and encrypted where there is a key ring. No queries; some 20 us.

AES-256-GCM under a key of the call's own, derived from the ring's and the call's id, so that no number of calls wears
out the nonces of one key. The id is part of the seal: bytes moved to another call do not open. The bytes say which key
of the ring they need, so whoever has several reads all.
"""

import base64
import binascii
import hmac
import os
import threading
import uuid
from dataclasses import dataclass

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

# What a page decompresses at most; the largest body that is kept is smaller.
MOST_BYTES = 64_000_000
_SEALED = b"\x00GT1"
_PLAIN = b"\x28\xb5\x2f\xfd"  # a frame of zstd
_NONCE_BYTES = 12
_TEXT = "guardrail-sealed-1:"
_own = threading.local()


class NotOpened(ValueError):
    """A body that does not open; the message is for people. `key_id` names the key that is not here, empty if none."""

    def __init__(self, message: str, *, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """A body as it is kept; `key_id` is empty where it is not encrypted."""

    content: bytes
    key_id: str


def current_key_id() -> str:
    """The name of the key that encrypts from now on, empty where there is none."""
    return next(iter(settings.TRANSCRIPT_KEYS), "")


def pack(body: bytes, *, verdict_id: uuid.UUID) -> Packed:
    """The body of a call as it is to be kept."""
    return _sealed(_compressor().compress(body), verdict_id.bytes)


def _compressor() -> zstandard.ZstdCompressor:
    """This thread's: to make one for each call takes as long as to compress 6 kB with it (2026-11)."""
    made: zstandard.ZstdCompressor | None = getattr(_own, "compressor", None)
    if made is None:
        made = _own.compressor = zstandard.ZstdCompressor()
    return made


def repack(content: bytes, *, verdict_id: uuid.UUID) -> Packed:
    """A kept body under the key of now, whatever it was under. Raises NotOpened."""
    return _sealed(open_frame(content, verdict_id=verdict_id), verdict_id.bytes)


def unpack(content: bytes, *, verdict_id: uuid.UUID, most_bytes: int = MOST_BYTES) -> bytes:
    """The body as it came. Raises NotOpened."""
    try:
        return zstandard.decompress(open_frame(content, verdict_id=verdict_id), max_output_size=most_bytes)
    except zstandard.ZstdError:
        raise NotOpened("its transcript is damaged") from None


def open_frame(content: bytes, *, verdict_id: uuid.UUID) -> bytes:
    """The compressed body, for whoever reads only its beginning. Raises NotOpened."""
    return _opened(content, verdict_id.bytes)


def seal_text(text: str, *, purpose: str) -> str:
    """A text that waits in a queue, as it is kept there; as it is where there is no key."""
    if not text or not settings.TRANSCRIPT_KEYS:
        return text
    packed = _sealed(zstandard.compress(text.encode("utf-8", "surrogatepass")), purpose.encode())
    return _TEXT + base64.b64encode(packed.content).decode()


def open_text(kept: str, *, purpose: str) -> str:
    """What `seal_text` was given. What does not open is taken for the text: somebody may have written just that."""
    if not kept.startswith(_TEXT):
        return kept
    try:
        content = base64.b64decode(kept.removeprefix(_TEXT), validate=True)
        frame = _opened(content, purpose.encode())
        return zstandard.decompress(frame, max_output_size=MOST_BYTES).decode("utf-8", "surrogatepass")
    except (binascii.Error, NotOpened, zstandard.ZstdError, UnicodeDecodeError):
        return kept


def _sealed(frame: bytes, purpose: bytes) -> Packed:
    key_id = current_key_id()
    if not key_id:
        return Packed(content=frame, key_id="")
    header = _SEALED + bytes([len(key_id)]) + key_id.encode()
    nonce = os.urandom(_NONCE_BYTES)
    return Packed(
        content=header + nonce + _cipher(key_id, purpose).encrypt(nonce, frame, header + purpose), key_id=key_id
    )


def _opened(content: bytes, purpose: bytes) -> bytes:
    if content.startswith(_PLAIN):
        return content
    if not content.startswith(_SEALED) or len(content) <= len(_SEALED):
        raise NotOpened("its transcript is damaged")
    start = len(_SEALED) + 1
    end = start + content[len(_SEALED)]
    key_id = content[start:end].decode("ascii", "replace")
    if key_id not in settings.TRANSCRIPT_KEYS:
        raise NotOpened(
            f"its transcript is encrypted under the key `{key_id}`, which is not among `GUARDRAIL_TRANSCRIPT_KEYS`",
            key_id=key_id,
        )
    nonce, inside = content[end : end + _NONCE_BYTES], content[end + _NONCE_BYTES :]
    try:
        return _cipher(key_id, purpose).decrypt(nonce, inside, content[:end] + purpose)
    except (InvalidTag, ValueError):
        raise NotOpened("its transcript was changed, or belongs to another call") from None


def _cipher(key_id: str, purpose: bytes) -> AESGCM:
    return AESGCM(hmac.digest(settings.TRANSCRIPT_KEYS[key_id], b"guardrail.transcript " + purpose, "sha256"))
