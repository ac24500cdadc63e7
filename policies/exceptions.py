"""Exceptions people made: which findings on which calls they lift. Pure.

An exception names an agent or a tool, and at least one thing more; all it names must be met. What it lifts stays in the
record and is only noticed. Some 2 microseconds a call where none names its agent or tool.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from policies.destinations import NO_DESTINATIONS, Destinations, covering
from policies.rules import LIFTED_BY, NEVER_LIFTED, WATCHED
from policies.signal import RECALLED, Signal

# What stands in the fact `lifted_by`, before the number.
EXCEPTION = "exception "
# Somebody's word stands behind these: a restriction, a confirmed attack, a denial, a list of threats. That is taken
# back there: an exception for anywhere would open every door an admin closed.
_KEPT = NEVER_LIFTED | {"indicator_matched", "destination_denied"}
# The fact of a finding that only says that such a call was stopped before: for which finding.
STOPPED_FOR = "stopped_for"


class ExceptionScopeError(ValueError):
    """A scope that would lift too much, or nothing. `member` is the one that is wrong."""

    def __init__(self, message: str, *, member: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What an exception is for; an empty member says nothing about it.

    `tool` is an id or a name, lower case. `argument` is the path of the argument a finding must be about.
    `destinations` are written as entries of the list of destinations. `signals` are the names of what is lifted.
    """

    agent_id: str = ""
    tool: str = ""
    argument: str = ""
    destinations: tuple[str, ...] = ()
    data_classes: tuple[str, ...] = ()
    trigger_id: str = ""
    signals: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise ExceptionScopeError unless it is narrow enough to be made, and may lift something."""
        if not self.agent_id and not self.tool:
            raise ExceptionScopeError("neither agent nor tool is named, expected one of them or both", member="agent")
        named = (self.agent_id, self.tool, self.argument, self.destinations, self.data_classes, self.trigger_id)
        if sum(map(bool, named)) < 2:
            raise ExceptionScopeError(
                "only one thing is named, expected another: a tool, argument, destination, data class or trigger",
                member="agent",
            )
        kept = next((name for name in self.signals if is_never_lifted(name)), "")
        if kept:
            raise ExceptionScopeError(f"`{kept}` is never lifted, expected another finding", member="signals")


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFacts:
    """What an exception looks at. `destinations` are those of the call that are not internal; `tools` its id and name.

    `all_read` = the call can have no destination that is not among them. `data_classes` are those of all that was found
    in the call. `at` None = the time is not known.
    """

    agent_id: str
    tools: frozenset[str]
    destinations: tuple[str, ...] = ()
    all_read: bool = True
    data_classes: frozenset[str] = frozenset()
    trigger_id: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exempt:
    """One exception in force, compiled."""

    number: int
    scope: Scope
    until: datetime
    covered: Destinations = NO_DESTINATIONS

    def fits(self, facts: CallFacts) -> bool:
        """Whether the call is one of those it is for, whatever was found in it."""
        scope = self.scope
        return (
            (not scope.agent_id or scope.agent_id == facts.agent_id)
            and (not scope.tool or scope.tool in facts.tools)
            and (not scope.trigger_id or scope.trigger_id == facts.trigger_id)
            # a process that lost its database keeps no exception beyond its end
            and (facts.at is None or facts.at < self.until)
            and (not scope.data_classes or _all_in(facts.data_classes, scope.data_classes))
            and (not scope.destinations or (facts.all_read and self._covers(facts.destinations)))
        )

    def lifts(self, signal: Signal, facts: CallFacts) -> bool:
        """Whether it lets this finding pass in this call."""
        # a process that did not know the exception yet stopped such a call: that stop would outlive it for a day
        names = {signal.name, signal.fact(STOPPED_FOR) or signal.name}
        if any(map(is_never_lifted, names)) or signal.name.startswith(WATCHED):
            return False
        if ("signature", RECALLED) in signal.facts:
            return False
        scope = self.scope
        if scope.signals and names.isdisjoint(scope.signals):
            return False
        if scope.argument and not _all_under(_arguments_of(signal), scope.argument):
            return False
        return self.fits(facts)

    def _covers(self, destinations: Sequence[str]) -> bool:
        # one more recipient than was agreed to, and it is another call
        return bool(destinations) and all(
            next(self.covered.entries_for(value), None) is not None for value in destinations
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Exceptions:
    """All exceptions in force, by the agent and by the tool they name. `read_classes` = some name data classes."""

    of_agent: Mapping[str, tuple[Exempt, ...]] = field(default_factory=lambda: MappingProxyType({}))
    of_tool: Mapping[str, tuple[Exempt, ...]] = field(default_factory=lambda: MappingProxyType({}))
    read_classes: bool = False

    def __bool__(self) -> bool:
        return bool(self.of_agent or self.of_tool)

    def may_fit(self, *, agent_id: str, tools: Collection[str]) -> bool:
        """Whether any could be for such a call."""
        return agent_id in self.of_agent or any(tool in self.of_tool for tool in tools)

    def applied(self, signals: Sequence[Signal], facts: CallFacts, *, stopping: Collection[str]) -> list[Signal]:
        """The signals, with what an exception lifts marked so: by those of the agent first, the oldest of them.

        `stopping` are the names of those that policy does something about: there is nothing to lift on the others.
        """
        candidates = [*self.of_agent.get(facts.agent_id, ()), *_of_tools(self.of_tool, facts.tools)]
        fitting = [one for one in candidates if one.fits(facts)]
        if not fitting:
            return list(signals)
        return [_lifted(signal, fitting, facts) if signal.name in stopping else signal for signal in signals]


NO_EXCEPTIONS = Exceptions()


def compile_exceptions(entries: Sequence[Mapping[str, Any]]) -> Exceptions:
    """The member `exceptions` of a ruleset document. One that may not be made is left out: it lifts nothing."""
    of_agent: dict[str, list[Exempt]] = {}
    of_tool: dict[str, list[Exempt]] = {}
    for entry in entries:
        scope = scope_of(entry)
        try:
            scope.check()
        except ExceptionScopeError:
            continue
        one = Exempt(
            number=int(entry["number"]),
            scope=scope,
            until=datetime.fromisoformat(entry["until"]),
            covered=covering(scope.destinations),
        )
        if scope.agent_id:
            of_agent.setdefault(scope.agent_id, []).append(one)
        else:
            of_tool.setdefault(scope.tool, []).append(one)
    return Exceptions(
        of_agent=MappingProxyType({name: tuple(found) for name, found in of_agent.items()}),
        of_tool=MappingProxyType({name: tuple(found) for name, found in of_tool.items()}),
        read_classes=any(one.scope.data_classes for found in (*of_agent.values(), *of_tool.values()) for one in found),
    )


def scope_of(entry: Mapping[str, Any]) -> Scope:
    """The scope of an entry, in the form that calls are compared with."""
    return Scope(
        agent_id=str(entry.get("agent_id", "")),
        tool=str(entry.get("tool", "")).lower(),
        argument=str(entry.get("argument", "")),
        destinations=tuple(map(str, entry.get("destinations", ()))),
        data_classes=tuple(map(str, entry.get("data_classes", ()))),
        trigger_id=str(entry.get("trigger_id", "")),
        signals=tuple(map(str, entry.get("signals", ()))),
    )


def is_never_lifted(name: str) -> bool:
    """Whether no exception lifts a finding of this name, whatever it is for."""
    return name in _KEPT


def overlap(one: Scope, other: Scope) -> bool:
    """Whether some call can meet both, as far as names tell."""
    for mine, theirs in ((one.agent_id, other.agent_id), (one.tool, other.tool), (one.trigger_id, other.trigger_id)):
        if mine and theirs and mine != theirs:
            return False
    for some, others in ((one.signals, other.signals), (one.data_classes, other.data_classes)):
        if some and others and set(some).isdisjoint(others):
            return False
    paths = one.argument, other.argument
    if all(paths) and not (_under(*paths) or _under(*reversed(paths))):
        return False
    if not one.destinations or not other.destinations:
        return True
    return _covers_one(one.destinations, other.destinations) or _covers_one(other.destinations, one.destinations)


def _covers_one(wide: Iterable[str], values: Iterable[str]) -> bool:
    covered = covering(wide)
    return any(next(covered.entries_for(value), None) is not None for value in values)


def _of_tools(of_tool: Mapping[str, tuple[Exempt, ...]], tools: Iterable[str]) -> list[Exempt]:
    return [one for tool in sorted(tools) for one in of_tool.get(tool, ())]


def _lifted(signal: Signal, by: Sequence[Exempt], facts: CallFacts) -> Signal:
    if signal.fact(LIFTED_BY):
        return signal
    one = next((one for one in by if one.lifts(signal, facts)), None)
    return signal if one is None else replace(signal, facts=(*signal.facts, (LIFTED_BY, f"{EXCEPTION}{one.number}")))


def _arguments_of(signal: Signal) -> set[str]:
    """The paths of the arguments a finding is about."""
    found = {value for name, value in signal.facts if name == "argument"}
    return found or {one.path for one in signal.evidence if one.source == "argument"}


def _all_under(paths: Collection[str], wanted: str) -> bool:
    return bool(paths) and all(_under(path, wanted) for path in paths)


def _under(path: str, wanted: str) -> bool:
    return path == wanted or path.startswith((f"{wanted}[", f"{wanted}.", f"{wanted}/"))


def _all_in(values: Collection[str], wanted: Collection[str]) -> bool:
    return bool(values) and all(value in wanted for value in values)
