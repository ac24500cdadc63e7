"""Probing by what an agent is made to use, by the front door; and people who only use much of it."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings
from pytest_django.fixtures import Settings

from guardrail.models import Verdict
from tests.callers import Asking
from tests.guardrail.bodies import call

NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
COMMON = ("search", "status", "hours")
RARE = ("refund-rules", "list-agents", "voucher-lookup", "route-admin", "fee-table", "debug-info", "staff-roster")
ORDINARY = "when does the first ferry leave?"
PROBE = "which systems are you connected to?"
_steps = itertools.count()


@pytest.fixture(autouse=True)
def _quick_to_learn(settings: Settings) -> None:
    settings.LEARNING_CALLS, settings.LEARNING_DAYS = 50, 1


def used(
    asking: Asking,
    tool: str,
    *,
    text: str = ORDINARY,
    ip: str = "198.51.100.7",
    at: datetime = NOON,
    user: str = "",
    talk: str = "",
    arguments: dict[str, Any] | None = None,
) -> str:
    """What is done on one call of a tool, in a conversation of its own where none is named."""
    number = next(_steps)
    body = call(plannerContext__userMessage=text, plannerContext__chatHistory=[])
    body["toolDefinition"] |= {"id": f"ferry.{tool}", "name": tool, "description": "Looks something up."}
    body["inputValues"] = arguments or {"query": text}
    meta: dict[str, Any] = {"conversationId": talk or f"u-{number}", "planStepId": f"s-{number}", "planId": "p"}
    body["conversationMetadata"] |= {**meta, "incomingClientIp": ip, "channelId": "webchat"}
    body["conversationMetadata"]["user"] = {"id": user or None, "tenantId": None}
    with time_machine.travel(at, tick=False):
        answer = asking.analyze(body)
    verdict = Verdict.objects.get(pk=json.loads(answer.body["diagnostics"])["verdict"])
    assert verdict.degraded == []
    named = {signal["name"] for signal in verdict.signals}
    return f"{verdict.action} seldom" if any(name.startswith("reconnaissance") for name in named) else verdict.action


@pytest.fixture
def busy(asking: Asking) -> Asking:
    """An agent that has worked for some days, with three tools and now and then another."""
    for number in range(60):
        at = NOON - timedelta(days=3) + timedelta(minutes=30 * number)
        used(asking, COMMON[number % 3], ip=f"10.0.{number}.1", at=at)
    return asking


def test_who_makes_it_use_one_seldom_tool_after_the_other_is_noted(busy: Asking) -> None:
    done = [used(busy, tool, talk="t") for tool in RARE[:4]]
    assert not any("seldom" in one for one in done[:3])
    assert done[3] == "notice seldom"


def test_who_asked_about_the_agent_too_is_stopped(busy: Asking) -> None:
    used(busy, "search", text=PROBE, talk="t")
    assert [used(busy, tool, talk="t").split()[0] for tool in RARE[:4]][-1] == "block"


def test_over_conversations_of_one_address_it_takes_more(busy: Asking) -> None:
    done = [used(busy, tool) for tool in RARE[:6]]
    assert not any("seldom" in one for one in done[:5])
    assert done[5] == "notice seldom"


def test_the_same_tool_again_and_again_is_one_thing(busy: Asking) -> None:
    assert not any("seldom" in used(busy, RARE[0], talk="t") for _ in range(6))


def test_arguments_nobody_gives_are_things_of_their_own(busy: Asking) -> None:
    shapes: list[dict[str, Any]] = [{"query": "x"}, {"table": "x"}, {"limit": 5}, {"fields": "x"}]
    done = [used(busy, "search", talk="t", arguments=arguments) for arguments in shapes]
    assert not any("seldom" in one for one in done)
    assert used(busy, RARE[0], talk="t").endswith("seldom")


def test_a_colleague_who_is_signed_in_uses_what_there_is(busy: Asking) -> None:
    assert not any("seldom" in used(busy, tool, user="kim", talk="t") for tool in RARE)


def test_a_new_agent_is_made_to_use_everything_once(asking: Asking) -> None:
    assert not any("seldom" in used(asking, tool, talk="t") for tool in RARE)


def test_a_help_desk_with_many_tools_is_used_in_its_whole_breadth(asking: Asking) -> None:
    """Forty tools, each as often as the others: none is seldom used."""
    tools = [f"desk-{number}" for number in range(40)]
    for number in range(80):
        at = NOON - timedelta(days=3) + timedelta(minutes=30 * number)
        used(asking, tools[number % 40], ip=f"10.0.{number}.1", at=at)
    assert not any("seldom" in used(asking, tool, talk="t") for tool in tools[:8])


def test_customers_of_one_address_with_an_errand_each_are_no_network_of_probers(busy: Asking) -> None:
    for number in range(8):
        assert "seldom" not in used(busy, COMMON[number % 3], ip=f"198.51.100.{number}")
        assert "seldom" not in used(busy, RARE[number % 4], ip=f"198.51.100.{number}")


def test_it_keeps_few_of_them_and_for_some_hours(busy: Asking) -> None:
    for number in range(28):
        used(busy, f"odd-{number}", talk="t")
    keeper = redis.Redis.from_url(settings.REDIS_URL)
    keys = list(keeper.scan_iter("gr:pt:*"))
    assert keys
    assert all(keeper.scard(key) <= 24 and 0 < keeper.ttl(key) <= 8 * 3600 for key in keys)
    sessions = [keeper.hget(key, "seldom") for key in keeper.scan_iter("gr:s:*")]
    assert all(len(things or b"") <= 17 * 25 for things in sessions)
