"""Confirmed indicators for other tools: a STIX 2.1 bundle, and CSV."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from guardrail.api_tokens import Scope
from investigations.api import shapes
from investigations.api.parameters import BadQuestion, Parameter
from investigations.api.view import ReadView
from investigations.confirmed import MOST_DAYS, USUAL_DAYS, bundle_of, load_confirmed
from policies.intelligence.writing import csv_of

# Thousands of investigations are read for one answer.
WEIGHT = 20
STIX, CSV = "application/stix+json;version=2.1", "text/csv; charset=utf-8"


class _File(BaseRenderer):
    """The text as it is; errors as JSON."""

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """The bytes of an answer."""
        return data.encode() if isinstance(data, str) else JSONRenderer().render(data)


class _Stix(_File):
    media_type = "application/stix+json"
    format = "stix"


class _Json(_File):
    media_type = "application/json"
    format = "json"


class _Csv(_File):
    media_type = "text/csv"
    format = "csv"


def _days(name: str, text: str) -> int:
    days = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not 1 <= days <= MOST_DAYS:
        raise BadQuestion(name, f"`{text[:20]}` is none, expected a number from 1 to {MOST_DAYS}")
    return days


_DAYS = Parameter(
    name="days",
    about="Of investigations closed in that many days.",
    read=_days,
    schema={"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": USUAL_DAYS},
)


class IndicatorBundle(ReadView):
    """Confirmed indicators as a STIX 2.1 bundle."""

    scope = Scope.INDICATORS
    weight = WEIGHT
    whole = True
    parameters = (_DAYS,)
    # a bundle is JSON, and many ask for that only
    renderer_classes = (_Stix, _Json)

    def get(self, request: Request) -> Response:
        """All of them."""
        rows = load_confirmed(now=timezone.now(), days=self.asked.get("days", USUAL_DAYS))
        return Response(bundle_of(rows), content_type=STIX)


class IndicatorList(ReadView):
    """Confirmed indicators as CSV."""

    scope = Scope.INDICATORS
    weight = WEIGHT
    whole = True
    parameters = (_DAYS,)
    renderer_classes = (_Csv,)

    def get(self, request: Request) -> Response:
        """All of them."""
        rows = load_confirmed(now=timezone.now(), days=self.asked.get("days", USUAL_DAYS))
        return Response("".join(csv_of(rows)), content_type=CSV)


def _describe() -> None:
    for view, name, media, shape, about in (
        (IndicatorBundle, "readIndicatorBundle", "application/stix+json", {"type": "object"}, "As STIX 2.1."),
        (IndicatorList, "readIndicatorList", "text/csv", {"type": "string"}, "As CSV, in UTF-8 with a mark."),
    ):
        said = shapes.described(view, None, name=name, about=about)
        del said["responses"][200]
        said["responses"] = {(200, media): shape, **said["responses"]}
        extend_schema(**said)(view.__dict__["get"])


_describe()
