"""Erasures that meet each other, and a call of the person that comes meanwhile: none is given up, nothing stays."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.utils import timezone

from guardrail.models import Verdict
from guardrail.search.indexing import index_due
from guardrail.trail_check import verify
from guardrail.transcripts import load_body
from investigations import erasing
from investigations.intake import take_in_all
from investigations.models import Investigation, InvestigationCall
from policies.models import AuditEntry
from tests.callers import Asking
from tests.investigations.test_erasure import USER, everywhere, indexed
from tests.investigations.test_intake_locks import Worker
from tests.told import record_story

# real transactions: each is a process of its own
pytestmark = pytest.mark.django_db(transaction=True)


def stopped(step: str) -> uuid.UUID:
    return record_story(step=step, user={"id": USER})


def erase() -> None:
    erasing.erase(erasing.subject_of(USER), reason="They asked for it", actor=None)


@contextmanager
def holding(pk: uuid.UUID) -> Iterator[None]:
    """Nobody else gets on with this call until the end."""
    with transaction.atomic():
        Verdict.objects.select_for_update().get(pk=pk)
        yield


def test_two_at_once_erase_it_once_and_the_trail_is_whole(asking: Asking) -> None:
    first, second = stopped("s-1"), stopped("s-2")
    indexed()
    with holding(first):
        one = Worker(erase)
        one.wait_until_it_waits()
        other = Worker(erase)
        other.wait_until_it_waits(others=1)
    one.join()
    other.join()
    assert (load_body(first), load_body(second)) == (None, None)
    assert USER not in everywhere()
    lines = [line.detail["transcripts"] for line in AuditEntry.objects.filter(action="calls.erased").order_by("pk")]
    assert sum(lines) == 2
    assert verify(anchors=[], trusted=(), now=timezone.now()).problems == ()


def test_a_call_that_comes_meanwhile_is_decided_taken_in_and_goes_too(asking: Asking) -> None:
    old = stopped("s-1")
    indexed()
    with holding(old):
        erasure = Worker(erase)
        erasure.wait_until_it_waits()
        new = stopped("s-2")
        intake = Worker(lambda: (take_in_all(), index_due()))
        intake.join()
    erasure.join()
    case = Investigation.objects.get()
    assert set(InvestigationCall.objects.filter(investigation=case).values_list("verdict_id", flat=True)) == {old, new}
    assert set(Verdict.objects.values_list("action", flat=True)) == {"block"}
    # it was in the search before the erasure looked again
    assert (load_body(old), load_body(new)) == (None, None)
    assert USER not in everywhere()
