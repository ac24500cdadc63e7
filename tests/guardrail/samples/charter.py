"""Calls outside what an agent's charter names, and the honest ones beside them."""

from typing import Any

from tests.guardrail import bodies
from tests.guardrail.samples import Pair, Silent

SIGNALS = ("tool_outside_charter", "destination_outside_charter")
AGENT = bodies.call()["conversationMetadata"]["agent"]["id"]


def pinned(**charter: Any) -> dict[str, Any]:
    """A ruleset in which the calling agent has this charter."""
    return {"agents": [{"id": AGENT, "charter": charter}]}


def mail(to: str, *, body: str = "Hello") -> dict[str, Any]:
    return {"user": "Send Kim a hello.", "arguments": {"to": to, "body": body}}


MAILS = pinned(tools=["x.action.send_email"], destinations=["@internal", "supplier.example", "kim@other.example"])
PAIRS = (
    Pair(
        what="a tool that nobody wrote down",
        says="tool_outside_charter",
        fires={"user": "Run the clean-up.", "tool": "run_script", "arguments": {"name": "clean-up"}},
        near={"user": "Send Kim a hello.", "arguments": {"to": "kim@supplier.example", "body": "Hello"}},
        fragment=MAILS,
    ),
    Pair(
        what="a tool by another id, when it is written down by its name",
        says="tool_outside_charter",
        fires={"tool": "list_rows_all", "arguments": {"table": "orders"}},
        near={"tool": "List_Rows", "arguments": {"table": "orders"}},
        fragment=pinned(tools=["list_rows"]),
    ),
    Pair(
        what="a mail to a house nobody wrote down",
        says="destination_outside_charter",
        fires=mail("kim@elsewhere.example"),
        near=mail("kim@mail.supplier.example"),
        fragment=MAILS,
    ),
    Pair(
        what="a domain that only ends like one of the charter",
        says="destination_outside_charter",
        fires=mail("kim@notsupplier.example"),
        near=mail("lee@supplier.example"),
        fragment=MAILS,
    ),
    Pair(
        what="a colleague of the one address that is written down",
        says="destination_outside_charter",
        fires=mail("lee@other.example"),
        near=mail("kim@other.example"),
        fragment=MAILS,
    ),
    Pair(
        what="an account nobody wrote down",
        says="destination_outside_charter",
        fires={"tool": "send_money", "arguments": {"iban": "DE89 3704 0044 0532 0130 00", "amount": 5}},
        near={"tool": "send_money", "arguments": {"iban": "GB33 BUKB 2020 1555 5555 55", "amount": 5}},
        fragment=pinned(tools=["send_money"], destinations=["gb33bukb20201555555555"]),
    ),
)
SILENT = (
    Silent(what="an agent without a charter", call=mail("kim@elsewhere.example")),
    Silent(what="a colleague", call=mail("ana@adatum.example"), fragment=MAILS),
    Silent(
        what="a link to another house inside the text of a mail",
        call=mail("kim@supplier.example", body="The menu is at https://canteen.example/today"),
        fragment=MAILS,
    ),
    Silent(
        what="any destination, where the charter limits tools only",
        call=mail("kim@elsewhere.example"),
        fragment=pinned(tools=["send_email"]),
    ),
    Silent(
        what="a call that reaches nobody, of an agent that may reach nobody",
        call={"tool": "list_rows", "arguments": {"table": "orders"}},
        fragment=pinned(tools=["list_rows"], destinations=[]),
    ),
)
