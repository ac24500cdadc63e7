"""What every answer to a program has in common: its token and scope, its parameters, and errors that say what to do."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser, User
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guardrail.api_tokens import Reader, Scope, TokenRefused, TooMany, ask
from investigations.api.parameters import BadQuestion, Parameter, read_all
from investigations.visibility import NOBODY
from policies.access import is_narrowed

PROBLEM = "application/problem+json"
_TRY_AGAIN_SECONDS = 5


class Asked(exceptions.APIException):
    """Too often, by one token."""

    status_code = 429

    def __init__(self, refused: TooMany) -> None:
        super().__init__(f"{refused}; ask again in {refused.wait} seconds")
        self.wait_seconds = refused.wait


class TokenAuthentication(BaseAuthentication):
    """A bearer token of `guardrail.api_tokens`; no session and no caller's token reads here."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        """The reader; counted, so that each may ask a number of times a minute."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise exceptions.NotAuthenticated("a bearer token is missing, expected `Authorization: Bearer gra_…`")
        try:
            weight = getattr(request.parser_context["view"], "weight", 1) if request.parser_context else 1
            return ask(token.strip(), now=timezone.now(), weight=weight), None
        except TokenRefused as refused:
            raise exceptions.AuthenticationFailed(str(refused)) from None
        except TooMany as refused:
            raise Asked(refused) from None

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says of how to ask."""
        return 'Bearer realm="guardrail"'


class _ByAccept(DefaultContentNegotiation):
    """By the header only: an address has no `?format=`."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """All of them: the parameter is then refused as any other that is not known."""
        return renderers


class ReadView(APIView):
    """One route. `scope` is what a token needs, None = any valid one; `parameters` is what may be asked with.

    `weight` is as how many questions it counts; `whole` that it has no part for an account of some environments only.
    """

    authentication_classes = (TokenAuthentication,)
    content_negotiation_class = _ByAccept
    renderer_classes: Any = (JSONRenderer,)
    http_method_names = ["get", "head"]
    scope: ClassVar[Scope | None] = None
    weight: ClassVar[int] = 1
    whole: ClassVar[bool] = False
    parameters: ClassVar[tuple[Parameter, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before anything is read: 406, 401 or 429, 403, 400."""
        super().initial(request, *args, **kwargs)
        if self.scope is not None and self.scope not in self.reader.scopes:
            found = ", ".join(f"`{scope.value}`" for scope in sorted(self.reader.scopes, key=lambda one: one.value))
            raise exceptions.PermissionDenied(f"the token has {found or 'no scope'}, expected `{self.scope.value}`")
        if self.whole and is_narrowed(self.eyes):
            raise exceptions.PermissionDenied("the token's account sees some environments only, expected one of all")
        # what is not served is said to be that, whatever stands behind it
        self.asked = read_all(request.query_params, self.parameters) if request.method in ("GET", "HEAD") else {}

    @property
    def reader(self) -> Reader:
        """Whose token it is."""
        reader = self.request.user
        assert isinstance(reader, Reader)  # noqa: S101 authentication gives no other
        return reader

    @property
    def eyes(self) -> User | AnonymousUser:
        """Whose part of the house the token reads: its account's, or, as one of no account, everybody's."""
        if self.reader.account_id is None:
            return NOBODY
        kept = self.__dict__.get("_eyes")
        if not isinstance(kept, User):
            kept = self.__dict__["_eyes"] = User.objects.get(pk=self.reader.account_id)
        return kept

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Kept by nobody on the way: it is for the bearer of the token."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def get_exception_handler(self) -> Any:
        """Ours: every error has the same shape."""
        return problem_of


class NothingHere(ReadView):
    """Every other address below: not found, for whoever may ask at all."""

    schema = None

    def get(self, request: Request, rest: str) -> Response:
        """404."""
        raise Http404(f"there is no `{rest[:100]}`, expected an address of docs/api.md")


def problem_of(error: Exception, context: Any) -> Response | None:
    """An error as RFC 9457 has it; None = ours to mend, and to log. No token and no text of a call is in one."""
    headers: dict[str, str] = {}
    told: dict[str, Any] = {}
    if isinstance(error, BadQuestion):
        status, detail, told = 400, str(error), {"parameter": error.parameter}
    elif isinstance(error, Http404):
        status, detail = 404, str(error) or "not found"
    elif isinstance(error, OperationalError | InterfaceError | InternalError):
        # away, or for the moment only read, as after a failover: each question is counted, which writes
        status, detail = 503, "the database is away, expected in a moment: ask again"
        headers["Retry-After"] = str(_TRY_AGAIN_SECONDS)
    elif isinstance(error, exceptions.APIException):
        status, detail = error.status_code, _detail_of(error)
        if isinstance(error, Asked):
            headers["Retry-After"] = str(error.wait_seconds)
        if auth_header := getattr(error, "auth_header", ""):
            headers["WWW-Authenticate"] = auth_header
    else:
        return None
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **told}
    return Response(body, status=status, headers=headers, content_type=PROBLEM)


def _detail_of(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.MethodNotAllowed):
        return "this address is only read, expected `GET`"
    if isinstance(error, exceptions.NotAcceptable):
        return "no answer is of the type the header `Accept` asks for, expected that of docs/api.md or `*/*`"
    return str(error.detail)
