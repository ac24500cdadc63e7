"""Gives the worker less of a busy machine than whoever answers calls: what it does can wait, an answer cannot."""

import os
from contextlib import suppress
from pathlib import Path

# Where the kernel shares processors among sessions first (autogroup), niceness counts only within one.
_OF_SESSION = Path("/proc/self/autogroup")


def step_back(niceness: int) -> None:
    """Let this process, and those it starts from now on, have what others leave. Never raises; again changes nothing.

    Of two sessions that both want a whole processor, one at 5 gets about a quarter (as `nice` does, 1.25 times less a
    step). The session's share is changed by its leader only: others in it may be those who answer.
    """
    if os.getpriority(os.PRIO_PROCESS, 0) < niceness:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel without, or a container that may not
            _OF_SESSION.write_text(str(niceness))
