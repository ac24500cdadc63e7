"""Publishing policy, and telling every web process that what it judges by has changed."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from policies import audit
from policies.baseline import BASELINE
from policies.load import load_document
from policies.models import PolicyVersion, RulesetSerial
from policies.ruleset import compile_ruleset


def changed() -> None:
    """Count the ruleset serial up. Needs the open transaction of the change, so both become visible together."""
    RulesetSerial.objects.get_or_create(pk=1)
    RulesetSerial.objects.filter(pk=1).update(serial=F("serial") + 1)


@transaction.atomic
def publish(document: dict[str, Any], *, actor: AbstractBaseUser | None, reason: str) -> PolicyVersion:
    """Make `document` the policy in force. Raises RulesetError, and publishes nothing, when it does not compile."""
    newest = PolicyVersion.objects.select_for_update().first()
    version = PolicyVersion.objects.create(
        number=newest.number + 1 if newest else 1,
        document=document,
        reason=reason,
        published_by_id=actor.pk if actor else None,
    )
    compile_ruleset(load_document())
    audit.record(actor=actor, action="policy.published", version=version.number, reason=reason)
    changed()
    return version


def ensure_baseline() -> PolicyVersion:
    """Publish the baseline policy where none is; safe to run twice."""
    return PolicyVersion.objects.first() or publish(BASELINE, actor=None, reason="baseline of a fresh install")
