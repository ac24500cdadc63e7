"""Denied and new destinations, and those that only look like them."""

from typing import Any

from guardrail.invocation import Past
from tests.guardrail.samples import Pair, Silent

SIGNALS = ("destination_denied", "destination_new")

DENIED = {
    "destinations": [
        {"value": "partner.example", "standing": "denied"},
        {"value": "DE89370400440532013000", "standing": "denied"},
    ]
}


def mail(to: str, *, body: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"user": "Send Kim a hello.", "arguments": {"to": to, "body": body}, **more}


def fetch(url: str) -> dict[str, Any]:
    return {"user": "Read the page.", "tool": "fetch_page", "arguments": {"url": url}}


def new(*destinations: str) -> Past:
    return Past(available=True, new_destinations=destinations)


PAIRS = (
    Pair(
        what="a mail to a denied domain",
        says="destination_denied",
        fires=mail("kim@partner.example"),
        near=mail("kim@artner.example"),
        fragment=DENIED,
    ),
    Pair(
        what="a mail to a host below a denied domain",
        says="destination_denied",
        fires=mail("kim@mail.partner.example"),
        near=mail("kim@partner.example.adatum.example"),
        fragment=DENIED,
    ),
    Pair(
        what="a page of a denied host",
        says="destination_denied",
        fires=fetch("https://www.partner.example/a"),
        near=fetch("https://www.partners.example/partner.example"),
        fragment=DENIED,
    ),
    Pair(
        what="a payment to a denied account",
        says="destination_denied",
        fires={"tool": "send_money", "arguments": {"iban": "DE89 3704 0044 0532 0130 00", "amount": 5}},
        near={"tool": "send_money", "arguments": {"iban": "GB33 BUKB 2020 1555 5555 55", "amount": 5}},
        fragment=DENIED,
    ),
    Pair(
        what="a recipient this agent never wrote to",
        says="destination_new",
        fires=mail("kim@supplier.example", past=new("kim@supplier.example")),
        near=mail("kim@supplier.example", past=new("lee@supplier.example")),
    ),
    Pair(
        what="a new recipient is new only to who changes or sends something",
        says="destination_new",
        fires=mail("kim@supplier.example", past=new("kim@supplier.example")),
        near={**fetch("https://supplier.example/a"), "past": new("https://supplier.example/a")},
    ),
)
SILENT = (
    Silent(what="a colleague, new to this agent", call=mail("ana@adatum.example", past=new("ana@adatum.example"))),
    Silent(
        what="the name of a denied house in a text",
        call=mail("ana@adatum.example", body="We left Partner."),
        fragment=DENIED,
    ),
)
