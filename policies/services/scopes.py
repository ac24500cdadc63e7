"""Which environments somebody sees. Who may say so is asked elsewhere."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction

from policies import audit
from policies.models import Environment, PersonScope


@transaction.atomic
def narrow(person: User, environments: Iterable[Environment] | None, *, actor: AbstractBaseUser | None) -> None:
    """Let `person` see the agents of these environments only, and what they did; None = of all. Safe to run twice."""
    found = PersonScope.objects.filter(person=person).first()
    before = None if found is None else _ids(found.environments.all())
    wanted = None if environments is None else list(environments)
    after = None if wanted is None else _ids(wanted)
    if before == after:
        return
    if wanted is None:
        PersonScope.objects.filter(person=person).delete()
    else:
        scope, _ = PersonScope.objects.get_or_create(person=person)
        scope.environments.set(wanted)
    audit.record(
        actor=actor,
        action="person.environments_set",
        person=person.get_username(),
        before="all" if before is None else before,
        after="all" if after is None else after,
    )


def _ids(environments: Iterable[Environment]) -> list[str]:
    return sorted(one.environment_id for one in environments)
