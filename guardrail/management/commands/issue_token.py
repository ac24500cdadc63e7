"""`manage.py issue_token SLUG`: prints a new bearer token of a caller, and nothing else, on standard output."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from guardrail.callers import CallerError, create_orchestrator, issue_token
from guardrail.models import Orchestrator, OrchestratorToken


class Command(BaseCommand):
    help = "Issue a bearer token for a caller; with --name the caller is created when it is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the caller's base path, e.g. copilot-studio")
        parser.add_argument("--name", default="", help="create the caller under this name when it is missing")
        parser.add_argument("--knowledge", action="store_true", help="one that tells of edits and asks nothing")
        parser.add_argument("--days", type=int, help="days until the token ends (default: never)")

    def handle(self, *, slug: str, name: str, days: int | None, knowledge: bool, **_: Any) -> None:
        """Exits 1 with the reason when the caller is missing or has two valid tokens already."""
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        purpose = OrchestratorToken.Purpose.KNOWLEDGE if knowledge else OrchestratorToken.Purpose.CALLS
        try:
            with transaction.atomic():
                token = issue_token(_caller(slug, name), None, expires_at, purpose=purpose)
        except CallerError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(token)
        self.stderr.write("shown this once: only its hash is stored")


def _caller(slug: str, name: str) -> Orchestrator:
    found = Orchestrator.objects.filter(slug=slug).first()
    if found is not None:
        return found
    if not name:
        known = ", ".join(f"`{known}`" for known in Orchestrator.objects.values_list("slug", flat=True)) or "none yet"
        raise CallerError(f"caller `{slug}` is not known, expected one of: {known}; or create it with `--name`")
    return create_orchestrator(name, slug, None)
