"""Who may do what: roles are Django groups, and what each role may do is this file, so that it is reviewed like code.

Everybody who signed in may read. Changing anything asks `require`, in the service that makes the change, so that no
page, command or API can forget it.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from policies import audit
from policies.services.sessions import end_sessions


class Permission(enum.Enum):
    INVESTIGATE = "work on investigations"
    LEAD = "lead the work on investigations"
    RESPOND = "restrict agents, users, documents and destinations for a time"
    CHANGE_POLICY = "change agents, environments and policy"
    CHANGE_CALLERS = "change callers and their tokens"
    CHANGE_RECEIVERS = "decide what other systems are told"
    CHANGE_API_TOKENS = "give programs tokens to read with"
    CHANGE_PEOPLE = "change people, their roles and how they sign in"
    EXPORT_EVIDENCE = "take evidence and lists of calls out"
    REVEAL = "see personal data and secrets in calls"
    HOLD = "put a legal hold on cases, calls and users"
    LIFT_HOLD = "lift a legal hold"
    ERASE = "erase what calls of a person said"
    READ_AUDIT = "read the audit trail and take it out"


class Role(enum.Enum):
    """A person's role; the value is the name of the Django group. A superuser has every permission without one."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    LEAD = "lead"
    AUDITOR = "auditor"
    POLICY_ADMIN = "policy_admin"
    PEOPLE_ADMIN = "people_admin"
    INTEGRATION = "integration"


GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset(),
        Role.ANALYST: frozenset(
            {Permission.INVESTIGATE, Permission.RESPOND, Permission.EXPORT_EVIDENCE, Permission.REVEAL}
        ),
        Role.LEAD: frozenset(
            {
                Permission.INVESTIGATE,
                Permission.LEAD,
                Permission.RESPOND,
                Permission.EXPORT_EVIDENCE,
                Permission.READ_AUDIT,
                Permission.REVEAL,
                Permission.HOLD,
            }
        ),
        Role.AUDITOR: frozenset({Permission.EXPORT_EVIDENCE, Permission.READ_AUDIT, Permission.LIFT_HOLD}),
        # Nobody has both: whoever makes accounts and changes policy makes the second person of their own drafts.
        Role.POLICY_ADMIN: frozenset(Permission) - {Permission.CHANGE_PEOPLE, Permission.REVEAL, Permission.HOLD},
        Role.PEOPLE_ADMIN: frozenset({Permission.CHANGE_PEOPLE}),
        # No person: a program that has tokens, and opens no page.
        Role.INTEGRATION: frozenset(),
    }
)


def may(user: AbstractBaseUser | AnonymousUser | None, permission: Permission) -> bool:
    """Whether `user` has `permission`; None is the system itself (a command, the intake) and has every one.

    One query for each user object, none for a superuser.
    """
    if user is None:
        return True
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_superuser or any(permission in GRANTS[role] for role in load_roles(user))


def require(user: AbstractBaseUser | AnonymousUser | None, permission: Permission) -> None:
    """Raise PermissionDenied, which a page answers with 403, unless `user` has `permission`."""
    if not may(user, permission):
        name = user.get_username() if user else ""
        raise PermissionDenied(f"`{name}` may not {permission.value}")


def require_over(user: AbstractBaseUser | AnonymousUser | None, person: User) -> None:
    """Raise PermissionDenied unless `user` may change the account of `person`: of a superuser only a superuser may."""
    require(user, Permission.CHANGE_PEOPLE)
    if person.is_superuser and user is not None and not (isinstance(user, User) and user.is_superuser):
        raise PermissionDenied(f"`{user.get_username()}` may not change a superuser")


def require_may_give(user: AbstractBaseUser | AnonymousUser | None, role: Role) -> None:
    """Raise PermissionDenied where somebody who may change policy would let another one.

    INVARIANT: no role leads there; somebody in two groups would. Superusers may, and policy that they publish so waits
    for a second person all the same (`policies.services.four_eyes`).
    """
    if user is None or (isinstance(user, User) and user.is_superuser):
        return
    if Permission.CHANGE_POLICY in GRANTS[role] and may(user, Permission.CHANGE_POLICY):
        raise PermissionDenied(f"`{user.get_username()}` may change policy, so not say who else may")


def is_machine(user: User) -> bool:
    """Whether this account is a program's: it signs in nowhere, and its tokens end with it."""
    return not user.is_superuser and Role.INTEGRATION in load_roles(user)


def actor_of(request: HttpRequest) -> User:
    """The signed-in person behind a request, for a service's `actor`. Raises PermissionDenied when nobody signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied("nobody is signed in")
    return request.user


def load_roles(user: User) -> frozenset[Role]:
    """The roles of one person, kept with `is_narrowed` on the user object for a request. Other groups do not count."""
    kept: frozenset[Role] | None = getattr(user, "_guardrail_roles", None)
    if kept is None:
        rows = list(User.objects.filter(pk=user.pk).values_list("groups__name", "scope__pk"))
        names = {name for name, _ in rows}
        kept = frozenset(role for role in Role if role.value in names)
        # caches for one request, as Django's own _perm_cache
        user._guardrail_roles = kept  # type: ignore[attr-defined]
        user._guardrail_narrowed = any(scope is not None for _, scope in rows)  # type: ignore[attr-defined]
    return kept


def is_narrowed(user: AbstractBaseUser | AnonymousUser | None) -> bool:
    """Whether somebody sees some environments only; superusers and the system see all. The query of `load_roles`."""
    if not isinstance(user, User) or user.is_superuser:
        return False
    load_roles(user)
    return bool(getattr(user, "_guardrail_narrowed", False))


@transaction.atomic
def give_role(user: User, role: Role, *, actor: AbstractBaseUser | None) -> None:
    """Make `role` the one role of `user`, who then signs in anew. Audited; safe to run twice."""
    require_over(actor, user)
    require_may_give(actor, role)
    before = load_roles(user)
    user.groups.remove(*Group.objects.filter(name__in=[other.value for other in Role if other is not role]))
    user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    user.__dict__.pop("_guardrail_roles", None)
    audit.record(
        actor=actor,
        action="person.role_given",
        person=user.get_username(),
        role=role.value,
        before=sorted(one.value for one in before),
    )
    if before != {role}:
        end_sessions(user, why="role", actor=actor)
