"""Seals what we must be able to send but may never show: tokens of other engines, in Postgres and in the snapshot.

AES-256-GCM under a key derived from the secret key, so a dump of either store gives nobody a token. What a sealed text
is good for is part of the seal: a token moved to another address by whoever can write to Postgres does not open. What
was sealed under a secret key that is only read by now opens, too, until it is sealed anew.
"""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE_BYTES = 12


class NotOpened(ValueError):
    """A sealed text that does not open: another secret key sealed it, or it was sealed for something else."""


def seal(text: str, *, purpose: str) -> str:
    """`text` encrypted for `purpose`; another text every time."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key(settings.SECRET_KEY)).encrypt(nonce, text.encode(), purpose.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """What `seal` was given, under this secret key or an old one. Raises NotOpened."""
    for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if (text := _opened(sealed, secret_key, purpose=purpose)) is not None:
            return text
    raise NotOpened("the secret does not open, expected it to be entered again")


def resealed(sealed: str, *, purpose: str) -> str:
    """The same sealed under this secret key; unchanged where it is. Raises NotOpened."""
    if _opened(sealed, settings.SECRET_KEY, purpose=purpose) is not None:
        return sealed
    return seal(unseal(sealed, purpose=purpose), purpose=purpose)


def _opened(sealed: str, secret_key: str, *, purpose: str) -> str | None:
    try:
        whole = base64.urlsafe_b64decode(sealed.encode())
        nonce, inside = whole[:_NONCE_BYTES], whole[_NONCE_BYTES:]
        return AESGCM(_key(secret_key)).decrypt(nonce, inside, purpose.encode()).decode()
    except (ValueError, InvalidTag):
        return None


@lru_cache(maxsize=8)
def _key(secret_key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"guardrail.sealing").derive(secret_key.encode())
