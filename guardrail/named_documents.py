"""Which documents the outputs of a call are from, as the fields of their records say. Pure.

Kept with the verdict, so that an edit can be joined to the calls that read the document, whatever became of them.
Reads no prose: about 1 microsecond a field, nothing for an output that was read before.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from guardrail.invocation import Invocation, ToolOutput
from policies.document_names import LONGEST_PLACE

MOST_DOCUMENTS = 20
_MOST_RECORDS = 500
_MOST_CACHED = 4_000
_LONGEST_PATH = 300
_ID = frozenset("id documentid docid fileid itemid driveitemid uniqueid listitemuniqueid pageid contentid".split())
_PLACE = frozenset(
    "weburl url uri link webpageurl documenturl fileurl sourceurl permalink path filepath fullpath sourcepath source "
    "serverrelativeurl fileref webpage".split()
)
_NAME = frozenset("filename name title documentname displayname sourcename file document".split())
_EDITOR = frozenset(
    "lastmodifiedby modifiedby editor editedby lasteditedby updatedby lastupdatedby changedby lasteditor".split()
)
_REVISION = frozenset("revision revisionid version versionid versionlabel rev".split())
# Objects inside of a record that are the document, or are around it, not something beside it.
_IS_IT = frozenset(
    "document file item resource page source driveitem metadata fields listitem result body value data output response "
    "content payload d".split()
)
_LOOKS_LIKE_PLACE = re.compile(r"://|[/\\]|\.\w{1,8}$")
_FILE = re.compile(r"\.\w{2,5}$")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_LENGTHS = {"document_id": 500, "place": LONGEST_PLACE, "name": 300, "editor": 200, "revision": 80}


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDocument:
    """One document. `source` as in Evidence, `record` the path of its record there (`results[0]`) or empty."""

    source: str
    record: str = ""
    document_id: str = ""
    place: str = ""
    name: str = ""
    editor: str = ""
    revision: str = ""


_lock = threading.Lock()
_cache: OrderedDict[str, tuple[NamedDocument, ...]] = OrderedDict()


def named_documents(call: Invocation) -> tuple[NamedDocument, ...]:
    """The documents of the call's outputs, newest output first, each once, at most MOST_DOCUMENTS."""
    found: list[NamedDocument] = []
    seen = set()
    for index in range(len(call.outputs) - 1, -1, -1):
        for document in _of_output(call.outputs[index]):
            same = (document.document_id, document.place, document.name)
            if same not in seen:
                seen.add(same)
                found.append(replace(document, source=f"output:{index}"))
            if len(found) >= MOST_DOCUMENTS:
                return tuple(found)
    return tuple(found)


def _of_output(output: ToolOutput) -> tuple[NamedDocument, ...]:
    known = _cache.get(output.digest) if output.digest else None
    if known is not None:
        return known
    found = tuple(_read(output))[:MOST_DOCUMENTS]
    if output.digest:
        with _lock:
            _cache[output.digest] = found
            while len(_cache) > _MOST_CACHED:
                _cache.popitem(last=False)
    return found


def _read(output: ToolOutput) -> Iterator[NamedDocument]:
    records: dict[str, dict[str, str]] = {}
    for passage in output.passages:
        if not passage.text or len(passage.text) > LONGEST_PLACE or len(passage.path) > _LONGEST_PATH:
            continue
        place, bracket, rest = passage.path.rpartition("]")
        member = _member(rest.lstrip("."))
        if member is None:
            continue
        what, depth = member
        value = passage.text.strip()[: _LENGTHS[what]]
        if what == "place" and not _LOOKS_LIKE_PLACE.search(value):
            what = "name"
        fields = records.setdefault(place + bracket, {}) if len(records) < _MOST_RECORDS else {}
        # an address beats a name, and a field of the record itself one inside of it
        if value and (what not in fields or (what == "editor" and "@" in value and "@" not in fields[what])):
            if depth and what in ("document_id", "name") and "place" not in fields and what in fields:
                continue
            fields[what] = value
    for record, fields in records.items():
        known = "place" in fields or _FILE.search(fields.get("name", ""))
        if known or ("document_id" in fields and ("editor" in fields or "revision" in fields)):
            yield NamedDocument(source="", record=record, **fields)


@lru_cache(maxsize=4096)
def _member(rest: str) -> tuple[str, int] | None:
    """What the field at the end of a path inside of a record tells of the document, and how deep it is."""
    parts = [_NOT_ALNUM.sub("", part.lower()) for part in rest.split(".") if part]
    if not parts:
        return None
    if any(part in _EDITOR for part in parts):
        return "editor", len(parts) - 1
    inside = parts[:-1]
    if len(inside) > 3 or not _IS_IT.issuperset(inside):
        return None
    last = parts[-1]
    for names, what in ((_ID, "document_id"), (_PLACE, "place"), (_NAME, "name"), (_REVISION, "revision")):
        if last in names:
            return what, len(inside)
    return None
