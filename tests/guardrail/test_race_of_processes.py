"""Two web processes and two workers at one conversation at once: nothing is lost, nothing is made twice."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import psycopg
import pytest
import redis

from guardrail.likeness import LEADING
from guardrail.memory.stops import MOST_OF_SESSION, MOST_OF_USER
from guardrail.parts import WEB_PROCESSES
from guardrail.traces import session_hash
from policies.response_rules import RULES
from tests.guardrail.instances import RunningInstance, running_instance, wait_for
from tests.restricting import hijacked, look_up

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="stops processes the Linux way"),
]
CALLERS, ROUNDS = 8, 12
CONVERSATION = "one-for-all"
# a busy machine decides no test: a call judged without memory counts nothing
PATIENT = {"GUARDRAIL_DEADLINE_MS": "4000", "GUARDRAIL_MEMORY_BUDGET_MS": "1000", "GUARDRAIL_STORE_BUDGET_MS": "2000"}


@pytest.fixture(scope="module")
def instance() -> Iterator[RunningInstance]:
    assert WEB_PROCESSES >= 2
    with running_instance(**PATIENT) as running:
        yield running


@pytest.fixture(scope="module")
def answers(instance: RunningInstance) -> list[tuple[str, str]]:
    """(decision, verdict id) of every call: hijacked and honest ones of one conversation, all callers at once."""
    _switch_on(instance, "session-repeats")
    start = Barrier(CALLERS)

    def ask(caller: int) -> list[tuple[str, str]]:
        found = []
        headers = {"Authorization": f"Bearer {instance.state['webhook_token']}"}
        with httpx.Client(base_url=instance.url, headers=headers, timeout=30) as client:
            start.wait(timeout=60)
            for number in range(ROUNDS):
                answer = client.post("/v1/evaluate", json=_body(caller, number))
                assert answer.status_code == 200
                found.append((answer.json()["decision"], answer.json()["verdict_id"]))
        return found

    with ThreadPoolExecutor(CALLERS) as pool:
        return [answer for share in pool.map(ask, range(CALLERS)) for answer in share]


def _body(caller: int, number: int) -> dict[str, Any]:
    ids = {"conversation_id": CONVERSATION, "plan_id": f"p-{caller}", "step_id": f"{caller}-{number}"}
    return look_up(**ids) if number % 2 else {**hijacked(), **ids}


def _switch_on(instance: RunningInstance, slug: str) -> None:
    """As an admin does it on the page."""
    state = instance.state
    rule = next(rule for rule in RULES if rule.slug == slug)
    with httpx.Client(base_url=instance.url, timeout=20) as pages:
        _submit(pages, "/login/", "/login/", username=state["admin_username"], password=state["admin_password"])
        numbers = {
            name: str(getattr(rule, name)) for name in ("calls", "agents", "minutes", "for_minutes", "per_minute")
        }
        answer = _submit(pages, "/response/", f"/response/rules/{slug}/", mode="on", **numbers)
        assert answer.status_code in (200, 302), answer.text[:500]


def _submit(pages: httpx.Client, form: str, path: str, **typed: str) -> httpx.Response:
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', pages.get(form).text)
    assert token
    data = {**typed, "csrfmiddlewaretoken": token[1]}
    return pages.post(path, data=data, headers={"referer": f"{pages.base_url}{form}"})


def _rows(instance: RunningInstance, query: str) -> list[tuple[Any, ...]]:
    environment = json.loads((instance.data / "environment.json").read_text())
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return connection.execute(query).fetchall()


def _settled(instance: RunningInstance) -> None:
    waiting = "SELECT count(*) FROM guardrail_pendingintake"
    wait_for(lambda: _rows(instance, waiting) == [(0,)], what="the intake to have taken everything in", seconds=60)


def test_every_call_is_kept_once_and_counted_once(instance: RunningInstance, answers: list[tuple[str, str]]) -> None:
    kept = _rows(instance, "SELECT id::text, degraded FROM guardrail_verdict")
    assert Counter(verdict for verdict, _ in kept) == Counter(verdict for _, verdict in answers)
    assert all(not degraded for _, degraded in kept)
    environment = json.loads((instance.data / "environment.json").read_text())
    keeper = redis.Redis.from_url(environment["REDIS_URL"])
    session = keeper.hgetall(f"gr:s:{session_hash('copilot-studio', 'order-desk', CONVERSATION)}")
    assert int(session[b"calls"]) == len(answers)
    assert int(session[b"stopped"]) == sum(decision in ("block", "ask") for decision, _ in answers)


def test_what_the_stops_taught_is_remembered_once_and_the_newest_of_it(
    instance: RunningInstance, answers: list[tuple[str, str]]
) -> None:
    """Each tells all it teaches in one message, which nobody waits for."""
    query = "SELECT id::text, deciding_signal FROM guardrail_verdict ORDER BY id DESC"
    taught = [verdict for verdict, signal in _rows(instance, query) if signal in LEADING]
    assert taught
    environment = json.loads((instance.data / "environment.json").read_text())
    keeper: Any = redis.Redis.from_url(environment["REDIS_URL"])

    def remembered(pattern: str) -> list[str]:
        (key,) = keeper.scan_iter(pattern)
        return [entry[:36].decode() for entry in keeper.lrange(key, 0, -1)]

    session = session_hash("copilot-studio", "order-desk", CONVERSATION)
    # the last one's answer is read before its connection asks again: nobody asks any more
    wait_for(lambda: remembered(f"gr:stop:s:{session}") == taught[:MOST_OF_SESSION], what="the stops of the session")
    wait_for(lambda: remembered("gr:stop:u:*") == taught[:MOST_OF_USER], what="the stops of the user")
    (texts,) = (key for key in keeper.scan_iter("gr:p:*") if keeper.type(key) == b"hash")
    changes = keeper.llen(texts + b":l")
    assert keeper.hget(texts, "version").endswith(f".{changes}".encode())
    assert changes == keeper.hlen(texts) - 1


def test_every_stop_has_one_place_and_one_cause_one_investigation(
    instance: RunningInstance, answers: list[tuple[str, str]]
) -> None:
    _settled(instance)
    stopped = {verdict for decision, verdict in answers if decision in ("block", "ask")}
    placed = Counter(
        verdict for (verdict,) in _rows(instance, "SELECT verdict_id::text FROM investigations_investigationcall")
    )
    assert placed == Counter(stopped)
    causes = Counter(_rows(instance, "SELECT fingerprint FROM investigations_investigation WHERE status <> 'closed'"))
    assert causes
    assert set(causes.values()) == {1}
    counted = _rows(instance, "SELECT sum(calls) FROM investigations_investigation")
    assert counted == [(len(stopped),)]


def test_the_conversation_is_quarantined_once(instance: RunningInstance, answers: list[tuple[str, str]]) -> None:
    _settled(instance)
    made = _rows(instance, "SELECT kind, effect FROM policies_restriction")
    assert made == [("session", "quarantine")]
    assert "block" in {decision for decision, _ in answers}
