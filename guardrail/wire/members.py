"""Reads single members of a caller's JSON: absent, null and ill-typed ones all come back as something usable."""

import hashlib
import json
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from guardrail.invocation import Message, Passage, ToolOutput
from guardrail.text.passages import Opening, cut_passages

T = TypeVar("T")
_NEVER = datetime.min.replace(tzinfo=UTC)
# Ours, and the same for every stop: nothing that was matched is quoted, so no attacker learns from it.
REFUSAL_MARKER = "Stopped by Guardrail. Reference "


def text_of(value: Any) -> str:
    """A string for an id or a name: numbers are written out, anything else but a string is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, int | float) else ""


def object_of(value: Any) -> dict[str, Any]:
    """`value` when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """`value` when it is a list, the value alone when it is something else, nothing for null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def moment_of(value: Any) -> datetime | None:
    """An aware UTC moment from ISO 8601 (up to 7 fractional digits) or epoch seconds or milliseconds, else None."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def address_of(value: Any) -> str:
    """A client address; an IPv4 address mapped into IPv6 comes back as IPv4."""
    raw = text_of(value)
    return _known_address(raw) if len(raw) <= _LONGEST_ADDRESS else raw


# an address with a zone of its own; what is longer is none
_LONGEST_ADDRESS = 100


# a client makes call after call, and to read an address takes longer than all other members
@lru_cache(maxsize=4_096)
def _known_address(raw: str) -> str:
    try:
        address = ip_address(raw)
    except ValueError:
        return raw
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def canonical(value: Any) -> str:
    """The canonical JSON of `value`: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def step_key(*parts: str) -> str:
    """The key a repeated delivery of the same step shares: sha256 hex over the parts."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def output_of(*, tool_id: str, tool_name: str, value: Any, at: datetime | None, opening: Opening) -> ToolOutput:
    """A tool output with its passages and the digest of its content."""
    passages = cut_passages(value, opening)
    sealed = hashlib.sha256()
    for passage in passages:
        sealed.update(passage.path.encode("utf-8", "surrogatepass") + b"\x1f")
        sealed.update(passage.text.encode("utf-8", "surrogatepass") + b"\x1e")
    return ToolOutput(tool_id=tool_id, tool_name=tool_name, passages=passages, digest=sealed.hexdigest(), at=at)


def without_refusals(messages: list[Message]) -> tuple[tuple[Message, ...], int]:
    """The messages with our own block text cut out of the assistant's turns, and how many held one.

    Only the marker and its reference go: an attacker who makes the assistant repeat the marker hides nothing else.
    """
    kept: list[Message] = []
    refusals = 0
    for message in messages:
        if message.role == "user" or not any(REFUSAL_MARKER in passage.text for passage in message.passages):
            kept.append(message)
            continue
        refusals += 1
        masked = (Passage(path=p.path, text=_without_marker(p.text)) for p in message.passages)
        kept.append(Message(role=message.role, passages=tuple(p for p in masked if p.text.strip()), at=message.at))
    return tuple(kept), refusals


def _without_marker(text: str) -> str:
    before, *rest = text.split(REFUSAL_MARKER)
    return before + "".join(part.lstrip("0123456789abcdef-").removeprefix(".") for part in rest)


def oldest_first(items: list[T], moments: list[datetime | None], *, newest_first_by_default: bool) -> list[T]:
    """The items in time order. The wires disagree on direction, so the timestamps decide where there are any."""
    known = [moment for moment in moments if moment is not None]
    newest_first = known[0] > known[-1] if known and known[0] != known[-1] else newest_first_by_default
    pairs = list(zip(moments, items, strict=True))
    if newest_first:
        pairs.reverse()
    if len(known) == len(pairs):
        pairs.sort(key=lambda pair: pair[0] or _NEVER)
    return [item for _, item in pairs]
