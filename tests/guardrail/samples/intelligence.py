"""Places on a list of threats, places that pose as ours, places registered lately; and honest places beside them."""

from typing import Any

from guardrail.invocation import Past
from policies.intelligence.index import Row, Tier, encode, pack
from tests.guardrail.samples import Pair, Silent

SIGNALS = (
    "indicator_matched",
    "indicator_matched_low",
    "indicator_matched_noted",
    "indicator_in_view",
    "lookalike_destination",
    "lookalike_destination_noted",
    "destination_newly_registered",
    "destination_newly_registered_noted",
)


def listing(*rows: tuple[str, str], tier: Tier = Tier.HIGH, by_person: bool = False, **more: Any) -> dict[str, Any]:
    """A ruleset fragment with these indicators, as the index of the database writes them."""
    packed = [
        Row(kind=kind, value=value, tier=tier, confidence=90, source=0, by_person=by_person) for kind, value in rows
    ]
    entries, told = pack(packed)
    return {"indicators": encode(revision=repr(rows), sources=["Shared list"], told=told, entries=entries), **more}


def mail(to: str, *, user: str = "Send Kim a hello.", body: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"user": user, "arguments": {"to": to, "body": body}, **more}


def fetch(url: str) -> dict[str, Any]:
    return {"user": "Read the page.", "tool": "fetch_page", "arguments": {"url": url}}


def reading(text: str) -> dict[str, Any]:
    return {"user": "Look up the order.", "tool": "get_order", "arguments": {"id": "4"}, "outputs": [("read", text)]}


DOMAIN = listing(("domain", "bad-parcel.example"))
URL = listing(("url", "files.example/drop/kit"))
OURS = {
    "destinations": [
        {"value": "adatum.example", "standing": "internal"},
        {"value": "contoso.com", "standing": "internal"},
        {"value": "contoso.net", "standing": "internal"},
        {"value": "woodgrove-bank.com", "standing": "known"},
        {"value": "nod.com", "standing": "known"},
        {"value": "kim@gmail.com", "standing": "known"},
    ]
}
NEW = listing(("new_domain", "fresh-parcel.example"))
FIRST = Past(available=True, new_destinations=("kim@fresh-parcel.example",))

PAIRS = (
    Pair(
        what="a mail to a listed domain",
        says="indicator_matched",
        fires=mail("kim@bad-parcel.example"),
        near=mail("kim@parcel.example"),
        fragment=DOMAIN,
    ),
    Pair(
        what="a host below a listed domain",
        says="indicator_matched",
        fires=fetch("https://cdn.bad-parcel.example/a"),
        near=fetch("https://bad-parcel.example.parcel.example/a"),
        fragment=DOMAIN,
    ),
    Pair(
        what="a page below a listed link",
        says="indicator_matched",
        fires=fetch("https://files.example/drop/kit/step2?x=1"),
        near=fetch("https://files.example/drop/kitchen"),
        fragment=URL,
    ),
    Pair(
        what="a listed mailbox at a house of many",
        says="indicator_matched",
        fires=mail("billing.desk@gmail.com"),
        near=mail("billing.desk2@gmail.com"),
        fragment=listing(("email", "billing.desk@gmail.com")),
    ),
    Pair(
        what="a listed network",
        says="indicator_matched",
        fires=fetch("http://198.51.100.7/a"),
        near=fetch("http://198.51.101.7/a"),
        fragment=listing(("ip", "198.51.100.0/24")),
    ),
    Pair(
        what="a listed file asked for by its hash",
        says="indicator_matched",
        fires={"tool": "run_file", "arguments": {"sha256": "A" * 64}},
        near={"tool": "run_file", "arguments": {"sha256": "A" * 63 + "B"}},
        fragment=listing(("hash", "a" * 64)),
    ),
    Pair(
        what="an indicator of middling confidence",
        says="indicator_matched_low",
        fires=mail("kim@bad-parcel.example"),
        near=mail("kim@good-parcel.example"),
        fragment=listing(("domain", "bad-parcel.example"), tier=Tier.LOW),
    ),
    Pair(
        what="an indicator of little confidence",
        says="indicator_matched_noted",
        fires=mail("kim@bad-parcel.example"),
        near=mail("kim@good-parcel.example"),
        fragment=listing(("domain", "bad-parcel.example"), tier=Tier.NOTED),
    ),
    Pair(
        what="whom we know is stopped only where a person listed it",
        says="indicator_matched",
        fires=mail("kim@partner.example"),
        near=mail("kim@partner.example"),
        fragment=listing(
            ("domain", "partner.example"),
            by_person=True,
            destinations=[{"value": "partner.example", "standing": "known"}],
        ),
        near_fragment=listing(
            ("domain", "partner.example"), destinations=[{"value": "partner.example", "standing": "known"}]
        ),
    ),
    Pair(
        what="a listed place in a text that was read",
        says="indicator_in_view",
        fires=reading("See https://www.bad-parcel.example/track for your parcel."),
        near=reading("See https://www.parcel.example/track for your bad-parcel, example."),
        fragment=DOMAIN,
    ),
    Pair(
        what="our domain with a digit for a letter",
        says="lookalike_destination",
        fires=mail("kim@c0ntoso.com"),
        near=mail("kim@contoso.com"),
        fragment=OURS,
    ),
    Pair(
        what="our domain in letters of another alphabet, as punycode",
        says="lookalike_destination",
        fires=mail("kim@xn--contoo-mvf.com"),
        near=mail("kim@xn--bcher-kva.com"),
        fragment=OURS,
    ),
    Pair(
        what="our domain with two letters swapped",
        says="lookalike_destination",
        fires=mail("kim@contsoo.com"),
        near=mail("kim@fonts.com"),
        fragment=OURS,
    ),
    Pair(
        what="our domain with another ending, unlike a second domain of ours",
        says="lookalike_destination",
        fires=mail("kim@contoso.org"),
        near=mail("kim@contoso.net"),
        fragment=OURS,
    ),
    Pair(
        what="our name below the reserved domain of another country, unlike another name there",
        says="lookalike_destination",
        fires=mail("kim@contoso.example.nl"),
        near=mail("kim@parcel.example.nl"),
        fragment={"destinations": [{"value": "contoso.example.com", "standing": "internal"}]},
    ),
    Pair(
        what="our domain in front of another, unlike a service's page for us",
        says="lookalike_destination",
        fires=mail("kim@contoso.com.parcel.example"),
        near=mail("kim@contoso.zendesk.com"),
        fragment=OURS,
    ),
    Pair(
        what="our name with a word that lures",
        says="lookalike_destination",
        fires=mail("kim@contoso-billing.example"),
        near=mail("kim@parcel-billing.example"),
        fragment=OURS,
    ),
    Pair(
        what="a supplier's long name with two letters changed; a short name is too close to others",
        says="lookalike_destination",
        fires=mail("kim@woodgrave-bamk.com"),
        near=mail("kim@nob.com"),
        fragment=OURS,
    ),
    Pair(
        what="a look-alike the user named",
        says="lookalike_destination_noted",
        fires=mail("kim@c0ntoso.com", user="Send a hello to kim@c0ntoso.com."),
        near=mail("kim@contoso.com", user="Send a hello to kim@contoso.com."),
        fragment=OURS,
    ),
    Pair(
        what="our name with any word around it",
        says="lookalike_destination_noted",
        fires=mail("kim@contoso-runners.example"),
        near=mail("kim@runners.example"),
        fragment=OURS,
    ),
    Pair(
        what="a domain registered lately that this agent never wrote to",
        says="destination_newly_registered",
        fires=mail("kim@fresh-parcel.example", past=FIRST),
        near=mail("kim@parcel.example", past=FIRST),
        fragment=NEW,
    ),
    Pair(
        what="a domain registered lately that this agent has written to",
        says="destination_newly_registered_noted",
        fires=mail("kim@fresh-parcel.example", past=Past(available=True)),
        near=mail("kim@parcel.example", past=Past(available=True)),
        fragment=NEW,
    ),
)
SILENT = (
    Silent(what="a mailbox at the house of somebody we know", call=mail("lee@gmail.com"), fragment=OURS),
    Silent(what="a look-alike of a mail provider is nobody's affair here", call=mail("lee@gmial.com"), fragment=OURS),
    Silent(what="our own domain in a link we read", call=fetch("https://www.contoso.com/a"), fragment=OURS),
    Silent(
        what="a listed name as an ordinary word",
        call=mail("ana@adatum.example", body="The bad parcel example is in the annex."),
        fragment={**DOMAIN, **OURS},
    ),
)
HOSTILE = {
    "short labels": "a.",
    "punycode": "xn--a.",
    "dashes": "a-",
    "look-alikes": "kim@c0ntoso.com ",
    "domains in a row": "https://contoso.com.",
    "numbers": "0.0.0.",
    "hex": "0af",
}
