"""What to write to the people who have to know of a case: the words, with the case's own facts filled in. Pure.

An attacker chose some of the facts. Each becomes one line without unseen characters, and an address is written so that
no mail program makes a link of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

_LONGEST = 200
# One that ends a sentence makes no address
_INNER_DOT = re.compile(r"\.(?=\S)")
# Beyond this some mail programs cut an address off; the text is then copied instead.
_LONGEST_ADDRESS = 1_900
# What became of its calls, where data may have left.
_LET_GO = frozenset({"would_block", "would_hold", "let_through", "found_late", "executed"})
_DID = {
    "blocked": "The call was stopped before it ran.",
    "held": "The call was held and did not run.",
    "would_block": "The call ran: this agent is only watched.",
    "would_hold": "The call ran: this agent is only watched.",
    "let_through": "The call ran; it could not be judged in time.",
    "found_late": "The call ran; it was found afterwards.",
    "executed": "The call was stopped and was made all the same.",
    "noted": "No call was stopped.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What the texts are filled with; `url` is the address of its page."""

    number: int
    outcome: str
    agent: str
    destination: str
    document: str
    author: str
    data_class: str
    user: str
    calls: int
    first_seen: str
    last_seen: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One text. `why` says why these people have to know, empty where nothing says so. `mailto` empty = too long."""

    name: str
    audience: str
    why: str
    subject: str
    text: str
    mailto: str


def write_notices(case: Case) -> tuple[Notice, ...]:
    """To the owner of the data, the privacy officer and the user; those that are called for first."""
    lines = _lines(case)
    written = [_owner(case, lines), _privacy(case, lines), _user(case, lines)]
    return tuple(sorted(written, key=lambda notice: not notice.why))


def _owner(case: Case, lines: Mapping[str, str]) -> Notice:
    what = f"the document {lines['document']}" if case.document else "data you answer for"
    text = _letter(
        f"An AI agent tried to act on {what} in a way nobody asked for.",
        (*_facts(lines), _DID.get(case.outcome, "")),
        ("Please tell us",)
        + (("- who may change this document, and whether its last edits were meant",) if case.document else ())
        + ("- whether the destination is one you know", "- what the data is worth protecting for"),
        lines,
    )
    why = "a document or data of a class stands behind it" if case.document or case.data_class else ""
    return _notice("owner", "Data owner", why, f"Case {case.number}: an AI agent and your data", text)


def _privacy(case: Case, lines: Mapping[str, str]) -> Notice:
    text = _letter(
        "An AI agent may have passed on data in a way nobody asked for.",
        (*_facts(lines), _DID.get(case.outcome, "")),
        (
            "Please judge whether this has to be reported, and within which time.",
            "What is known so far: the class of the data above, the destination, and whether the call ran.",
        ),
        lines,
    )
    exposed = case.outcome in _LET_GO
    why = (
        "a call with data ran" if exposed and case.data_class else "a call ran that should not have" if exposed else ""
    )
    return _notice(
        "privacy", "Privacy officer", why, f"Case {case.number}: data may have left through an AI agent", text
    )


def _user(case: Case, lines: Mapping[str, str]) -> Notice:
    text = _letter(
        "An AI agent you used tried to do something you may not have asked for.",
        (*_facts(lines, "agent", "first", "document"), _DID.get(case.outcome, "")),
        ("Please tell us whether you asked for it, and do not answer the mail or open the document it came from.",),
        lines,
    )
    why = "the agent worked for a known user" if case.user else ""
    return _notice("user", "User", why, f"Case {case.number}: what an AI agent did in your name", text)


def _letter(opening: str, facts: Sequence[str], asked: Sequence[str], lines: Mapping[str, str]) -> str:
    body = [opening, "", *filter(None, facts), "", *asked, "", f"Case {lines['number']}: {lines['url']}"]
    return "\n".join(body)


def _facts(lines: Mapping[str, str], *only: str) -> tuple[str, ...]:
    words = {
        "agent": "Agent",
        "document": "Document",
        "author": "Text by",
        "data_class": "Class of data",
        "destination": "Destination",
        "calls": "Calls",
        "first": "First",
        "last": "Last",
    }
    return tuple(f"{word}: {lines[name]}" for name, word in words.items() if lines[name] and name in (only or words))


def _lines(case: Case) -> dict[str, str]:
    return {
        "number": str(case.number),
        "url": case.url,
        "agent": unlinked(case.agent),
        "document": unlinked(case.document),
        "author": unlinked(case.author),
        "data_class": _line(case.data_class),
        "destination": unlinked(case.destination),
        "calls": str(case.calls) if case.calls else "",
        "first": case.first_seen,
        "last": case.last_seen if case.calls > 1 else "",
    }


def unlinked(text: str, *, most: int = _LONGEST) -> str:
    """An address no program makes a link of: `https://a.example` becomes `https[:]//a[.]example`. One line."""
    return _INNER_DOT.sub("[.]", _line(text, most).replace("://", "[:]//")).replace("@", "[@]")


def _line(text: str, most: int = _LONGEST) -> str:
    """One line of characters that can be seen."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:most].strip()


def _notice(name: str, audience: str, why: str, subject: str, text: str) -> Notice:
    address = f"mailto:?subject={quote(subject)}&body={quote(text)}"
    return Notice(
        name=name,
        audience=audience,
        why=why,
        subject=subject,
        text=text,
        mailto=address if len(address) <= _LONGEST_ADDRESS else "",
    )
