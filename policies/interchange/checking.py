"""Everything that can be said about a policy document before it becomes a draft, with lines."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from policies.baseline import BASELINE
from policies.interchange.list_checks import list_faults, list_remarks
from policies.interchange.located import Located, UnreadableDocument
from policies.interchange.reading import MOST_BYTES, read
from policies.policy_document import complaints_on
from policies.rules import IN_FORCE
from policies.ruleset import SECOND_OPINION

# Told one by one; a document of another kind has a fault in every entry.
_MOST_FAULTS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something wrong in a line; a `remark` is no reason to refuse the document."""

    line: int
    text: str
    remark: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedDocument:
    """A document and what is wrong with it; `document` is empty where it could not be read."""

    document: Mapping[str, Any]
    problems: tuple[Problem, ...]
    located: Located | None = None

    @property
    def sound(self) -> bool:
        """Whether a draft can be made of it."""
        return all(problem.remark for problem in self.problems)


def check(content: bytes, *, now: datetime, most_bytes: int = MOST_BYTES) -> CheckedDocument:
    """Read and check a policy document; by line."""
    try:
        located = read(content, most_bytes=most_bytes)
    except UnreadableDocument as error:
        return CheckedDocument(document={}, problems=(Problem(line=error.line, text=_shown(str(error))),))
    document = located.value
    if not isinstance(document, dict):
        told = "it is no object, expected one with `defaults` and `actions`"
        return CheckedDocument(document={}, problems=(Problem(line=located.line, text=told),))
    found = [Problem(line=located.line_of(one.path), text=_shown(one.text)) for one in complaints_on(document)]
    if not found:
        found = [*_list_faults(located)]
    if not found:
        found = [*_remarks(located, now=now)]
    return CheckedDocument(document=document, problems=tuple(sorted(found, key=lambda one: one.line)), located=located)


def _shown(text: str) -> str:
    """Half a surrogate pair spelled out: neither a page nor a terminal can carry it."""
    return text.encode("utf-8", "backslashreplace").decode()


def _list_faults(located: Located) -> Iterator[Problem]:
    lists = located.value.get("lists") or {}
    found = list_faults(lists, line_of=lambda path: located.line_of(("lists", *path)))
    for path, text in islice(found, _MOST_FAULTS):
        yield Problem(line=located.line_of(("lists", *path)), text=_shown(text))


def _remarks(located: Located, *, now: datetime) -> Iterator[Problem]:
    """What has no effect: what is said of signals nobody gives, and exceptions that are over."""
    for path, text in list_remarks(located.value.get("lists") or {}, now=now):
        yield Problem(line=located.line_of(("lists", *path)), text=text, remark=True)
    known = list(BASELINE["actions"])
    for name in located.value.get("actions", {}):
        if name in BASELINE["actions"] or name.startswith((SECOND_OPINION, IN_FORCE)):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f", did you mean `{near[0]}`?" if near else ""
        line = located.line_of(("actions", name))
        yield Problem(line=line, text=f"no signal of this release is called `{name}`{hint}", remark=True)
