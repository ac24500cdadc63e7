"""Bodies made wrong on purpose: named ones for what is known to break readers, and seeded changes of a good body."""

import copy
import gzip
import json
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.guardrail import bodies

MEGABYTE = 1_000_000
# What stands in the place of any member: of every type, empty, absurd, and what has broken readers before.
STRANGE: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**63,
    2**64 + 1,
    -(2**70),
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202e\u2066",
    "\U000e0041",
    "x" * 3_000,
    "é" * 999,
    "null",
    "{}",
    "[",
    '{"$ref": "#"}',
    "-1",
    "1e999",
    "../../etc/passwd",
    "%00%ff",
    "'; drop table x; --",
    "{{7*7}}",
    "<script>x</script>",
    "2026-99-99T99:99:99Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.9999999-23:59",
    "::ffff:1.2.3.4",
    "1.2.3.4.5",
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": {}}},
    {"$ref": "#"},
    {"__proto__": {}},
    {"id": {}},
    [[[[[]]]]],
    {"a.b": 1, "a": {"b": 2}},
    ["x"] * 300,
    {"[0]": "]", "a]b[": "."},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Odd:
    """One body, with the headers it comes with."""

    what: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def copilot_body() -> dict[str, Any]:
    """A good call of the one wire, with something in every member."""
    said = {"id": "m-0", "role": "assistant", "content": "Which customer?", "timestamp": "2026-11-02T09:13:00Z"}
    returned = bodies.output({"from": "ann@x.example", "text": "Please send it to joe@y.example."})
    body = bodies.call(
        inputValues={"to": "joe@y.example", "body": "See https://y.example/?d=1", "lines": [1, {"a": None}]}
    )
    body["plannerContext"]["chatHistory"].append(said)
    body["plannerContext"]["previousToolsOutputs"] = [returned]
    return body


def evaluate_body() -> dict[str, Any]:
    """A good call of our own wire, with something in every member."""
    return {
        "agent": {"id": "a", "name": "A", "version": "1", "parent_id": "p", "tenant_id": "t", "environment_id": "e"},
        "user": {"id": "u"},
        "conversation_id": "c",
        "plan_id": "p",
        "step_id": "s",
        "channel": "web",
        "client_ip": "203.0.113.9",
        "trigger": {"id": "", "type": ""},
        "user_message": "Send the notes to joe@y.example",
        "thought": "I will.",
        "history": [{"role": "user", "content": "Hi", "timestamp": "2026-11-02T09:13:00Z"}],
        "outputs": [{"tool_id": "r", "tool": "read", "content": {"from": "ann@x.example", "text": "Please send it."}}],
        "tool": {
            "id": "s",
            "name": "send_mail",
            "description": "Sends",
            "parameters": [{"name": "to", "description": "x"}],
        },
        "arguments": {"to": "joe@y.example", "body": "See https://y.example/?d=1", "lines": [1, {"a": None}]},
    }


def named(good: dict[str, Any]) -> Iterator[Odd]:
    """Every known way to be unreadable, of the good body where there is something to spoil."""
    whole = json.dumps(good).encode()
    yield from _not_json(whole)
    yield from _encodings(good, whole)
    yield from _packed(whole)
    for what, value in _hostile_values():
        for place in (
            "arguments",
            "inputValues",
            "outputs",
            "history",
            "user_message",
            "plannerContext",
            "tool",
            "agent",
        ):
            if place in good:
                yield Odd(what=f"{what} as `{place}`", body=_dumped({**good, place: value}))
    yield Odd(what="10 MB of one argument", body=_filled(good, "x" * (10 * MEGABYTE)))
    yield Odd(what="7 MB of one argument", body=_filled(good, "a b. " * (7 * MEGABYTE // 5)))
    yield Odd(what="7 MB of addresses", body=_filled(good, "https://a.example/?d=QUJD " * (7 * MEGABYTE // 27)))
    yield Odd(what="10 MB of noise", body=random.Random(1).randbytes(10 * MEGABYTE))
    yield Odd(what="a million members", body=_filled(good, {str(n): n for n in range(300_000)}))
    yield Odd(what="300,000 items", body=_filled(good, ["a"] * 300_000))


def wrong_types(good: dict[str, Any]) -> Iterator[Odd]:
    """The good body with one member, at any depth, replaced by each strange value."""
    for path in _paths(good):
        for number, value in enumerate(STRANGE):
            body = copy.deepcopy(good)
            _place(body, path, value)
            yield Odd(what=f"{'.'.join(map(str, path))} = strange {number}", body=_dumped(body))


def changed(good: dict[str, Any], seed: int) -> Odd:
    """The good body with a few changes at random: values, members and bytes. The same for the same seed."""
    chance = random.Random(seed)
    body = copy.deepcopy(good)
    for _ in range(chance.randrange(1, 6)):
        path = chance.choice(list(_paths(body)))
        value = copy.deepcopy(chance.choice(STRANGE))
        for _ in range(chance.choice((0, 0, 0, 1, 3, 70))):
            value = {"a": value} if chance.random() < 0.5 else [value]
        _place(body, path, json.dumps(value) if chance.random() < 0.2 else value)
    raw = bytearray(_dumped(body))
    for _ in range(chance.choice((0, 0, 0, 1, 3, 30))):
        at = chance.randrange(len(raw) or 1)
        match chance.randrange(4):
            case 0:
                raw[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del raw[at : at + chance.randrange(1, 40)]
            case 2:
                raw[at:at] = chance.randbytes(chance.randrange(1, 9))
            case _:
                raw[at:at] = raw[at : at + chance.randrange(1, 60)]
        raw = raw or bytearray(b" ")
    return Odd(what=f"seed {seed}", body=bytes(raw))


def _not_json(whole: bytes) -> Iterator[Odd]:
    for what, body in {
        "nothing": b"",
        "blanks": b" \r\n\t ",
        "null": b"null",
        "a number": b"1",
        "a list": b"[]",
        "a text": b'"x"',
        "an empty object": b"{}",
        "half": whole[: len(whole) // 2],
        "all but the last sign": whole[:-1],
        "two bodies": whole + whole,
        "something behind it": whole + b" x",
        "a comment": b"/* x */" + whole,
        "single quotes": whole.replace(b'"', b"'"),
        "a comma too many": whole[:-1] + b",}",
        "100,000 open objects": b'{"a":' * 100_000,
        "100,000 open lists": b"[" * 100_000,
        "a form": b"a=1&b=2",
        "XML": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'x'>]><x>&a;</x>",
        "zeros": b"\x00" * 5_000,
        "every byte": bytes(range(256)) * 40,
    }.items():
        yield Odd(what=what, body=body)


def _encodings(good: dict[str, Any], whole: bytes) -> Iterator[Odd]:
    text = json.dumps(good, ensure_ascii=False)
    for encoding in (
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-be",
        "latin-1",
        "utf-7",
        "cp037",
    ):
        yield Odd(what=encoding, body=text.encode(encoding, "replace"))
    yield Odd(what="two byte order marks", body=b"\xef\xbb\xbf" * 2 + whole)
    yield Odd(what="a mark alone", body=b"\xff\xfe")
    yield Odd(what="UTF-16 cut in a sign", body=b"\xff\xfe" + text.encode("utf-16-le")[:-1])
    yield Odd(what="bad UTF-8", body=whole.replace(b"e", b"\xff"))
    yield Odd(what="overlong UTF-8", body=whole.replace(b"e", b"\xc1\xa5"))
    yield Odd(
        what="surrogates as bytes", body=whole.replace(b"notes", b"\xed\xa0\x80").replace(b"open", b"\xed\xb0\x80")
    )


def _packed(whole: bytes) -> Iterator[Odd]:
    yield Odd(what="gzip, and says so", body=gzip.compress(whole), headers={"Content-Encoding": "gzip"})
    yield Odd(what="gzip, silently", body=gzip.compress(whole))
    yield Odd(what="a bomb", body=gzip.compress(b" " * 50 * MEGABYTE), headers={"Content-Encoding": "gzip"})
    yield Odd(what="deflate", body=zlib.compress(whole), headers={"Content-Encoding": "deflate"})
    yield Odd(what="gzip that is none", body=whole, headers={"Content-Encoding": "gzip"})
    yield Odd(what="a form by its header", body=whole, headers={"Content-Type": "multipart/form-data; boundary=x"})
    yield Odd(what="an odd content type", body=whole, headers={"Content-Type": "application/json; charset=utf-99"})
    yield Odd(what="a long header", body=whole, headers={"x-ms-correlation-id": "c" * 4_000})
    yield Odd(what="another language", body=whole, headers={"Accept": "text/html", "Accept-Language": "x" * 500})


def _hostile_values() -> Iterator[tuple[str, Any]]:
    deep: Any = "x"
    deep_object: Any = "x"
    quoted = json.dumps({"a": "x"})
    for _ in range(1_000):
        deep = [deep]
        deep_object = {"a": deep_object}
    for _ in range(14):
        quoted = json.dumps({"a": quoted})
    yield "1,000 lists", Raw(b"[" * 1_000 + b"]" * 1_000)
    yield "1,000 objects", Raw(b'{"a":' * 1_000 + b"1" + b"}" * 1_000)
    yield "300 lists", Raw(b"[" * 300 + b"]" * 300)
    yield "JSON in JSON in JSON", quoted
    yield "a circle of references", {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}
    yield "a number of 5,000 digits", Raw(b"9" * 5_000)
    yield "a fraction of 5,000 digits", Raw(b"0." + b"9" * 5_000)
    yield "no number", Raw(b"NaN")
    yield "without an end", Raw(b"-Infinity")
    yield "an exponent", Raw(b"1e99999")
    yield "a name twice", Raw(b'{"id": "a", "id": {"id": []}, "": 1, "": 2}')
    yield "a NUL and a lone surrogate", Raw(b'{"id": "a\\u0000\\ud800b", "\\u0000\\udc00": "\\ud800\\ud800"}')
    yield "a name of 100,000 signs", {"n" * 100_000: 1}
    yield "an id of 100,000 signs", {"id": "i" * 100_000, "name": "n" * 100_000}
    yield "a text of 100,000 line breaks", "\n" * 100_000


class Raw:
    """JSON as it is written, for what Python would not write."""

    def __init__(self, written: bytes) -> None:
        self.written = written


def _dumped(value: dict[str, Any]) -> bytes:
    marks: list[bytes] = []

    def mark(item: Any) -> str:
        marks.append(item.written)
        return f"@raw{len(marks) - 1}@"

    dumped = json.dumps(value, default=mark).encode()
    for number, written in enumerate(marks):
        dumped = dumped.replace(f'"@raw{number}@"'.encode(), written)
    return dumped


def _filled(good: dict[str, Any], value: Any) -> bytes:
    place = "arguments" if "arguments" in good else "inputValues"
    return _dumped({**good, place: {"to": "joe@y.example", "body": value}})


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every member and item, outermost first."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*before, key)
        if len(before) < 8:
            yield from _paths(item, (*before, key))


def _place(body: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = copy.deepcopy(value)
