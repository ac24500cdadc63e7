"""A rule in a real browser: made from a call, approved by a second person, published, met by a call, rolled back."""

from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in_all
from policies.models import PolicyDraft, PolicyVersion
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install
from tests.guardrail.test_rules import payment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# the same forms are sent without scripts in tests/investigations/test_policy_rule.py, too
LOOKS = [Look(), pytest.param(Look(width=390, scheme="dark", scripts=False), marks=pytest.mark.thorough)]


def ask(install: Install, step: str) -> bool:
    """Whether the payment is stopped, asked over HTTP by what every web process judges by now."""
    housekeeper.refresh()
    body: dict[str, Any] = payment()
    body["conversationMetadata"] = {**body["conversationMetadata"], "conversationId": step, "planStepId": step}
    headers = {"Authorization": f"Bearer {install.token}"}
    with httpx.Client(base_url=install.url, headers=headers, timeout=60) as client:
        answer = client.post("/copilot-studio/analyze-tool-execution", json=body)
    take_in_all()
    return bool(answer.json()["blockAction"])


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_rule_from_a_call_to_the_next_call_and_back(chromium: Chromium, install: Install, look: Look) -> None:
    User.objects.create_superuser("ben", password=PASSWORD)
    assert ask(install, "first") is False
    verdict = Verdict.objects.get()
    with chromium.window(look) as hers, chromium.window(look) as his:
        hers.sign_in(install.address(f"/verdicts/{verdict.pk}/"), username="ada", password=PASSWORD)
        hers.do(lambda page: page.get_by_role("button", name="Make a rule from this call").click())
        hers.do(_fill_in)
        hers.do(lambda page: _reads(page, "Take it out of this draft"))
        assert hers.faults() == []
        hers.do(lambda page: page.get_by_role("button", name="Try it first").click())
        hers.do(lambda page: _reads(page, "Tried, not saved. It matches 1 of the newest call"))
        hers.do(lambda page: _see_impact(page, look))
        draft = PolicyDraft.objects.get()
        assert draft.document["rules"][0]["then"] == "hold"
        hers.open(install.address(f"/policies/drafts/{draft.pk}/rules/{draft.document['rules'][0]['name']}/"))
        hers.do(_fill_in)
        hers.do(lambda page: page.get_by_role("button", name="Save and test").click())
        hers.do(lambda page: _reads(page, "all 1 pass"))
        hers.do(lambda page: page.get_by_role("link", name="Back to the draft").click())
        hers.do(lambda page: page.get_by_label("Why this change").fill("Nobody pays without the treasurer"))
        hers.do(lambda page: page.get_by_role("button", name="Ask for review").click())
        his.sign_in(install.address(f"/policies/drafts/{draft.pk}/"), username="ben", password=PASSWORD)
        his.do(lambda page: page.get_by_role("button", name="Approve").click())
        his.do(lambda page: page.get_by_role("button", name="Publish").click())
        his.do(lambda page: _reads(page, "Published as v2"))
        assert ask(install, "second") is True
        his.open(install.address("/policies/rules/"))
        assert "dead" not in his.text()
        assert his.faults() == []
        his.open(install.address("/policies/1/"))
        his.do(lambda page: page.get_by_label("Why", exact=True).fill("The landlord is waiting"))
        his.do(lambda page: page.get_by_role("button", name="Roll back to v1").click())
        his.do(lambda page: _reads(page, "v3: Back to v1"))
        assert ask(install, "third") is False
    assert PolicyVersion.objects.count() == 3
    assert hers.complaints == his.complaints == []


def test_fields_follow_what_is_chosen_and_lose_nothing(chromium: Chromium, install: Install) -> None:
    assert ask(install, "first") is False
    with chromium.window(Look()) as window:
        window.sign_in(install.address(f"/verdicts/{Verdict.objects.get().pk}/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_role("button", name="Make a rule from this call").click())
        window.do(_choose_fields)
    assert window.complaints == []


def _reads(page: Page, text: str) -> None:
    """Wait for a text: a click returns while the next page is still coming in."""
    expect(page.locator("main")).to_contain_text(text)


def _fill_in(page: Page) -> None:
    page.get_by_label("Title").fill("No payments by this agent")
    page.get_by_role("radio", name="Block", exact=True).check()
    page.get_by_label("Stage", exact=True).select_option("enforce")


def _see_impact(page: Page, look: Look) -> None:
    if not look.scripts:
        page.get_by_role("link", name="What it would have changed, had it acted everywhere").click()
    expect(page.get_by_role("heading", name="What it would have changed").first).to_be_visible()


def _choose_fields(page: Page) -> None:
    page.get_by_label("Title").fill("Typed before")
    page.get_by_label("Condition 1", exact=True).select_option("time.hour")
    expect(page.get_by_label("Condition 1, how")).to_contain_text("is at least")
    fields = page.locator("select[name$='-field']")
    last = fields.count() + 1
    page.get_by_role("button", name="Add condition").click()
    expect(fields).to_have_count(last)
    page.get_by_label(f"Condition {last}", exact=True).select_option("arguments")
    page.get_by_label(f"Condition {last}, which argument").fill("amount")
    page.get_by_role("button", name="Remove condition 2").click()
    expect(page.get_by_label(f"Condition {last - 1}, which argument")).to_have_value("amount")
    page.get_by_role("button", name="Expression (CEL)").click()
    expect(page.get_by_label("Expression")).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Typed before")
