"""Events in the classes of OCSF 1.8: every one as API Activity (6003), what was stopped and every investigation as a
Detection Finding (2004). Pure.

Classes, numbers and profiles are those of schema.ocsf.io/1.8.0; the field map is in docs/deliveries.md. `unmapped`
holds the event as all other receivers get it.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from investigations.siem.content import ascii_json
from investigations.siem.event import CASES, Act, Call, Case, Event, Kind, as_document

_VERSION = "1.8.0"
_ACTIVITY, _FINDING = 6003, 2004
_CLASSES = {
    _ACTIVITY: ("API Activity", 6, "Application Activity"),
    _FINDING: ("Detection Finding", 2, "Findings"),
}
_SEVERITIES = {
    0: (1, "Informational"),
    1: (2, "Low"),
    2: (3, "Medium"),
    3: (4, "High"),
    4: (5, "Critical"),
}
_OTHER = (99, "Other")
_OF_TOOLS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {"read": (2, "Read"), "write": (3, "Update"), "send": (1, "Create"), "pay": (1, "Create"), "delete": (4, "Delete")}
)
_OF_KINDS = {Kind.ACCESS: (2, "Read"), Kind.POLICY: (3, "Update"), Kind.RESTRICTION: (3, "Update")}
_OF_CASES = {Kind.CASE_OPENED: (1, "Create"), Kind.CASE_CHANGED: (2, "Update"), Kind.CASE_CLOSED: (3, "Close")}
# what the caller was told: the action and the disposition of the profile security_control
_CONTROLS = {
    "allow": (1, "Allowed", 1, "Allowed"),
    "notice": (3, "Observed", 15, "Detected"),
    "modify": (4, "Modified", 11, "Corrected"),
    "hold": (2, "Denied", 14, "Delayed"),
    "block": (2, "Denied", 2, "Blocked"),
}
_STATES = {"new": (1, "New"), "active": (2, "In Progress"), "closed": (4, "Resolved")}
_VERDICTS = {
    "true_positive": (2, "True Positive"),
    "false_positive": (1, "False Positive"),
    "benign_expected": (5, "Benign"),
    "undetermined": (7, "Insufficient Data"),
}


def as_ocsf(event: Event) -> tuple[dict[str, Any], ...]:
    """The event as one document, a call that was stopped, or would have been, as two."""
    if event.case is not None and event.kind in CASES:
        return (_of_case(event, event.case),)
    activity = _activity(event)
    call = event.call
    if call is not None and (call.stopped or call.would_have in ("hold", "block")):
        return (activity, _of_call(event, call))
    return (activity,)


def as_lines(event: Event) -> bytes:
    """Its documents as JSON, a line each: none holds an end of line."""
    return b"\n".join(ascii_json(document) for document in as_ocsf(event))


def _activity(event: Event) -> dict[str, Any]:
    call, act = event.call, event.act
    if call is None:
        what = act.what if act else event.kind.value
        return {
            **_head(event, _ACTIVITY, _OF_KINDS.get(event.kind, _OTHER), profiles=()),
            "actor": _person(act),
            "api": {"operation": what, "service": {"name": "Guardrail"}},
            "src_endpoint": {"svc_name": "Guardrail"},
            "unmapped": {"guardrail": as_document(event)},
        }
    return {
        **_head(event, _ACTIVITY, _OF_TOOLS.get(call.tool_kind, _OTHER), profiles=("ai_operation", "security_control")),
        **_control(call),
        "actor": _agent(call),
        "api": _api(call),
        "src_endpoint": _source(call),
        "resources": _resources(call),
        "message_context": _filled(
            {"service": {"name": call.caller or "unknown"}, "uid": call.conversation_id, "ai_role_id": 4}
        ),
        "status_id": 2 if call.stopped else 1,
        "status": "Failure" if call.stopped else "Success",
        "status_code": call.action,
        "status_detail": call.reason,
        "duration": round(call.answer_ms),
        "is_alert": call.stopped,
        "unmapped": {"guardrail": as_document(event)},
    }


def _of_call(event: Event, call: Call) -> dict[str, Any]:
    """What was found about a call; its evidence is with the activity."""
    return {
        **_head(event, _FINDING, (1, "Create"), profiles=("security_control", "incident"), part="finding"),
        **_control(call),
        "finding_info": _filled(
            {
                "uid": str(event.id),
                "title": event.summary,
                "desc": call.reason,
                "created_time": _milliseconds(event),
                "analytic": _analytic(call.deciding),
                "related_events": [{"uid": str(event.id)}],
            }
        ),
        "evidences": [{"actor": _agent(call), "api": _api(call), "src_endpoint": _source(call)}],
        "resources": _resources(call),
        "status_id": 1,
        "status": "New",
        "src_url": event.link,
        "is_alert": True,
    }


def _of_case(event: Event, case: Case) -> dict[str, Any]:
    """An investigation: its finding has the same `uid` from its opening to its close."""
    state = _STATES.get(case.status, (99, case.status))
    verdict = _VERDICTS.get(case.disposition)
    agent = _filled({"app_uid": case.agent_id, "app_name": case.agent_name, "user": _user(case.user_id)})
    document = {
        **_head(event, _FINDING, _OF_CASES[event.kind], profiles=("incident",)),
        "finding_info": _filled(
            {
                "uid": f"investigation-{case.number}",
                "title": case.title,
                "desc": event.summary,
                "analytic": _analytic(case.rule),
                "related_events_count": case.calls,
            }
        ),
        "evidences": [{"actor": agent}] if agent else [],
        "assignee": _filled({"name": case.assignee}),
        "comment": event.act.text if event.act else "",
        "status_id": state[0],
        "status": state[1],
        "src_url": event.link,
        "is_alert": True,
        "unmapped": {"guardrail": as_document(event)},
    }
    return _filled(document | ({"verdict_id": verdict[0], "verdict": verdict[1]} if verdict else {}))


def _head(
    event: Event, number: int, activity: tuple[int, str], *, profiles: tuple[str, ...], part: str = ""
) -> dict[str, Any]:
    name, category, category_name = _CLASSES[number]
    severity = _SEVERITIES.get(event.severity, (99, "Other"))
    metadata = {
        "version": _VERSION,
        "product": {"name": "Guardrail", "vendor_name": "Guardrail"},
        "uid": f"{event.id}.{part}" if part else str(event.id),
        "correlation_uid": str(event.id),
        "event_code": event.kind.value,
        "log_name": "guardrail",
        "profiles": list(profiles),
        "tenant_uid": event.call.tenant_id if event.call else "",
    }
    return {
        "class_uid": number,
        "class_name": name,
        "category_uid": category,
        "category_name": category_name,
        "activity_id": activity[0],
        "activity_name": activity[1],
        "type_uid": number * 100 + activity[0],
        "type_name": f"{name}: {activity[1]}",
        "time": _milliseconds(event),
        "severity_id": severity[0],
        "severity": severity[1],
        "message": event.summary,
        "metadata": _filled(metadata) | ({"is_truncated": True} if event.cut else {}),
    }


def _control(call: Call) -> dict[str, Any]:
    action_id, action, disposition_id, disposition = _CONTROLS.get(call.action, (99, call.action, 99, call.action))
    return {
        "action_id": action_id,
        "action": action,
        "disposition_id": disposition_id,
        "disposition": disposition,
        "policy": {
            "uid": "guardrail",
            "name": "Guardrail",
            "version": str(call.policy_version),
            "is_applied": call.mode == "enforce",
        },
    }


def _agent(call: Call) -> dict[str, Any]:
    """The agent that planned the call, and for whom; an actor is one of several things, and never none."""
    agent = {"app_uid": call.agent_id, "app_name": call.agent_name, "user": _user(call.user_id)}
    return _filled(agent) or {"app_name": "unknown"}


def _person(act: Act | None) -> dict[str, Any]:
    return {"user": {"name": act.actor}} if act and act.actor else {"app_name": "Guardrail"}


def _user(name: str) -> dict[str, Any]:
    return {"uid": name} if name else {}


def _api(call: Call) -> dict[str, Any]:
    return {
        "operation": call.tool_name or call.tool_id or "unknown",
        "service": {"name": call.caller or "unknown"},
        "request": {"uid": call.verdict_id},
    }


def _source(call: Call) -> dict[str, Any]:
    try:
        ip_address(call.client_ip)
    except ValueError:
        return {"svc_name": call.caller or "unknown"}
    return _filled({"ip": call.client_ip, "svc_name": call.caller})


def _resources(call: Call) -> list[dict[str, Any]]:
    tool = _filled({"uid": call.tool_id, "name": call.tool_name})
    found = [{**tool, "type": "tool"}] if tool else []
    return found + ([{"name": call.destination, "type": "destination"}] if call.destination else [])


def _analytic(rule: str) -> dict[str, Any]:
    return {"name": rule, "uid": rule, "type": "Rule", "type_id": 1} if rule else {}


def _milliseconds(event: Event) -> int:
    return int(event.at.timestamp() * 1000)


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}
