"""A YAML or JSON text -> a document with lines. Pure.

YAML as version 1.2 has it: `off` and `no` are texts. Anchors, aliases and tags are refused: an alias can refer to
itself or grow a line into gigabytes, and a policy needs neither. Costs some 2 s for 2 MB.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from policies.interchange.located import Closing, Event, Located, Opening, Scalar, UnreadableDocument, build

# A policy of 500 rules is some 300 kB; 9 MB hold a list of 100,000 destinations, which the command reads.
MOST_BYTES = 2_000_000
MOST_BYTES_BY_COMMAND = 9_000_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_SWITCH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,3})?")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+|\n')


def read(content: bytes, *, most_bytes: int = MOST_BYTES) -> Located:
    """The document in `content`: JSON where it begins with a brace or bracket, else YAML. Raises UnreadableDocument."""
    if len(content) > most_bytes:
        raise UnreadableDocument(f"it has more than {most_bytes:,} bytes, expected at most that")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableDocument(f"byte {error.start} is not UTF-8, expected a text in UTF-8", line=line) from None
    if text.lstrip()[:1] in ("{", "["):
        return build(_json_events(text))
    return build(_yaml_events(text))


def plain_value(text: str) -> Any:
    """What an unquoted YAML text means."""
    if text in _NULL:
        return None
    if text in _SWITCH:
        return _SWITCH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _yaml_events(text: str) -> Iterator[Event]:
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            if isinstance(event, yaml.NodeEvent):
                _refuse_marks(event)
            if isinstance(event, yaml.ScalarEvent):
                value = event.value if event.style else plain_value(event.value)
                yield Scalar(value=value, line=_line(event))
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                is_object = isinstance(event, yaml.MappingStartEvent)
                yield Opening(is_object=is_object, line=_line(event))
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                yield Closing()
            if documents > 1:
                raise UnreadableDocument("a second document begins, expected one", line=_line(event))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnreadableDocument(f"it is not YAML ({error.problem}), expected a policy", line=line) from None
    except yaml.YAMLError as error:
        at = getattr(error, "position", 0)
        line = text.count("\n", 0, at if isinstance(at, int) else 0) + 1
        raise UnreadableDocument("it holds characters YAML does not allow, expected a policy", line=line) from None


def _refuse_marks(event: yaml.NodeEvent) -> None:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent):
        raise UnreadableDocument(f"`*{event.anchor}` refers to another place, expected it written out", line=line)
    if event.anchor:
        raise UnreadableDocument(f"`&{event.anchor}` is an anchor, expected none: write it out", line=line)
    tag = getattr(event, "tag", None)
    if tag:
        raise UnreadableDocument(f"`{tag[:80]}` is a tag, expected plain values", line=line)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _json_events(text: str) -> Iterator[Event]:
    """Lines are those of the tokens; that it is JSON is settled first, by the standard library."""
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        told = f"it is not JSON ({error.msg} in column {error.colno}), expected a policy"
        raise UnreadableDocument(told, line=error.lineno) from None
    except RecursionError:
        raise UnreadableDocument("it is nested deeper than anybody reads, expected a policy") from None
    except ValueError as error:
        raise UnreadableDocument(str(error)) from None
    line = 1
    for found in _TOKEN.finditer(text):
        part = found[0]
        if part == "\n":
            line += 1
        elif part in "{[":
            yield Opening(is_object=part == "{", line=line)
        elif part in "}]":
            yield Closing()
        else:
            yield Scalar(value=json.loads(part), line=line)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"`{name}` is no number of JSON, expected one that is")
