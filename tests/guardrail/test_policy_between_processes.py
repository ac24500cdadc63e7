"""Two real web processes and people at the pages: each judges by an exception in a minute, by a version in a second.

One instance for both: what the second asks about has an agent, a user and a conversation of its own.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from guardrail.parts import WEB_PROCESSES
from tests.guardrail.instances import RunningInstance, running_instance, wait_for
from tests.restricting import THIEF, hijacked, planned

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which process holds a connection"),
]
SECONDS = 1.0
# a busy machine decides no test: the best of several publications counts
TRIES = 4
# a call judged without memory takes no harm here
PATIENT = {"GUARDRAIL_DEADLINE_MS": "4000", "GUARDRAIL_MEMORY_BUDGET_MS": "1000", "GUARDRAIL_STORE_BUDGET_MS": "2000"}
A_TURN_SECONDS = 60
# Each on a connection of its own: that all of them miss one of two processes is less likely than a broken machine.
ASKED = 40
RULE = {"name": "no-mail", "when": 'tool.kind == "send"', "then": "block", "explanation": "No mail for now."}
CALL = planned(agent={"id": "minutes-desk", "name": "Minutes Desk"}, user={"id": "kim"}, conversation_id="versions")


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
    """Fill in a form of a page and send it; the answer, which leads on."""
    data = {**typed, "csrfmiddlewaretoken": token_in(pages, form)}
    sent = pages.post(path, data=data, headers={"referer": f"{pages.base_url}{form}"})
    assert sent.status_code == 302, sent.text
    return sent


def token_in(pages: httpx.Client, form: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', pages.get(form).text)
    assert found
    return found[1]


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
        done = pages.get(submit(pages, address, address, **narrow, **typed).headers["location"])
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


def test_every_process_serves_a_new_version_within_a_second(instance: RunningInstance) -> None:
    """A rule that stops mails is imported, published and rolled back by the pages; calls go to each process."""
    best = {True: 99.0, False: 99.0}
    with ExitStack() as closing, httpx.Client(base_url=instance.url, timeout=30) as pages:
        state = instance.state
        submit(pages, "/login/", "/login/", username=state["admin_username"], password=state["admin_password"])
        callers = _one_caller_a_process(instance, closing)
        assert len(callers) == WEB_PROCESSES
        assert {_decision(caller, instance) for caller in callers} == {"allow"}
        for _ in range(TRIES):
            _publish(pages)
            best[True] = min(best[True], _seconds_until(callers, instance, "block"))
            submit(pages, "/policies/1/", "/policies/1/restore/", reason="It was a test")
            best[False] = min(best[False], _seconds_until(callers, instance, "allow"))
            if max(best.values()) <= SECONDS:
                break
    assert max(best.values()) <= SECONDS, best


def _publish(pages: httpx.Client) -> None:
    """What is in force with one rule more, taken in as a file and published."""
    document = pages.get("/policies/export/?version=1&format=json&lists=no").json()
    token = token_in(pages, "/policies/import/")
    taken = pages.post(
        "/policies/import/",
        data={"csrfmiddlewaretoken": token, "title": "No mail"},
        files={"file": ("policy.json", json.dumps({**document, "rules": [RULE]}))},
        headers={"referer": f"{pages.base_url}/policies/import/"},
    )
    assert taken.status_code == 302, taken.text
    draft = taken.headers["location"]
    submit(pages, draft, f"{draft}publish/", revision="1", reason="Mails stop")


def _seconds_until(callers: list[httpx.Client], instance: RunningInstance, wanted: str) -> float:
    """How long after its publication the last process decides so; 99 when one does not within ten seconds."""
    began = monotonic()
    waiting = list(callers)
    while waiting and monotonic() - began < 10:
        waiting = [caller for caller in waiting if _decision(caller, instance) != wanted]
        sleep(0.02)
    return 99.0 if waiting else monotonic() - began


def _decision(caller: httpx.Client, instance: RunningInstance) -> str:
    headers = {"Authorization": f"Bearer {instance.state['webhook_token']}"}
    answer = caller.post("/v1/evaluate", json=CALL, headers=headers)
    assert answer.status_code == 200
    return str(answer.json()["decision"])


def _one_caller_a_process(instance: RunningInstance, closing: ExitStack) -> list[httpx.Client]:
    """A client with an open connection to each web process: connections stay where they were accepted."""
    found: dict[int, httpx.Client] = {}
    for _ in range(200):
        caller = closing.enter_context(httpx.Client(base_url=instance.url, timeout=30))
        port = caller.get("/login/").extensions["network_stream"].get_extra_info("client_addr")[1]
        found.setdefault(_process_of(port, instance.port), caller)
        if len(found) == WEB_PROCESSES:
            break
    return list(found.values())


def _process_of(client_port: int, server_port: int) -> int:
    """The process that holds the server's end of a connection."""
    ends = f":{server_port:04X} ", f":{client_port:04X} "
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {row[9] for row in rows if f"{row[1]} ".endswith(ends[0]) and f"{row[2]} ".endswith(ends[1])}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = descriptor.readlink().name
        except OSError:
            continue
        if any(target == f"socket:[{inode}]" for inode in inodes):
            return int(descriptor.parts[2])
    raise AssertionError(f"no process holds the connection from port {client_port}")
