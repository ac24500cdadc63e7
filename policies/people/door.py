"""Who signed in passes here before a view is asked: whoever is no person not at all."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from policies.access import is_machine, require
from policies.writes import EVERYBODY, OPEN, WRITES

_SAFE = ("GET", "HEAD", "OPTIONS")


class Writes:
    """After signing in: lets a request that would change something pass by `policies.writes`, and no other.

    What programs ask with tokens of their own is looked at where the tokens are.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        """Raises PermissionDenied."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if isinstance(request.user, User) and is_machine(request.user) and name not in OPEN and name != "logout":
            raise PermissionDenied(f"`{request.user.get_username()}` is a program's account, and opens no page")
        if request.method in _SAFE or name in OPEN or request.path_info.startswith("/api/"):
            return None
        if (permission := WRITES.get(name or "")) is not None:
            require(request.user, permission)
        elif name not in EVERYBODY:
            return HttpResponseNotAllowed(sorted(_SAFE))
        return None
