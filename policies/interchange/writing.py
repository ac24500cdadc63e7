"""A policy document -> YAML or JSON that `policies.interchange.reading` reads to the same. Pure."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from policies.interchange.reading import plain_value

_ORDER = ("$schema", "title", "reason", "version", "digest", "defaults", "actions", "rules", "flows", "lists")
_REQUIRED = ("defaults", "actions")


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
    head = "# A Guardrail policy. docs/policy.md says what each member means, `manage.py policy check` what is wrong.\n"
    body = yaml.dump(_ordered(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return f"{head}{body}"


def to_json(document: Mapping[str, Any]) -> str:
    """JSON, indented."""
    return json.dumps(_ordered(document), indent=2, ensure_ascii=False) + "\n"


def _ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in _ORDER if document.get(name) or (name in document and name in _REQUIRED)}
