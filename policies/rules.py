"""The rules an admin writes: conditions on a call, what is done where they hold, and which findings they lift. Pure."""

import enum
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from policies.expressions import Condition, ConditionError, Truth, compile_condition, syntax
from policies.expressions.values import Facts
from policies.restrictions import ACTIONS
from policies.signal import Redaction, Severity, Signal

# A rule in force is the signal `rule.<name>`, one that is only watched `rule_watched.<name>`.
IN_FORCE = "rule."
WATCHED = "rule_watched."
# The fact of a lifted signal: by what. It stays in the record and counts as a notice.
LIFTED_BY = "lifted_by"
# Somebody's word on this very agent, document or destination: no rule and no exception speaks louder.
NEVER_LIFTED = frozenset({*ACTIONS, "destination_confirmed_malicious"})
MAX_RULES = 500
# With `rule_watched.` before it a name must fit where verdicts keep the name of a signal: 60 characters.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LONGEST = {"title": 200, "explanation": 1_000}


class Then(enum.Enum):
    """What a rule wants done with a call that meets its condition. `respond` restricts as a response rule does."""

    ALLOW = "allow"
    NOTICE = "notice"
    MODIFY = "modify"
    HOLD = "hold"
    BLOCK = "block"
    RESPOND = "respond"


class Stage(enum.Enum):
    """How far a rule is rolled out: CANARY holds for a share of the conversations and watches the others."""

    OFF = "off"
    MONITOR = "monitor"
    CANARY = "canary"
    ENFORCE = "enforce"


# `ask` is the word of those who call us by our own API; towards every caller it is a hold.
_THEN = {**{then.value: then for then in Then}, "ask": Then.HOLD}
_STOPS = (Then.MODIFY, Then.HOLD, Then.BLOCK)
# The action on the signal of a rule in force; those that are not here are noticed.
_ACTION = {Then.ALLOW: "allow", Then.MODIFY: "modify", Then.HOLD: "hold", Then.BLOCK: "block"}


class RuleError(ValueError):
    """A rule that cannot be compiled. `member` is the one that is wrong, `position` an offset in its text."""

    def __init__(self, message: str, *, member: str, position: int = 0) -> None:
        super().__init__(message)
        self.member, self.position = member, position


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. Lower `priority` first; `lifts` empty = all that may be lifted; `modify` are paths of arguments."""

    name: str
    title: str
    condition: Condition
    then: Then
    priority: int = 100
    stage: Stage = Stage.ENFORCE
    canary_percent: int = 100
    severity: Severity = Severity.MEDIUM
    explanation: str = ""
    lifts: frozenset[str] = frozenset()
    modify: tuple[str, ...] = ()

    def holds(self, facts: Facts, known: dict[str, Any] | None = None) -> bool:
        """Whether the condition is met. What nobody can read meets one that stops, and none that lets through.

        `known` is what conditions of other rules found of the same facts, see `Condition.truth`.
        """
        truth = self.condition.truth(facts, known)
        return truth is Truth.TRUE or (truth is Truth.UNCLEAR and self.then in _STOPS)

    def in_force(self, conversation: str) -> bool:
        """Whether it is more than watched for this conversation: always the same for the same one."""
        if self.stage is Stage.CANARY:
            digest = hashlib.blake2b(f"{self.name}\0{conversation}".encode("utf-8", "replace"), digest_size=4).digest()
            return int.from_bytes(digest) % 100 < self.canary_percent
        return self.stage is Stage.ENFORCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """All rules but those that are off, in the order they are asked. `reads` are the facts they need."""

    ordered: tuple[Rule, ...] = ()
    reads: frozenset[str] = frozenset()

    def applied(
        self, signals: Sequence[Signal], facts: Facts, *, conversation: str, paths: Sequence[str] = ()
    ) -> list[Signal]:
        """The signals with those of the rules that hold, and with what an allow rule lifts marked so.

        An allow rule lifts what detectors found and the rules after it, never those before it. `paths` are those of
        the call's arguments that can be blanked; a rule that finds none to blank has nothing to say.
        """
        found = list(signals)
        lifting: list[Rule] = []
        # rules begin alike, `tool.kind == 'send' && …`: what one has found, 500 need not find again
        known: dict[str, Any] = {}
        for rule in self.ordered:
            if not rule.holds(facts, known):
                continue
            blanked = [path for path in paths if _under(path, rule.modify)]
            if rule.then is Then.MODIFY and not blanked:
                continue
            in_force = rule.in_force(conversation)
            found.append(_lifted(_signal(rule, facts, in_force=in_force, blanked=blanked), lifting))
            if in_force and rule.then is Then.ALLOW:
                lifting.append(rule)
                count = len(signals)
                found[:count] = [_lifted(signal, [rule]) for signal in found[:count]]
        return found


NO_RULES = Rules()


def compile_rules(entries: Sequence[Mapping[str, Any]]) -> Rules:
    """The member `rules` of a ruleset document. Raises RuleError."""
    if len(entries) > MAX_RULES:
        raise RuleError(f"there are {len(entries)} rules, expected at most {MAX_RULES}", member="name")
    rules: dict[str, Rule] = {}
    for entry in entries:
        rule = compile_rule(entry)
        if rule.name in rules:
            raise RuleError(f"two rules are named `{rule.name}`, expected one", member="name")
        rules[rule.name] = rule
    asked = [rule for rule in rules.values() if rule.stage is not Stage.OFF]
    return Rules(
        ordered=tuple(sorted(asked, key=lambda rule: (rule.priority, rule.name))),
        reads=frozenset(name for rule in asked for name in rule.condition.reads),
    )


def compile_rule(entry: Mapping[str, Any]) -> Rule:
    """One rule of a ruleset document. Raises RuleError."""
    name = _text(entry, "name")
    if not _NAME.fullmatch(name):
        raise RuleError(
            f"the name is `{name[:80]}`, expected lower case letters, digits and dashes, at most 40", member="name"
        )
    then = _choice(_THEN, entry.get("then"), "then")
    stage = _choice({stage.value: stage for stage in Stage}, entry.get("stage", "enforce"), "stage")
    try:
        condition = compile_condition(_text(entry, "when"))
    except ConditionError as error:
        raise RuleError(str(error), member="when", position=error.position) from error
    if then is Then.ALLOW:
        _require_reached(condition)
    modify = _texts(entry, "modify")
    if (then is Then.MODIFY) != bool(modify):
        raise RuleError("`modify` names the arguments to blank where `then` is modify, and only there", member="modify")
    lifts = frozenset(_texts(entry, "lifts"))
    if lifts and then is not Then.ALLOW:
        raise RuleError(f"`lifts` is for rules that allow, and `then` is {then.value}", member="lifts")
    if kept := sorted(lifts & NEVER_LIFTED):
        raise RuleError(f"`{kept[0]}` is never lifted, expected another signal", member="lifts")
    severities = {severity.name.lower(): severity for severity in Severity}
    return Rule(
        name=name,
        title=_text(entry, "title") or name,
        condition=condition,
        then=then,
        priority=_number(entry, "priority", otherwise=100, most=10_000),
        stage=stage,
        canary_percent=_number(entry, "canary_percent", otherwise=10, most=100),
        severity=_choice(severities, entry.get("severity", "medium"), "severity"),
        explanation=_text(entry, "explanation"),
        lifts=lifts,
        modify=modify,
    )


def _require_reached(condition: Condition) -> None:
    """Refuse an allow rule that a call meets by reaching nowhere: that may be an address nobody could read."""
    asked: dict[str, list[syntax.Node]] = {"all": [], "some": []}
    _look_for(condition.tree, asked, negated=False)
    for node in asked["all"]:
        text = syntax.source_of(node, condition.text)
        if not any(syntax.source_of(one, condition.text) == text for one in asked["some"]):
            raise RuleError(
                f"a call that reaches nowhere meets it too, expected `size({text}) > 0 &&` in front of it",
                member="when",
                position=node.start,
            )


def _look_for(node: syntax.Node, asked: dict[str, list[syntax.Node]], *, negated: bool) -> None:
    """What lists of destinations a condition asks all, and of which it makes sure that they have an item."""
    match node:
        case syntax.Not(of=of):
            _look_for(of, asked, negated=not negated)
        case syntax.All(parts=parts) | syntax.Either(parts=parts):
            for part in parts:
                _look_for(part, asked, negated=negated)
        case syntax.Compare(operator=operator, left=left, right=right):
            if operator == "in" and _is_reached(right):
                asked["all" if negated else "some"].append(right)
            for side in (left, right):
                if isinstance(side, syntax.Call) and side.function == "size" and operator in (">", ">=", "=="):
                    asked["some"].extend(one for one in (*side.arguments, side.of) if one and _is_reached(one))
        case syntax.Call(of=of, function=function) if of is not None and _is_reached(of):
            # `all` of none is true, and so is not `exists`
            asked["all" if (function == "all") is not negated else "some"].append(of)


def _is_reached(node: syntax.Node) -> bool:
    match node:
        case syntax.Name(name="destinations"):
            return True
        case syntax.Select(of=syntax.Name(name="destination")):
            return True
    return False


def actions_of(rules: Rules) -> Mapping[str, Mapping[str, str]]:
    """What is done on the signal of each rule in force, as the member `actions` of a ruleset document says it."""
    return MappingProxyType(
        {
            f"{IN_FORCE}{rule.name}": dict.fromkeys(("strict", "cautious"), _ACTION.get(rule.then, "notice"))
            for rule in rules.ordered
        }
    )


def without_rules(signals: Iterable[Signal]) -> list[Signal]:
    """What was found before any rule was asked."""
    found = [signal for signal in signals if not signal.name.startswith((IN_FORCE, WATCHED))]
    return [
        replace(signal, facts=tuple(fact for fact in signal.facts if fact[0] != LIFTED_BY))
        if signal.fact(LIFTED_BY).startswith(IN_FORCE)
        else signal
        for signal in found
    ]


def _lifted(signal: Signal, by: Sequence[Rule]) -> Signal:
    if signal.name in NEVER_LIFTED or signal.name.startswith(WATCHED) or signal.fact(LIFTED_BY):
        return signal
    rule = next((rule for rule in by if not rule.lifts or signal.name in rule.lifts), None)
    return signal if rule is None else replace(signal, facts=(*signal.facts, (LIFTED_BY, f"{IN_FORCE}{rule.name}")))


def _signal(rule: Rule, facts: Facts, *, in_force: bool, blanked: Sequence[str]) -> Signal:
    clauses = rule.condition.explain(facts)
    telling = [clause for clause in clauses if clause.truth in (Truth.TRUE, Truth.UNCLEAR) and clause.found]
    met = "; ".join(dict.fromkeys(clause.found for clause in telling))[:500]
    would = "" if in_force else f" It is only watched and would {rule.then.value}."
    said = rule.explanation or f"The rule “{rule.title}” is met."
    return Signal(
        name=f"{IN_FORCE if in_force else WATCHED}{rule.name}",
        severity=rule.severity if rule.then is not Then.ALLOW else Severity.LOW,
        reason=f"{said} ({met}){would}" if met else f"{said}{would}",
        facts=(
            ("rule", rule.name),
            ("rule_title", rule.title),
            ("rule_then", rule.then.value),
            *(("clause", f"{clause.text[:200]}: {clause.truth.value}, {clause.found}"[:500]) for clause in clauses),
        ),
        redactions=tuple(Redaction(argument=path) for path in blanked),
    )


def _under(path: str, wanted: Sequence[str]) -> bool:
    return any(path == one or path.startswith((f"{one}[", f"{one}.", f"{one}/")) for one in wanted)


def _text(entry: Mapping[str, Any], member: str) -> str:
    value = entry.get(member, "")
    longest = _LONGEST.get(member, 5_000)
    if not isinstance(value, str) or len(value) > longest:
        raise RuleError(f"`{member}` is not a text of at most {longest} characters", member=member)
    return value.strip()


def _texts(entry: Mapping[str, Any], member: str) -> tuple[str, ...]:
    value = entry.get(member) or []
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        raise RuleError(f"`{member}` is not a list of texts", member=member)
    return tuple(item.strip() for item in value)


def _number(entry: Mapping[str, Any], member: str, *, otherwise: int, most: int) -> int:
    value = entry.get(member, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise RuleError(f"`{member}` is `{str(value)[:40]}`, expected a number from 0 to {most}", member=member)
    return value


def _choice(choices: Mapping[str, Any], value: Any, member: str) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise RuleError(f"`{member}` is `{str(value)[:40]}`, expected one of {', '.join(choices)}", member=member)
    return choices[value]
