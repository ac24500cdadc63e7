"""The pages of data classes in a real browser: nobody is shut out, nothing runs off the screen, and a text is tried."""

import pytest
from playwright.sync_api import Page

from guardrail.fingerprinting import take
from policies.models import ClassifiedFile, DataClass, PolicyDraft
from policies.services.class_recognisers import DictionarySettings, PatternSettings, save_dictionary, save_pattern
from policies.services.classes import ClassSettings, add_class
from policies.services.drafts import open_draft, save_draft
from policies.services.fingerprints import save_fingerprints
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PLAN = " ".join(f"Berth {number} of the pier is let to line {number * 7} until spring." for number in range(30))
LONG = "sites/finance/shared-documents-of-the-board-and-of-nobody-else/that-have-a-name-without-any-end/*"


@pytest.fixture
def classes(install: Install) -> Install:
    """Four classes of every kind of recognition, a document known by its text, and a draft of the table."""
    add_class(ClassSettings(name="public", may_leave=True, note="Anybody may have it"), actor=None)
    add_class(ClassSettings(name="internal", may_leave=True), actor=None)
    found = ("card", "identity")
    add_class(ClassSettings(name="confidential", may_leave=False, kinds=found, terms=("project heron",)), actor=None)
    places = (LONG, "**/board/*.xlsx")
    top = add_class(
        ClassSettings(name="restricted", may_leave=False, places=places, labels=("Leadership",)), actor=None
    )
    names = DictionarySettings(name="Take-overs", phrases="northern lantern\nblue heron", fewest=2)
    save_dictionary(top.pk, names, revision=1, actor=None)
    deals = PatternSettings(name="Deals", pattern=r"\bDL-[0-9]{6}\b", sample="DL-471108")
    save_pattern(top.pk, deals, revision=2, actor=None)
    save_fingerprints([take(PLAN.encode(), name="Plan of the berths.docx")], data_class="restricted", actor=None)
    for name in ("/sites/Board/", f"/sites/Treasury/{LONG}/rates 2026 with a name that goes on.xlsx"):
        ClassifiedFile.objects.create(name=name, file_id="b!9f31c0", owner="ana@adatum.example", data_class=top)
    draft = open_draft(title="What may go where", actor=None)
    flows = {"restricted": {"internal": "notice", "known": "hold"}, "gone": {"known": "block"}}
    save_draft(draft.pk, changes={"flows": flows}, revision=1, actor=None)
    return install


def test_no_page_of_it_has_a_barrier_or_runs_off_the_screen(chromium: Chromium, classes: Install) -> None:
    top = DataClass.objects.get(name="restricted")
    one = f"/policies/classes/{top.pk}/"
    draft = f"/policies/drafts/{PolicyDraft.objects.get().pk}/"
    paths = (
        "/policies/classes/", one, f"{one}patterns/{top.patterns.get().pk}/",
        f"{one}dictionaries/{top.dictionaries.get().pk}/", "/policies/classes/documents/", "/policies/classes/files/",
        draft, f"{draft}flows/",
    )  # fmt: skip
    found = {}
    with chromium.window(Look()) as window:
        window.sign_in(classes.address("/policies/classes/"), username="ada", password=PASSWORD)
        for path in paths:
            status = window.open(classes.address(path))
            found[path] = window.faults(status)
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []


def test_a_text_is_tried_without_scripts(chromium: Chromium, classes: Install) -> None:
    def fill(page: Page) -> None:
        page.get_by_label("Text", exact=True).fill("On Northern Lantern: DL-471108 is signed on Monday.")
        page.get_by_role("button", name="Look for classes").click()
        page.get_by_role("cell", name="the pattern “Deals”").wait_for()

    with chromium.window(Look(width=390, scripts=False)) as window:
        window.sign_in(classes.address("/policies/classes/"), username="ada", password=PASSWORD)
        window.do(fill)
        said = window.text()
    assert "1 of 2 different ones needed" in said
