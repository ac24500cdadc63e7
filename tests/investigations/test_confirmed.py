"""Indicators that investigations confirmed, as other tools and our own reader take them."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import pytest
import stix2
from django.test import Client
from django.utils import timezone
from hypothesis import strategies

from guardrail.api_tokens import Scope
from investigations import services
from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.access import Role
from policies.intelligence.csv_feed import read_csv
from policies.intelligence.stix import read_stix
from policies.intelligence.values import BadValue, Kind, Named, read_value
from policies.intelligence.writing import Written, csv_of, is_readable, stix_of
from policies.models import AuditEntry, Destination, Indicator, IndicatorSource
from tests.callers import Asking
from tests.investigations.cases import case, person
from tests.investigations.reading import Program
from tests.told import OUTSIDER, record_story

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def confirmed(destination: str, **values: Any) -> Investigation:
    """An investigation closed as a true positive."""
    row = {"status": "closed", "disposition": "true_positive", "closed_at": timezone.now(), **values}
    return case("An attack", destination=destination, **row)


def values_of(program: Program) -> set[tuple[str, str]]:
    """What our own reader finds in the bundle; the other reader finds as many, and the file of lines the same."""
    answer = program.get("indicators/stix")
    assert answer.headers["Content-Type"] == "application/stix+json;version=2.1"
    body = json.dumps(answer.body)
    found = read_stix(body.encode())
    assert found.said == []
    # no object of the standard is a text
    parsed = stix2.parse(body, allow_custom=True, version="2.1")
    indicators = [one for one in getattr(parsed, "objects", []) if one.type == "indicator"]
    assert len(indicators) == len({entry.named for entry in found.entries})
    lines = read_csv(program.send("get", "indicators/csv").body.encode())
    assert lines.said == []
    assert {entry.named for entry in lines.entries} == {entry.named for entry in found.entries}
    return {(entry.named.kind.value, entry.named.value) for entry in found.entries}


@pytest.fixture
def program(asking: Asking) -> Program:
    return Program.that_may(Scope.INDICATORS)


def test_it_hands_out_where_confirmed_attacks_led_and_by_what_their_texts_are_known(program: Program) -> None:
    record_story()
    take_in_all()
    ines, found = person("ines"), Investigation.objects.get()
    assert values_of(program) == set()
    services.claim(found, actor=ines)
    services.close(found, disposition="true_positive", reason="Yes.", now=timezone.now(), actor=ines)
    assert ("email", OUTSIDER) in values_of(program)
    Investigation.objects.update(facts=[["directive", "ab" * 12], ["argument", "to"]])
    assert ("text", "ab" * 12) in values_of(program)


CONFIRMED = (
    ("https://Evil.example/A?b=1#c", ("url", "evil.example/a?b=1")),
    ("evil.example", ("domain", "evil.example")),
    ("45.83.12.9", ("ip", "45.83.12.9")),
    ("2a0b:1::9", ("ip", "2a0b:1::9")),
    ("+eve@evil.example", ("email", "+eve@evil.example")),
    ("o'brien@evil.example", ("email", "o'brien@evil.example")),
    ("https://evil.example/a'b\\c] OR [x", None),
    ("https://evil.example/a'%5d\\", ("url", "evil.example/a'%5d\\")),
    ("#general", None),
    ("=cmd|' /C calc'!A0", None),
    ("gmail.com", None),
    ("10.1.2.3", None),
    ("printer.local", None),
    ("contoso.example", None),
    ("kim@mail.contoso.example", None),
    ("https://partner.example/inbox", None),
    ("ann@known.example", None),
)


def test_it_hands_out_each_kind_and_nothing_that_is_ours_known_or_everybodys(program: Program) -> None:
    for value, standing in (
        ("contoso.example", "internal"),
        ("partner.example", "partner"),
        ("known.example", "known"),
    ):
        Destination.objects.create(value=value, standing=standing)
    for destination, _ in CONFIRMED:
        confirmed(destination)
    assert values_of(program) == {wanted for _, wanted in CONFIRMED if wanted}


def test_what_is_not_confirmed_for_everybodys_eyes_is_not_in_it(program: Program) -> None:
    confirmed("evil.example")
    confirmed("secret.example", restricted=True)
    confirmed("open.example", status="active")
    confirmed("harmless.example", disposition="false_positive")
    confirmed("old.example", closed_at=timezone.now() - timedelta(days=400))
    source = IndicatorSource.objects.create(name="By hand", kind="csv")
    Indicator.objects.create(
        source=source, kind="domain", value="dropped.example", confidence=90, dismissed=True, added_at=timezone.now()
    )
    confirmed("dropped.example")
    confirmed("doubtful.example", closed_at=timezone.now() - timedelta(days=9))
    confirmed("doubtful.example", disposition="benign_expected")
    confirmed("worse.example")
    confirmed("worse.example", disposition="benign_expected", closed_at=timezone.now() - timedelta(days=9))
    assert values_of(program) == {("domain", "evil.example"), ("domain", "worse.example")}
    assert len(program.get("indicators/stix", days=500).body["objects"]) == 4


def test_the_same_indicator_has_the_same_id_whenever_it_is_written(program: Program) -> None:
    confirmed("evil.example")
    before = program.get("indicators/stix").body
    assert program.get("indicators/stix").body == before
    confirmed("evil.example")
    confirmed("other.example")
    after = program.get("indicators/stix").body
    ids = {one["id"] for one in after["objects"] if one["type"] == "indicator"}
    assert {one["id"] for one in before["objects"] if one["type"] == "indicator"} < ids
    assert after["id"] != before["id"]


def test_a_person_takes_it_out_from_the_page_and_that_is_written_down(asking: Asking) -> None:
    confirmed("+eve@evil.example")
    client = signed_in(Role.ANALYST)
    assert "What we confirmed" in client.get("/intelligence/").content.decode()
    bundle = client.post("/intelligence/confirmed/export/", {"format": "stix"})
    assert [one["type"] for one in json.loads(bundle.content)["objects"]] == ["identity", "indicator"]
    lines = client.post("/intelligence/confirmed/export/", {"format": "csv"})
    assert "attachment" in lines["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(lines.content.decode("utf-8-sig"))))
    assert rows[1][:2] == ["email", "'+eve@evil.example"]
    audited = AuditEntry.objects.filter(action="indicators.exported").order_by("pk")
    assert [entry.detail["format"] for entry in audited] == ["stix", "csv"]
    assert client.get("/intelligence/confirmed/export/").status_code == 405


def test_who_may_take_nothing_out_takes_no_indicators_out(asking: Asking) -> None:
    client = signed_in(Role.VIEWER)
    assert client.post("/intelligence/confirmed/export/", {"format": "stix"}).status_code == 403
    assert "What we confirmed" not in client.get("/intelligence/").content.decode()
    other = Program.that_may(Scope.VERDICTS)
    assert other.get("indicators/stix").status == 403
    assert other.send("get", "indicators/csv").status == 403


def test_each_file_is_of_its_type_and_errors_are_problems(program: Program) -> None:
    for path, accept, status in (
        ("indicators/stix", "application/stix+json;version=2.1", 200),
        ("indicators/stix", "application/json", 200),
        ("indicators/stix", "text/csv", 406),
        ("indicators/csv", "text/csv", 200),
        ("indicators/csv", "*/*", 200),
        ("indicators/csv", "application/json", 406),
    ):
        assert program.send("get", path, accept=accept).status == status, (path, accept)
    for path in ("indicators/stix", "indicators/csv"):
        refused = program.get(path, days="0")
        assert (refused.status, refused.headers["Content-Type"]) == (400, "application/problem+json")
        assert "expected a number from 1 to 3650" in refused.body["detail"]


_HOSTILE = strategies.text(strategies.sampled_from("aA1.@/:?#'\"\\[]()<>=+-_%&* ,;é\u202e\n"), min_size=1, max_size=40)
_PLACED = strategies.builds("{}{}".format, strategies.sampled_from(("", "https://evil.example/", "a@")), _HOSTILE)


@hypothesis.given(_PLACED)
@hypothesis.settings(max_examples=300)
def test_whatever_a_value_holds_is_read_again_as_it_is_and_ends_no_pattern(text: str) -> None:
    try:
        named = read_value(text)
    except BadValue:
        return
    hypothesis.assume(is_readable(named))
    check(named)


@pytest.mark.parametrize("value", ["a" * 32, "b" * 40, "c" * 64, "d" * 128])
def test_hashes_are_called_by_what_they_are(value: str) -> None:
    check(Named(kind=Kind.HASH, value=value))


def check(named: Named) -> None:
    """Read by our own readers, and by one that is not ours."""
    row = Written(named=named, confidence=85, first_seen=NOW, confirmed_at=NOW, description="=1+1\n'x'")
    body = json.dumps(stix_of([row], producer="Guardrail", address="https://guard.example"))
    assert {entry.named for entry in read_stix(body.encode()).entries} == {named}
    stix2.parse(body, version="2.1")
    lines = "".join(csv_of([row])).encode()
    assert [entry.named for entry in read_csv(lines).entries] == [named]


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(person("ines", role))
    return client
