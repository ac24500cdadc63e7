"""`manage.py bootstrap`: what an install needs before it judges: its tables, a policy, a caller, somebody to sign in.

Run by `manage.py up`, which keeps the secrets: wishes come as JSON on standard input, results leave as JSON on
standard output, so that neither shows in the list of processes. Safe to run twice.
"""

import json
import sys
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from guardrail.callers import CallerError, create_orchestrator, digest_of, issue_token, valid_tokens
from guardrail.models import Orchestrator
from policies import audit
from policies.services.publish import ensure_baseline

SLUG = "copilot-studio"
NAME = "Microsoft Copilot Studio"


class Command(BaseCommand):
    help = "Migrate the database; publish the baseline policy, make the first caller and the admin, where missing."
    requires_system_checks = ()

    def handle(self, **_: Any) -> None:
        """Standard input: `admin_username`, `admin_password`, `webhook_token` (null: none is known).

        Standard output: `webhook_token` (null: none can be told) and `notes`, lines for people.
        """
        wishes = json.load(sys.stdin)
        # in one process with the rest: to load the product takes longer than to find nothing to migrate
        call_command("migrate", interactive=False, skip_checks=True, verbosity=0)
        notes: list[str] = []
        with transaction.atomic():
            ensure_baseline()
            token = _ensure_token(wishes["webhook_token"], notes)
            told = _ensure_admin(wishes["admin_username"], wishes["admin_password"], notes)
        result = {"webhook_token": token, "admin_password": wishes["admin_password"] if told else None, "notes": notes}
        self.stdout.write(json.dumps(result))


def _ensure_token(known: str | None, notes: list[str]) -> str | None:
    """The token people were told last time while it is valid, else a new one, else None with a note."""
    caller = Orchestrator.objects.filter(slug=SLUG).first() or create_orchestrator(NAME, SLUG, None)
    valid = valid_tokens(caller, now=timezone.now())
    if known:
        if valid.filter(token_sha256=digest_of(known)).exists():
            return known
        if caller.tokens.filter(token_sha256=digest_of(known)).exists():
            notes.append(f"the webhook token of `{SLUG}` has ended: `manage.py issue_token {SLUG}` makes a new one")
            return None
    try:
        return issue_token(caller, None)
    except CallerError as error:
        notes.append(str(error))
        return None


def _ensure_admin(username: str, password: str, notes: list[str]) -> bool:
    """Whether `password` signs `username` in; the user is made where it is missing, and never changed."""
    user = User.objects.filter(username=username).first()
    if user is None:
        user = User.objects.create_superuser(username=username, password=password)
        audit.record(actor=None, action="person.created", person=username, role="superuser")
        return True
    if user.check_password(password):
        return True
    notes.append(f"`{username}` has a password of its own: `manage.py changepassword {username}` sets a new one")
    return False
