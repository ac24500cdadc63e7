"""What those who run it ask: is it alive, could it do all of its work, what are its figures. See docs/operations.md."""

import threading
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from guardrail import health, meters
from policies.people.source import source_of

_reading = threading.Lock()


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is looked at."""
    return _plain("ok\n")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether all of its work could be done now; what is missing only for those who may read the figures."""
    checks = health.look()
    status = 503 if any(check.problem for check in checks) else 200
    if not _may_read(request):
        return _plain("ready\n" if status == 200 else "not ready\n", status=status)
    told = {check.name: check.problem or "ok" for check in checks}
    return _closed(JsonResponse({"ready": status == 200, "checks": told}, status=status))


def metrics(*collectors: Collector) -> Callable[[HttpRequest], HttpResponse]:
    """The view of all that is counted, and of these collectors, which look when they are asked."""

    @login_not_required
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        if not (settings.METRICS_TOKEN or settings.METRICS_FROM):
            return _plain("not found\n", status=404)
        if not _may_read(request):
            answer = _plain("who are you?\n", status=401)
            answer["WWW-Authenticate"] = "Bearer"
            return answer
        if not _reading.acquire(blocking=False):
            # each look holds a thread that could judge
            return _plain("somebody else reads them now\n", status=503)
        try:
            meters.flush()
            registry = CollectorRegistry()
            for collector in (meters.Counts(), *collectors):
                registry.register(collector)
            return _plain(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
        finally:
            _reading.release()

    return view


def _may_read(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    source = source_of(request) if settings.METRICS_FROM else ""
    return bool(source) and any(ip_address(source) in network for network in settings.METRICS_FROM)


def _plain(content: str | bytes, *, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> HttpResponse:
    return _closed(HttpResponse(content, status=status, content_type=content_type))


def _closed(answer: HttpResponse) -> HttpResponse:
    """These go past the middleware that sets such headers."""
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
