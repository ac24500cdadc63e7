"""What every ticket system is asked, and how one is spoken to: JSON over a guarded connection, bounded in time."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from investigations.siem.content import ascii_json
from investigations.siem.sinks.sink import (
    NEEDS_A_PERSON_SECONDS,
    NotNow,
    ReceiverKind,
    Setup,
    json_of,
    pause_of,
    printable,
    raise_for,
)
from policies.outbound import Answer, Outbound

REQUEST_SECONDS = 15.0
# Changes that are read at a time
MOST_CHANGED = 500
_LONGEST_SAID = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """A ticket as the other side has it. `name` is what people call it, `key` ours, empty where it was not told."""

    id: str
    name: str
    status: str
    at: datetime
    key: str = ""
    by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A ticket that was just made. `note` = what of it was not taken, in words."""

    id: str
    name: str
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a ticket says. Each text is one line of what can be seen; `facts` are pairs of a word and a value."""

    title: str
    facts: tuple[tuple[str, str], ...]
    link: str
    severity: str
    assignee: str


class Desk(Protocol):
    """One ticket system as it is set up now. Everything raises NotNow, Rejected, TooLarge and OutboundError."""

    def find(self, key: str) -> Remote | None:
        """The ticket that holds our key."""

    def create(self, said: Said, *, key: str) -> Made:
        """Make one. Not safe to run twice."""

    def read(self, remote_id: str) -> Remote | None:
        """It as it is now, None where it is not there, or not for our eyes."""

    def set_status(self, remote_id: str, status: str, *, reason: str) -> str:
        """Set its status; returns why it could not be. Safe to run twice."""

    def set_fields(self, remote_id: str, *, severity: str, assignee: str) -> str:
        """Set its priority and who has it; returns what was not taken. Safe to run twice."""

    def has_comment(self, remote_id: str, mark: str) -> bool:
        """Whether one of its newest comments holds the mark."""

    def comment(self, remote_id: str, lines: Sequence[str]) -> None:
        """Append a comment. Not safe to run twice."""

    def changed(self, since: datetime, *, now: datetime) -> list[Remote]:
        """Those of ours that changed since, the earliest change first, at most MOST_CHANGED."""

    def probe(self) -> str:
        """What is wrong with the settings, empty where nothing is."""

    def link_of(self, remote: Remote) -> str:
        """The address of its page, empty where it has none that can be trusted."""

    def begin(self, seconds: float) -> None:
        """Give what is asked from here on so long, all in all."""

    def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class System(ReceiverKind):
    """A kind of ticket system. Whoever opens a desk closes it."""

    opened: Callable[[Setup], Desk]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One answer: its status, and its JSON, None where it is none."""

    status: int
    document: Any


class Line:
    """Requests to one ticket system. For one thread.

    However many there are, and however slow each is, those since `begin` take no longer than was given.
    """

    def __init__(self, setup: Setup, *, authorization: str, told: Callable[[Any], str]) -> None:
        self._line = Outbound(setup.address, inside=setup.inside, trust=setup.trust)
        self._headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "Guardrail",
        }
        self._told = told
        self._until = time.monotonic() + REQUEST_SECONDS

    def begin(self, seconds: float) -> None:
        """Give what is asked from here on so long, all in all."""
        self._until = time.monotonic() + seconds

    def ask(
        self, method: str, path: str, document: Any = None, *, own: Sequence[int] = (), once: bool = False
    ) -> Reply:
        """One request. Statuses in `own` are the caller's to read, as are 2xx and 400.

        `once`: what is sent is not harmless when it comes twice, so no kept connection is used for it.
        """
        if once:
            self._line.close()
        left = self._until - time.monotonic()
        if left <= 0:
            raise NotNow("it answers, and too slowly: what is to be done there was not done in time")
        body = ascii_json(document) if document is not None else None
        answer = self._line.ask(method, path, body, self._headers, seconds=min(REQUEST_SECONDS, left))
        if answer.status not in own:
            self._raise_for(answer)
        return Reply(status=answer.status, document=json_of(answer))

    def said(self, reply: Reply) -> str:
        """What its answer says is wrong, for a message."""
        return printable(self._told(reply.document), _LONGEST_SAID) or "no reason"

    def close(self) -> None:
        """Close what is open."""
        self._line.close()

    def _raise_for(self, answer: Answer) -> None:
        if answer.status == 403:
            told = printable(self._told(json_of(answer)), _LONGEST_SAID)
            raise NotNow(
                f"it does not let us: {told or 'no reason'} (status 403)",
                seconds=max(pause_of(answer), NEEDS_A_PERSON_SECONDS),
            )
        raise_for(answer)


def readable(rows: Sequence[Any], read: Callable[[Any], Remote]) -> list[Remote]:
    """Those of a list that are tickets: one that is none must not hide what changed. Raises NotNow where none is."""
    found = []
    for row in rows:
        with contextlib.suppress(NotNow):
            found.append(read(row))
    if rows and not found:
        raise NotNow("it answers with what is no ticket")
    return found


def text_at(document: Any, *path: str) -> str:
    """The text at a place of JSON a stranger sent, empty where there is none."""
    for name in path:
        if not isinstance(document, Mapping):
            return ""
        document = document.get(name)
    return document if isinstance(document, str) else ""


def is_at(document: Any, *path: str) -> bool:
    """Whether `true` stands at a place of JSON a stranger sent."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document is True


def list_at(document: Any, *path: str) -> list[Any]:
    """The list at a place of JSON a stranger sent, empty where there is none."""
    for name in path:
        if not isinstance(document, Mapping):
            return []
        document = document.get(name)
    return document if isinstance(document, list) else []
