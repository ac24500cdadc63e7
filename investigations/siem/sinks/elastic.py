"""Elasticsearch and what speaks its `_bulk`: each event a document of ECS whose `_id` is the event's.

`create` makes a second arrival a conflict (409), which is a success: nothing is ever there twice. A 200 hides errors of
single documents, so each item is read.
"""

import json
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from investigations.siem.content import ascii_json
from investigations.siem.event import Event, Kind, as_document
from investigations.siem.sinks.sink import (
    NEEDS_A_PERSON_SECONDS,
    TAKEN,
    Fate,
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

_WORD = {"type": "keyword", "ignore_above": 1024}
_TEXT = {"type": "match_only_text"}
# Of the data stream: long texts are kept and found by their words, and are no words of their own.
INDEX_TEMPLATE = {
    "index_patterns": ["logs-guardrail-*"],
    "data_stream": {},
    "priority": 200,
    "template": {
        "mappings": {
            "date_detection": False,
            "dynamic_templates": [{"texts": {"match_mapping_type": "string", "mapping": _WORD}}],
            "properties": {
                "@timestamp": {"type": "date"},
                "message": _TEXT,
                "event": {"properties": {"severity": {"type": "long"}, "risk_score": {"type": "float"}}},
                "related": {"properties": {"ip": {"type": "ip"}}},
                "guardrail": {
                    "properties": {
                        "transcript": _TEXT,
                        "findings": {
                            "properties": {
                                "facts": {**_WORD, "index": False},
                                "quotes": {"properties": {"text": _TEXT}},
                            }
                        },
                        "act": {"properties": {"detail": {"type": "flattened", "ignore_above": 1024}}},
                    }
                },
            },
        }
    },
}
_INDEX = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")
_NO_ALERTS = (Kind.CALL, Kind.TEST, Kind.ACCESS, Kind.POLICY, Kind.AUDIT, Kind.TRAIL)
_OUTCOMES = {"block": "failure", "hold": "failure"}
# What says something of the index or of us, not of the document: it may be set right
_LATER = frozenset((401, 403, 404, 408, 429, 500, 502, 503, 504, 507))
# ECS wants 0 to 100 for a risk
_RISK = {0: 0, 1: 21, 2: 47, 3: 73, 4: 99}


def as_ecs(event: Event) -> dict[str, Any]:
    """The event in the names of ECS 8, and as a whole under `guardrail`."""
    kind = "event" if event.kind in _NO_ALERTS else "alert"
    document: dict[str, Any] = {
        "@timestamp": event.at.isoformat(timespec="milliseconds"),
        "ecs": {"version": "8.17.0"},
        "message": event.summary,
        "event": {
            "id": str(event.id),
            "kind": "alert" if event.call and event.call.stopped else kind,
            "provider": "guardrail",
            "module": "guardrail",
            "dataset": f"guardrail.{event.kind.value}",
            "action": event.call.action if event.call else event.act.what if event.act else event.kind.value,
            "severity": event.severity,
            "risk_score": _RISK.get(event.severity, 0),
            "url": event.link,
        },
        "observer": {"vendor": "Guardrail", "product": "Guardrail", "type": "ai-guardrail"},
        "guardrail": as_document(event),
    }
    if event.call:
        document["event"]["outcome"] = _OUTCOMES.get(event.call.action, "success")
        document["event"]["category"] = ["api"]
        document["event"]["type"] = ["denied"] if event.call.stopped else ["allowed"]
    who = event.call or event.case
    if who and who.user_id:
        document["user"] = {"id": who.user_id}
    if event.call and _is_ip(event.call.client_ip):
        document["related"] = {"ip": [event.call.client_ip]}
    if (event.call and event.call.deciding) or event.case:
        rule = event.call.deciding if event.call else event.case.rule if event.case else ""
        document["rule"] = {"name": rule}
    return document


def _is_ip(text: str) -> bool:
    """Whether the index would take it for one; what is none would cost the whole document."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _encode(event: Event, setup: Setup) -> bytes:
    return ascii_json(as_ecs(event))


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    index = setup.settings.get("index") or "logs-guardrail-default"
    lines = []
    for frame in frames:
        lines += [ascii_json({"create": {"_index": index, "_id": str(frame.event.id)}}), frame.body]
    headers = {
        "Authorization": f"ApiKey {setup.secret}",
        "Content-Type": "application/x-ndjson",
        "User-Agent": "Guardrail",
    }
    answer = post("/_bulk", b"\n".join(lines) + b"\n", headers)
    raise_for(answer)
    if answer.status != 200:
        raise Rejected(f"it does not take the request (status {answer.status})")
    return _read(answer, len(frames))


def _read(answer: Answer, wanted: int) -> list[Result]:
    try:
        document = json_of(answer)
        items = document["items"]
        told = [next(iter(item.values())) for item in items]
        results = [_result(int(one["status"]), one.get("error")) for one in told]
    except (ValueError, OverflowError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise NotNow("it answers, but not as Elasticsearch does", seconds=NEEDS_A_PERSON_SECONDS) from error
    if document.get("errors") is False and all(result is TAKEN for result in results):
        # some that speak its protocol name one item for all that they took
        return [TAKEN] * wanted
    if len(results) != wanted:
        raise NotNow(f"it answers for {len(results)} of {wanted} events", seconds=NEEDS_A_PERSON_SECONDS)
    return results


def _result(status: int, error: Any) -> Result:
    if status in (200, 201, 409):
        return TAKEN
    kind = error.get("type", "") if isinstance(error, dict) else error
    why = f"{printable(kind, 80) or 'no reason'} (status {status})"
    if status in _LATER:
        return Result(fate=Fate.LATER, error=f"it does not take this event yet: {why}")
    return Result(fate=Fate.NEVER, error=f"it does not take this event: {why}")


def _check(settings: Mapping[str, str], secret: str) -> None:
    index = settings.get("index", "")
    if index and not _INDEX.fullmatch(index):
        raise SettingError(
            "index", f"`{index}` is no name of a data stream, expected lower case, e.g. `logs-guardrail-soc`"
        )


SINK = Sink(
    kind="elastic",
    word="Elasticsearch (_bulk)",
    address_help="The cluster's address, e.g. https://elastic.example:9200",
    secret_label="API key",  # noqa: S106 a label
    secret_help="The encoded one, which may create documents in this data stream and nothing else.",  # noqa: S106
    settings=(
        Setting(
            name="index",
            label="Data stream",
            help="Made by the template in the docs.",
            default="logs-guardrail-default",
        ),
    ),
    check=_check,
    encode=_encode,
    send=_send,
    templates=(
        Template(
            name="logs-guardrail.json",
            help="PUT _index_template/logs-guardrail before the first event.",
            text=json.dumps(INDEX_TEMPLATE, indent=1) + "\n",
        ),
    ),
)
