"""`manage.py person NAME WHAT`: what the page People does, for whoever runs the server when nobody can sign in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.access import Role
from policies.services import people

_WHAT = ("add", "link", "unlock", "sign-out", "reset-second-factor", "disable", "enable")


class Command(BaseCommand):
    help = "Change the account of a person: add, a link to set a password, unlock, and so on. Audited as `system`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("what", choices=_WHAT)
        parser.add_argument("--role", choices=[role.value for role in Role], help="of whoever is added")

    def handle(self, *, username: str, what: str, role: str | None, **_: Any) -> None:
        """Safe to run twice; exits 1 when nobody has that name, or the change is refused."""
        if what == "add":
            self._add(username, role)
            return
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"nobody is called `{username}`, expected the name of an account")
        try:
            self.stdout.write(self._do(person, what))
        except people.PeopleError as error:
            raise CommandError(str(error)) from error

    def _add(self, username: str, role: str | None) -> None:
        if role is None:
            raise CommandError(f"`{username}` is given no role, expected `--role` with one")
        try:
            made = people.create_person(username, Role(role), actor=None)
        except people.PeopleError as error:
            raise CommandError(str(error)) from error
        machine = role == Role.INTEGRATION.value
        self.stdout.write(f"{username}: made, a program's" if machine else self._do(made, "link"))

    def _do(self, person: User, what: str) -> str:
        if what == "link":
            return f"{settings.PUBLIC_URL}{people.make_link(person, actor=None)}"
        if what == "unlock":
            people.unlock(person, actor=None, now=timezone.now())
        elif what == "sign-out":
            people.sign_out(person, actor=None)
        elif what == "reset-second-factor":
            people.reset_second_factor(person, actor=None)
        elif what == "disable":
            people.disable_person(person, actor=None)
        else:
            people.enable_person(person, actor=None)
        return f"{person.get_username()}: {what} done"
