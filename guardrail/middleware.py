"""Takes the calls of orchestrators past every other middleware, keeps pages from taking their threads, and closes what
pages never use."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from threading import BoundedSemaphore, local
from weakref import WeakSet

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, ResolverMatch, resolve

# What watches over us comes the same way: it knows us by address, not by name, and has no session to look for.
_WATCHED = ("/healthz", "/readyz", "/metrics")
CALL_SUFFIXES = ("/validate", "/analyze-tool-execution", "/v1/evaluate", "/v1/knowledge-events")
# What copies a token or an address is a person's click on a button of ours.
_UNUSED = (
    "accelerometer camera display-capture geolocation gyroscope hid magnetometer microphone midi payment serial usb"
)
_NOTHING_OF_THE_DEVICE = ", ".join((*(f"{name}=()" for name in _UNUSED.split()), "clipboard-write=(self)"))


# Pages made at once in a process, and those that may wait for it: each holds a thread, and calls need threads, too.
_PAGES_AT_ONCE, _PAGES_WAITING, _PAGE_SECONDS = 8, 16, 2.0


class CallsFirst:
    """INVARIANT: first in MIDDLEWARE. Sessions, CSRF and the rest cost 80 us a call, and none of them applies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._made = BoundedSemaphore(_PAGES_AT_ONCE)
        self._let_in = BoundedSemaphore(_PAGES_AT_ONCE + _PAGES_WAITING)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith((*CALL_SUFFIXES, *_WATCHED)):
            return self._page(request)
        try:
            match = _found(request.path_info)
        except Resolver404:
            return self._page(request)
        request.resolver_match = match
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response
        finally:
            _let_go(request)

    def _page(self, request: HttpRequest) -> HttpResponse:
        """A page, or 503 where too many are asked for: whoever opens them must not keep calls from being answered."""
        if not self._let_in.acquire(blocking=False):
            return _busy()
        try:
            if not self._made.acquire(timeout=_PAGE_SECONDS):
                return _busy()
            try:
                return self.get_response(request)
            finally:
                self._made.release()
                _close_what_is_not_kept()
        finally:
            self._let_in.release()


class _Keeper:
    """Dies with the thread that holds it."""


_own = local()
_keepers: "WeakSet[_Keeper]" = WeakSet()


def _close_what_is_not_kept() -> None:
    """Only so many threads keep their connection for the next page: Postgres has no room for one of each thread."""
    if not hasattr(_own, "keeper"):
        if len(_keepers) >= _PAGES_AT_ONCE:
            connections.close_all()
            return
        _own.keeper = _Keeper()
        _keepers.add(_own.keeper)


def _busy() -> HttpResponse:
    response = HttpResponse("busy, try again\n", status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = "1"
    return response


@lru_cache(maxsize=256)
def _found(path: str) -> ResolverMatch:
    """Who answers there: callers use a few addresses. Raises Resolver404."""
    return resolve(path)


def _let_go(request: HttpRequest) -> None:
    """Let go of what the body was read from: view and request hold each other until garbage is collected, which is
    seldom, and each large body stayed in memory that long."""
    request.META.pop("wsgi.input", None)
    request._stream = BytesIO()


class Closed:
    """Takes from pages, whoever got into one, what none of ours needs; on files, too. And takes no body of any size.

    A form with a file is unpacked onto the disk to look for its token, so before anybody knows who sends it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _length_of(request) > settings.MAX_FORM_BYTES:
            response = HttpResponse("the body is too large\n", status=413, content_type="text/plain; charset=utf-8")
        else:
            response = self.get_response(request)
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = _NOTHING_OF_THE_DEVICE
        return response


def _length_of(request: HttpRequest) -> int:
    # one without a length is read as empty
    told = request.META.get("CONTENT_LENGTH") or "0"
    return int(told) if told.isdecimal() and len(told) < 20 else 0
