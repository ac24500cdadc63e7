"""Compiles the text of a condition to closures over a call's facts, after checking every part of it. Pure.

What a call lacks is neither true nor false (`Truth`), as errors are in CEL: `&&` is false where one part is,
`||` true where one is. A condition of ten comparisons costs some microseconds.
"""

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any

from policies.expressions import syntax, values
from policies.expressions.syntax import ConditionError, Node
from policies.expressions.values import Bound, Compute, Facts, Unknown
from policies.expressions.vocabulary import BY_NAME, PREFIXES, Kind
from policies.hosts import host_of

# The dearest condition, in comparisons: a part inside of an `exists` counts for every item it may have to look at.
MAX_COST = 30_000
_LONGEST_FOUND = 120


class Truth(enum.Enum):
    """What a condition says of a call. MISSING: the call has no such thing; UNCLEAR: it has one nobody can read."""

    TRUE = "true"
    FALSE = "false"
    MISSING = "missing"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """One comparison of a condition as it went: its text, and what the call had, such as ``tool.kind is `send` ``."""

    text: str
    truth: Truth
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A condition that can be asked. `reads` are the fields it speaks of, `cost` its price at most, in comparisons.

    `parts` are what `&&` joins at its top, dear ones last: in which order they are asked makes no difference to `&&`.
    """

    text: str
    tree: Node
    reads: frozenset[str]
    cost: int
    parts: tuple["_Joined", ...]
    clauses: tuple["_Told", ...]

    def truth(self, facts: Facts, known: dict[str, Any] | None = None) -> Truth:
        """What it says of a call with these facts. Never raises.

        `known` is what other conditions found of the same facts, by the text of a part; what this one finds is added.
        """
        known = {} if known is None else known
        whole: Any = True
        for part in self.parts:  # as `values.every` joins them
            found = known.get(part.text)
            if found is None:
                found = known[part.text] = part.compute(facts, {})
            if found is False:
                return Truth.FALSE
            if found is not True and whole is not Unknown.UNCLEAR:
                whole = found
        return _truth(whole)

    def explain(self, facts: Facts) -> tuple[Clause, ...]:
        """Each comparison in the order it stands, and what the call had."""
        return tuple(clause.on(facts) for clause in self.clauses)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Joined:
    """One part of what `&&` joins. `dear` where it reads a dear field."""

    text: str
    compute: Compute
    dear: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """One comparison, with what it reads of the call, so that it can be told how it went."""

    text: str
    compute: Compute
    reads: tuple[tuple[str, Compute], ...]

    def on(self, facts: Facts) -> Clause:
        found = (f"{text} is {_shown(compute(facts, {}))}" for text, compute in self.reads)
        return Clause(text=self.text, truth=_truth(self.compute(facts, {})), found=", ".join(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One compiled part. `choices` are all values it can have, empty where they are not known."""

    kind: Kind
    compute: Compute
    cost: int = 1
    choices: tuple[str, ...] = ()
    named: str = ""


# of 500 rules, and of those a draft tries: a policy that changes one compiles one (320 ms for all of them, 2026-11)
@lru_cache(maxsize=1_000)
def compile_condition(text: str) -> Condition:
    """Raises ConditionError naming the place and the fix."""
    tree = syntax.parse(text)
    compiler = _Compiler(text)
    whole = compiler.flag(tree, {})
    if whole.cost > MAX_COST:
        raise ConditionError(f"the condition costs up to {whole.cost} comparisons a call, expected at most {MAX_COST}")
    joined = tree.parts if isinstance(tree, syntax.All) else (tree,)
    return Condition(
        text=text,
        tree=tree,
        reads=frozenset(compiler.reads),
        cost=whole.cost,
        parts=tuple(sorted((_joined(part, text) for part in joined), key=lambda part: part.dear)),
        clauses=tuple(compiler.told(node) for node in _leaves(tree)),
    )


def _joined(part: Node, text: str) -> _Joined:
    compiler = _Compiler(text)
    compute = compiler.flag(part, {}).compute
    dear = any(BY_NAME[name].dear for name in compiler.reads)
    return _Joined(text=syntax.source_of(part, text), compute=compute, dear=dear)


_HOST = re.compile(r"[\w.-]*")


def _under(of: str, domain: str) -> Any:
    """Ours: whether an address, URL or host is of a domain or one below it; unclear where it may lead to two places."""
    host, domain = host_of(of), domain.strip().lower().lstrip(".@")
    if not _HOST.fullmatch(host):
        return Unknown.UNCLEAR if domain in host else False
    return f".{host}".endswith(f".{domain}")


_TEXT_METHODS: dict[str, Callable[[str, str], Any]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "under": _under,
}
_LISTS = (Kind.TEXTS, Kind.ANY)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_FUNCTIONS = ("number(…)", "size(…)", "has(…)", *(f".{name}(…)" for name in _TEXT_METHODS), ".lowerAscii()")


class _Compiler:
    """`variables` are those of the `exists` around a part, with the kind of their items."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.reads: set[str] = set()

    def compute(self, node: Node, variables: dict[str, Kind]) -> _Part:
        match node:
            case syntax.Literal(value=value):
                return _Part(kind=_kind_of(value), compute=lambda _facts, _bound: value, cost=0)
            case syntax.ListOf(items=items):
                return self._list(items, variables)
            case syntax.Name() | syntax.Select() | syntax.Index():
                return self._read(node, variables)
            case syntax.Compare():
                return self._compare(node, variables)
            case syntax.Not(of=of):
                part = self.flag(of, variables)
                negate = part.compute
                return _flag(lambda facts, bound: values.negated(negate(facts, bound)), part.cost)
            case syntax.All(parts=parts):
                return self._joined([self.flag(part, variables) for part in parts], values.every)
            case syntax.Either(parts=parts):
                return self._joined([self.flag(part, variables) for part in parts], values.some)
            case syntax.Call():
                return self._call(node, variables)
        raise AssertionError(node)

    def told(self, node: Node) -> _Told:
        """A comparison for people."""
        read = {syntax.source_of(part, self._text): part for part in _read_by(node, frozenset())}
        return _Told(
            text=syntax.source_of(node, self._text),
            compute=self.compute(node, {}).compute,
            reads=tuple((text, self.compute(part, {}).compute) for text, part in read.items()),
        )

    def flag(self, node: Node, variables: dict[str, Kind]) -> _Part:
        """A part that must be true or false."""
        part = self.compute(node, variables)
        if part.kind is not Kind.FLAG:
            raise self._error(node, f"is {_said(part)}, expected a comparison, e.g. `{self._example(node, part)}`")
        return part

    def _example(self, node: Node, part: _Part) -> str:
        source = syntax.source_of(node, self._text)[:60]
        return {Kind.TEXTS: f"'…' in {source}", Kind.NUMBER: f"{source} > 0"}.get(part.kind, f"{source} == '…'")

    def _error(self, node: Node, message: str) -> ConditionError:
        return ConditionError(f"`{syntax.source_of(node, self._text)[:80]}` {message}", position=node.start)

    def _list(self, items: tuple[Node, ...], variables: dict[str, Kind]) -> _Part:
        parts = [self.compute(item, variables) for item in items]
        computes = [part.compute for part in parts]
        kind = Kind.TEXTS if all(part.kind is Kind.TEXT for part in parts) else Kind.ANY
        if all(isinstance(item, syntax.Literal) for item in items):
            constants = tuple(compute({}, {}) for compute in computes)
            return _Part(kind=kind, compute=lambda _facts, _bound: constants, cost=len(parts))
        return _Part(
            kind=kind,
            compute=lambda facts, bound: tuple(compute(facts, bound) for compute in computes),
            cost=sum(part.cost for part in parts) + 1,
        )

    def _read(self, node: Node, variables: dict[str, Kind]) -> _Part:
        if isinstance(node, syntax.Name) and node.name in variables:
            name = node.name
            return _Part(kind=variables[name], compute=lambda _facts, bound: bound[name], cost=0)
        field = BY_NAME.get(_dotted(node, variables))
        if field is not None:
            self.reads.add(field.name)
            key = field.name
            return _Part(
                kind=field.kind,
                compute=lambda facts, _bound: facts.get(key, Unknown.MISSING),
                choices=field.choices,
                named=key,
            )
        if isinstance(node, syntax.Name):
            raise self._unknown(node, node.name)
        if not isinstance(node, syntax.Select | syntax.Index):
            raise AssertionError(node)
        if isinstance(node.of, syntax.Name) and node.of.name in PREFIXES and node.of.name not in variables:
            raise self._unknown(node, syntax.source_of(node, self._text))
        return self._member(node, variables)

    def _member(self, node: syntax.Select | syntax.Index, variables: dict[str, Kind]) -> _Part:
        of = self.compute(node.of, variables)
        if isinstance(node, syntax.Index):
            key = self.compute(node.key, variables)
        else:
            name = node.name
            key = _Part(kind=Kind.TEXT, compute=lambda _facts, _bound: name, cost=0)
        wanted = {Kind.MAP: (Kind.TEXT,), Kind.TEXTS: (Kind.NUMBER,), Kind.ANY: (Kind.TEXT, Kind.NUMBER)}.get(of.kind)
        if wanted is None or key.kind not in (*wanted, Kind.ANY):
            raise self._error(node, f"cannot be: `{syntax.source_of(node.of, self._text)[:60]}` is {_said(of)}")
        inner, at = of.compute, key.compute
        return _Part(
            kind=Kind.TEXT if of.kind is Kind.TEXTS else Kind.ANY,
            compute=lambda facts, bound: values.member(inner(facts, bound), at(facts, bound)),
            cost=of.cost + key.cost + 1,
        )

    def _unknown(self, node: Node, name: str) -> ConditionError:
        near = get_close_matches(name, BY_NAME, n=1, cutoff=0.5)
        wanted = f"`{near[0]}`" if near else f"one of {', '.join(BY_NAME)}"
        return ConditionError(f"`{name[:80]}` is no field, expected {wanted}", position=node.start)

    def _compare(self, node: syntax.Compare, variables: dict[str, Kind]) -> _Part:
        left, right = self.compute(node.left, variables), self.compute(node.right, variables)
        one, other, cost = left.compute, right.compute, left.cost + right.cost + 1
        if node.operator == "in":
            if right.kind not in (*_LISTS, Kind.MAP) or left.kind not in (Kind.TEXT, Kind.NUMBER, Kind.ANY):
                raise self._error(node, f"looks for {_said(left)} in {_said(right)}, expected a list after `in`")
            self._require_choice(node, left, right)
            return _flag(lambda facts, bound: values.within(one(facts, bound), other(facts, bound)), cost)
        if node.operator in ("==", "!="):
            if left.kind is not right.kind and Kind.ANY not in (left.kind, right.kind):
                raise self._error(node, f"compares {_said(left)} with {_said(right)}")
            self._require_choice(node, left, right)
            same: Compute = lambda facts, bound: values.equal(one(facts, bound), other(facts, bound))  # noqa: E731
            if node.operator == "==":
                return _flag(same, cost)
            return _flag(lambda facts, bound: values.negated(same(facts, bound)), cost)
        for side, part in ((node.left, left), (node.right, right)):
            if part.kind is Kind.ANY:
                raise self._error(
                    side,
                    f"may be a text or anything else, expected `number({syntax.source_of(side, self._text)[:60]})`",
                )
            if part.kind is not Kind.NUMBER:
                raise self._error(side, f"is {_said(part)}, expected a number beside `{node.operator}`")
        return _flag(partial(_ordered, _ORDER[node.operator], one, other), cost)

    def _require_choice(self, node: syntax.Compare, left: _Part, right: _Part) -> None:
        """What can never be true is a typing error: `tool.kind == 'sned'`."""
        for choices, said, named in ((left.choices, node.right, left.named), (right.choices, node.left, right.named)):
            items = said.items if isinstance(said, syntax.ListOf) else (said,)
            for item in items:
                if choices and isinstance(item, syntax.Literal) and item.value not in choices:
                    raise ConditionError(
                        f"`{named}` is never `{item.value}`, expected one of {', '.join(choices)}", position=item.start
                    )

    def _joined(self, parts: list[_Part], join: Callable[[Iterator[Any]], Any]) -> _Part:
        computes = tuple(part.compute for part in parts)
        return _flag(
            lambda facts, bound: join(compute(facts, bound) for compute in computes), sum(part.cost for part in parts)
        )

    def _call(self, node: syntax.Call, variables: dict[str, Kind]) -> _Part:
        if node.function in ("exists", "all") and node.of is not None:
            return self._quantified(node, node.of, variables)
        if node.function == "has" and node.of is None and len(node.arguments) == 1:
            part = self.compute(node.arguments[0], variables)
            look = part.compute
            return _flag(lambda facts, bound: values.is_there(look(facts, bound)), part.cost + 1)
        given = [self.compute(one, variables) for one in ((node.of,) if node.of else ()) + node.arguments]
        cost = sum(part.cost for part in given) + 1
        computes = [part.compute for part in given]
        kinds = [part.kind for part in given]
        if node.function == "size" and len(given) == 1:
            if kinds[0] not in (Kind.TEXT, Kind.MAP, *_LISTS):
                raise self._error(node, f"is asked of {_said(given[0])}, expected a text or a list")
            return _Part(kind=Kind.NUMBER, cost=cost, compute=lambda f, b: values.size_of(computes[0](f, b)))
        if node.function == "number" and node.of is None and len(given) == 1:
            return _Part(kind=Kind.NUMBER, cost=cost, compute=lambda f, b: values.number_of(computes[0](f, b)))
        if node.function == "lowerAscii" and node.of is not None and len(given) == 1:
            self._need_texts(node, given)
            return _Part(kind=Kind.TEXT, cost=cost, compute=lambda f, b: values.lowered(computes[0](f, b)))
        if node.function in _TEXT_METHODS and node.of is not None and len(given) == 2:
            self._need_texts(node, given)
            ask = values.on_texts(_TEXT_METHODS[node.function])
            return _flag(lambda facts, bound: ask(computes[0](facts, bound), computes[1](facts, bound)), cost)
        raise self._error(node, f"is no function with these arguments, expected one of {', '.join(_FUNCTIONS)}")

    def _need_texts(self, node: syntax.Call, given: list[_Part]) -> None:
        for part in given:
            if part.kind in (Kind.TEXTS, Kind.MAP):
                raise self._error(
                    node, f"asks {_said(part)}, expected a text, or `.exists(one, one.{node.function}(…))`"
                )
            if part.kind not in (Kind.TEXT, Kind.ANY):
                raise self._error(node, f"asks {_said(part)}, expected a text")

    def _quantified(self, node: syntax.Call, of_node: Node, variables: dict[str, Kind]) -> _Part:
        if len(node.arguments) != 2 or not isinstance(node.arguments[0], syntax.Name):
            raise self._error(node, f"has no name and condition, expected `.{node.function}(one, one == '…')`")
        if variables:
            raise self._error(node, "stands inside of another `exists` or `all`, expected one alone")
        name, of = node.arguments[0].name, self.compute(of_node, variables)
        if name in BY_NAME or name in PREFIXES:
            raise self._error(node.arguments[0], "is a field, expected another name for the item")
        if of.kind not in (*_LISTS, Kind.MAP):
            raise self._error(of_node, f"is {_said(of)}, expected a list")
        body = self.flag(node.arguments[1], {name: Kind.ANY if of.kind is Kind.ANY else Kind.TEXT})
        listed, ask = of.compute, body.compute
        join = values.some if node.function == "exists" else values.every

        def quantified(facts: Facts, bound: Bound) -> Any:
            items = values.items_of(listed(facts, bound))
            return items if isinstance(items, Unknown) else join(ask(facts, {name: item}) for item in items)

        # the lists we make are short; those of the arguments may be as long as the caller likes
        most = values.MAX_ITEMS if of.kind in (Kind.ANY, Kind.MAP) else 50
        return _flag(quantified, of.cost + most * max(1, body.cost))


def _flag(compute: Compute, cost: int) -> _Part:
    return _Part(kind=Kind.FLAG, compute=compute, cost=cost)


def _ordered(order: Callable[[Any, Any], bool], one: Compute, other: Compute, facts: Facts, bound: Bound) -> Any:
    left, right = one(facts, bound), other(facts, bound)
    if isinstance(left, Unknown):
        return left
    return right if isinstance(right, Unknown) else order(left, right)


def _kind_of(value: Any) -> Kind:
    if value is None:
        return Kind.ANY
    return Kind.FLAG if isinstance(value, bool) else Kind.TEXT if isinstance(value, str) else Kind.NUMBER


def _said(part: _Part) -> str:
    return f"a {part.kind.value}" if part.kind is not Kind.ANY else "anything"


def _dotted(node: Node, variables: dict[str, Kind]) -> str:
    """`agent.id` of a select of a name; empty for anything else."""
    if isinstance(node, syntax.Name):
        return node.name
    if isinstance(node, syntax.Select) and isinstance(node.of, syntax.Name) and node.of.name not in variables:
        return f"{node.of.name}.{node.name}"
    return ""


def _truth(value: Any) -> Truth:
    if isinstance(value, Unknown):
        return Truth(value.value)
    return Truth.TRUE if value is True else Truth.FALSE


def _leaves(node: Node) -> Iterator[Node]:
    """The comparisons a person reads one by one; what a `!` or an `exists` is around stays one."""
    if isinstance(node, syntax.All | syntax.Either):
        for part in node.parts:
            yield from _leaves(part)
    else:
        yield node


def _read_by(node: Node, bound: frozenset[str]) -> Iterator[Node]:
    """The longest stretches that read something of the call."""
    match node:
        case syntax.Name(name=name):
            if name not in bound:
                yield node
        case syntax.Select(of=of) | syntax.Index(of=of):
            root = of
            while isinstance(root, syntax.Select | syntax.Index):
                root = root.of
            if isinstance(root, syntax.Name):
                if root.name not in bound:
                    yield node
            else:
                yield from _read_by(root, bound)
        case syntax.Compare(left=left, right=right):
            yield from _read_by(left, bound)
            yield from _read_by(right, bound)
        case syntax.Not(of=of):
            yield from _read_by(of, bound)
        case syntax.All(parts=parts) | syntax.Either(parts=parts) | syntax.ListOf(items=parts):
            for part in parts:
                yield from _read_by(part, bound)
        case syntax.Call(of=of, function=function, arguments=arguments):
            if of is not None:
                yield from _read_by(of, bound)
            if function in ("exists", "all") and arguments and isinstance(arguments[0], syntax.Name):
                bound, arguments = bound | {arguments[0].name}, arguments[1:]
            for argument in arguments:
                yield from _read_by(argument, bound)


def _shown(value: Any) -> str:
    if isinstance(value, Unknown):
        return "not there" if value is Unknown.MISSING else "unreadable"
    if isinstance(value, list | tuple | frozenset | set):
        value = ", ".join(str(item) for item in list(value)[:20]) or "empty"
    text = str(value)
    return f"`{text[:_LONGEST_FOUND]}{'…' if len(text) > _LONGEST_FOUND else ''}`"
