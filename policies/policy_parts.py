"""A policy document in parts, so that two of them can be compared, and the changes of two people told apart.

Pure. A part is what people speak of as one thing: one default, what is done on one signal, one rule, a row of `flows`.
Two changes touch where they are of the same part: a rule in which one person widened the condition while another made
it block is nobody's rule, although no field was changed twice.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

# What a version holds. Lists and inventory are tables of their own, whose changes hold at once.
MEMBERS = ("defaults", "actions", "rules", "flows")
# (member, name): the name of a default, a signal, a rule or a row of flows; empty where the member is one part.
Part = tuple[str, str]

_READ = ("defaults", "rules", "flows", "actions")
_LONGEST_VALUE = 400
# The order in which people read a rule; what is not named here follows, by name.
_RULE_ORDER = ("title", "when", "then", "stage", "canary_percent", "priority", "severity", "explanation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a comparison. `sign` is `-` (was), `+` (is now) or a space (stays)."""

    sign: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One part that differs. `before` None = it was not there, `after` None = it is removed."""

    part: Part
    before: Any
    after: Any

    @property
    def member(self) -> str:
        """The member of the document it belongs to."""
        return self.part[0]

    @property
    def name(self) -> str:
        """The name of its default, signal, rule or row."""
        return self.part[1]

    @property
    def key(self) -> str:
        """The part as one string, for a form."""
        return key_of(self.part)

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def lines(self) -> tuple[Line, ...]:
        """The difference field by field, for reading."""
        return tuple(_lines(self.before, self.after))


def key_of(part: Part) -> str:
    """A part as one string, such as `rules/new-payee`."""
    return "/".join(part)


def part_of(key: str) -> Part:
    """The part `key_of` wrote."""
    member, _, name = key.partition("/")
    return member, name


def parts_of(document: Mapping[str, Any]) -> dict[Part, Any]:
    """Every part of a document with its value, in its order; members a version does not hold are left out."""
    parts: dict[Part, Any] = {}
    for member in MEMBERS:
        value = document.get(member)
        if member == "rules":
            parts |= {(member, str(rule.get("name", ""))): rule for rule in value or ()}
        elif isinstance(value, Mapping):
            parts |= {(member, str(name)): entry for name, entry in value.items()}
        elif value:
            parts[member, ""] = value
    return parts


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What must be done to `before` to make it `after`, by member and in the order of `after`, removals last."""
    old, new = parts_of(before), parts_of(after)
    parts = [*new, *(part for part in old if part not in new)]
    found = [
        Change(part=part, before=old.get(part), after=new.get(part)) for part in parts if old.get(part) != new.get(part)
    ]
    return tuple(sorted(found, key=lambda change: MEMBERS.index(change.member)))


def reading_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes as people read them: the many signals of a table come last."""
    return tuple(sorted(changes, key=lambda change: _READ.index(change.member)))


def apply_changes(document: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """A copy of `document` with every changed part as `after` says, whatever it is now."""
    changed = {member: deepcopy(value) for member, value in document.items()}
    for change in changes:
        member, name = change.part
        if member == "rules":
            changed[member] = list(_rules_with(changed.get(member) or (), name, change.after))
        elif not name:
            changed[member] = change.after
            if change.after is None:
                del changed[member]
        else:
            rows = changed.setdefault(member, {})
            rows[name] = change.after
            if change.after is None:
                del rows[name]
    return changed


def touching(mine: Iterable[Change], theirs: Iterable[Change]) -> frozenset[Part]:
    """The parts both changed, and not to the same."""
    other = {change.part: change.after for change in theirs}
    return frozenset(change.part for change in mine if change.part in other and other[change.part] != change.after)


def digest_of(document: Mapping[str, Any]) -> str:
    """The sha256 hex of the canonical JSON of what a version holds."""
    held = {member: document[member] for member in MEMBERS if document.get(member)}
    return hashlib.sha256(json.dumps(held, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _rules_with(rules: Iterable[dict[str, Any]], name: str, after: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The rules with one replaced in its place, added at the end, or left out."""
    put = False
    for rule in rules:
        if rule.get("name") != name:
            yield rule
        elif after is not None:
            put = True
            yield after
    if after is not None and not put:
        yield after


def _lines(before: Any, after: Any) -> Iterator[Line]:
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for name in sorted({*old, *new}, key=_reading_order):
            yield from _field_lines(name, old.get(name), new.get(name))
    else:
        yield from _field_lines("", before, after)


def _field_lines(name: str, before: Any, after: Any) -> Iterator[Line]:
    was, now = list(_told(name, before)), list(_told(name, after))
    if was == now:
        yield from (Line(sign=" ", text=text) for text in was)
        return
    yield from (Line(sign=" " if text in now else "-", text=text) for text in was)
    yield from (Line(sign="+", text=text) for text in now if text not in was)


def _told(name: str, value: Any) -> Iterator[str]:
    """A value in as few lines as it can be read in."""
    begin = f"{name}: " if name else ""
    if value is None:
        return
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        for entry in value:
            yield f"{begin}{_short(entry)}"
    elif isinstance(value, dict):
        for inner, entry in sorted(value.items()):
            yield f"{begin}{inner} = {_short(entry)}"
    elif isinstance(value, str) and "\n" in value.strip():
        for line in value.strip().splitlines():
            yield f"{begin}{line[:_LONGEST_VALUE]}"
    else:
        yield f"{begin}{_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        text = ", ".join(value) or "none"
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _reading_order(name: str) -> tuple[int, str]:
    return (_RULE_ORDER.index(name) if name in _RULE_ORDER else len(_RULE_ORDER), name)
