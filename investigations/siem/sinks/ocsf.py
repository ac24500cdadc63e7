"""OCSF 1.8 over HTTP: some events a request, as a JSON array or a line each, for all of which one answer stands."""

from collections.abc import Mapping, Sequence

from investigations.siem.event import Event
from investigations.siem.ocsf import as_lines
from investigations.siem.sinks.sink import (
    TAKEN,
    Frame,
    Post,
    Rejected,
    Result,
    Setting,
    SettingError,
    Setup,
    Sink,
    raise_for,
)

_FORMATS = (("array", "A JSON array"), ("ndjson", "A line each (NDJSON)"))


def _encode(event: Event, setup: Setup) -> bytes:
    return as_lines(event)


def _send(frames: Sequence[Frame], setup: Setup, post: Post) -> Sequence[Result]:
    said = setup.settings
    body, kind = b"\n".join(frame.body for frame in frames) + b"\n", "application/x-ndjson"
    if said.get("format") != "ndjson":
        body, kind = b"[" + body.rstrip().replace(b"\n", b",") + b"]", "application/json"
    headers = {"Content-Type": kind, "User-Agent": "Guardrail"}
    if setup.secret:
        headers["Authorization"] = f"{said.get('scheme') or 'Bearer'} {setup.secret}"
    answer = post("", body, headers)
    raise_for(answer)
    if 200 <= answer.status < 300:
        return [TAKEN] * len(frames)
    raise Rejected(f"it does not take this event (status {answer.status})")


def _check(settings: Mapping[str, str], secret: str) -> None:
    scheme = settings.get("scheme", "")
    if not scheme.isascii() or any(not "!" <= letter <= "~" for letter in scheme):
        raise SettingError("scheme", f"`{scheme}` has spaces or letters beyond ASCII, expected a word, e.g. `Bearer`")


SINK = Sink(
    kind="ocsf",
    word="OCSF 1.8 (HTTP)",
    address_help="Where events are posted to, e.g. https://lake.example/ingest/ocsf",
    secret_label="Token",  # noqa: S106 a label
    secret_help="Sent in the header Authorization. Empty: none is sent.",  # noqa: S106 a help text
    secret_required=False,
    settings=(
        Setting(name="format", label="Format", help="Of a request.", default="array", choices=_FORMATS),
        Setting(name="scheme", label="Scheme", help="The word before the token.", default="Bearer", longest=40),
    ),
    check=_check,
    encode=_encode,
    send=_send,
)
