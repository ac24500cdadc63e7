"""Text that leaves and was stored before out of classified data, and text that was not."""

from datetime import UTC, datetime
from typing import Any

from guardrail.document_lines import prints_of
from guardrail.invocation import Past, Stored
from guardrail.stored_text import LABEL, mark_of
from tests.guardrail.samples import Pair, Silent
from tests.guardrail.written import document

SIGNALS = ("stored_data_leaving",)
OFFER, OWN = document(41, words=120), document(77, words=120)
WHERE = "kim@partner-advice.example"


def stored(text: str = OFFER, *, marked: str = LABEL, shared: int = 64) -> Past:
    prints = sorted({number >> 16 for number in prints_of(text)})[:64]
    known = Stored(
        call="019aa000-0000-7000-8000-000000000001",
        at=datetime(2026, 11, 12, 9, tzinfo=UTC),
        marked=marked,
        shared=frozenset(prints[:shared]),
        size=len(prints),
        by_this_agent=False,
    )
    return Past(available=True, stored=(known,))


MAIL: dict[str, Any] = {
    "user": "Answer Kim and send along what my note of Tuesday says.",
    "outputs": [("get_note", {"title": "Tuesday", "text": OFFER})],
    "arguments": {"to": WHERE, "body": OFFER},
}
NAMED = {**MAIL, "user": f"Mail my note of Tuesday to {WHERE}."}
CLASS = {"data_classes": [{"name": "restricted", "may_leave": False, "terms": [], "labels": []}]}

PAIRS = (
    Pair(
        what="a note with what a confidential file said",
        says="stored_data_leaving",
        fires={**MAIL, "past": stored()},
        near={**MAIL, "past": Past(available=True)},
    ),
    Pair(
        what="the same, to somebody the user named",
        says="stored_data_leaving",
        fires={**MAIL, "past": stored()},
        near={**NAMED, "past": stored()},
    ),
    Pair(
        what="one line of it",
        says="stored_data_leaving",
        fires={**MAIL, "past": stored(shared=20)},
        near={**MAIL, "past": stored(shared=3)},
    ),
    Pair(
        what="of a class of an admin, to somebody the user named",
        says="stored_data_leaving",
        fires={**NAMED, "past": stored(marked=mark_of("restricted"))},
        near={**NAMED, "past": stored(marked=mark_of("restricted"))},
        fragment=CLASS,
        near_fragment={"data_classes": [{**CLASS["data_classes"][0], "may_leave": True}]},
    ),
)
SILENT = (
    Silent(what="the user's own words", call={**MAIL, "user": f"Mail Kim this: {OFFER}", "past": stored()}),
    Silent(what="a look at the note", call={**MAIL, "tool": "get_note", "past": stored()}),
)
