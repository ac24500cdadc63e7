"""The policy workbench in a real browser: written, contested, approved by a second person, published, rolled back."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from policies.models import PolicyDraft, PolicyVersion
from policies.services.drafts import open_draft, save_draft
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# the same forms are sent without scripts in tests/policies, too
LOOKS = [Look(), pytest.param(Look(width=390, scheme="dark", scripts=False), marks=pytest.mark.thorough)]

RULES = [
    {
        "name": "pay-by-day",
        "title": "Payments by day only",
        "when": 'tool.kind == "pay" && (time.hour < 6 || time.hour > 20)',
        "then": "hold",
        "severity": "high",
        "explanation": "Nobody of ours pays at night.",
    },
    {"name": "known-payroll", "title": "The payroll", "when": 'agent.id == "payroll"', "then": "allow", "priority": 10},
]


def test_no_page_of_the_policy_has_a_barrier(chromium: Chromium, install: Install) -> None:
    ada = User.objects.get(username="ada")
    draft = open_draft(title="Pay by day", actor=ada)
    named = {"actions": {**draft.document["actions"], "tool_new": {"strict": "hold", "cautious": "notice"}}}
    save_draft(draft.pk, changes={"rules": RULES, **named}, revision=1, actor=ada)
    found = {}
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/policies/"), username="ada", password=PASSWORD)
        for path in ("/policies/", "/policies/import/", "/policies/1/", f"/policies/drafts/{draft.pk}/"):
            found[path] = window.faults(window.open(install.address(path)))
        window.do(lambda page: page.get_by_label("Instruction from outside text, instruction_followed, strict").focus())
        window.do(lambda page: page.get_by_role("button", name="Save the draft").click())
        faults = window.faults()
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert faults == []
    assert window.complaints == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_two_people_write_approve_publish_and_go_back(chromium: Chromium, install: Install, look: Look) -> None:
    User.objects.create_superuser("ben", password=PASSWORD)
    with chromium.window(look) as hers, chromium.window(look) as his:
        hers.sign_in(install.address("/policies/"), username="ada", password=PASSWORD)
        his.sign_in(install.address("/policies/"), username="ben", password=PASSWORD)
        hers.do(lambda page: page.get_by_label("Begin one from v1").fill("New tools wait"))
        hers.do(lambda page: page.get_by_role("button", name="New draft").click())
        draft = PolicyDraft.objects.get()
        address = install.address(f"/policies/drafts/{draft.pk}/")
        his.open(address)
        hers.do(lambda page: _choose(page, "tool_new, strict", "hold"))
        assert "strict: hold" in hers.text()
        his.do(lambda page: _choose(page, "Unusual time of day, time_unusual, strict", "hold"))
        assert "Somebody else saved meanwhile" in his.text()
        assert his.faults() == []
        his.do(lambda page: page.get_by_role("link", name="Leave mine, keep theirs").click())
        hers.do(lambda page: page.get_by_label("Why this change").fill("New tools are looked at first"))
        hers.do(lambda page: page.get_by_role("button", name="Ask for review").click())
        his.open(address)
        his.do(lambda page: page.get_by_role("button", name="Approve").click())
        his.do(lambda page: page.get_by_role("button", name="Publish").click())
        assert "Published as v2" in his.text()
        his.open(install.address("/policies/1/"))
        his.do(lambda page: page.get_by_label("Why", exact=True).fill("It held the payroll"))
        his.do(lambda page: page.get_by_role("button", name="Roll back to v1").click())
        assert "v3: Back to v1" in his.text()
    assert PolicyVersion.objects.count() == 3
    assert hers.complaints == his.complaints == []


def _choose(page: Page, label: str, action: str) -> None:
    page.get_by_label(label).select_option(action)
    page.get_by_role("button", name="Save the draft").click()
