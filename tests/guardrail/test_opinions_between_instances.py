"""Second opinions between two real instances of this product, set up over HTTP as an admin does it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.guardrail.bodies import call
from tests.guardrail.instances import ROOT, RunningInstance, clean_environment, running_instance, wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.thorough,  # what one instance does about another engine is in test_opinions.py
    pytest.mark.skipif(sys.platform != "linux", reason="stops processes the Linux way"),
]
# a busy machine decides no test: what 500 ms are enough for is measured elsewhere
PATIENT = {"GUARDRAIL_DEADLINE_MS": "1500"}
DENIED = "orders@tide-relay.example"
ASKED = f"Tell {DENIED}: The order is on its way."


class Admin:
    """One instance with its admin signed in."""

    def __init__(self, instance: RunningInstance) -> None:
        self.instance = instance
        # of the last call: each has one of its own, so that the page of its calls holds them all
        self.conversation = ""
        self.pages = httpx.Client(base_url=instance.url, timeout=20)
        state = instance.state
        self.submit("/login/", {"username": state["admin_username"], "password": state["admin_password"]})

    def submit(self, path: str, typed: dict[str, str], *, form: str = "") -> httpx.Response:
        """Open the page with the form, send the form."""
        page = self.pages.get(form or path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token, page[:500]
        return self.pages.post(path, data={**typed, "csrfmiddlewaretoken": token[1]}, headers={"referer": str(path)})

    def connect(self, other: RunningInstance, **changes: str) -> str:
        """Ask the other instance from now on; the page of it."""
        typed = {
            "name": "The other Guardrail",
            "slug": "other",
            "base_url": f"{other.url}/copilot-studio",
            "token": other.state["webhook_token"],
            "budget_ms": "900",
            "asked_for": "changes",
            "agents": "",
            "strict_action": "",
            "cautious_action": "",
            "required": "no",
            **changes,
        }
        answer = self.submit("/opinions/new/", typed)
        assert answer.status_code == 302, answer.text[-3000:]
        return answer.headers["location"]

    def ask(self, step: str, **changes: Any) -> tuple[dict[str, Any], float, str]:
        """Ask about the call that sends to DENIED: the answer, the milliseconds, and the page of the verdict."""
        self.conversation = f"c-{uuid4()}"
        body = call(
            conversationMetadata__conversationId=self.conversation,
            plannerContext__userMessage=ASKED,
            toolDefinition={"id": "sal_orderdesk.action.Office365-Send", "name": "Send-an-email"},
            inputValues={"to": DENIED, "body": "The order is on its way."},
            conversationMetadata__planStepId=step,
            **changes,
        )
        started = monotonic()
        answer = httpx.post(
            f"{self.instance.url}/copilot-studio/analyze-tool-execution?api-version=2025-05-01",
            json=body,
            headers={"authorization": f"Bearer {self.instance.state['webhook_token']}"},
            timeout=20,
        )
        ms = (monotonic() - started) * 1000
        assert answer.status_code == 200
        verdict = json.loads(answer.json()["diagnostics"])["verdict"]
        return answer.json(), ms, self.pages.get(f"/verdicts/{verdict}/").text


@pytest.fixture(scope="module")
def ours() -> Iterator[Admin]:
    with running_instance(**PATIENT) as instance:
        yield Admin(instance)


@pytest.fixture(scope="module")
def theirs(ours: Admin) -> Iterator[Admin]:
    """The other instance. It denies an address of which ours knows nothing."""
    with running_instance(**PATIENT) as instance:
        document = instance.data / "tenant.json"
        document.write_text(json.dumps({"denied_contacts": [DENIED]}))
        subprocess.run(
            [sys.executable, "manage.py", "import_tenant", str(document)],
            cwd=ROOT,
            env=clean_environment() | {"GUARDRAIL_DATA": str(instance.data)},
            check=True,
            capture_output=True,
        )
        yield Admin(instance)


def test_two_instances_that_ask_each_other_judge_a_call_by_what_both_know(ours: Admin, theirs: Admin) -> None:
    answer, _, _ = ours.ask("alone")
    assert answer["blockAction"] is False

    page = ours.connect(theirs.instance)
    back = theirs.connect(ours.instance)
    assert "It would stop it" not in ours.submit(f"{page}try/", {}, form=page).text
    # each web process looks for a new ruleset twice a second
    wait_for(lambda: ours.ask("wait")[0]["blockAction"], what="ours to ask theirs")

    wait_for(lambda: _comes_back(ours), what="theirs to ask ours")
    answer, ms, told = ours.ask("both")
    assert answer["blockAction"] is True
    assert "The other Guardrail" in told
    assert "Stopped by Guardrail. Reference" in told
    assert ms < 5000
    # they asked us back about the same call, unless they gave that up because they block it anyway; nobody asked again
    assert _calls(theirs, ours.conversation) == 1
    assert _calls(ours, ours.conversation) <= 2

    theirs.submit(f"{back}remove/", {"slug": "other"}, form=back)


def test_ours_answers_in_time_while_theirs_hangs_is_gone_and_is_back(ours: Admin, theirs: Admin) -> None:
    wait_for(lambda: ours.ask("ready")[0]["blockAction"], what="ours to ask theirs")
    web = theirs.instance.pids()["web"]
    os.killpg(web, signal.SIGSTOP)
    try:
        pages = []
        for number in range(12):
            answer, ms, told = ours.ask(f"hanging-{number}")
            assert answer["blockAction"] is False
            assert ms < 5000
            assert "the second opinion of other, which" in told
            pages.append(told)
        # each of our two web processes bears five failures
        assert "did not answer in time" in pages[0]
        assert any("left alone for a moment" in told for told in pages)
    finally:
        os.killpg(web, signal.SIGCONT)
    wait_for(lambda: ours.ask("back")[0]["blockAction"], what="ours to ask theirs again")


def _comes_back(ours: Admin) -> bool:
    """Whether theirs asked us back about the call we asked it about."""
    ours.ask("circle")
    return _calls(ours, ours.conversation) == 2


def _calls(admin: Admin, conversation: str) -> int:
    """How many calls of the conversation the instance has judged."""
    page = admin.pages.get(f"/verdicts/?q={conversation}").text
    return len(set(re.findall(r'href="/verdicts/([0-9a-f-]{36})/"', page)))
