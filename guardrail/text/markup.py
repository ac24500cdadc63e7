"""Cuts a text that is data in XML into its values: elements that hold no other, and attributes, each with its name.

An element that comes again beside others of its name, or whose parent holds no value of its own, is a row by itself.
What is not well formed, is a page, or wraps a running text in the name of somebody who gives orders stays one text.
Linear in the length of the text.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

# Possessive: nothing in it is tried a second time.
_TAG = re.compile(
    r"<(?P<close>/?+)(?P<name>[A-Za-z_][\w.:-]{0,80}+)"
    r"(?P<attributes>(?:\s++[\w.:-]{1,80}+\s*+=\s*+(?:\"[^\"<]{0,4000}+\"|'[^'<]{0,4000}+'))*+)\s*+(?P<empty>/?+)>"
)
_ATTRIBUTE = re.compile(r"([\w.:-]{1,80}+)\s*+=\s*+(?:\"([^\"<]{0,4000}+)\"|'([^'<]{0,4000}+)')")
_PROLOGUE = re.compile(r"\s*+(?:<\?xml[^<>]{0,200}\?>\s*+)?+")
_CDATA = re.compile(r"\s*+<!\[CDATA\[(.*)\]\]>\s*+", re.DOTALL)
_PAGES = frozenset("html head body div p span table form section article main ul ol svg style script a b i".split())
# Whoever wraps a text so wants it taken for an order.
_ORDERING = frozenset(
    "system assistant user ai agent admin administrator developer instruction instructions information important "
    "prompt task tasks tool function inst sys override context rule rules policy notice urgent".split()
)
_DEEPEST = 40
_MOST = 20_000
_FEWEST_VALUES = 2
_RUNNING = 5


class Value(NamedTuple):
    """A value with the name of its element or attribute; `start` and `end` are offsets in the text."""

    row: int
    name: str
    start: int
    end: int


@dataclass(kw_only=True, slots=True)
class _Element:
    name: str
    attributes: list[Value]
    start: int
    end: int = 0
    mixed: bool = False
    children: list["_Element"] = field(default_factory=list)

    @property
    def holds_several(self) -> bool:
        return bool(self.children) or (bool(self.attributes) and self.start == self.end)


def values_of(text: str) -> list[Value] | None:
    """The values of data in XML, in order, row by row; None for anything else."""
    start = _PROLOGUE.match(text)
    at = start.end() if start else 0
    first = _TAG.search(text, at)
    if text[at : at + 1] != "<" or first is None or first["name"].lower() in _PAGES:
        return None
    top = _tree_of(text, at)
    if top is None or not top.children or any(child.name.lower() in _PAGES for child in top.children):
        return None
    found: list[Value] = []
    _collect(top, found)
    if text[top.end :].strip():
        # what somebody put behind the data is no part of it
        found.append(Value(max((value.row for value in found), default=0) + 1, "", top.end, len(text)))
    named = [value for value in found if value.name]
    return found if len(named) >= _FEWEST_VALUES and not any(_gives_orders(value, text) for value in named) else None


def _tree_of(text: str, at: int) -> _Element | None:
    """What stands at the top level, as the children of an element without a name; None where a tag has no partner."""
    top = _Element(name="", attributes=[], start=at)
    stack, done = [top], at
    count = 0
    for tag in _TAG.finditer(text, at):
        count += 1
        if count > _MOST or len(stack) > _DEEPEST:
            return None
        if text[done : tag.start()].strip() and (stack[-1].children or not tag["close"]):
            stack[-1].mixed = True
        done = tag.end()
        if tag["close"]:
            if stack[-1].name != tag["name"]:
                return None
            stack.pop().end = tag.start()
            continue
        element = _Element(name=tag["name"], attributes=_attributes_of(tag), start=tag.end(), end=tag.end())
        stack[-1].children.append(element)
        if not tag["empty"]:
            stack.append(element)
    if len(stack) > 1 or top.mixed:
        return None
    top.end = done
    return top


def _attributes_of(tag: re.Match[str]) -> list[Value]:
    if not tag["attributes"]:
        return []
    found = _ATTRIBUTE.finditer(tag.string, *tag.span("attributes"))
    return [Value(0, one[1], *one.span(2 if one[2] is not None else 3)) for one in found]


def _collect(top: _Element, found: list[Value]) -> None:
    """Depth first and without recursion: attackers write the depth."""
    rows = 0
    waiting = [(top, 0)]
    while waiting:
        element, row = waiting.pop()
        found += (value._replace(row=row) for value in element.attributes)
        if element.name and (element.mixed or not element.children):
            if element.end > element.start:
                found.append(Value(row, element.name, element.start, element.end))
            continue
        names = Counter(child.name for child in element.children if child.holds_several)
        holds = any(not child.holds_several for child in element.children) or bool(element.attributes)
        below = []
        for child in element.children:
            apart = child.holds_several and (names[child.name] > 1 or not holds)
            rows += apart
            below.append((child, rows if apart else row))
        waiting += reversed(below)


def _gives_orders(value: Value, text: str) -> bool:
    if value.name.lower() not in _ORDERING:
        return False
    return len(text[value.start : value.end].split(None, _RUNNING)) > _RUNNING


def without_cdata(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of what a value says, inside its `<![CDATA[...]]>` where it has one."""
    inner = _CDATA.fullmatch(text, start, end) if text.find("<![CDATA[", start, end) >= 0 else None
    return inner.span(1) if inner else (start, end)
