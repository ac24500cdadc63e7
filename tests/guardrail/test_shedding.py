"""A call that cannot be judged in time is answered at once, kept as what it is, and judged in full afterwards."""

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client

from guardrail import database, housekeeper, meters, shedding
from guardrail.admission import Claim, Turns
from guardrail.models import LateFinding, PendingValidation, Verdict
from guardrail.store import ingest_journal, journal
from guardrail.tasks import validate_due
from investigations.models import Investigation, InvestigationCall
from investigations.tasks import take_in
from policies.access import Role, give_role
from policies.models import Agent
from policies.restrictions import Effect, Restricted
from policies.services.publish import changed
from tests.callers import Answer, Asking
from tests.faults.test_faults import full_disk
from tests.guardrail.instances import wait_for
from tests.investigations import test_late_findings as late_findings
from tests.investigations.test_late_findings import BAIT, PLAIN, planned, stopped
from tests.restricting import in_force

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)
AGENT = planned()["conversationMetadata"]["agent"]["id"]


@contextmanager
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Everybody who can be judged at once is, and nobody may wait."""
    turns = Turns(at_once=1, turn_seconds=0.0)
    monkeypatch.setattr(shedding, "turns", turns)
    now = monotonic()
    theirs = Claim(caller=0, agent="", weight=1, critical=True, body_bytes=1, arrived=now, until=now + 60)
    with turns.take(theirs):
        yield


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[None]:
    return crowd(monkeypatch)


def decided(**columns: Any) -> None:
    Agent.objects.update_or_create(agent_id=AGENT, defaults={"registered": True, **columns})
    changed()
    housekeeper.refresh()


def honest(**changes: Any) -> dict[str, Any]:
    return planned(PLAIN, to="lena@adatum.example", **changes)


def verdict_of(answer: Answer) -> Verdict:
    """Of one that was shed, too: those wait in the journal until there is time."""
    ingest_journal()
    return late_findings.verdict_of(answer)


def judge_and_take_in() -> None:
    ingest_journal()
    validate_due()
    take_in()


def test_it_is_stopped_kept_and_judged_afterwards_and_the_next_is_judged_again(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    with crowded:
        answer = asking.analyze(honest())
    assert stopped(answer)
    verdict = verdict_of(answer)
    assert (verdict.degraded, verdict.failed, verdict.deferred) == (["shed"], True, True)
    assert "more calls came at once than can be judged in time" in verdict.reason
    following = verdict_of(asking.analyze(honest(step="s-2")))
    assert (following.action, following.deciding_signal) == ("notice", "intent_distance")
    take_in()
    # what became of it is known once it was judged
    assert not InvestigationCall.objects.exists()
    judge_and_take_in()
    place = InvestigationCall.objects.get()
    assert place.verdict_id == verdict.pk
    assert place.investigation.title == "Calls stopped unjudged: too many at once"
    assert not LateFinding.objects.exists()
    assert not PendingValidation.objects.exists()


def test_an_attack_that_was_let_through_is_found_and_the_next_call_is_judged_by_that(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    decided(fail_posture="allow")
    with crowded:
        answer = asking.analyze(planned(BAIT))
    assert not stopped(answer)
    judge_and_take_in()
    finding = LateFinding.objects.get()
    assert (finding.would_have, finding.deciding_signal) == ("block", "instruction_marked")
    assert InvestigationCall.objects.get().verdict_id == verdict_of(answer).pk
    assert Investigation.objects.get().outcome == "found_late"
    assert stopped(asking.analyze(honest(step="s-2")))


def test_an_honest_call_that_was_let_through_leaves_nothing_to_do(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    decided(fail_posture="allow")
    with crowded:
        assert not stopped(asking.analyze(honest()))
    judge_and_take_in()
    assert not Investigation.objects.exists()
    assert not PendingValidation.objects.exists()
    assert not stopped(asking.analyze(honest(step="s-2")))


def test_an_attack_that_was_stopped_for_want_of_time_is_in_one_place_by_what_it_was(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    with crowded:
        assert stopped(asking.analyze(planned(BAIT)))
    judge_and_take_in()
    assert InvestigationCall.objects.get().investigation.kind == "instruction_marked"
    assert Investigation.objects.get().outcome == "blocked"
    # it did no harm: the conversation goes on as after any other stop
    following = verdict_of(asking.analyze(honest(step="s-2")))
    assert following.deciding_signal == "double_request_held"


def test_a_critical_agent_is_never_let_through_by_a_crowd(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    decided(fail_posture="allow", criticality="critical")
    with crowded:
        assert stopped(asking.analyze(honest()))


def test_what_is_quarantined_is_stopped_in_a_crowd_too(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    decided(fail_posture="allow")
    in_force(Restricted.AGENT, Effect.QUARANTINE, AGENT)
    with crowded:
        answer = asking.analyze(honest())
    assert stopped(answer)
    verdict = verdict_of(answer)
    assert (verdict.deciding_signal, verdict.failed, verdict.deferred) == ("agent_quarantined", False, False)


def test_it_is_kept_on_disk_before_it_is_answered_and_asks_nothing_of_postgres(
    asking: Asking, crowded: AbstractContextManager[None]
) -> None:
    with crowded:
        answer = asking.analyze(honest())
    assert stopped(answer)
    assert not Verdict.objects.exists()
    assert ingest_journal() == 1
    assert verdict_of(answer).deferred
    assert ingest_journal() == 0


def test_it_waits_in_the_journal_until_the_crowd_is_gone(
    asking: Asking, crowded: AbstractContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    housekeeper.empty_journal()
    with crowded:
        asking.analyze(honest())
        asking.analyze(honest(step="s-2"))
    assert housekeeper.empty_journal() == 0
    monkeypatch.setattr(journal(), "written_at", monotonic() - 2)
    assert housekeeper.empty_journal() == 2


def test_in_a_crowd_that_lasts_it_is_put_into_postgres_with_a_tenth_of_the_time(
    asking: Asking, crowded: AbstractContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    housekeeper.empty_journal()
    rested: list[float] = []
    monkeypatch.setattr("guardrail.housekeeper.time.sleep", rested.append)
    with crowded:
        asking.analyze(honest())
        asking.analyze(honest(step="s-2"))
    monkeypatch.setattr(housekeeper, "_emptied_at", monotonic() - 31)
    began = monotonic()
    assert housekeeper.empty_journal() == 2
    took = monotonic() - began
    assert len(rested) >= 2
    assert sum(rested) > took


def test_where_the_disk_takes_nothing_postgres_keeps_it(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    with crowded, full_disk():
        answer = asking.analyze(honest())
    assert stopped(answer)
    assert Verdict.objects.get().deferred
    assert ingest_journal() == 0


def test_what_it_was_is_read_when_there_is_time(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    judged = verdict_of(asking.analyze(honest(step="s-0")))
    with crowded:
        answer = asking.analyze(honest())
    shed = verdict_of(answer)
    same = ("tenant_id", "agent_id", "agent_name", "user_id", "tool_id", "tool_name", "tool_kind", "destination")
    assert [getattr(shed, name) for name in same] == [getattr(judged, name) for name in same]
    assert shed.tool_name
    assert shed.destination
    assert shed.step_key != judged.step_key
    assert bytes(shed.traces)


def test_one_that_nobody_can_read_is_stopped_and_shown(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    with crowded:
        answer = asking.analyze({**honest(), "unknown": [0] * 400_001})
    assert stopped(answer)
    judge_and_take_in()
    assert InvestigationCall.objects.get().verdict_id == verdict_of(answer).pk
    assert not PendingValidation.objects.exists()


def test_a_call_that_waits_for_postgres_holds_nobody_up(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shedding, "turns", Turns(at_once=1, turn_seconds=0.05))
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda step=step: answers.append(asking.analyze(honest(step=step))))
        for step in ("s-1", "s-2")
    ]
    with psycopg.connect(database.dsn()) as other, psycopg.connect(database.dsn(), autocommit=True) as watching:
        other.execute("LOCK TABLE guardrail_verdict IN ACCESS EXCLUSIVE MODE")
        for number, thread in enumerate(threads, 1):
            thread.start()
            wait_for(lambda: _wait_for_locks(watching) == number, what="its statement to wait")  # noqa: B023
        other.rollback()
    for thread in threads:
        thread.join()
    assert [verdict_of(answer).degraded for answer in answers] == [[], []]


def _wait_for_locks(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ).fetchone()
    return int(str(row[0])) if row else 0


def test_of_many_at_once_each_is_kept(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    with crowded:
        threads = [threading.Thread(target=asking.analyze, args=(honest(step=f"s-{number}"),)) for number in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert ingest_journal() == 24
    assert Verdict.objects.count() == PendingValidation.objects.count() == 24


def test_without_postgres_and_redis_it_is_kept_in_the_journal_and_judged_when_they_are_back(
    asking: Asking, crowded: AbstractContextManager[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with crowded, monkeypatch.context() as away:
        away.setattr("guardrail.memory.connection._away_until", float("inf"))
        away.setattr(database, "_away_until", float("inf"))
        answer = asking.analyze(planned(BAIT))
    assert stopped(answer)
    assert not Verdict.objects.exists()
    assert ingest_journal() == 1
    judge_and_take_in()
    assert InvestigationCall.objects.get().investigation.kind == "instruction_marked"


def test_pages_say_that_it_was_not_judged_in_time(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    with crowded:
        answer = asking.analyze(planned(BAIT))
    ines, page = User.objects.create_user("ines"), Client()
    give_role(ines, Role.ANALYST, actor=None)
    page.force_login(ines)

    def words(address: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", page.get(address).content.decode()).split())

    address = f"/verdicts/{verdict_of(answer).pk}/"
    assert "Blocked, not judged in time" in words("/verdicts/")
    assert "still to be judged in full" in words(address)
    judge_and_take_in()
    assert "stopped for that; judged afterwards, it should have been stopped" in words(address)


def test_it_is_counted(asking: Asking, crowded: AbstractContextManager[None]) -> None:
    def counted() -> float:
        meters.flush()
        found = [
            one for metric in meters.Counts().collect() for one in metric.samples if one.name == "guardrail_shed_total"
        ]
        return sum(one.value for one in found)

    before = counted()
    with crowded:
        asking.analyze(honest())
    assert counted() == before + 1
