"""Who may approve a policy: somebody who may change policy and wrote no part of it."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from policies.access import GRANTS, Permission


def policy_people() -> QuerySet[User]:
    """Everybody who may change policy and can sign in, by name."""
    roles = [role.value for role, granted in GRANTS.items() if Permission.CHANGE_POLICY in granted]
    return (
        User.objects.filter(Q(is_superuser=True) | Q(groups__name__in=roles), is_active=True)
        .distinct()
        .order_by("username")
    )


def four_eyes() -> bool:
    """Whether a second person must approve: by GUARDRAIL_FOUR_EYES, or where there is a second one. Up to one query."""
    if settings.FOUR_EYES == "auto":
        return len(policy_people().values_list("pk", flat=True)[:2]) == 2
    return bool(settings.FOUR_EYES == "on")
