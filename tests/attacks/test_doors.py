"""Every address that takes a form, asked from another site, led elsewhere, and with fields nobody offered."""

from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.access import Role, give_role
from policies.models import AuditEntry
from policies.services.publish import ensure_baseline
from policies.writes import EVERYBODY, OPEN, WRITES
from tests.test_role_walk import EVERY, address_of
from tests.told import record_story

pytestmark = pytest.mark.django_db
FORMS = tuple((route, name) for route, name, _ in EVERY if name in {*WRITES, *EVERYBODY, *OPEN})
ELSEWHERE = ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https:evil.example")
# What makes somebody more than they are, in forms and in the models behind them.
UNOFFERED: dict[str, Any] = {
    "is_superuser": "on",
    "is_staff": "on",
    "is_active": "on",
    "role": "policy_admin",
    "roles": "policy_admin",
    "groups": "1",
    "user_permissions": "1",
    "permissions": "change people and roles",
    "environment": "1",
    "environments": "1",
    "owner": "1",
    "actor": "1",
    "user": "1",
    "id": "1",
    "pk": "1",
    "password": "a long enough password",
    "token": "gr_chosen",
    "token_sha256": "0" * 64,
    "approved_by": "1",
    "created_by": "1",
    "version": "1",
}
# each of the other roles may do less than one of these
STRONGEST_AND_NONE = [
    None,
    *(Role.LEAD, Role.POLICY_ADMIN, Role.PEOPLE_ADMIN),
    *(pytest.param(r, marks=pytest.mark.thorough) for r in (Role.VIEWER, Role.ANALYST, Role.AUDITOR, Role.INTEGRATION)),
]


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password="a long enough password")


def test_no_form_is_taken_from_another_site(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    said = AuditEntry.objects.count()
    taken = {}
    for route, name in FORMS:
        answer = strict.post(address_of(route), headers={"origin": "https://evil.example", "hx-request": "true"})
        if answer.status_code != 403 or b"too old to be sent" not in answer.content:
            taken[name] = answer.status_code
    assert taken == {}
    assert AuditEntry.objects.count() == said


def test_a_form_of_ours_is_taken(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    strict.get("/account/")
    token = strict.cookies["csrftoken"].value
    answer = strict.post(reverse("logout"), {"csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Location"]) == (302, "/login/")


@pytest.mark.parametrize("path", ["/v1/evaluate", "/copilot-studio/analyze-tool-execution", "/v1/knowledge-events"])
def test_who_is_signed_in_asks_nothing_as_an_agent(ada: User, path: str) -> None:
    client = Client()
    client.force_login(ada)
    assert client.post(path, b"{}", content_type="text/plain").status_code == 401


def test_no_form_leads_to_another_site(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    led = {}
    for (route, name), elsewhere in zip(FORMS, cycle(ELSEWHERE), strict=False):
        wanted = dict.fromkeys(("next", "back", "return", "url", "redirect", "continue"), elsewhere)
        answer = client.post(address_of(route), wanted, headers={"referer": elsewhere})
        where = urlsplit(answer.get("Location", "/").replace("\\", "/"))
        if where.netloc or where.scheme:
            led[name] = answer["Location"]
        if name == "logout":
            client.force_login(ada)
    assert led == {}


def test_a_form_leads_back_to_the_page_it_stood_on(ada: User) -> None:
    record_story()
    take_in_all()
    case = Investigation.objects.get()
    client = Client()
    client.force_login(ada)
    address = f"/investigations/{case.pk}/claim/"
    assert client.post(address, {"next": "/?view=open"})["Location"] == "/?view=open"
    for elsewhere in ELSEWHERE:
        assert client.post(address, {"next": elsewhere})["Location"] == f"/investigations/{case.pk}/"


@pytest.mark.parametrize("role", STRONGEST_AND_NONE, ids=str)
def test_fields_nobody_offered_make_nobody_more(role: Role | None) -> None:
    ensure_baseline()
    person = User.objects.create_user("rhea")
    if role:
        give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    groups = set(person.groups.values_list("name", flat=True))
    for route, name in FORMS:
        if name != "logout":
            client.post(address_of(route, int=person.pk), UNOFFERED)
    person.refresh_from_db()
    assert (person.is_superuser, person.is_staff, set(person.groups.values_list("name", flat=True))) == (
        False,
        False,
        groups,
    )
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.exclude(pk=person.pk).exists()
    assert Group.objects.filter(user=person).count() == len(groups)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guardrail/settings.py",
        "/static/..%2f..%2fguardrail/settings.py",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/....//....//etc/passwd",
        "/static//etc/passwd",
        "/static/%00app.css",
        "/static/..%5c..%5cguardrail%5csettings.py",
    ],
)
def test_no_path_leads_out_of_what_is_served(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code in (302, 400, 404)
    assert b"SECRET_KEY" not in answer.content
    assert b"root:" not in answer.content
