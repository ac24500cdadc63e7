"""Feeds as they come: CSV with and without a header, plain lists, STIX bundles, and what is none of these."""

import json
import time

import pytest

from policies.destinations import compile_destinations
from policies.engine_address import AddressError
from policies.intelligence.csv_feed import read_csv
from policies.intelligence.feed import MOST_BYTES, FeedError
from policies.intelligence.feed_address import checked_feed_url, redirected
from policies.intelligence.protected import own_of, why_refused
from policies.intelligence.stix import read_pattern, read_stix
from policies.intelligence.values import BadValue, Kind, Named, read_value


def named(kind: str, value: str) -> Named:
    return Named(kind=Kind(kind), value=value)


def an_indicator(pattern: str, **more: object) -> dict[str, object]:
    return {"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "pattern": pattern, **more}


def bundle(*objects: object) -> bytes:
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}).encode()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hxxps://Evil[.]example/A/", "url", "evil.example/a"),
        ("http://evil.example:443/a#top", "url", "evil.example/a"),
        ("http://[2001:db8::1]:8080/x", "url", "[2001:db8::1]:8080/x"),
        ("EVIL.example.", "domain", "evil.example"),
        ("*.evil[.]example", "domain", "evil.example"),
        ("contoѕo.com", "domain", "xn--contoo-mvf.com"),
        ("user[@]evil(dot)example", "email", "user@evil.example"),
        ("198.51.100.7", "ip", "198.51.100.7"),
        ("198.51.100.7/24", "ip", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "ip", "198.51.100.7"),
        ("D41D8CD98F00B204E9800998ECF8427E", "hash", "d41d8cd98f00b204e9800998ecf8427e"),
    ],
)
def test_it_understands_a_value_however_it_was_made_safe(text: str, kind: str, value: str) -> None:
    assert read_value(text) == named(kind, value)


@pytest.mark.parametrize(
    "text", ["", "foo", "two words.example", "a\u200bb.example", "x" * 501 + ".example", "10.0.0.0/8", "-.example", "@"]
)
def test_it_refuses_what_is_no_value(text: str) -> None:
    with pytest.raises(BadValue):
        read_value(text)


def test_it_reads_columns_by_their_names() -> None:
    read = read_csv(
        b"\xef\xbb\xbfType,Indicator,Confidence,Expires,Comment\r\n"
        b"domain,evil[.]example,high,2027-01-01,Seen in mail\r\n"
        b'url,"hxxp://a.example/x,y",80,,\r\n'
        b"ipv4,198.51.100.7,0.5,2027-01-01T12:00:00+02:00,\r\n"
    )
    assert [entry.named for entry in read.entries] == [
        named("domain", "evil.example"), named("url", "a.example/x,y"), named("ip", "198.51.100.7"),
    ]  # fmt: skip
    assert [entry.confidence for entry in read.entries] == [90, 80, 50]
    assert read.entries[2].expires_at is not None
    assert read.entries[2].expires_at.isoformat() == "2027-01-01T10:00:00+00:00"
    assert read.entries[0].description == "Seen in mail"
    assert read.not_understood == 0


def test_it_reads_a_plain_list_and_a_hosts_file() -> None:
    read = read_csv(b"# a list\n0.0.0.0 bad.example\nevil.example # why\nhttp://a.example/x,y\n\n198.51.100.7\n")
    assert [entry.named.value for entry in read.entries] == [
        "bad.example",
        "evil.example",
        "a.example/x,y",
        "198.51.100.7",
    ]
    assert read_csv(b"domain;evil.example;80\n").entries[0].confidence == 80


def test_it_names_the_line_of_what_it_does_not_understand() -> None:
    read = read_csv(
        b"kind,value,confidence\ndomain,=HYPERLINK(1),\nbeacon,evil.example,\ndomain,b.example,200\ndomain,,\n"
    )
    assert read.entries == []
    assert [sentence.split(":")[0] for sentence in read.said] == ["line 2", "line 3", "line 4", "line 5"]
    assert "formula" in read.said[0]


def test_it_does_not_let_an_open_quote_swallow_the_rest() -> None:
    read = read_csv(b'kind,value\ndomain,"evil.example\ndomain,other.example\n')
    assert named("domain", "other.example") in [entry.named for entry in read.entries]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "web page"),
        (b"kind,value\ndomain,\xff\xfe\xfa.example\n", "not UTF-8"),
        (b"domain\x00evil.example", "NUL"),
        (b"x" * (MOST_BYTES + 1), "at most"),
    ],
)
def test_it_refuses_a_file_that_is_no_list(body: bytes, why: str) -> None:
    with pytest.raises(FeedError, match=why):
        read_csv(body)


def test_it_reads_indicators_of_a_bundle_and_counts_what_it_does_not_understand() -> None:
    read = read_stix(
        bundle(
            an_indicator("[domain-name:value = 'evil.example']", confidence=70, valid_from="2026-11-01T00:00:00Z"),
            an_indicator("[url:value='http://a.example/x'] OR [ipv4-addr:value IN ('198.51.100.7', '198.51.100.8')]"),
            an_indicator(f"[file:hashes.'SHA-256' = '{'a' * 64}']", valid_until="2027-01-01T00:00:00.000Z"),
            an_indicator("[email-addr:value = 'kim@evil.example']", revoked=True),
            an_indicator("[domain-name:value = 'a.example' AND url:value = 'b']"),
            an_indicator("[process:name = 'x']"),
            an_indicator("title: x", pattern_type="sigma"),
            an_indicator("[domain-name:value = 'b.example']", valid_until="some day"),
            an_indicator("[domain-name:value = 'c.example']", confidence="high"),
            {"type": "malware", "id": "malware--1", "name": "x"},
        )
    )
    assert [entry.named.value for entry in read.entries] == [
        "evil.example", "a.example/x", "198.51.100.7", "198.51.100.8", "a" * 64, "kim@evil.example",
    ]  # fmt: skip
    assert read.entries[0].confidence == 70
    assert read.entries[-1].withdrawn
    assert read.not_understood == 5
    assert all(sentence.startswith("objects[") for sentence in read.said)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"type": "indicator"}',
        b'{"type": "bundle", "objects": 3}',
        b'{"type": "bundle", "objects": [',
        b"[" * 100_000,
        b'{"type":"bundle","objects":' + b'{"a":' * 100_000,
        b"kind,value\ndomain,evil.example",
    ],
)
def test_it_refuses_what_is_no_bundle(body: bytes) -> None:
    with pytest.raises(FeedError):
        read_stix(body)


def test_it_counts_an_object_nested_too_deeply_and_reads_the_next() -> None:
    deep = b'{"type":"indicator","x":' + b"[" * 3000 + b"]" * 3000 + b"}"
    good = json.dumps(an_indicator("[domain-name:value = 'evil.example']")).encode()
    try:
        read = read_stix(b'{"type":"bundle","objects":[' + deep + b"," + good + b"]}")
    except FeedError:
        return  # refused whole, which is as good
    assert [entry.named.value for entry in read.entries] == ["evil.example"]


@pytest.mark.parametrize("piece", ["[", "'", "\\'", "a.", "[domain-name:value = 'a.example'] OR ", "IN (", "' OR '"])
def test_it_reads_a_hostile_pattern_in_time(piece: str) -> None:
    start = time.process_time()
    with pytest.raises(ValueError, match=r"pattern"):
        read_pattern((piece * (20_000 // len(piece)))[:20_000] + "!")
    assert time.process_time() - start < 1


OWN = own_of(
    compile_destinations(
        [
            {"value": "contoso.com", "standing": "internal"},
            {"value": "partner.example", "standing": "known"},
            {"value": "kim@supplier.example", "standing": "known"},
            {"value": "bad.contoso.com", "standing": "denied"},
        ]
    )
)


@pytest.mark.parametrize(
    "value",
    [
        "contoso.com", "mail.contoso.com", "partner.example", "kim@partner.example", "supplier.example", "gmail.com",
        "github.io", "co.uk", "10.0.0.1", "http://192.168.0.1/x", "127.0.0.1", "169.254.169.254", "::1",
        "https://github.com/", "https://contoso.com/x", "printer.local", "microsoft.com",
    ],
)  # fmt: skip
def test_no_feed_may_name_what_everybody_or_this_organisation_needs(value: str) -> None:
    assert why_refused(read_value(value), OWN)


@pytest.mark.parametrize(
    "value",
    [
        "evil.example", "lee@gmail.com", "evil.github.io", "https://github.com/evil/kit", "bad.contoso.com",
        "contoso.com.evil.example", "9.9.9.9", "lee@supplier.example", "http://9.9.9.9/x",
    ],
)  # fmt: skip
def test_a_feed_may_name_anything_else(value: str) -> None:
    assert why_refused(read_value(value), OWN) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://feed.example/list.csv", "https://169.254.169.254/latest", "http://[fe80::1]/x", "ftp://feed.example/x",
        "https://user:pass@feed.example/x", "file:///etc/passwd", "https://feed.example/x#y", "javascript:1",
        "http://[::ffff:169.254.169.254]/x",
    ],
)  # fmt: skip
def test_it_fetches_from_no_such_address(url: str) -> None:
    with pytest.raises(AddressError):
        checked_feed_url(url)


def test_it_follows_a_redirect_outward_and_never_inward() -> None:
    assert checked_feed_url("https://feed.example/list.csv?key=1") == "https://feed.example/list.csv?key=1"
    assert checked_feed_url("http://10.0.0.5/list.csv") == "http://10.0.0.5/list.csv"
    assert redirected("https://feed.example/a", "/b") == "https://feed.example/b"
    assert redirected("https://feed.example/a", "https://cdn.example/b") == "https://cdn.example/b"
    assert redirected("http://10.0.0.5/a", "/b") == "http://10.0.0.5/b"
    for inside in ("https://10.0.0.5/b", "http://127.0.0.1:6379/", "https://localhost/", "https://vault.internal/"):
        with pytest.raises(AddressError):
            redirected("https://feed.example/a", inside)
    with pytest.raises(AddressError):
        redirected("http://10.0.0.5/a", "http://10.0.0.6/a")
