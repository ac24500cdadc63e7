"""The document a ruleset is compiled from: all of it read by one statement, and of one moment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from policies.load import load_document
from policies.models import Destination, PolicyException, Restriction
from policies.services.publish import ensure_baseline

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_it_is_read_by_one_query_and_by_another_only_for_a_list_that_changed(django_assert_num_queries: Any) -> None:
    ensure_baseline()
    Destination.objects.create(value="contoso.com", standing="internal")
    with django_assert_num_queries(2):
        before = load_document()
    with django_assert_num_queries(1):
        assert load_document() == before
    assert before["destinations"] == {"internal": "contoso.com"}


@pytest.mark.django_db
@pytest.mark.parametrize("microsecond", [0, 120_000, 123_456])
def test_a_moment_in_it_is_written_as_always(microsecond: int) -> None:
    """Postgres leaves out zeros at the end; the digest of what judged a call would be another."""
    ensure_baseline()
    end = datetime(2030, 1, 1, 12, 30, 0, microsecond, tzinfo=UTC)
    PolicyException.objects.create(tool="send", owner="L. Brandt", reason="a", created_at=NOW, expires_at=end)
    subject: dict[str, Any] = {"conversation_id": "c-1"}
    told = {"kind": "session", "effect": "quarantine", "subject": subject, "reason": "b", "created_at": NOW}
    Restriction.objects.create(**told, key="1", until=end)
    Restriction.objects.create(**told, key="2")
    document = load_document()
    assert [one["until"] for one in document["exceptions"]] == [end.isoformat()]
    assert [one["until"] for one in document["restrictions"]] == [end.isoformat(), ""]
