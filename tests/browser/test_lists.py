"""Destinations and exceptions in a real browser: a stopped call is let pass for good reason, without a barrier."""

from typing import Any

import httpx
import pytest

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.models import Destination, PolicyException
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install
from tests.restricting import THIEF, hijacked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# the same forms are sent without scripts in tests/investigations/test_allowing.py, too
LOOKS = [Look(width=390, scheme="dark"), pytest.param(Look(scripts=False), marks=pytest.mark.thorough)]


def ask(install: Install, **changes: Any) -> str:
    headers = {"Authorization": f"Bearer {install.token}"}
    answer = httpx.post(install.address("/v1/evaluate"), json=hijacked(**changes), headers=headers, timeout=30)
    return str(answer.json()["decision"])


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_stopped_call_is_let_pass_from_its_investigation(chromium: Chromium, install: Install, look: Look) -> None:
    assert ask(install) == "block"
    take_in_all()
    found = Investigation.objects.get()
    with chromium.window(look) as window:
        window.sign_in(install.address(f"/investigations/{found.pk}/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_role("link", name="Allow calls like this").click())
        window.do(lambda page: page.get_by_text("with this exception it passes").wait_for())
        faults = window.faults()
        window.do(lambda page: page.get_by_label("Why").fill("They print our price lists."))
        window.do(lambda page: page.get_by_role("button", name="Let such calls pass").click())
        window.do(lambda page: page.wait_for_url("**/policies/exceptions/**"))
        faults += window.faults()
        said = window.text()
        housekeeper.refresh()
        assert ask(install, conversation_id="c-2") == "allow"
        passed = Verdict.objects.latest("id")
        window.open(install.address(f"/verdicts/{passed.pk}/"))
        let_pass = window.text()
    assert PolicyException.objects.get().destinations == [THIEF]
    assert "They print our price lists." in said
    assert "Let pass by exception" in let_pass
    assert faults == []
    assert window.complaints == []


def test_the_list_of_destinations_has_no_barrier(chromium: Chromium, install: Install) -> None:
    for value, standing in (("evil.example", "denied"), ("kim@evil.example", "known"), ("contoso.com", "internal")):
        Destination.objects.create(value=value, standing=standing, note="As the contract says, until next summer.")
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/policies/destinations/"), username="ada", password=PASSWORD)
        faults = window.faults()
        window.do(lambda page: page.get_by_label("Pasted list").fill("fabrikam.example,partner\n(.*)+\n"))
        window.do(lambda page: page.get_by_role("button", name="Take it in").click())
        window.do(lambda page: page.get_by_text("Line 2:").wait_for())
        faults += window.faults()
        window.do(lambda page: page.get_by_label("Pasted list").fill("fabrikam.example,partner\n"))
        window.do(lambda page: page.get_by_role("button", name="Take it in").click())
        window.do(lambda page: page.get_by_text("1 added").wait_for())
    assert Destination.objects.get(value="fabrikam.example").standing == "partner"
    assert faults == []
    assert window.complaints == []
