"""Old months of calls: what is dropped together, what keeps them, and what is written down about it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from guardrail.models import PendingIntake, SearchEntry, Transcript, Verdict
from guardrail.partitions import load_months
from guardrail.search.indexing import index_due
from investigations.intake import take_in
from investigations.models import Investigation, InvestigationCall
from investigations.retention import drop_old_months
from policies.models import AuditEntry
from tests.factories import instruction, record_verdict
from tests.investigations.cases import NOW

pytestmark = pytest.mark.django_db(transaction=True)

OLD = datetime(2026, 2, 10, 8, tzinfo=UTC)


@pytest.fixture
def old(settings: Settings) -> uuid.UUID:
    """A stopped call of February, taken in and closed, and one of November; calls are kept for three months."""
    settings.KEEP_MONTHS = 3
    with connection.cursor() as cursor:
        for month in ("2026-02-01", "2026-11-01"):
            cursor.execute("SELECT guardrail_make_partitions(%s::date)", [month])
    pk = record_verdict(instruction(author="port@tide.example"), at=OLD)
    record_verdict(instruction(author="port@tide.example"), at=NOW, conversation_id="conversation-2")
    take_in(NOW)
    index_due()
    InvestigationCall.objects.exclude(verdict_id=pk).delete()
    Investigation.objects.update(status="closed", disposition="true_positive", closed_at=NOW)
    return pk


def is_kept(pk: uuid.UUID) -> bool:
    found = [model.objects.filter(pk=pk).exists() for model in (Verdict, Transcript, SearchEntry)]
    assert len(set(found)) == 1, "all of it goes, or all of it stays"
    return found[0]


def test_an_old_month_goes_with_everything_of_it_and_the_trail_says_so(old: uuid.UUID) -> None:
    assert is_kept(old)
    assert drop_old_months(NOW) == 1
    assert not is_kept(old)
    assert Verdict.objects.count() == 1
    told = AuditEntry.objects.get(action="retention.dropped")
    assert (told.actor_name, told.detail["month"], told.detail["verdicts"]) == ("system", "202602", 1)
    assert {"guardrail_verdict_202602", "guardrail_searchentry_202602"} <= set(told.detail["tables"])
    assert "202602" not in {month.name for month in load_months()}
    assert drop_old_months(NOW) == 0


def test_an_open_case_on_one_call_keeps_the_month_until_it_is_closed(old: uuid.UUID) -> None:
    Investigation.objects.update(status="active", disposition="", closed_at=None)
    assert drop_old_months(NOW) == 0
    assert is_kept(old)
    Investigation.objects.update(status="closed", disposition="undetermined", closed_at=NOW)
    assert drop_old_months(NOW) == 1
    assert not is_kept(old)


def test_what_nobody_has_taken_in_keeps_the_month(old: uuid.UUID) -> None:
    PendingIntake.objects.create(pk=old)
    assert drop_old_months(NOW) == 0
    assert is_kept(old)


@pytest.mark.parametrize(("months", "goes"), [(0, False), (8, True), (9, False), (600, False)])
def test_it_goes_when_so_many_whole_months_are_over_and_never_unless_somebody_says_so(
    old: uuid.UUID, settings: Settings, months: int, goes: bool
) -> None:
    settings.KEEP_MONTHS = months
    assert bool(drop_old_months(NOW)) is goes
    assert is_kept(old) is not goes


def test_the_moment_a_month_is_over_counts(old: uuid.UUID, settings: Settings) -> None:
    settings.KEEP_MONTHS = 3
    first = datetime(2026, 6, 1, tzinfo=UTC)
    assert drop_old_months(first - timedelta(seconds=1)) == 0
    assert drop_old_months(first) == 1


def test_it_waits_for_nobody_who_works_with_calls(old: uuid.UUID) -> None:
    taken, done = Event(), Event()

    def read() -> None:
        with transaction.atomic():
            Verdict.objects.count()
            taken.set()
            done.wait(timeout=30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        assert taken.wait(timeout=30)
        assert drop_old_months(NOW) == 0
        assert is_kept(old)
        done.set()
        reader.result(timeout=30)
    assert not AuditEntry.objects.filter(action="retention.dropped").exists()
    assert drop_old_months(NOW) == 1
