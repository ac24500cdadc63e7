"""The servers one instance needs: embedded ones, except where the operator named others."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from guardrail.embedded import postgres, valkey
from guardrail.embedded.instance import Instance, Kept
from guardrail.embedded.supervisor import Child


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """An embedded server, not yet started. `wait` returns when it answers, and raises StartFailed."""

    title: str
    child: Child
    wait: Callable[["subprocess.Popen[bytes]"], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """The addresses of database and memory, and what must be started for them, in order."""

    database_url: str
    redis_url: str
    embedded: tuple[Server, ...]


def servers_of(instance: Instance, kept: Kept) -> Servers:
    """What `instance` uses. Raises InUse when the servers' user cannot reach any folder for their data."""
    database_url, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    embedded: list[Server] = []
    if not database_url:
        database = postgres.Postgres(
            folder=instance.servers_folder() / "postgres",
            log=instance.logs / "postgres.log",
            port=kept.postgres_port,
            password=kept.postgres_password,
            account=instance.account,
        )
        database_url = database.url
        child = Child(name="postgres", start=database.spawn, ask=postgres.STOP, patience_seconds=postgres.STOP_SECONDS)
        embedded.append(Server(title="Postgres", child=child, wait=database.wait))
    if not redis_url:
        memory = valkey.Valkey(
            folder=instance.servers_folder() / "valkey",
            log=instance.logs / "valkey.log",
            port=kept.valkey_port,
            password=kept.valkey_password,
            account=instance.account,
        )
        redis_url = memory.url
        child = Child(name="valkey", start=memory.spawn, ask=valkey.STOP, patience_seconds=valkey.STOP_SECONDS)
        embedded.append(Server(title="Valkey", child=child, wait=memory.wait))
    return Servers(database_url=database_url, redis_url=redis_url, embedded=tuple(embedded))
