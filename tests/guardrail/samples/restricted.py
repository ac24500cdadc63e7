"""What is restricted for a time, and its honest neighbours: another agent, conversation, user, document, address."""

from typing import Any

from guardrail.invocation import Past
from tests.guardrail.bodies import call
from tests.guardrail.samples import Pair, Silent

SIGNALS = (
    "agent_quarantined",
    "session_quarantined",
    "user_quarantined",
    "document_quarantined",
    "destination_quarantined",
    "step_up",
    "rate_limited",
)

META = call()["conversationMetadata"]
AGENT, USER, CONVERSATION = META["agent"]["id"], META["user"]["id"], META["conversationId"]
HELLO = {"user": "Send Lena a hello.", "arguments": {"to": "lena@adatum.example", "body": "Hello"}}
LOOK_UP = {"user": "Find the handbook.", "tool": "search_files", "arguments": {"query": "handbook"}}
ANONYMOUS = {**LOOK_UP, "signed_in": False}
TEXT = {"name": "berth-plan.docx", "content": "The berths are full on Monday."}
LISTING = {"name": "berth-plan.docx", "size": 1200, "lastModifiedBy": "Lena Vogel of the harbour"}


def in_force(kind: str, effect: str, *subject: str, per_minute: int = 0) -> dict[str, Any]:
    entry = {"number": 7, "kind": kind, "effect": effect, "subject": list(subject), "made_by": "ines"}
    return {"restrictions": [{**entry, "reason": "It was hijacked.", "per_minute": per_minute}]}


def mailing(to: str) -> dict[str, Any]:
    return {"user": f"Send {to} a hello.", "arguments": {"to": to, "body": "Hello"}}


def having_read(document: Any) -> dict[str, Any]:
    return {"user": "Sum it up for Lena.", "outputs": [("get_file", [document])], "tool": "create_note"}


EVIL = in_force("destination", "quarantine", "evil.example")
BERTHS = in_force("document", "quarantine", "Berth-Plan.docx")
LIMIT = in_force("channel", "rate_limit", AGENT, "msteams", per_minute=6)

PAIRS = (
    Pair(
        what="a message of an agent in quarantine",
        says="agent_quarantined",
        fires=HELLO,
        near=HELLO,
        fragment=in_force("agent", "quarantine", AGENT),
        near_fragment=in_force("agent", "quarantine", AGENT.upper()),
    ),
    Pair(
        what="even a look-up of an agent in quarantine",
        says="agent_quarantined",
        fires=LOOK_UP,
        near=LOOK_UP,
        fragment=in_force("agent", "quarantine", AGENT),
        near_fragment=in_force("agent", "tighten", AGENT),
    ),
    Pair(
        what="a conversation in quarantine, beside the same conversation id of another caller",
        says="session_quarantined",
        fires=LOOK_UP,
        near=LOOK_UP,
        fragment=in_force("session", "quarantine", "tests", AGENT, CONVERSATION),
        near_fragment=in_force("session", "quarantine", "elsewhere", AGENT, CONVERSATION),
    ),
    Pair(
        what="a user in quarantine, beside one who is not signed in",
        says="user_quarantined",
        fires=LOOK_UP,
        near=ANONYMOUS,
        fragment=in_force("user", "quarantine", USER),
    ),
    Pair(
        what="a text of a document in quarantine, beside a listing that names it",
        says="document_quarantined",
        fires=having_read(TEXT),
        near=having_read(LISTING),
        fragment=BERTHS,
    ),
    Pair(
        what="an argument that names it in a sentence, beside a longer name",
        says="document_quarantined",
        fires={**LOOK_UP, "arguments": {"query": "see /sites/harbour/berth-plan.docx, page 2"}},
        near={**LOOK_UP, "arguments": {"query": "see /sites/harbour/old-berth-plan.docx, page 2"}},
        fragment=BERTHS,
    ),
    Pair(
        what="a name of several words inside a sentence, beside one that lacks its first",
        says="document_quarantined",
        fires={**LOOK_UP, "arguments": {"query": "what does “/sites/x/Berth Plan (old).docx” say?"}},
        near={**LOOK_UP, "arguments": {"query": "what does “/sites/x/Plan (old).docx” say?"}},
        fragment=in_force("document", "quarantine", "berth plan (old).docx"),
    ),
    Pair(
        what="an address of a domain in quarantine, beside a domain that only ends like it",
        says="destination_quarantined",
        fires=mailing("ada@evil.example"),
        near=mailing("ada@not-evil.example"),
        fragment=EVIL,
    ),
    Pair(
        what="an address below it, with a user and a port in front of its host",
        says="destination_quarantined",
        fires=mailing("https://good.example:x@sub.evil.example:8443/in"),
        near=mailing("https://evil.example.good.example/in"),
        fragment=EVIL,
    ),
    Pair(
        what="one address in quarantine, beside its neighbour in the same domain",
        says="destination_quarantined",
        fires=mailing("Ada@Evil.Example"),
        near=mailing("bob@evil.example"),
        fragment=in_force("destination", "quarantine", "ada@evil.example"),
    ),
    Pair(
        what="a message of an agent under step-up, beside its look-up",
        says="step_up",
        fires=HELLO,
        near=LOOK_UP,
        fragment=in_force("agent", "step_up", AGENT),
    ),
    Pair(
        what="a call beyond the limit of its channel, beside one within it",
        says="rate_limited",
        fires={**ANONYMOUS, "past": Past(available=True, over_rate=frozenset({7}))},
        near={**ANONYMOUS, "past": Past(available=True)},
        fragment=LIMIT,
    ),
)
SILENT = (
    Silent(what="a call without memory, which nobody counted", call=ANONYMOUS, fragment=LIMIT),
    Silent(what="a document whose name is a word of the sentence", call=LOOK_UP, fragment=BERTHS),
)
HOSTILE = {
    "a name that ends like it": "berth-plan.docx ",
    "paths": "x.docx/",
    "addresses": "a@evil.example ",
    "addresses within addresses": "https://a@b@",
    "escapes": "%2e%2f",
    "letters that unfold": "ﬁ",
}
