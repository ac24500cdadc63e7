"""`manage.py createsuperuser`: Django's, and a line in the audit trail."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.contrib.auth.models import User
from django.db import transaction

from policies import audit
from policies.services.second_factors import SUPERUSER


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """As Django's; without the line there is no superuser."""
        with transaction.atomic():
            before = set(User.objects.filter(is_superuser=True).values_list("pk", flat=True))
            super().handle(*args, **options)
            for made in User.objects.filter(is_superuser=True).exclude(pk__in=before):
                name = made.get_username()
                audit.record(actor=None, action="person.created", person=name, role=SUPERUSER, by="command")
