"""Connections of the hot path: raw psycopg on a pool, where neither a wait nor a silent server outlives its budget."""

import socket
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.abc import RV, PQGen
from psycopg_pool import ConnectionPool

from guardrail.database_address import PARAMETERS

# Web threads of one process never need more; Postgres' own default limit is 100 for everybody.
_POOL_SIZE = 16
# Here one statement comes again and again: planned for each verdict anew it took a third of what writing it costs.
_ONE_PLAN = "-c plan_cache_mode=force_generic_plan"


class BudgetConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose waits end at `deadline` (time.monotonic), after which it is closed.

    statement_timeout would not do: it is enforced by the same server that may be stopped or have lost its disk.
    The statement may still complete there, so whatever is written carries an id that makes a second write a no-op.
    `meanwhile` is done once, while the server works.
    """

    deadline: float | None = None
    meanwhile: Callable[[], None] | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg's, within the deadline when one is set. Raises psycopg.OperationalError when it passes."""
        if self.meanwhile is not None:
            gen, self.meanwhile = _once_sent(gen, self.meanwhile), None
        if self.deadline is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, max(0.001, self.deadline - time.monotonic()))
        except psycopg.OperationalError:
            # a late answer to this statement must never be read as the answer to the next one
            self.pgconn.finish()
            raise


def _once_sent(gen: PQGen[RV], meanwhile: Callable[[], None]) -> PQGen[RV]:
    """The same steps, with something else done at the first wait: what was to be sent is sent by then."""
    try:
        waiting = next(gen)
        meanwhile()
        while True:
            ready = yield waiting
            waiting = gen.send(ready)
    except StopIteration as ended:
        found: RV = ended.value
        return found


_pool: ConnectionPool[BudgetConnection] | None = None
_away_until = 0.0


def pool() -> ConnectionPool[BudgetConnection]:
    """The pool of this process, opened on first use; its own threads connect and reconnect, never a request."""
    global _pool  # noqa: PLW0603 one pool a process
    if _pool is None:
        _pool = ConnectionPool(
            conninfo=dsn(),
            kwargs={"autocommit": True, "connect_timeout": 2, "tcp_user_timeout": 5000, "options": _ONE_PLAN},
            connection_class=BudgetConnection,
            min_size=1,
            max_size=_POOL_SIZE,
            timeout=settings.STORE_BUDGET_MS / 1000,
            reconnect_timeout=5,
            max_waiting=64,
            open=True,
            name="hot-path",
        )
    return _pool


def execute(
    query: str, parameters: dict[str, Any], *, deadline: float, meanwhile: Callable[[], None] | None = None
) -> tuple[Any, ...] | None:
    """Run one statement and return its first row, None when it has none.

    `meanwhile`, which must not raise, is done while Postgres works, and not at all where it is not reached.

    Raises psycopg.Error when Postgres is away, slow or refuses. After a failure to reach it the next second of calls
    is refused at once: waiting the whole budget on each would cost every caller the same 150 ms.
    """
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    if time.monotonic() < _away_until:
        raise psycopg.OperationalError("Postgres was away a moment ago")
    try:
        with pool().connection(timeout=max(0.001, deadline - time.monotonic())) as connection:
            connection.deadline, connection.meanwhile = deadline, meanwhile
            try:
                cursor = connection.execute(query, parameters)
                return cursor.fetchone() if cursor.description else None
            except psycopg.errors.ReadOnlySqlTransaction:
                # opened while Postgres only read, as after a failover, it would go on only reading for an hour
                connection.close()
                raise
            finally:
                connection.deadline = connection.meanwhile = None
    except psycopg.OperationalError:
        _away_until = time.monotonic() + 1.0
        raise


def dsn(alias: str = DEFAULT_DB_ALIAS) -> str:
    """The libpq connection string of one of Django's databases, with what its address says of TLS."""
    parameters = connections[alias].get_connection_params()
    names = ("dbname", "user", "password", "host", "port", *PARAMETERS)
    return psycopg.conninfo.make_conninfo("", **{name: parameters[name] for name in names if parameters.get(name)})


def reachable(*, seconds: float) -> bool:
    """Whether a TCP connection to Postgres, or to one of several, can be made; True where that is not for us to tell.

    `seconds` for each of them. libpq gives a connection no less than 2 s, in which the kernel asks twice: up to 1.4 s
    lost once Postgres is back.
    """
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    hosts = str(parameters.get("host") or "").split(",")
    ports = str(parameters.get("port") or "").split(",")
    if len(ports) < len(hosts):
        ports *= len(hosts)
    return any(_takes(host, int(port or 5432), seconds=seconds) for host, port in zip(hosts, ports, strict=False))


def _takes(host: str, port: int, *, seconds: float) -> bool:
    if not host or host.startswith("/"):
        return True
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def opened() -> ConnectionPool[BudgetConnection] | None:
    """The pool where this process has opened it."""
    return _pool


def forget_outage() -> None:
    """Try at the next call whether Postgres is there."""
    global _away_until  # noqa: PLW0603 a flag every thread of this process shares
    _away_until = 0.0


def close() -> None:
    """Close the pool and forget that Postgres was away: a new process, or a test with another database."""
    global _pool, _away_until
    if _pool is not None:
        _pool.close()
    _pool, _away_until = None, 0.0
