"""When each static token of a caller was used last: noted in memory when it is let in, written by the housekeeper.

A call waits for neither. At most one write a minute for a token, whichever process it comes to; what a killed process
had noted in its last minute is not known.
"""

import time
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from guardrail.models import OrchestratorToken

EACH_SECONDS = 60.0
# Less than that, for a thread that wakes a little early.
_AGAIN = timedelta(seconds=50)
# Epoch seconds by the sha256 of a token that is known: never more than there are tokens.
_noted: dict[str, float] = {}


def note(sha256: str) -> None:
    """Note that a token was let in just now."""
    _noted[sha256] = time.time()


def write() -> int:
    """Write what was noted; returns how many tokens were changed. Raises DatabaseError: then it is noted still."""
    written = 0
    for sha256, seconds in list(_noted.items()):
        at = datetime.fromtimestamp(seconds, UTC)
        # another process may have written a moment ago
        due = Q(last_used_at=None) | Q(last_used_at__lt=at - _AGAIN)
        written += OrchestratorToken.objects.filter(due, token_sha256=sha256).update(last_used_at=at)
        if _noted.get(sha256) == seconds:
            del _noted[sha256]
    return written
