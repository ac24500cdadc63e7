"""Reads the text of a condition into a tree. Pure; bounded in length, depth and number of parts.

The grammar is that of CEL (https://github.com/google/cel-spec, langdef) without arithmetic, conditionals, messages,
bytes and the macros but `has`, `exists` and `all`: what is left always ends, and a person can be shown each part of it.
"""

import re
from dataclasses import dataclass, replace

MAX_CHARACTERS = 4_000
MAX_PARTS = 200
MAX_DEPTH = 20


class ConditionError(ValueError):
    """A condition that cannot be read; `position` is the offset in its text of what is wrong."""

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One part; it stands at `start` to `end` of the text."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Literal(Node):
    value: str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListOf(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Name(Node):
    """A field, the beginning of one, or the variable of an `exists`."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Select(Node):
    """`of.name`"""

    of: Node
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Index(Node):
    """`of[key]`"""

    of: Node
    key: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Node):
    """A function, on `of` where it is a method. Those of `exists` and `all` are the variable's Name and the body."""

    of: Node | None
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compare(Node):
    """`operator` is one of == != < <= > >= in."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class Not(Node):
    of: Node


@dataclass(frozen=True, kw_only=True, slots=True)
class All(Node):
    """Parts joined by `&&`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Either(Node):
    """Parts joined by `||`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


# Every alternative begins with another character, and none can be read in two ways: linear time.
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|//[^\n]*)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\].,-])"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_COMPARING = ("==", "!=", "<", "<=", ">", ">=", "in")
_CONSTANTS = {"true": True, "false": False, "null": None}
_END = "the end"


def parse(text: str) -> Node:
    """The tree of a condition. Raises ConditionError."""
    if not text.strip():
        raise ConditionError("the condition is empty, expected e.g. `tool.kind == 'send'`")
    if len(text) > MAX_CHARACTERS:
        raise ConditionError(f"the condition has {len(text)} characters, expected at most {MAX_CHARACTERS}")
    return _Parser(_tokens(text)).whole()


def source_of(node: Node, text: str) -> str:
    """The stretch of the text a part was read from."""
    return text[node.start : node.end]


def quoted(value: str) -> str:
    """A text as a condition writes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ConditionError(_unreadable(text, at), position=at)
        if match.lastgroup != "space":
            tokens.append(_Token(kind=str(match.lastgroup), text=match.group(), start=at))
        at = match.end()
    return [*tokens, _Token(kind=_END, text="", start=len(text))]


def _unreadable(text: str, at: int) -> str:
    if text[at] in "\"'":
        return "the text that begins here has no end, expected the same quote again on this line"
    if text[at] in "&|=":
        return f"`{text[at]}` stands alone, expected `{text[at] * 2}`"
    if text[at] in "+*/%?:":
        return f"`{text[at]}` cannot be used, expected a comparison: there is no arithmetic here"
    return f"`{text[at]}` cannot stand here"


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at, self._parts, self._depth = tokens, 0, 0, 0

    def whole(self) -> Node:
        node = self._either()
        if self._next.kind != _END:
            raise self._unexpected("`&&`, `||` or the end")
        return node

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> _Token | None:
        token = self._next
        if token.kind in ("sign", "name") and token.text in texts:
            self._at += 1
            return token
        return None

    def _need(self, text: str) -> _Token:
        token = self._take(text)
        if token is None:
            raise self._unexpected(f"`{text}`")
        return token

    def _unexpected(self, wanted: str) -> ConditionError:
        token = self._next
        found = _END if token.kind == _END else f"`{token.text[:40]}`"
        return ConditionError(f"found {found}, expected {wanted}", position=token.start)

    def _count(self, token: _Token) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise ConditionError(f"the condition has more than {MAX_PARTS} parts, expected fewer", position=token.start)

    def _either(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"nested more than {MAX_DEPTH} deep, expected less", position=self._next.start)
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Either(start=parts[0].start, end=parts[-1].end, parts=tuple(parts))

    def _all(self) -> Node:
        parts = [self._compare()]
        while self._take("&&"):
            parts.append(self._compare())
        return parts[0] if len(parts) == 1 else All(start=parts[0].start, end=parts[-1].end, parts=tuple(parts))

    def _compare(self) -> Node:
        left = self._not()
        sign = self._take(*_COMPARING)
        if sign is None:
            return left
        right = self._not()
        if (again := self._next).text in _COMPARING and again.kind in ("sign", "name"):
            raise ConditionError(f"`{again.text}` after a comparison, expected `&&` or `||`", position=again.start)
        return Compare(start=left.start, end=right.end, operator=sign.text, left=left, right=right)

    def _not(self) -> Node:
        signs = []
        while sign := self._take("!"):
            self._count(sign)
            signs.append(sign)
        node = self._member()
        for sign in reversed(signs):
            node = Not(start=sign.start, end=node.end, of=node)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                name = self._next
                if name.kind != "name":
                    raise self._unexpected("a name after `.`")
                self._at += 1
                self._count(name)
                if self._take("("):
                    node = self._called(name, of=node, start=node.start)
                else:
                    node = Select(start=node.start, end=name.end, of=node, name=name.text)
            elif self._take("["):
                key = self._either()
                node = Index(start=node.start, end=self._need("]").end, of=node, key=key)
            else:
                return node

    def _called(self, name: _Token, *, of: Node | None, start: int) -> Node:
        arguments: list[Node] = []
        if (end := self._take(")")) is None:
            arguments.append(self._either())
            while self._take(","):
                arguments.append(self._either())
            end = self._need(")")
        return Call(start=start, end=end.end, of=of, function=name.text, arguments=tuple(arguments))

    def _primary(self) -> Node:
        token = self._next
        self._count(token)
        if self._take("("):
            inner = self._either()
            return replace(inner, start=token.start, end=self._need(")").end)
        if self._take("["):
            return self._list(token)
        if self._take("-"):
            return self._number(self._next, start=token.start, sign=-1)
        if token.kind == "number":
            return self._number(token, start=token.start, sign=1)
        if token.kind == "text":
            self._at += 1
            return Literal(start=token.start, end=token.end, value=_unescaped(token))
        if token.kind == "name" and token.text != "in":
            self._at += 1
            if token.text in _CONSTANTS:
                return Literal(start=token.start, end=token.end, value=_CONSTANTS[token.text])
            if self._take("("):
                return self._called(token, of=None, start=token.start)
            return Name(start=token.start, end=token.end, name=token.text)
        raise self._unexpected("a field, a text in quotes or a number")

    def _list(self, opening: _Token) -> Node:
        items: list[Node] = []
        while (end := self._take("]")) is None:
            if items:
                self._need(",")
            items.append(self._either())
        return ListOf(start=opening.start, end=end.end, items=tuple(items))

    def _number(self, token: _Token, *, start: int, sign: int) -> Node:
        if token.kind != "number":
            raise self._unexpected("a number after `-`")
        self._at += 1
        whole = token.text.isdigit()
        if len(token.text) > 18:
            raise ConditionError("the number has more than 18 characters, expected fewer", position=token.start)
        value = sign * (int(token.text) if whole else float(token.text))
        return Literal(start=start, end=token.end, value=value)


def _unescaped(token: _Token) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2] not in _ESCAPES:
            raise ConditionError(f"`\\{match[2]}` is no escape, expected e.g. `\\\\`", position=token.start)
        return _ESCAPES[match[2]]

    text = _ESCAPE.sub(one, token.text[1:-1])
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
        raise ConditionError("the text holds a character no call can carry", position=token.start)
    return text
