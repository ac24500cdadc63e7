"""A ruleset to try: the one in force with some members of its document replaced. Puts nothing in force."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from policies.load import Loaded, NoRuleset, active, compiled
from policies.policy_parts import MEMBERS
from policies.ruleset import Ruleset, RulesetError, Standing

# Members that take long to compile, with what they are called in a Ruleset: megabytes that an edit seldom touches.
_HEAVY = ("destinations", "fingerprints", "indicators")

# What tells the entries of a member apart.
_KEYS = {"rules": "name", "exceptions": "number"}


def trial_policy(document: Mapping[str, Any]) -> Ruleset:
    """The ruleset in force in this process with another policy: the document of a draft or of a version."""
    return _compiled({**{name: value for name, value in _loaded().document.items() if name not in MEMBERS}, **document})


def trial_ruleset(members: Mapping[str, Any]) -> Ruleset:
    """The ruleset in force in this process with single members of its document replaced.

    What is not replaced is the very object in force, so that comparing the two is quick. Raises RulesetError, and
    NoRuleset before a policy was loaded.
    """
    return _compiled({**_loaded().document, **members})


def _compiled(document: Mapping[str, Any]) -> Ruleset:
    loaded = _loaded()
    kept = [name for name in _HEAVY if document.get(name) == loaded.document.get(name)]
    light = compiled({name: value for name, value in document.items() if name not in kept})
    return replace(light, **{name: getattr(loaded.ruleset, name) for name in kept})


def with_entry(member: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The members for `trial_ruleset` where one entry of `rules` or `exceptions` is added, or put in its place."""
    key = _KEYS[member]
    wanted = entry.get(key)
    present = _loaded().document.get(member) or ()
    return {member: [*(one for one in present if wanted is None or one.get(key) != wanted), entry]}


def with_destination(value: str, standing: str) -> dict[str, Any]:
    """The same where one destination is listed otherwise; `unknown` takes it off. Raises RulesetError."""
    wanted = {one.value for one in Standing}
    if standing not in wanted:
        raise RulesetError(f"the standing is `{standing[:40]}`, expected one of {', '.join(sorted(wanted))}")
    name = " ".join(value.split()).lower()
    listed: dict[str, str] = {}
    for kind, lines in _lines_of(_loaded().document.get("destinations") or {}).items():
        # tens of thousands of lines: only those that hold it are taken apart
        listed[kind] = "\n".join(line for line in lines.split("\n") if line != name) if name in lines else lines
    if standing != Standing.UNKNOWN.value:
        listed[standing] = f"{listed.get(standing, '')}\n{name}".strip("\n")
    return {"destinations": listed}


def _lines_of(member: Any) -> dict[str, str]:
    """The list of destinations as `policies.load` keeps it: the values of each standing, one a line."""
    if isinstance(member, Mapping):
        return {str(kind): str(lines) for kind, lines in member.items()}
    lines: dict[str, list[str]] = {}
    for entry in member:
        lines.setdefault(entry["standing"], []).append(entry["value"].strip().lower())
    return {kind: "\n".join(values) for kind, values in lines.items()}


def _loaded() -> Loaded:
    loaded = active()
    if loaded is None:
        raise NoRuleset("no policy has been loaded")
    return loaded
