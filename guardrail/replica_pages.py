"""Lets a page be made from the replica, and makes it again from the primary where that does not work."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse

from guardrail import replica
from policies.cookies import own_name

_WROTE = "wrote"
_PROGRAMS = "/api/"
_FAILED = (OperationalError, InterfaceError, InternalError)


class FromReplica:
    """INVARIANT: last in MIDDLEWARE: who somebody is, and whether they may, is asked before, of the primary.

    Whoever changed something reads from the primary until the replica has it for sure, by a cookie: it says nothing but
    that. A page that fails on the replica, or does not find what it is about there, is made again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not replica.is_there():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with ExitStack() as stack:
            request.replica = stack  # type: ignore[attr-defined] # between our own two steps
            response = self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            # longer than it may be behind and not be noticed
            seconds = 2 * settings.REPLICA_LAG_SECONDS + 10
            response.set_cookie(
                own_name(_WROTE),
                "1",
                max_age=seconds,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """The page is about to be made."""
        reads = request.method in ("GET", "HEAD") and not request.path_info.startswith(_PROGRAMS)
        if reads and own_name(_WROTE) not in request.COOKIES and replica.usable():
            request.replica.enter_context(replica.reading())  # type: ignore[attr-defined] # see above

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Make it again from the primary, if it was the replica that lacked something."""
        match = request.resolver_match
        if match is None or not replica.is_read() or not isinstance(error, (*_FAILED, Http404)):
            return None
        if not isinstance(error, Http404):
            replica.note_failed(error)
        request.replica.close()  # type: ignore[attr-defined] # see above
        made: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return made
