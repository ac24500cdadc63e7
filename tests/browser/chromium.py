"""A real Chromium for tests, on a thread of its own.

Playwright's synchronous interface keeps an event loop running on the thread it lives on, and Django refuses the ORM
there. Switching that guard off would hide real mistakes; so the browser gets its thread, and the tests keep theirs.
"""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

T = TypeVar("T")
# What one step of a test may take, in seconds and for Playwright in milliseconds.
PATIENCE_SECONDS = 60
PATIENCE_MS = 15_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root there is no sandbox to be had; the rest keeps a closed network quiet.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error("content security policy: " + event.violatedDirective + " " + event.blockedURI);
});
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How wide the window is, which colours the system prefers, and whether scripts run."""

    width: int = 1280
    scheme: Literal["light", "dark"] = "light"
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}" + ("" if self.scripts else "-without-scripts")


class Window:
    """One window with cookies of its own. `complaints` are the page's errors and refused loads so far."""

    def __init__(self, chromium: "Chromium", page: Page, *, scripts: bool) -> None:
        self._chromium = chromium
        self._page = page
        self._scripts = scripts
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def do(self, steps: Callable[[Page], T]) -> T:
        """Run `steps` on the browser's thread and return what they return. No ORM inside."""
        return self._chromium.call(lambda: steps(self._page))

    def open(self, url: str) -> int:
        """Go to an address and return the status."""

        def steps(page: Page) -> int:
            response = page.goto(url)
            return response.status if response else 0

        return self.do(steps)

    def sign_in(self, url: str, *, username: str, password: str) -> None:
        """Sign in by the form, from the page that asked for it."""

        def steps(page: Page) -> None:
            page.goto(url)
            page.get_by_label("User name").fill(username)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(url)

        self.do(steps)

    def text(self) -> str:
        """What a reader sees in the main part of the page."""
        return self.do(lambda page: page.locator("main").inner_text())

    def sideways_pixels(self) -> int:
        """By how much the page is wider than its window."""
        found = self.do(
            lambda page: page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )
        return int(found)

    def barriers(self) -> list[str]:
        """The WCAG 2.2 A and AA rules this page breaks, each with the first element that does.

        None in a window without scripts: what looks for them is a script, and would wait for ever.
        """
        if not self._scripts:
            return []
        rules = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": list(WCAG_22_AA)}}
        violations: list[dict[str, Any]] = self.do(lambda page: Axe().run(page, options=rules).response["violations"])
        return [f"{found['id']}: {found['nodes'][0]['html'][:200]}" for found in violations]

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium reports a page that answers 4xx as an error of its own; the tests look at statuses themselves
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.complaints.append(f"{self._page.url}: {message.text}")


class Chromium:
    """The browser and its thread."""

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chromium")
        self._playwright: Playwright = self.call(lambda: sync_playwright().start())
        self._browser: Browser = self.call(
            lambda: self._playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        )

    def call(self, steps: Callable[[], T]) -> T:
        """Run `steps` on the browser's thread."""
        return self._thread.submit(steps).result(timeout=PATIENCE_SECONDS)

    @contextmanager
    def window(self, look: Look) -> Iterator[Window]:
        """A fresh window, closed at the end."""
        context = self.call(lambda: self._context(look))
        try:
            yield Window(self, self.call(context.new_page), scripts=look.scripts)
        finally:
            self.call(context.close)

    def close(self) -> None:
        self.call(self._browser.close)
        self.call(self._playwright.stop)
        self._thread.shutdown()

    def _context(self, look: Look) -> BrowserContext:
        context = self._browser.new_context(
            viewport={"width": look.width, "height": 800},
            color_scheme=look.scheme,
            java_script_enabled=look.scripts,
            locale="en-US",
        )
        context.set_default_timeout(PATIENCE_MS)
        if look.scripts:
            context.add_init_script(_TELL_VIOLATIONS)
        return context


def find_chromium() -> str | None:
    """The path of an installed Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)
