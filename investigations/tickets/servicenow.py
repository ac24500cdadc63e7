"""ServiceNow by its Table API, as a user with a password.

`correlation_id` holds our key. What a user may not write is left out without a word, so what was asked for is compared
with what came back. Journal fields show what stands between `[code]` and `[/code]` as HTML: no text of ours has that.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from investigations.siem.sinks.pairs import PairError, read_pairs
from investigations.siem.sinks.sink import NEEDS_A_PERSON_SECONDS, NotNow, Rejected, Setting, SettingError, Setup
from investigations.tickets.desk import (
    MOST_CHANGED,
    Line,
    Made,
    Remote,
    Reply,
    Said,
    System,
    list_at,
    readable,
    text_at,
)
from investigations.tickets.rule_settings import RULE_SETTINGS, check_rule_settings
from investigations.tickets.statuses import read_inward, read_outward

PREFIX = "guardrail-"
_TABLE = re.compile(r"[a-z][a-z0-9_]{1,79}\Z")
_SYS_ID = re.compile(r"[0-9a-f]{32}\Z")
_NUMBER = re.compile(r"[A-Z0-9]{3,40}\Z")
_STATUS = re.compile(r"[A-Za-z0-9 _-]{1,100}\Z")
_FIELDS = "sys_id,number,state,sys_updated_on,sys_updated_by"
_CODE = re.compile(r"\[(?=/?code\])", re.IGNORECASE)
# A 403 that is about one record: a rule of theirs said no to it
_OF_THE_RECORD = ("business rule", "data policy", "mandatory", "constraint")
_LONGEST_TITLE = 160
_LONGEST_TEXT = 4_000


class ServiceNow:
    """One table; see `investigations.tickets.desk.Desk`."""

    def __init__(self, setup: Setup) -> None:
        said = setup.settings
        token = base64.b64encode(f"{said.get('user', '')}:{setup.secret}".encode()).decode()
        self._line = Line(setup, authorization=f"Basic {token}", told=_told)
        self._site = setup.address.rstrip("/")
        self._table = said.get("table") or "incident"
        self._urgencies = read_pairs(said.get("priorities", ""))
        self._people = read_pairs(said.get("people", ""))
        self._always = read_pairs(said.get("always", ""))
        self._closing = read_pairs(said.get("closing", ""))
        self._closed = read_outward(said.get("outward", "")).get("closed", "")

    def find(self, key: str) -> Remote | None:
        """By `correlation_id`."""
        found = self._list(f"correlation_id={PREFIX}{key}^ORDERBYsys_created_on", limit=2)
        return _remote(found[0]) if found else None

    def create(self, said: Said, *, key: str) -> Made:
        """With the fields every ticket gets."""
        lines = [*(f"{word}: {value}" for word, value in said.facts), said.link]
        fields = {
            **self._always,
            "short_description": _plain(said.title)[:_LONGEST_TITLE],
            "description": "\n".join(map(_plain, lines)),
            "correlation_id": f"{PREFIX}{key}",
            "correlation_display": "Guardrail",
            **self._optional(severity=said.severity, assignee=said.assignee),
        }
        reply = self._line.ask("POST", self._path(), fields, own=(403, 404), once=True)
        if reply.status == 403:
            self._raise_refused(reply)
        if reply.status != 201:
            raise Rejected(f"it does not take this ticket: {self._line.said(reply)} (status {reply.status})")
        sys_id, number = text_at(reply.document, "result", "sys_id"), text_at(reply.document, "result", "number")
        if not _SYS_ID.match(sys_id) or not _NUMBER.match(number):
            raise NotNow("it answers, but names no ticket")
        return Made(id=sys_id, name=number)

    def read(self, remote_id: str) -> Remote | None:
        """404 is both: gone, and not for our eyes."""
        reply = self._line.ask("GET", self._path(remote_id, sysparm_fields=_FIELDS), own=(404,))
        return None if reply.status == 404 else _remote(_result(reply, self._line))

    def set_status(self, remote_id: str, status: str, *, reason: str) -> str:
        """Closing wants a code and notes."""
        fields = {"state": status}
        if status == self._closed:
            fields |= {**self._closing, "close_notes": _plain(reason)}
        return self._patch(remote_id, fields, watched=("state",))

    def set_fields(self, remote_id: str, *, severity: str, assignee: str) -> str:
        """Urgency and impact stand for severity: priority is made of them there."""
        fields = self._optional(severity=severity, assignee=assignee, empty=True)
        return self._patch(remote_id, fields, watched=()) if fields else ""

    def has_comment(self, remote_id: str, mark: str) -> bool:
        """In all of its work notes."""
        path = self._path(remote_id, sysparm_fields="work_notes", sysparm_display_value="true")
        return mark in text_at(_result(self._line.ask("GET", path), self._line), "work_notes")

    def comment(self, remote_id: str, lines: Sequence[str]) -> None:
        """A work note: those a case is opened for do not see it."""
        text = "\n".join(_plain(line) for line in lines)
        reply = self._line.ask("PATCH", self._path(remote_id), {"work_notes": text}, own=(403, 404), once=True)
        if reply.status == 403:
            self._raise_refused(reply)
        if reply.status != 200:
            raise Rejected(f"it does not take a work note: {self._line.said(reply)} (status {reply.status})")

    def changed(self, since: datetime, *, now: datetime) -> list[Remote]:
        """In minutes before now: moments in a query are in the time zone of whoever asks."""
        minutes = max(1, math.ceil((now - since).total_seconds() / 60))
        recent = f"sys_updated_onRELATIVEGT@minute@ago@{minutes}"
        query = f"correlation_idSTARTSWITH{PREFIX}^{recent}^ORDERBYsys_updated_on"
        return readable(self._list(query, limit=MOST_CHANGED), _remote)

    def probe(self) -> str:
        """Whether the table can be read; what may be written there shows with the first ticket."""
        self._list("", limit=1)
        return ""

    def link_of(self, remote: Remote) -> str:
        """In the frame people know."""
        inside = quote(f"/{self._table}.do?sys_id={remote.id}", safe="")
        return f"{self._site}/nav_to.do?uri={inside}" if _SYS_ID.match(remote.id) else ""

    def begin(self, seconds: float) -> None:
        """Give what is asked from here on so long, all in all."""
        self._line.begin(seconds)

    def close(self) -> None:
        """Close what is open."""
        self._line.close()

    def _path(self, remote_id: str = "", **asked: str) -> str:
        path = f"/api/now/table/{self._table}" + (f"/{quote(remote_id, safe='')}" if remote_id else "")
        return f"{path}?{urlencode({**asked, 'sysparm_exclude_reference_link': 'true'})}"

    def _list(self, query: str, *, limit: int) -> list[Any]:
        path = self._path(sysparm_query=query, sysparm_fields=_FIELDS, sysparm_limit=str(limit))
        reply = self._line.ask("GET", path)
        if reply.status != 200 or not isinstance(reply.document, Mapping) or "result" not in reply.document:
            raise NotNow(f"it does not answer what we ask: {self._line.said(reply)} (status {reply.status})")
        return list_at(reply.document, "result")[:limit]

    def _patch(self, remote_id: str, fields: Mapping[str, str], *, watched: Sequence[str]) -> str:
        reply = self._line.ask("PATCH", self._path(remote_id), dict(fields), own=(403, 404))
        if reply.status != 200:
            return f"it does not take {', '.join(fields)}: {self._line.said(reply)}"
        result = _result(reply, self._line)
        left = [name for name in watched if text_at(result, name) != fields[name]]
        return f"it kept {', '.join(left)} as it was: a rule there, or we may not write it" if left else ""

    def _optional(self, *, severity: str, assignee: str, empty: bool = False) -> dict[str, str]:
        fields: dict[str, str] = {}
        if severity in self._urgencies:
            fields |= {"urgency": self._urgencies[severity], "impact": self._urgencies[severity]}
        if assignee in self._people or (empty and self._people):
            fields["assigned_to"] = self._people.get(assignee, "")
        return fields

    def _raise_refused(self, reply: Reply) -> None:
        why = self._line.said(reply)
        if any(word in why.lower() for word in _OF_THE_RECORD):
            raise Rejected(f"it does not take this: {why} (status 403)")
        raise NotNow(f"it does not let us: {why} (status 403)", seconds=NEEDS_A_PERSON_SECONDS)


def _result(reply: Reply, line: Line) -> Any:
    """What it says of one record. Raises NotNow."""
    if reply.status != 200 or not isinstance(reply.document, Mapping):
        raise NotNow(f"it does not answer what we ask: {line.said(reply)} (status {reply.status})")
    return reply.document.get("result")


def _remote(record: Any) -> Remote:
    """Raises NotNow where it is none."""
    sys_id, number, status = (text_at(record, name) for name in ("sys_id", "number", "state"))
    try:
        at = datetime.strptime(text_at(record, "sys_updated_on"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise NotNow("it answers with what is no ticket") from error
    if not _SYS_ID.match(sys_id) or not _NUMBER.match(number) or not _STATUS.match(status):
        raise NotNow("it answers with what is no ticket")
    return Remote(id=sys_id, name=number, status=status, at=at, by=text_at(record, "sys_updated_by"))


def _plain(text: str) -> str:
    """No journal field makes HTML of it."""
    return _CODE.sub("[ ", text[:_LONGEST_TEXT])


def _told(document: Any) -> str:
    """`message` and `detail`, as ServiceNow tells them."""
    parts = (text_at(document, "error", "message"), text_at(document, "error", "detail"))
    return ": ".join(filter(None, parts))


def _check(settings: Mapping[str, str], secret: str) -> None:
    check_rule_settings(settings)
    if not _TABLE.match(settings.get("table", "") or "incident"):
        raise SettingError("table", f"`{settings['table']}` is no name of a table, expected e.g. `incident`")
    user = settings.get("user", "")
    if not user or ":" in user or not user.isascii() or not user.isprintable():
        raise SettingError("user", f"`{user}` is no name of a user, expected ASCII without a colon")
    reads: dict[str, Callable[[str], Mapping[str, Any]]] = {
        "outward": read_outward,
        "inward": read_inward,
        "priorities": read_pairs,
        "people": read_pairs,
    }
    reads |= {"always": read_pairs, "closing": read_pairs}
    for name, read in reads.items():
        try:
            found = tuple(read(settings.get(name, "")))
        except PairError as error:
            raise SettingError(name, str(error)) from error
        if name in ("always", "closing") and (wrong := [one for one in found if not _TABLE.match(one)]):
            raise SettingError(name, f"`{wrong[0]}` is no name of a field, expected e.g. `assignment_group`")


SYSTEM = System(
    kind="servicenow",
    word="ServiceNow (tickets)",
    address_help="The instance, e.g. https://acme.service-now.com",
    secret_label="Password",  # noqa: S106 a label
    secret_help="Of the user below.",  # noqa: S106 a help text
    settings=(
        Setting(name="user", label="User", help="A user of the web service alone, with rights on the table."),
        Setting(name="table", label="Table", help="incident, sn_si_incident, ...", default="incident"),
        Setting(
            name="outward",
            label="Our status there",
            help="Ours = value of their state; what is left out is not set.",
            default="new = 1; active = 2; closed = 6",
            longest=1_000,
        ),
        Setting(
            name="inward",
            label="Their status here",
            help="Value of their state = open, or closed with a disposition. What is left out is only told.",
            default="1 = open; 2 = open; 6 = closed undetermined; 7 = closed undetermined",
            longest=1_000,
        ),
        Setting(
            name="priorities",
            label="Urgency and impact",
            help="Severity = value of both; what is left out is not set.",
            default="critical = 1; high = 1; medium = 2; low = 3",
            longest=1_000,
        ),
        Setting(
            name="closing",
            label="When it is closed",
            help="Field = value, beside the notes.",
            default="close_code = Solution provided",
            longest=1_000,
        ),
        Setting(
            name="always",
            label="Fields of every ticket",
            help="Field = value, e.g. assignment_group = sys_id; category = security.",
            longest=1_000,
        ),
        Setting(
            name="people",
            label="People",
            help="User here = sys_id there. Empty: assignees are only told in work notes.",
            longest=1_000,
        ),
        *RULE_SETTINGS,
    ),
    check=_check,
    opened=ServiceNow,
)
