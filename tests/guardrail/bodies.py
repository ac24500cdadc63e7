"""Bodies in Copilot Studio's live shape, made small for one test each."""

from typing import Any

TENANT = "3f0d9a54-55f3-4a0e-9d5e-8b0f3c1a7e21"


def call(**changes: Any) -> dict[str, Any]:
    """An honest call: a person asks for the open orders of a customer and the agent looks them up.

    `changes` replace members by a dotted path written with `__` (`plannerContext__thought`).
    """
    body: dict[str, Any] = {
        "plannerContext": {
            "userMessage": "Which orders of Wingtip Toys are still open?",
            "thought": "I will look up the open orders.",
            "chatHistory": [
                {
                    "id": "m-1",
                    "role": "user",
                    "content": "Which orders of Wingtip Toys are still open?",
                    "timestamp": "2026-11-02T09:14:00.1234567+00:00",
                }
            ],
            "previousToolsOutputs": [],
        },
        "toolDefinition": {
            "id": "sal_orderdesk.action.Dataverse-Listrows",
            "type": "ToolDefinition",
            "name": "List-rows",
            "description": "Lists rows of a table.",
            "inputParameters": [{"name": "entityName", "description": "Table", "type": {"$kind": "String"}}],
            "outputParameters": [],
        },
        "inputValues": {"entityName": "orders", "filter": "customer eq 'Wingtip Toys' and state eq 'open'"},
        "conversationMetadata": {
            "agent": {
                "id": "5b1c7c0a-3a57-4e29-9a60-0e6f5c1f2d11",
                "tenantId": TENANT,
                "environmentId": "Default-" + TENANT,
                "name": "Order Desk",
                "version": None,
                "isPublished": True,
            },
            "user": {"id": "8f2f9a56-8a3d-4d64-9f6b-2a4f2a0f7f02", "tenantId": TENANT},
            "conversationId": "c-1001",
            "messageId": None,
            "channelId": "msteams",
            "planId": "p-1",
            "planStepId": "s-1",
            "parentAgentComponentId": None,
            "trigger": {"id": None, "schemaName": None},
            "incomingClientIp": "::ffff:203.0.113.9",
        },
    }
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = body
        for parent in parents:
            place = place[parent]
        place[name] = value
    return body


def output(value: Any, *, name: str = "body", tool: str = "Get-file-content", at: str | None = None) -> dict[str, Any]:
    """One earlier tool output in the live shape."""
    return {
        "toolId": f"ops_agent.action.{tool}",
        "toolName": tool,
        "timestamp": at,
        "outputs": [{"name": name, "description": None, "type": None, "value": value}],
    }
