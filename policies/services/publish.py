"""Publishing policy, and telling every web process that what it judges by has changed."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from policies import audit
from policies.access import Permission, require
from policies.baseline import BASELINE
from policies.load import compiled, load_document
from policies.models import PolicyVersion
from policies.policy_parts import digest_of

# Held while a version is made, so that two never take the same number; taken before any other lock.
_PUBLISH_LOCK = 7_221_006
_COUNT_UP = """
INSERT INTO policies_rulesetserial AS counted (id, serial) VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET serial = counted.serial + 1
"""


def changed() -> None:
    """Count the ruleset serial up. Needs the open transaction of the change, so both become visible together."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP)


def newest_version() -> PolicyVersion | None:
    """The version in force, and nobody publishes another before the open transaction ends; None before the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])
    return PolicyVersion.objects.first()


@transaction.atomic
def publish(
    document: dict[str, Any],
    *,
    actor: AbstractBaseUser | None,
    reason: str,
    title: str = "",
    authors: Sequence[str] = (),
    reviewer: AbstractBaseUser | None = None,
    restores: PolicyVersion | None = None,
    **said: Any,
) -> PolicyVersion:
    """Make `document` the policy in force. Raises RulesetError, and publishes nothing, when it does not compile.

    What people wrote goes through `policies.services.drafts`; this is for it, for the system and for commands. `said`
    is added to the audit entry.
    """
    require(actor, Permission.CHANGE_POLICY)
    newest = newest_version()
    version = PolicyVersion.objects.create(
        number=newest.number + 1 if newest else 1,
        document=document,
        title=title,
        reason=reason,
        base=newest,
        restores=restores,
        authors=list(authors),
        reviewer_id=reviewer.pk if reviewer else None,
        digest=digest_of(document),
        published_by_id=actor.pk if actor else None,
    )
    compiled(load_document())
    audit.record(
        actor=actor,
        action="policy.published",
        version=version.number,
        reason=reason,
        digest=version.digest,
        authors=list(authors),
        reviewer=reviewer.get_username() if reviewer else "",
        **said,
    )
    changed()
    return version


def ensure_baseline() -> PolicyVersion:
    """Publish the baseline policy where none is; safe to run twice."""
    return PolicyVersion.objects.first() or publish(BASELINE, actor=None, reason="baseline of a fresh install")
