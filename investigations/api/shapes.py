"""The shapes of answers for the OpenAPI document. They describe only: answers are made by the modules that read."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from investigations.api.parameters import SEVERITIES, Parameter
from investigations.api.view import ReadView
from investigations.models import Investigation

ACTIONS = ("allow", "notice", "modify", "hold", "block")
_SEVERITY_NAMES = ("none", *SEVERITIES)
_MASKED = "Keys and numbers that stand for a person are masked."


class Problem(serializers.Serializer[None]):
    """An error, as RFC 9457 has it. `detail` says what was found and what is expected."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    parameter = serializers.CharField(required=False, help_text="With 400: which one.")


class _Fact(serializers.Serializer[None]):
    name = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class _Found(serializers.Serializer[None]):
    rule = serializers.CharField(help_text="The name of the detector's signal, or of the rule.")
    rule_words = serializers.CharField(allow_blank=True, help_text="The same for people.")
    severity = serializers.IntegerField(help_text="0 (none) to 4 (critical).")
    facts = _Fact(many=True, help_text=f"Of at most 200 characters: an address, a mail's subject. {_MASKED}")


class VerdictShape(serializers.Serializer[None]):
    """One call and what was decided about it; it never changes. Of its text only names and short facts are in it."""

    id = serializers.UUIDField(help_text="A UUIDv7.")
    received_at = serializers.DateTimeField()
    caller = serializers.CharField(allow_blank=True, help_text="The path of the caller that asked.")
    action = serializers.ChoiceField(choices=ACTIONS, help_text="What the caller was told.")
    would_have = serializers.ChoiceField(choices=ACTIONS, help_text="What enforce mode says.")
    mode = serializers.ChoiceField(choices=("monitor", "enforce"))
    failed = serializers.BooleanField(help_text="Judging could not be finished: the fail posture answered.")
    degraded = serializers.ListField(child=serializers.CharField(), help_text="Parts it was judged without.")
    severity = serializers.IntegerField(allow_null=True, help_text="1 (low) to 4 (critical).")
    severity_name = serializers.ChoiceField(choices=_SEVERITY_NAMES)
    rule = serializers.CharField(allow_blank=True, help_text="What decided.")
    rule_words = serializers.CharField(allow_blank=True, help_text="The same for people.")
    policy_version = serializers.IntegerField()
    answer_ms = serializers.FloatField()
    deferred = serializers.BooleanField(
        help_text="Answered by the quick checks, or not judged in time (`failed`), and judged in full afterwards."
    )
    wire = serializers.CharField()
    correlation_id = serializers.CharField(allow_blank=True)
    tenant_id = serializers.CharField(allow_blank=True)
    environment_id = serializers.CharField(allow_blank=True)
    agent_id = serializers.CharField(allow_blank=True)
    agent_name = serializers.CharField(allow_blank=True)
    user_id = serializers.CharField(allow_blank=True)
    conversation_id = serializers.CharField(allow_blank=True)
    channel_id = serializers.CharField(allow_blank=True)
    client_ip = serializers.CharField(allow_blank=True)
    tool_id = serializers.CharField(allow_blank=True)
    tool_name = serializers.CharField(allow_blank=True)
    tool_kind = serializers.CharField(allow_blank=True)
    destination = serializers.CharField(allow_blank=True)
    findings = _Found(many=True)
    duplicate_of = serializers.UUIDField(allow_null=True, help_text="The same step was delivered before.")
    investigation = serializers.IntegerField(allow_null=True, help_text="Its number, where everybody may see it.")
    link = serializers.CharField(help_text="Its page.")


class _FoundLate(serializers.Serializer[None]):
    found_at = serializers.DateTimeField()
    would_have = serializers.ChoiceField(choices=ACTIONS)
    severity = serializers.IntegerField(allow_null=True)
    severity_name = serializers.ChoiceField(choices=_SEVERITY_NAMES)
    rule = serializers.CharField(allow_blank=True)
    rule_words = serializers.CharField(allow_blank=True)
    findings = _Found(many=True)


class OneVerdictShape(VerdictShape):
    """One call with what judging it in full found afterwards."""

    found_late = _FoundLate(allow_null=True)


_QUOTE = inline_serializer(
    "Quote",
    # as a class would have it, `source` hides a member of the base class
    {
        "source": serializers.CharField(allow_blank=True),
        "path": serializers.CharField(allow_blank=True),
        "start": serializers.IntegerField(),
        "end": serializers.IntegerField(),
        "mark": serializers.CharField(allow_blank=True),
        "text": serializers.CharField(allow_blank=True),
    },
    many=True,
)


class _Quoting(serializers.Serializer[None]):
    rule = serializers.CharField()
    reason = serializers.CharField(allow_blank=True, help_text="In a sentence, with what it rests on.")
    quotes = _QUOTE


class TranscriptShape(serializers.Serializer[None]):
    """What stands in a call, as it came, and what was found with its quotes. That it was read is written down."""

    verdict = serializers.UUIDField()
    received_bytes = serializers.IntegerField()
    kept_bytes = serializers.IntegerField(help_text="Fewer than were received where the call was too large.")
    encoding = serializers.ChoiceField(choices=("utf-8", "base64"), help_text="Of `body`; base64 = it is no UTF-8.")
    body = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True, help_text="Of the decision.")
    findings = _Quoting(many=True)
    masked = serializers.IntegerField(
        help_text="Pieces of personal data and secrets that are masked; a body with some is written anew as JSON."
    )


class InvestigationShape(serializers.Serializer[None]):
    """People's work on calls that share one cause, as it is now."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    rule = serializers.CharField()
    status = serializers.ChoiceField(choices=Investigation.Status.values)
    severity = serializers.IntegerField()
    severity_name = serializers.ChoiceField(choices=_SEVERITY_NAMES)
    outcome = serializers.ChoiceField(choices=Investigation.Outcome.values)
    disposition = serializers.ChoiceField(choices=Investigation.Disposition.values, allow_blank=True)
    agent_id = serializers.CharField(allow_blank=True)
    agent_name = serializers.CharField(allow_blank=True)
    user_id = serializers.CharField(allow_blank=True)
    conversation_id = serializers.CharField(allow_blank=True)
    destination = serializers.CharField(allow_blank=True)
    author = serializers.CharField(allow_blank=True, help_text="Who wrote what carried the order.")
    document = serializers.CharField(allow_blank=True)
    calls = serializers.IntegerField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    opened_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(help_text="When its last change was put in order, seconds after it.")
    assignee = serializers.CharField(allow_blank=True)
    merged_into = serializers.IntegerField(allow_null=True)
    link = serializers.CharField(help_text="Its page.")


class OneInvestigationShape(InvestigationShape):
    """One investigation with the newest of its calls."""

    verdicts = serializers.ListField(child=serializers.UUIDField(), help_text="The newest first, at most 500.")


class AuditEntryShape(serializers.Serializer[None]):
    """Who changed what. Entries are chained: `digest` is over `previous_digest` and what the entry says."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    by_person = serializers.BooleanField(help_text="False = the system, or a program.")
    action = serializers.CharField()
    detail = serializers.DictField()
    previous_digest = serializers.CharField(allow_blank=True)
    digest = serializers.CharField()


def page_of(name: str, row: type[serializers.Serializer[None]]) -> Any:
    """The shape of a page of rows."""
    return inline_serializer(
        name,
        {
            "results": row(many=True),
            "next": serializers.CharField(help_text="`cursor` of the next question, also where nothing follows yet."),
            "more": serializers.BooleanField(help_text="Whether something follows; a page may be empty even so."),
        },
    )


def described(view: type[ReadView], answer: Any, *, name: str, about: str, missing: str = "") -> dict[str, Any]:
    """What `extend_schema` wants to know of a route. `missing` is what a 404 says, empty = there is none."""
    problems = {
        "400": "A parameter is not known, or has no value it may have.",
        "401": "No token, or one that is not known or has ended.",
        "403": "The token's scopes do not reach here.",
        "404": missing,
        "406": "`Accept` asks for another type.",
        "429": "Too many questions this minute; `Retry-After` says when to ask again.",
        "503": "The database is away; ask again.",
    }
    needs = f" Needs the scope `{view.scope.value}`." if view.scope else ""
    return {
        "description": about + needs,
        "auth": [{"apiToken": []}],
        "operation_id": name,
        "parameters": [_parameter(one) for one in view.parameters],
        "responses": {
            200: answer,
            **{
                (int(status), "application/problem+json"): OpenApiResponse(Problem, description=said)
                for status, said in problems.items()
                if said
            },
        },
    }


def _parameter(one: Parameter) -> OpenApiParameter:
    return OpenApiParameter(one.name, dict(one.schema), OpenApiParameter.QUERY, description=one.about)
