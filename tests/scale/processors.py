"""What processes used of the processors, as the kernel counts it: a busy machine slows the clock, and not this."""

import os
from pathlib import Path

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """Of a process, all below it, and those of its children that have ended."""
    below: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        number = int(stat.parent.name)
        below.setdefault(int(fields[1]), []).append(number)
        used[number] = sum(map(int, fields[11:15])) * _TICK_SECONDS
    found, left = 0.0, [pid]
    while left:
        number = left.pop()
        found += used.get(number, 0.0)
        left += below.get(number, [])
    return found


def milliseconds_of_one(pid: int) -> float:
    """Of one process alone, to the microsecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1_000_000
