"""Grouped bars as SVG on a logarithmic scale, legible on light and on dark pages."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_COLOURS = ("#8a8f98", "#c3c7cd", "#1f6feb", "#79b0ff", "#b35900", "#f0a04b")
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 760, 360, 64, 44, 86


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One colour: a value above zero for each group."""

    name: str
    values: Mapping[str, float]


def bars(several: Sequence[Series], *, title: str, unit: str) -> str:
    """The picture; every bar says its figure when pointed at."""
    groups = list(dict.fromkeys(group for series in several for group in series.values))
    values = [value for series in several for value in series.values.values()]
    low = 10 ** math.floor(math.log10(min(values)))
    high = 10 ** math.ceil(math.log10(max(values) * 1.001))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"',
        ' font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15">{escape(title)} ({escape(unit)})</text>',
    ]
    tick = low
    while tick <= high:
        y = _y(tick, low, high)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 16}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e5e8"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
        tick *= 10
    room = (_WIDTH - 16 - _LEFT) / len(groups)
    width = room * 0.8 / len(several)
    for place, group in enumerate(groups):
        left = _LEFT + room * (place + 0.1)
        middle = left + room * 0.4
        parts.append(f'<text x="{middle:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{escape(group)}</text>')
        for number, series in enumerate(several):
            if group in series.values:
                parts.append(_bar(series, group, left + number * width, width, number, (low, high), unit))
    parts.extend(_legend(several))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(series: Series, group: str, x: float, width: float, number: int, span: tuple[float, float], unit: str) -> str:
    value = series.values[group]
    y = _y(value, *span)
    told = escape(f"{series.name}, {group}: {value:,.1f} {unit}")
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.9:.1f}" height="{_HEIGHT - _BOTTOM - y:.1f}"'
        f' fill="{_COLOURS[number % len(_COLOURS)]}"><title>{told}</title></rect>'
    )


def _legend(several: Sequence[Series]) -> list[str]:
    lines = []
    for number, series in enumerate(several):
        x, y = _LEFT + (number % 3) * 226, _HEIGHT - 46 + (number // 3) * 22
        lines.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{_COLOURS[number % len(_COLOURS)]}"/>')
        lines.append(f'<text x="{x + 18}" y="{y}">{escape(series.name)}</text>')
    return lines


def _y(value: float, low: float, high: float) -> float:
    share = (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)
