"""What is masked in the calls of an environment, and for how long they are kept."""

from collections.abc import Collection

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import Environment
from policies.recognition.kinds import MASKED_NAMES

MOST_DAYS = 36_600


class PrivacyError(ValueError):
    """A setting that is refused; the message says what was found and what is wanted."""


@transaction.atomic
def set_kept(
    environment: Environment, *, transcript_days: int | None, call_days: int | None, actor: AbstractBaseUser | None
) -> None:
    """For how many days transcripts, and whole calls, are kept; None = as long as the settings say."""
    require(actor, Permission.CHANGE_POLICY)
    for days in (transcript_days, call_days):
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise PrivacyError(f"`{days}` days, expected 1 to {MOST_DAYS}")
    before = {"transcripts": environment.keep_transcript_days, "calls": environment.keep_call_days}
    environment.keep_transcript_days, environment.keep_call_days = transcript_days, call_days
    environment.save(update_fields=["keep_transcript_days", "keep_call_days"])
    audit.record(
        actor=actor,
        action="environment.retention_set",
        environment=environment.environment_id,
        transcript_days=transcript_days,
        call_days=call_days,
        before=before,
    )


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
