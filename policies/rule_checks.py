"""What is refused when a rule is written, although a policy that holds it compiles. Pure.

What is published must go on compiling with the next release. So what a rule says of responses and test cases, and of
other rules, is looked at where people still write it; the shape of both is in `policies/policy.schema.json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from policies.expressions import ConditionError, syntax
from policies.expressions.vocabulary import BY_NAME
from policies.restrictions import EFFECTS, Effect, Restricted
from policies.rules import IN_FORCE, WATCHED, Then

Entry = Mapping[str, Any]
_SIGNALS = "signals"
# What judging gives in lower case.
_LOWER = frozenset({"tool.id", "tool.name", "destinations", "destination.domains", "documents"})
# What an earlier moment would be in another time zone is no date of this calendar.
_YEARS = range(1970, 2200)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something wrong: the members that lead to it from the rule, and what was found and is wanted."""

    path: tuple[str | int, ...]
    text: str


def faults_of(entry: Entry) -> Iterator[Fault]:
    """What is wrong with one rule that has its shape and compiles."""
    try:
        require_sense(str(entry["when"]))
    except ConditionError as error:
        yield Fault(path=("when",), text=f"at character {error.position + 1}: {error}")
    yield from _response(entry)
    for number, test in enumerate(entry.get("tests") or ()):
        yield from _test(test, ("tests", number))


def faults_between(entries: Sequence[Entry]) -> Iterator[tuple[int, Fault]]:
    """What is wrong with rules that speak of other rules, by the place of the rule in `entries`."""
    places = {str(entry["name"]): _place(entry) for entry in entries}
    for index, entry in enumerate(entries):
        for number, name in enumerate(entry.get("lifts") or ()):
            if not name.startswith((IN_FORCE, WATCHED)):
                continue
            path = ("lifts", number)
            other = name.removeprefix(IN_FORCE)
            if other not in places:
                told = f"`{name[:80]}` is no rule of this policy, expected `{IN_FORCE}` and the name of one"
                yield index, Fault(path=path, text=told)
            elif places[other] <= _place(entry):
                who = "the rule itself" if other == entry["name"] else f"`{other}`, which is asked before it"
                told = f"it would lift {who}: a rule lifts what comes after it, expected a lower `priority` of this one"
                yield index, Fault(path=path, text=told)


def require_sense(when: str) -> None:
    """Raises ConditionError for a comparison that can never hold, whatever the call.

    That is one with what a rule says, for rules are asked before that is there, and one of a field in lower case with
    a text that is not.
    """
    for clause in _leaves(syntax.parse(when)):
        parts = list(_walk(clause))
        fields = {name for part in parts if (name := _field(part))}
        for part in parts:
            if not isinstance(part, syntax.Literal) or not isinstance(part.value, str):
                continue
            if _SIGNALS in fields and part.value.startswith((IN_FORCE, WATCHED)):
                raise ConditionError(
                    f"`{part.value[:80]}` is what a rule says, and rules are asked before it is there: the rules"
                    " would go round in a circle, expected the name of a finding",
                    position=part.start,
                )
            if fields and fields <= _LOWER and part.value != part.value.lower() and not _any_case(part, parts):
                named = " and ".join(f"`{name}`" for name in sorted(fields))
                raise ConditionError(
                    f"`{part.value[:80]}` is never there, for {named} is in lower case,"
                    f" expected `{part.value.lower()[:80]}`",
                    position=part.start,
                )


def read_moment(text: str) -> datetime:
    """A moment of a test case; without a zone it is UTC. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise ValueError(f"`at` is `{text[:40]}`, expected e.g. `2026-05-04T22:30:00Z`")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _response(entry: Entry) -> Iterator[Fault]:
    response = entry.get("response")
    responds = entry.get("then") == Then.RESPOND.value
    if responds is not bool(response):
        wanted = (
            "e.g. `{kind: session, effect: quarantine, minutes: 60}`" if responds else "it only where `then` is that"
        )
        yield Fault(path=("response",), text=f"`response` is for a rule that responds, expected {wanted}")
    if not responds or not response:
        return
    kind, effect = Restricted(response["kind"]), Effect(response["effect"])
    if effect not in EFFECTS[kind]:
        wanted = ", ".join(one.value for one in EFFECTS[kind])
        told = f"`effect` is `{effect.value}`, expected of a {kind.value} one of {wanted}"
        yield Fault(path=("response", "effect"), text=told)
    elif (effect is Effect.RATE_LIMIT) is not ("per_minute" in response):
        told = "`per_minute` belongs to the effect rate_limit, expected it there and nowhere else"
        yield Fault(path=("response", "per_minute"), text=told)


def _test(test: Entry, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if ("verdict" in test) is ("sample" in test):
        yield Fault(path=path, text="a test case has a `verdict` or a `sample`, expected one of the two")
    if "at" in test:
        try:
            read_moment(test["at"])
        except ValueError as error:
            yield Fault(path=(*path, "at"), text=str(error))


def _place(entry: Entry) -> tuple[int, str]:
    """Where in the order a rule is asked."""
    return int(entry.get("priority", 100)), str(entry["name"])


def _leaves(node: syntax.Node) -> Iterator[syntax.Node]:
    if isinstance(node, syntax.All | syntax.Either):
        for part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, syntax.Not):
        yield from _leaves(node.of)
    else:
        yield node


def _field(node: syntax.Node) -> str:
    """The field a part is, `tool.name`; empty for any other part."""
    if isinstance(node, syntax.Select) and isinstance(node.of, syntax.Name):
        name = f"{node.of.name}.{node.name}"
    else:
        name = node.name if isinstance(node, syntax.Name) else ""
    return name if name in BY_NAME else ""


def _any_case(literal: syntax.Literal, parts: Sequence[syntax.Node]) -> bool:
    """Whether it is asked of `under`, which knows domains however they are written."""
    return any(
        isinstance(part, syntax.Call) and part.function == "under" and literal in part.arguments for part in parts
    )


def _walk(node: syntax.Node) -> Iterator[syntax.Node]:
    """A part and everything in it."""
    yield node
    match node:
        case syntax.Select(of=of) | syntax.Not(of=of):
            inner: tuple[syntax.Node | None, ...] = (of,)
        case syntax.Index(of=of, key=key):
            inner = (of, key)
        case syntax.Compare(left=left, right=right):
            inner = (left, right)
        case syntax.All(parts=parts) | syntax.Either(parts=parts) | syntax.ListOf(items=parts):
            inner = parts
        case syntax.Call(of=of, arguments=arguments):
            inner = (of, *arguments)
        case _:
            inner = ()
    for part in inner:
        if part is not None:
            yield from _walk(part)
