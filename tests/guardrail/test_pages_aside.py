"""However many pages are asked for, threads are left for calls, and Postgres has room for their connections."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from weakref import WeakSet

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from guardrail import middleware
from guardrail.middleware import CallsFirst


def test_pages_beyond_those_made_at_once_are_refused_and_calls_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "_PAGE_SECONDS", 0.01)

    def page(request: HttpRequest) -> HttpResponse:
        left = int(request.GET["left"])
        return asked(left - 1) if left else calls_first(RequestFactory().get("/healthz"))

    def asked(left: int) -> HttpResponse:
        """A page that asks for `left` others before it is made."""
        return calls_first(RequestFactory().get("/", {"left": left}))

    calls_first = CallsFirst(page)
    assert asked(7).status_code == 200
    refused = asked(8)
    assert (refused.status_code, refused["Retry-After"]) == (503, "1")
    assert asked(7).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_few_threads_keep_their_connection_for_the_next_page(monkeypatch: pytest.MonkeyPatch) -> None:
    # threads of a server that other tests have asked for pages may be there still
    monkeypatch.setattr(middleware, "_keepers", WeakSet())
    together = Barrier(12)

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(User.objects.exists()))

    calls_first = CallsFirst(page)

    def visit() -> bool:
        assert calls_first(RequestFactory().get("/")).status_code == 200
        together.wait()
        try:
            return connection.connection is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        visits = [pool.submit(visit) for _ in range(12)]
        kept = [one.result() for one in visits]
    assert 0 < sum(kept) <= 8
