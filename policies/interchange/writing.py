"""A policy document -> YAML or JSON that `policies.interchange.reading` reads to the same. Pure."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from textwrap import indent
from typing import Any

import yaml

from policies.interchange.reading import plain_value

_ORDER = ("$schema", "title", "reason", "version", "digest", "defaults", "actions", "rules", "flows", "lists")
_REQUIRED = ("defaults", "actions")
# Entries of a list in one piece: some milliseconds.
_AT_ONCE = 200


# Quotes every text that another reader would take for something else, and folds none.
_Dumper: Any = type("_Dumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text.strip("\n") else None
    if not isinstance(plain_value(text), str):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
# the same list in two places is written out twice, for anchors are not read
_Dumper.ignore_aliases = lambda *_: True


def to_yaml(document: Mapping[str, Any]) -> str:
    """YAML, the members in the order people read them."""
    return "".join(write_yaml(document))


def to_json(document: Mapping[str, Any]) -> str:
    """JSON, indented."""
    return "".join(write_json(document))


def write_yaml(document: Mapping[str, Any]) -> Iterator[str]:
    """The same piece by piece: a list of 100,000 takes seconds. Each of `lists` may be any iterable of entries."""
    yield "# A Guardrail policy. docs/policy.md says what each member means, `manage.py policy check` what is wrong.\n"
    yield _yaml(_without_lists(document))
    before = "lists:\n"
    for member, some, is_first in _pieces(document):
        written = _yaml({"lists": {member: some}}).removeprefix("lists:\n")
        heading, _, entries = written.partition("\n")
        yield f"{before}{heading}\n{entries}" if is_first else entries
        before = ""


def write_json(document: Mapping[str, Any]) -> Iterator[str]:
    """The same piece by piece."""
    yield _json(_without_lists(document)).removesuffix("\n}")
    before, after = ',\n  "lists": {\n', "\n}\n"
    for member, some, is_first in _pieces(document):
        entries = ",\n".join(indent(_json(entry), " " * 6) for entry in some)
        yield f"{before}    {_json(member)}: [\n{entries}" if is_first else f",\n{entries}"
        before, after = "\n    ],\n", "\n    ]\n  }\n}\n"
    yield after


def _pieces(document: Mapping[str, Any]) -> Iterator[tuple[str, list[Any], bool]]:
    """Some entries at a time of each list that has any, with its name and whether they are its first."""
    for member, entries in (document.get("lists") or {}).items():
        remaining, is_first = iter(entries), True
        while some := list(islice(remaining, _AT_ONCE)):
            yield member, some, is_first
            is_first = False


def _yaml(value: Any) -> str:
    written: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return written


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _without_lists(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _ordered(document).items() if name != "lists"}


def _ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in _ORDER if document.get(name) or (name in document and name in _REQUIRED)}
