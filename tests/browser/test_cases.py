"""From a blocked call to a closed case in a real browser, for each seed story: by mouse, and by keyboard alone.

One goes each way in `make test`, the other four in `make thorough`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from investigations.models import Activity, Investigation, PlaybookStep
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# How many times Tab is pressed at most before something must have the focus.
_PATIENCE = 250
STORIES: dict[str, Callable[[], Investigation]] = {
    "invoice": lambda: Investigation.objects.get(agent_name="Supplier Invoices"),
    "document": lambda: Investigation.objects.exclude(document="").exclude(agent_name="Supplier Invoices").get(),
    "reconnaissance": lambda: Investigation.objects.get(kind__startswith="reconnaissance"),
}
BY_MOUSE, BY_KEYS = ["document"], ["reconnaissance"]
NOTE = "Read it: nobody of ours wrote that"
REASON = "Asked L. Brandt, it is no order of ours"


def _ways(short: list[str]) -> list[Any]:
    return [pytest.param(story, marks=() if story in short else pytest.mark.thorough) for story in STORIES]


@pytest.mark.parametrize("story", _ways(BY_MOUSE))
def test_an_analyst_closes_the_case_by_mouse(chromium: Chromium, scene: Scene, story: str) -> None:
    found = STORIES[story]()

    def work(page: Page) -> None:
        page.locator(f"a[href='/investigations/{found.pk}/']").first.click()
        expect(page.get_by_role("heading", name="Why it was")).to_be_visible()
        expect(page.locator("main mark").first).to_be_visible()
        page.get_by_role("button", name="Claim").click()
        expect(page.get_by_role("button", name="Give back")).to_be_visible()
        step = page.locator(".plays li").first
        step.locator("textarea").fill(NOTE)
        step.get_by_role("button", name="Done").click()
        expect(page.locator("#playbook header")).to_contain_text("1 of")
        page.get_by_role("radio", name="True positive").check()
        page.locator("#do textarea[name=reason]").first.fill(REASON)
        page.locator("#do").get_by_role("button", name="Close", exact=True).click()
        expect(page.get_by_text(f"Investigation {found.pk} is closed: True positive.")).to_be_visible()

    with chromium.window(Look()) as window:
        window.sign_in(scene.address("/"), username="ada", password=PASSWORD)
        window.do(work)
        assert window.faults() == []
    assert window.complaints == []
    _is_closed(found)


@pytest.mark.parametrize("story", _ways(BY_KEYS))
def test_an_analyst_closes_the_case_by_keyboard_alone(chromium: Chromium, scene: Scene, story: str) -> None:
    found = STORIES[story]()

    def work(page: Page) -> None:
        keys = page.keyboard
        page.goto(scene.address("/"))
        _tab_to(page, "input[name=username]")
        keys.type("ada")
        _tab_to(page, "input[name=password]")
        keys.type(PASSWORD)
        keys.press("Enter")
        expect(page.locator("[data-rows]")).to_be_visible()
        _walk_to(page, f"/investigations/{found.pk}/")
        keys.press("Enter")
        page.wait_for_url(f"**/investigations/{found.pk}/")
        keys.press("a")
        expect(page.get_by_role("button", name="Give back")).to_be_visible()
        _tab_to(page, ".plays textarea")
        keys.type(NOTE)
        _tab_to(page, ".plays button[value=done]")
        keys.press("Enter")
        expect(page.locator("#playbook header")).to_contain_text("1 of")
        keys.press("e")
        _tab_to(page, "#do input[name=disposition]")
        keys.press("Space")
        _tab_to(page, "#do textarea[name=reason]")
        keys.type(REASON)
        _tab_to(page, "#do button[type=submit]")
        keys.press("Enter")
        expect(page.get_by_text(f"Investigation {found.pk} is closed: True positive.")).to_be_visible()

    with chromium.window(Look()) as window:
        window.do(work)
    assert window.complaints == []
    _is_closed(found)


def _is_closed(found: Investigation) -> None:
    found.refresh_from_db()
    assert (found.status, found.disposition) == ("closed", "true_positive")
    assert found.assignee is not None
    assert PlaybookStep.objects.get().note == NOTE
    said = dict(Activity.objects.filter(investigation=found).values_list("kind", "text"))
    assert REASON in said["closed"]
    assert NOTE in said["step_marked"]


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, as somebody without a mouse does."""
    for _ in range(_PATIENCE):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"`{selector}` is not reached by Tab")


def _walk_to(page: Page, address: str) -> None:
    """Press j until the cursor stands on the row that leads to an address."""
    for _ in range(_PATIENCE):
        page.keyboard.press("j")
        if page.locator("tr.is-cursor a[data-open]").first.get_attribute("href") == address:
            return
    raise AssertionError(f"`{address}` is not reached by j")
