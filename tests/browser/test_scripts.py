"""What our one script file adds, in a real browser: keys, the theme, deep links, news; and hostile text beside it."""

from typing import Any

import pytest

from investigations.intake import take_in_all
from investigations.models import Investigation, InvestigationCall
from policies.models import PersonSession
from tests import told
from tests.browser.chromium import Chromium, Look, Window
from tests.browser.conftest import PASSWORD, Install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    "</pre></details><iframe src=javascript:document.title='owned'></iframe>\u202egnp.exe\u2066 \u200b"
    '"><svg onload="document.title=1"><a href="javascript:document.title=2">here</a><form action="https://evil.example">'
)

_TRY = "try {{ {} ; return 'done'; }} catch (error) {{ return error.name; }}"
# Ways from a text to markup, or to a script, that an attacker who got into a page would take.
_MARKUP = tuple(
    _TRY.format(way)
    for way in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
        "document.createElement('script').src = '/static/app.js'",
        "document.createElement('script').text = '1'",
        "trustedTypes.createPolicy('another', {createHTML: (html) => html})",
        "setTimeout('1')",
    )
)


def opened(**changes: Any) -> Investigation:
    """The investigation of one stopped call."""
    told.record_story(**changes)
    take_in_all()
    return Investigation.objects.latest("pk")


def test_keys_walk_the_queue_open_a_case_and_its_steps(chromium: Chromium, install: Install) -> None:
    opened(agent_id="a-1", conversation="c-1", mail=told.MAIL.replace("Berth request", "Another"))
    found = opened()
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.keyboard.type("jjkj"))
        row = window.do(lambda page: page.locator("tr.is-cursor a[data-open]").get_attribute("href"))
        window.do(lambda page: page.keyboard.press("Enter"))
        window.do(lambda page: page.wait_for_url("**/investigations/*/"))
        window.do(lambda page: page.keyboard.press("j"))
        first_step = window.do(lambda page: page.locator("#request details").get_attribute("open"))
        window.do(lambda page: page.keyboard.press("/"))
        focused = window.do(lambda page: page.evaluate("document.activeElement.id"))
        address = window.do(lambda page: page.url)
        call = InvestigationCall.objects.filter(investigation=found).values_list("verdict_id", flat=True)[0]
        window.open(install.address(f"/verdicts/{call}/replay/?step=1"))
        for key, step in (("ArrowRight", 2), ("ArrowLeft", 1), ("j", 2), ("k", 1)):
            _press(window, key, f"**/replay/?step={step}")
    assert row == f"/investigations/{found.pk}/"
    assert address.endswith(row)
    assert first_step is not None
    assert focused == "search"
    assert window.complaints == []


def _press(window: Window, key: str, address: str) -> None:
    window.do(lambda page: page.keyboard.press(key))
    window.do(lambda page: page.wait_for_url(address))


def test_the_list_of_keys_opens_and_closes_from_the_keyboard(chromium: Chromium, install: Install) -> None:
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/verdicts/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.keyboard.press("?"))
        shown = window.do(lambda page: page.locator("#keys").is_visible())
        faults = window.faults()
        window.do(lambda page: page.keyboard.press("Escape"))
        hidden = window.do(lambda page: page.locator("#keys").is_hidden())
    assert (shown, hidden, faults) == (True, True, [])


def test_the_chosen_look_stays_on_the_next_page_and_over_the_systems(chromium: Chromium, install: Install) -> None:
    theme = "document.documentElement.dataset.bsTheme"
    with chromium.window(Look(scheme="dark")) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        by_system = window.do(lambda page: page.evaluate(theme))
        window.do(lambda page: page.locator("summary.top-me").click())
        window.do(lambda page: page.get_by_role("button", name="Light").click())
        window.open(install.address("/verdicts/"))
        chosen = window.do(lambda page: page.evaluate(theme))
    assert (by_system, chosen) == ("dark", "light")
    assert window.complaints == []


def test_a_link_to_a_step_opens_that_step(chromium: Chromium, install: Install) -> None:
    found = opened()
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        window.open(install.address(f"/investigations/{found.pk}/#output-0"))
        seen = window.do(lambda page: page.locator("#output-0").inner_text())
    assert told.DATA in seen


def test_what_came_in_is_counted_without_moving_what_one_reads(chromium: Chromium, install: Install) -> None:
    opened()
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        before = window.do(lambda page: page.locator("tbody tr").first.bounding_box())
        opened(agent_id="a-2", conversation="c-2")
        window.do(lambda page: page.evaluate("window.dispatchEvent(new Event('focus'))"))
        window.do(lambda page: page.get_by_text("1 new, show it").wait_for())
        after = window.do(lambda page: page.locator("tbody tr").first.bounding_box())
        rows = window.do(lambda page: page.locator("tbody tr").count())
        window.do(lambda page: page.get_by_text("1 new, show it").click())
        window.do(lambda page: page.locator("tbody tr").nth(1).wait_for())
        complaints = list(window.complaints)
        # htmx has put answers into the page; nothing else becomes markup or a script, and the browser says so
        made = window.do(lambda page: [page.evaluate(f"() => {{ {way} }}") for way in _MARKUP])
    assert before == after
    assert rows == 1
    assert made == ["TypeError"] * len(_MARKUP)
    assert complaints == []


def test_whoever_was_signed_out_meanwhile_is_led_to_sign_in(chromium: Chromium, install: Install) -> None:
    opened()
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/?view=open"), username="ada", password=PASSWORD)
        PersonSession.objects.all().delete()
        window.do(lambda page: page.evaluate("window.dispatchEvent(new Event('focus'))"))
        window.do(lambda page: page.wait_for_url("**/login/**"))
        said = window.text()
    assert "Sign in" in said
    assert "Queue" not in said


def test_a_filter_leaves_only_what_was_set_in_the_address(chromium: Chromium, install: Install) -> None:
    opened()
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        window.do(lambda page: page.get_by_text("Filters", exact=True).click())
        window.do(lambda page: page.get_by_label("Severity").select_option("4"))
        window.do(lambda page: page.locator(".filters .menu-in button").click())
        window.do(lambda page: page.wait_for_url("**/?*severity=4*"))
        address = window.do(lambda page: page.url)
        faults = window.faults()
    assert address == install.address("/?severity=4&sort=due")
    assert faults == []


def test_a_hostile_transcript_is_text_and_nothing_else(chromium: Chromium, install: Install) -> None:
    found = opened(
        mail=told.MAIL + HOSTILE, tool=f"Send {HOSTILE}", agent=f"Desk {HOSTILE}", conversation=f"c{HOSTILE}"
    )
    call = found.call_set.get().verdict_id
    with chromium.window(Look()) as window:
        window.sign_in(install.address("/"), username="ada", password=PASSWORD)
        for path in ("/", f"/investigations/{found.pk}/", "/verdicts/", f"/verdicts/{call}/"):
            window.open(install.address(path))
            window.do(
                lambda page: page.evaluate(
                    "document.querySelectorAll('main details').forEach((one) => { one.open = true })"
                )
            )
            foreign = window.do(
                lambda page: page.locator("main img, main iframe, main a[href^=javascript], form[action*=evil]").count()
            )
            title = window.do(lambda page: page.title())
            assert foreign == 0
            assert title.endswith("· Guardrail")
            assert window.faults() == []
    assert window.complaints == []
