"""The second baseline: pgbench inserting a row of as many bytes as a verdict, one durable statement, eight clients."""

import re
import secrets
import subprocess
import tempfile
from pathlib import Path

import psycopg

from guardrail.embedded.binaries import find_postgres

_CLIENTS = 8
_TPS = re.compile(r"tps = ([0-9.]+)")


class Floor:
    """A table of its own in the database that is measured; `bytes_each` is what one verdict takes there."""

    def __init__(self, database_url: str, *, bytes_each: int) -> None:
        self._url = database_url
        self._program = find_postgres().folder / "pgbench"
        with psycopg.connect(database_url, autocommit=True) as connection:
            # as a verdict has it: a key, and bytes that are compressed already
            connection.execute("CREATE TABLE bench_floor (id bigserial PRIMARY KEY, body bytea STORAGE EXTERNAL)")
        self._script = Path(tempfile.mkstemp(suffix=".sql")[1])
        row = secrets.token_hex(bytes_each)
        self._script.write_text(rf"INSERT INTO bench_floor (body) VALUES ('\x{row}');")  # noqa: S608 our own digits

    def measure(self, *, seconds: float) -> float:
        """Insertions a second. Raises subprocess.CalledProcessError when pgbench fails."""
        done = subprocess.run(
            [
                *(self._program, "--no-vacuum", "--client", str(_CLIENTS), "--jobs", "1", "--protocol", "prepared"),
                *("--time", f"{seconds:.0f}", "--file", self._script, self._url),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        found = _TPS.search(done.stdout)
        assert found is not None, done.stdout
        return float(found[1])

    def remove(self) -> None:
        self._script.unlink()
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("DROP TABLE bench_floor")
