"""The callers' pages, by the browser's requests."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from guardrail import callers, housekeeper, token_uses
from guardrail.models import Orchestrator, OrchestratorToken
from policies.access import Role, give_role
from policies.models import AuditEntry, Environment
from tests.callers import Asking
from tests.guardrail.bodies import call

pytestmark = pytest.mark.django_db
TENANT = "11111111-2222-3333-4444-555555555555"
APP = "aaaaaaaa-2222-3333-4444-555555555555"


@pytest.fixture
def admin() -> Client:
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    return _signed_in("ben", Role.ANALYST)


@pytest.fixture
def caller(settings: Settings) -> Orchestrator:
    settings.PUBLIC_URL = "https://guard.contoso.example"
    return callers.create_orchestrator("Copilot Studio", "copilot-studio", None)


def test_a_caller_is_added_and_leads_to_its_setup_page(admin: Client) -> None:
    answer = admin.post("/callers/", {"name": "Copilot Studio", "slug": "copilot-studio"})
    assert answer["Location"] == f"/callers/{Orchestrator.objects.get().pk}/"
    assert "copilot-studio" in admin.get("/callers/").content.decode()


def test_a_refused_path_is_shown_with_the_reason(admin: Client, caller: Orchestrator) -> None:
    answer = admin.post("/callers/", {"name": "Another", "slug": "copilot-studio"})
    assert answer.status_code == 422
    assert "is taken by <code>Copilot Studio</code>" in answer.content.decode()


def test_the_setup_page_prints_what_the_platform_forms_want(admin: Client, caller: Orchestrator) -> None:
    admin.post(f"/callers/{caller.pk}/entra/", {"tenant_id": TENANT, "app_ids": APP})
    page = admin.get(f"/callers/{caller.pk}/").content.decode()
    for wanted in (
        "https://guard.contoso.example/copilot-studio",
        "/validate",
        "/analyze-tool-execution",
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "api://AzureADTokenExchange",
        "/eid1/c/pub/t/ERERESIiMzNERFVVVVVVVQ/a/m1WPnYRZpEaQKq1Cceg--g/",
        "https://guard.contoso.example/v1/evaluate",
        "/api/schema",
        APP,
    ):
        assert wanted in page
    assert page.count("/eid1/c/pub/t/") == 3


def test_a_token_is_shown_once_and_never_kept_by_the_browser(admin: Client, caller: Orchestrator) -> None:
    answer = admin.post(f"/callers/{caller.pk}/tokens/", {"days": "90"})
    token = _token_in(answer.content.decode())
    assert OrchestratorToken.objects.get().token_sha256 == callers.digest_of(token)
    assert "no-store" in answer["Cache-Control"]
    assert answer.status_code == 200
    assert token not in admin.get(f"/callers/{caller.pk}/").content.decode()


def test_reloading_the_address_of_a_shown_token_issues_none(admin: Client, caller: Orchestrator) -> None:
    assert admin.get(f"/callers/{caller.pk}/tokens/")["Location"] == f"/callers/{caller.pk}/"
    assert not OrchestratorToken.objects.exists()


def test_a_third_token_is_refused_with_the_reason(admin: Client, caller: Orchestrator) -> None:
    for _ in range(2):
        admin.post(f"/callers/{caller.pk}/tokens/", {"days": "0"})
    answer = admin.post(f"/callers/{caller.pk}/tokens/", {"days": "0"})
    assert answer.status_code == 422
    assert "expected one to be revoked first" in answer.content.decode()


def test_a_token_is_rotated_and_the_old_one_revoked(admin: Client, caller: Orchestrator) -> None:
    callers.issue_token(caller, None)
    old = caller.tokens.get()
    answer = admin.post(f"/callers/{caller.pk}/tokens/{old.pk}/rotate/")
    assert callers.digest_of(_token_in(answer.content.decode())) != old.token_sha256
    admin.post(f"/callers/{caller.pk}/tokens/{old.pk}/revoke/")
    old.refresh_from_db()
    assert old.revoked_at is not None


def test_a_token_is_found_only_under_its_own_caller(admin: Client, caller: Orchestrator) -> None:
    other = callers.create_orchestrator("Another", "another", None)
    callers.issue_token(caller, None)
    assert admin.post(f"/callers/{other.pk}/tokens/{caller.tokens.get().pk}/revoke/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({"tenant_id": "contoso", "app_ids": APP}, "is not a GUID"),
        ({"tenant_id": TENANT, "app_ids": "app"}, "is not a GUID"),
        ({"tenant_id": TENANT, "app_ids": ""}, "required"),
    ],
)
def test_entra_settings_that_are_wrong_come_back_with_the_reason(
    admin: Client, caller: Orchestrator, sent: dict[str, str], wanted: str
) -> None:
    answer = admin.post(f"/callers/{caller.pk}/entra/", sent)
    assert answer.status_code == 422
    assert wanted in answer.content.decode()
    assert Orchestrator.objects.get().entra_tenant_id == ""


def test_the_setup_page_warns_when_the_address_has_moved_away_from_the_audiences(
    admin: Client, caller: Orchestrator, settings: Settings
) -> None:
    callers.set_entra(caller, tenant_id=TENANT, app_ids=[APP], actor=None)
    assert "is not among the audiences" not in admin.get(f"/callers/{caller.pk}/").content.decode()
    settings.PUBLIC_URL = "https://moved.contoso.example"
    assert "is not among the audiences" in admin.get(f"/callers/{caller.pk}/").content.decode()


def test_entra_is_cleared(admin: Client, caller: Orchestrator) -> None:
    callers.set_entra(caller, tenant_id=TENANT, app_ids=[APP], actor=None)
    admin.post(f"/callers/{caller.pk}/entra/clear/")
    assert Orchestrator.objects.get().entra_tenant_id == ""


def test_a_caller_is_turned_off_and_on(admin: Client, caller: Orchestrator) -> None:
    admin.post(f"/callers/{caller.pk}/disable/")
    assert "everything it asks gets 401" in admin.get(f"/callers/{caller.pk}/").content.decode()
    admin.post(f"/callers/{caller.pk}/enable/")
    assert Orchestrator.objects.get().enabled


def test_the_setup_page_offers_monitor_mode_for_an_environment_nobody_decided_on(
    admin: Client, caller: Orchestrator
) -> None:
    open_one = Environment.objects.create(environment_id="Default-f1")
    settled = Environment.objects.create(environment_id="Default-f2", mode="enforce")
    page = admin.get(f"/callers/{caller.pk}/").content.decode()
    assert f"/environments/{open_one.pk}/mode/" in page
    assert f"/environments/{settled.pk}/mode/" not in page


def test_a_caller_never_heard_from_says_so(analyst: Client, caller: Orchestrator) -> None:
    assert "never heard from" in analyst.get(f"/callers/{caller.pk}/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("sample", "member"), [("try-analyze", "blockAction"), ("try-evaluate", "decision")])
def test_the_commands_on_the_setup_page_work_as_they_stand(
    asking: Asking, admin: Client, sample: str, member: str
) -> None:
    page = html.unescape(admin.get(f"/callers/{asking.orchestrator.pk}/").content.decode())
    command = re.search(rf'id="{sample}">curl -sS "?[^/]+//[^/]+(/[^" ]+).*?-d \'(.*?)\'</pre>', page, re.DOTALL)
    assert command, "the page shows no command"
    headers = {"authorization": f"Bearer {asking.token}"}
    answer = asking.client.post(command[1], command[2], content_type="application/json", headers=headers)
    assert answer.status_code == 200
    assert member in answer.json()
    assert "just now" in admin.get(f"/callers/{asking.orchestrator.pk}/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/callers/",
        "/callers/{caller}/tokens/",
        "/callers/{caller}/tokens/{token}/rotate/",
        "/callers/{caller}/tokens/{token}/revoke/",
        "/callers/{caller}/entra/",
        "/callers/{caller}/entra/clear/",
        "/callers/{caller}/enable/",
        "/callers/{caller}/disable/",
    ],
)
def test_an_analyst_may_look_and_change_nothing(analyst: Client, caller: Orchestrator, address: str) -> None:
    callers.issue_token(caller, None)
    before = AuditEntry.objects.count()
    sent = {"name": "Mine", "slug": "mine", "tenant_id": TENANT, "app_ids": APP, "days": "0"}
    answer = analyst.post(address.format(caller=caller.pk, token=caller.tokens.get().pk), sent)
    assert answer.status_code == 403
    assert AuditEntry.objects.count() == before
    assert "Issue a token" not in analyst.get(f"/callers/{caller.pk}/").content.decode()


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create(username=name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def _token_in(page: str) -> str:
    found = re.search(r"gr_[\w-]{43}", page)
    assert found, "the page shows no token"
    return found.group()


def _last_used(token: str) -> datetime | None:
    return OrchestratorToken.objects.get(token_sha256=callers.digest_of(token)).last_used_at


def _used_cells(page: str) -> list[str]:
    return [cell.strip() for cell in re.findall(r'data-l="Last used"[^>]*>(.*?)</td>', page, re.DOTALL)]


def test_the_page_says_when_a_token_was_used_last(admin: Client, asking: Asking) -> None:
    other = callers.issue_token(asking.orchestrator, None)
    address = f"/callers/{asking.orchestrator.pk}/"
    assert _used_cells(admin.get(address).content.decode()) == ["never", "never"]
    assert asking.analyze(call()).status == 200
    assert token_uses.write() == 1
    assert (_last_used(asking.token) is None, _last_used(other)) == (False, None)
    cells = _used_cells(admin.get(address).content.decode())
    assert sorted(cell == "never" for cell in cells) == [False, True]


def test_a_token_that_is_not_let_in_is_not_used(asking: Asking) -> None:
    token_uses.write()
    assert asking.analyze(call(), authorization="Bearer gr_made-up").status == 401
    knowledge = callers.issue_token(asking.orchestrator, None, purpose=OrchestratorToken.Purpose.KNOWLEDGE)
    housekeeper.refresh()
    assert asking.analyze(call(), authorization=f"Bearer {knowledge}").status == 401
    assert token_uses.write() == 0


def test_a_token_in_steady_use_is_written_once_a_minute(asking: Asking) -> None:
    now = datetime.now(UTC)
    written = []
    for seconds in (0, 5, 20, 70):
        with time_machine.travel(now + timedelta(seconds=seconds)):
            assert asking.analyze(call()).status == 200
            written.append(token_uses.write())
    assert written == [1, 0, 0, 1]
    assert token_uses.write() == 0
