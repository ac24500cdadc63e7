"""What is wrong with a policy document, place by place: its shape, and whether it compiles."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from policies.policy_parts import MEMBERS
from policies.rule_checks import faults_between, faults_of
from policies.rules import RuleError, compile_rule
from policies.ruleset import RulesetError, compile_ruleset
from policies.schema_errors import schema_errors

# Members of the whole to the wrong value: `("rules", 3, "when")`.
Path = tuple[str | int, ...]

_SCHEMA = FilePath(__file__).resolve().parent / "policy.schema.json"
# Postgres stores neither in a JSON column.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_QUOTED = re.compile(r"`([^`]+)`")
_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """One thing that is wrong: where, and what was found and is wanted. `rule` names the rule it is of, if one."""

    path: Path
    text: str
    rule: str = ""


@cache
def policy_schema() -> dict[str, Any]:
    """The schema of a policy document, as it lies beside this file."""
    schema: dict[str, Any] = json.loads(_SCHEMA.read_text())
    return schema


def policy_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `document` that a version holds."""
    return {member: document[member] for member in MEMBERS if member in document}


def complaints_on(document: Any) -> tuple[Complaint, ...]:
    """What is wrong with a policy document, in its order and at most 20; empty when it compiles."""
    try:
        found = list(_shape(document))
    except RecursionError:
        return (Complaint(path=(), text="the document is nested deeper than anybody reads, expected a policy"),)
    if not found and isinstance(document, dict):
        found = list(_names(document)) or list(_compiling(document))
    return tuple(sorted(found, key=lambda complaint: [str(step).rjust(6) for step in complaint.path])[:_SHOWN])


def _shape(document: Any) -> Iterator[Complaint]:
    for error in islice(schema_errors(document, policy_schema()), _SHOWN):
        yield Complaint(path=error.path, text=f"`{_told(error.path)}` {error.text}")
    for path, text in _texts(document, ()):
        bad = _UNSTORABLE.search(text)
        if bad:
            yield Complaint(path=path, text=f"`{_told(path)}` holds U+{ord(bad[0]):04X}, expected text without it")


def _names(document: Mapping[str, Any]) -> Iterator[Complaint]:
    """Rules are told apart by their names."""
    seen = Counter[str]()
    for index, rule in enumerate(document.get("rules", ())):
        name = rule["name"]
        seen[name] += 1
        if seen[name] > 1:
            path = ("rules", index, "name")
            yield Complaint(path=path, text=f"`{_told(path)}` is `{name}` again, expected a name no other rule has")
        elif name != name.strip():  # a `$` lets a line end pass
            yield Complaint(path=("rules", index, "name"), text=f"`{_told(('rules', index, 'name'))}` ends in a space")


def _compiling(document: Mapping[str, Any]) -> Iterator[Complaint]:
    """By itself: what only the lists could make wrong is found when it is published."""
    broken = False
    for index, rule in enumerate(document.get("rules", ())):
        try:
            compile_rule(rule)
        except RuleError as error:
            broken = True
            path: Path = ("rules", index, error.member)
            at = f", at character {error.position + 1}" if error.member == "when" else ""
            text = f"`{_told(path)}` of rule `{rule['name']}`{at}: {error}"
            yield Complaint(path=path, text=text, rule=rule["name"])
    if broken:
        return
    found = list(_faults(document))
    yield from found
    if found:
        return
    try:
        compile_ruleset(policy_of(document))
    except RulesetError as error:
        text = str(error)
        quoted = _QUOTED.search(text)
        yield Complaint(path=_path_of(document, quoted[1] if quoted else ""), text=text)


def _faults(document: Mapping[str, Any]) -> Iterator[Complaint]:
    rules = document.get("rules", ())
    found = [(index, fault) for index, rule in enumerate(rules) for fault in faults_of(rule)]
    for index, fault in (*found, *faults_between(rules)):
        path: Path = ("rules", index, *fault.path)
        name = rules[index]["name"]
        yield Complaint(path=path, text=f"`{_told(path)}` of rule `{name}`: {fault.text}", rule=name)


def _path_of(document: Any, place: str) -> Path:
    """The path of a place that a compile error names: `rules.new-payee.when`, `defaults.mode`."""
    path: list[str | int] = []
    rest, value = place, document
    while rest:
        if isinstance(value, list):
            named = [
                (str(entry.get("name", "")), index) for index, entry in enumerate(value) if isinstance(entry, dict)
            ]
            known: list[tuple[str, str | int]] = list(named)
        else:
            known = [(str(name), name) for name in value] if isinstance(value, dict) else []
        # a signal's name may hold a dot: the longest name that fits
        fitting = [(name, step) for name, step in known if rest == name or rest.startswith(f"{name}.")]
        if not fitting:
            break
        name, step = max(fitting, key=lambda found: len(found[0]))
        path.append(step)
        value, rest = value[step], rest[len(name) + 1 :]
    return tuple(path)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text of the document with its path, names of members too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield (*path, name), str(name)
            yield from _texts(entry, (*path, name))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(entry, (*path, index))


def _told(path: Path) -> str:
    return ".".join(map(str, path)) or "the document"
