"""The page of tokens programs read with, by the browser's requests."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from guardrail.api_tokens import Scope, create_token
from guardrail.callers import digest_of
from guardrail.models import ApiToken
from policies.access import Role, give_role
from policies.models import AuditEntry
from policies.services import people

pytestmark = pytest.mark.django_db
ASKED: dict[str, Any] = {"name": "SIEM poller", "scopes": ["verdicts:read", "audit:read"], "days": "90"}


def signed_in(name: str, role: Role) -> Client:
    person = User.objects.create_user(name)
    give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in("ada", Role.POLICY_ADMIN)


def made(client: Client, **changes: Any) -> str:
    page = client.post("/tokens/", {**ASKED, **changes}).content.decode()
    found = re.search(r"gra_[\w-]{43}", page)
    assert found, page
    return found[0]


def read(token: str, path: str = "verdicts") -> int:
    return Client().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {token}"}).status_code


def test_a_token_is_shown_once_kept_as_its_hash_and_reads(admin: Client) -> None:
    answer = admin.post("/tokens/", ASKED)
    token = re.search(r"gra_[\w-]{43}", answer.content.decode())
    assert token
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    kept = ApiToken.objects.get()
    assert kept.token_sha256 == digest_of(token[0])
    assert kept.scopes == ["audit:read", "verdicts:read"]
    page = admin.get("/tokens/").content.decode()
    assert token[0] not in page
    assert "SIEM poller" in page
    assert "never" in page
    assert read(token[0]) == 200
    assert ApiToken.objects.get().last_used_at is not None


def test_making_and_revoking_is_audited_without_the_token(admin: Client) -> None:
    token = made(admin)
    assert read(token) == 200
    admin.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert read(token) == 401
    entries = list(AuditEntry.objects.filter(action__startswith="api_token.").order_by("pk"))
    assert [(entry.action, entry.actor_name, entry.detail["name"]) for entry in entries] == [
        ("api_token.made", "ada", "SIEM poller"),
        ("api_token.revoked", "ada", "SIEM poller"),
    ]
    assert token not in str([entry.detail for entry in entries])
    again = admin.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/", follow=True)
    assert "has ended already" in again.content.decode()


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": ""}, "This field is required"),
    ({"name": "   "}, "This field is required"),
    ({"name": "a\u202eb"}, "expected 1 to 100 that can be seen"),
    ({"name": "x" * 101}, "at most 100 characters"),
    ({"scopes": []}, "This field is required"),
    ({"scopes": ["everything:write"]}, "not one of the available choices"),
    ({"days": "0"}, "not one of the available choices"),
    ({"days": "9999"}, "not one of the available choices"),
)


def test_it_says_at_the_field_what_is_wrong(admin: Client) -> None:
    for changes, said in REFUSED:
        answer = admin.post("/tokens/", {**ASKED, **changes})
        assert answer.status_code == 422, changes
        assert said in answer.content.decode(), changes
    assert not ApiToken.objects.exists()


def test_a_name_is_used_once_even_when_its_token_has_ended(admin: Client) -> None:
    made(admin)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(days=1))
    answer = admin.post("/tokens/", ASKED)
    assert answer.status_code == 422
    assert "expected a name that was never used" in answer.content.decode()
    assert "ended" in admin.get("/tokens/").content.decode()


def test_no_token_outlives_the_longest_time(admin: Client, settings: Settings) -> None:
    settings.API_TOKEN_MAX_DAYS = 30
    assert admin.post("/tokens/", {**ASKED, "days": "90"}).status_code == 422
    made(admin, days="30")
    settings.API_TOKEN_MAX_DAYS = 3
    made(admin, name="other", days="3")


def test_a_token_made_anew_keeps_its_name_and_the_secret_of_before_works_a_day(admin: Client) -> None:
    first = made(admin, days="30")
    token = ApiToken.objects.get()
    ApiToken.objects.update(
        created_at=timezone.now() - timedelta(days=20), expires_at=timezone.now() + timedelta(days=10)
    )
    page = admin.post(f"/tokens/{token.pk}/rotate/").content.decode()
    second = re.findall(r"gra_[\w-]{43}", page)[0]
    assert "The one before works for another 24 hours" in page
    assert (read(first), read(second)) == (200, 200)
    kept = ApiToken.objects.get()
    assert (kept.name, kept.scopes) == (token.name, token.scopes)
    assert timedelta(days=29) < kept.expires_at - timezone.now() <= timedelta(days=30)
    ApiToken.objects.update(previous_ends_at=timezone.now())
    assert (read(first), read(second)) == (401, 200)
    third = re.findall(r"gra_[\w-]{43}", admin.post(f"/tokens/{token.pk}/rotate/").content.decode())[0]
    assert (read(first), read(second), read(third)) == (401, 200, 200)
    admin.post(f"/tokens/{token.pk}/revoke/")
    assert (read(second), read(third)) == (401, 401)
    line = AuditEntry.objects.filter(action="api_token.rotated").latest("pk")
    assert (line.actor_name, line.detail["name"]) == ("ada", "SIEM poller")
    assert not [secret for secret in (first, second, third) if secret in str(line.detail)]
    assert "has ended" in admin.post(f"/tokens/{token.pk}/rotate/", follow=True).content.decode()


def test_a_token_of_a_programs_account_ends_with_it(admin: Client) -> None:
    siem = User.objects.create_user("siem")
    give_role(siem, Role.INTEGRATION, actor=None)
    person = User.objects.create_user("pia")
    assert admin.post("/tokens/", {**ASKED, "account": person.pk}).status_code == 422
    token = made(admin, account=siem.pk)
    assert read(token) == 200
    assert "siem" in admin.get("/tokens/").content.decode()
    people.disable_person(siem, actor=None)
    assert read(token) == 401
    assert "off with its account" in admin.get("/tokens/").content.decode()
    people.enable_person(siem, actor=None)
    assert read(token) == 200
    give_role(siem, Role.VIEWER, actor=None)
    assert read(token) == 401


def test_a_token_that_nobody_gave_an_end_ends_after_the_usual_time() -> None:
    now = timezone.now()
    create_token("x", [Scope.VERDICTS], now=now, actor=None)
    assert ApiToken.objects.get().expires_at == now + timedelta(days=90)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.LEAD])
def test_only_an_admin_makes_and_revokes(role: Role, admin: Client) -> None:
    token = made(admin)
    other = signed_in("ben", role)
    assert other.post("/tokens/", {**ASKED, "name": "mine"}).status_code == 403
    assert other.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 403
    assert other.post(f"/tokens/{ApiToken.objects.get().pk}/rotate/").status_code == 403
    page = other.get("/tokens/").content.decode()
    assert "Make a token" not in page
    assert "Revoke" not in page
    assert read(token) == 200


def test_a_scope_that_was_not_given_reads_nothing(admin: Client) -> None:
    token = made(admin, scopes=["audit:read"])
    assert read(token, "audit") == 200
    assert read(token, "investigations") == 403
    assert read(token, "verdicts") == 403
