"""Copies of documents an admin made known, and texts that only share a few words with them."""

import base64
from typing import Any

from guardrail.text.budget import unlimited
from guardrail.text.fingerprint import fingerprints_of
from policies.fingerprints import encode, join, pack
from tests.guardrail.samples import Pair, Silent
from tests.guardrail.written import FOOTER, document, laid_out_anew

SIGNALS = ("classified_data_leaving",)

PLAN, OTHER, OPEN = document(1), document(2), document(3)
_KNOWN = [
    (name, of_class, "r1", pack(fingerprints_of(text, unlimited())))
    for name, of_class, text in (
        ("plan.docx", "restricted", f"{PLAN}\n{FOOTER}"),
        ("brochure.docx", "public", OPEN),
        ("footer.txt", "public", FOOTER),
    )
]
KNOWN = {
    "fingerprints": encode(*join(_KNOWN)),
    "data_classes": [{"name": "restricted"}, {"name": "public", "may_leave": True}],
}
HALF = PLAN[: len(PLAN) // 2]


def mail(body: str, *, to: str = "kim@partner.example", user: str = "Send Kim the notes.") -> dict[str, Any]:
    return {"user": user, "arguments": {"to": to, "subject": "Notes", "body": body}}


PAIRS = (
    Pair(
        what="half a known document",
        says="classified_data_leaving",
        fires=mail(f"Dear Kim, here it is.\n{HALF}"),
        near=mail(f"Dear Kim, here it is.\n{HALF}", to="ana@adatum.example"),
        fragment=KNOWN,
    ),
    Pair(
        what="the same in other lines, case and punctuation",
        says="classified_data_leaving",
        fires=mail(laid_out_anew(HALF)),
        near=mail(laid_out_anew(OTHER)),
        fragment=KNOWN,
    ),
    Pair(
        what="a known document in base64",
        says="classified_data_leaving",
        fires=mail(base64.b64encode(HALF.encode()).decode()),
        near=mail(base64.b64encode(OPEN.encode()).decode()),
        fragment=KNOWN,
    ),
)
SILENT = (
    Silent(what="the footer of a known document", call=mail(f"Hello Kim.\n{FOOTER}"), fragment=KNOWN),
    Silent(what="a sentence of a known document", call=mail(PLAN.split(".")[0]), fragment=KNOWN),
    Silent(what="what the user typed", call=mail(HALF, user=f"Send Kim this: {HALF}"), fragment=KNOWN),
)
HOSTILE = {"shingles": "the idle tariff expects the lower berth before broker 7. "}
