"""Draws where each planned value came from: who wrote it, what the agent read, what it filled in, what it planned.

Two drawings of one picture, for wide pages and for phones, and one description for those who hear it. Numbers and plain
text only: a template writes the SVG and escapes every word.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guardrail import words
from guardrail.invocation import Invocation
from guardrail.shown_text import without_unseen
from guardrail.story.spans import NUMBERED, source_in_words

# What a picture can show; the table below it has all.
MOST_SOURCES, MOST_ARGUMENTS = 5, 6
_BOX, _GAP, _TOP = 66, 14, 22
# x and width of the columns of the wide drawing, and how many characters fit into them in bold and in small type.
_WHO, _READ, _FILLED, _PLANNED = (0, 170), (206, 216), (458, 190), (684, 160)
_WIDE, _TALL = 845, 350


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A rectangle with a heading and lines below it. `look` is `box`, `bad` or `stop`; `number` 0 = none."""

    x: int
    y: int
    width: int
    height: int
    look: str
    icon: str
    heading: str
    lines: tuple[tuple[int, str], ...]
    number: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    path: str
    bad: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """`heading` and `description` say in words what both drawings show. `left_out` = there is more than fits."""

    heading: str
    description: str
    wide: Drawing
    tall: Drawing
    left_out: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Source:
    """Something values came from. `quote` is the order in it the call carries out, empty for none."""

    key: str
    icon: str
    label: str
    who: str
    at: datetime | None
    quote: str

    @property
    def when(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}" if self.at else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Filled:
    """An argument with the keys of what its value came from."""

    path: str
    value: str
    sources: tuple[str, ...]
    standing: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The planned call as the picture names it. `answer` is a word like `Blocked`; `stopped` = it did not happen."""

    tool: str
    destination: str
    answer: str
    stopped: bool
    at: datetime


def draw(
    call: Invocation | None,
    plan: Plan,
    *,
    signals: Sequence[Mapping[str, Any]],
    origins: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    deciding: str,
) -> Picture | None:
    """The picture; None where no value of the call was traced to anything."""
    if call is None:
        return None
    filled = list(_filled(origins))
    quotes = _quotes(signals, deciding)
    keys = list(dict.fromkeys([*quotes, *(key for one in filled for key in one.sources)]))
    if not filled or not keys:
        return None
    sources = [_source(key, call, origins, documents, quotes) for key in keys[:MOST_SOURCES]]
    shown = sorted(filled, key=lambda one: not set(one.sources) & set(quotes))[:MOST_ARGUMENTS]
    return Picture(
        heading=f"Where the values of {_cut(plan.tool, 60)} came from",
        description=" ".join(_told(sources, shown, plan)),
        wide=_wide(sources, shown, plan),
        tall=_tall(sources, shown, plan),
        left_out=len(keys) > MOST_SOURCES or len(filled) > MOST_ARGUMENTS,
    )


def _filled(origins: Sequence[Mapping[str, Any]]) -> Iterator[_Filled]:
    by_argument: dict[str, list[Mapping[str, Any]]] = {}
    for origin in origins:
        by_argument.setdefault(str(origin.get("argument", "")), []).append(origin)
    for path, here in by_argument.items():
        keys = [str(one.get("source") or "agent") for one in here if one.get("kind") != "constant"]
        if keys:
            yield _Filled(
                path=path,
                value=str(here[0].get("value", "")),
                sources=tuple(dict.fromkeys(keys)),
                standing=next((str(one["standing"]) for one in here if one.get("standing")), ""),
            )


def _quotes(signals: Sequence[Mapping[str, Any]], deciding: str) -> dict[str, str]:
    """By source, the first order in it that the deciding finding rests on."""
    found: dict[str, str] = {}
    for signal in signals:
        if signal.get("name") == deciding:
            for item in signal.get("evidence", ()):
                if item.get("mark") in NUMBERED and item.get("quote"):
                    found.setdefault(str(item["source"]), str(item["quote"]))
    return found


def _source(
    key: str,
    call: Invocation,
    origins: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    quotes: Mapping[str, str],
) -> _Source:
    if key == "agent":
        return _Source(key=key, icon="cpu", label="The agent", who="made it up itself", at=None, quote="")
    known = source_in_words(key, call)
    kind, _, index = key.partition(":")
    at = int(index) if index.isdecimal() else -1
    when = None
    if kind == "output" and 0 <= at < len(call.outputs):
        when = call.outputs[at].at
    elif kind == "history" and 0 <= at < len(call.history):
        when = call.history[at].at
    author = next((str(one["author"]) for one in origins if one.get("source") == key and one.get("author")), "")
    document = next((one for one in documents if one.get("source") == key), {})
    named = [str(document.get("name") or document.get("place") or ""), author or str(document.get("editor") or "")]
    if kind == "user" and not author:
        named.append("somebody not signed in" if call.anonymous else call.user_id or "a person")
    if kind == "trigger" and not author:
        named.append("an outsider, maybe")
    who = ", ".join(one for one in named if one)
    return _Source(key=key, icon=known.icon, label=known.label, who=who, at=when, quote=quotes.get(key, ""))


def _told(sources: Sequence[_Source], filled: Sequence[_Filled], plan: Plan) -> Iterator[str]:
    names = {source.key: source.label for source in sources}
    for source in sources:
        by = f" by {_cut(source.who, 80)}" if source.who else ""
        when = f" at {source.when} UTC" if source.when else ""
        holds = f" holds an instruction the call carries out: “{_cut(source.quote, 120)}”." if source.quote else "."
        yield f"{_cut(source.label, 80)}{by}{when}{holds}"
    for one in filled:
        came = " and ".join(_cut(names[key], 80) for key in one.sources if key in names) or "elsewhere"
        yield f"{_cut(one.path, 60)}, “{_cut(one.value, 80)}”, came from {came}."
    to = f" to {_cut(plan.destination, 80)}" if plan.destination else ""
    yield f"All meet in {_cut(plan.tool, 60)}{to}: {plan.answer.lower()} at {plan.at:%Y-%m-%d %H:%M:%S} UTC."


def _wide(sources: Sequence[_Source], filled: Sequence[_Filled], plan: Plan) -> Drawing:
    rows = max(len(sources), len(filled))
    height = _TOP + rows * (_BOX + _GAP)
    source_y = {one.key: y for one, y in zip(sources, _spread(len(sources), height), strict=True)}
    boxes: list[Box] = []
    edges: list[Edge] = []
    for number, one in enumerate(sources, start=1):
        y = source_y[one.key]
        if one.who or one.when:
            boxes.append(_who_box(one, y))
            edges.append(Edge(path=f"M{_right(_WHO)} {y + 33}H{_READ[0] - 3}", bad=bool(one.quote)))
        boxes.append(_read_box(one, y, number))
    for value, y in zip(filled, _spread(len(filled), height), strict=True):
        bad = any(source.quote for source in sources if source.key in value.sources)
        boxes.append(_filled_box(value, x=_FILLED[0], y=y, width=_FILLED[1], height=_BOX, bad=bad, room=24))
        for source in sources:
            if source.key in value.sources:
                edges.append(
                    _curve(_right(_READ), source_y[source.key] + 33, _FILLED[0], y + 33, bad=bool(source.quote))
                )
        edges.append(Edge(path=f"M{_right(_FILLED)} {y + 33}H{_PLANNED[0] - 3}", bad=bad))
    boxes.append(_plan_box(plan, x=_PLANNED[0], y=_TOP, width=_PLANNED[1], height=height - _TOP - _GAP, room=20))
    return Drawing(width=_WIDE, height=height, boxes=tuple(boxes), edges=tuple(edges))


def _tall(sources: Sequence[_Source], filled: Sequence[_Filled], plan: Plan) -> Drawing:
    """One below the other; an argument says by number what it came from."""
    boxes: list[Box] = []
    edges: list[Edge] = []
    numbers = {one.key: number for number, one in enumerate(sources, start=1)}
    y = 0
    for number, one in enumerate(sources, start=1):
        lines = [f"“{_cut(one.quote, 44)}”"] if one.quote else []
        lines += [_cut(", ".join(part for part in (one.who, one.when) if part), 46)] if one.who or one.when else []
        height = 30 + 16 * len(lines)
        boxes.append(
            _box(0, y, _TALL, height, look="bad" if one.quote else "box", icon=one.icon, heading=_cut(one.label, 38),
                 lines=lines, number=number)
        )  # fmt: skip
        y += height + 8
    edges.append(Edge(path=f"M{_TALL // 2} {y - 8}V{y + 13}", bad=any(one.quote for one in sources)))
    y += 16
    for value in filled:
        came = ", ".join(str(numbers[key]) for key in value.sources if key in numbers) or "elsewhere"
        bad = any(source.quote for source in sources if source.key in value.sources)
        boxes.append(_filled_box(value, x=0, y=y, width=_TALL, height=62, bad=bad, room=46, came=f"from {came}"))
        y += 70
    edges.append(Edge(path=f"M{_TALL // 2} {y - 8}V{y + 13}", bad=plan.stopped))
    y += 16
    boxes.append(_plan_box(plan, x=0, y=y, width=_TALL, height=92, room=44))
    return Drawing(width=_TALL, height=y + 94, boxes=tuple(boxes), edges=tuple(edges))


def _who_box(source: _Source, y: int) -> Box:
    first, _, rest = source.who.partition(", ")
    lines = [_cut(part, 25) for part in (rest, source.when) if part]
    heading = _cut(first or "Nobody named", 19)
    return _box(*_WHO[:1], y, _WHO[1], _BOX, look="box", icon="person", heading=heading, lines=lines)


def _read_box(source: _Source, y: int, number: int) -> Box:
    lines = [_cut(f"“{source.quote}”", 31)] if source.quote else []
    lines += ["an instruction the call carries out"] if source.quote else []
    return _box(
        *_READ[:1],
        y,
        _READ[1],
        _BOX,
        look="bad" if source.quote else "box",
        icon=source.icon,
        heading=_cut(source.label, 23),
        lines=lines,
        number=number,
    )


def _filled_box(one: _Filled, *, x: int, y: int, width: int, height: int, bad: bool, room: int, came: str = "") -> Box:
    standing = words.STANDINGS.get(one.standing, (one.standing, ""))[0]
    heading = _cut(one.path, max(8, room - 6)) + (f", {came}" if came else "")
    lines = [_cut(one.value, room)] + ([standing] if standing else [])
    return _box(x, y, width, height, look="bad" if bad else "box", icon="tag", heading=heading, lines=lines)


def _plan_box(plan: Plan, *, x: int, y: int, width: int, height: int, room: int) -> Box:
    lines = [_cut(plan.tool, room), f"{plan.at:%Y-%m-%d %H:%M:%S}"]
    lines += [_cut(f"to {plan.destination}", room)] if plan.destination else []
    lines += ["It did not happen."] if plan.stopped else []
    look, icon = ("stop", "x-octagon-fill") if plan.stopped else ("box", "check2")
    return _box(x, y, width, height, look=look, icon=icon, heading=plan.answer, lines=lines[: (height - 26) // 16])


def _box(
    x: int,
    y: int,
    width: int,
    height: int,
    *,
    look: str,
    icon: str,
    heading: str,
    lines: Iterable[str],
    number: int = 0,
) -> Box:
    placed = tuple((y + 38 + 16 * at, line) for at, line in enumerate(lines))
    return Box(x=x, y=y, width=width, height=height, look=look, icon=icon, heading=heading, lines=placed, number=number)


def _spread(count: int, height: int) -> list[int]:
    """Tops of so many boxes, evenly over the height."""
    room = (height - _TOP) / max(1, count)
    return [round(_TOP + room * at + (room - _BOX - _GAP) / 2) for at in range(count)]


def _curve(x: int, y: int, to_x: int, to_y: int, *, bad: bool) -> Edge:
    middle = (x + to_x) // 2
    return Edge(path=f"M{x} {y}C{middle} {y} {middle} {to_y} {to_x - 3} {to_y}", bad=bad)


def _right(column: tuple[int, int]) -> int:
    return column[0] + column[1]


def _cut(text: str, room: int) -> str:
    """One line of at most `room` narrow characters; wide ones count twice, and none is unseen."""
    line = without_unseen(" ".join(text[: 8 * room].split()))
    used, kept = 0, list[str]()
    for character in line:
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > room:
            return "".join(kept[:-1]) + "…"
        kept.append(character)
    return "".join(kept)
