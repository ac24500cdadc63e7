"""SIEMs for tests: strict receivers of each protocol, written from the documents, on `tests.engines`' real server."""

import base64
import gzip
import hashlib
import hmac
import json
import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import time_machine
from django.utils import timezone
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from investigations.models import Delivery, Receiver
from investigations.receivers import ReceiverSettings, add_receiver
from tests.engines import OtherEngine, Request, saying

SECRETS = {
    "splunk": "5f1d6a52-hec-token-0123456789",
    "elastic": "ZWxhc3RpYy1hcGkta2V5OjAxMjM0NTY3ODk=",
    "sentinel": "entra-client-secret-0123456789",
    "ocsf": "ocsf-token-0123456789",
    "webhook": "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(),
}


def states() -> list[int]:
    """The state of every row, in order."""
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def the(receiver: Receiver) -> Receiver:
    """It as it is now."""
    receiver.refresh_from_db()
    return receiver


def resting(receiver: Receiver) -> datetime:
    """Until when it is left alone."""
    until = the(receiver).rest_until
    assert until is not None
    return until


def later(minutes: float) -> time_machine.travel:
    """So many minutes from now, while it is entered."""
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True)


def a_receiver(kind: str, address: str, **wanted: Any) -> Receiver:
    """A receiver on this machine that is told of every call, unless `wanted` says otherwise."""
    whole = {
        "name": f"The {kind}",
        "address": address,
        "secret": SECRETS.get(kind, ""),
        "settings": SENTINEL if kind == "sentinel" else {},
        "authority": "",
        "inside": True,
        "calls": "all",
        "severity_from": 0,
        "kinds": (),
        "content": "redacted",
        "per_minute": 0,
        **wanted,
    }
    return add_receiver(kind, ReceiverSettings(**whole), actor=None)


def settings_of(receiver: Receiver, **wanted: Any) -> ReceiverSettings:
    """What was decided for it, its secret kept, but for what is `wanted`."""
    names = ("name", "address", "settings", "authority", "inside", "calls", "severity_from", "content", "per_minute")
    whole = {name: getattr(receiver, name) for name in names}
    return ReceiverSettings(**{**whole, "kinds": tuple(receiver.kinds), "secret": "", **wanted})


@dataclass(slots=True)
class Splunk:
    """HTTP Event Collector: answers as “Troubleshoot HTTP Event Collector” lists. `poison` is text it cannot index."""

    events: list[dict[str, Any]] = field(default_factory=list)
    poison: str = ""
    most_bytes: int = 10_000_000

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        status, code, text = self._take(engine.requests[-1])
        return saying({"text": text, "code": code}, status=status)(connection, engine)

    def _take(self, request: Request) -> tuple[str, int, str]:
        if request.path.split("?")[0] != "/guard/services/collector/event":
            return "404 Not Found", 404, "The requested URL was not found on this server."
        if request.headers.get("authorization") != f"Splunk {SECRETS['splunk']}":
            return "403 Forbidden", 4, "Invalid token"
        body = gzip.decompress(request.body)
        if len(body) > self.most_bytes:
            return "413 Request Entity Too Large", 27, "Request entity too large"
        taken, at, text = [], 0, body.decode("ascii")
        while at < len(text):
            try:
                document, at = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                return "400 Bad Request", 6, "Invalid data format"
            at += len(text[at:]) - len(text[at:].lstrip())
            if not document.get("event"):
                return "400 Bad Request", 12, "Event field is required"
            if self.poison and self.poison in json.dumps(document):
                return "400 Bad Request", 6, "Invalid data format"
            taken.append(document)
        self.events += taken
        return ("200 OK", 0, "Success") if taken else ("400 Bad Request", 5, "No data")

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived, in order."""
        return [one["event"]["id"] for one in self.events]


@dataclass(slots=True)
class Elastic:
    """`_bulk` with `create`: a second arrival is a 409, a poisoned document a 400, both under HTTP 200."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrivals: list[str] = field(default_factory=list)
    poison: str = ""
    busy: set[str] = field(default_factory=set)
    most_bytes: int = 100_000_000

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        request = engine.requests[-1]
        if request.headers.get("authorization") != f"ApiKey {SECRETS['elastic']}":
            return saying({"error": {"type": "security_exception"}, "status": 401}, status="401 Unauthorized")(
                connection, engine
            )
        if len(request.body) > self.most_bytes:
            return saying(b"", status="413 Request Entity Too Large")(connection, engine)
        if request.path != "/guard/_bulk" or not request.body.endswith(b"\n"):
            return saying({"error": {"type": "illegal_argument_exception"}}, status="400 Bad Request")(
                connection, engine
            )
        lines = request.body.decode("ascii").splitlines()
        items = [self._take(json.loads(lines[at]), json.loads(lines[at + 1])) for at in range(0, len(lines), 2)]
        failed = any(item["create"]["status"] >= 300 for item in items)
        return saying({"took": 3, "errors": failed, "items": items})(connection, engine)

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived, in order."""
        return self.arrivals

    def _take(self, action: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        name = action["create"]["_id"]
        self.arrivals.append(name)
        status, error = 201, ""
        if name in self.documents:
            status, error = 409, "version_conflict_engine_exception"
        elif self.poison and self.poison in json.dumps(document):
            status, error = 400, "document_parsing_exception"
        elif name in self.busy:
            status, error = 429, "es_rejected_execution_exception"
        else:
            self.documents[name] = document
        told = {"error": {"type": error, "reason": "…"}} if error else {}
        return {"create": {"_index": action["create"]["_index"], "_id": name, "status": status, **told}}


SENTINEL = {
    "rule": "dcr-0123456789abcdef0123456789abcdef",
    "stream": "Custom-Guardrail_CL",
    "tenant": "11111111-2222-3333-4444-555555555555",
    "client": "66666666-7777-8888-9999-000000000000",
}


@dataclass(slots=True)
class Sentinel:
    """Logs Ingestion and Entra on one server: a token by client credentials, then rows of the stream, 1 MB at most."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    tokens: int = 0
    revoked: bool = False
    most_bytes: int = 1_048_576

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        request = engine.requests[-1]
        if request.path == f"/guard/{SENTINEL['tenant']}/oauth2/v2.0/token":
            return saying(*self._token(request))(connection, engine)
        status, code = self._take(request)
        told: Any = {"error": {"code": code, "message": "…"}} if code else b""
        return saying(told, status=status)(connection, engine)

    def _token(self, request: Request) -> tuple[Any]:
        form = dict(parse_qsl(request.body.decode()))
        wanted = {
            "grant_type": "client_credentials",
            "client_id": SENTINEL["client"],
            "client_secret": SECRETS["sentinel"],
            "scope": "https://monitor.azure.com/.default",
        }
        assert form == wanted
        self.tokens += 1
        return ({"access_token": f"token-{self.tokens}", "expires_in": 3599, "token_type": "Bearer"},)

    def _take(self, request: Request) -> tuple[str, str]:
        rule = f"/guard/dataCollectionRules/{SENTINEL['rule']}/streams/{SENTINEL['stream']}?api-version=2023-01-01"
        if self.revoked or request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return "401 Unauthorized", "InvalidToken"
        body = gzip.decompress(request.body)
        if len(body) > self.most_bytes:
            return "413 Payload Too Large", "ContentLengthLimitExceeded"
        if request.path != rule:
            return "404 Not Found", "NotFound"
        self.rows += json.loads(body)
        return "204 No Content", ""

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived, in order."""
        return [row["EventId"] for row in self.rows]


@dataclass(slots=True)
class Ocsf:
    """Takes documents of OCSF by HTTP, an array or a line each, that are valid by the schema of their own version."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    poison: str = ""
    most_bytes: int = 10_000_000

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        return saying(b"", status=self._take(engine.requests[-1]))(connection, engine)

    def _take(self, request: Request) -> str:
        if request.headers.get("authorization") != f"Bearer {SECRETS['ocsf']}" or request.path != "/guard":
            return "401 Unauthorized"
        if len(request.body) > self.most_bytes:
            return "413 Content Too Large"
        if request.headers["content-type"] == "application/x-ndjson":
            documents = [json.loads(line) for line in request.body.decode("ascii").splitlines()]
        else:
            documents = json.loads(request.body)
        if (self.poison and self.poison in json.dumps(documents)) or any(map(ocsf_faults, documents)):
            return "400 Bad Request"
        self.documents += documents
        return "200 OK"

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived, in order; that of a finding beside its activity is no other."""
        names = [one["metadata"] for one in self.documents]
        return [name["uid"] for name in names if name["uid"] == name["correlation_uid"]]


def ocsf_faults(document: dict[str, Any]) -> list[str]:
    """What is wrong with a document by the schema of its class and profiles."""
    found = _ocsf(document["class_uid"], tuple(document["metadata"].get("profiles", ()))).iter_errors(document)
    return [f"{list(error.path)}: {error.message[:200]}" for error in found]


@lru_cache
def _ocsf(number: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
    whole = schema.get_class_schema(schema.lookup_class_name_from_uid(number), list(profiles))
    return Draft202012Validator(whole)


@dataclass(slots=True)
class Hook:
    """A Standard Webhooks receiver that checks each signature; `status` is what it answers to a good one."""

    status: str = "204 No Content"
    more: tuple[str, ...] = ()
    events: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0

    def __call__(self, connection: socket.socket, engine: OtherEngine) -> bool:
        request = engine.requests[-1]
        signed = b"%s.%s." % (request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode())
        key = base64.b64decode(SECRETS["webhook"].removeprefix("whsec_"))
        wanted = base64.b64encode(hmac.new(key, signed + request.body, hashlib.sha256).digest()).decode()
        if request.headers["webhook-signature"] != f"v1,{wanted}":
            self.forged += 1
            return saying(b"", status="401 Unauthorized")(connection, engine)
        if self.status.startswith("2"):
            self.events.append({"webhook-id": request.headers["webhook-id"], **json.loads(request.body)})
        return saying(b"", status=self.status, more=self.more)(connection, engine)

    @property
    def ids(self) -> list[str]:
        """The event ids that arrived, in order."""
        return [str(one["webhook-id"]) for one in self.events]


def half_an_answer(connection: socket.socket, engine: OtherEngine) -> bool:
    """Promises more than it sends, and hangs up."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n{"code":')
    return False
