"""The key of this installation that words and pieces are hashed with before they go to memory."""

import hashlib
from functools import lru_cache

from django.conf import settings


def pepper() -> bytes:
    """The same as long as the installation's secret key is; with a new one, what was remembered is not known again."""
    return _derived(settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _derived(secret: str) -> bytes:
    return hashlib.sha256(f"guardrail.memory\x1f{secret}".encode()).digest()
