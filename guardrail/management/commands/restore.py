"""`manage.py restore DIR`: puts a backup into an empty database, and looks whether all of it is as it was."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail import backups


class Command(BaseCommand):
    help = "Put a backup into an empty database, check rows, trail and a sample of verdicts (docs/operations.md)."
    # the database it is for is empty
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--sample", type=int, default=100, metavar="N", help="calls that are judged again (100)")
        parser.add_argument("--anchors", action="append", default=[], metavar="FILE", help="as of `audit verify`")

    def handle(self, *, folder: Path, sample: int, anchors: list[str], **_: Any) -> None:
        """Exits 1 where something is not as it was; what is restored stays, to be looked at."""
        try:
            manifest = backups.restore(folder)
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{len(manifest['tables'])} tables are as they were on {manifest['made_at']}")
        for name, wanted in manifest["keys"].items():
            if wanted != (found := backups.keys_needed()[name]):
                self.stdout.write(
                    f"`{name}` is another one than it was backed up under: `{found}`, expected `{wanted}`"
                )
        call_command("audit", "verify", *(f"--anchors={path}" for path in anchors), stdout=self.stdout)
        compared = backups.judge_sample(sample) if sample > 0 else None
        if compared is not None:
            self.stdout.write(f"{compared.judged} calls were judged again, {compared.unjudged} could not be")
            if compared.drifted:
                named = ", ".join(compared.drifted[:10])
                raise CommandError(f"{len(compared.drifted)} calls would be answered otherwise than they were: {named}")
