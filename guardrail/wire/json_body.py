"""Reads a caller's JSON as tolerantly as can be: what an attacker put into a tool output must not stop us reading."""

import json
import re
from collections.abc import Callable, ItemsView, Mapping
from contextlib import suppress
from typing import Any, TypeVar, Union

import msgspec

from guardrail.text.storable import storable
from guardrail.wire import Unreadable

T = TypeVar("T")
# Which lists stay closed, by the members that lead to them: `{"results": None}` is the list `results` of the root.
Closed = Mapping[str, Union["Closed", None]]
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
# What `guardrail.text.storable` is about, as it stands escaped in a body.
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# Commas, colons and opening brackets outside of texts, about two for each value: a body of 4,000,000 numbers took a web
# process 1.7 GB and its callers 6 s, 2,600,000 empty lists 17 s (2026-11). 3 MB of honest rows have fewer.
MAX_STRUCTURE = 400_000
_STRUCTURE = b',:[{"'
_ANYTHING_ELSE = bytes(sign for sign in range(256) if sign not in _STRUCTURE)
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. NaN, a byte order mark, control characters and bad UTF-8 are read all the same.

    NUL and lone surrogates come back as U+FFFD, one for one, so that offsets stay. Raises Unreadable.
    """
    value = _decode(body)
    if not isinstance(value, dict):
        raise Unreadable(f"the body is `{_kind(value)}`, expected an object")
    if _UNSTORABLE_ESCAPE.search(body) or b"\x00" in body or b"\xed" in body:
        cleaned: dict[str, Any] = storable(value)
        return cleaned
    return value


def read_call(body: bytes, make: Callable[[dict[str, Any]], T], *, closed: Closed) -> T:
    """What `make` makes of the object in `body`, whose `closed` lists it may get with their entries as msgspec.Raw.

    It is called again, with all of it opened, where an entry turned out to need a tolerant reader. Raises Unreadable.
    """
    apart = _read_apart(body, closed)
    if apart is not None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return make(apart)
    return make(read_object(body))


def _read_apart(body: bytes, closed: Closed) -> dict[str, Any] | None:
    """None for a body that is not plain JSON, or that might hold what `storable` is about."""
    if _UNSTORABLE_ESCAPE.search(body) or b"\x00" in body or b"\xed" in body or _holds_too_much(body):
        return None
    try:
        return {name: _opened(raw, closed[name]) if name in closed else _value(raw) for name, raw in _members(body)}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _opened(raw: msgspec.Raw, closed: Closed | None) -> Any:
    head = bytes(memoryview(raw)[:1])
    if closed is None:
        return _ENTRIES.decode(raw) if head == b"[" else _value(raw)
    if head != b"{":
        return _value(raw)
    return {name: _opened(inner, closed[name]) if name in closed else _value(inner) for name, inner in _members(raw)}


def _members(raw: msgspec.Raw | bytes) -> ItemsView[str, msgspec.Raw]:
    return _MEMBERS.decode(raw).items()


def _value(raw: msgspec.Raw) -> Any:
    return msgspec.json.decode(raw)


def _decode(body: bytes) -> Any:
    encoding = "utf-8"
    for mark, name in _BOMS:
        if body.startswith(mark):
            body, encoding = body[len(mark) :], name
            break
    if encoding != "utf-8":
        body, encoding = body.decode(encoding, "replace").encode(), "utf-8"
    if not body.strip():
        raise Unreadable("the body is empty, expected a JSON object")
    if _holds_too_much(body):
        raise Unreadable(f"the body has more than {MAX_STRUCTURE} commas, colons and brackets outside of texts")
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Unreadable("the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # msgspec is strict where the standard library is not: NaN, control characters, lone surrogates
        text = body.decode("utf-8", "replace")
    try:
        return json.loads(text, strict=False)
    except RecursionError:
        raise Unreadable("the body is nested too deeply") from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"the body is not JSON{where}, expected an object") from None


def _holds_too_much(body: bytes) -> bool:
    """Whether to decode it would make millions of objects. 30 ms for 8 MB, nothing for a body that is too small."""
    if len(body) <= MAX_STRUCTURE:
        return False
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _ANYTHING_ELSE)
    if len(bare) <= MAX_STRUCTURE:
        return False
    outside = bare.replace(b'""', b"").split(b'"')[::2]
    return sum(map(len, outside)) > MAX_STRUCTURE


def _kind(value: Any) -> str:
    return {list: "list", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
