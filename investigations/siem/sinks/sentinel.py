"""Microsoft Sentinel by the Logs Ingestion API: rows of a table of one's own, as an Entra application.

At most 1 MB a request and 64 KB a field, 204 when it has them. Tokens are kept until shortly before they end.
"""

import gzip
import hashlib
import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings as product

from investigations.siem.content import ascii_json
from investigations.siem.event import Event, as_document
from investigations.siem.sinks.sink import (
    NEEDS_A_PERSON_SECONDS,
    TAKEN,
    Frame,
    NotNow,
    Post,
    Rejected,
    Result,
    Setting,
    SettingError,
    Setup,
    Sink,
    Template,
    json_of,
    printable,
    raise_for,
)
from policies.outbound import Answer

# name and type of each column of the table, as the rule declares them
COLUMNS = (
    *(("TimeGenerated", "datetime"), ("EventId", "string"), ("Kind", "string"), ("Severity", "int")),
    *(("SeverityName", "string"), ("Summary", "string"), ("Link", "string"), ("Action", "string")),
    *(("WouldHave", "string"), ("Mode", "string"), ("Rule", "string"), ("Reason", "string"), ("AgentId", "string")),
    *(("AgentName", "string"), ("UserId", "string"), ("ConversationId", "string"), ("ToolName", "string")),
    *(("Destination", "string"), ("ClientIp", "string"), ("Investigation", "int"), ("Actor", "string")),
    ("Event", "dynamic"),
)
_SCOPES = (
    ("https://monitor.azure.com/.default", "Azure"),
    ("https://monitor.azure.us/.default", "Azure Government"),
    ("https://monitor.azure.cn/.default", "Azure in China"),
)
_API = "2023-01-01"
_TENANT = re.compile(r"[0-9a-zA-Z.-]{1,100}")
_RULE = re.compile(r"dcr-[0-9a-f]{8,64}")
_STREAM = re.compile(r"Custom-[A-Za-z0-9_]{1,90}")
_EARLY_SECONDS = 300.0
# Said of the rule or of the stream, not of an event
_OF_THE_RULE = ("InvalidStream", "InvalidDcr", "InvalidApi", "NotFound", "Unauthorized", "Forbidden")

_lock = threading.Lock()
_tokens: dict[str, tuple[str, float]] = {}


def _encode(event: Event, setup: Setup) -> bytes:
    call, case = event.call, event.case
    who: Any = call or case
    row: dict[str, Any] = {
        "TimeGenerated": event.at.isoformat(timespec="milliseconds"),
        "EventId": str(event.id),
        "Kind": event.kind.value,
        "Severity": event.severity,
        "SeverityName": event.severity_word,
        "Summary": event.summary,
        "Link": event.link,
        "Action": call.action if call else event.act.what if event.act else "",
        "WouldHave": call.would_have if call else "",
        "Mode": call.mode if call else "",
        "Rule": call.deciding if call else case.rule if case else "",
        "Reason": call.reason if call else "",
        "AgentId": who.agent_id if who else "",
        "AgentName": who.agent_name if who else "",
        "UserId": who.user_id if who else "",
        "ConversationId": who.conversation_id if who else "",
        "ToolName": call.tool_name if call else "",
        "Destination": who.destination if who else "",
        "ClientIp": call.client_ip if call else "",
        "Investigation": call.investigation if call else case.number if case else 0,
        "Actor": event.act.actor if event.act else "",
        "Event": as_document(event),
    }
    return ascii_json(row)


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    said = setup.settings
    rule, stream = quote(said.get("rule", ""), safe=""), quote(said.get("stream", ""), safe="")
    headers = {
        "Authorization": f"Bearer {_token(setup)}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "User-Agent": "Guardrail",
    }
    body = gzip.compress(b"[" + b",".join(frame.body for frame in frames) + b"]", compresslevel=3, mtime=0)
    answer = post(f"/dataCollectionRules/{rule}/streams/{stream}?api-version={_API}", body, headers)
    if answer.status == 401:
        # one that was taken back; the next try asks for another
        _forget(setup)
    if answer.status == 403:
        raise NotNow(
            "it does not let this application send: give it the role Monitoring Metrics Publisher on the data"
            " collection rule (status 403)",
            seconds=NEEDS_A_PERSON_SECONDS,
        )
    raise_for(answer)
    if answer.status in (200, 202, 204):
        return [TAKEN] * len(frames)
    code = _code_of(answer)
    if code.startswith(_OF_THE_RULE):
        raise NotNow(f"it does not know what it is asked: {code}", seconds=NEEDS_A_PERSON_SECONDS)
    raise Rejected(f"it does not take this event: {code or 'no reason'} (status {answer.status})")


def _token(setup: Setup) -> str:
    """A token that is good for some minutes more. Raises NotNow and OutboundError."""
    key = _key_of(setup)
    with _lock:
        kept, until = _tokens.get(key, ("", 0.0))
    if kept and time.monotonic() < until:
        return kept
    said = setup.settings
    form = {
        "grant_type": "client_credentials",
        "client_id": said.get("client", ""),
        "client_secret": setup.secret,
        "scope": said.get("scope") or _SCOPES[0][0],
    }
    url = f"{product.ENTRA_AUTHORITY}/{quote(said.get('tenant', ''), safe='')}/oauth2/v2.0/token"
    answer = setup.elsewhere(
        url, urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Guardrail"}
    )
    if answer.status in (400, 401):
        raise NotNow(f"Entra gives this application no token: {_code_of(answer)}", seconds=NEEDS_A_PERSON_SECONDS)
    if answer.status != 200:
        raise NotNow(f"Entra answers with status {answer.status}, expected a token")
    try:
        told = json_of(answer)
        token, seconds = str(told["access_token"]), float(told["expires_in"])
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise NotNow("Entra answers, but with no token", seconds=NEEDS_A_PERSON_SECONDS) from error
    if not token.isascii() or not token.isprintable() or " " in token:
        raise NotNow("Entra answers, but with no token", seconds=NEEDS_A_PERSON_SECONDS)
    with _lock:
        _tokens[key] = token, time.monotonic() + max(0.0, seconds - _EARLY_SECONDS)
    return token


def _forget(setup: Setup) -> None:
    with _lock:
        _tokens.pop(_key_of(setup), None)


def _key_of(setup: Setup) -> str:
    """Whose token it is; another secret is another key."""
    said = [product.ENTRA_AUTHORITY, *(setup.settings.get(name, "") for name in ("tenant", "client", "scope"))]
    return hashlib.sha256(json.dumps([*said, setup.secret]).encode()).hexdigest()


def _code_of(answer: Answer) -> str:
    """The code of an error as Azure and Entra tell it; empty where there is none."""
    try:
        error = json_of(answer)["error"]
    except (KeyError, TypeError):
        return ""
    return printable(error.get("code", "") if isinstance(error, dict) else error, 100)


def _deployment() -> dict[str, Any]:
    """The table and the rule that fills it, as a template of Azure Resource Manager, for the workspace of Sentinel."""
    table, stream, name = "Guardrail_CL", "Custom-Guardrail_CL", "[parameters('rule')]"
    workspace = "resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))"
    rule = "reference(resourceId('Microsoft.Insights/dataCollectionRules', parameters('rule')), '2023-03-11')"
    in_table = [{"name": column, "type": "dateTime" if kind == "datetime" else kind} for column, kind in COLUMNS]
    in_stream = [{"name": column, "type": kind} for column, kind in COLUMNS]
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "workspace": {"type": "string", "metadata": {"description": "The Log Analytics workspace of Sentinel."}},
            "rule": {"type": "string", "defaultValue": "guardrail"},
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        },
        "resources": [
            {
                "type": "Microsoft.OperationalInsights/workspaces/tables",
                "apiVersion": "2022-10-01",
                "name": f"[concat(parameters('workspace'), '/{table}')]",
                "properties": {"schema": {"name": table, "columns": in_table}},
            },
            {
                "type": "Microsoft.Insights/dataCollectionRules",
                "apiVersion": "2023-03-11",
                "name": name,
                "location": "[parameters('location')]",
                "kind": "Direct",
                "dependsOn": [
                    "[resourceId('Microsoft.OperationalInsights/workspaces/tables', parameters('workspace'),"
                    f" '{table}')]"
                ],
                "properties": {
                    "streamDeclarations": {stream: {"columns": in_stream}},
                    "destinations": {
                        "logAnalytics": [{"name": "sentinel", "workspaceResourceId": f"[{workspace}]"}],
                    },
                    "dataFlows": [
                        {
                            "streams": [stream],
                            "destinations": ["sentinel"],
                            "transformKql": "source",
                            "outputStream": stream,
                        }
                    ],
                },
            },
        ],
        "outputs": {
            "address": {"type": "string", "value": f"[{rule}.endpoints.logsIngestion]"},
            "rule": {"type": "string", "value": f"[{rule}.immutableId]"},
        },
    }


def _check(settings: Mapping[str, str], secret: str) -> None:
    wanted = {
        "rule": (_RULE, "the immutable id of the rule, `dcr-` and hexadecimal"),
        "stream": (_STREAM, "a stream of it, e.g. `Custom-Guardrail_CL`"),
        "tenant": (_TENANT, "the id of the Entra tenant"),
        "client": (_TENANT, "the id of the application"),
    }
    for name, (form, what) in wanted.items():
        if not form.fullmatch(settings.get(name, "")):
            raise SettingError(name, f"`{settings.get(name, '')}` cannot be it, expected {what}")


SINK = Sink(
    kind="sentinel",
    word="Microsoft Sentinel (Logs Ingestion)",
    address_help="The endpoint of the rule, e.g. https://guardrail-x1y2.westeurope-1.ingest.monitor.azure.com",
    secret_label="Client secret",  # noqa: S106 a label
    secret_help="Of the application below.",  # noqa: S106 a help text
    settings=(
        Setting(name="rule", label="Data collection rule", help="Its immutable id, dcr-…"),
        Setting(name="stream", label="Stream", help="As the rule names it.", default="Custom-Guardrail_CL"),
        Setting(name="tenant", label="Entra tenant", help="Its id."),
        Setting(name="client", label="Application", help="Its id; it needs Monitoring Metrics Publisher on the rule."),
        Setting(name="scope", label="Cloud", help="Where the endpoint is.", default=_SCOPES[0][0], choices=_SCOPES),
    ),
    check=_check,
    encode=_encode,
    send=_send,
    frame_bytes=60_000,
    most_bytes=900_000,
    templates=(
        Template(
            name="guardrail-sentinel.json",
            help="Makes the table and the rule: az deployment group create --template-file. Its outputs go in here.",
            text=json.dumps(_deployment(), indent=1) + "\n",
        ),
    ),
)
