"""Splunk's HTTP Event Collector: JSON objects one after another, gzipped, for all of which one answer stands.

Codes are those of Splunk's page “Troubleshoot HTTP Event Collector”. Indexer acknowledgement is not asked for: Splunk
Cloud has none for this way, and without it 200 is said when an event is in the indexer's queue.
"""

import gzip
from collections.abc import Mapping, Sequence
from typing import Any

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
    json_of,
    pause_of,
    printable,
    raise_for,
)
from policies.outbound import Answer

_PATH = "/services/collector/event"
# No data, invalid data, event field missing or blank, fields of the index: one of the events is to blame
_OF_AN_EVENT = frozenset((5, 6, 12, 13, 15))


def _encode(event: Event, setup: Setup) -> bytes:
    said = setup.settings
    envelope: dict[str, Any] = {
        "time": f"{event.at.timestamp():.3f}",
        "host": said.get("host") or "guardrail",
        "source": "guardrail",
        "sourcetype": said.get("sourcetype") or "guardrail:event",
        "event": as_document(event),
    }
    return ascii_json({**envelope, "index": said["index"]} if said.get("index") else envelope)


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    headers = {
        "Authorization": f"Splunk {setup.secret}",
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "User-Agent": "Guardrail",
    }
    body = gzip.compress(b"\n".join(frame.body for frame in frames), compresslevel=3, mtime=0)
    answer = post(_PATH, body, headers)
    code, text = _read(answer)
    if answer.status == 200 and code == 0:
        return [TAKEN] * len(frames)
    if answer.status == 400 and code in _OF_AN_EVENT:
        raise Rejected(f"it does not take this event: {text} (code {code})")
    if code is not None and answer.status in (400, 401, 403):
        raise NotNow(f"it refuses what it is asked: {text} (code {code})", seconds=NEEDS_A_PERSON_SECONDS)
    raise_for(answer)
    raise NotNow(f"it answers with status {answer.status} and not as Splunk does", seconds=pause_of(answer))


def _read(answer: Answer) -> tuple[int | None, str]:
    """Its code and its text; None where it does not answer as Splunk does."""
    said = json_of(answer)
    if not isinstance(said, dict) or not isinstance(said.get("code"), int):
        return None, ""
    return said["code"], printable(said.get("text", ""))


def _check(settings: Mapping[str, str], secret: str) -> None:
    for name in ("index", "sourcetype", "host"):
        if any(letter.isspace() or not letter.isprintable() for letter in settings.get(name, "")):
            raise SettingError(name, f"`{settings[name]}` has spaces, expected a name")


SINK = Sink(
    kind="splunk",
    word="Splunk (HTTP Event Collector)",
    address_help="The collector's address, e.g. https://splunk.example:8088",
    secret_label="HEC token",  # noqa: S106 a label
    secret_help="Without “Splunk” before it.",  # noqa: S106 a help text
    settings=(
        Setting(name="index", label="Index", help="Empty: the token's own."),
        Setting(name="sourcetype", label="Source type", help="What searches name it by.", default="guardrail:event"),
        Setting(name="host", label="Host", help="What events name as their host.", default="guardrail"),
    ),
    check=_check,
    encode=_encode,
    send=_send,
)
