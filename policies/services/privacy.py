"""What is masked in the calls of an environment."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import Environment
from policies.recognition.kinds import MASKED_NAMES


class PrivacyError(ValueError):
    """A setting that is refused; the message says what was found and what is wanted."""


@transaction.atomic
def set_masked(environment: Environment, kinds: Collection[str], *, actor: AbstractBaseUser | None) -> None:
    """Mask these kinds in its calls; none of them = nothing is masked. Holds from the next page on."""
    require(actor, Permission.CHANGE_POLICY)
    if unknown := sorted(set(kinds) - MASKED_NAMES):
        raise PrivacyError(f"`{unknown[0]}` is no kind of data, expected one of {', '.join(sorted(MASKED_NAMES))}")
    before = sorted(MASKED_NAMES if environment.masked is None else environment.masked)
    after = sorted(set(kinds))
    environment.masked = None if set(kinds) == MASKED_NAMES else after
    environment.save(update_fields=["masked"])
    audit.record(
        actor=actor,
        action="environment.masking_set",
        environment=environment.environment_id,
        masked=after,
        before=before,
    )
