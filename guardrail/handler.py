"""What the server asks: Django's WSGI handler, which spares verdicts what only pages need.

Around each request Django says that one begins and ends, and connections and caches of pages are looked through: a
twentieth of the time of a call (2026-11), which uses none of them.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

# What asks for a verdict, and so for nothing that Django's own connections are needed for.
_VERDICTS = re.compile(r"/(?:[-a-zA-Z0-9_]+/analyze-tool-execution|v1/evaluate)")


class Handler:
    """A WSGI application, one a process."""

    def __init__(self) -> None:
        self._django = WSGIHandler()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _VERDICTS.fullmatch(environ["PATH_INFO"]):
            return self._django(environ, start_response)
        response = self._django.get_response(WSGIRequest(environ))
        content = b"".join(response)
        headers = [*response.items(), ("Content-Length", str(len(content)))]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [content]
