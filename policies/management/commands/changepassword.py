"""`manage.py changepassword`: Django's, and a line in the audit trail. What is open ends with the old password."""

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.models import User
from django.db import transaction

from policies import audit
from policies.services.sessions import end_sessions


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        """As Django's; without the line the password stays."""
        with transaction.atomic():
            before = dict(User.objects.values_list("pk", "password")) if options.get("username") is None else {}
            said: str | None = super().handle(*args, **options)
            name = options.get("username")
            found = User.objects.filter(username=name) if name else User.objects.all()
            for person in found:
                if name or before.get(person.pk) != person.password:
                    told = person.get_username()
                    audit.record(actor=None, action="person.password_changed", person=told, by="command")
                    end_sessions(person, why="password", actor=None)
        return said
