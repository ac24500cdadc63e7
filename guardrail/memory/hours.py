"""Averages of the 24 hours of the day, as shelves keep them: what an ended hour adds, in Lua, and how they are read."""

from collections.abc import Sequence

from guardrail.habits import Hour

# The hours from `last`, which had `calls`, up to `hour` end: each becomes part of the average of its hour of the day,
# in `means`, those of the first days whole and later ones by 1/14. Answers the dispersion. After learning an hour
# counts for twice its average and 5 at most, so that an average grows by a tenth and 0.5 a day.
TURN = """
local function turn(means, last, hour, calls, first, learning, dispersion)
    for ended = math.max(last, hour - 336), hour - 1 do
        local seen, place = (ended == last) and calls or 0, 1 + ended % 24
        local days = math.floor((ended - math.floor(first / 3600000)) / 24)
        local usual = means[place]
        if not learning then seen = math.min(seen, 2 * usual + 5) end
        if days >= 2 and usual > 0.5 then
            dispersion = math.min(20, math.max(1, dispersion + ((seen - usual) ^ 2 / usual - dispersion) / 50))
        end
        means[place] = usual + (seen - usual) * math.max(1 / (days + 1), 1 / 14)
    end
    return dispersion
end
"""


def hour_of(averages: Sequence[float], *, now: int, calls: int, dispersion: float, days: float) -> Hour:
    """The hour of `now` (Unix ms) among the averages of 24 hours of the day."""
    hour = now // 3_600_000 % 24
    three = [averages[(hour + away) % 24] for away in (-1, 0, 1)]
    return Hour(
        hour=hour,
        calls=calls,
        usual=max(three),
        around=sum(three),
        day=sum(averages),
        dispersion=dispersion,
        days=days,
    )
