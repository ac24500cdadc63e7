"""Fixtures every test may use. The servers come from tests/servers.py."""

from collections.abc import Iterator

import psycopg
import pytest
import redis
from django.conf import settings
from django.test import Client

from guardrail import database, housekeeper, opinions
from guardrail.memory import past
from tests.callers import Asking


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """Every test begins like a web process that has just started."""
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
    used = database.was_used()
    if nextitem is None:
        database.close()
    yield
    if used:
        database.close()
        redis.Redis.from_url(settings.REDIS_URL).flushdb()
    if used and nextitem is not None:
        with psycopg.connect(database.dsn(), autocommit=True) as connection:
            connection.execute(
                "TRUNCATE guardrail_verdict, guardrail_transcript, guardrail_pendingintake,"
                " guardrail_pendingvalidation, guardrail_latefinding"
            )


@pytest.fixture
def asking(db: None, client: Client) -> Asking:
    """A caller with a token on an install with the baseline policy."""
    return Asking.on_a_fresh_install(client)
