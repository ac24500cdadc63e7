"""What keeps the processes of an instance alive, over real processes that do nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guardrail.instances import ROOT, alive, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way"),
]
# A leader with one process of its own, which answers as long as it lives; a new leader's is not ready until told.
_SUPERVISING = """
import json, signal, sys
from pathlib import Path
from guardrail.embedded.processes import spawn
from guardrail.embedded.supervisor import Child, Supervisor

folder = Path(sys.argv[1])
words = [sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '300'])"]

def start():
    return spawn(words, env={}, log=folder / "log", cwd=folder, when_orphaned=signal.SIGTERM)

supervisor = Supervisor(say=lambda _: None, note=lambda pids: (folder / "pids").write_text(json.dumps(pids)))
supervisor.add(Child(name="web", start=start, overlap_seconds=250, answers=lambda _: (folder / "ready").exists()))
supervisor.watch()
supervisor.stop(["web"])
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Path]:
    """The folder in which it says what runs; a file `ready` there makes whatever was started last answer."""
    command = [sys.executable, "-c", _SUPERVISING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT) as supervising:
        yield tmp_path
        supervising.send_signal(signal.SIGTERM)


def _leader(folder: Path) -> int:
    noted = (folder / "pids").read_text() if (folder / "pids").exists() else ""
    return int(noted.rpartition(":")[2].strip(" }") or 0)


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def test_what_a_killed_leader_left_answers_until_its_heir_does_and_no_longer(supervised: Path) -> None:
    wait_for(lambda: bool(_leader(supervised) and _children(_leader(supervised))), what="what is kept")
    first = _leader(supervised)
    (left,) = _children(first)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: _leader(supervised) not in (0, first), what="its heir")
    assert alive(left)
    (supervised / "ready").touch()
    wait_for(lambda: not alive(left), what="the end of what the first one left")
    assert alive(_leader(supervised))
