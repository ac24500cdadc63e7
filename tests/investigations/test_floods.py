"""A flood of one story: what a batch of it costs does not grow with what was there, and nothing of it is lost."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guardrail.models import Verdict
from investigations import joining
from investigations.intake import take_in
from investigations.models import Campaign, CampaignMember, Investigation, Sharing
from tests.callers import Asking
from tests.investigations.floods import OTHER_TEXTS, flood
from tests.investigations.test_campaigns import OTHER, THIRD, attack, taken_in

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(asking: Asking) -> uuid.UUID:
    """A stopped call whose destination another agent was led to, too."""
    attack(asking)
    attack(asking, **OTHER)
    taken_in()
    return Verdict.objects.values_list("pk", flat=True).order_by("pk")[0]


def take_flood(source: uuid.UUID, *, calls: int, begin: int, other: Mapping[str, str] | None = None) -> None:
    flood(source, calls=calls, begin=begin, other=other)
    assert take_in(timezone.now()) == calls


def most_rows(source: uuid.UUID, *, begin: int) -> int:
    """The most rows a step of any statement about campaigns goes through, when ten more calls are taken in."""
    flood(source, calls=10, begin=begin)
    with connection.cursor() as cursor:
        # all tables, as Postgres does by itself: what tests before left known of others chose another plan once
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        assert take_in(timezone.now()) == 10
    reading = [one["sql"] for one in captured.captured_queries if "investigations_sharing" in one["sql"]]
    with connection.cursor() as cursor:
        found = []
        for sql in (one for one in reading if one.lstrip().startswith(("SELECT", "WITH"))):
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql.replace('%', '%%')}")
            plan = cursor.fetchone()[0]
            found.append(_most((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    assert found
    return max(found)


def _most(step: Mapping[str, Any]) -> int:
    here = step["Actual Rows"] * step["Actual Loops"] + step.get("Rows Removed by Join Filter", 0)
    return max([int(here), *map(_most, step.get("Plans", ()))])


def test_ten_more_calls_of_a_story_of_hundreds_go_through_no_more_rows_than_it_shares(source: uuid.UUID) -> None:
    take_flood(source, calls=300, begin=0)
    assert most_rows(source, begin=300) <= Sharing.objects.count()


@pytest.mark.parametrize("other", [{}, {"agent_id": "'agent-' || n"}, {"signals": OTHER_TEXTS}])
def test_a_flood_is_one_campaign_that_counts_every_agent_and_conversation(
    source: uuid.UUID, other: Mapping[str, str]
) -> None:
    for begin in (0, 20, 10):
        take_flood(source, calls=20, begin=begin, other=other)
    campaign = Campaign.objects.get()
    assert campaign.conversations == 2 + 40
    assert campaign.agents == (2 + 40 if "agent_id" in other else 2)
    assert set(CampaignMember.objects.values_list("investigation_id", flat=True)) == set(
        Investigation.objects.values_list("pk", flat=True)
    )


def test_who_comes_after_more_conversations_than_are_kept_is_of_the_campaign_all_the_same(
    asking: Asking, source: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_SHARINGS", 5)
    take_flood(source, calls=20, begin=0)
    take_flood(source, calls=20, begin=20)
    assert Sharing.objects.count() < 200
    attack(asking, **THIRD)
    taken_in()
    campaign = Campaign.objects.get()
    assert campaign.agents == 3
    assert campaign.members.count() == Investigation.objects.count() == 3


def test_two_campaigns_that_become_one_count_all_of_both(asking: Asking, source: uuid.UUID) -> None:
    take_flood(source, calls=20, begin=0)
    elsewhere = {
        "signals": "replace(signals::text, 'wingtip-archive', 'fabrikam-drop')::jsonb",
        "destination": "'desk@fabrikam-drop.example'",
    }
    both = {
        **elsewhere,
        "signals": "regexp_replace(replace(signals::text, 'wingtip-archive', 'fabrikam-drop'),"
        """ '("(?:record|directive|recalled)", ")[0-9a-f]{8}', '\\1' || lpad('7', 8, '0'), 'g')::jsonb""",
    }
    take_flood(source, calls=4, begin=100, other={**both, "agent_id": "'apart'"})
    assert Campaign.objects.count() == 2
    take_flood(source, calls=2, begin=200, other={**elsewhere, "agent_id": "'between'"})
    campaign = Campaign.objects.exclude(status="merged").get()
    assert (campaign.agents, campaign.conversations) == (4, 2 + 20 + 4 + 2)
