"""Joins stopped calls to the document whose text led to them, and to the edit of it that was in force at that time.

Two queries for a batch where no feed told of anything, four more where one did. Judging cannot do this: it is pure, and
an edit may be told of by the time a call is stopped, or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from guardrail.models import Verdict
from investigations.grouping import INSTRUCTIONS, STOPS, TOLD_IN, Edit
from policies.choices import Standing
from policies.document_lookup import Asked, EditInForce, Found, Wanted, find_documents, is_document_name, load_in_force
from policies.document_names import sentence_key
from policies.load import load_destinations
from policies.models import KnowledgeDocument
from policies.services.document_uses import Quote, Use, document_of_calls, record_uses

log = structlog.get_logger(__name__)

# How far back a user is looked for among the calls: an index by user would cost every verdict.
_CALLS_LOOKED_THROUGH = 20_000
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """The rows, a stopped one with its `edit`, and what is to be counted of them with `record`."""

    rows: tuple[Row, ...]
    uses: tuple[Use, ...]
    quotes: tuple[Quote, ...]

    def record(self) -> None:
        """Count uses and quotes. Needs the transaction of the intake."""
        record_uses(self.uses, self.quotes)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """One row: the documents it read, and the one whose text led to its stop."""

    row: Row
    read: tuple[Wanted, ...]
    by: Wanted | None
    author: str = ""
    sentence: str = ""


def join_edits(rows: Sequence[Row], *, are_counted: bool = False, made_up: int | None = None) -> Joined:
    """Find the documents behind verdicts given by their columns. Needs a transaction: it may add a document.

    `are_counted` = these calls were taken in before, and what they read was counted then. Rows of the orchestrator
    `made_up` stay as they are: an exercise reads documents of its own, and must blame nobody.
    """
    told = [_told(row) for row in rows if made_up is None or row["orchestrator_id"] != made_up]
    found = find_documents([wanted for one in told for wanted in (*one.read, *((one.by,) if one.by else ()))])
    to_count = () if are_counted else [one for one in told if one.row["duplicate_of"] is None]
    uses = tuple(use for one in to_count for use in _uses(one, found))
    # in one order everywhere: two intakes that add the same documents must not wait for each other
    led = sorted((one for one in told if one.by is not None), key=_order)
    strangers = _strangers([one for one in led if one.by in found and found[one.by].how == "name"])
    by = {one.row["id"]: _document(one, found, strangers) for one in led}
    known = [one for one in told if (match := by.get(one.row["id"])) is not None and match.document is not None]
    documents = [by[one.row["id"]].document or 0 for one in known]
    asked = [
        Asked(document=pk, at=one.row["received_at"], sentence=one.sentence)
        for pk, one in zip(documents, known, strict=True)
    ]
    in_force = load_in_force(asked)
    ours = load_ours([edit for edit in in_force.values() if edit.put_order_in]) if in_force else frozenset()
    names = _names(documents) if documents else {}
    edits: dict[Any, Edit] = {
        one.row["id"]: Edit(ambiguous=match.candidates)
        for one in told
        if (match := by.get(one.row["id"])) is not None and match.document is None
    }
    quotes = []
    for number, one in enumerate(known):
        edit = edit_of(one.row, in_force.get(number), document=documents[number], names=names, ours=ours)
        edits[one.row["id"]] = edit
        if one.row["duplicate_of"] is None:
            revision = in_force[number].pk if number in in_force else None
            quotes.append(_quote(one, edit, how=by[one.row["id"]].how, revision=revision))
    joined = tuple({**row, "edit": edits[row["id"]]} if row["id"] in edits else row for row in rows)
    return Joined(rows=joined, uses=uses, quotes=tuple(quotes))


def _told(row: Row) -> _Told:
    try:
        read = tuple(_wanted(row, item) for item in row["documents"])
        signal = _instruction(row)
        if signal is None:
            return _Told(row=row, read=read, by=None)
        author = next((str(value).lower() for fact, value in signal["facts"] if fact == "author"), "")
        order = next((str(item["quote"]) for item in signal["evidence"] if item["mark"] in TOLD_IN), "")
        return _Told(row=row, read=read, by=_led_by(row, signal), author=author, sentence=sentence_key(order))
    except _UNREADABLE as error:
        log.error("intake.documents_unreadable", verdict_id=str(row["id"]), error=type(error).__name__)
        return _Told(row=row, read=(), by=None)


def _wanted(row: Row, item: Mapping[str, Any]) -> Wanted:
    parts = {name: str(item.get(name, "")) for name in ("document_id", "place", "name")}
    return Wanted(tenant_id=row["tenant_id"], **parts)


def _instruction(row: Row) -> Mapping[str, Any] | None:
    if row["would_have"] not in STOPS:
        return None
    told = (signal for signal in row["signals"] if signal["action"] in STOPS and signal["name"] in INSTRUCTIONS)
    return next(told, None)


def _led_by(row: Row, signal: Mapping[str, Any]) -> Wanted | None:
    """The document that held the instruction: of the record the evidence points at, else as the signal names it."""
    name = next((str(value) for fact, value in signal["facts"] if fact == "document"), "")
    place = next((item for item in signal["evidence"] if item["mark"] in TOLD_IN), None)
    if place is not None:
        around = [item for item in row["documents"] if _is_around(item, place)]
        if around:
            return _wanted(row, max(around, key=lambda item: len(item.get("record", ""))))
    same = [item for item in row["documents"] if name and name in (item.get("place"), item.get("name"))]
    if same:
        return _wanted(row, same[0])
    if not name or not is_document_name(name):
        return None
    is_place = "/" in name or "\\" in name
    return Wanted(tenant_id=row["tenant_id"], place=name if is_place else "", name="" if is_place else name)


def _is_around(item: Mapping[str, Any], evidence: Mapping[str, Any]) -> bool:
    record, path = str(item.get("record", "")), str(evidence["path"])
    return item["source"] == evidence["source"] and (not record or path == record or path.startswith(f"{record}."))


def _uses(told: _Told, found: Mapping[Wanted, Found]) -> list[Use]:
    row = told.row
    known = {match.document for wanted in told.read if (match := found.get(wanted)) and match.document is not None}
    at = row["received_at"]
    return [Use(document=pk, agent_id=row["agent_id"], user_id=row["user_id"], at=at) for pk in sorted(known)]


def _order(told: _Told) -> tuple[str, str, str]:
    wanted = told.by or Wanted(tenant_id="")
    return wanted.tenant_id, wanted.place, wanted.name


def _strangers(told: Sequence[_Told]) -> frozenset[str]:
    """Authors from outside: whoever sends a file can give it the name of one of ours, and blame its editor."""
    authors = {one.author for one in told if "@" in one.author}
    return frozenset(authors - _internal(authors)) if authors else frozenset()


def _document(told: _Told, found: Mapping[Wanted, Found], strangers: frozenset[str]) -> Found:
    """What led to the stop, as a document: one that no feed told of is known by the calls from now on."""
    wanted = told.by or Wanted(tenant_id="")
    match = found.get(wanted)
    if match is None or (match.how == "name" and told.author in strangers):
        pk = document_of_calls(tenant_id=wanted.tenant_id, place=wanted.place, name=wanted.name)
        return Found(document=pk, how="call")
    return match


def edit_of(
    row: Row,
    edit: EditInForce | None,
    *,
    document: int,
    names: Mapping[int, str],
    ours: frozenset[str],
) -> Edit:
    if edit is None:
        return Edit(page=document, document=names[document])
    insider = ""
    if edit.put_order_in:
        user = row["user_id"].lower()
        names_of_editor = {name.lower() for name in (edit.editor, edit.editor_id) if name}
        insider = "self" if user in names_of_editor else "insider" if names_of_editor & ours else ""
    return Edit(
        page=document,
        document=names[document],
        editor=edit.editor,
        revision=edit.revision,
        at=edit.at,
        before=row["received_at"] - edit.at,
        put_in=edit.put_order_in,
        is_read=edit.holds_order is not None,
        insider=insider,
    )


def _quote(told: _Told, edit: Edit, *, how: str, revision: int | None) -> Quote:
    row = told.row
    return Quote(
        document=edit.page,
        verdict_id=row["id"],
        at=row["received_at"],
        agent_id=row["agent_id"],
        agent_name=row["agent_name"],
        user_id=row["user_id"],
        would_have=row["would_have"],
        action=row["action"],
        severity=row["severity"],
        tool_name=row["tool_name"] or row["tool_id"],
        matched_by=how,
        revision=revision,
        insider=edit.insider,
        sentence=told.sentence,
    )


def _names(documents: Sequence[int]) -> dict[int, str]:
    return {row.pk: row.place or str(row) for row in KnowledgeDocument.objects.filter(pk__in=documents)}


def load_ours(edits: Sequence[EditInForce]) -> frozenset[str]:
    """Editors, in lower case, who are people of this organisation: by their address, or as users of agents."""
    names = {name.lower() for edit in edits for name in (edit.editor, edit.editor_id) if name}
    by_address = {name for name in names if "@" in name}
    inside = _internal(by_address) if by_address else set()
    rest = names - inside
    if rest:
        newest = Verdict.objects.order_by("-id").values_list("user_id", flat=True)[:_CALLS_LOOKED_THROUGH]
        inside |= rest & {user.lower() for user in newest.iterator()}
    return frozenset(inside)


def _internal(addresses: set[str]) -> set[str]:
    """Those who are of this organisation by its list of destinations."""
    ours = load_destinations()
    return {address for address in addresses if ours.standing_of(address) is Standing.INTERNAL}
