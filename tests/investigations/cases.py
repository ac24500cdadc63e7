"""Rows of the queue and people for the tests of casework."""

import uuid
from datetime import UTC, datetime

from django.contrib.auth.models import Group, User

from investigations.models import Investigation
from policies.access import Role

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def person(name: str, role: Role = Role.ANALYST) -> User:
    """Somebody with one role."""
    made = User.objects.create_user(name, first_name=name.title())
    made.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return made


def case(title: str, **values: object) -> Investigation:
    """A row of the queue without calls."""
    row = {
        "kind": "instruction_marked",
        "fingerprint": uuid.uuid4().hex,
        "title": title,
        "severity": 3,
        "outcome": "blocked",
        "calls": 1,
        "first_seen": NOW,
        "last_seen": NOW,
        **values,
    }
    return Investigation.objects.create(**row)
