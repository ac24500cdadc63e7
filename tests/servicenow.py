"""ServiceNow for tests: its Table API, strict, written from its documents, on `tests.engines`' real server."""

import base64
import json
import re
import socket
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone

from tests.engines import OtherEngine, Request, saying

USER, PASSWORD = "guardrail.sync", "servicenow-password-0123"
MARA = "a" * 32
SERVICENOW = {
    "user": USER,
    "table": "incident",
    "outward": "new = 1; active = 2; closed = 6",
    "inward": "1 = open; 2 = open; 6 = closed undetermined; 7 = closed true_positive",
    "priorities": "critical = 1; high = 1; medium = 2; low = 3",
    "closing": "close_code = Solution provided",
    "always": f"assignment_group = {'b' * 32}",
    "people": f"ines = {MARA}",
}
_FIELDS = "sys_id,number,state,sys_updated_on,sys_updated_by"
_FAILED = {
    401: ("401 Unauthorized", "User Not Authenticated", "Required to provide Auth information"),
    404: ("404 Not Found", "No Record found", "Record doesn't exist or ACL restricts the record retrieval"),
    403: (
        "403 Forbidden",
        "Operation Failed",
        "Data Policy Exception: The following fields are mandatory: Close notes",
    ),
}
_KNOWN = {
    *("short_description", "description", "correlation_id", "correlation_display", "urgency", "impact", "assigned_to"),
    *("assignment_group", "state", "close_code", "close_notes", "work_notes"),
}


@dataclass(slots=True)
class ServiceNow:
    """Incidents. Fields in `protected` are left as they are without a word, as ACLs do; `journal` is the work notes.

    `losing` = a method: what is asked so is done once, and the connection ends without an answer.
    """

    records: dict[str, dict[str, str]] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    losing: str = ""
    refusing: tuple[str, Any] | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        request = engine.requests[-1]
        self.asked.append(request.method)
        told = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.refusing:
            status, document = self.refusing
        elif request.headers.get("authorization") != f"Basic {told}":
            status, document = _failed(401)
        else:
            status, document = self._answer(request)
        if self.losing == request.method:
            self.losing = ""
            return False
        return saying(document, status=status)(connection, engine)

    @property
    def only(self) -> dict[str, str]:
        """The one record there is."""
        (record,) = self.records.values()
        return record

    def write(self, record: dict[str, str], *, by: str, **fields: str) -> None:
        """Somebody there writes fields of it."""
        notes = fields.pop("work_notes", "")
        if notes:
            at = f"{timezone.now():%Y-%m-%d %H:%M:%S} - {by} (Work notes)"
            record["journal"] = f"{at}\n{notes}\n\n{record.get('journal', '')}"
        record |= {name: value for name, value in fields.items() if name not in self.protected or by != USER}
        record |= {"sys_updated_on": f"{timezone.now():%Y-%m-%d %H:%M:%S}", "sys_updated_by": by}

    def _answer(self, request: Request) -> tuple[str, Any]:
        parts = urlsplit(request.path)
        found = re.fullmatch(r"/guard/api/now/table/incident(?:/([0-9a-f]{32}))?", parts.path)
        if not found:
            return "400 Bad Request", {"error": {"message": "Invalid table", "detail": None}, "status": "failure"}
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body, sys_id = json.loads(request.body) if request.body else {}, found.group(1)
        if sys_id and sys_id not in self.records:
            return _failed(404)
        if request.method == "GET" and sys_id:
            record = self.records[sys_id]
            if asked["sysparm_fields"] == "work_notes":
                assert asked["sysparm_display_value"] == "true"
                return "200 OK", {"result": {"work_notes": record.get("journal", "")}}
            return "200 OK", {"result": _shown(record, asked["sysparm_fields"])}
        if request.method == "GET":
            return "200 OK", {"result": [_shown(one, asked["sysparm_fields"]) for one in self._found(asked)]}
        assert set(body) <= _KNOWN
        if request.method == "POST":
            number = f"INC{len(self.records) + 10_001:07}"
            record = {"sys_id": uuid.uuid4().hex, "number": number, "state": "1"}
            self.records[record["sys_id"]] = record
            self.write(record, by=USER, **body)
            return "201 Created", {"result": dict(record)}
        if body.get("state") in ("6", "7") and not (body.get("close_code") and body.get("close_notes")):
            return _failed(403)
        self.write(self.records[str(sys_id)], by=USER, **body)
        return "200 OK", {"result": dict(self.records[str(sys_id)])}

    def _found(self, asked: dict[str, str]) -> list[dict[str, str]]:
        query, rows = asked.get("sysparm_query", ""), list(self.records.values())
        by_key = re.fullmatch(r"correlation_id=(guardrail-[0-9a-f]{32})\^ORDERBYsys_created_on", query)
        by_time = re.fullmatch(
            r"correlation_idSTARTSWITHguardrail-\^sys_updated_onRELATIVEGT@minute@ago@(\d+)\^ORDERBYsys_updated_on",
            query,
        )
        assert by_key or by_time or not query, query
        if by_key:
            rows = [one for one in rows if one["correlation_id"] == by_key.group(1)]
        if by_time:
            since = f"{timezone.now() - timedelta(minutes=int(by_time.group(1))):%Y-%m-%d %H:%M:%S}"
            rows = [one for one in rows if one["sys_updated_on"] >= since]
        return sorted(rows, key=lambda one: one["sys_updated_on"])[: int(asked["sysparm_limit"])]


def _shown(record: dict[str, str], fields: str) -> dict[str, str]:
    assert fields == _FIELDS
    return {name: record[name] for name in fields.split(",")}


def _failed(status: int) -> tuple[str, Any]:
    line, message, detail = _FAILED[status]
    return line, {"error": {"message": message, "detail": detail}, "status": "failure"}
