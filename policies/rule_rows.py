"""A condition as rows people fill in, and rows as a condition: two views of one text. Pure.

A list of simple clauses joined by `&&` or by `||` can be shown as rows. Everything else, and whatever would not come
back with the same meaning, has its text only.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from policies.expressions import syntax
from policies.expressions.syntax import ConditionError, Node, parse, quoted
from policies.expressions.vocabulary import BY_NAME, Kind

MOST_ROWS = 30
_ARGUMENTS = "arguments"
# How a clause is written, with these in the places of the field and of the value.
_FIELD, _VALUE = "FIELD", "'VALUE'"


class Joined(enum.Enum):
    """Whether all rows must hold, or one of them."""

    ALL = "all"
    ANY = "any"


class Takes(enum.Enum):
    NOTHING = "nothing"
    TEXT = "text"
    LIST = "list"
    NUMBER = "number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One clause. `path` names a member of the arguments, such as `body.to`, and is empty for every other field.

    `value` is what people type: several, separated by commas, where the operator takes a list.
    """

    field: str
    operator: str
    value: str = ""
    path: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    rows: tuple[Row, ...] = ()
    joined: Joined = Joined.ALL


class RowError(ValueError):
    """A row that is no clause: its `number` from 0, and its `part`, `field`, `path`, `operator` or `value`."""

    def __init__(self, message: str, *, number: int, part: str) -> None:
        super().__init__(message)
        self.number, self.part = number, part


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """`label` reads between the field and the value; `clause` is how it is written."""

    name: str
    label: str
    takes: Takes
    clause: str
    pattern: Node = field(repr=False)


def _operators(*rows: tuple[str, str, Takes, str]) -> tuple[Operator, ...]:
    return tuple(
        Operator(name=name, label=label, takes=takes, clause=clause, pattern=parse(clause))
        for name, label, takes, clause in rows
    )


_TEXT = (
    ("is", "is", Takes.TEXT, "FIELD == 'VALUE'"),
    ("is_not", "is not", Takes.TEXT, "FIELD != 'VALUE'"),
    ("one_of", "is one of", Takes.LIST, "FIELD in ['VALUE']"),
    ("none_of", "is none of", Takes.LIST, "!(FIELD in ['VALUE'])"),
)
_PIECES = (
    ("contains", "contains", Takes.TEXT, "FIELD.contains('VALUE')"),
    ("contains_not", "does not contain", Takes.TEXT, "!FIELD.contains('VALUE')"),
    ("starts", "begins with", Takes.TEXT, "FIELD.startsWith('VALUE')"),
    ("ends", "ends with", Takes.TEXT, "FIELD.endsWith('VALUE')"),
)
OPERATORS: Mapping[Kind, tuple[Operator, ...]] = MappingProxyType(
    {
        Kind.TEXT: _operators(*_TEXT, *_PIECES),
        Kind.NUMBER: _operators(
            ("equals", "is", Takes.NUMBER, "FIELD == 'VALUE'"),
            ("differs", "is not", Takes.NUMBER, "FIELD != 'VALUE'"),
            ("above", "is above", Takes.NUMBER, "FIELD > 'VALUE'"),
            ("at_least", "is at least", Takes.NUMBER, "FIELD >= 'VALUE'"),
            ("below", "is below", Takes.NUMBER, "FIELD < 'VALUE'"),
            ("at_most", "is at most", Takes.NUMBER, "FIELD <= 'VALUE'"),
        ),
        Kind.FLAG: _operators(("yes", "yes", Takes.NOTHING, "FIELD"), ("no", "no", Takes.NOTHING, "!FIELD")),
        Kind.TEXTS: _operators(
            ("has", "has", Takes.TEXT, "'VALUE' in FIELD"),
            ("has_not", "has not", Takes.TEXT, "!('VALUE' in FIELD)"),
            ("has_one_of", "has one of", Takes.LIST, "FIELD.exists(one, one in ['VALUE'])"),
            ("has_other_than", "has one other than", Takes.LIST, "FIELD.exists(one, !(one in ['VALUE']))"),
            ("has_under", "has one at or below the domain", Takes.TEXT, "FIELD.exists(one, one.under('VALUE'))"),
            ("has_piece", "has one that contains", Takes.TEXT, "FIELD.exists(one, one.contains('VALUE'))"),
            ("filled", "has any", Takes.NOTHING, "size(FIELD) > 0"),
            ("empty", "has none", Takes.NOTHING, "size(FIELD) == 0"),
        ),
        Kind.MAP: _operators(
            *_TEXT,
            *_PIECES,
            ("under", "is at or below the domain", Takes.TEXT, "FIELD.under('VALUE')"),
            ("amount_above", "as a number, is above", Takes.NUMBER, "number(FIELD) > 'VALUE'"),
            ("amount_at_least", "as a number, is at least", Takes.NUMBER, "number(FIELD) >= 'VALUE'"),
            ("amount_below", "as a number, is below", Takes.NUMBER, "number(FIELD) < 'VALUE'"),
            ("there", "is there", Takes.NOTHING, "has(FIELD)"),
            ("missing", "is not there", Takes.NOTHING, "!has(FIELD)"),
        ),
    }
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,6})\]")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?")
_RESERVED = frozenset({"true", "false", "null", "in"})


def operators_of(field_name: str) -> tuple[Operator, ...]:
    """What can be asked of a field; nothing of one nobody knows."""
    known = BY_NAME.get(field_name)
    return OPERATORS.get(known.kind, ()) if known else ()


def text_of(rows: Rows) -> str:
    """The condition of the rows, a clause a line; empty for none. Raises RowError."""
    clauses = [_clause(row, number) for number, row in enumerate(rows.rows)]
    return ("\n&& " if rows.joined is Joined.ALL else "\n|| ").join(clauses)


def rows_of(text: str) -> Rows | None:
    """The rows of a condition; None where it says more than rows can, or cannot be read."""
    if not text.strip():
        return Rows()
    try:
        tree = parse(text)
    except ConditionError:
        return None
    match tree:
        case syntax.All(parts=parts):
            joined = Joined.ALL
        case syntax.Either(parts=parts):
            joined = Joined.ANY
        case _:
            joined, parts = Joined.ALL, (tree,)
    rows = [row for part in parts if (row := _row_of(part)) is not None]
    if len(rows) < len(parts) or len(rows) > MOST_ROWS or _has_comment(tree, text):
        return None
    found = Rows(rows=tuple(rows), joined=joined)
    try:
        same = _shape(parse(text_of(found))) == _shape(tree)
    except (RowError, ConditionError):
        return None
    return found if same else None


def _clause(row: Row, number: int) -> str:
    known = BY_NAME.get(row.field)
    if known is None:
        raise RowError(f"`{row.field[:80]}` is no field, expected one of the list", number=number, part="field")
    operator = next((one for one in operators_of(row.field) if one.name == row.operator), None)
    if operator is None:
        raise RowError(f"`{row.operator[:40]}` cannot be asked of it", number=number, part="operator")
    name = known.name
    if known.kind is Kind.MAP:
        name = _path_text(row.path, number)
    written = operator.clause.replace(_FIELD, name)
    return written if operator.takes is Takes.NOTHING else _filled(written, operator, row, number)


def _filled(written: str, operator: Operator, row: Row, number: int) -> str:
    value = row.value.strip()
    if not value:
        raise RowError("the value is empty, expected one", number=number, part="value")
    choices = BY_NAME[row.field].choices
    if operator.takes is Takes.NUMBER:
        if not _NUMBER.fullmatch(value):
            raise RowError(f"`{value[:40]}` is no number, expected e.g. `1000`", number=number, part="value")
        return written.replace(_VALUE, value)
    given = [part.strip() for part in value.split(",")] if operator.takes is Takes.LIST else [value]
    given = [part for part in given if part]
    wrong = next((part for part in given if choices and part not in choices), None)
    if wrong is not None and operator.name not in ("contains", "contains_not", "starts", "ends", "has_piece"):
        wanted = ", ".join(choices)
        raise RowError(f"`{wrong[:40]}` is never there, expected one of {wanted}", number=number, part="value")
    if not given:
        raise RowError("the value is empty, expected one", number=number, part="value")
    return written.replace(_VALUE, ", ".join(map(quoted, given)))


def _path_text(path: str, number: int) -> str:
    """`arguments.body.to` of `body.to`, with odd names in brackets."""
    written, at = _ARGUMENTS, 0
    path = path.strip()
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            break
        name = step[1]
        if name is None:
            written += f"[{int(step[2])}]"
        elif _IDENTIFIER.fullmatch(name) and name not in _RESERVED:
            written += f".{name}"
        else:
            written += f"[{quoted(name)}]"
        at = step.end()
    if not path or at < len(path):
        wanted = "the name of an argument, e.g. `to` or `message.recipients[0]`"
        raise RowError(f"`{path[:80]}` is no place in the arguments, expected {wanted}", number=number, part="path")
    return written


def _row_of(node: Node) -> Row | None:
    """The row of one clause, None where there is none for it."""
    for kind, operators in OPERATORS.items():
        for operator in operators:
            holes = _Holes()
            if not _fits(operator.pattern, node, holes) or holes.field is None:
                continue
            name, path = _read_field(holes.field)
            known = BY_NAME.get(name)
            if known is None or known.kind is not kind or (kind is Kind.MAP) is not bool(path):
                continue
            value = _typed(operator, holes.values)
            if value is not None:
                return Row(field=name, operator=operator.name, value=value, path=path)
    return None


@dataclass(slots=True)
class _Holes:
    """What stood in the places of the field and of the value."""

    field: Node | None = None
    values: tuple[Any, ...] = ()


def _fits(pattern: Node, node: Node, holes: _Holes) -> bool:
    """Whether a part is written like the pattern; what stands in its holes is kept."""
    if isinstance(pattern, syntax.Name) and pattern.name == _FIELD:
        holes.field = node
        return True
    if _is_value(pattern):
        holes.values = (node.value,) if isinstance(node, syntax.Literal) else ()
        return bool(holes.values)
    if isinstance(pattern, syntax.ListOf) and isinstance(node, syntax.ListOf):
        literals = [item.value for item in node.items if isinstance(item, syntax.Literal)]
        holes.values = tuple(literals)
        return len(literals) == len(node.items) > 0
    if type(pattern) is not type(node):
        return False
    return all(
        _fits_member(mine, theirs, holes) for mine, theirs in zip(_members(pattern), _members(node), strict=True)
    )


def _fits_member(mine: Any, theirs: Any, holes: _Holes) -> bool:
    if isinstance(mine, Node):
        return isinstance(theirs, Node) and _fits(mine, theirs, holes)
    if isinstance(mine, tuple):
        same = isinstance(theirs, tuple) and len(mine) == len(theirs)
        return same and all(_fits_member(one, other, holes) for one, other in zip(mine, theirs, strict=True))
    return bool(mine == theirs)


def _is_value(node: Node) -> bool:
    return isinstance(node, syntax.Literal) and node.value == _VALUE.strip("'")


def _members(node: Node) -> Iterator[Any]:
    return (getattr(node, member.name) for member in fields(node) if member.name not in ("start", "end"))


def _read_field(node: Node) -> tuple[str, str]:
    """A field and the place in it, of `tool.id` or `arguments.body.to`; empty where it is neither."""
    path = ""
    while isinstance(node, syntax.Select | syntax.Index):
        if isinstance(node, syntax.Select):
            name = node.name
            if isinstance(node.of, syntax.Name) and node.of.name != _ARGUMENTS:
                return f"{node.of.name}.{name}", ""
            step = name
        elif isinstance(node.key, syntax.Literal):
            step = f"[{node.key.value}]" if isinstance(node.key.value, int) else str(node.key.value)
        else:
            return "", ""
        path = step + ("" if path.startswith("[") or not path else ".") + path
        node = node.of
    return (node.name, path) if isinstance(node, syntax.Name) else ("", "")


def _typed(operator: Operator, values: tuple[Any, ...]) -> str | None:
    """The values as people would type them; None where they cannot be."""
    match operator.takes:
        case Takes.NOTHING:
            return ""
        case Takes.NUMBER:
            number = values[0]
            return None if isinstance(number, bool) or not isinstance(number, int | float) else f"{number:.15g}"
        case Takes.TEXT:
            return values[0] if isinstance(values[0], str) else None
        case Takes.LIST:
            texts = [value for value in values if isinstance(value, str)]
            return ", ".join(texts) if len(texts) == len(values) else None


def _shape(node: Any) -> Any:
    """A tree without the places it was read from, to compare two by."""
    if isinstance(node, Node):
        return (type(node).__name__, *map(_shape, _members(node)))
    return tuple(map(_shape, node)) if isinstance(node, tuple) else (type(node).__name__, node)


def _has_comment(tree: Node, text: str) -> bool:
    return text.count("//") != sum(text[leaf.start : leaf.end].count("//") for leaf in _literals(tree))


def _literals(node: Any) -> Iterator[syntax.Literal]:
    if isinstance(node, syntax.Literal):
        yield node
    for member in _members(node) if isinstance(node, Node) else node if isinstance(node, tuple) else ():
        yield from _literals(member)
