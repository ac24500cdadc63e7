"""Classified files, phrases and labelled texts on their way outside, and what only speaks of them."""

import base64
from typing import Any

from tests.guardrail.samples import Pair, Silent

SIGNALS = ("classified_data_leaving",)

CLASSES = {
    "data_classes": [
        {"name": "board", "terms": ["project larkspur"]},
        {"name": "brochure", "may_leave": True, "terms": ["spring catalogue"]},
    ],
    "files": [
        {"name": "salaries.xlsx", "file_id": "f-77", "data_class": "board"},
        {"name": "/sites/Board/", "data_class": "board"},
        {"name": "rates 2026.xlsx", "data_class": "board"},
        {"name": "catalogue.pdf", "data_class": "brochure"},
    ],
}
TAKE_OVER = "The take-over of Northwind is planned for the third quarter and must be announced to nobody before June."


def mail(
    body: str = "Figures follow.", *, outputs: Any = (), to: str = "kim@partner.example", **more: Any
) -> dict[str, Any]:
    arguments = {"to": to, "subject": "Hello", "body": body, **more}
    return {"user": "Send Kim the figures.", "outputs": outputs, "arguments": arguments}


def pair(what: str, fires: dict[str, Any], near: dict[str, Any]) -> Pair:
    return Pair(what=what, says="classified_data_leaving", fires=fires, near=near, fragment=CLASSES)


SPOKEN = (
    pair("a telling phrase", mail("About Project Larkspur: we start in June."), mail("About Project Larkspurs: no.")),
    pair("a classified file", mail(attachments=["salaries.xlsx"]), mail(attachments=["salaries-2020.xlsx.txt"])),
    pair("a classified file by its id", mail(attachment_ids=["f-77"]), mail(attachment_ids=["f-770"])),
    pair(
        "a file of a classified folder",
        mail(attachments=[{"path": "/sites/Board/plan.docx"}]),
        mail(attachments=[{"path": "/sites/Boardgames/plan.docx"}]),
    ),
    pair(
        "a file of a classified folder by a way around",
        mail(attachments=[{"path": "/sites/Kitchen/../Board/plan.docx"}]),
        mail(attachments=[{"path": "/sites/Kitchen/../Cellar/plan.docx"}]),
    ),
    pair(
        "a classified file in a link",
        mail(link="https://adatum.example/s/rates%202026.xlsx"),
        mail(link="https://adatum.example/s/rates%202025.xlsx"),
    ),
    pair(
        "a label above the text",
        mail("CONFIDENTIAL - BOARD\nFigures follow."),
        mail("Hello.\n\nThis message is confidential and meant for the addressee only."),
    ),
    pair(
        "a short label above the text",
        mail("SECRET\nFigures follow."),
        mail("SECRET SANTA\nFigures follow."),
    ),
    pair(
        "a short label with what it is on",
        mail("RESTRICTED DATA - BOARD\nFigures follow."),
        mail("RESTRICTED PARKING\nOn Monday."),
    ),
    pair(
        "a label inside an encoded file",
        mail(file=base64.b64encode(b"STRICTLY CONFIDENTIAL figures of June").decode()),
        mail(file=base64.b64encode(b"Please treat the figures as confidential").decode()),
    ),
    pair(
        "lines of a labelled text",
        mail(TAKE_OVER, outputs=[("get_file", {"content": f"CONFIDENTIAL - BOARD ONLY. {TAKE_OVER}"})]),
        mail(TAKE_OVER, outputs=[("get_file", {"content": f"Confidential talks have ended. {TAKE_OVER}"})]),
    ),
    pair(
        "anything classified for somebody outside",
        mail("About Project Larkspur."),
        mail("About Project Larkspur.", to="ana@adatum.example"),
    ),
)
MAPPED = {
    "data_classes": [
        {"name": "board", "labels": ["Leadership", "f42aa342-8706-4288-bd11-ebb85995028c"]},
        {"name": "Restricted"},
        {"name": "anybody", "may_leave": True, "labels": ["Confidential \\ Partners"]},
    ]
}
NOTES = "We met with the harbour master and agreed on new berths for the summer season, three of them by June."
MSIP = "MSIP_Label_f42aa342-8706-4288-bd11-ebb85995028c"


def document(**fields: Any) -> list[tuple[str, Any]]:
    return [("get_file", {"file": {"name": "notes of monday.docx", "text": NOTES, "author": "Ann", **fields}})]


def labelled(what: str, fires: dict[str, Any], near: dict[str, Any]) -> Pair:
    """The text of the notes leaves; the tool returned them with these fields."""
    return Pair(
        what=what,
        says="classified_data_leaving",
        fires=mail(NOTES, outputs=document(**fires)),
        near=mail(NOTES, outputs=document(**near)),
        fragment=MAPPED,
    )


LABELLED = (
    labelled("a label an admin mapped", {"sensitivityLabel": "Leadership"}, {"sensitivityLabel": "Leaders"}),
    labelled(
        "a label as an object",
        {"sensitivityLabel": {"displayName": "Highly Confidential", "id": "1"}},
        {"sensitivityLabel": {"displayName": "General", "id": "1"}},
    ),
    labelled(
        "a label by its id",
        {"sensitivityLabelId": "f42aa342-8706-4288-bd11-ebb85995028c"},
        {"sensitivityLabelId": "f42aa342-8706-4288-bd11-ebb85995028d"},
    ),
    labelled(
        "a label below another",
        {"classification": "Confidential / All employees"},
        {"classification": "Confidential \\ Partners"},
    ),
    labelled(
        "a label with the name of a class",
        {"data_classification": "restricted"},
        {"data_classification": "unrestricted"},
    ),
    labelled(
        "properties of a labelling product",
        {"properties": {f"{MSIP}_Enabled": "true", f"{MSIP}_Name": "Board"}},
        {"properties": {f"{MSIP.replace('f42', 'a42')}_Enabled": "true"}},
    ),
    labelled(
        "a mail header of a labelling product",
        {"headers": f"msip_labels: {MSIP}_Enabled=True; {MSIP}_Name=Whatever;"},
        {"headers": "msip_labels: none"},
    ),
    labelled("a document's own label", {"label": "Strictly Confidential"}, {"label": "Monday"}),
    labelled("a confidential mail", {"sensitivity": "Company-Confidential"}, {"sensitivity": "Normal"}),
    labelled(
        "a label in a list, which an admin mapped",
        {"labels": ["2026", "Leadership"]},
        {"labels": ["2026", "Confidential"]},
    ),
    labelled(
        "a label that only marks a neighbour",
        {"classification": "Secret"},
        {"previous": {"name": "a.docx", "classification": "Secret"}},
    ),
    pair(
        "a labelled document by its name",
        mail(attachments=["berths.xlsx"], outputs=[("list_files", [{"name": "berths.xlsx", "sensitivity": "Secret"}])]),
        mail(
            attachments=["piers.xlsx"],
            outputs=[("list_files", [{"name": "berths.xlsx", "sensitivity": "Secret"}, {"name": "piers.xlsx"}])],
        ),
    ),
    pair(
        "a labelled document by its id",
        mail(file_id="01BERTHS", outputs=[("list_files", [{"id": "01BERTHS", "sensitivity": "Secret"}])]),
        mail(
            file_id="01PIERS",
            outputs=[("list_files", [{"id": "01BERTHS", "sensitivity": "Secret"}, {"id": "01PIERS"}])],
        ),
    ),
    pair(
        "an attachment that says so itself",
        mail(attachments=[{"name": "a.docx", "sensitivityLabel": "Confidential"}]),
        mail(attachments=[{"name": "a.docx", "sensitivityLabel": "Public"}]),
    ),
)
PAIRS = (*SPOKEN, *LABELLED)
KUBERNETES = {"kind": "Deployment", "metadata": {"labels": {"tier": "restricted", "app": "secret"}}, "text": NOTES}
SILENT = (
    Silent(
        what="a mail folder called confidential",
        call=mail(
            NOTES,
            outputs=[("list_mail", [{"label": "Confidential", "labelIds": ["L1"], "subject": "x", "body": NOTES}])],
        ),
    ),
    Silent(
        what="folders of a mailbox", call=mail(NOTES, outputs=document(labels=["INBOX", "Confidential", "STARRED"]))
    ),
    Silent(what="marks of a deployment", call=mail(NOTES, outputs=[("get_manifest", KUBERNETES)])),
    Silent(
        what="labels of an issue",
        call=mail(NOTES, outputs=document(labels=[{"name": "secret"}, {"name": "restricted"}])),
    ),
    Silent(
        what="a class of the school", call=mail(NOTES, outputs=document(**{"class": "4b", "category": "secret santa"}))
    ),
    Silent(
        what="a label of a song",
        call=mail(NOTES, outputs=[("get_song", {"label": "Secret", "artist": "A", "lyrics": NOTES})]),
    ),
    Silent(what="prose that speaks of labels", call=mail(f"{NOTES} Its classification is not yet confidential.")),
    Silent(
        what="a labelled document nothing is taken from",
        call=mail("We meet on Monday.", outputs=document(sensitivityLabel="Highly Confidential")),
    ),
    Silent(
        what="a labelled document for a colleague",
        call=mail(NOTES, to="ana@adatum.example", outputs=document(sensitivityLabel="Leadership")),
        fragment=MAPPED,
    ),
    Silent(
        what="a labelled document for whom the user named",
        call={
            **mail(NOTES, outputs=document(classification="Confidential")),
            "user": "Send kim@partner.example the notes.",
        },
    ),
    Silent(what="a phrase of a class that may leave", call=mail("Our spring catalogue is out."), fragment=CLASSES),
    Silent(what="a file that may leave", call=mail(attachments=["catalogue.pdf"]), fragment=CLASSES),
    Silent(what="a request for discretion", call=mail("Please treat the offer as confidential."), fragment=CLASSES),
)
HOSTILE = {"half labels": "STRICTLY ", "half fields": "classification: ", "half MSIP labels": "MSIP_Label_"}
