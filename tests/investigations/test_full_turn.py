"""From a false positive to a scoped exception that every web process judges by, in under a minute, as people do it."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from time import monotonic
from typing import Any

import httpx
import pytest

from guardrail.parts import WEB_PROCESSES
from tests.guardrail.instances import RunningInstance, running_instance, wait_for
from tests.restricting import THIEF, hijacked

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="stops processes the Linux way"),
]
# a busy machine decides no test
PATIENT = {"GUARDRAIL_DEADLINE_MS": "4000", "GUARDRAIL_MEMORY_BUDGET_MS": "1000", "GUARDRAIL_STORE_BUDGET_MS": "2000"}
A_TURN_SECONDS = 60
# Each on a connection of its own: that all of them miss one of two processes is less likely than a broken machine.
ASKED = 40


@pytest.fixture(scope="module")
def instance() -> Iterator[RunningInstance]:
    assert WEB_PROCESSES >= 2
    with running_instance(**PATIENT) as running:
        yield running


def ask(instance: RunningInstance, body: dict[str, Any]) -> str:
    """What the caller is told, over a connection of its own."""
    headers = {"Authorization": f"Bearer {instance.state['webhook_token']}", "Connection": "close"}
    answer = httpx.post(f"{instance.url}/v1/evaluate", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200
    return str(answer.json()["decision"])


def ask_everybody(instance: RunningInstance, name: str, **changes: Any) -> Counter[str]:
    """The answers of all web processes, each in a conversation of its own."""
    bodies = [hijacked(conversation_id=f"{name}-{number}", **changes) for number in range(ASKED)]
    with ThreadPoolExecutor(4) as pool:
        return Counter(pool.map(lambda body: ask(instance, body), bodies))


def submit(pages: httpx.Client, form: str, path: str, **typed: str) -> httpx.Response:
    """Fill in a form of a page and send it."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', pages.get(form).text)
    assert token
    data = {**typed, "csrfmiddlewaretoken": token[1]}
    return pages.post(path, data=data, headers={"referer": f"{pages.base_url}{form}"}, follow_redirects=True)


def link(page: str, wanted: str) -> str:
    """The address of a link whose text or address has `wanted` in it."""
    found = re.search(rf'href="([^"]*{wanted}[^"]*)"', page)
    assert found, f"no link with {wanted}"
    return unescape(found[1])


def test_a_false_positive_becomes_an_exception_on_every_process_in_a_minute(instance: RunningInstance) -> None:
    began = monotonic()
    assert ask(instance, hijacked(conversation_id="first")) == "block"
    with httpx.Client(base_url=instance.url, timeout=30) as pages:
        name, password = instance.state["admin_username"], instance.state["admin_password"]
        submit(pages, "/login/", "/login/", username=name, password=password)
        wait_for(
            lambda: re.search(r"/investigations/\d", pages.get("/").text) is not None,
            what="the investigation in the queue",
        )
        investigation = pages.get(link(pages.get("/").text, r"/investigations/\d"))
        address = link(investigation.text, "/allow/")
        proposed = pages.get(address)
        assert "with this exception it passes" in proposed.text
        narrow = dict.fromkeys(re.findall(r'name="(only_\w+)"', proposed.text), "on")
        typed = {"destinations": "exact", "days": "7", "owner": "Kim", "reason": "They print our price lists."}
        done = submit(pages, address, address, **narrow, **typed)
        assert "holds for the next call" in done.text
    answers: list[Counter[str]] = []

    def everywhere() -> bool:
        answers.append(ask_everybody(instance, f"round-{len(answers)}"))
        return answers[-1] == {"allow": ASKED}

    wait_for(everywhere, what="every process to know it", seconds=A_TURN_SECONDS)
    took = monotonic() - began
    assert took < A_TURN_SECONDS, f"a turn took {took:.0f} s"
    # the same attack elsewhere, to one more, and by another agent: on every process
    elsewhere = {"to": "drop@elsewhere.example", "body": "Here is the price list."}
    one_more = {"to": f"{THIEF}, drop@elsewhere.example", "body": "Here is the price list."}
    for name, changes in (
        ("elsewhere", {"arguments": elsewhere}),
        ("one-more", {"arguments": one_more}),
        ("another", {"agent": {"id": "stock-desk", "name": "Stock Desk"}}),
    ):
        assert "allow" not in ask_everybody(instance, name, **changes), name
