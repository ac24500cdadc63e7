"""Takes everything an instance must not lose out into a folder, and puts it into an empty database again.

What was acknowledged before a backup begins is in it: the journal is copied first, then Postgres is read as it stood at
one moment, so what moved from one to the other in between is in both, and is kept once when it comes back.
"""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from guardrail import database
from guardrail.embedded.binaries import find_postgres
from guardrail.housekeeper import ensure_loaded
from guardrail.journal import REFUSED, SEALED_SUFFIX, keep_refused, waiting_files
from guardrail.models import Verdict
from guardrail.rejudge import rejudge
from policies import audit, signing
from policies.load import active_ruleset
from policies.trail.anchoring import anchor_file

DUMP, MANIFEST, JOURNAL, ANCHORS = "guardrail.dump", "manifest.json", "journal", "audit-anchors.jsonl"
_FORMAT = 1
_PLAIN = ("--no-owner", "--no-privileges")
_TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
# Rows may lie in another order after a restore, so their hashes are added up.
_SUM = "SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM {} t"
# How a value is written as text must not hang on who asks.
_SPELLING = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class BackupError(Exception):
    """It cannot be done; the message says what was found and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What judging a sample again came to. `drifted` names calls that would be answered otherwise than they were."""

    judged: int
    unjudged: int
    drifted: tuple[str, ...]


def make(folder: Path, *, now: datetime) -> dict[str, Any]:
    """Write a backup into a folder that is not there yet; returns its manifest, which is written last.

    Raises BackupError. A folder without a manifest is of a backup that did not end.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupError(f"`{folder}` is there already, expected a folder that is not") from None
    audit.record(actor=None, action="backup.made", by="command")
    _copy_journal(folder / JOURNAL)
    if anchor_file().exists():
        shutil.copy2(anchor_file(), folder / ANCHORS)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # the first statement of it: dump and sums are of one moment
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone() or ("",)
        _run("pg_dump", *_PLAIN, "--format=custom", f"--snapshot={snapshot}", "--file", str(folder / DUMP))
        tables = table_sums()
    manifest = {
        "format": _FORMAT,
        "made_at": now.isoformat(),
        "tables": tables,
        "files": {str(path.relative_to(folder)): _sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()},
        "keys": keys_needed(),
    }
    fresh = folder / f".{MANIFEST}"
    fresh.write_text(json.dumps(manifest, indent=2) + "\n")
    fresh.replace(folder / MANIFEST)
    return manifest


def restore(folder: Path) -> dict[str, Any]:
    """Put a backup into the database of this instance, which must be empty, and its journal into the data folder.

    All of the database or nothing. Returns the manifest. Raises BackupError.
    """
    manifest = checked(folder)
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        if found := cursor.fetchone():
            raise BackupError(f"the database has the table `{found[0]}`, expected an empty one")
    _run("pg_restore", *_PLAIN, "--exit-on-error", "--single-transaction", str(folder / DUMP))
    connection.close()
    if manifest["tables"] != (now := table_sums()):
        wrong = sorted(name for name, told in manifest["tables"].items() if now.get(name) != told)
        raise BackupError(f"the tables `{', '.join(wrong)}` are not as they were backed up")
    journal = Path(settings.DATA_DIR) / JOURNAL
    journal.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in sorted((folder / JOURNAL).glob(f"*{SEALED_SUFFIX}")):
        shutil.copy2(path, journal / path.name)
    if (folder / JOURNAL / REFUSED).exists():
        # behind what this machine has refused itself
        keep_refused(journal, (folder / JOURNAL / REFUSED).read_bytes())
    if (folder / ANCHORS).exists() and not anchor_file().exists():
        # one that is there is newer
        shutil.copy2(folder / ANCHORS, anchor_file())
    audit.record(actor=None, action="backup.restored", by="command", made_at=manifest["made_at"])
    return manifest


def checked(folder: Path) -> dict[str, Any]:
    """The manifest of a backup whose files are as they were written. Raises BackupError."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        raise BackupError(f"`{folder}` has no manifest that can be read: that backup did not end") from None
    if manifest.get("format") != _FORMAT:
        raise BackupError(f"the backup is of format `{manifest.get('format')}`, expected `{_FORMAT}`")
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _sha256(path) != digest:
            raise BackupError(f"`{path}` is not as it was written")
    return manifest


def table_sums() -> dict[str, list[Any]]:
    """Of every table how many rows it has, and the sum of their hashes. Reads all of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SPELLING)
        cursor.execute(_TABLES)
        names = [name for (name,) in cursor.fetchall()]
        sums: dict[str, list[Any]] = {}
        for name in names:
            cursor.execute(sql.SQL(_SUM).format(sql.Identifier(name)).as_string())
            sums[name] = list(cursor.fetchone() or ())
    return sums


def keys_needed() -> dict[str, Any]:
    """Which keys a backup opens with, by their names and digests: never a key."""
    return {
        "GUARDRAIL_SECRET_KEY": hashlib.sha256(f"backup {settings.SECRET_KEY}".encode()).hexdigest()[:16],
        "GUARDRAIL_TRANSCRIPT_KEYS": sorted(settings.TRANSCRIPT_KEYS),
        "GUARDRAIL_EVIDENCE_KEY": signing.public_of(settings.EVIDENCE_KEY) if settings.EVIDENCE_KEY else "",
    }


def judge_sample(most: int) -> Compared:
    """Judge calls again, spread over all there are, by the policy each was judged by. Raises NoRuleset."""
    ensure_loaded()
    in_force = active_ruleset()
    ids = list(Verdict.objects.order_by("pk").values_list("pk", flat=True))
    step = max(1, len(ids) // most)
    judged, unjudged, drifted = 0, 0, []
    for verdict in Verdict.objects.filter(pk__in=ids[::step][:most]):
        for one in rejudge(verdict, in_force=in_force, person=None, alone=True, seconds=60).rows:
            judged, unjudged = judged + (one.then.decision is not None), unjudged + (one.then.decision is None)
            if one.drifted:
                drifted.append(str(verdict.pk))
    return Compared(judged=judged, unjudged=unjudged, drifted=tuple(drifted))


def _copy_journal(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for path in waiting_files(Path(settings.DATA_DIR) / JOURNAL):
        # its writer may be at it: a line that is cut off fails its checksum, and was not acknowledged before we began
        try:
            shutil.copy2(path, folder / f"{path.stem}.sealed")
        except FileNotFoundError:  # it is in Postgres by now, which is read after this
            continue
    if (refused := Path(settings.DATA_DIR) / JOURNAL / REFUSED).exists():
        # after the files its lines come from, so that each is in one of them
        shutil.copy2(refused, folder / REFUSED)


def _run(program: str, *arguments: str) -> None:
    parameters = psycopg.conninfo.conninfo_to_dict(database.dsn())
    # not among the arguments: everybody on the machine sees those
    environment = {**_ENVIRONMENT, "PGPASSWORD": str(parameters.pop("password", "") or "")}
    address = psycopg.conninfo.make_conninfo("", **parameters)
    command = [str(find_postgres().folder / program), f"--dbname={address}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"`{program}` ended with status {done.returncode}: {done.stderr.strip()[-500:]}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
