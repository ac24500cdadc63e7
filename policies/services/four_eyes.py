"""Who may approve a policy: somebody who may change policy, wrote no part of it, and is in nobody's hands who did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from policies.access import GRANTS, Permission
from policies.models import AuditEntry

POLICY_ROLES = frozenset(role.value for role, granted in GRANTS.items() if Permission.CHANGE_POLICY in granted)
# Whoever does one of these could sign in as that person: with a link, or with the password alone.
_WAYS_IN = ("person.created", "person.link_made", "second_factor.removed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hand:
    """Somebody who lately made an account, or a way into it."""

    pk: int
    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Hands:
    """Who could have signed in as whom in the last `days`, by user name. What the server's owner did by a command, and
    what groups of another house say, is nobody's hand."""

    days: int
    by_name: Mapping[str, Mapping[int, Hand]]

    def between(self, reviewer: User, authors: Iterable[User]) -> str:
        """Why `reviewer` is no second person beside `authors`; empty where they are one. Who wrote it is not asked."""
        for author in authors:
            one, other = self._of(reviewer), self._of(author)
            for pk in one.keys() & other.keys():
                hand = max((found for found in (one[pk], other[pk]) if found), key=lambda found: found.at, default=None)
                if hand is not None:
                    return self._told(hand, reviewer=reviewer, author=author)
        return ""

    def _of(self, person: User) -> Mapping[int, Hand | None]:
        return {person.pk: None, **self.by_name.get(person.get_username(), {})}

    def _told(self, hand: Hand, *, reviewer: User, author: User) -> str:
        names = [person.get_username() for person in (author, reviewer) if person.pk != hand.pk]
        whose = " and ".join(f"`{name}`" for name in names)
        until = hand.at + timedelta(days=self.days)
        return f"`{hand.name}` made a way into the account of {whose} on {hand.at:%Y-%m-%d} (until {until:%Y-%m-%d})"


def policy_people() -> QuerySet[User]:
    """Everybody who may change policy and can sign in, by name."""
    return (
        User.objects.filter(Q(is_superuser=True) | Q(groups__name__in=POLICY_ROLES), is_active=True)
        .distinct()
        .order_by("username")
    )


def four_eyes() -> bool:
    """Whether a second person must approve: by GUARDRAIL_FOUR_EYES, or where there is, or lately was, a second one.

    Up to two queries. Whoever changes people could otherwise leave one account in their hands, which publishes alone.
    """
    if settings.FOUR_EYES == "auto":
        several = len(policy_people().values_list("pk", flat=True)[:2]) == 2
        return several or _somebody_lost_it(since=_since(timezone.now()))
    return bool(settings.FOUR_EYES == "on")


def load_hands(*, now: datetime) -> Hands:
    """One query."""
    ways = AuditEntry.objects.filter(action__in=_WAYS_IN, at__gte=_since(now), actor__isnull=False)
    found: dict[str, dict[int, Hand]] = {}
    for person, pk, name, at in ways.order_by("id").values_list("detail__person", "actor_id", "actor_name", "at"):
        if isinstance(person, str) and pk is not None:
            found.setdefault(person, {})[pk] = Hand(pk=pk, name=name, at=at)
    return Hands(days=settings.FOUR_EYES_DAYS, by_name=found)


def _since(now: datetime) -> datetime:
    return now - timedelta(days=settings.FOUR_EYES_DAYS)


def _somebody_lost_it(*, since: datetime) -> bool:
    actions = ("person.disabled", "person.role_given")
    lines = AuditEntry.objects.filter(action__in=actions, at__gte=since, actor__isnull=False)
    return any(
        POLICY_ROLES & {*(had or ()), *(roles or ())} and given not in POLICY_ROLES
        for had, roles, given in lines.values_list("detail__before", "detail__roles", "detail__role")
    )
