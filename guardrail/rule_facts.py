"""What the rules of a policy can ask of one call: `policies.expressions.vocabulary` filled in. Pure.

Only what some rule reads is computed: nothing without rules, some 5 microseconds with most.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from guardrail.case import Case
from guardrail.data_classes import carried_classes, classes_for_rules
from guardrail.destinations import argument_name, reads_all
from guardrail.named_documents import named_documents
from guardrail.text.storable import opened_json
from policies.choices import Action, Standing
from policies.exceptions import CallFacts
from policies.expressions.values import Unknown, number_of
from policies.expressions.vocabulary import WEEKDAYS
from policies.hosts import host_of
from policies.rules import Then, without_rules
from policies.signal import REMOVED, Signal

Found = Sequence[Signal]
# Plain argument names beside those that say amount; what stands there may be no number at all.
_AMOUNTS = frozenset("sum total price value cost subtotal grandtotal totalprice payment transfer refund".split())


def facts_of(case: Case, signals: Found, *, reads: Collection[str]) -> Mapping[str, Any]:
    """The fields named in `reads`, by their names; a field that nobody can tell is left out.

    Each is computed when it is asked for: most calls are none of a rule's business before a dear one is.
    """
    return _Facts(case, tuple(signals), reads)


class _Facts(Mapping[str, Any]):
    def __init__(self, case: Case, signals: Found, reads: Collection[str]) -> None:
        self._case, self._signals, self._reads = case, signals, reads
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            if name not in self._reads:
                raise KeyError(name)
            self._known[name] = _FIELDS[name](self._case, self._signals)
        if self._known[name] is None:
            raise KeyError(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._reads if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def with_rules(case: Case, signals: Found) -> list[Signal]:
    """The signals with what the policy's rules, and then the exceptions people made, make of them."""
    return _with_exceptions(case, _with_rules(case, signals))


def may_be_lifted(case: Case) -> bool:
    """Whether a rule or an exception could let pass what is found in this call."""
    lifting = any(rule.then is Then.ALLOW for rule in case.ruleset.rules.ordered)
    return lifting or case.ruleset.exceptions.may_fit(agent_id=case.call.agent_id, tools=_tools(case))


def exception_facts(case: Case, signals: Found) -> CallFacts:
    """What the exceptions look at in this call."""
    return CallFacts(
        agent_id=case.call.agent_id,
        tools=_tools(case),
        destinations=tuple(
            dict.fromkeys(target.value for target in case.targets if target.standing is not Standing.INTERNAL)
        ),
        all_read=reads_all(case.call, case.targets),
        data_classes=frozenset(carried_classes(case, signals)) if case.ruleset.exceptions.read_classes else frozenset(),
        trigger_id=case.call.trigger_id,
        at=case.past.at,
    )


def _with_exceptions(case: Case, signals: list[Signal]) -> list[Signal]:
    exceptions = case.ruleset.exceptions
    if not signals or not exceptions.may_fit(agent_id=case.call.agent_id, tools=_tools(case)):
        return signals
    profile = case.rules.profile
    stopping = {one.name for one in signals if case.ruleset.action_on(one, profile) > Action.NOTICE}
    return exceptions.applied(signals, exception_facts(case, signals), stopping=stopping)


def _tools(case: Case) -> frozenset[str]:
    return frozenset(name.lower() for name in (case.call.tool.tool_id, case.call.tool.name) if name)


def _with_rules(case: Case, signals: Found) -> list[Signal]:
    rules = case.ruleset.rules
    if not rules.ordered:
        return list(signals)
    found = without_rules(signals)
    call = case.call
    return rules.applied(
        found,
        facts_of(case, found, reads=rules.reads),
        # a caller that names no conversation is one to its user
        conversation=call.conversation_id or f"{call.agent_id}\0{call.user_id}",
        paths=tuple(argument.path for argument in call.arguments if argument.value != REMOVED),
    )


def _arguments(case: Case) -> Any:
    try:
        return opened_json(case.call.arguments_json)
    except (ValueError, RecursionError):
        # an allow rule is not met by what nobody can read, a rule that stops is
        return Unknown.UNCLEAR


def _reached(case: Case, found: Iterable[str]) -> Any:
    """Of each destination once; unclear where the call may reach one we have not read."""
    return tuple(dict.fromkeys(found)) if reads_all(case.call, case.targets) else Unknown.UNCLEAR


def _documents(case: Case) -> tuple[str, ...]:
    named = (one.name or one.place or one.document_id for one in named_documents(case.call))
    return tuple(dict.fromkeys(name.lower() for name in named))


def _amount(case: Case) -> Any:
    """The largest, so that a fee beside it hides nothing; one nobody can read where its name leaves no doubt."""
    found: Any = None
    for argument in case.call.arguments:
        name = argument_name(argument.path)
        sure = name.endswith("amount") or name.startswith("amount")
        if not sure and name not in _AMOUNTS:
            continue
        amount = number_of(argument.value)
        if isinstance(amount, Unknown):
            if sure and argument.value is not None:
                return amount
        elif found is None or abs(amount) > found:
            # what is taken back is money too
            found = abs(amount)
    return found


def _process(case: Case) -> str:
    rule = case.ruleset.agents.get(case.call.agent_id)
    return rule.process if rule else ""


_FIELDS: Mapping[str, Callable[[Case, Found], Any]] = MappingProxyType(
    {
        "agent.id": lambda case, _: case.call.agent_id,
        "agent.name": lambda case, _: case.call.agent_name,
        "agent.version": lambda case, _: case.call.agent_version,
        "agent.registered": lambda case, _: case.rules.registered,
        "agent.parent": lambda case, _: case.call.parent_agent_id,
        "process": lambda case, _: _process(case),
        "environment.id": lambda case, _: case.call.environment_id,
        "tenant.id": lambda case, _: case.call.tenant_id,
        "tool.id": lambda case, _: case.call.tool.tool_id.lower(),
        "tool.name": lambda case, _: case.call.tool.name.lower(),
        "tool.kind": lambda case, _: case.kind.value,
        "arguments": lambda case, _: _arguments(case),
        "payment.amount": lambda case, _: _amount(case),
        "user.id": lambda case, _: case.call.user_id,
        "user.signed_in": lambda case, _: bool(case.call.user_id),
        "channel.id": lambda case, _: case.call.channel_id,
        "client.ip": lambda case, _: case.call.client_ip,
        "trigger.id": lambda case, _: case.call.trigger_id,
        "event_triggered": lambda case, _: case.call.event_triggered,
        "destinations": lambda case, _: _reached(case, (target.value for target in case.targets)),
        "destination.domains": lambda case, _: _reached(case, (host_of(target.value) for target in case.targets)),
        "destination.standings": lambda case, _: _reached(case, (target.standing.value for target in case.targets)),
        "data.classes": classes_for_rules,
        "documents": lambda case, _: _documents(case),
        "signals": lambda _, signals: tuple(dict.fromkeys(signal.name for signal in signals)),
        "profile": lambda case, _: case.rules.profile.value,
        "mode": lambda case, _: case.rules.mode.value,
        "time.hour": lambda case, _: case.past.at.hour if case.past.at else None,
        "time.weekday": lambda case, _: WEEKDAYS[case.past.at.weekday()] if case.past.at else None,
        "volume.agent_hour": lambda case, _: case.past.habits.hour.calls if case.past.habits else None,
    }
)
