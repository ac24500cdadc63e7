"""Data of a class by its place, a dictionary or a pattern on its way where it may not go, and what is only alike."""

import base64
from typing import Any

from tests.guardrail.samples import Pair, Silent

SIGNALS = ("classified_data_leaving",)

CLASSES = {
    "data_classes": [
        {
            "name": "public",
            "may_leave": True,
            "position": 1,
            "dictionaries": [{"name": "Products", "phrases": ["pier crane"]}],
        },
        {"name": "internal", "position": 2, "patterns": [{"name": "Berth", "pattern": r"\bBTH-\d{4}\b", "fewest": 3}]},
        {
            "name": "restricted",
            "position": 4,
            "places": ["sites/finance/*", "**/board/*.xlsx"],
            "dictionaries": [{"name": "Take-overs", "phrases": ["northern lantern", "機密情報"]}],
            "patterns": [{"name": "Deal", "pattern": r"\bDL-[0-9]{6}\b"}],
        },
    ]
}
# as much as an admin may have of it
MANY = {
    "data_classes": [
        *CLASSES["data_classes"],
        {
            "name": "many",
            "dictionaries": [{"name": "Names", "phrases": [f"northern name {number}" for number in range(10_000)]}],
            "patterns": [{"name": f"P{n}", "pattern": rf"\bP{n}-(?:\d{{2,8}}|[a-z ]+!)\b"} for n in range(100)],
            "places": [f"sites/team{number}/*" for number in range(500)],
        },
    ]
}
HELD_INSIDE = {**CLASSES, "flows": {"Restricted": {"internal": "hold"}}}
OPEN = {**CLASSES, "flows": {"restricted": {"unknown": "allow", "known": "allow"}}}
SHUT = {**CLASSES, "flows": {"public": {"unknown": "block"}}}
NOTES = "We met with the harbour master and agreed on new berths for the summer season, three of them by June."
SITE = "https://adatum.example/sites/Finance/Shared%20Documents"


def mail(
    body: str = "Figures follow.", *, outputs: Any = (), to: str = "kim@partner.example", **more: Any
) -> dict[str, Any]:
    arguments = {"to": to, "subject": "Hello", "body": body, **more}
    return {"user": "Send Kim the figures.", "outputs": outputs, "arguments": arguments}


def pair(
    what: str, fires: dict[str, Any], near: dict[str, Any], *, fragment: Any = CLASSES, near_fragment: Any = None
) -> Pair:
    return Pair(
        what=what, says=SIGNALS[0], fires=fires, near=near, fragment=fragment, near_fragment=near_fragment
    )  # fmt: skip


def listed(**fields: Any) -> list[tuple[str, Any]]:
    return [("list_files", {"value": [{"name": "plan.docx", "text": NOTES, **fields}, {"name": "menu.docx"}]})]


PAIRS = (
    pair("a phrase of a dictionary", mail("On NORTHERN\nLantern: sign."), mail("The lantern of the northern pier.")),
    pair("a phrase in a script without spaces", mail("これは機密情報です"), mail("これは情報です")),
    pair("a phrase taken apart by unseen letters", mail("On nor\u200bthern lantern."), mail("On nor thern lantern.")),
    pair("a phrase joined by signs", mail("northern_lantern.docx"), mail("northern_lanterns.docx")),
    pair("a pattern", mail("Deal DL-471108 closes."), mail("Deal DL-4711080 closes.")),
    pair("a pattern in another script's digits around it", mail("é DL-471108 é"), mail("éDL-47110é")),
    pair(
        "a pattern inside an encoded file",
        mail(file=base64.b64encode(b"The deal DL-471108 closes on Monday, as said.").decode()),
        mail(file=base64.b64encode(b"The deal DL-47110 closes on Monday, as said.").decode()),
    ),
    pair("as many different matches as are wanted", mail("BTH-1000 BTH-2000 BTH-3000"), mail("BTH-1000 " * 9)),
    pair(
        "an attachment that lies in a place",
        mail(attachments=[{"path": "/sites/Finance/2026/plan.docx"}]),
        mail(attachments=[{"path": "/sites/Finances/2026/plan.docx"}]),
    ),
    pair("a link to a file in a place", mail(file_url=f"{SITE}/plan.docx"), mail(file_url=f"{SITE[:-30]}/plan.docx")),
    pair(
        "a file in a place by a way around",
        mail(files="/sites/harbour/../Finance/plan.docx"),
        mail(files="/sites/Finance/../harbour/plan.docx"),
    ),
    pair(
        "a link that asks for a file in a place",
        mail(file_url="https://adatum.example/_layouts/15/download.aspx?SourceUrl=%2Fsites%2FFinance%2Fplan.docx"),
        mail(file_url="https://adatum.example/_layouts/15/download.aspx?SourceUrl=%2Fsites%2FHarbour%2Fplan.docx"),
    ),
    pair(
        "a link to a file in a place with a long question",
        mail(file_url=f"{SITE}/plan.docx?x={'a' * 1_100}"),
        mail(file_url=f"https://adatum.example/sites/Harbour/plan.docx?x={'a' * 1_100}"),
    ),
    pair("a file by its kind and folder", mail(files="x/Board/a.xlsx; b"), mail(files="x/Board/a.docx; b")),
    pair(
        "text of a document that lies in a place",
        mail(NOTES, outputs=listed(webUrl=f"{SITE}/plan.docx")),
        mail(NOTES, outputs=listed(webUrl="https://adatum.example/sites/Harbour/plan.docx")),
    ),
    pair(
        "a document of a place by its name",
        mail(attachments=["plan.docx"], outputs=listed(parentReference={"path": "/drive/sites/finance"})),
        mail(attachments=["menu.docx"], outputs=listed(parentReference={"path": "/drive/sites/finance"})),
    ),
    pair(
        "a document by its name whose text shows it",
        mail(attachments=["plan.docx"], outputs=listed(text="Signing of DL-471108")),
        mail(attachments=["menu.docx"], outputs=listed(text="Signing of DL-471108")),
    ),
    pair(
        "a phrase beside the address",
        mail(to="Northern Lantern <kim@partner.example>"),
        mail(to="Northern Lights <kim@partner.example>"),
    ),
    pair("anything of it for somebody outside", mail("DL-471108"), mail("DL-471108", to="ana@adatum.example")),
    pair(
        "data kept from our own too",
        mail("DL-471108", to="ana@adatum.example"),
        mail("DL-47110", to="ana@adatum.example"),
        fragment=HELD_INSIDE,
    ),
    pair("data no flow lets out", mail("DL-471108"), mail("DL-471108"), near_fragment=OPEN),
    pair(
        "data that may leave, but not there",
        mail("The pier crane is new."),
        mail("The pier crane is new."),
        fragment=SHUT,
        near_fragment=CLASSES,
    ),
)
SILENT = (
    Silent(what="a phrase of a class that may leave", call=mail("The pier crane is new."), fragment=CLASSES),
    Silent(what="a recipient named like a phrase", call=mail(to="northern.lantern@partner.example"), fragment=CLASSES),
    Silent(
        what="prose that speaks of a place", call=mail("See the sites of finance, or sites/finance."), fragment=CLASSES
    ),
    Silent(
        what="a document of a place that nothing is taken from",
        call=mail("We meet on Monday.", outputs=listed(webUrl=f"{SITE}/plan.docx")),
        fragment=CLASSES,
    ),
    Silent(
        what="a file put into the place itself",
        call={"user": "File it.", "tool": "upload_file", "arguments": {"site_url": f"{SITE}/plan.docx", "text": "Hi"}},
        fragment=HELD_INSIDE,
    ),
    Silent(what="a call that only reads", call={**mail("DL-471108"), "tool": "search_mail"}, fragment=CLASSES),
)
HOSTILE = {
    "first words of a phrase": "northern ",
    "half a pattern": "BTH-10",
    "matches of a pattern": "BTH-1000 ",
    "half paths": "sites/finance/",
    "unseen letters": "nor\u200bthern lant",
}
