"""Jira Cloud, REST API v3, as a person with an API token.

Jira has no key of ours: a label holds it. The search by JQL is eventually consistent, so whoever looks a label up
after a request without an answer waits first (`investigations.tickets.outward`). Texts are documents of Atlassian's
format with text nodes alone, so nothing in them is markup, a mention or a link.
"""

import base64
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from investigations.siem.sinks.pairs import PairError, read_pairs
from investigations.siem.sinks.sink import NotNow, Rejected, Setting, SettingError, Setup
from investigations.tickets.desk import (
    MOST_CHANGED,
    Line,
    Made,
    Remote,
    Reply,
    Said,
    System,
    is_at,
    list_at,
    readable,
    text_at,
)
from investigations.tickets.rule_settings import RULE_SETTINGS, check_rule_settings
from investigations.tickets.statuses import read_inward, read_outward

LABEL = "guardrail"
_API = "/rest/api/3"
_PROJECT = re.compile(r"[A-Z][A-Z0-9_]{1,49}\Z")
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,49}-[0-9]{1,12}\Z")
_ID = re.compile(r"[0-9]{1,20}\Z")
_LONGEST_SUMMARY = 255
_LONGEST_TEXT = 30_000
_PAGE = 100
# What is left out where a project does not have it on its screen
_OPTIONAL = frozenset(("priority", "assignee"))
_NEEDED = ("BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS")
_FIELDS = ["status", "updated"]


class Jira:
    """One project; see `investigations.tickets.desk.Desk`."""

    def __init__(self, setup: Setup) -> None:
        said = setup.settings
        token = base64.b64encode(f"{said.get('user', '')}:{setup.secret}".encode()).decode()
        self._line = Line(setup, authorization=f"Basic {token}", told=_told)
        self._site = (said.get("site") or setup.address).rstrip("/")
        self._project = said.get("project", "")
        self._type = said.get("type") or "Task"
        self._priorities = read_pairs(said.get("priorities", ""))
        self._people = read_pairs(said.get("people", ""))
        self._statuses = tuple(read_outward(said.get("outward", "")).values())

    def find(self, key: str) -> Remote | None:
        """By the label."""
        found = self._search(f'labels = "{LABEL}-{key}" ORDER BY created ASC', page=2, pages=1)
        return _remote(found[0]) if found else None

    def create(self, said: Said, *, key: str) -> Made:
        """Priority and assignee are left out where the project does not take them."""
        fields: dict[str, Any] = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": said.title[:_LONGEST_SUMMARY],
            "description": _document([*(f"{word}: {value}" for word, value in said.facts)], link=said.link),
            "labels": [LABEL, f"{LABEL}-{key}"],
            **self._optional(severity=said.severity, assignee=said.assignee),
        }
        reply = self._line.ask("POST", f"{_API}/issue", {"fields": fields}, own=(404, 422), once=True)
        note = ""
        if reply.status == 400 and (left_out := _only_optional(reply)):
            note = f"it does not take {' and '.join(left_out)}: {self._line.said(reply)}"
            fields = {name: value for name, value in fields.items() if name not in left_out}
            reply = self._line.ask("POST", f"{_API}/issue", {"fields": fields}, own=(404, 422), once=True)
        if reply.status != 201:
            raise Rejected(f"it does not take this ticket: {self._line.said(reply)} (status {reply.status})")
        remote_id, name = text_at(reply.document, "id"), text_at(reply.document, "key")
        if not _ID.match(remote_id) or not _NAME.match(name):
            raise NotNow("it answers, but names no ticket")
        return Made(id=remote_id, name=name, note=note)

    def read(self, remote_id: str) -> Remote | None:
        """404 is both: gone, and not for our eyes."""
        reply = self._line.ask("GET", f"{_API}/issue/{quote(remote_id, safe='')}?fields=status,updated", own=(404,))
        return None if reply.status == 404 else _remote(reply.document)

    def set_status(self, remote_id: str, status: str, *, reason: str) -> str:
        """By the transition that leads there; its workflow may have none from where it is."""
        path = f"{_API}/issue/{quote(remote_id, safe='')}/transitions"
        ways = {
            text_at(way, "to", "name").lower(): text_at(way, "id")
            for way in list_at(self._line.ask("GET", path).document, "transitions")
        }
        if not ways.get(status.lower()):
            there = ", ".join(f"`{name[:40]}`" for name in list(ways)[:8]) or "none"
            return f"its workflow has no way to `{status}` from where it is, only to {there}"
        reply = self._line.ask("POST", path, {"transition": {"id": ways[status.lower()]}}, own=(404, 409), once=True)
        return "" if reply.status == 204 else f"its status was not changed: {self._line.said(reply)}"

    def set_fields(self, remote_id: str, *, severity: str, assignee: str) -> str:
        """Each alone, so that one that is not taken does not keep the other out."""
        wrong = []
        for name, value in self._optional(severity=severity, assignee=assignee, empty=True).items():
            path = f"{_API}/issue/{quote(remote_id, safe='')}"
            reply = self._line.ask("PUT", path, {"fields": {name: value}}, own=(404, 409))
            if reply.status != 204:
                wrong.append(f"it does not take the {name}: {self._line.said(reply)}")
        return "; ".join(wrong)

    def has_comment(self, remote_id: str, mark: str) -> bool:
        """Among the newest fifty."""
        path = f"{_API}/issue/{quote(remote_id, safe='')}/comment?orderBy=-created&maxResults=50"
        return mark in json.dumps(list_at(self._line.ask("GET", path).document, "comments"))

    def comment(self, remote_id: str, lines: Sequence[str]) -> None:
        """Seen by everybody who sees the ticket."""
        path = f"{_API}/issue/{quote(remote_id, safe='')}/comment"
        reply = self._line.ask("POST", path, {"body": _document(lines)}, own=(404,), once=True)
        if reply.status != 201:
            raise Rejected(f"it does not take a comment: {self._line.said(reply)} (status {reply.status})")

    def changed(self, since: datetime, *, now: datetime) -> list[Remote]:
        """In minutes before now: moments in JQL are in the time zone of whoever asks."""
        minutes = max(1, math.ceil((now - since).total_seconds() / 60))
        jql = f'labels = "{LABEL}" AND updated >= "-{minutes}m" ORDER BY updated ASC'
        return readable(self._search(jql, page=_PAGE, pages=MOST_CHANGED // _PAGE), _remote)

    def probe(self) -> str:
        """Whether the project, the type, the statuses and what we may do there are as the settings say."""
        self._checked(self._line.ask("GET", f"{_API}/myself"))
        project = quote(self._project, safe="")
        reply = self._line.ask("GET", f"{_API}/project/{project}", own=(404,))
        if reply.status == 404:
            return f"there is no project `{self._project}`, or it is not for our eyes"
        types = [text_at(one, "name") for one in list_at(self._checked(reply), "issueTypes")]
        if self._type not in types:
            return f"its project has no `{self._type}`, only {', '.join(f'`{name[:40]}`' for name in types[:8])}"
        wanted = f"{_API}/mypermissions?projectKey={project}&permissions={','.join(_NEEDED)}"
        granted = self._checked(self._line.ask("GET", wanted))
        missing = [name for name in _NEEDED if not is_at(granted, "permissions", name, "havePermission")]
        if missing:
            return f"we may not {', '.join(missing)} in its project"
        kinds = self._line.ask("GET", f"{_API}/project/{project}/statuses").document
        known = {
            text_at(status, "name").lower()
            for kind in (kinds if isinstance(kinds, list) else [])
            if text_at(kind, "name") == self._type
            for status in list_at(kind, "statuses")
        }
        unknown = [status for status in self._statuses if status.lower() not in known]
        return f"its workflow has no status `{unknown[0]}`" if unknown else ""

    def link_of(self, remote: Remote) -> str:
        """On the site people use."""
        return f"{self._site}/browse/{remote.name}" if _NAME.match(remote.name) else ""

    def begin(self, seconds: float) -> None:
        """Give what is asked from here on so long, all in all."""
        self._line.begin(seconds)

    def close(self) -> None:
        """Close what is open."""
        self._line.close()

    def _search(self, jql: str, *, page: int, pages: int) -> list[Any]:
        found: list[Any] = []
        asked: dict[str, Any] = {"jql": jql, "fields": _FIELDS, "maxResults": page}
        for _ in range(pages):
            document = self._checked(self._line.ask("POST", f"{_API}/search/jql", asked, own=(404, 410)))
            found += list_at(document, "issues")[:page]
            token = text_at(document, "nextPageToken")
            if not token:
                break
            asked = {**asked, "nextPageToken": token}
        return found

    def _optional(self, *, severity: str, assignee: str, empty: bool = False) -> dict[str, Any]:
        """What the mappings say; `empty` also takes the ticket from whoever had it."""
        fields: dict[str, Any] = {}
        if severity in self._priorities:
            fields["priority"] = {"name": self._priorities[severity]}
        if assignee in self._people:
            fields["assignee"] = {"accountId": self._people[assignee]}
        elif empty and self._people:
            fields["assignee"] = None
        return fields

    def _checked(self, reply: Reply) -> dict[str, Any]:
        """What it says with 200. Raises NotNow: nothing it says otherwise is about one ticket."""
        if reply.status != 200 or not isinstance(reply.document, dict):
            raise NotNow(f"it does not answer what we ask: {self._line.said(reply)} (status {reply.status})")
        return reply.document


def _remote(issue: Any) -> Remote:
    """Raises NotNow where it is none."""
    remote_id, name, status = text_at(issue, "id"), text_at(issue, "key"), text_at(issue, "fields", "status", "name")
    try:
        at = datetime.strptime(text_at(issue, "fields", "updated"), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError as error:
        raise NotNow("it answers with what is no ticket") from error
    if not _ID.match(remote_id) or not _NAME.match(name) or not status:
        raise NotNow("it answers with what is no ticket")
    return Remote(id=remote_id, name=name, status=status[:100], at=at)


def _document(lines: Sequence[str], *, link: str = "") -> dict[str, Any]:
    """A paragraph a line; text nodes must not be empty. The link is ours."""
    content: list[dict[str, Any]] = [
        {"type": "paragraph", "content": [{"type": "text", "text": line[:_LONGEST_TEXT]}]} for line in lines if line
    ]
    if link:
        mark = {"type": "link", "attrs": {"href": link}}
        content.append({"type": "paragraph", "content": [{"type": "text", "text": link, "marks": [mark]}]})
    return {"type": "doc", "version": 1, "content": content}


def _told(document: Any) -> str:
    """`errorMessages` and `errors`, as Jira tells them."""
    if not isinstance(document, Mapping):
        return ""
    errors = document.get("errors")
    named = [f"{name}: {why}" for name, why in errors.items()] if isinstance(errors, Mapping) else []
    return "; ".join(map(str, [*list_at(document, "errorMessages"), *named]))


def _only_optional(reply: Reply) -> list[str]:
    """The fields it complains of, where it can do without each of them."""
    errors = reply.document.get("errors") if isinstance(reply.document, Mapping) else None
    names = sorted(errors) if isinstance(errors, Mapping) else []
    return names if set(names) <= _OPTIONAL and not list_at(reply.document, "errorMessages") else []


def _check(settings: Mapping[str, str], secret: str) -> None:
    check_rule_settings(settings)
    if not _PROJECT.match(settings.get("project", "")):
        raise SettingError("project", f"`{settings.get('project', '')}` is no key of a project, expected e.g. `SOC`")
    user = settings.get("user", "")
    if "@" not in user or ":" in user or not user.isascii() or not user.isprintable():
        raise SettingError("user", f"`{user}` is no mail address of an account, expected e.g. `guardrail@acme.example`")
    if (site := settings.get("site", "")) and not re.match(r"https://[a-z0-9.-]{1,200}\Z", site):
        raise SettingError("site", f"`{site}` is no site, expected e.g. `https://acme.atlassian.net`")
    reads = {"outward": read_outward, "inward": read_inward, "priorities": read_pairs, "people": read_pairs}
    for name, read in reads.items():
        try:
            read(settings.get(name, ""))
        except PairError as error:
            raise SettingError(name, str(error)) from error


SYSTEM = System(
    kind="jira",
    word="Jira Cloud (tickets)",
    address_help="The site, e.g. https://acme.atlassian.net",
    secret_label="API token",  # noqa: S106 a label
    secret_help="Of the account below.",  # noqa: S106 a help text
    settings=(
        Setting(name="user", label="Account", help="The mail address of the account the token is of."),
        Setting(name="project", label="Project", help="Its key, e.g. SOC."),
        Setting(name="type", label="Type of issue", help="As the project calls it.", default="Task"),
        Setting(
            name="outward",
            label="Our status there",
            help="Ours = theirs; what is left out is not set.",
            default="new = To Do; active = In Progress; closed = Done",
            longest=1_000,
        ),
        Setting(
            name="inward",
            label="Their status here",
            help="Theirs = open, or closed with a disposition. What is left out is only told.",
            default="To Do = open; In Progress = open; Done = closed undetermined",
            longest=1_000,
        ),
        Setting(
            name="priorities",
            label="Priorities",
            help="Severity = their priority; what is left out is not set.",
            default="critical = Highest; high = High; medium = Medium; low = Low",
            longest=1_000,
        ),
        Setting(
            name="people",
            label="People",
            help="User here = account id there. Empty: assignees are only told in comments.",
            longest=1_000,
        ),
        Setting(name="site", label="Site for people", help="Where links lead. Empty: the address.", longest=220),
        *RULE_SETTINGS,
    ),
    check=_check,
    opened=Jira,
)
