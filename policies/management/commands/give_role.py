"""`manage.py give_role USERNAME ROLE`: makes a role the one role of a person."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from policies.access import Role, give_role
from policies.services.publish import changed


class Command(BaseCommand):
    help = "Give a person a role: analyst works on investigations, policy_admin changes policy, people_admin accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=[role.value for role in Role])

    def handle(self, *, username: str, role: str, **_: Any) -> None:
        """Safe to run twice; exits 1 when nobody has that name."""
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"nobody is called `{username}`, expected the name of an account")
        with transaction.atomic():
            give_role(person, Role(role), actor=None)
            # tokens of a program's account are in force with its role
            changed()
        self.stdout.write(f"{username} is {role}")
