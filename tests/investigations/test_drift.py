"""What calls show about an agent that is not as it was, noted once, looked at by a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from investigations.intake import take_in_all
from policies.models import Agent, AgentChange
from policies.services.drift import acknowledge
from tests.callers import Asking
from tests.guardrail import bodies

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
AGENT = bodies.call()["conversationMetadata"]["agent"]["id"]


def body(*, step: int, agent: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    made = bodies.call()
    made["conversationMetadata"]["agent"] |= agent or {}
    made["conversationMetadata"] |= {"planStepId": f"s-{step}", **meta}
    return made


def called(asking: Asking, at: datetime, sent: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Take one call in and return what is noted about its agent by now, oldest first."""
    with time_machine.travel(at, tick=False):
        asking.analyze(sent)
        take_in_all()
    return list(AgentChange.objects.order_by("pk").values_list("what", "was", "now"))


def test_a_new_version_and_its_publication_are_noted_with_the_call_that_showed_them(asking: Asking) -> None:
    assert called(asking, MORNING, body(step=1, agent={"version": "1.0"})) == []
    later = MORNING + timedelta(hours=1)
    assert called(asking, later, body(step=2, agent={"version": "1.1", "isPublished": False})) == [
        ("version", "1.0", "1.1"),
        ("published", "published", "not published"),
    ]
    change = AgentChange.objects.earliest("pk")
    assert (change.at, change.verdict_id is None) == (later, False)
    agent = Agent.objects.get(agent_id=AGENT)
    assert (agent.seen_version, agent.seen_published) == ("1.1", False)


def test_the_same_agent_again_is_no_change(asking: Asking) -> None:
    for step in range(3):
        assert called(asking, MORNING + timedelta(hours=step), body(step=step, agent={"version": "1.0"})) == []


def test_a_version_that_comes_and_goes_is_noted_once_until_somebody_has_looked(asking: Asking) -> None:
    for step, version in enumerate(["1", "2", "1", "2", "1"]):
        noted = called(asking, MORNING + timedelta(hours=step), body(step=step, agent={"version": version}))
    assert noted == [("version", "1", "2"), ("version", "2", "1")]
    agent = Agent.objects.get(agent_id=AGENT)
    newest = AgentChange.objects.latest("pk").pk
    assert acknowledge(agent, upto=newest, now=MORNING, actor=None) == 2
    assert acknowledge(agent, upto=newest, now=MORNING, actor=None) == 0
    assert len(called(asking, MORNING + timedelta(hours=9), body(step=9, agent={"version": "2"}))) == 3


def test_a_call_that_comes_late_does_not_turn_the_clock_back(asking: Asking) -> None:
    called(asking, MORNING, body(step=1, agent={"version": "1"}))
    called(asking, MORNING + timedelta(hours=2), body(step=2, agent={"version": "2"}))
    called(asking, MORNING + timedelta(hours=1), body(step=3, agent={"version": "1"}))
    assert Agent.objects.get(agent_id=AGENT).seen_version == "2"
    assert AgentChange.objects.count() == 1


def test_a_stranger_who_calls_an_agent_of_people_who_signed_in_is_noted(asking: Asking) -> None:
    called(asking, MORNING, body(step=1))
    nobody = {"user": {"id": None, "tenantId": None}}
    assert called(asking, MORNING + timedelta(hours=1), body(step=2, **nobody)) == [
        ("access", "people who signed in", "somebody who did not sign in")
    ]
    assert called(asking, MORNING + timedelta(hours=3), body(step=3))[1:] == []


def test_an_event_is_no_stranger(asking: Asking) -> None:
    called(asking, MORNING, body(step=1))
    event: dict[str, Any] = {"user": {"id": None}, "trigger": {"id": "t-1", "schemaName": "x.Whenanewemailarrives"}}
    assert [now for _, _, now in called(asking, MORNING + timedelta(hours=1), body(step=2, **event))] == ["an event"]


def test_a_new_channel_is_noted_unless_the_inventory_told_of_it(asking: Asking) -> None:
    called(asking, MORNING, body(step=1))
    Agent.objects.update(channels=["DirectLine"])
    assert called(asking, MORNING + timedelta(hours=1), body(step=2, channelId="directline")) == []
    assert called(asking, MORNING + timedelta(hours=2), body(step=3, channelId="web")) == [
        ("channel", "msteams, directline", "web")
    ]


def test_a_tool_is_new_when_the_first_days_are_over_and_not_before(asking: Asking) -> None:
    called(asking, MORNING, body(step=1))
    other = body(step=2)
    other["toolDefinition"] |= {"id": "x.action.Createrow", "name": "Create-row"}
    assert called(asking, MORNING + timedelta(days=1), other) == []
    third = body(step=3)
    third["toolDefinition"] |= {"id": "x.action.Deleterow", "name": "Delete-row"}
    assert called(asking, MORNING + timedelta(days=4), third) == [("tool", "", "Delete-row")]
    assert called(asking, MORNING + timedelta(days=5), {**third, "plannerContext": {}}) == [("tool", "", "Delete-row")]


def test_hostile_members_are_kept_as_text_or_left_out(asking: Asking) -> None:
    called(asking, MORNING, body(step=1, agent={"version": "v\x00" + "9" * 5000}))
    called(asking, MORNING + timedelta(hours=1), body(step=2, agent={"version": ["2"], "isPublished": "no"}))
    agent = Agent.objects.get(agent_id=AGENT)
    assert (len(agent.seen_version), agent.seen_published) == (100, True)
    assert "\x00" not in agent.seen_version


def test_it_learns_from_our_own_wire_too(asking: Asking) -> None:
    request = {
        "agent": {"id": "own", "version": "7", "parent_id": "boss"},
        "tool": {"name": "list_rows"},
        "arguments": {},
        "channel": "cli",
        "outputs": [{"tool": "read", "content": {"webUrl": "https://wiki.example/spaces/hr/pages/leave.html"}}],
    }
    with time_machine.travel(MORNING, tick=False):
        asking.evaluate(request)
        take_in_all()
    agent = Agent.objects.get(agent_id="own")
    assert (agent.seen_version, agent.seen_parent, agent.seen_channels) == ("7", "boss", ["cli"])
    assert agent.seen_knowledge == ["wiki.example/spaces/hr"]
