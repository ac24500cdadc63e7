"""One published policy version with its lists and inventory, compiled to frozen maps for judging."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from policies.charters import Charter, compile_charter
from policies.choices import (
    Action as Action,
    AskedFor as AskedFor,
    FailPosture as FailPosture,
    Mode as Mode,
    Profile as Profile,
    Standing as Standing,
    ToolKind as ToolKind,
)
from policies.destinations import NO_DESTINATIONS, Destinations, compile_destinations
from policies.exceptions import NO_EXCEPTIONS, Exceptions, compile_exceptions
from policies.fingerprints import NOTHING, Fingerprints, compile_fingerprints
from policies.flows import FORM, GOVERNED, NAME, NO_FLOWS, FlowError, Flows, compile_flows
from policies.hosts import host_of as host_of
from policies.intelligence.index import NO_INDICATORS, Indicators, compile_indicators
from policies.intelligence.lookalike import Lookalikes
from policies.recognition.recognisers import NO_RECOGNITION, Recognition, compile_recognition
from policies.restrictions import ACTIONS, NO_RESTRICTIONS, Restrictions, compile_restrictions
from policies.rules import LIFTED_BY, NO_RULES, RuleError, Rules, actions_of, compile_rules
from policies.signal import Signal

E = TypeVar("E", bound=enum.Enum)

# What calls of an agent count for beside others' where not all can be judged in time, by its criticality.
_WEIGHTS = MappingProxyType({"low": 1.0, "high": 4.0, "critical": 8.0})
_USUAL_WEIGHT = 2.0
# Its signals are named `second_opinion.<slug>`; the policy may say what is done on all of them, or on one.
SECOND_OPINION = "second_opinion"


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentRule:
    """What an admin decided for one agent; None = the default of its environment or of the policy.

    `registered` False = somebody decided something for an agent nobody took into the inventory. `process` is the
    business process it works in, `criticality` a word of the inventory; `charter` None = none is pinned.
    """

    agent_id: str
    registered: bool = True
    name: str = ""
    mode: Mode | None = None
    profile: Profile | None = None
    fail_posture: FailPosture | None = None
    process: str = ""
    criticality: str = ""
    charter: Charter | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifiedFile:
    """A document or folder an admin gave a data class. `name` is a file name, a path or a path prefix ending in `/`."""

    name: str
    data_class: str
    file_id: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataClass:
    """A class of data; not `may_leave` = only to inside destinations.

    `terms` mark it in a text, `labels` are the names or ids of sensitivity labels that mean it. `rank` grows with how
    much it is protected; `former_names` are those rules may still know it by.
    """

    name: str
    may_leave: bool = False
    rank: int = 0
    former_names: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """Another engine that is asked for its opinion on calls, over the webhook we answer ourselves.

    `sealed_token` opens with `policies.sealing`. `agents` empty = those of every agent. `required`: a call that can do
    harm gets the fail posture where this engine gives no answer.
    """

    slug: str
    name: str
    base_url: str
    sealed_token: str
    budget_ms: int
    asked_for: AskedFor = AskedFor.CHANGES
    required: bool = False
    agents: frozenset[str] = frozenset()

    @property
    def signal(self) -> str:
        """The name of its signal, and of its absence among what a call was judged without."""
        return f"{SECOND_OPINION}.{self.slug}"

    def is_asked(self, *, agent_id: str, sink: bool) -> bool:
        """Whether it is asked about a call of this agent; `sink` = the call can change or send something."""
        return (sink or self.asked_for is AskedFor.ALL) and (not self.agents or agent_id in self.agents)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallRules:
    """The ruleset narrowed to one call: what holds for this agent in this environment."""

    mode: Mode
    profile: Profile
    fail_posture: FailPosture
    registered: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruleset:
    """Everything judging needs from policy. Immutable; swapped whole when a new version is published.

    `state` is the digest of the document it was compiled from (`policies.states`); empty for one that is only tried.
    """

    version: int
    state: str = ""
    mode: Mode = Mode.ENFORCE
    profile: Profile = Profile.STRICT
    fail_posture: FailPosture = FailPosture.BLOCK
    actions: Mapping[str, Mapping[Profile, Action]] = field(default_factory=lambda: MappingProxyType({}))
    agents: Mapping[str, AgentRule] = field(default_factory=lambda: MappingProxyType({}))
    environments: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))
    tool_kinds: Mapping[tuple[str, str], ToolKind] = field(default_factory=lambda: MappingProxyType({}))
    critical_tools: Mapping[tuple[str, str], bool] = field(default_factory=lambda: MappingProxyType({}))
    destinations: Destinations = NO_DESTINATIONS
    files: tuple[ClassifiedFile, ...] = ()
    data_classes: Mapping[str, DataClass] = field(default_factory=lambda: MappingProxyType({}))
    fingerprints: Fingerprints = NOTHING
    opinions: tuple[Opinion, ...] = ()
    restrictions: Restrictions = NO_RESTRICTIONS
    indicators: Indicators = NO_INDICATORS
    rules: Rules = NO_RULES
    flows: Flows = NO_FLOWS
    recognition: Recognition = NO_RECOGNITION
    exceptions: Exceptions = NO_EXCEPTIONS

    def for_call(self, *, agent_id: str, environment_id: str) -> CallRules:
        """The settings in force for one call: a restriction before agent before environment before policy default."""
        agent = self.agents.get(agent_id)
        mode = (agent.mode if agent else None) or self.environments.get(environment_id) or self.mode
        tightened = self.restrictions.tightens(agent_id)
        return CallRules(
            mode=mode,
            profile=Profile.STRICT if tightened else (agent.profile if agent else None) or self.profile,
            fail_posture=FailPosture.BLOCK
            if tightened
            else (agent.fail_posture if agent else None) or self.fail_posture,
            registered=agent is not None and agent.registered,
        )

    def action_for(self, signal_name: str, profile: Profile) -> Action:
        """What policy does on a signal; a signal the policy does not know is only noticed."""
        by_profile = self.actions.get(signal_name)
        return Action.NOTICE if by_profile is None else by_profile.get(profile, Action.NOTICE)

    def action_on(self, signal: Signal, profile: Profile) -> Action:
        """What policy does on this very signal: as on all of its name, but for one that was lifted.

        What its flows say of the class of data found and the destination comes first.
        """
        action = self._flow_of(signal)
        if action is None:
            action = self.action_for(signal.name, profile)
        return min(action, Action.NOTICE) if signal.fact(LIFTED_BY) else action

    def may_leave(self, data_class: str) -> bool:
        """Whether data of this class may go outside; a class nobody described may not."""
        known = self.data_classes.get(data_class)
        return known is not None and known.may_leave

    def held_from(self, data_class: str, standing: Standing) -> bool:
        """Whether data of this class may not simply go to a destination of this standing."""
        cell = self.flows.cell(data_class, standing)
        if cell is not None:
            return cell is not Action.ALLOW
        return standing is not Standing.INTERNAL and not self.may_leave(data_class)

    def known_class(self, name: str) -> str:
        """The class an admin gave this name in whatever case, empty where none has it."""
        lower = name.strip().lower()
        return next((known for known in self.data_classes if known.lower() == lower), "")

    def _flow_of(self, signal: Signal) -> Action | None:
        """The cell for what a signal found and where that would go; None = no cell speaks of it."""
        if not self.flows.cells or signal.name not in GOVERNED:
            return None
        data_class, standing = signal.fact("data_class"), signal.fact("destination_standing")
        if data_class and signal.fact(FORM) == NAME:
            return self.flows.name_cell(data_class)
        return self.flows.cell(data_class, Standing(standing)) if data_class and standing else None

    def class_of_label(self, label: str) -> str:
        """The class an admin mapped this label to, by its name or id, the most protected; empty when none did."""
        key = label.strip().lower()
        found = [known for known in self.data_classes.values() if key in map(str.lower, known.labels)]
        return max(found, key=lambda known: known.rank).name if found else ""

    def tool_kind(self, *, agent_id: str, tool_id: str, tool_name: str) -> ToolKind | None:
        """The kind an admin gave this tool, by id or name, for this agent or for all; None = infer it."""
        keys = _tool_keys(agent_id, tool_id, tool_name)
        return next((self.tool_kinds[key] for key in keys if key in self.tool_kinds), None)

    def is_critical(self, *, agent_id: str, tool_id: str, tool_name: str) -> bool:
        """False where an admin said that a call of this tool may be judged in full after it is answered."""
        keys = _tool_keys(agent_id, tool_id, tool_name)
        return next((self.critical_tools[key] for key in keys if key in self.critical_tools), True)

    def weight_of(self, agent_id: str) -> float:
        """What an agent's calls count for beside those of others where not all can be judged in time: 1 to 8."""
        agent = self.agents.get(agent_id)
        return _WEIGHTS.get(agent.criticality, _USUAL_WEIGHT) if agent else _USUAL_WEIGHT

    def fails_shut_unjudged(self, agent_id: str) -> bool:
        """Whether a call of this agent is stopped where there was no time to judge it, whatever its fail posture: its
        criticality is `critical`, and who makes a crowd could choose that moment."""
        agent = self.agents.get(agent_id)
        return agent is not None and agent.criticality == "critical"

    def standing_of(self, destination: str) -> Standing:
        """The standing of an address, domain, host, URL, account or handle; the most exact entry decides."""
        return self.destinations.standing_of(destination)

    @property
    def lookalikes(self) -> Lookalikes:
        """The domains that others may be made to be taken for."""
        return self.destinations.lookalikes


def _tool_keys(agent_id: str, tool_id: str, tool_name: str) -> list[tuple[str, str]]:
    """What an admin may have decided by, most exact first: the agent before all agents, the id before the name."""
    return [(agent, tool.lower()) for agent in (agent_id, "") for tool in (tool_id, tool_name) if tool]


class RulesetError(ValueError):
    """A ruleset document that cannot be compiled; the message names the place and the fix."""


def compile_ruleset(document: Mapping[str, Any]) -> Ruleset:
    """Compile a ruleset document (see `policies.load`) to a Ruleset.

    Raises RulesetError naming the entry that is wrong.
    """
    defaults = document.get("defaults", {})
    rules = _rules(document.get("rules", ()))
    return Ruleset(
        version=int(document.get("version", 0)),
        mode=_choice(Mode, defaults.get("mode", "enforce"), "defaults.mode"),
        profile=_choice(Profile, defaults.get("profile", "strict"), "defaults.profile"),
        fail_posture=_choice(FailPosture, defaults.get("fail_posture", "block"), "defaults.fail_posture"),
        actions=_actions(
            {**ACTIONS, **document.get("actions", {}), **_actions_on_opinions(document), **actions_of(rules)}
        ),
        rules=rules,
        agents=MappingProxyType({entry["id"]: _agent(entry) for entry in document.get("agents", ())}),
        environments=_environments(document.get("environments", ())),
        tool_kinds=_tool_kinds(document.get("tools", ())),
        critical_tools=MappingProxyType(
            {
                (entry.get("agent_id") or "", entry["tool"].lower()): bool(entry["critical"])
                for entry in document.get("tools", ())
                if entry.get("critical") is not None
            }
        ),
        destinations=_destinations(document.get("destinations", ())),
        files=tuple(_file(entry) for entry in document.get("files", ()) if entry.get("data_class")),
        data_classes=MappingProxyType(
            {entry["name"]: _data_class(entry) for entry in document.get("data_classes", ())}
        ),
        flows=_flows(document),
        recognition=_recognition(document.get("data_classes", ())),
        fingerprints=compile_fingerprints(document.get("fingerprints", {})),
        opinions=tuple(map(compile_opinion, document.get("opinions", ()))),
        restrictions=compile_restrictions(document.get("restrictions", ())),
        exceptions=compile_exceptions(document.get("exceptions", ())),
        indicators=compile_indicators(document.get("indicators", {})),
    )


def _rules(entries: Sequence[Mapping[str, Any]]) -> Rules:
    try:
        return compile_rules(entries)
    except RuleError as error:
        raise RulesetError(f"rules: {error}") from error


def _flows(document: Mapping[str, Any]) -> Flows:
    classes = document.get("data_classes", ())
    formerly = {before: entry["name"] for entry in classes for before in entry.get("former_names", ())}
    try:
        return compile_flows(document.get("flows"), formerly=formerly)
    except FlowError as error:
        raise RulesetError(str(error)) from error


def _recognition(entries: Iterable[Mapping[str, Any]]) -> Recognition:
    try:
        return compile_recognition(entries)
    except ValueError as error:
        raise RulesetError(str(error)) from error


def _actions(entries: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[Profile, Action]]:
    return MappingProxyType(
        {
            name: MappingProxyType(
                {
                    _choice(Profile, profile, f"actions.{name}"): _action(action, f"actions.{name}.{profile}")
                    for profile, action in by_profile.items()
                }
            )
            for name, by_profile in entries.items()
        }
    )


def _actions_on_opinions(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What is done on each engine's signal: what its page says, what the policy says of it, of all of them, or hold.

    Never the notice of a signal nobody knows: policies published before an engine was added do not name it.
    """
    actions = document.get("actions", {})
    return {
        name: {
            profile.value: entry.get("actions", {}).get(profile.value)
            or actions.get(name, {}).get(profile.value)
            or actions.get(SECOND_OPINION, {}).get(profile.value)
            or Action.HOLD.name.lower()
            for profile in Profile
        }
        for entry in document.get("opinions", ())
        if (name := f"{SECOND_OPINION}.{entry['slug']}")
    }


def compile_opinion(entry: Mapping[str, Any]) -> Opinion:
    """One engine of a ruleset document. Raises RulesetError."""
    return Opinion(
        slug=entry["slug"],
        name=entry["name"],
        base_url=entry["base_url"],
        sealed_token=entry["sealed_token"],
        budget_ms=int(entry["budget_ms"]),
        asked_for=_choice(AskedFor, entry["asked_for"], f"opinions.{entry['slug']}.asked_for"),
        required=bool(entry.get("required", False)),
        agents=frozenset(entry.get("agents", ())),
    )


def _environments(entries: Iterable[Mapping[str, Any]]) -> Mapping[str, Mode]:
    return MappingProxyType(
        {
            entry["id"]: _choice(Mode, entry["mode"], f"environments.{entry['id']}")
            for entry in entries
            if entry.get("mode")
        }
    )


def _tool_kinds(entries: Iterable[Mapping[str, Any]]) -> Mapping[tuple[str, str], ToolKind]:
    return MappingProxyType(
        {
            (entry.get("agent_id") or "", entry["tool"].lower()): _choice(
                ToolKind, entry["kind"], f"tools.{entry['tool']}"
            )
            for entry in entries
            if entry.get("kind")
        }
    )


def _destinations(member: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Destinations:
    try:
        return compile_destinations(member)
    except ValueError as error:
        raise RulesetError(str(error)) from None


def _file(entry: Mapping[str, Any]) -> ClassifiedFile:
    return ClassifiedFile(
        name=entry.get("name", ""),
        data_class=entry["data_class"],
        file_id=entry.get("file_id", ""),
        owner=entry.get("owner", ""),
    )


def _data_class(entry: Mapping[str, Any]) -> DataClass:
    return DataClass(
        name=entry["name"],
        may_leave=bool(entry.get("may_leave", False)),
        rank=int(entry.get("position", 0)),
        former_names=tuple(entry.get("former_names", ())),
        terms=tuple(entry.get("terms", ())),
        labels=tuple(entry.get("labels", ())),
    )


def _agent(entry: Mapping[str, Any]) -> AgentRule:
    where = f"agents.{entry['id']}"
    return AgentRule(
        agent_id=entry["id"],
        registered=bool(entry.get("registered", True)),
        name=entry.get("name", ""),
        mode=_choice(Mode, entry["mode"], where) if entry.get("mode") else None,
        profile=_choice(Profile, entry["profile"], where) if entry.get("profile") else None,
        fail_posture=_choice(FailPosture, entry["fail_posture"], where) if entry.get("fail_posture") else None,
        process=entry.get("process", ""),
        criticality=entry.get("criticality", ""),
        charter=compile_charter(entry["charter"]) if entry.get("charter") is not None else None,
    )


def _action(value: str, where: str) -> Action:
    try:
        return Action[value.upper()]
    except KeyError:
        wanted = ", ".join(action.name.lower() for action in Action)
        raise RulesetError(f"`{where}` is `{value}`, expected one of {wanted}") from None


def _choice(kind: type[E], value: str, where: str) -> E:
    try:
        return kind(value)
    except ValueError:
        wanted = ", ".join(str(member.value) for member in kind)
        raise RulesetError(f"`{where}` is `{value}`, expected one of {wanted}") from None
