"""Exceptions as a policy document writes them. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from policies.destination_values import BadDestination, normal_destination
from policies.exceptions import ExceptionScopeError, Scope, scope_of

# A document says `agent` where a scope says `agent_id`.
WORDS: Mapping[str, str] = {
    "agent": "agent_id",
    "tool": "tool",
    "argument": "argument",
    "destinations": "destinations",
    "data_classes": "data_classes",
    "trigger": "trigger_id",
    "signals": "signals",
}


class BadEntry(ValueError):
    """An entry that is no exception; `member` is what is wrong in it."""

    def __init__(self, text: str, *, member: str) -> None:
        super().__init__(text)
        self.member = member


def scope_of_entry(entry: Mapping[str, Any]) -> Scope:
    """What an entry is for, as two of them are compared. Raises BadEntry."""
    plain = scope_of({WORDS[word]: value for word, value in entry.items() if word in WORDS})
    texts = {name: getattr(plain, name).strip() for name in ("agent_id", "tool", "argument", "trigger_id")}
    try:
        destinations = tuple(dict.fromkeys(map(normal_destination, plain.destinations)))
    except BadDestination as error:
        raise BadEntry(str(error), member="destinations") from None
    scope = replace(plain, **texts, destinations=destinations, signals=tuple(dict.fromkeys(plain.signals)))
    try:
        scope.check()
    except ExceptionScopeError as error:
        raise BadEntry(str(error), member=error.member) from None
    return scope


def end_of_entry(entry: Mapping[str, Any]) -> datetime:
    """Until when an entry holds; without a zone it is UTC. Raises BadEntry."""
    try:
        until = datetime.fromisoformat(entry["until"])
    except ValueError:
        told = f"`until` is `{entry['until'][:40]}`, expected e.g. `2026-12-24T18:00:00Z`"
        raise BadEntry(told, member="until") from None
    return until if until.tzinfo else until.replace(tzinfo=UTC)


def entry_of(scope: Scope, *, owner: str, reason: str, until: datetime) -> dict[str, Any]:
    """An exception as a document writes it."""
    named = {word: getattr(scope, member) for word, member in WORDS.items()}
    said = {word: list(value) if isinstance(value, tuple) else value for word, value in named.items() if value}
    return {**said, "owner": owner, "reason": reason, "until": until.astimezone(UTC).isoformat()}
