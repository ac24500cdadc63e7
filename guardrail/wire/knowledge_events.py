"""`POST /v1/knowledge-events`: edits to documents as a change feed tells of them, one or a batch.

Strict, unlike the wires of calls: no call waits for the answer, and a feed that is told what is wrong can be mended.
docs/wire.md and /api/schema document it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from guardrail.wire import Unreadable
from guardrail.wire.json_body import read_object
from policies.document_names import LONGEST_PLACE

MOST_EVENTS = 1_000
LONGEST_TEXT = 1_000_000
OLDEST = timedelta(days=400)
# Clocks differ.
_AHEAD = timedelta(hours=1)
_LENGTHS = {
    "document_id": 500, "revision": 100, "editor": 200, "editor_id": 200, "label": 200, "name": 300,
    "url": LONGEST_PLACE, "path": LONGEST_PLACE, "tenant_id": 200, "data_class": 100,
}  # fmt: skip
_NEEDED = ("document_id", "editor", "time")
_MEMBERS = frozenset((*_LENGTHS, "time", "text"))
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One edit. `place` is the URL or path. `label` and `text` None = the feed does not say."""

    document_id: str
    editor: str
    at: datetime
    revision: str = ""
    editor_id: str = ""
    label: str | None = None
    name: str = ""
    place: str = ""
    tenant_id: str = ""
    data_class: str = ""
    text: str | None = None

    def key(self, caller_id: int) -> str:
        """The same for a resend: sha256 hex over caller, tenant, document, revision, editor and time."""
        parts = (str(caller_id), self.tenant_id, self.document_id, self.revision, self.editor, self.at.isoformat())
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What is wrong with one event; `index` counts from 0, `field` is empty where it is the event as a whole."""

    index: int
    field: str
    error: str


class _Wrong(ValueError):
    def __init__(self, field: str, error: str) -> None:
        super().__init__(error)
        self.field = field


def parse(body: bytes, *, now: datetime) -> tuple[list[Edit], list[Refused]]:
    """The edits that can be taken and what is wrong with the others. Raises Unreadable for a body that is no batch."""
    document = read_object(body)
    events = document.get("events", [document])
    if not isinstance(events, list):
        raise Unreadable("`events` is no list, expected a list of events")
    if "events" in document and len(document) > 1:
        odd = sorted(document.keys() - {"events"})[0]
        raise Unreadable(f"`{_shown(odd)}` stands beside `events`, expected it in each event")
    if not 0 < len(events) <= MOST_EVENTS:
        raise Unreadable(f"`events` has {len(events)} items, expected 1 to {MOST_EVENTS}")
    edits: list[Edit] = []
    refused: list[Refused] = []
    for index, event in enumerate(events):
        try:
            edits.append(_edit(event, now=now))
        except _Wrong as error:
            refused.append(Refused(index=index, field=error.field, error=str(error)))
    return edits, refused


def _edit(event: Any, *, now: datetime) -> Edit:
    if not isinstance(event, dict):
        raise _Wrong("", f"the event is `{type(event).__name__}`, expected an object")
    unknown = sorted(event.keys() - _MEMBERS)
    if unknown:
        raise _Wrong(unknown[0][:60], f"`{_shown(unknown[0])}` is not known, expected one of: {_list(_MEMBERS)}")
    for name in _NEEDED:
        if event.get(name) in (None, ""):
            raise _Wrong(name, f"`{name}` is missing")
    fields = {name: _text(event, name, limit) for name, limit in _LENGTHS.items()}
    if fields["url"] and fields["path"]:
        raise _Wrong("path", "`url` and `path` are both given, expected one of them")
    return Edit(
        document_id=fields["document_id"],
        editor=fields["editor"],
        at=_moment(event["time"], now=now),
        revision=fields["revision"],
        editor_id=fields["editor_id"],
        label=None if event.get("label") is None else fields["label"],
        name=fields["name"],
        place=fields["url"] or fields["path"],
        tenant_id=fields["tenant_id"],
        data_class=fields["data_class"],
        text=_body(event),
    )


def _text(event: Mapping[str, Any], name: str, limit: int) -> str:
    value = event.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and name in ("revision", "document_id"):
        value = str(value)
    if not isinstance(value, str):
        raise _Wrong(name, f"`{name}` is `{type(value).__name__}`, expected text")
    value = value.strip()
    if len(value) > limit:
        raise _Wrong(name, f"`{name}` has {len(value)} characters, expected at most {limit}")
    if _UNSEEN.search(value):
        raise _Wrong(name, f"`{name}` holds a character nobody can see, expected plain text")
    if name in _NEEDED and not value:
        raise _Wrong(name, f"`{name}` is blank")
    return value


def _body(event: Mapping[str, Any]) -> str | None:
    text = event.get("text")
    if text is not None and not isinstance(text, str):
        raise _Wrong("text", f"`text` is `{type(text).__name__}`, expected text")
    if text is not None and len(text) > LONGEST_TEXT:
        raise _Wrong("text", f"`text` has {len(text)} characters, expected at most {LONGEST_TEXT}; leave it out")
    return text


def _moment(value: Any, *, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _Wrong("time", "`time` is no moment with an offset, expected e.g. `2026-11-22T09:30:00Z`")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise _Wrong("time", "`time` is outside of what can be kept") from None
    if moment > now + _AHEAD:
        raise _Wrong("time", f"`time` is {moment:%Y-%m-%d %H:%M} UTC, which has not come yet")
    if moment < now - OLDEST:
        raise _Wrong("time", f"`time` is {moment:%Y-%m-%d}, expected one of the last {OLDEST.days} days")
    return moment


def _list(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _shown(name: str) -> str:
    return "".join(letter for letter in name[:60] if letter.isprintable() and letter != "`")
