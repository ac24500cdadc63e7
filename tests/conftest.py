"""Fixtures every test may use. The servers come from tests/servers.py."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache as made_once

import psycopg
import pytest
import redis
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase
from httpx import create_ssl_context
from hypothesis import settings as made_up
from psycopg import sql
from psycopg_pool import ConnectionPool

from guardrail import database, housekeeper, opinions
from guardrail.memory import past
from tests.callers import Asking
from tests.emptying import as_new, empty_all_tables


def pytest_configure() -> None:
    """What Django does with care and slowly, done for throw-away data; what hypothesis makes up, alike everywhere."""
    # the same examples each time and none by the clock, as its own profile for machines that build: it held ten slow
    # examples on a busy machine for a mistake of the test
    made_up.load_profile("ci")
    # a password here protects nothing: to make one and to check it took 0.4 s each
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # every client has middleware of its own, which listed all static files; nobody asks a client for one
    settings.WHITENOISE_AUTOREFRESH = True
    patch = pytest.MonkeyPatch()
    # whom the world trusts is read for each client, and tests make thousands: 25 ms of processor time each (2026-11)
    patch.setattr("httpx._transports.default.create_ssl_context", made_once(create_ssl_context))
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: _empty())
    # a new connection after each test that commits took 30 ms of processor time: the one there is becomes as new
    patch.setattr(TransactionTestCase, "_should_reload_connections", lambda _: not as_new())


def _empty() -> None:
    """Whoever drove a browser for minutes asked nothing meanwhile: looked at first, as when a request begins."""
    connection.close_if_unusable_or_obsolete()
    empty_all_tables()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser, starts instances or is long comes first: what begins last is waited for alone."""
    items.sort(key=lambda item: not any(item.get_closest_marker(name) for name in ("processes", "browser", "long")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Every test begins like a web process that has just started."""
    cache.clear()
    housekeeper.forget()
    past.forget_connection()
    opinions.forget_engines()
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """No test leaves a verdict behind: they are written on connections of their own, which no rollback reaches.

    After the fixtures' own teardown: TRUNCATE waits for a test transaction that has read a verdict. The last test's
    fixtures drop the whole database, which our connections would keep them from.
    """
    if nextitem is None:
        database.close()
        _EMPTYING.close()
    yield
    if _HOT_PATH.was_used():
        _valkey().flushdb()
        if nextitem is not None:
            _EMPTYING.run()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """A run that ends early drops its database, too."""
    database.close()
    _EMPTYING.close()


@made_once
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


class _HotPath:
    """The pool that judges, which tests hand on: to make another for each took 14 ms of processor time (2026-11)."""

    def __init__(self) -> None:
        self._kept: ConnectionPool[database.BudgetConnection] | None = None

    def was_used(self) -> bool:
        """Whether the last test wanted a connection, or opened or closed a pool. The next test finds it in order."""
        pool, before = database.opened(), self._kept
        told = pool.pop_stats() if pool is not None else {}
        if pool is not None and (pool.conninfo != database.dsn() or not self._in_order(told)):
            database.close()
        database.forget_outage()
        self._kept = database.opened()
        return pool is not before or told.get("requests_num", 0) > 0

    @staticmethod
    def _in_order(told: dict[str, int]) -> bool:
        """Whether every connection is back, and none has failed."""
        failures = ("requests_errors", "connections_errors", "connections_lost", "returns_bad")
        return told["pool_available"] == told["pool_size"] and not any(told.get(name) for name in failures)


class _Emptying:
    """Takes out what the last test wrote into the tables of verdicts, on a connection it keeps."""

    _TABLES = (
        *("guardrail_verdict", "guardrail_transcript", "guardrail_latefinding"),
        *("guardrail_pendingintake", "guardrail_pendingvalidation", "guardrail_pendingsearch"),
        *("guardrail_feedentry", "guardrail_searchentry"),
    )
    # Of the months only those that hold something: TRUNCATE makes each table's files anew, whatever is in them.
    _FILLED = sql.SQL(" UNION ").join(
        sql.SQL("SELECT tableoid::regclass::text FROM {}").format(sql.Identifier(table)) for table in _TABLES
    )

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None

    def run(self) -> None:
        if self._connection is None:
            self._connection = psycopg.connect(database.dsn(), autocommit=True)
        filled = [sql.Identifier(table) for (table,) in self._connection.execute(self._FILLED)]
        if filled:
            self._connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(filled)))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_EMPTYING = _Emptying()
_HOT_PATH = _HotPath()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Each of xdist's workers has a copy of a database that is migrated already."""
    template = os.environ.get("GUARDRAIL_TEST_TEMPLATE")
    if template:
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = template


@pytest.fixture
def asking(db: None, client: Client) -> Asking:
    """A caller with a token on an install with the baseline policy."""
    return Asking.on_a_fresh_install(client)


@pytest.fixture
def still() -> Iterator[None]:
    """The clock stands still: what is kept for some seconds, as the header's state is, outlasts a slow test."""
    with time_machine.travel(datetime.now(UTC), tick=False):
        yield
