"""Takes out of a call's arguments what policy would not let pass, and judges what is left. Pure.

The arguments stay JSON of the same shape: a text stays a text, a list a list; a number that has to go is null. A call
of which nothing sensible is left, or that does not pass its own judging, is stopped instead.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guardrail.destinations import targets_of
from guardrail.invocation import Invocation
from guardrail.judge import Judgement
from guardrail.text.passages import MAX_DEPTH, cut_arguments
from guardrail.wire.members import canonical
from policies.decision import Decision
from policies.ruleset import Action, Mode, Ruleset, ToolKind
from policies.signal import REMOVED, Redaction


class Unmendable(ValueError):
    """Why nothing can be taken out of these arguments; the message is for people."""


def modify(
    call: Invocation,
    judgement: Judgement,
    ruleset: Ruleset,
    *,
    arguments: Any,
    judge_again: Callable[[Invocation], Judgement],
) -> Judgement:
    """The judgement on `call`, whose `arguments` are as they came, where it says modify: what is left must pass."""
    decision = judgement.decision
    if decision.would_have is not Action.MODIFY:
        return judgement
    try:
        left = redacted(arguments, decision.redactions)
        smaller = replace(call, arguments=cut_arguments(left), arguments_json=canonical(left))
        _require_sense(call, smaller, ruleset, judgement.tool_kind)
        again = judge_again(smaller).decision
        if again.would_have >= Action.MODIFY:
            cause = again.deciding.reason if again.deciding else again.reason
            raise Unmendable(f"what was left did not pass either: {cause}")
    except Unmendable as error:
        return stopped(judgement, why=str(error))
    return replace(judgement, modified_arguments=left)


def stopped(judgement: Judgement, *, why: str) -> Judgement:
    """The judgement with a block where it said modify."""
    decision = judgement.decision
    if decision.would_have is not Action.MODIFY:
        return judgement
    return replace(judgement, decision=_blocked(decision, why))


def _blocked(decision: Decision, why: str) -> Decision:
    action = decision.action if decision.mode is Mode.MONITOR else Action.BLOCK
    return replace(
        decision,
        action=action,
        would_have=Action.BLOCK,
        reason=f"{decision.reason} It was not sent without that: {why}",
        redactions=(),
    )


def redacted(arguments: Any, redactions: Sequence[Redaction]) -> Any:
    """`arguments` without what `redactions` name. Raises when one of them names no single text or number."""
    parts: dict[str, list[Redaction]] = {}
    for redaction in redactions:
        parts.setdefault(redaction.argument, []).append(redaction)
    met: dict[str, int] = {}
    left = _without(arguments, parts, met, path="", depth=0)
    if set(met) != set(parts) or any(count > 1 for count in met.values()):
        raise Unmendable("the place of what would have to go cannot be told for sure.")
    return None if left is _GONE else left


_GONE = object()


def _without(value: Any, parts: Mapping[str, list[Redaction]], met: dict[str, int], *, path: str, depth: int) -> Any:
    if isinstance(value, dict | list) and depth >= MAX_DEPTH:
        return value
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            inner = f"{path}.{key}" if path else str(key)
            left = _without(item, parts, met, path=inner, depth=depth + 1)
            found[key] = "" if left is _GONE else left
        return found
    if isinstance(value, list):
        items = [_without(item, parts, met, path=f"{path}[{i}]", depth=depth + 1) for i, item in enumerate(value)]
        return [
            left for item, left in zip(value, items, strict=True) if left is not _GONE and not _is_hollow(item, left)
        ]
    if path not in parts:
        return value
    met[path] = met.get(path, 0) + 1
    return _scalar_without(value, parts[path])


def _is_hollow(item: Any, left: Any) -> bool:
    """An object of a list that says nothing any more, e.g. an attachment without its name."""
    return isinstance(left, dict) and left != item and not any(left.values())


def _scalar_without(value: Any, redactions: Sequence[Redaction]) -> Any:
    if not isinstance(value, str):
        return None
    was_json = _is_json(value)
    text = value
    for start, end, instead in reversed(_merged(redactions, len(value))):
        text = text[:start] + instead + text[end:]
    if was_json and not _is_json(text):
        raise Unmendable("the JSON in an argument would be broken.")
    return text if text.strip(" ,;") or REMOVED in text else _GONE


def _merged(redactions: Sequence[Redaction], length: int) -> list[tuple[int, int, str]]:
    """The stretches in order, those that overlap as one: two findings in one place leave one mark."""
    found: list[tuple[int, int, str]] = []
    for part in sorted(redactions, key=lambda part: part.start):
        start, end = max(0, part.start), length if part.end is None else min(part.end, length)
        if start >= end:
            continue
        if found and start < found[-1][1]:
            near, far, instead = found[-1]
            found[-1] = (near, max(far, end), instead or part.instead)
        else:
            found.append((start, end, part.instead))
    return found


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _require_sense(call: Invocation, smaller: Invocation, ruleset: Ruleset, kind: ToolKind) -> None:
    """A call that was for somebody or some place must still be, and an argument may not be gone but for the mark."""
    before = [target for target in targets_of(call, ruleset, kind) if target.named]
    after = [
        target for target in targets_of(smaller, ruleset, kind) if target.named and REMOVED.lower() not in target.value
    ]
    if before and not after:
        raise Unmendable("nobody and nothing it is for would be left.")
    if smaller.arguments_json == call.arguments_json:
        raise Unmendable("nothing could be taken out.")
