"""The routes of `/api/v1/` that give pages of rows, and single ones."""

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from guardrail.api_tokens import Scope
from guardrail.opened import note_read
from investigations.api import calls, cases, shapes, trail
from investigations.api.parameters import USUAL, as_cursor, cursor, limit, moment, severity, text, word
from investigations.api.view import ReadView
from investigations.models import Investigation

_LARGEST_NUMBER = 2**63 - 1
# A parameter and the condition on the rows it stands for
_OF_CALLS = {
    "action": "action",
    "would_have": "would_have",
    "severity_from": "severity__gte",
    "rule": "deciding_signal",
    "agent_id": "agent_id",
    "user_id": "user_id",
    "conversation_id": "conversation_id",
}
_OF_CASES = {
    "status": "status",
    "disposition": "disposition",
    "severity_from": "severity__gte",
    "rule": "kind",
    "agent_id": "agent_id",
}


class Verdicts(ReadView):
    """Calls and what was decided, in the order in which they could be seen."""

    scope = Scope.VERDICTS
    parameters = (
        cursor(calls.LETTER),
        limit(),
        moment("since", "Only calls that came from then on."),
        moment("until", "Only calls that came before then."),
        word("action", "What the caller was told.", shapes.ACTIONS),
        word("would_have", "What enforce mode says.", shapes.ACTIONS),
        severity(),
        text("rule", "What decided."),
        text("agent_id", "Of this agent."),
        text("user_id", "Of this user."),
        text("conversation_id", "Of this conversation."),
    )

    def get(self, request: Request) -> Response:
        """A page."""
        page = calls.load_page(
            after=self.asked.get("cursor", 0),
            most=self.asked.get("limit", USUAL),
            since=self.asked.get("since"),
            until=self.asked.get("until"),
            fits=_conditions(self.asked, _OF_CALLS),
            eyes=self.eyes,
        )
        return _answer(page, calls.LETTER)


class OneVerdict(ReadView):
    """One call."""

    scope = Scope.VERDICTS

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """The call."""
        found = calls.load_one(pk, eyes=self.eyes)
        if found is None:
            raise Http404(f"no verdict `{pk}`")
        return Response(found)


class Transcript(ReadView):
    """What stands in one call. That it was read is written down."""

    scope = Scope.TRANSCRIPTS

    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Its transcript."""
        found = calls.load_transcript(pk, eyes=self.eyes, unmasked=Scope.UNMASKED in self.reader.scopes)
        if found is None:
            raise Http404(f"no transcript `{pk}`")
        note_read(pk, token=self.reader)
        return Response(found)


class Investigations(ReadView):
    """Investigations, in the order in which their last changes could be seen."""

    scope = Scope.INVESTIGATIONS
    parameters = (
        cursor(cases.LETTER),
        limit(),
        moment("updated_since", "Only those that changed from then on."),
        word("status", "Only these.", tuple(Investigation.Status.values)),
        word("disposition", "Only those that turned out to be this.", tuple(Investigation.Disposition.values)),
        severity(),
        text("rule", "What they are about."),
        text("agent_id", "Of this agent."),
    )

    def get(self, request: Request) -> Response:
        """A page."""
        page = cases.load_page(
            after=self.asked.get("cursor", 0),
            most=self.asked.get("limit", USUAL),
            updated_since=self.asked.get("updated_since"),
            fits=_conditions(self.asked, _OF_CASES),
            eyes=self.eyes,
        )
        return _answer(page, cases.LETTER)


class OneInvestigation(ReadView):
    """One investigation."""

    scope = Scope.INVESTIGATIONS

    def get(self, request: Request, pk: int) -> Response:
        """The investigation."""
        found = cases.load_one(pk, eyes=self.eyes) if pk <= _LARGEST_NUMBER else None
        if found is None:
            raise Http404(f"no investigation `{pk}`")
        return Response(found)


class Trail(ReadView):
    """Who changed what, oldest first."""

    scope = Scope.AUDIT
    whole = True
    parameters = (
        cursor(trail.LETTER),
        limit(),
        moment("since", "Only entries from then on."),
        moment("until", "Only entries before then."),
        text("action", "Only these, e.g. `policy.published`."),
    )

    def get(self, request: Request) -> Response:
        """A page."""
        page = trail.load_page(
            after=self.asked.get("cursor", 0),
            most=self.asked.get("limit", USUAL),
            since=self.asked.get("since"),
            until=self.asked.get("until"),
            action=self.asked.get("action"),
        )
        return _answer(page, trail.LETTER)


def _conditions(asked: dict[str, Any], of: dict[str, str]) -> dict[str, Any]:
    return {column: asked[name] for name, column in of.items() if name in asked}


def _answer(page: calls.Page, letter: str) -> Response:
    return Response({"results": page.rows, "next": as_cursor(letter, page.last), "more": page.more})


def _describe() -> None:
    """One place for what the OpenAPI document says of each."""
    verdicts, cases = (
        shapes.page_of("VerdictPage", shapes.VerdictShape),
        shapes.page_of("InvestigationPage", shapes.InvestigationShape),
    )
    entries = shapes.page_of("AuditPage", shapes.AuditEntryShape)
    for view, name, answer, about, missing in (
        (Verdicts, "listVerdicts", verdicts, "A page of calls.", ""),
        (OneVerdict, "readVerdict", shapes.OneVerdictShape, "One call.", "There is no such call."),
        (Transcript, "readTranscript", shapes.TranscriptShape, "What stands in one call.", "Nothing is kept of it."),
        (Investigations, "listInvestigations", cases, "A page of investigations.", ""),
        (
            OneInvestigation,
            "readInvestigation",
            shapes.OneInvestigationShape,
            "One investigation.",
            "There is none that everybody may see.",
        ),
        (Trail, "listAuditEntries", entries, "A page of the audit trail.", ""),
    ):
        said = shapes.described(view, answer, name=name, about=about, missing=missing)
        extend_schema(**said)(view.__dict__["get"])


_describe()
