"""What leaves in full: the arguments' texts, attached files opened, encoded stretches decoded. Pure."""

import base64
import binascii
from collections.abc import Iterator

from guardrail.case import Case
from guardrail.leaving import Outgoing, outgoing
from guardrail.text.documents import UnreadableDocument, document_beginning
from guardrail.text.normalise import decoded_views
from guardrail.text.view import View

# Characters looked at of one text.
MAX_TEXT = 300_000
_SHORTEST_ATTACHMENT = 64
_MAX_ATTACHED_XML = 600_000
_MAX_ATTACHMENTS = 4
# A longer argument may be an encoded file, whose text is shorter.
_MAX_ARGUMENT = 4_000_000


def texts_in_full(case: Case) -> Iterator[Outgoing]:
    """What leaves, in full, with what is encoded in it and attached files opened."""
    opened = 0
    for text in outgoing(case, longest=_MAX_ARGUMENT):
        if text.decoded:
            continue
        is_blob = " " not in text.text[:200] and opened < _MAX_ATTACHMENTS
        attached = _attached(text.text, case) if is_blob else ""
        if attached:
            opened += 1
            yield Outgoing(argument=text.argument, text=attached, decoded=True)
            continue
        yield text
        if not case.budget.spent():
            for view, _ in decoded_views(View(text.text[:MAX_TEXT])):
                yield Outgoing(argument=text.argument, text=view.text, decoded=True)


def _attached(value: str, case: Case) -> str:
    """The text of a file sent as base64, also as a `data:` link; empty for anything else."""
    blob = value.partition(";base64,")[2] if value.startswith("data:") else value
    blob = "".join(blob.split()) if "\n" in blob[:200] else blob
    if len(blob) < _SHORTEST_ATTACHMENT:
        return ""
    try:
        content = base64.b64decode(blob.replace("-", "+").replace("_", "/") + "=" * (-len(blob) % 4), validate=True)
        return document_beginning(content, most_xml=_MAX_ATTACHED_XML, budget=case.budget)
    except (binascii.Error, ValueError, UnreadableDocument):
        return ""
