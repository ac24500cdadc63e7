"""`manage.py backup DIR`: everything that must not be lost, in one folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from guardrail import backups


class Command(BaseCommand):
    help = "Write a backup of database, journal and anchors into a new folder (docs/operations.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is not there yet")

    def handle(self, *, folder: Path, **_: Any) -> None:
        try:
            manifest = backups.make(folder, now=timezone.now())
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        rows = sum(count for count, _ in manifest["tables"].values())
        self.stdout.write(f"{folder}: {rows} rows of {len(manifest['tables'])} tables, {len(manifest['files'])} files")
        names = ", ".join(manifest["keys"]["GUARDRAIL_TRANSCRIPT_KEYS"]) or "none"
        self.stdout.write(
            f"no key is in it: keep `GUARDRAIL_SECRET_KEY`, transcript keys ({names}) and evidence key elsewhere"
        )
