"""The command line of each part of the product: web, worker and beat, as `up` and `manage.py run` start them.

Not the addresses of Postgres and Redis: those, and all that is secret, come from the environment.
"""

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

WEB_PROCESSES = 2
# Most of them wait for their turn to be judged; how many are judged at once is a setting of the process
WEB_THREADS = 64
# Two for what cannot wait, two for trying policies on stored calls, and two for sending to receivers
WORKER_PROCESSES = 6
# For the C library of a web process: large bodies are memory of their own, and given back when they are answered.
# And for the web server's own heap (jemalloc), which reads bodies: it kept what large ones had taken for another 10 s,
# and a process that was sent one after the other weighed 425 MiB, without that 358 (2026-11-23).
WEB_ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_ARENA_MAX": "2",
        "_RJEM_MALLOC_CONF": "narenas:2,dirty_decay_ms:0,muzzy_decay_ms:0",
    }
)
# Django's checks of models, addresses and templates are for whoever changes them: 0.6 s of each start (2026-11)
_CELERY = ("celery", "--skip-checks", "--app", "guardrail")


def web(*, host: str, port: int, processes: int, threads: int, tls: Sequence[str]) -> list[str]:
    """Answers callers and people. One of its processes that dies is replaced by the server itself.

    `tls` is what the server is told of certificates, nothing for plain HTTP.
    """
    return _python(
        *("granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--host", host, "--port", str(port)),
        *("--workers", str(processes), "--blocking-threads", str(threads)),
        *("--respawn-failed-workers", "--respawn-interval", "0.2", "--workers-kill-timeout", "3"),
        *tls,
        *("--log-level", "warning", "guardrail.wsgi:application"),
    )


def worker(*, processes: int) -> list[str]:
    """Runs the tasks."""
    options = ("--concurrency", str(processes), "--without-gossip", "--without-mingle", "--loglevel", "WARNING")
    return _python(*_CELERY, "worker", *options)


def beat() -> list[str]:
    """Sends the tasks that are due, if no other beat does."""
    # without a pid file: one left by `kill -9` would refuse every later start
    return _python(*_CELERY, "beat", "--pidfile", "", "--loglevel", "WARNING")


def _python(*words: str) -> list[str]:
    return [sys.executable, "-m", *words]
