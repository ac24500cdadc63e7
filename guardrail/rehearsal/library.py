"""Reads the scenarios that ship with the product: `library/<name>.yaml`, one attack with its honest twin a file.

docs/rehearsal.md describes the format. In texts `<<word>>` is replaced: by the side's slot of that name, and
`<<ref>>` by a number of this run, so that no run repeats a text of the one before.
"""

import json
import re
import uuid
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from guardrail.rehearsal.bodies import Agent, Tool
from guardrail.rehearsal.scenario import Conversation, Must, Planned, Said, Scenario, Script

FOLDER = Path(__file__).parent / "library"
_TOOLS = "tools"
_SLOT = re.compile(r"<<([a-z]{1,20})>>")


class ScenarioError(ValueError):
    """A file that is no scenario; the message names the file and the place."""


class _Loader(yaml.CSafeLoader):
    """Leaves dates as the text they are: calls carry JSON. In C: the library takes 0.07 s instead of 0.66 (2026-11)."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_scenarios(run_id: uuid.UUID, folder: Path = FOLDER) -> tuple[Scenario, ...]:
    """All scenarios with the texts of this run, by group and name, those that need memory last. Reads in a second."""
    names = sorted(path.stem for path in folder.glob("*.yaml") if path.stem != _TOOLS)
    scenarios = [load_scenario(name, run_id, folder) for name in names]
    return tuple(sorted(scenarios, key=lambda scenario: (scenario.needs_memory, scenario.group, scenario.name)))


def load_scenario(name: str, run_id: uuid.UUID, folder: Path = FOLDER) -> Scenario:
    """One scenario with the texts of this run."""
    ref = f"{run_id.int % 90_000 + 10_000}"
    return _scenario(name, _document(folder / f"{name}.yaml"), tools=_document(folder / f"{_TOOLS}.yaml"), ref=ref)


@cache
def _document(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506


def _scenario(name: str, document: Mapping[str, Any], *, tools: Mapping[str, Any], ref: str) -> Scenario:
    try:
        known = {key: _tool(entry) for key, entry in {**tools, **document.get("tools", {})}.items()}
        sides = {}
        for side in ("attack", "twin"):
            slots = {"ref": ref, **document[side].get("slots", {})}
            filled = _filled({**document[side], "slots": None}, slots)
            agents = {key: _agent(entry) for key, entry in _filled(document["agents"], slots).items()}
            sides[side] = _script(filled, agents=agents, tools={key: _worded(t, slots) for key, t in known.items()})
        return Scenario(
            name=name,
            group=document["group"],
            industry=document["industry"],
            way_in=document["way_in"],
            wording=document["wording"],
            goal=document["goal"],
            author=document["author"],
            harm=document["harm"],
            attack=sides["attack"],
            twin=sides["twin"],
        )
    except KeyError as error:
        raise ScenarioError(
            f"`{name}.yaml` lacks `{error.args[0]}`, expected it as a member, or as a slot, tool or agent it names"
        ) from None


def _script(side: Mapping[str, Any], *, agents: Mapping[str, Agent], tools: Mapping[str, Tool]) -> Script:
    sessions = side.get("sessions") or [{"agent": next(iter(agents)), "turns": side["turns"]}]
    return Script(
        story=side["story"],
        conversations=tuple(
            Conversation(
                agent=agents[session["agent"]], turns=tuple(_turn(entry, tools=tools) for entry in session["turns"])
            )
            for session in sessions
        ),
    )


def _turn(entry: Mapping[str, Any], *, tools: Mapping[str, Tool]) -> Said | Planned:
    for key, role in (("user", "user"), ("agent", "assistant")):
        if key in entry:
            return Said(role=role, text=str(entry[key]))
    if "event" in entry:
        # as the platform hands a trigger's payload over: JSON in a string
        return Said(role="event", text=json.dumps(entry["event"], ensure_ascii=False))
    return Planned(
        tool=tools[entry["call"]],
        arguments=entry["args"],
        why=entry["why"],
        must=Must[entry.get("must", "allow").upper()],
        gives=entry.get("gives"),
        output=entry.get("output", "body"),
    )


def _agent(entry: Mapping[str, str]) -> Agent:
    return Agent(
        name=entry["name"],
        channel=entry.get("channel", ""),
        user=entry.get("user", ""),
        trigger=entry.get("trigger", ""),
        client_ip=entry.get("ip"),
        wire=entry.get("wire", "copilot_studio"),
        parent=entry.get("parent", ""),
    )


def _tool(entry: Mapping[str, Any]) -> Tool:
    return Tool(
        tool_id=entry["id"],
        name=entry["name"],
        description=entry["description"],
        parameters=tuple(entry["parameters"]),
    )


def _worded(tool: Tool, slots: Mapping[str, str]) -> Tool:
    return Tool(
        tool_id=tool.tool_id,
        name=tool.name,
        description=_filled(tool.description, slots),
        parameters=tool.parameters,
    )


def _filled(value: Any, slots: Mapping[str, str]) -> Any:
    """The value with its slots filled in, and the slots in those."""
    if isinstance(value, dict):
        return {key: _filled(item, slots) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, slots) for item in value]
    if not isinstance(value, str):
        return value
    once = _SLOT.sub(lambda slot: slots[slot[1]], value)
    return _SLOT.sub(lambda slot: slots[slot[1]], once)
