"""One measurement by wrk: so many clients, each asking again as soon as it is answered."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("asking.lua")
_GRACE_SECONDS = 30


class WrkMissing(RuntimeError):
    """wrk is not installed; the message says how to install it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What is asked. `bodies` is a file with one body a line; `one_session` = all in one conversation, else each in one
    of its own; `new_texts` = the texts that were read were never seen before, else they come from `bodies` as they are.
    """

    clients: int
    bodies: Path
    one_session: bool = False
    new_texts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What wrk counted: `errors` are answers other than 2xx and 3xx, and connections that broke."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    errors: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


def find_wrk() -> str:
    """The program. Raises WrkMissing."""
    found = shutil.which("wrk")
    if found is None:
        raise WrkMissing(
            "`wrk` is not installed: `apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS"
        )
    return found


def ask(url: str, load: Load, *, token: str, seconds: float) -> Answered:
    """Ask for `seconds`. Raises subprocess.CalledProcessError when wrk fails."""
    words = (str(load.bodies), token, "one" if load.one_session else "random", "new" if load.new_texts else "seen")
    done = subprocess.run(
        [
            *(find_wrk(), "--threads", "1", "--connections", str(load.clients), "--duration", f"{seconds:.0f}s"),
            *("--timeout", "5s", "--script", str(_SCRIPT), url, "--", *words),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + _GRACE_SECONDS,
    )
    return Answered(**json.loads(done.stdout.strip().rpartition("\n")[2]))
