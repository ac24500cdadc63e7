"""Feeds fetched by the task from a real server, and files by the command: what is taken, refused, kept and said."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection

from policies import load, tasks
from policies.feed_http import FetchError, fetch
from policies.intelligence.index import compile_indicators
from policies.intelligence.values import Kind
from policies.models import AuditEntry, Destination, Indicator, IndicatorIndex, IndicatorSource
from policies.services import indicator_sources, indicators
from policies.services.indicator_sources import SourceSettings, add_source
from policies.services.indicators import HandWritten, IndicatorError, Protected
from policies.services.publish import ensure_baseline
from tests import engines
from tests.engines import Behave, OtherEngine, saying

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LIST = b"kind,value,confidence\ndomain,evil.example,95\nemail,kim@bad.example,60\nip,9.9.9.9,10\n"


@pytest.fixture
def server() -> Iterator[OtherEngine]:
    with OtherEngine(behave=csv_of(LIST)).serving() as serving:
        yield serving


def csv_of(body: bytes, *more: str) -> Behave:
    return saying(body, content_type="text/csv", more=more)


def a_feed(url: str, **changes: Any) -> IndicatorSource:
    settings = {"name": "Shared list", "kind": "csv", "url": url, "every_minutes": 60, **changes}
    return add_source(SourceSettings(**settings), now=datetime.now(UTC), actor=None)


def fetched(source: IndicatorSource) -> IndicatorSource:
    """The source after the next run of the task, due again now."""
    IndicatorSource.objects.filter(pk=source.pk).update(due_at=datetime.now(UTC) - timedelta(seconds=1))
    tasks.fetch_indicators()
    source.refresh_from_db()
    return source


def in_force(kind: str, value: str) -> str:
    """The tier of an indicator as web processes see it, empty when it is not in force."""
    ensure_baseline()
    load.forget()
    found = compile_indicators(load.load_document()["indicators"]).find(Kind(kind), value)
    return found.tier.name if found else ""


@pytest.mark.django_db
def test_it_fetches_what_is_due_and_puts_it_in_force_by_its_confidence(server: OtherEngine) -> None:
    source = fetched(a_feed(server.url))
    assert source.error == ""
    assert source.counts["taken"] == 3
    assert [in_force("domain", "evil.example"), in_force("email", "kim@bad.example"), in_force("ip", "9.9.9.9")] == [
        "HIGH", "LOW", "NOTED",
    ]  # fmt: skip
    assert source.due_at is not None
    assert source.due_at > datetime.now(UTC) + timedelta(minutes=50)
    assert AuditEntry.objects.filter(action="indicators.imported").exists()
    tasks.fetch_indicators()
    assert len(server.requests) == 1


@pytest.mark.django_db
def test_it_asks_only_for_what_has_changed(server: OtherEngine) -> None:
    server.behave = csv_of(LIST, 'ETag: "v1"', "Last-Modified: Fri, 20 Nov 2026 09:00:00 GMT")
    source = fetched(a_feed(server.url))
    server.behave = saying(b"", status="304 Not Modified")
    source = fetched(source)
    assert server.requests[-1].headers["if-none-match"] == '"v1"'
    assert server.requests[-1].headers["if-modified-since"] == "Fri, 20 Nov 2026 09:00:00 GMT"
    assert source.error == ""
    assert source.indicators.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (saying(b"gone", status="404 Not Found"), "404"),
        (saying(b"<html>Sign in</html>", content_type="text/html"), "web page"),
        (saying(b"", status="302 Found", more=("Location: http://127.0.0.1:1/x",)), "inside"),
        (saying(b"", status="302 Found", more=("Location: http://169.254.169.254/latest",)), "link-local"),
        (saying(b"", status="302 Found", more=("Location: /guard",)), "leads on"),
        (saying(b"\x1f\x8b", more=("Content-Encoding: gzip",)), "compressed"),
        (saying(b"kind,value\ndomain,nothing\n"), "none of 1"),
        (saying(b"\n"), "empty"),
        (saying(b"kind,value\ndomain,\xff\n"), "UTF-8"),
        (engines.hanging_up, "could not be reached"),
        (engines.no_http, "could not be reached"),
        (engines.endless, "more than"),
    ],
)
def test_a_failed_fetch_keeps_what_was_there_and_says_so(server: OtherEngine, behave: Behave, said: str) -> None:
    source = fetched(a_feed(server.url))
    server.behave = behave
    source = fetched(source)
    assert said in source.error
    assert in_force("domain", "evil.example") == "HIGH"
    assert source.due_at is not None
    assert source.due_at < datetime.now(UTC) + timedelta(minutes=16)
    server.behave = csv_of(LIST)
    assert fetched(source).error == ""


@pytest.mark.parametrize("behave", [engines.hanging, engines.trickling, engines.trickling_body])
def test_no_trickle_of_bytes_outlasts_the_time(server: OtherEngine, behave: Behave) -> None:
    server.behave = behave
    with pytest.raises(FetchError, match="in full"):
        fetch(server.url, seconds=0.5)


def test_a_public_name_that_leads_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    # what a name server of the attacker's would answer; nothing of ours is replaced
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.5", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)
    with pytest.raises(FetchError, match="inside"):
        fetch("https://feed.example/list.csv")


@pytest.mark.django_db
def test_a_poisoned_feed_cannot_name_what_the_business_needs(server: OtherEngine) -> None:
    Destination.objects.create(value="contoso.com", standing="internal")
    Destination.objects.create(value="partner.example", standing="known")
    server.behave = csv_of(
        b"gmail.com\ncontoso.com\nmail.partner.example\n10.0.0.1\ncom.example\nevil.example\nco.uk\n"
    )
    source = fetched(a_feed(server.url, default_confidence=100))
    assert {value for value, _ in source.refused} == {
        "gmail.com", "contoso.com", "mail.partner.example", "10.0.0.1", "co.uk",
    }  # fmt: skip
    assert source.counts["refused"] == 5
    assert in_force("domain", "gmail.com") == ""
    assert in_force("domain", "evil.example") == "HIGH"


@pytest.mark.django_db
def test_a_person_may_list_what_a_feed_may_not_by_saying_so() -> None:
    Destination.objects.create(value="partner.example", standing="known")
    with pytest.raises(Protected, match="known to this organisation"):
        indicators.add_indicator(HandWritten(value="partner.example"), now=NOW, actor=None)
    assert not Indicator.objects.exists()
    indicators.add_indicator(HandWritten(value="partner.example", confirmed=True), now=NOW, actor=None)
    ensure_baseline()
    found = compile_indicators(load.load_document()["indicators"]).find(Kind.DOMAIN, "partner.example")
    assert found is not None
    assert found.by_person


@pytest.mark.django_db
def test_what_a_person_dismissed_stays_so_whatever_the_feed_says(server: OtherEngine) -> None:
    source = fetched(a_feed(server.url))
    listed = Indicator.objects.get(value="evil.example")
    indicators.dismiss(listed, now=NOW, actor=None)
    assert in_force("domain", "evil.example") == ""
    server.behave = csv_of(LIST.replace(b"95", b"99"))
    fetched(source)
    assert in_force("domain", "evil.example") == ""
    indicators.restore(listed, now=NOW, actor=None)
    assert in_force("domain", "evil.example") == "HIGH"


@pytest.mark.django_db
def test_a_feed_that_names_less_takes_nothing_away_and_stix_takes_back_by_name(server: OtherEngine) -> None:
    source = fetched(a_feed(server.url))
    server.behave = csv_of(b"kind,value,confidence\ndomain,other.example,95\n")
    fetched(source)
    assert in_force("domain", "evil.example") == "HIGH"
    pattern = {"type": "indicator", "id": "i--1", "pattern": "[domain-name:value = 'other.example']", "revoked": True}
    server.behave = saying({"type": "bundle", "objects": [pattern]})
    IndicatorSource.objects.filter(pk=source.pk).update(kind="stix")
    source.refresh_from_db()
    assert fetched(source).counts["withdrawn"] == 1
    assert in_force("domain", "other.example") == ""


@pytest.mark.django_db
def test_an_indicator_begins_and_ends_by_the_clock(tmp_path: Path) -> None:
    today = datetime.now(UTC)
    soon, later = today + timedelta(hours=1), today + timedelta(hours=2)
    file = tmp_path / "list.csv"
    file.write_text(f"value,valid_from,expires,confidence\nevil.example,{soon.isoformat()},{later.isoformat()},90\n")
    call_command("import_indicators", str(file), stdout=StringIO())
    assert in_force("domain", "evil.example") == ""
    indicators.recompile_if_stale(now=soon + timedelta(minutes=1))
    assert in_force("domain", "evil.example") == "HIGH"
    assert not indicators.recompile_if_stale(now=soon + timedelta(minutes=2))
    indicators.recompile_if_stale(now=later + timedelta(minutes=1))
    assert in_force("domain", "evil.example") == ""


@pytest.mark.django_db
def test_a_paused_source_counts_for_nothing_and_a_removed_one_is_gone(server: OtherEngine) -> None:
    source = fetched(a_feed(server.url))
    indicator_sources.pause_source(source, now=NOW, actor=None)
    assert in_force("domain", "evil.example") == ""
    assert len(server.requests) == 1
    fetched(source)
    assert len(server.requests) == 1
    indicator_sources.resume_source(source, now=NOW, actor=None)
    assert in_force("domain", "evil.example") == "HIGH"
    indicator_sources.remove_source(source, now=NOW, actor=None)
    assert in_force("domain", "evil.example") == ""
    assert not Indicator.objects.exists()


@pytest.mark.django_db
def test_new_domains_count_as_new_for_some_days_only(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    file = tmp_path / "new.csv"
    young, old = (now - timedelta(days=2)).date(), (now - timedelta(days=90)).date()
    file.write_text(f"domain,created\nfresh.example,{young}\nold.example,{old}\n")
    out = StringIO()
    call_command("import_indicators", str(file), "--kind", "new_domains", stdout=out)
    assert "1 taken" in out.getvalue()
    assert "1 over already" in out.getvalue()
    assert in_force("new_domain", "fresh.example") != ""
    assert in_force("domain", "fresh.example") == ""


@pytest.mark.django_db
def test_the_command_says_what_it_did_not_take(tmp_path: Path, server: OtherEngine) -> None:
    file = tmp_path / "list.txt"
    file.write_text("evil.example\ngmail.com\nnonsense\nevil.example\n")
    out, err = StringIO(), StringIO()
    call_command("import_indicators", str(file), stdout=out, stderr=err)
    assert "1 taken, 1 refused, 1 not understood" in out.getvalue()
    assert "1 repeated" in out.getvalue()
    assert "line 3" in err.getvalue()
    assert "`gmail.com`" in err.getvalue()
    call_command("import_indicators", server.url, stdout=out)
    assert in_force("email", "kim@bad.example") == "LOW"
    for bad in (str(tmp_path / "none.csv"), "https://127.0.0.1:1/x"):
        with pytest.raises(CommandError):
            call_command("import_indicators", bad, stdout=out)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("url", {"url": "http://feed.example/x"}),
        ("url", {"url": "https://169.254.169.254/x"}),
        ("every_minutes", {"every_minutes": 1}),
        ("hold_from", {"hold_from": 90, "block_from": 50}),
        ("name", {"name": "By hand"}),
        ("name", {"name": " "}),
        ("kind", {"kind": "taxii"}),
        ("default_confidence", {"default_confidence": 101}),
    ],
)
def test_it_refuses_settings_that_cannot_be(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(IndicatorError) as refused:
        a_feed(**{"url": "", **changes})
    assert refused.value.field == field


@pytest.mark.django_db
def test_only_a_policy_admin_changes_lists() -> None:
    nobody = User.objects.create_user("vera")
    for attempt in (
        lambda: add_source(SourceSettings(name="x", kind="csv"), now=NOW, actor=nobody),
        lambda: indicators.add_indicator(HandWritten(value="evil.example"), now=NOW, actor=nobody),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_fetch_one_source_at_once(server: OtherEngine) -> None:
    source = a_feed(server.url)
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        tasks.fetch_indicators()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    source.refresh_from_db()
    assert len(server.requests) == 1
    assert source.counts["taken"] == 3
    assert source.claimed_until is None


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_each_leave_an_index_with_both(tmp_path: Path) -> None:
    sources = [a_feed("", name=f"list {n}", every_minutes=0) for n in range(2)]
    both = threading.Barrier(2)

    def work(n: int) -> None:
        both.wait()
        body = "\n".join(f"host{k}.list{n}.example" for k in range(500)).encode()
        indicator_sources.import_file(sources[n], body + b"\nshared.example", now=datetime.now(UTC), actor=None)
        connection.close()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert IndicatorIndex.objects.get().told["count"] == 1001
    assert json.loads(json.dumps(IndicatorIndex.objects.get().told["kinds"])) == {"domain": 1001}
