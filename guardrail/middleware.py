"""Takes the calls of orchestrators past every other middleware, and closes what pages never use."""

from collections.abc import Callable
from io import BytesIO

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, resolve

# What watches over us comes the same way: it knows us by address, not by name, and has no session to look for.
_WATCHED = ("/healthz", "/readyz", "/metrics")
CALL_SUFFIXES = ("/validate", "/analyze-tool-execution", "/v1/evaluate", "/v1/knowledge-events")
# What copies a token or an address is a person's click on a button of ours.
_UNUSED = (
    "accelerometer camera display-capture geolocation gyroscope hid magnetometer microphone midi payment serial usb"
)
_NOTHING_OF_THE_DEVICE = ", ".join((*(f"{name}=()" for name in _UNUSED.split()), "clipboard-write=(self)"))


class CallsFirst:
    """INVARIANT: first in MIDDLEWARE. Sessions, CSRF and the rest cost 80 us a call, and none of them applies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.endswith((*CALL_SUFFIXES, *_WATCHED)):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response
        finally:
            _let_go(request)


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
