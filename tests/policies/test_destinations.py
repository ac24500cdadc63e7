"""The list of destinations: which entry decides, however a place is written, and what it costs."""

import time
from typing import Any

import pytest

from policies.choices import Standing
from policies.destinations import compile_destinations, conflicts
from policies.hosts import host_of
from policies.load import forget, load_destinations
from policies.models import Destination

LIST = compile_destinations(
    [
        {"value": "contoso.com", "standing": "internal"},
        {"value": "guests.contoso.com", "standing": "known"},
        {"value": "fabrikam.example", "standing": "partner"},
        {"value": "evil.example", "standing": "denied"},
        {"value": "kim@evil.example", "standing": "known"},
        {"value": "https://fabrikam.sharepoint.com/sites/project", "standing": "partner"},
        {"value": "https://fabrikam.sharepoint.com/sites/project/leavers", "standing": "denied"},
        {"value": "xn--bcher-kva.example", "standing": "known"},
        {"value": "köln.example", "standing": "denied"},
        {"value": "de89370400440532013000", "standing": "known"},
        {"value": "eve@contoso.com", "standing": "denied"},
        {"value": "https://notes.example/@kim", "standing": "known"},
        {"value": "203.0.113.9", "standing": "denied"},
        {"value": "198.51.100.7", "standing": "known"},
        {"value": "e.ve.jobs@gmail.com", "standing": "denied"},
        {"value": "ana.osei@gmail.com", "standing": "partner"},
    ]
)


@pytest.mark.parametrize(
    ("destination", "standing"),
    [
        ("contoso.com", "internal"),
        ("Kim@Sales.Contoso.com", "internal"),
        ("kim@guests.contoso.com", "known"),
        ("https://contoso.com:8443/a?b", "internal"),
        ("anna@fabrikam.example", "partner"),
        ("anna@evil.example", "denied"),
        ("kim@evil.example", "known"),
        ("notcontoso.com", "unknown"),
        ("contoso.com.thief.example", "unknown"),
        ("de89370400440532013000", "known"),
        # a URL covers its path and what stands below it
        ("https://fabrikam.sharepoint.com/sites/project", "partner"),
        ("https://FABRIKAM.sharepoint.com/sites/Project/plan.docx?web=1", "partner"),
        ("http://fabrikam.sharepoint.com:80/sites//project/./a", "partner"),
        ("https://fabrikam.sharepoint.com/sites/project/leavers/2025.xlsx", "denied"),
        ("https://fabrikam.sharepoint.com/sites/projects", "unknown"),
        ("https://fabrikam.sharepoint.com/sites", "unknown"),
        ("fabrikam.sharepoint.com", "unknown"),
        ("https://fabrikam.sharepoint.com:8443/sites/project", "unknown"),
        # nobody gets below it by writing it in another way, and nobody out of it
        ("https://fabrikam.sharepoint.com/sites/project/../other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project/%2e%2e/other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project/%252e%252e/other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project\\..\\other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project/%6ceavers/a", "denied"),
        ("https://contoso.com@evil.example/a", "denied"),
        ("https://evil.example\\@contoso.com/a", "denied"),
        ("https://contoso.com:pw@thief.example/a", "unknown"),
        ("www.thief.example/?u=https://contoso.com/a", "unknown"),
        ("www.evil.example/?u=https://contoso.com/a", "denied"),
        ("www.contoso.com/?u=https://thief.example/a", "internal"),
        ("view-source:https://www.evil.example/a", "denied"),
        ("thief.example?@contoso.com", "unknown"),
        ("thief.example#@contoso.com", "unknown"),
        ("contoso.com/!@thief.example", "unknown"),
        ("kim@thief.example/@contoso.com", "unknown"),
        ("kim@contoso.com/home", "internal"),
        ("https://thief.example%2f.contoso.com/a", "unknown"),
        ("https://thief.example／.contoso.com/a", "unknown"),
        ("https://contoso.com%00.evil.example/a", "denied"),
        ("https://evil%2eexample/a", "denied"),
        ("https://fabrikam.sharepoint.com/sites/project/..;/other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project/%25252525252e%25252525252e/other", "unknown"),
        ("https://fabrikam.sharepoint.com/sites/project/100%25/a", "partner"),
        ("https://fabrikam.sharepoint.com/sites/project/leavers/..;/a", "denied"),
        ("https://contoso.com/a/..;/b", "internal"),
        ("https://notes.example/@kim/today", "known"),
        ("https://notes.example/@kimberly", "unknown"),
        # a mailbox with a tag is most often the same one: denied with it, and not trusted for it
        ("eve+jobs@contoso.com", "denied"),
        ("ana+jobs@contoso.com", "internal"),
        ("kim+jobs@evil.example", "denied"),
        # Google delivers an address with dots where it delivers the one without
        ("evejobs@gmail.com", "denied"),
        ("eve.jobs+list@googlemail.com", "denied"),
        ("e.v.e.jobs@googlemail.com.", "denied"),
        ("evejob@gmail.com", "unknown"),
        ("evejobs@gmail.com.example", "unknown"),
        ("anaosei@gmail.com", "unknown"),
        ("ana.osei@gmail.com", "partner"),
        # programs read a number of a host in many ways: denied in all of them, trusted in one
        ("http://203.0.113.9/a", "denied"),
        ("http://3405803785/a", "denied"),
        ("http://0xcb007109/a", "denied"),
        ("http://0313.0.0x71.011/a", "denied"),
        ("http://203.28937/a", "denied"),
        ("http://203.0.28937/a", "denied"),
        ("http://203.0.113.10/a", "unknown"),
        ("http://203.0.113.09/a", "unknown"),
        ("http://203.0.113.256/a", "unknown"),
        ("3405803785", "unknown"),
        ("198.51.100.7", "known"),
        ("http://3325256711/a", "unknown"),
        # other alphabets, as they are and as DNS has them
        ("bücher.example", "known"),
        ("kim@BÜCHER.example", "known"),
        ("https://shop.bücher.example/a", "known"),
        ("xn--kln-sna.example", "denied"),
        ("ｅvil.example", "denied"),
    ],
)
def test_it_goes_by_the_most_exact_entry(destination: str, standing: str) -> None:
    assert LIST.standing_of(destination).value == standing


def test_a_partner_is_trusted_and_nobody_unlisted_is() -> None:
    trusted = {standing for standing in Standing if standing.is_trusted}
    assert trusted == {Standing.INTERNAL, Standing.KNOWN, Standing.PARTNER}


def test_it_shows_what_contradicts_what() -> None:
    found = {value: around.value for value, around in conflicts(LIST).items()}
    assert found == {
        "kim@evil.example": "evil.example",
        "eve@contoso.com": "contoso.com",
        "https://fabrikam.sharepoint.com/sites/project/leavers": "https://fabrikam.sharepoint.com/sites/project",
    }


def test_what_is_said_of_one_value_holds_for_nothing_below_it() -> None:
    varied = LIST.with_given(["evil.example"], Standing.KNOWN)
    assert varied.standing_of("evil.example") is Standing.KNOWN
    assert varied.standing_of("anna@evil.example") is Standing.DENIED


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("kim@a.example", "a.example"),
        ("https://[::1]/a", ""),
        ("plain", "plain"),
        ("a.example/@kim", "a.example/@kim"),
        ("i:0#.f|membership|Kim@a.example", "a.example"),
        ("a.example/x@a.example", "a.example"),
    ],
)
def test_it_reads_the_host(value: str, host: str) -> None:
    assert host_of(value) == host


@pytest.mark.parametrize("piece", ["/..", "%25", "a.", "@", "\\", "/a", "ä.", "xn--", ":", "a:", "..;/", "+", "%2e"])
def test_it_reads_a_hostile_destination_in_time(piece: str) -> None:
    start = time.process_time()
    LIST.standing_of("https://fabrikam.sharepoint.com/" + piece * (100_000 // len(piece)))
    LIST.standing_of(piece * (2_000 // len(piece)))
    assert time.process_time() - start < 0.5


def test_a_hundred_thousand_entries_are_looked_up_as_quickly_as_ten() -> None:
    listed = compile_destinations({"known": "\n".join(f"kim{n}@supplier{n % 9_000}.example" for n in range(100_000))})
    asked = [f"kim{n}@supplier{n % 9_000}.example" for n in range(0, 100_000, 10)]
    asked += [f"x@a.b{n}.elsewhere.example" for n in range(10_000)]
    start = time.process_time()
    found = [listed.standing_of(value) for value in asked]
    assert time.process_time() - start < 0.5
    assert found.count(Standing.KNOWN) == 10_000


@pytest.mark.django_db
def test_a_list_is_read_again_only_when_somebody_changed_it(django_assert_num_queries: Any) -> None:
    forget()
    Destination.objects.create(value="contoso.com", standing="internal")
    Destination.objects.create(value="adatum.example", standing="internal")
    with django_assert_num_queries(2):
        first = load_destinations()
    with django_assert_num_queries(1):
        assert load_destinations() is first
    assert first.standing_of("kim@adatum.example") is Standing.INTERNAL
    assert first.standing_of("kim@contoso.com") is Standing.INTERNAL
    # however it is written
    Destination.objects.bulk_create([Destination(value="evil.example", standing="denied")])
    with django_assert_num_queries(2):
        assert load_destinations().standing_of("evil.example") is Standing.DENIED
    Destination.objects.filter(value="contoso.com").update(standing="partner")
    assert load_destinations().standing_of("contoso.com") is Standing.PARTNER
    Destination.objects.all().delete()
    assert load_destinations().standing_of("contoso.com") is Standing.UNKNOWN
