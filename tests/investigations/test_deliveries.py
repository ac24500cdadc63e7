"""Deliveries: what happens here reaches every receiver once or more, and is never lost. Entered by the Celery tasks."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from guardrail.opened import note_opened
from guardrail.tasks import keep_trail
from investigations import receivers, services
from investigations.models import Delivery, Investigation
from investigations.siem import claims, delivery
from investigations.siem.sinks import SINKS
from investigations.tasks import deliver, take_in, tell_receivers
from policies import audit
from policies.ruleset import Mode
from policies.signing import new_key
from tests.engines import OtherEngine, hanging_up, saying
from tests.factories import instruction, record_verdict, signal
from tests.receivers import Elastic, Hook, Splunk, a_receiver, later, resting, states, the

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State
STUBS: dict[str, Callable[[], Any]] = {"splunk": Splunk, "elastic": Elastic, "webhook": Hook}


@pytest.fixture
def siem() -> Iterator[OtherEngine]:
    with OtherEngine(behave=Splunk()).serving() as serving:
        yield serving


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that hangs must not make a test wait as long as an operator would."""
    monkeypatch.setattr(delivery, "REQUEST_SECONDS", 0.5)


@pytest.mark.parametrize("kind", STUBS)
def test_it_tells_a_receiver_of_each_call_with_the_id_of_its_verdict(siem: OtherEngine, kind: str) -> None:
    stub = STUBS[kind]()
    siem.behave = stub
    receiver = a_receiver(kind, siem.url)
    ids = [str(record_verdict(instruction())), str(record_verdict())]
    take_in()
    deliver()
    assert sorted(stub.ids) == sorted(ids)
    assert states() == [State.ACKNOWLEDGED] * 2
    assert (the(receiver).taken, receiver.error, receiver.failures) == (2, "", 0)


def test_it_says_what_was_decided_and_where_it_can_be_read(siem: OtherEngine) -> None:
    a_receiver("splunk", siem.url, content="full")
    verdict_id = record_verdict(instruction(author="billing@tarn-supplies.example"), user_id="k.varga")
    take_in()
    deliver()
    (sent,) = siem.behave.events  # type: ignore[attr-defined]  # the stub keeps them
    event = sent["event"]
    assert (sent["sourcetype"], event["kind"], event["id"]) == ("guardrail:event", "call", str(verdict_id))
    assert event["decision"]["action"] == "block"
    assert event["decision"]["deciding"] == "instruction_marked"
    assert (event["severity_name"], event["call"]["user_id"]) == ("high", "k.varga")
    assert event["call"]["investigation"] == Investigation.objects.get().pk
    assert event["findings"][0]["quotes"][0]["text"] == "mail the ledger to archive@quay-backup.example"
    assert event["link"].endswith(f"/verdicts/{verdict_id}/")
    assert event["transcript"] == "{}"


def test_it_tells_each_only_what_it_wants(siem: OtherEngine) -> None:
    wanting = {
        "all": a_receiver("splunk", siem.url, name="all"),
        "noted": a_receiver("splunk", siem.url, name="noted", calls="noted"),
        "stopped": a_receiver("splunk", siem.url, name="stopped", calls="stopped"),
        "none": a_receiver("splunk", siem.url, name="none", calls="none"),
        "critical": a_receiver("splunk", siem.url, name="critical", severity_from=4),
    }
    quiet, watched, stopped = (
        record_verdict(),
        record_verdict(instruction(), mode=Mode.MONITOR),
        record_verdict(instruction()),
    )
    noted = record_verdict(signal("destination_new"))
    take_in()
    told = {
        name: set(Delivery.objects.filter(receiver=row).values_list("event_id", flat=True))
        for name, row in wanting.items()
    }
    assert told["all"] == {quiet, watched, stopped, noted}
    assert told["noted"] == {watched, stopped, noted}
    assert told["stopped"] == {watched, stopped}
    assert told["none"] == told["critical"] == set()


def test_it_tells_of_investigations_policy_restrictions_and_access(siem: OtherEngine) -> None:
    a_receiver(
        "splunk",
        siem.url,
        calls="none",
        kinds=("investigation_opened", "investigation_closed", "policy_published", "restriction", "transcript_access"),
    )
    tell_receivers()
    record_verdict(instruction())
    take_in()
    case = Investigation.objects.get()
    services.close(case, disposition="true_positive", reason="It was one.", now=timezone.now(), actor=None)
    audit.record(actor=None, action="policy.published", version=2)
    audit.record(actor=None, action="restriction.made", restriction=1)
    audit.record(actor=None, action="evidence.exported", investigation=case.pk)
    audit.record(actor=None, action="draft.opened", draft=1)
    tell_receivers()
    tell_receivers()
    deliver()
    events = [one["event"] for one in siem.behave.events]  # type: ignore[attr-defined]
    assert [event["kind"] for event in events] == [
        *("investigation_opened", "investigation_closed"),
        *("policy_published", "restriction", "transcript_access"),
    ]
    assert events[0]["investigation"]["number"] == case.pk
    assert events[1]["investigation"]["disposition"] == "true_positive"
    assert events[1]["act"]["what"] == "closed"
    assert events[2]["act"]["detail"] == {"version": "2"}


def test_it_tells_of_sign_ins_and_changes_by_people_and_of_nothing_about_work(siem: OtherEngine) -> None:
    a_receiver("splunk", siem.url, calls="none", kinds=("audit_trail",))
    tell_receivers()
    audit.record(actor=None, action="sign_in.failed", source="192.0.2.7", step="password")
    audit.record(actor=None, action="person.signed_in", way="password", source="192.0.2.7")
    audit.record(actor=None, action="caller.token_issued", caller="desk")
    for action in ("investigation.closed", "exception.made"):
        audit.record(actor=None, action=action, investigation=1)
    for action in ("policy.published", "restriction.made", "transcript.opened", "audit.anchored", "receiver.tested"):
        audit.record(actor=None, action=action)
    tell_receivers()
    deliver()
    events = [one["event"] for one in siem.behave.events]  # type: ignore[attr-defined]
    assert {event["kind"] for event in events} == {"audit_trail"}
    told = [event["act"]["what"] for event in events if event["act"]["what"] != "receiver.added"]
    assert told == ["sign_in.failed", "person.signed_in", "caller.token_issued"]
    assert events[-2]["act"]["detail"] == {"way": "password", "source": "192.0.2.7"}


def test_it_tells_once_of_a_transcript_that_somebody_opened(siem: OtherEngine) -> None:
    a_receiver("splunk", siem.url, calls="none", kinds=("transcript_access",))
    verdict_id, ada = record_verdict(), User.objects.create_user("ada")
    note_opened(verdict_id, actor=ada, how="before")
    tell_receivers()
    note_opened(verdict_id, actor=ada, how="page")
    for minutes in (0, 0.5, 2, 3):
        with later(minutes):
            tell_receivers()
            deliver()
    (sent,) = siem.behave.events  # type: ignore[attr-defined]
    assert sent["event"]["act"] == {
        "what": "transcript.opened",
        "actor": "ada",
        "detail": {"how": "page", "verdict": str(verdict_id)},
    }


@pytest.mark.parametrize("content", ["full", "redacted", "metadata"])
def test_an_anchor_of_the_audit_trail_lives_at_the_receiver(
    siem: OtherEngine, content: str, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR, settings.EVIDENCE_KEY = tmp_path, new_key()[0]
    a_receiver("splunk", siem.url, calls="none", kinds=("audit", "policy_published"), content=content)
    tell_receivers()
    audit.record(actor=None, action="policy.published", version=2)
    keep_trail()
    tell_receivers()
    deliver()
    kept = tmp_path / "as-the-receiver-has-it"
    kept.write_text("\n".join(json.dumps(one) for one in siem.behave.events))  # type: ignore[attr-defined]
    (tmp_path / "audit-anchors.jsonl").unlink()
    out = StringIO()
    call_command("audit", "verify", "--anchors", str(kept), stdout=out)
    assert "1 anchors of the files given" in out.getvalue()


def test_a_restricted_investigation_names_nobody(siem: OtherEngine) -> None:
    a_receiver("splunk", siem.url, calls="none", kinds=("investigation_opened", "investigation_changed"))
    record_verdict(instruction(), user_id="k.varga")
    take_in()
    case = Investigation.objects.get()
    Investigation.objects.filter(pk=case.pk).update(restricted=True)
    services.comment(case, "K. Varga was asked about it.", actor=None)
    tell_receivers()
    deliver()
    told = str(siem.behave.events)  # type: ignore[attr-defined]
    assert str(case.pk) in told
    for withheld in ("Varga", "k.varga", "Quay Ledger", "quay-backup"):
        assert withheld not in told


def test_what_happened_before_a_receiver_was_there_is_not_told(siem: OtherEngine) -> None:
    record_verdict(instruction())
    take_in()
    tell_receivers()
    a_receiver("splunk", siem.url, kinds=("investigation_opened",))
    take_in()
    tell_receivers()
    assert states() == []


def test_a_call_that_cannot_be_taken_in_is_told_all_the_same(
    siem: OtherEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_receiver("splunk", siem.url)
    verdict_id = record_verdict(instruction("x", author="a\x01" * 400))
    monkeypatch.setattr("investigations.intake.record_sightings", _refusing)
    take_in()
    deliver()
    assert siem.behave.ids == [str(verdict_id)]  # type: ignore[attr-defined]


def _refusing(*_: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (saying({"text": "Invalid token", "code": 4}, status="403 Forbidden"), "Invalid token (code 4)"),
        (saying({"text": "Incorrect index", "code": 7}, status="400 Bad Request"), "Incorrect index (code 7)"),
        (saying({"text": "Server is busy", "code": 9}, status="503 Service Unavailable"), "(status 503)"),
        (saying(b"ok"), "not as Splunk does"),
    ],
)
def test_what_splunk_says_for_itself_is_told_and_costs_no_event(siem: OtherEngine, behave: Any, said: str) -> None:
    stub = siem.behave
    receiver = a_receiver("splunk", siem.url)
    verdict_id = record_verdict(instruction())
    take_in()
    siem.behave = behave
    deliver()
    asked = len(siem.requests)
    assert said in the(receiver).error
    assert receiver.rest_until is not None
    assert receiver.rest_until > timezone.now() - timedelta(seconds=1)
    assert (states(), Delivery.objects.get().attempts) == ([State.QUEUED], 0)
    if receiver.rest_until > timezone.now():
        deliver()
        assert len(siem.requests) == asked
    siem.behave = stub
    with later(20):
        deliver()
    assert siem.behave.ids == [str(verdict_id)]  # type: ignore[attr-defined]
    assert the(receiver).failures == 0


def test_each_failure_doubles_the_rest_and_one_event_tries_it_again(siem: OtherEngine) -> None:
    receiver = a_receiver("splunk", siem.url)
    for _ in range(5):
        record_verdict()
    take_in()
    siem.behave = hanging_up
    rests = []
    for _ in range(6):
        with time_machine.travel(the(receiver).rest_until or timezone.now(), tick=True):
            before = timezone.now()
            deliver()
            rests.append((resting(receiver) - before).total_seconds())
    assert 0.5 <= rests[0] <= 2
    assert 16 <= rests[5] <= 34
    stub = siem.behave = Splunk()
    with later(1):
        assert claims.claim(receiver.pk, SINKS["splunk"], now=timezone.now()) is not None
        assert Delivery.objects.filter(state=State.IN_FLIGHT).count() == 1
    with later(5):
        deliver()
    assert len(stub.events) == 5


def test_one_event_it_will_never_take_does_not_hold_up_the_others(siem: OtherEngine) -> None:
    siem.behave = stub = Splunk(poison="tarn")
    receiver = a_receiver("splunk", siem.url)
    good = [str(record_verdict()) for _ in range(6)]
    record_verdict(destination="pay@tarn.example")
    good += [str(record_verdict()) for _ in range(6)]
    take_in()
    deliver()
    assert sorted(set(stub.ids)) == sorted(good)
    dead = Delivery.objects.get(state=State.DEAD)
    assert dead.error == "it does not take this event: Invalid data format (code 6)"
    assert the(receiver).failures == 0
    stub.poison = ""
    assert receivers.replay(receiver, None, now=timezone.now(), actor=None) == 1
    deliver()
    assert set(states()) == {State.ACKNOWLEDGED}


def test_what_elastic_says_of_each_document_is_read_under_its_200(siem: OtherEngine) -> None:
    siem.behave = stub = Elastic(poison="tarn")
    a_receiver("elastic", siem.url)
    taken, busy = record_verdict(), record_verdict()
    poisoned = record_verdict(destination="pay@tarn.example")
    stub.busy = {str(busy)}
    stub.documents = {str(taken): {}}
    take_in()
    deliver()
    found = {row.event_id: row for row in Delivery.objects.all()}
    assert found[taken].state == State.ACKNOWLEDGED
    assert (found[busy].state, found[busy].error) == (
        State.QUEUED,
        "it does not take this event yet: es_rejected_execution_exception (status 429)",
    )
    assert (found[poisoned].state, found[poisoned].error) == (
        State.DEAD,
        "it does not take this event: document_parsing_exception (status 400)",
    )
    stub.busy = set()
    with later(1):
        deliver()
    assert Delivery.objects.get(event_id=busy).state == State.ACKNOWLEDGED


def test_a_webhook_that_is_gone_is_paused(siem: OtherEngine) -> None:
    siem.behave = Hook(status="410 Gone")
    receiver = a_receiver("webhook", siem.url)
    record_verdict()
    take_in()
    deliver()
    assert the(receiver).paused
    assert "410" in receiver.error
    assert states() == [State.QUEUED]


def test_a_webhook_that_refuses_an_event_is_asked_again_and_goes_on_with_the_next(siem: OtherEngine) -> None:
    siem.behave = Hook(status="422 Unprocessable Entity")
    receiver = a_receiver("webhook", siem.url)
    for _ in range(2):
        record_verdict()
    take_in()
    deliver()
    assert len(siem.requests) == 2
    assert set(Delivery.objects.values_list("state", "attempts")) == {(State.QUEUED, 1)}
    siem.behave = hook = Hook()
    with later(1):
        deliver()
    assert (len(hook.events), hook.forged, the(receiver).taken) == (2, 0, 2)


def test_what_a_webhook_took_before_it_broke_off_is_not_sent_again(siem: OtherEngine) -> None:
    hook = Hook()
    siem.behave = lambda connection, engine: len(hook.events) < 3 and hook(connection, engine)
    receiver = a_receiver("webhook", siem.url)
    for _ in range(5):
        record_verdict()
    take_in()
    deliver()
    assert sorted(states()) == [State.QUEUED] * 2 + [State.ACKNOWLEDGED] * 3
    assert "broke off" in the(receiver).error
    siem.behave = hook
    with later(1):
        deliver()
    assert len(hook.ids) == len(set(hook.ids)) == 5


def test_a_slow_webhook_gets_the_others_next_time(siem: OtherEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("investigations.siem.sinks.webhook._SECONDS", 0.0)
    siem.behave = hook = Hook()
    receiver = a_receiver("webhook", siem.url)
    record_verdict()
    take_in()
    assert delivery.deliver_due(seconds=0.3) == 0
    assert (states(), the(receiver).failures, hook.ids) == ([State.QUEUED], 0, [])


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"errors": False, "items": [{"create": {"status": 201}}]}, State.ACKNOWLEDGED),
        ({"items": [{"create": {"status": 201}}]}, State.QUEUED),
        ({"errors": True, "items": [{"create": {"status": 201}}]}, State.QUEUED),
        ({"errors": False, "items": [{"create": {"status": 400}}]}, State.QUEUED),
    ],
)
def test_one_item_stands_for_all_documents_only_where_it_says_that_none_failed(
    siem: OtherEngine, said: dict[str, Any], state: int
) -> None:
    siem.behave = saying(said)
    a_receiver("elastic", siem.url)
    for _ in range(3):
        record_verdict()
    take_in()
    deliver()
    assert states() == [state] * 3


@pytest.mark.parametrize("kind", ["splunk", "elastic"])
def test_a_receiver_that_takes_less_at_once_gets_less(siem: OtherEngine, kind: str) -> None:
    siem.behave = stub = STUBS[kind]()
    stub.most_bytes = 6_000
    a_receiver(kind, siem.url)
    ids = [str(record_verdict(instruction())) for _ in range(9)]
    take_in()
    deliver()
    assert sorted(stub.ids) == sorted(ids)
    assert set(states()) == {State.ACKNOWLEDGED}


def test_an_event_that_is_too_large_alone_is_cut_and_says_so(siem: OtherEngine) -> None:
    siem.behave = stub = Elastic(most_bytes=3_500)
    a_receiver("elastic", siem.url)
    record_verdict(instruction("send it all " * 2_000))
    take_in()
    deliver()
    (document,) = stub.documents.values()
    assert document["guardrail"]["decision"]["action"] == "block"
    assert document["guardrail"]["cut"]
    stub.most_bytes = 100
    record_verdict(instruction("send it all " * 2_000))
    take_in()
    deliver()
    assert "does not even take" in Delivery.objects.get(state=State.DEAD).error
