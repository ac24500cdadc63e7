"""A campaign in a real browser: found from the queue, read, confirmed; for everybody and on every screen."""

import pytest
from django.test import Client

from investigations.intake import take_in_all
from investigations.models import Campaign, Investigation
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install
from tests.callers import Asking
from tests.guardrail.test_stops import BAIT, LIST, mail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_analyst_finds_a_campaign_and_confirms_it(chromium: Chromium, install: Install) -> None:
    asking = Asking(client=Client(), orchestrator=install.caller, token=install.token)
    for number, agent in enumerate(("order-desk", "export-desk", "claims-desk")):
        body = mail(text=LIST, mails=(BAIT,), agent=agent, person=f"p-{number}", conversation=f"c-{number}")
        body["conversationMetadata"]["agent"]["name"] = agent.replace("-", " ").title()
        assert asking.analyze(body).body["blockAction"]
    take_in_all()
    campaign, first = Campaign.objects.get(), Investigation.objects.earliest("pk")
    found = {}
    with chromium.window(Look(width=390, scheme="dark")) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        for path in ("/", "/campaigns/", f"/investigations/{first.pk}/", f"/campaigns/{campaign.pk}/"):
            found[path] = window.faults(window.open(install.address(path)))
        said = window.text()
        window.do(lambda page: page.get_by_label("Reason").fill("Seen by Lena in all three mailboxes"))
        window.do(lambda page: page.get_by_role("button", name="Confirm: protect every agent").click())
        window.do(lambda page: page.wait_for_load_state())
        found["confirmed"] = window.faults()
        then = window.text()
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []
    assert "3 agents, 3 conversations" in said
    assert "every agent is protected from it" in then
    campaign.refresh_from_db()
    assert campaign.status == "confirmed"
