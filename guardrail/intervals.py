"""95 % intervals of shares that were measured on several cases of the same few tasks. Pure, seeded.

Cases of one user task rise and fall together, so tasks are drawn anew and not cases: a percentile bootstrap over tasks.
Where the share is 0 or 100 % (or there is one task only) no draw can differ; then the interval is Wilson's for as many
observations as there are tasks, which for 0 of n comes near the rule of three.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from random import Random

RESAMPLES = 1_000
_Z = 1.959964


def by_task(tasks: Iterable[tuple[int, int]], *, seed: int = 0) -> tuple[float, float] | None:
    """The interval, in percent, of the share that the (part, whole) of all tasks make together; None of nothing."""
    counted = [(part, whole) for part, whole in tasks if whole]
    if not counted:
        return None
    part, whole = sum(part for part, _ in counted), sum(whole for _, whole in counted)
    if part in (0, whole) or len(counted) == 1:
        return wilson(part / whole * len(counted), len(counted))
    return _bootstrap(counted, seed)


def difference_by_task(
    after: Mapping[str, tuple[int, int]], before: Mapping[str, tuple[int, int]], *, seed: int = 0
) -> tuple[float, float, float] | None:
    """(change, low, high) in points between two measurements of the same tasks, (part, whole) each; None of nothing.

    A task is drawn with both of its measurements. Where none differs there is nothing to draw: no change, 0 to 0.
    """
    moved = [(after[task][0] - part, whole) for task, (part, whole) in sorted(before.items()) if whole]
    if not moved:
        return None
    change = 100 * sum(part for part, _ in moved) / sum(whole for _, whole in moved)
    return (change, *_bootstrap(moved, seed))


def wilson(part: float, whole: int) -> tuple[float, float]:
    """Wilson's score interval of `part` in `whole` (above 0), in percent."""
    share = part / whole
    middle = share + _Z * _Z / (2 * whole)
    spread = _Z * math.sqrt(max(0.0, share * (1 - share) / whole) + _Z * _Z / (4 * whole * whole))
    bottom = 1 + _Z * _Z / whole
    return 100 * max(0.0, (middle - spread) / bottom), 100 * min(1.0, (middle + spread) / bottom)


def _bootstrap(counted: Sequence[tuple[int, int]], seed: int) -> tuple[float, float]:
    random = Random(seed)  # noqa: S311
    shares = []
    for _ in range(RESAMPLES):
        drawn = random.choices(counted, k=len(counted))
        shares.append(100 * sum(part for part, _ in drawn) / sum(whole for _, whole in drawn))
    shares.sort()
    return shares[round(0.025 * RESAMPLES)], shares[round(0.975 * RESAMPLES) - 1]
