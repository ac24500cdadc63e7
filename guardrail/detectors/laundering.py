"""Claim: this call goes to a destination that an agent stored in another conversation, from a text nobody vouched for.

Or it deletes, runs, shares or pays what an order from outside is about that an agent stored so. Where either stands now
it looks like the organisation's own record. Held where it took the place of another value in a
record; where it came with a new record, as a lead or a customer does, it is only noted. Whoever wrote to us is
answered, and a person who names a destination, or lets a call to it pass once, vouches for it.
Cannot see: what was stored by hand, by a system nobody asks us about, or more than 30 days ago; a name or a fact.
"""

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.destinations import Target
from guardrail.invocation import Entered
from policies.ruleset import Standing, ToolKind
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "laundering"

_GIVING = frozenset((ToolKind.SEND, ToolKind.SHARE, ToolKind.PAY))


def detect(case: Case) -> list[Signal]:
    """At most one signal, for a destination a record was changed to before one a new record has."""
    ordered = _ordered(case)
    if ordered or not case.past.entered or case.kind not in _GIVING:
        return ordered
    entered = {entry.destination: entry for entry in case.past.entered}
    found = [
        (target, entered[target.value])
        for target in case.targets
        if target.value in entered
        and target.named
        and target.standing is Standing.UNKNOWN
        and not _is_vouched(target, case)
    ]
    found.sort(key=lambda pair: not pair[1].changed)
    return [_signal(*found[0], case)] if found else []


def _ordered(case: Case) -> list[Signal]:
    """At most one signal, for the first thing that no person names."""
    entry = next((one for one in case.past.ordered if stands_in(one.destination, case.user.lower) < 0), None)
    if entry is None:
        return []
    who = "this agent" if entry.by_this_agent else "another agent"
    places = (a.path for a in case.call.arguments if isinstance(a.value, str) and entry.destination in a.value.lower())
    argument = next(places, "")
    return [
        Signal(
            name="laundered_order",
            severity=Severity.HIGH,
            reason=(
                f"Somebody outside asked for something with `{entry.destination}`, and {who} stored that on "
                f"{entry.at:%d %b %Y}: where it stands now it looks like our own, and no person has named it since."
            ),
            evidence=(Evidence(source="argument", path=argument, quote=entry.destination[:500], mark=Mark.VALUE),),
            facts=(("argument", argument), ("tool_kind", case.kind.value), ("call", entry.call)),
        )
    ]


def _is_vouched(target: Target, case: Case) -> bool:
    """A person names it, or it is who wrote what is being answered."""
    if stands_in(target.value, case.user.lower) >= 0:
        return True
    authors = (author for source in case.sources for author in source.reading.authors)
    return any(target.value in author.author.lower() for author in authors if author.author)


def _signal(target: Target, entry: Entered, case: Case) -> Signal:
    who = "this agent" if entry.by_this_agent else "another agent"
    how = "put in the place of what a record had" if entry.changed else "stored"
    return Signal(
        name="laundered_destination" if entry.changed else "laundered_destination_noted",
        severity=Severity.HIGH if entry.changed else Severity.LOW,
        reason=(
            f"{target.value} was {how} by {who} on {entry.at:%d %b %Y}, from a text nobody vouched for, and no person "
            "has named it since."
        ),
        evidence=(Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE),),
        facts=(
            ("destination", target.value),
            ("destination_standing", target.standing.value),
            ("argument", target.argument),
            ("tool_kind", case.kind.value),
            ("call", entry.call),
        ),
    )
