"""Who signed in passes here before a view is asked: whoever is no person not at all."""

from collections.abc import Callable

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from policies.access import is_machine, is_narrowed, require
from policies.writes import EVERYBODY, NARROWED, OPEN, WRITES

log = structlog.get_logger(__name__)
_SAFE = ("GET", "HEAD", "OPTIONS")
_REFUSED = (403, 404)


class Writes:
    """After signing in: lets a request that would change something pass by `policies.writes`, and no other.

    What programs ask with tokens of their own is looked at where the tokens are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """What is not theirs, or is not there for them, leaves a line in the log: which page, asked by whom."""
        response = self.get_response(request)
        match = request.resolver_match
        if response.status_code in _REFUSED and match and request.user.is_authenticated:
            log.warning("page.refused", person=request.user.pk, page=match.url_name, status=response.status_code)
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Raises PermissionDenied, and Http404 for a page that shows the whole house to somebody who sees a part."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if isinstance(request.user, User) and is_machine(request.user) and name not in OPEN and name != "logout":
            raise PermissionDenied(f"`{request.user.get_username()}` is a program's account, and opens no page")
        if name not in NARROWED and name not in OPEN and is_narrowed(request.user):
            raise Http404
        if request.method in _SAFE or name in OPEN or request.path_info.startswith("/api/"):
            return None
        if (permission := WRITES.get(name or "")) is not None:
            require(request.user, permission)
        elif name not in EVERYBODY:
            return HttpResponseNotAllowed(sorted(_SAFE))
        return None
