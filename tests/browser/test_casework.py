"""Casework in a real browser: rows are picked by keyboard and acted on, and every page of it is usable by everybody."""

import pytest

from investigations.models import Investigation
from tests.browser.chromium import Chromium, Look
from tests.browser.conftest import PASSWORD, Scene
from tests.investigations.cases import case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_rows_are_picked_by_keyboard_kept_while_new_ones_are_shown_and_commented(
    chromium: Chromium, scene: Scene
) -> None:
    rows = [case(f"row {number}", severity=4) for number in range(3)]
    with chromium.window(Look()) as window:
        window.sign_in(scene.address("/?view=open&q=row"), username="ada", password=PASSWORD)
        window.open(scene.address("/?view=open&q=row"))
        for _ in range(2):
            window.do(lambda page: page.keyboard.press("j"))
            window.do(lambda page: page.keyboard.press("x"))
        assert "2 picked" in window.text()
        case("row, new", severity=4)
        window.open(scene.address("/?view=open&q=row"))
        assert "2 picked" in window.text()
        assert "row, new" in window.text()
        window.do(lambda page: page.keyboard.press("c"))
        window.do(lambda page: page.get_by_text("Comment: 2 investigations.").wait_for())
        window.do(lambda page: page.get_by_label("Note").fill("Seen in the morning round."))
        window.do(lambda page: page.get_by_role("button", name="Comment 2").click())
        window.do(lambda page: page.get_by_role("button", name="Undo").first.wait_for())
        assert window.complaints == []
    commented = [row for row in rows if row.activities.filter(kind="commented").exists()]
    assert len(commented) == 2


def test_everybody_can_use_the_pages_of_casework(chromium: Chromium, scene: Scene) -> None:
    Investigation.objects.filter(pk=scene.invoice.pk).update(document="Plan.docx")
    other = case("another one", document="Plan.docx")
    paths = [
        *("/?view=open&sort=due", "/queue/views/?view=open", "/queue/clocks/", "/queue/remediation/"),
        *("/investigations/new/", f"/investigations/merge/?n={scene.invoice.pk}&n={other.pk}"),
        *(f"/investigations/{scene.invoice.pk}/{part}" for part in ("", "split/", "notices/")),
    ]
    found = {}
    with chromium.window(Look()) as window:
        window.sign_in(scene.address("/"), username="ada", password=PASSWORD)
        for path in paths:
            found[path] = window.faults(window.open(scene.address(path)))
    assert {path: faults for path, faults in found.items() if faults} == {}
    assert window.complaints == []
