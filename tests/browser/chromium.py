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
from urllib.parse import urljoin

from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

T = TypeVar("T")
Scheme = Literal["light", "dark"]
# What one step of a test may take, in seconds and for Playwright in milliseconds.
PATIENCE_SECONDS = 60
PATIENCE_MS = 15_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root there is no sandbox to be had; the rest keeps a closed network quiet.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_AXE = Axe()
_WCAG_22_AA = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
# The rules among them that go by colours: in the second scheme nothing else can differ, and by width they do not.
_OF_COLOUR = ["color-contrast", "link-in-text-block"]
# the way to an element, which nobody reads here, took a third of the time (2026-11)
_ASKED = {"resultTypes": ["violations"], "selectors": False}
WIDTHS = (1280, 390)
HEIGHT = 800
# Unfolded, and with nothing under the header that stays: by how many pixels it is too wide, and ids borne twice.
_LAYOUT = """
() => {
  document.querySelectorAll("main details").forEach((one) => { one.open = true });
  window.scrollTo(0, 0);
  const ids = Array.from(document.querySelectorAll("[id]"), (one) => one.id);
  const { scrollWidth, clientWidth } = document.documentElement;
  return [scrollWidth - clientWidth, ids.filter((id, at) => ids.indexOf(id) < at), "axe" in window];
}
"""
# True where the page has followed the system to a scheme, or somebody chose one.
_SHOWS = "(scheme) => localStorage.getItem('guardrail-theme') || document.documentElement.dataset.bsTheme === scheme"
# Each rule that is broken, with the first element that breaks it.
_BROKEN = """
async (options) => (await axe.run(options)).violations.map((rule) => rule.id + ": " + rule.nodes[0].html.slice(0, 200))
"""
# Rules of colour that are broken, and the kinds of text that broke none. Of one kind is what these rules cannot tell
# apart: by letters, by all that shows behind them, by whether they are idle or too few to be sure of, and for a link by
# the text around it. Three of a kind are asked about, and none where the kind is known.
_OF_KINDS = """
async ([known, options]) => {
  const kinds = new Map(), layers = new Map([[null, ""]]);
  const plain = "rgba(0, 0, 0, 0),none,1,normal,static,auto,none";
  const behind = (one) => {
    if (!layers.has(one)) {
      const looks = getComputedStyle(one);
      const { backgroundColor, backgroundImage, opacity, mixBlendMode, position, clip, clipPath } = looks;
      const own = [backgroundColor, backgroundImage, opacity, mixBlendMode, position, clip, clipPath].join();
      layers.set(one, behind(one.parentElement) + (own === plain ? "" : own + "|"));
    }
    return layers.get(one);
  };
  const around = (link) => {
    let block = link.parentElement;
    while (getComputedStyle(block).display === "inline") block = block.parentElement;
    const { textDecorationLine, borderBottomWidth } = getComputedStyle(link);
    const alone = block.textContent.trim() === link.textContent.trim();
    return [alone, getComputedStyle(block).color, textDecorationLine, borderBottomWidth].join();
  };
  for (const one of document.body.querySelectorAll("*")) {
    const says = Array.from(one.childNodes).some((part) => part.nodeType === Node.TEXT_NODE && part.data.trim());
    if (!says && !one.matches("input, select, textarea")) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    const { color, fontSize, fontWeight, textShadow } = getComputedStyle(one);
    const idle = one.closest(":disabled, [aria-disabled='true']") || one.closest("label")?.control?.disabled;
    const few = !/[\\p{L}\\p{N}].*[\\p{L}\\p{N}]/su.test(one.textContent);
    const link = one.closest("a[href]");
    const letters = [color, fontSize, fontWeight, textShadow, one.type, Boolean(idle), few].join();
    const kind = [letters, link && around(link), behind(one)].join();
    if (!kinds.has(kind)) kinds.set(kind, []);
    if (kinds.get(kind).length < 3) kinds.get(kind).push(one);
  }
  known.forEach((kind) => kinds.delete(kind));
  if (!kinds.size) return [[], []];
  const found = await axe.run({ include: Array.from(kinds.values()).flat() }, options);
  const fine = new Set(found.passes.filter((rule) => rule.id === "color-contrast").flatMap((rule) => rule.nodes)
    .map((node) => node.element));
  return [
    found.violations.map((rule) => rule.id + ": " + rule.nodes[0].html.slice(0, 200)),
    Array.from(kinds).filter(([, members]) => members.some((one) => fine.has(one))).map(([kind]) => kind),
  ];
}
"""
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error("content security policy: " + event.violatedDirective + " " + event.blockedURI);
});
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How wide the window is, which colours the system prefers, and whether scripts run."""

    width: int = 1280
    scheme: Scheme = "light"
    scripts: bool = True

    def __str__(self) -> str:
        return f"{self.scheme}-{self.width}" + ("" if self.scripts else "-without-scripts")


class Window:
    """One window with cookies of its own. `complaints` are the page's errors and refused loads so far."""

    def __init__(self, chromium: "Chromium", page: Page, look: Look) -> None:
        self._chromium = chromium
        self._page = page
        self._look = look
        self._heard: dict[Any, Callable[[Any], None]] = {
            "console": self._hear,
            "pageerror": lambda error: self.complaints.append(f"{page.url}: {error}"),
        }
        self.complaints: list[str] = []
        self.do(self._begin)

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
        """Come to an address as somebody who has signed in: with the cookies that the form's answer sets."""
        person = Client(headers={"user-agent": self._chromium.user_agent})
        answer = person.post("/login/", {"username": username, "password": password})
        assert answer.status_code == 302, answer.content
        host = urljoin(url, "/")

        def steps(page: Page) -> None:
            page.context.add_cookies(
                [{"name": name, "value": cookie.value, "url": host} for name, cookie in person.cookies.items()]
            )
            page.goto(url)

        self.do(steps)

    def sign_in_by_form(self, url: str, *, username: str, password: str) -> None:
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

    def faults(self, status: int = 200) -> list[str]:
        """What is wrong with the page, unfolded, at each width, and its colours in each scheme.

        The window stays as it was. Wrong is an answer other than 200, pixels it is too wide, an id borne twice, and
        each WCAG 2.2 A and AA rule it breaks, with the first element that does. Colours that were on no page before are
        asked for at the first of the widths, in both schemes.
        A window without scripts asks no rule: what asks is a script itself.
        """
        found = [] if status == 200 else [f"status {status}"]
        for look in self._looks():
            steps = _faults_in(look, coloured=look.width == WIDTHS[0], known=self._chromium.colours)
            found += [f"{look}: {fault}" for fault in self.do(steps)]
        self.do(lambda page: _turn(page, self._look))
        return found

    def _looks(self) -> list[Look]:
        """Each width in one scheme, since none moves a thing; for colours, the first of them in the other, too."""
        scripts = self._look.scripts
        schemes: tuple[Scheme, ...] = ("light", "dark") if scripts else (self._look.scheme,)
        plain = [Look(width=width, scheme=schemes[0], scripts=scripts) for width in WIDTHS]
        return plain + [Look(width=WIDTHS[0], scheme=scheme, scripts=scripts) for scheme in schemes[1:]]

    def end(self) -> None:
        """Leave nothing behind for the next one: no request under way, no cookie, nothing stored."""

        def steps(page: Page) -> None:
            for name, hear in self._heard.items():
                page.remove_listener(name, hear)
            if self._look.scripts:
                page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.goto("about:blank")
            page.mouse.move(0, 0)
            page.context.clear_cookies()

        self.do(steps)

    def _begin(self, page: Page) -> None:
        for name, hear in self._heard.items():
            page.on(name, hear)
        page.set_viewport_size({"width": self._look.width, "height": HEIGHT})
        # a colour on its way to another is neither
        page.emulate_media(color_scheme=self._look.scheme, reduced_motion="reduce")

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium reports a page that answers 4xx as an error of its own; the tests look at statuses themselves
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.complaints.append(f"{self._page.url}: {message.text}")


class Chromium:
    """The browser and its thread. A window that a test is done with is handed to the next one."""

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chromium")
        self._playwright: Playwright = self.call(lambda: sync_playwright().start())
        self._browser: Browser = self.call(
            lambda: self._playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        )
        # kinds of text whose colours were asked about, with nothing found
        self.colours: set[str] = set()
        # by whether scripts run in it: nothing else of a page cannot be changed
        self._idle: dict[bool, list[Page]] = {True: [], False: []}
        self._idle[True].append(self.call(lambda: self._page(scripts=True)))
        self.user_agent: str = self.call(lambda: self._idle[True][0].evaluate("navigator.userAgent"))

    def call(self, steps: Callable[[], T]) -> T:
        """Run `steps` on the browser's thread."""
        return self._thread.submit(steps).result(timeout=PATIENCE_SECONDS)

    @contextmanager
    def window(self, look: Look) -> Iterator[Window]:
        """A window nobody has been at, or that is like one: a new one took 1.1 s of processor time (2026-11)."""
        idle = self._idle[look.scripts]
        page = idle.pop() if idle else self.call(lambda: self._page(scripts=look.scripts))
        try:
            window = Window(self, page, look)
            yield window
            window.end()
        except BaseException:
            self.call(page.context.close)
            raise
        idle.append(page)

    @contextmanager
    def fresh_window(self, look: Look) -> Iterator[Window]:
        """A window of its own, for a test that leaves it otherwise than the next one may find it."""
        page = self.call(lambda: self._page(scripts=look.scripts))
        try:
            yield Window(self, page, look)
        finally:
            self.call(page.context.close)

    def close(self) -> None:
        self.call(self._browser.close)
        self.call(self._playwright.stop)
        self._thread.shutdown()

    def _page(self, *, scripts: bool) -> Page:
        context = self._browser.new_context(java_script_enabled=scripts, locale="en-US")
        context.set_default_timeout(PATIENCE_MS)
        if scripts:
            context.add_init_script(_TELL_VIOLATIONS)
        return context.new_page()


def find_chromium() -> str | None:
    """The path of an installed Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def _turn(page: Page, look: Look) -> None:
    """Show a window as `look` says."""
    page.set_viewport_size({"width": look.width, "height": HEIGHT})
    page.emulate_media(color_scheme=look.scheme)


def _faults_in(look: Look, *, coloured: bool, known: set[str]) -> Callable[[Page], list[str]]:
    """The steps that turn a window to `look` and say what is wrong with the page in it.

    Colours where they are not asked for, and in the second scheme all other rules, are asked for in another look.
    """

    def steps(page: Page) -> list[str]:
        _turn(page, look)
        wide, twice, has_axe = page.evaluate(_LAYOUT)
        faults = [f"{wide} pixels too wide"] if wide > 0 else []
        faults += [f"more than one element is #{name}" for name in twice]
        if not look.scripts:
            return faults
        page.wait_for_function(_SHOWS, arg=look.scheme)
        if not has_axe:
            page.evaluate(_AXE.axe_script)
        if look.scheme == "light":
            off = {name: {"enabled": False} for name in _OF_COLOUR}
            faults += page.evaluate(_BROKEN, _ASKED | {"runOnly": _WCAG_22_AA, "rules": off})
        return faults + (_faults_of_colour(page, known) if coloured else [])

    return steps


def _faults_of_colour(page: Page, known: set[str]) -> list[str]:
    """What is wrong with colours that were on no page before; those with nothing wrong are `known` from now on.

    To ask about each text of each page was a third of what a page took: axe looks at all that lies behind it.
    """
    asked = _ASKED | {"runOnly": {"type": "rule", "values": _OF_COLOUR}}
    asked |= {"resultTypes": ["violations", "passes"], "elementRef": True}
    faults, fine = page.evaluate(_OF_KINDS, [list(known), asked])
    if not faults:
        known.update(fine)
    return list(faults)
