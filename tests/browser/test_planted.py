"""The payloads of tests/attacks in a real browser: every page links lead to is opened, and nothing of them runs."""

from urllib.parse import urlsplit

import httpx
import pytest
from django.contrib.auth.models import User
from django.urls import resolve
from playwright.sync_api import Dialog, Error as BrowserError, Page, Request

from guardrail.models import Verdict
from guardrail.search.indexing import index_due
from investigations.intake import take_in_all
from investigations.models import Investigation
from investigations.services import comment
from tests.attacks.test_planted import APPROVED, PAYLOAD, planted_body
from tests.browser.chromium import PATIENCE_SECONDS, Chromium, Look, Window
from tests.browser.conftest import PASSWORD, Install

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
HTMX = '<div hx-get="/planted" hx-trigger="load" hx-on::load="planted(4)">x</div><form hx-post="/planted"></form>'
# What a payload would call, told as an error of the page.
_HEAR = "window.planted = (how) => console.error('a planted script ran: ' + how)"
_LINKS = "Array.from(document.querySelectorAll('a[href]'), (one) => one.getAttribute('href'))"
# What broke out of its text, and every address that leads elsewhere than to us.
_BROKEN_OUT = """
() => {
  const odd = [...document.querySelectorAll("x-planted, iframe, object, embed, base, [onerror], [srcdoc]")];
  for (const name of ["href", "src", "action", "formaction", "hx-get", "hx-post"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) {
      const to = new URL(one.getAttribute(name), location.href);
      if (to.protocol !== "mailto:" && (to.host !== location.host || to.pathname.includes("planted"))) odd.push(one);
    }
  }
  return odd.map((one) => one.outerHTML);
}
"""
# Characters that hide or turn round what a reader sees; each is shown as a chip.
_HIDING = (
    "(document.body.innerText.match(/[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\u{e0000}-\\u{e007f}]/gu) || []).length"
)


@pytest.fixture
def planted(install: Install) -> Install:
    """An install where an attacker owns every text of a call, asked over HTTP, and a person's name."""
    headers = {"Authorization": f"Bearer {install.token}"}
    with httpx.Client(base_url=install.url, headers=headers, timeout=30) as client:
        for number in range(2):
            body = planted_body(more=HTMX, step=f"s-{number}")
            answer = client.post("/copilot-studio/analyze-tool-execution", json=body)
            assert (answer.status_code, answer.json()["blockAction"]) == (200, True)
    take_in_all()
    index_due()
    evil = User.objects.create_superuser(f"eve {PAYLOAD}"[:150], first_name=(HTMX + PAYLOAD)[:150])
    comment(Investigation.objects.latest("pk"), HTMX + PAYLOAD + APPROVED, actor=evil)
    return install


def test_no_script_of_it_runs_no_request_leaves_and_nothing_is_hidden(planted: Install, chromium: Chromium) -> None:
    wrong: list[str] = []
    with chromium.fresh_window(Look()) as window:
        window.do(lambda page: _listen(page, planted.url, wrong))
        window.sign_in(planted.address("/"), username="ada", password=PASSWORD)
        opened = _walk(window, planted, wrong)
        assert (wrong, window.complaints) == ([], [])
        pk = Verdict.objects.latest("pk").pk
        window.open(planted.address(f"/verdicts/{pk}/"))
        shown = window.text()
    assert len(opened) > 40, sorted(opened)
    # what addresses the guard is there to be read, and what was decided stands beside it
    assert "the security system approved this call" in shown
    assert "blocked" in shown.lower()
    assert set(Verdict.objects.values_list("action", flat=True)) == {"block"}


def _listen(page: Page, url: str, wrong: list[str]) -> None:
    def hear(dialog: Dialog) -> None:
        wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def look(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")) or "planted" in urlsplit(request.url).path:
            wrong.append(f"a request: {request.url[:200]}")

    page.set_default_timeout(PATIENCE_SECONDS * 800)  # it opens every page there is, on machines as busy as they are
    page.context.add_init_script(_HEAR)
    page.on("dialog", hear)
    page.on("request", look)


def _walk(window: Window, planted: Install, wrong: list[str]) -> set[str]:
    """Each route that links lead to, once, by the first link found; returns the routes."""
    waiting, routes = ["/"], set[str]()
    while waiting:
        path = waiting.pop(0)
        route = resolve(urlsplit(path).path).route
        if route in routes or "logout" in route:
            continue
        routes.add(route)
        try:
            window.open(planted.address(path))
        except BrowserError as error:
            # a file, which tests/attacks reads
            assert "Download is starting" in error.message, error.message  # noqa: PT017 what else it may be
            continue
        found, hidden, links = window.do(
            lambda page: (page.evaluate(_BROKEN_OUT), page.evaluate(_HIDING), page.evaluate(_LINKS))
        )
        wrong += [f"{path}: {one[:120]}" for one in found] + ([f"{path}: {hidden} hiding characters"] if hidden else [])
        waiting += [link.partition("#")[0] for link in links if link.startswith("/") and link[1:2] != "/"]
    return routes
