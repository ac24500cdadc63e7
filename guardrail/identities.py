"""What recorded calls say about their agents: version, publication, parent, channel, who calls, what is read.

Read from the transcripts of a few calls of each batch: the verdict has no column for it, and it hardly ever changes.
One query; a body is decoded only as far as its metadata, about 1 ms for a megabyte.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from guardrail.models import Transcript
from guardrail.packing import NotOpened, unpack
from guardrail.text.storable import storable_text
from guardrail.wire import copilot_studio, evaluate
from policies.services.drift import Access, Identity

# Larger bodies are left out: the next call of the agent will be smaller, or the one after.
_MOST_BYTES = 1_000_000
# Of all bodies of one batch; a flood of new agents is learnt from over several batches.
_MOST_IN_ALL = 20_000_000
_MOST_SOURCES = 20
# Below a host, what names a source of knowledge: `/sites/hr` of a document in it.
_FOLDERS = 2


class _Body(msgspec.Struct):
    conversation_metadata: Any = msgspec.field(name="conversationMetadata", default=None)
    agent: Any = None
    trigger: Any = None


_read_body = msgspec.json.Decoder(_Body).decode


def load_identities(rows: Sequence[Mapping[str, Any]]) -> list[Identity]:
    """One for each agent, and another where both people who signed in and others call; the newest of each."""
    newest: dict[tuple[str, bool], Mapping[str, Any]] = {}
    for row in rows:
        if row["agent_id"]:
            newest[row["agent_id"], bool(row["user_id"])] = row
    bodies = dict(_load_bodies([row["id"] for row in newest.values()]))
    channels, sources = _by_agent(rows)
    return [
        identity
        for row in newest.values()
        if (body := bodies.get(row["id"])) is not None
        for identity in [_identity(row, body, channels[row["agent_id"]], sources[row["agent_id"]])]
    ]


def _by_agent(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """All channels and sources of knowledge of each agent."""
    channels: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for row in rows:
        mine = channels.setdefault(row["agent_id"], [])
        if row["channel_id"] and row["channel_id"] not in mine:
            mine.append(row["channel_id"])
        read = sources.setdefault(row["agent_id"], [])
        for document in row["documents"] or ():
            source = source_of(str(document.get("place", "")))
            if source and source not in read and len(read) < _MOST_SOURCES:
                read.append(source)
    return channels, sources


def source_of(place: str) -> str:
    """Where a document lies, as a source of knowledge: host and first folders of its address; empty for a mere path."""
    try:
        parts = urlsplit(place)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if not host:
        return ""
    folders = [folder for folder in parts.path.split("/") if folder][:-1][:_FOLDERS]
    return "/".join((host, *folders)).lower()[:300]


def _load_bodies(ids: Sequence[uuid.UUID]) -> Iterator[tuple[uuid.UUID, _Body]]:
    wanted = Transcript.objects.filter(pk__in=ids, body_bytes__lte=_MOST_BYTES)
    left = _MOST_IN_ALL
    for pk, packed, size in wanted.values_list("pk", "body_zstd", "body_bytes"):
        left -= size
        if left < 0:
            return
        try:
            yield pk, _read_body(unpack(bytes(packed), verdict_id=pk, most_bytes=_MOST_BYTES))
        except (msgspec.MsgspecError, NotOpened, UnicodeDecodeError, RecursionError):
            # it was answered as unreadable or does not open, and says nothing
            continue


def _identity(row: Mapping[str, Any], body: _Body, channels: Sequence[str], sources: Sequence[str]) -> Identity:
    agent, parent, trigger = _members(row["wire"], body)
    version, published = agent.get("version"), agent.get("isPublished")
    if row["user_id"]:
        access = Access.SIGNED_IN
    else:
        access = (
            Access.TRIGGERED
            if trigger.get("id") or trigger.get("schemaName") or trigger.get("type")
            else Access.ANONYMOUS
        )
    return Identity(
        agent_id=row["agent_id"],
        at=row["received_at"],
        verdict_id=row["id"],
        version=_text(version, 100),
        published=published if isinstance(published, bool) else None,
        parent=_text(parent, 200),
        channels=tuple(channels),
        knowledge=tuple(sources),
        access=access,
    )


def _members(wire: str, body: _Body) -> tuple[Mapping[str, Any], Any, Mapping[str, Any]]:
    """(agent, id of its parent, trigger) where each wire has them."""
    if wire == copilot_studio.NAME:
        meta = _object(body.conversation_metadata)
        return _object(meta.get("agent")), meta.get("parentAgentComponentId"), _object(meta.get("trigger"))
    agent = _object(body.agent) if wire == evaluate.NAME else {}
    return agent, agent.get("parent_id"), _object(body.trigger)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, longest: int) -> str:
    return storable_text(value)[:longest] if isinstance(value, str) else ""
