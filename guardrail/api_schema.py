"""The shapes of `/v1/evaluate` for the OpenAPI document. They describe only: bodies are read by guardrail/wire."""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from policies.regime import Regime


class _Agent(serializers.Serializer[None]):
    id = serializers.CharField(help_text="Stable id of the agent; policy and inventory are keyed by it.")
    name = serializers.CharField(required=False)
    version = serializers.CharField(required=False)
    tenant_id = serializers.CharField(required=False)
    environment_id = serializers.CharField(required=False)
    parent_id = serializers.CharField(required=False, help_text="Set when another agent delegated to this one.")


class _User(serializers.Serializer[None]):
    id = serializers.CharField(help_text="Absent on a channel without sign-in.")


class _Trigger(serializers.Serializer[None]):
    id = serializers.CharField(required=False)
    type = serializers.CharField(
        required=False, help_text="Set when an event, not a person, started the run: user_message is then outside text."
    )


class _Message(serializers.Serializer[None]):
    role = serializers.ChoiceField(choices=("user", "assistant"))
    content = serializers.JSONField(help_text="Text or any JSON.")
    timestamp = serializers.DateTimeField(required=False)


class _Output(serializers.Serializer[None]):
    tool = serializers.CharField(required=False)
    tool_id = serializers.CharField(required=False)
    content = serializers.JSONField(help_text="What the tool returned, as text or any JSON.")
    timestamp = serializers.DateTimeField(required=False)


class _Parameter(serializers.Serializer[None]):
    name = serializers.CharField()
    description = serializers.CharField(required=False)


class _Tool(serializers.Serializer[None]):
    id = serializers.CharField(required=False, help_text="Id or name is needed; policy is keyed by the id.")
    name = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    parameters = _Parameter(many=True, required=False)


class EvaluateRequest(serializers.Serializer[None]):
    """A planned tool call with its context. Lists are oldest first; unknown members are counted and ignored."""

    agent = _Agent()
    tool = _Tool()
    arguments = serializers.JSONField(required=False, help_text="The planned arguments, any JSON.")
    user_message = serializers.JSONField(required=False, help_text="The current request, text or any JSON.")
    user = _User(required=False, allow_null=True)
    history = _Message(many=True, required=False)
    outputs = _Output(many=True, required=False, help_text="Outputs of earlier tool calls of this conversation.")
    thought = serializers.CharField(required=False)
    conversation_id = serializers.CharField(required=False)
    plan_id = serializers.CharField(required=False)
    step_id = serializers.CharField(required=False, help_text="With conversation_id, recognises a repeated delivery.")
    channel = serializers.CharField(required=False)
    client_ip = serializers.CharField(required=False)
    trigger = _Trigger(required=False, allow_null=True)


class _Finding(serializers.Serializer[None]):
    signal = serializers.CharField()
    severity = serializers.ChoiceField(choices=("low", "medium", "high", "critical"))
    tags = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of OWASP's LLM and agentic top tens and of MITRE ATLAS."
    )


class EvaluateAnswer(serializers.Serializer[None]):
    """The explicit decision."""

    decision = serializers.ChoiceField(choices=("allow", "block", "modify", "ask"))
    reasons = serializers.ListField(child=serializers.CharField())
    regime = serializers.ChoiceField(
        choices=[regime.value for regime in Regime], help_text="Which kind of reasoning decided."
    )
    findings = _Finding(many=True, help_text="Every signal, also those that were only noted.")
    verdict_id = serializers.UUIDField()
    deferred = serializers.BooleanField(
        required=False,
        help_text="True = answered by the quick checks or for want of time; judged in full after this answer.",
    )
    modified_arguments = serializers.JSONField(required=False, help_text="With `modify`: what may be sent instead.")


class ErrorBody(serializers.Serializer[None]):
    """The body of an answer that is not 200."""

    errorCode = serializers.IntegerField()
    message = serializers.CharField()
    httpStatus = serializers.IntegerField()
    diagnostics = serializers.CharField(required=False)


_KNOWLEDGE_EVENT = inline_serializer(
    "KnowledgeEvent",
    # as a class would have it, `label` hides a member of the base class
    {
        "document_id": serializers.CharField(
            max_length=500, help_text="Stable id, e.g. the drive item's; renames keep it."
        ),
        "editor": serializers.CharField(max_length=200, help_text="Mail address or account name of who made the edit."),
        "time": serializers.DateTimeField(help_text="When the edit was made, with an offset; of the last 400 days."),
        "revision": serializers.CharField(
            required=False, max_length=100, help_text="Number or tag of the version it made."
        ),
        "editor_id": serializers.CharField(
            required=False, max_length=200, help_text="Directory id, as calls name users."
        ),
        "name": serializers.CharField(required=False, max_length=300, help_text="File name or title."),
        "url": serializers.CharField(required=False, max_length=1000, help_text="Where it is; or `path`."),
        "path": serializers.CharField(required=False, max_length=1000),
        "label": serializers.CharField(
            required=False,
            allow_blank=True,
            max_length=200,
            help_text="Sensitivity label; empty = it has none any more.",
        ),
        "tenant_id": serializers.CharField(required=False, max_length=200),
        "data_class": serializers.CharField(
            required=False, max_length=100, help_text="A known class: copies of `text` are then recognised as such."
        ),
        "text": serializers.CharField(
            required=False, max_length=1_000_000, help_text="The document's text. It is read once and not kept."
        ),
    },
    many=True,
    help_text="1 to 1,000, in any order; a resend is recognised.",
)


class KnowledgeEventsRequest(serializers.Serializer[None]):
    """Edits to documents agents read. One event may also be sent by itself, without `events`."""

    events = _KNOWLEDGE_EVENT


class _RefusedEvent(serializers.Serializer[None]):
    index = serializers.IntegerField()
    field = serializers.CharField()
    error = serializers.CharField()


class KnowledgeEventsAnswer(serializers.Serializer[None]):
    """`accepted` are kept now, `known` were kept before, `refused` are not kept."""

    accepted = serializers.IntegerField()
    known = serializers.IntegerField()
    refused = _RefusedEvent(many=True)
