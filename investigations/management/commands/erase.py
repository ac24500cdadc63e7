"""`manage.py erase`: takes out what calls of a person said, in two steps."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from investigations.erasing import ErasureError, erase, preview, subject_of


class Command(BaseCommand):
    help = (
        "Say how many calls of a user or a mail address there are; with --yes, erase what they said (docs/privacy.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="USER|MAIL")
        parser.add_argument("--reason", default="", help="why; stands in the audit trail")
        parser.add_argument("--yes", action="store_true", help="erase; without it nothing changes")

    def handle(self, *, subject: str, reason: str, yes: bool, **_: Any) -> None:
        """Safe to run twice: what is erased is not found again."""
        try:
            whose = subject_of(subject)
            if not yes:
                found = preview(whose, actor=None)
                self.stdout.write(
                    f"{found.calls} calls would be erased; {found.held} are under a legal hold and {found.early} are"
                    " not taken in yet, they stay. Run it again with --yes and --reason"
                )
                return
            done = erase(whose, reason=reason, actor=None, most=None)
        except ErasureError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{done.calls} calls were erased, {done.transcripts} transcripts with them, as `{whose.alias}`;"
            f" {done.held} are under a legal hold and {done.early} are not taken in yet"
        )
