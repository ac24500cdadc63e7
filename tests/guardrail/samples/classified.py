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


PAIRS = (
    pair("a telling phrase", mail("About Project Larkspur: we start in June."), mail("About Project Larkspurs: no.")),
    pair("a classified file", mail(attachments=["salaries.xlsx"]), mail(attachments=["salaries-2020.xlsx.txt"])),
    pair("a classified file by its id", mail(attachment_ids=["f-77"]), mail(attachment_ids=["f-770"])),
    pair(
        "a file of a classified folder",
        mail(attachments=[{"path": "/sites/Board/plan.docx"}]),
        mail(attachments=[{"path": "/sites/Boardgames/plan.docx"}]),
    ),
    pair(
        "a label above the text",
        mail("CONFIDENTIAL - BOARD\nFigures follow."),
        mail("Hello.\n\nThis message is confidential and meant for the addressee only."),
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
SILENT = (
    Silent(what="a phrase of a class that may leave", call=mail("Our spring catalogue is out."), fragment=CLASSES),
    Silent(what="a file that may leave", call=mail(attachments=["catalogue.pdf"]), fragment=CLASSES),
    Silent(what="a request for discretion", call=mail("Please treat the offer as confidential."), fragment=CLASSES),
)
HOSTILE = {"half labels": "STRICTLY ", "half fields": "classification: ", "half MSIP labels": "MSIP_Label_"}
