"""`manage.py import_agents FILE`: takes an inventory of agents over, or shows what it would change."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.agent_diff import compare
from policies.agent_file import FileError
from policies.services.agent_import import Choices, ImportRefused, drop_import, keep_import, take_over

_SHOWN = 20


class Command(BaseCommand):
    help = "Register the agents of a CSV or JSON export, and keep what it says of them. Safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--leave-out-bad", action="store_true", help="take the other rows where some have problems")
        parser.add_argument(
            "--retire-gone", action="store_true", help="mark registered agents it does not name as retired"
        )

    def handle(self, *, file: Path, dry_run: bool, leave_out_bad: bool, retire_gone: bool, **_: Any) -> None:
        """Exits 1, with nothing changed, where the file cannot be taken over."""
        now = timezone.now()
        try:
            kept = keep_import(file.read_bytes(), name=file.name, now=now, actor=None)
            for problem in kept.problems[:_SHOWN]:
                self.stderr.write(f"{file}: line {problem['line']}: {problem['column']}: {problem['message']}")
            found = compare(kept.rows)
            if dry_run:
                drop_import(kept, now=now, actor=None)
            else:
                choices = Choices(leave_out_bad=leave_out_bad, retire_gone=retire_gone)
                found = take_over(kept, seen=found.digest, choices=choices, now=now, actor=None)
        except OSError as error:
            raise CommandError(f"{file}: cannot be read ({error.strerror}), expected a file") from None
        except (FileError, ImportRefused) as error:
            raise CommandError(f"{file}: {error}") from None
        would = " would be" if dry_run else ""
        self.stdout.write(
            f"{file.name}:{would} {len(found.added)} added, {len(found.changed)} changed, {found.same} as before,"
            f" {len(found.gone)} registered but not named, {kept.summary['bad_rows']} rows with problems"
        )
