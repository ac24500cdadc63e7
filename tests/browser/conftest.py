"""What the browser tests look at: an install where the rehearsal's stories were played over real HTTP."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from guardrail import callers, housekeeper
from guardrail.models import Orchestrator, Verdict
from guardrail.rehearsal.stories import stories
from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.models import Agent
from policies.services import inventory
from policies.services.publish import ensure_baseline
from tests.browser.chromium import Chromium, find_chromium

PASSWORD = "a long enough password"


@dataclass(frozen=True, kw_only=True, slots=True)
class Install:
    """A running product with a signed-up superuser `ada` and one caller with a token."""

    url: str
    caller: Orchestrator
    token: str

    def address(self, path: str) -> str:
        return f"{self.url}{path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The same after the rehearsal's stories were played. `invoice` is the investigation of the mail's hidden text."""

    install: Install
    invoice: Investigation
    verdict: Verdict
    agent: Agent

    def address(self, path: str) -> str:
        return self.install.address(path)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip each test under its own name where no Chromium is installed: equal reasons would be told as one."""
    if find_chromium() is None:
        pytest.skip(f"{item.name}: no Chromium on PATH, expected e.g. Debian's `chromium`")


@pytest.fixture(scope="session")
def chromium(django_db_setup: None, live_server: LiveServer) -> Iterator[Chromium]:
    """One browser for all tests, closed before the server whose connections it keeps, and before their database."""
    browser = Chromium(find_chromium() or "chromium")
    yield browser
    browser.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:  # with its end ends its connection to the database
            thread.join(timeout=10)


@pytest.fixture
def install(live_server: LiveServer) -> Install:
    """A fresh install that nobody has called yet."""
    User.objects.create_superuser("ada", password=PASSWORD)
    ensure_baseline()
    caller = callers.create_orchestrator("Copilot Studio", "copilot-studio", None)
    token = callers.issue_token(caller, None)
    housekeeper.refresh()
    return Install(url=live_server.url, caller=caller, token=token)


@pytest.fixture
def scene(install: Install) -> Scene:
    """Every story of the rehearsal, played over HTTP and taken in."""
    headers = {"Authorization": f"Bearer {install.token}"}
    with httpx.Client(base_url=install.url, headers=headers, timeout=30) as client:
        for story in stories(uuid.uuid4(), timezone.now()):
            for step in story.steps:
                answer = client.post("/copilot-studio/analyze-tool-execution", json=step.body)
                assert answer.status_code == 200, answer.text
    take_in_all()
    invoice = Investigation.objects.get(agent_name="Supplier Invoices")
    agent = Agent.objects.get(name="Supplier Invoices")
    inventory.register_agent(agent, owner="L. Brandt", actor=None)
    inventory.add_agent(agent_id="silent", name="Night Batch", owner="N. Sato", environment=None, actor=None)
    verdict = Verdict.objects.get(pk=invoice.call_set.latest("verdict_id").verdict_id)
    return Scene(install=install, invoice=invoice, verdict=verdict, agent=agent)
