"""What somebody at a browser is told when a page could not be made."""

import sys

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

_AWAY = (OperationalError, InterfaceError, InternalError)
_TRY_AGAIN_SECONDS = 5


def page_broke(request: HttpRequest) -> HttpResponse:
    """The page of a failure: 503 while the database is away or only reads, which passes, 500 for what is ours to mend.

    Queries nothing. Django calls it while the error is being handled.
    """
    answer = server_error(request)
    if isinstance(sys.exception(), _AWAY):
        answer.status_code = 503
        answer["Retry-After"] = str(_TRY_AGAIN_SECONDS)
    return answer
