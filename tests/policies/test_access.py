"""Roles and what each may do."""

from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from policies.access import GRANTS, Permission, Role, give_role, load_roles, may, require
from policies.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return User.objects.create(username="ada")


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.VIEWER, set()),
        (
            Role.ANALYST,
            {Permission.INVESTIGATE, Permission.RESPOND, Permission.EXPORT_EVIDENCE, Permission.REVEAL},
        ),
        (
            Role.LEAD,
            {
                Permission.INVESTIGATE,
                Permission.LEAD,
                Permission.RESPOND,
                Permission.EXPORT_EVIDENCE,
                Permission.READ_AUDIT,
                Permission.REVEAL,
                Permission.HOLD,
            },
        ),
        (Role.AUDITOR, {Permission.EXPORT_EVIDENCE, Permission.READ_AUDIT, Permission.LIFT_HOLD}),
        (Role.POLICY_ADMIN, set(Permission) - {Permission.CHANGE_PEOPLE, Permission.REVEAL, Permission.HOLD}),
        (Role.PEOPLE_ADMIN, {Permission.CHANGE_PEOPLE}),
        (Role.INTEGRATION, set()),
    ],
)
def test_it_gives_a_role_exactly_what_it_needs(person: User, role: Role, permissions: set[Permission]) -> None:
    give_role(person, role, actor=None)
    assert {permission for permission in Permission if may(person, permission)} == permissions


def test_it_gives_a_superuser_everything_without_a_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    root = User.objects.create_superuser("root")
    with django_assert_num_queries(0):
        assert all(may(root, permission) for permission in Permission)


def test_it_gives_nothing_to_strangers_to_people_without_a_role_and_to_the_inactive(person: User) -> None:
    left = User.objects.create_superuser("left", is_active=False)
    for nobody in (AnonymousUser(), person, left):
        assert not any(may(nobody, permission) for permission in Permission)


def test_it_lets_the_system_itself_change_things() -> None:
    require(None, Permission.CHANGE_POLICY)


def test_it_refuses_by_name_what_a_person_may_not(person: User) -> None:
    give_role(person, Role.ANALYST, actor=None)
    require(person, Permission.INVESTIGATE)
    with pytest.raises(PermissionDenied, match="`ada` may not change agents, environments and policy"):
        require(person, Permission.CHANGE_POLICY)


def test_it_asks_the_database_once_for_one_person(
    person: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    give_role(person, Role.ANALYST, actor=None)
    with django_assert_num_queries(1):
        assert may(person, Permission.INVESTIGATE)
        assert not may(person, Permission.CHANGE_POLICY)


def test_it_replaces_the_role_and_keeps_other_groups(person: User) -> None:
    person.groups.add(Group.objects.create(name="night shift"))
    give_role(person, Role.POLICY_ADMIN, actor=None)
    give_role(person, Role.VIEWER, actor=None)
    assert load_roles(person) == {Role.VIEWER}
    assert person.groups.filter(name="night shift").exists()
    assert AuditEntry.objects.filter(action="person.role_given").count() == 2


@pytest.mark.parametrize("role", [None, Role.LEAD, Role.POLICY_ADMIN])
def test_it_lets_only_a_people_admin_give_roles(person: User, role: Role | None) -> None:
    eve, pat = User.objects.create(username="eve"), User.objects.create(username="pat")
    if role:
        give_role(eve, role, actor=None)
    with pytest.raises(PermissionDenied):
        give_role(person, Role.POLICY_ADMIN, actor=eve)
    give_role(pat, Role.PEOPLE_ADMIN, actor=None)
    give_role(person, Role.POLICY_ADMIN, actor=pat)
    assert load_roles(person) == {Role.POLICY_ADMIN}


def test_no_role_and_no_two_groups_let_one_person_change_policy_and_say_who_else_may(person: User) -> None:
    both = {Permission.CHANGE_POLICY, Permission.CHANGE_PEOPLE}
    assert not [role for role in Role if both <= GRANTS[role]]
    eve = User.objects.create(username="eve")
    eve.groups.set([Group.objects.get_or_create(name=name)[0] for name in ("policy_admin", "people_admin")])
    with pytest.raises(PermissionDenied, match="so not say who else may"):
        give_role(person, Role.POLICY_ADMIN, actor=eve)
    give_role(person, Role.ANALYST, actor=eve)
    give_role(person, Role.POLICY_ADMIN, actor=User.objects.create_superuser("root"))


def test_a_fresh_install_has_the_groups() -> None:
    Group.objects.all().delete()  # as in an empty database: a test that flushes may have run before
    import_module("policies.migrations.0003_create_roles").create(apps, None)
    import_module("policies.migrations.0025_create_lead_role").create(apps, None)
    import_module("policies.migrations.0035_create_auditor_role").create(apps, None)
    import_module("policies.migrations.0036_create_people_admin_role").create(apps, None)
    import_module("policies.migrations.0037_create_integration_role").create(apps, None)
    assert set(Group.objects.values_list("name", flat=True)) >= {role.value for role in Role}


def test_the_command_gives_a_role_to_somebody_there_is(person: User) -> None:
    call_command("give_role", "ada", "analyst", stdout=StringIO())
    assert load_roles(User.objects.get()) == {Role.ANALYST}
    with pytest.raises(CommandError, match="nobody is called `ben`"):
        call_command("give_role", "ben", "analyst")
