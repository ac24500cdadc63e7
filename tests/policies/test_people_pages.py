"""The pages of people, by those who may change them, those who may not, and those who would like to."""

import re
from io import StringIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from policies.access import Role, give_role, load_roles
from policies.models import AuditEntry, Authenticator, Destination, Environment, SecondFactorRule
from policies.people.attempts import PER_ACCOUNT
from policies.people.totp import code_at, new_secret, step_at
from policies.services.second_factors import add_authenticator

PASSWORD = "a long enough password"
ROUTES = ("link", "role", "disable", "enable", "reset-second-factor", "sign-out", "unlock")

pytestmark = pytest.mark.django_db


def a_person(name: str, role: Role | None = None, **more: Any) -> User:
    person = User.objects.create_user(name, password=PASSWORD, **more)
    if role:
        give_role(person, role, actor=None)
    return person


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def sign_in(name: str, password: str = PASSWORD) -> Any:
    return Client().post("/login/", {"username": name, "password": password})


def actions(person: User) -> list[tuple[str, str]]:
    return [
        (entry.action, entry.actor_name)
        for entry in AuditEntry.objects.order_by("id")
        if entry.detail.get("person") == person.get_username()
    ]


@pytest.fixture
def admin() -> Client:
    return signed_in(a_person("pat", Role.PEOPLE_ADMIN))


@pytest.fixture
def ben() -> User:
    return a_person("ben", Role.ANALYST)


def link_of(page: str) -> str:
    found = re.search(r"/welcome/[\w-]+/[\w-]+/", page)
    assert found, page
    return found[0]


def test_an_admin_adds_a_person_who_sets_a_password_by_a_link_once(admin: Client) -> None:
    answer = admin.post("/people/", {"name": "new.colleague", "role": "analyst"})
    person = User.objects.get(username="new.colleague")
    assert answer["Location"] == f"/people/{person.pk}/"
    assert load_roles(person) == {Role.ANALYST}
    assert sign_in("new.colleague", "").status_code == 422
    path = link_of(admin.post(f"/people/{person.pk}/link/").content.decode())
    newcomer = Client()
    assert "new.colleague" in newcomer.get(path).content.decode()
    assert newcomer.post(path, {"password": "short", "again": "short"}).status_code == 422
    assert newcomer.post(path, {"password": PASSWORD, "again": PASSWORD})["Location"] == "/login/"
    # being given a link is not being signed in: a second factor is asked for like of everybody
    assert not is_in(newcomer)
    assert sign_in("new.colleague").status_code == 302
    assert newcomer.get(path).status_code == 404
    assert newcomer.post(path, {"password": "another password", "again": "another password"}).status_code == 404
    assert [action for action, _ in actions(person)] == [
        *("person.created", "person.role_given", "person.link_made", "person.password_changed"),
    ]


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("Contoso-2026-11!", False),
        ("c0nt0s0c0nt0s0", False),
        ("Guardrail-Admin-1", False),
        ("new.colleague.1", False),
        ("Welcome2Autumn2026", False),
        ("Sales floor 12345", False),
        ("horses of contoso graze", True),
        ("7391-4482-9917-6305", True),
        ("twelve quiet otters", True),
    ],
)
def test_words_everybody_here_knows_count_for_nothing_in_a_password(admin: Client, password: str, taken: bool) -> None:
    Destination.objects.create(value="contoso.example", standing=Destination.StandingChoice.INTERNAL)
    Environment.objects.create(environment_id="e-1", name="Sales floor")
    admin.post("/people/", {"name": "new.colleague", "role": "analyst"})
    person = User.objects.get(username="new.colleague")
    path = link_of(admin.post(f"/people/{person.pk}/link/").content.decode())
    answer = Client().post(path, {"password": password, "again": password})
    assert answer.status_code == (302 if taken else 422)
    if not taken:
        assert "words everybody here knows" in answer.content.decode()


def test_a_link_ends_when_the_account_is_turned_off_or_its_person_signs_in(admin: Client, ben: User) -> None:
    paths = [link_of(admin.post(f"/people/{ben.pk}/link/").content.decode())]
    admin.post(f"/people/{ben.pk}/disable/")
    assert Client().get(paths[0]).status_code == 404
    admin.post(f"/people/{ben.pk}/enable/")
    assert Client().get(paths[0]).status_code == 200
    sign_in("ben")
    assert Client().get(paths[0]).status_code == 404


@pytest.mark.parametrize("key", ["x", "MQ", "LTE", "w6k", "OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_link_somebody_made_up_is_none(ben: User, key: str) -> None:
    for token in ("x", "c0ffee-0123456789abcdef0123456789abcdef"):
        assert Client().get(f"/welcome/{key}/{token}/").status_code == 404


def test_a_link_of_one_is_worth_nothing_for_another(admin: Client, ben: User) -> None:
    path = link_of(admin.post(f"/people/{ben.pk}/link/").content.decode())
    other = link_of(admin.post(f"/people/{a_person('eve').pk}/link/").content.decode())
    token = path.rstrip("/").rpartition("/")[2]
    assert Client().get(f"{other.rstrip('/').rpartition('/')[0]}/{token}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("BEN", "however it is written"),
        ("system", "stands for nobody"),
        ("<script>alert(1)</script>", "is no user name"),
        ("аda", "is no user name"),
        ("a b", "is no user name"),
        ("", "required"),
        ("x" * 151, "at most 150"),
    ],
)
def test_it_makes_no_account_that_could_be_taken_for_another(admin: Client, ben: User, name: str, said: str) -> None:
    answer = admin.post("/people/", {"name": name, "role": "viewer"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert User.objects.count() == 2


def test_turning_somebody_off_ends_what_is_open_and_lets_nobody_in_until_it_is_turned_on(
    admin: Client, ben: User
) -> None:
    his = signed_in(ben)
    assert is_in(his)
    admin.post(f"/people/{ben.pk}/disable/")
    assert not is_in(his)
    assert sign_in("ben").status_code == 422
    admin.post(f"/people/{ben.pk}/disable/")
    admin.post(f"/people/{ben.pk}/enable/")
    assert sign_in("ben").status_code == 302
    told = [action for action in actions(ben) if action[1] == "pat"]
    assert told == [("person.disabled", "pat"), ("person.sessions_ended", "pat"), ("person.enabled", "pat")]


def test_another_role_signs_out_and_the_same_one_does_not(admin: Client, ben: User) -> None:
    his = signed_in(ben)
    admin.post(f"/people/{ben.pk}/role/", {"role": "analyst"})
    assert is_in(his)
    admin.post(f"/people/{ben.pk}/role/", {"role": "lead"})
    assert load_roles(User.objects.get(pk=ben.pk)) == {Role.LEAD}
    assert not is_in(his)
    assert admin.post(f"/people/{ben.pk}/role/", {"role": "superuser"}).status_code == 404


def test_an_admin_signs_somebody_out_everywhere(admin: Client, ben: User) -> None:
    his = [signed_in(ben), signed_in(ben)]
    page = admin.get(f"/people/{ben.pk}/").content.decode()
    assert "Sign out everywhere" in page
    admin.post(f"/people/{ben.pk}/sign-out/")
    assert [is_in(one) for one in his] == [False, False]
    assert is_in(admin)


def test_an_admin_removes_a_lost_second_factor_and_its_person_adds_another_where_a_role_needs_one(
    admin: Client, ben: User
) -> None:
    secret, now = new_secret(), timezone.now()
    add_authenticator(ben, secret, code_at(secret, step_at(now)), now=now, session=None)
    admin.post("/people/second-factor/", {"role": ["analyst", "superuser", "nonsense"]})
    assert set(SecondFactorRule.objects.values_list("role", flat=True)) == {"analyst", "superuser"}
    assert sign_in("ben")["Location"] == "/login/code/"
    admin.post(f"/people/{ben.pk}/reset-second-factor/")
    assert not Authenticator.objects.exists()
    assert sign_in("ben")["Location"] == "/login/authenticator/"
    assert "not added yet" in admin.get(f"/people/{ben.pk}/").content.decode()
    assert ("second_factor.removed", "pat") in actions(ben)
    admin.post("/people/second-factor/")
    assert sign_in("ben")["Location"] == "/"


def test_an_admin_unlocks_whoever_was_locked_by_a_stranger(admin: Client, ben: User) -> None:
    for _ in range(PER_ACCOUNT + 1):
        sign_in("ben", "a guess")
    assert sign_in("ben").status_code == 429
    assert "locked for strangers" in admin.get("/people/").content.decode()
    admin.post(f"/people/{ben.pk}/unlock/")
    assert sign_in("ben").status_code == 302
    assert ("sign_in.unlocked", "pat") in actions(ben)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.LEAD, Role.POLICY_ADMIN])
def test_nobody_without_the_right_changes_anybody(ben: User, role: Role | None, route: str) -> None:
    client = signed_in(a_person("eve", role))
    assert client.post(f"/people/{ben.pk}/{route}/", {"role": "policy_admin"}).status_code == 403
    assert load_roles(User.objects.get(pk=ben.pk)) == {Role.ANALYST}


def test_nobody_without_the_right_adds_people_or_sees_where_they_are(ben: User) -> None:
    client = signed_in(a_person("eve", Role.LEAD))
    assert client.post("/people/", {"name": "mallory", "role": "policy_admin"}).status_code == 403
    assert client.post("/people/second-factor/").status_code == 403
    assert client.get(f"/people/{ben.pk}/").status_code == 403
    page = client.get("/people/").content.decode()
    assert "ben" in page
    assert not [word for word in ("Last seen", "Second factor", "Add a person", "locked") if word in page]


@pytest.mark.parametrize("route", ROUTES)
def test_a_people_admin_does_nothing_to_a_superuser_and_a_superuser_may(admin: Client, route: str) -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    before = root.password
    assert admin.post(f"/people/{root.pk}/{route}/", {"role": "viewer"}).status_code == 403
    root.refresh_from_db()
    assert (root.is_active, root.is_superuser, root.password) == (True, True, before)
    other = signed_in(User.objects.create_superuser("root2"))
    assert other.post(f"/people/{root.pk}/{route}/", {"role": "viewer"}).status_code in (200, 302)


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_changes_their_own_account_there(route: str) -> None:
    pat = a_person("pat", Role.PEOPLE_ADMIN)
    client = signed_in(pat)
    client.post(f"/people/{pat.pk}/{route}/", {"role": "viewer"})
    assert is_in(client)
    assert load_roles(User.objects.get(pk=pat.pk)) == {Role.PEOPLE_ADMIN}
    assert "This is you" in client.get(f"/people/{pat.pk}/").content.decode()


def test_what_groups_say_is_changed_there(admin: Client, ben: User) -> None:
    SocialAccount.objects.create(user=ben, provider="https://issuer.example", uid="1")
    admin.post(f"/people/{ben.pk}/role/", {"role": "policy_admin"})
    admin.post(f"/people/{ben.pk}/link/")
    assert load_roles(User.objects.get(pk=ben.pk)) == {Role.ANALYST}
    assert "person.link_made" not in [action for action, _ in actions(ben)]
    admin.post(f"/people/{ben.pk}/disable/")
    assert not User.objects.get(pk=ben.pk).is_active


@pytest.mark.parametrize("route", ROUTES)
def test_reading_an_address_changes_nothing_and_another_page_posts_nothing(
    admin: Client, ben: User, route: str
) -> None:
    assert admin.get(f"/people/{ben.pk}/{route}/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="pat"))
    assert strict.post(f"/people/{ben.pk}/{route}/", {"role": "viewer"}).status_code == 403
    assert admin.post(f"/people/999999/{route}/", {"role": "viewer"}).status_code == 404


def test_the_list_shows_hostile_names_as_text_and_pages_by_name(admin: Client) -> None:
    User.objects.create_user("mallory", first_name="<script>alert(1)</script>", last_name="\u202eyrollam")
    page = admin.get("/people/", {"q": "MALL"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    User.objects.bulk_create([User(username=f"z{number:03}") for number in range(60)])
    first = admin.get("/people/").content.decode()
    (more,) = re.findall(r'href="\?([^"]+)">Next', first)
    second = admin.get(f"/people/?{more.replace('&amp;', '&')}").content.decode()
    assert "z059" in second
    assert "z059" not in first
    assert admin.get("/people/", {"q": "\0%_<", "after": "\0"}).status_code == 200


def test_the_list_asks_the_same_however_many_there_are(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create([User(username=f"z{number:03}") for number in range(40)])
    with django_assert_max_num_queries(18):
        assert admin.get("/people/").status_code == 200


def test_whoever_runs_the_server_does_the_same_by_a_command(ben: User) -> None:
    his, out = signed_in(ben), StringIO()
    call_command("person", "ben", "sign-out", stdout=out)
    assert not is_in(his)
    call_command("person", "ben", "link", stdout=out)
    assert Client().get(link_of(out.getvalue())).status_code == 200
    for what in ("unlock", "reset-second-factor", "disable", "enable"):
        call_command("person", "ben", what, stdout=out)
    assert User.objects.get(username="ben").is_active
    with pytest.raises(CommandError, match="nobody is called `eve`"):
        call_command("person", "eve", "link")
    call_command("person", "ada", "add", role="policy_admin", stdout=out)
    assert load_roles(User.objects.get(username="ada")) == {Role.POLICY_ADMIN}
    for role, told in ((None, "no role"), ("lead", "there is an account `ada`")):
        with pytest.raises(CommandError, match=told):
            call_command("person", "ada", "add", role=role, stdout=out)
    call_command("person", "ben", "disable", stdout=out)
    with pytest.raises(CommandError, match="turned off"):
        call_command("person", "ben", "link")


def test_a_programs_account_signs_in_nowhere_and_gets_no_link(admin: Client) -> None:
    said = admin.post("/people/", {"name": "siem", "role": "integration"}, follow=True).content.decode()
    siem = User.objects.get(username="siem")
    assert "makes one for it next, under API tokens" in said
    assert "This is a program" not in said
    assert "this is a program" in said
    admin.post(f"/people/{siem.pk}/link/")
    assert "person.link_made" not in [action for action, _ in actions(siem)]
    siem.set_password(PASSWORD)
    siem.save()
    assert sign_in("siem").status_code == 422
    admin.post(f"/people/{siem.pk}/role/", {"role": "viewer"})
    assert sign_in("siem").status_code == 302


def test_who_becomes_a_program_is_signed_out_and_a_link_of_before_is_worth_nothing(admin: Client, ben: User) -> None:
    his, path = signed_in(ben), link_of(admin.post(f"/people/{ben.pk}/link/").content.decode())
    admin.post(f"/people/{ben.pk}/role/", {"role": "integration"})
    assert not is_in(his)
    assert Client().post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 404
    assert sign_in("ben").status_code == 422
