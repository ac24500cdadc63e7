"""What is usual for an agent, on its page and in the inventory, for everybody and on every screen."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from investigations.intake import take_in_all
from policies.models import Agent
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install
from tests.callers import Asking
from tests.guardrail.test_habits import MORNING, SEND, asked_at, planned, worked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_shows_what_an_agent_usually_does_and_how_far_a_new_one_is_known(
    chromium: Chromium, install: Install, settings: Settings
) -> None:
    settings.LEARNING_CALLS = 20
    asking = Asking(client=Client(), orchestrator=install.caller, token=install.token)
    worked(asking)
    asked_at(asking, MORNING, planned(SEND, agent="new", name="New Desk"))
    take_in_all()
    found, said = {}, ""
    with chromium.window(Look(width=390, scheme="dark")) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        for path in ("/agents/", *(f"/agents/{agent.pk}/" for agent in Agent.objects.all())):
            found[path] = window.faults(window.open(install.address(path)))
            said += window.text()
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []
    assert "learning: day" in said.lower()
    assert "1 of 20 calls" in said
    assert "Read-mail → Send-an-email 100 %" in said
    assert "Learnt from 40 calls" in said
