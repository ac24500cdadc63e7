"""What programs read: verdicts, investigations and the audit trail, over HTTP."""

import itertools
import json
import random
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from jsonschema import Draft202012Validator
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from guardrail import feed
from guardrail.api_tokens import Scope
from guardrail.models import EXERCISE, FeedEntry, Orchestrator, TranscriptOpened
from guardrail.tasks import number_missed
from investigations import confiding, services
from investigations.api import urls
from investigations.changes import CASES
from investigations.intake import take_in, take_in_all
from investigations.models import Investigation
from policies.access import Role
from policies.models import AuditEntry
from tests.callers import Asking
from tests.factories import MORNING, instruction, record_verdict
from tests.investigations.cases import case, person
from tests.investigations.reading import Program
from tests.told import DATA, ORDER, record_story

EVERYTHING = tuple(Scope)


def recorded(count: int, **values: Any) -> list[str]:
    """So many verdicts, taken in."""
    made = [str(record_verdict(instruction(), conversation_id=f"conv-{n}", **values)) for n in range(count)]
    take_in_all()
    return made


def test_it_reads_every_call_once_page_by_page_and_goes_on_where_it_was(asking: Asking) -> None:
    program = Program.that_may(Scope.VERDICTS)
    made = recorded(7)
    pages = list(program.pages("verdicts", limit=3))
    assert [row["id"] for page in pages for row in page["results"]] == sorted(made)
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    (later,) = recorded(1)
    assert [row["id"] for row in program.rows("verdicts", cursor=pages[-1]["next"])] == [later]


def test_a_call_that_is_written_late_comes_after_those_that_were_read_already(asking: Asking) -> None:
    """As from a journal: its id and its time are those of its call."""
    program = Program.that_may(Scope.VERDICTS)
    recorded(2)
    read = program.get("verdicts").body
    (late,) = recorded(1, at=MORNING - timedelta(hours=5))
    assert [row["id"] for row in program.rows("verdicts", cursor=read["next"])] == [late]
    assert program.rows("verdicts", cursor=read["next"], since=MORNING.isoformat()) == []


@pytest.mark.django_db(transaction=True)
def test_who_began_first_and_is_done_last_is_read_all_the_same() -> None:
    """Two intakes at once: the one that took its calls first commits last."""
    program = Program.that_may(Scope.VERDICTS)
    first = str(record_verdict(instruction(), conversation_id="conv-1"))
    other = threading.Thread(target=_take_in_elsewhere)
    with transaction.atomic():
        assert take_in(timezone.now()) == 1
        second = str(record_verdict(instruction(), conversation_id="conv-2", agent_id="another"))
        other.start()
        _wait_until_somebody_waits()
        seen = _read_elsewhere(program, "v0")
    other.join(timeout=20)
    assert seen["results"] == []
    assert [row["id"] for row in program.rows("verdicts", cursor=seen["next"])] == [first, second]


def _take_in_elsewhere() -> None:
    try:
        take_in(timezone.now())
    finally:
        connection.close()


def _wait_until_somebody_waits() -> None:
    until = timezone.now() + timedelta(seconds=20)
    while timezone.now() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the other intake did not come to wait")


def _read_elsewhere(program: Program, cursor: str) -> dict[str, Any]:
    read: list[dict[str, Any]] = []

    def ask() -> None:
        read.append(program.get("verdicts", cursor=cursor).body)
        connection.close()

    reader = threading.Thread(target=ask)
    reader.start()
    reader.join(timeout=20)
    return read[0]


def test_what_an_older_release_took_in_during_an_upgrade_is_read_after_all(asking: Asking) -> None:
    program = Program.that_may(Scope.VERDICTS)
    made = recorded(3, at=timezone.now())
    FeedEntry.objects.filter(pk__in=made[1:]).delete()
    seen = program.get("verdicts").body
    number_missed()
    number_missed()
    assert [row["id"] for row in program.rows("verdicts", cursor=seen["next"])] == sorted(made[1:])


def test_the_feed_goes_with_the_months_of_the_verdicts(asking: Asking) -> None:
    with connection.cursor() as cursor:
        months = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ %s"
        cursor.execute(months, ["^guardrail_verdict_"])
        verdicts = cursor.fetchone()
        cursor.execute(months, ["^guardrail_feedentry_"])
        assert cursor.fetchone() == verdicts


def test_calls_of_exercises_are_none_of_the_organisations(asking: Asking) -> None:
    program = Program.that_may(Scope.VERDICTS)
    (made,) = recorded(1)
    Orchestrator.objects.update_or_create(pk=1, defaults={"slug": EXERCISE, "name": "Exercises"})
    assert program.rows("verdicts") == []
    assert program.get(f"verdicts/{made}").status == 404


FILTERS = (
    ({"action": "block"}, True),
    ({"action": "allow"}, False),
    ({"would_have": "block"}, True),
    ({"severity_from": "high"}, True),
    ({"severity_from": "critical"}, False),
    ({"rule": "instruction_marked"}, True),
    ({"agent_id": "quay-ledger"}, True),
    ({"agent_id": "Quay-ledger"}, False),
    ({"user_id": "kim"}, False),
    ({"conversation_id": "conv-0", "action": "block"}, True),
    ({"since": "2026-11-20T09:00:00Z"}, True),
    ({"since": "2026-11-20T10:30:00+01:00", "until": "2026-11-20T10:31:00+01:00"}, True),
    ({"since": "2026-11-20T09:31:00Z"}, False),
    ({"until": "2026-11-20T09:30:00Z"}, False),
    ({"since": "0001-01-01T00:00:00Z"}, True),
    ({"until": "9999-12-31T23:59:59Z"}, True),
)


def test_it_reads_only_what_was_asked_for(asking: Asking) -> None:
    program = Program.that_may(Scope.VERDICTS)
    made = recorded(1)
    for asked, fits in FILTERS:
        assert [row["id"] for row in program.rows("verdicts", **asked)] == (made if fits else []), asked


def test_a_rare_call_is_found_behind_very_many_without_one_long_answer(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program.that_may(Scope.VERDICTS)
    recorded(6)
    (rare,) = recorded(1, agent_id="rare")
    monkeypatch.setattr("investigations.api.calls._CHUNK", 2)
    monkeypatch.setattr("investigations.api.calls._LOOKED_THROUGH", 4)
    pages = list(program.pages("verdicts", agent_id="rare"))
    assert [[row["id"] for row in page["results"]] for page in pages] == [[], [rare]]


def test_nothing_anybody_wrote_is_in_a_verdict_and_all_of_it_in_a_transcript(asking: Asking) -> None:
    pk = record_story()
    take_in_all()
    program = Program.that_may(Scope.VERDICTS, Scope.TRANSCRIPTS)
    told = json.dumps([program.rows("verdicts"), program.get(f"verdicts/{pk}").body])
    assert ORDER not in told
    assert DATA not in told
    assert not TranscriptOpened.objects.exists()
    whole = program.get(f"verdicts/{pk}/transcript").body
    assert ORDER in whole["body"]
    assert any(ORDER in quote["text"] for found in whole["findings"] for quote in found["quotes"])
    assert "tells the agent to send the berth list" in whole["reason"]
    assert "tells the agent" not in told
    assert whole["kept_bytes"] == whole["received_bytes"] == len(whole["body"].encode())


def test_reading_a_transcript_is_written_down_under_the_name_of_the_token(asking: Asking) -> None:
    pk = record_story()
    program = Program.that_may(Scope.TRANSCRIPTS, name="soc-poller")
    program.get(f"verdicts/{pk}/transcript")
    program.get(f"verdicts/{pk}/transcript")
    noted = TranscriptOpened.objects.get()
    assert (noted.verdict_id, noted.actor_name, noted.how) == (pk, "token soc-poller", "api")
    refused = Program.that_may(Scope.VERDICTS, name="other").get(f"verdicts/{pk}/transcript")
    assert refused.status == 403
    assert TranscriptOpened.objects.count() == 1


def test_a_body_that_is_no_text_comes_as_base64(asking: Asking) -> None:
    asking.analyze(b'{"plannerContext": "\xff"}')
    take_in_all()
    program = Program.that_may(Scope.VERDICTS, Scope.TRANSCRIPTS)
    (row,) = program.rows("verdicts")
    assert program.get(f"verdicts/{row['id']}/transcript").body["encoding"] == "base64"


def test_an_investigation_comes_again_when_it_changed_and_not_otherwise(asking: Asking) -> None:
    program = Program.that_may(Scope.INVESTIGATIONS)
    one, two = case("One"), case("Two")
    pages = list(program.pages("investigations", limit=1))
    assert [row["id"] for page in pages for row in page["results"]] == [one.pk, two.pk]
    asked = {"cursor": pages[-1]["next"]}
    assert program.rows("investigations", **asked) == []
    one.save()
    assert program.rows("investigations", **asked) == []
    services.claim(one, actor=person("ines"))
    (row,) = program.rows("investigations", **asked)
    assert (row["id"], row["assignee"], row["status"]) == (one.pk, "ines", "active")
    assert [row["id"] for row in program.rows("investigations")] == [two.pk, one.pk]
    assert [row["id"] for row in program.rows("investigations", updated_since=row["updated_at"])] == [one.pk]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_after_a_later_one_is_read_all_the_same() -> None:
    program = Program.that_may(Scope.INVESTIGATIONS)
    one, two = case("One"), case("Two")
    read = program.get("investigations").body["next"]
    with transaction.atomic():
        Investigation.objects.filter(pk=one.pk).update(calls=2)
        other = threading.Thread(target=_change_elsewhere, args=(two.pk,))
        other.start()
        other.join(timeout=20)
        seen = _cases_elsewhere(program, read)
    assert [row["id"] for row in seen["results"]] == [two.pk]
    assert [row["id"] for row in program.rows("investigations", cursor=seen["next"])] == [one.pk]


@pytest.mark.django_db(transaction=True)
def test_who_reads_does_not_wait_for_whoever_numbers_and_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that answer programs answer callers, too."""
    monkeypatch.setattr("investigations.changes.WAIT_MS", 50)
    program = Program.that_may(Scope.INVESTIGATIONS)
    case("One")
    with transaction.atomic():
        feed.take_numbers(CASES, 1)
        assert _cases_elsewhere(program, "i0")["status"] == 503
    assert len(program.rows("investigations")) == 1


def _change_elsewhere(pk: int) -> None:
    Investigation.objects.filter(pk=pk).update(calls=3)
    connection.close()


def _cases_elsewhere(program: Program, cursor: str) -> dict[str, Any]:
    read: list[dict[str, Any]] = []

    def ask() -> None:
        read.append(program.get("investigations", cursor=cursor).body)
        connection.close()

    reader = threading.Thread(target=ask)
    reader.start()
    reader.join(timeout=20)
    return read[0]


CASE_FILTERS = (
    ({"status": "new"}, True),
    ({"status": "closed"}, False),
    ({"severity_from": "high"}, True),
    ({"severity_from": "critical"}, False),
    ({"rule": "instruction_marked"}, True),
    ({"agent_id": "har-berths"}, True),
    ({"disposition": "true_positive"}, False),
    ({"updated_since": "2026-01-01T00:00:00Z"}, True),
    ({"updated_since": "2226-01-01T00:00:00Z"}, False),
)


def test_it_reads_only_the_investigations_that_were_asked_for(asking: Asking) -> None:
    program = Program.that_may(Scope.INVESTIGATIONS)
    made = case("One", agent_id="har-berths")
    for asked, fits in CASE_FILTERS:
        assert bool(program.rows("investigations", **asked)) is fits, asked
    assert program.get(f"investigations/{made.pk}").body["title"] == "One"


def test_what_is_restricted_is_not_there_in_any_answer(asking: Asking) -> None:
    pk = record_story()
    take_in_all()
    found = Investigation.objects.get()
    program = Program.that_may(*EVERYTHING)
    before = program.get("investigations").body
    passed = program.get("verdicts").body
    assert program.get(f"verdicts/{pk}").body["investigation"] == found.pk
    lena = person("lena", Role.LEAD)
    services.claim(found, actor=lena)
    confiding.confide(found, [], reason="secret matter", actor=lena)
    assert program.get(f"investigations/{found.pk}").status == 404
    assert program.rows("investigations") == []
    assert program.rows("investigations", cursor=before["next"]) == []
    assert program.rows("verdicts") == []
    assert [program.get(f"verdicts/{pk}{part}").status for part in ("", "/transcript")] == [404, 404]
    assert "secret matter" not in json.dumps(program.rows("audit"))
    assert f'"investigation": {found.pk}' not in json.dumps(program.rows("audit"))
    confiding.open_up(found, reason="It is over.", actor=lena)
    assert [row["investigation"] for row in program.rows("verdicts")] == [found.pk]
    assert [row["id"] for row in program.rows("verdicts", cursor=passed["next"])] == [str(pk)]
    assert [row["id"] for row in program.rows("investigations", cursor=before["next"])] == [found.pk]
    assert f'"investigation": {found.pk}' in json.dumps(program.rows("audit"))


def test_the_audit_trail_is_read_in_its_order_with_its_chain(asking: Asking) -> None:
    program = Program.that_may(Scope.AUDIT)
    rows = program.rows("audit", limit=2)
    assert [row["id"] for row in rows] == list(AuditEntry.objects.order_by("pk").values_list("pk", flat=True))
    assert all(one["digest"] == other["previous_digest"] for one, other in itertools.pairwise(rows))
    assert [row["action"] for row in program.rows("audit", action="api_token.made")] == ["api_token.made"]
    assert program.rows("audit", until="2020-01-01T00:00:00Z") == []


def test_a_page_takes_a_fixed_number_of_queries(
    asking: Asking, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    program = Program.that_may(*EVERYTHING)
    for count in (2, 6):
        recorded(count)
        case("One", severity=count % 4 + 1)
        program.get("investigations")
        for path, queries in (("verdicts", 6), ("investigations", 6), ("audit", 2), ("verdicts?action=block", 7)):
            with django_assert_num_queries(queries):
                assert program.get(path).body["results"]


def test_every_answer_is_what_the_description_says(asking: Asking, client: Client, settings: Settings) -> None:
    """A walk of its own: every route, with every parameter, right and wrong."""
    settings.API_PER_MINUTE = 1_000
    schema = client.get("/api/schema?format=json").json()
    paths = {path: told["get"] for path, told in schema["paths"].items() if path.startswith("/api/v1/")}
    pk = record_story()
    record_story(step="s-2", conversation="conv-2")
    take_in_all()
    program = Program.that_may(*EVERYTHING)
    poor = Program.that_may(Scope.AUDIT, name="poor")
    chance = random.Random(7)
    seen: set[tuple[str, int]] = set()
    for path, told in paths.items():
        for number in range(18):
            address = path.replace("/verdicts/{id}", f"/verdicts/{uuid.uuid4() if number in (7, 8) else pk}")
            address = address.replace("{id}", str(Investigation.objects.values_list("pk", flat=True)[0]))
            asked = {one["name"]: _value(one, chance) for one in told["parameters"] if one["in"] == "query"}
            some = dict(chance.sample(sorted(asked.items()), k=min(len(asked), number % 3)))
            who = poor if number == 5 else program.with_token("none") if number == 6 else program
            answer = who.get(address.removeprefix("/api/v1/"), **some)
            seen.add((path, answer.status))
            _check(answer, told, schema)
    assert {status for _, status in seen} >= {200, 400, 401, 403, 404}
    assert {path for path, status in seen if status == 200} == set(paths)
    # none that nobody described, but for the one that says so of all others
    assert len(paths) == len(urls.urlpatterns) - 1


def _value(parameter: dict[str, Any], chance: random.Random) -> str:
    shape = parameter["schema"]
    if chance.random() < 0.3:
        return chance.choice(("", "\x00", "'; --", "9" * 30, "\u202e", "null"))
    if "enum" in shape:
        return str(chance.choice(shape["enum"]))
    if shape["type"] == "integer":
        return str(chance.randint(shape["minimum"], shape["maximum"]))
    if shape.get("format") == "date-time":
        return chance.choice(("2026-11-01T00:00:00Z", "2020-01-01T00:00:00+05:30"))
    return chance.choice(("v0", "i0", "a0", "har-berths", "block"))


def _check(answer: Any, told: dict[str, Any], schema: dict[str, Any]) -> None:
    described = told["responses"][str(answer.status)]["content"][answer.headers["Content-Type"].partition(";")[0]]
    shape = {**described["schema"], "components": schema["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    if not isinstance(answer.body, str):
        Draft202012Validator(shape, format_checker=checker).validate(answer.body)
    _check_members(answer.body, described["schema"], schema)


def _check_members(value: Any, shape: dict[str, Any], schema: dict[str, Any]) -> None:
    """Nothing is answered that is not described."""
    for one in (shape, *shape.get("oneOf", ()), *shape.get("allOf", ())):
        if "$ref" in one:
            one = schema["components"]["schemas"][one["$ref"].rpartition("/")[2]]
        if isinstance(value, list) and "items" in one:
            for item in value:
                _check_members(item, one["items"], schema)
        if isinstance(value, dict) and "properties" in one:
            assert set(value) <= set(one["properties"])
            for name, item in value.items():
                _check_members(item, one["properties"][name], schema)
