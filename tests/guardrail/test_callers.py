"""Callers and their tokens, by the services every page and command uses."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from guardrail import callers
from guardrail.callers import CallerError
from guardrail.models import Orchestrator, OrchestratorToken
from policies.access import Role, give_role
from policies.load import load_serial
from policies.models import AuditEntry

pytestmark = pytest.mark.django_db
TENANT = "11111111-2222-3333-4444-555555555555"
APP = "AAAAAAAA-2222-3333-4444-555555555555"


@pytest.fixture
def caller() -> Orchestrator:
    return callers.create_orchestrator("Copilot Studio", "copilot-studio", None)


def test_it_creates_a_caller_writes_it_down_and_tells_the_web_processes() -> None:
    before = load_serial()
    caller = callers.create_orchestrator("Copilot Studio", "copilot-studio", None)
    entry = AuditEntry.objects.get(action="caller.created")
    assert entry.detail == {"caller": "copilot-studio", "name": "Copilot Studio"}
    assert load_serial() == before + 1
    assert caller.enabled


@pytest.mark.parametrize(
    ("slug", "wanted"),
    [
        ("Copilot", "lower-case letters"),
        ("a/b", "lower-case letters"),
        ("-a", "lower-case letters"),
        ("", "lower-case letters"),
        ("a" * 61, "lower-case letters"),
        ("v1", "used by Guardrail itself"),
        ("copilot-studio", "is taken by `Copilot Studio`"),
    ],
)
def test_it_refuses_a_path_that_is_none_or_not_free(caller: Orchestrator, slug: str, wanted: str) -> None:
    with pytest.raises(CallerError, match=wanted):
        callers.create_orchestrator("Another", slug, None)


def test_it_refuses_a_caller_without_a_name() -> None:
    with pytest.raises(CallerError, match="the name has 0 characters"):
        callers.create_orchestrator("  ", "another", None)


def test_it_stores_of_a_token_only_its_hash_and_a_hint(caller: Orchestrator) -> None:
    token = callers.issue_token(caller, None)
    stored = OrchestratorToken.objects.get()
    assert token.startswith("gr_")
    assert stored.token_sha256 == callers.digest_of(token)
    assert token not in str(AuditEntry.objects.get(action="caller.token_issued").detail)
    assert token.startswith(stored.hint)
    assert len(stored.hint) < len(token) / 3


def test_it_gives_a_caller_two_valid_tokens_but_not_three(caller: Orchestrator) -> None:
    callers.issue_token(caller, None)
    callers.issue_token(caller, None)
    with pytest.raises(CallerError, match="`2` valid tokens"):
        callers.issue_token(caller, None)
    assert caller.tokens.count() == 2


def test_it_gives_another_token_once_one_is_revoked(caller: Orchestrator) -> None:
    callers.issue_token(caller, None)
    callers.issue_token(caller, None)
    callers.revoke_token(caller.tokens.all()[0], None)
    callers.issue_token(caller, None)
    assert callers.valid_tokens(caller, now=timezone.now()).count() == 2


def test_it_does_not_count_a_token_that_has_ended(caller: Orchestrator) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=3), tick=False):
        callers.issue_token(caller, None, timezone.now() + timedelta(days=1))
        callers.issue_token(caller, None)
    assert callers.issue_token(caller, None)


def test_it_refuses_an_end_that_has_passed(caller: Orchestrator) -> None:
    with pytest.raises(CallerError, match="has passed"):
        callers.issue_token(caller, None, datetime(2020, 1, 1, tzinfo=UTC))


def test_it_rotates_a_token_and_lets_the_old_one_work_for_a_day(caller: Orchestrator) -> None:
    callers.issue_token(caller, None)
    old = caller.tokens.get()
    fresh = callers.rotate_token(old, None)
    now = timezone.now()
    assert callers.valid_tokens(caller, now=now).count() == 2
    left = callers.valid_tokens(caller, now=now + timedelta(hours=25))
    assert [token.token_sha256 for token in left] == [callers.digest_of(fresh)]


def test_it_does_not_lengthen_the_life_of_a_token_by_rotating_it(caller: Orchestrator) -> None:
    ends = timezone.now() + timedelta(hours=1)
    callers.issue_token(caller, None, ends)
    old = caller.tokens.get()
    callers.rotate_token(old, None)
    old.refresh_from_db()
    assert old.expires_at == ends


def test_it_refuses_to_rotate_or_revoke_a_token_that_has_ended(caller: Orchestrator) -> None:
    callers.issue_token(caller, None)
    token = caller.tokens.get()
    callers.revoke_token(token, None)
    with pytest.raises(CallerError, match="has ended already"):
        callers.revoke_token(token, None)
    with pytest.raises(CallerError, match="has ended already"):
        callers.rotate_token(token, None)


def test_it_sets_entra_with_the_three_usual_audiences(caller: Orchestrator) -> None:
    callers.set_entra(caller, tenant_id=TENANT, app_ids=[f" {APP} ", ""], actor=None)
    caller.refresh_from_db()
    app = APP.lower()
    assert caller.entra_app_ids == [app]
    assert caller.entra_audiences == [callers.base_url_of("copilot-studio"), app, f"api://{app}"]


def test_it_keeps_the_audiences_that_were_named(caller: Orchestrator) -> None:
    callers.set_entra(caller, tenant_id=TENANT, app_ids=[APP], audiences=["api://own"], actor=None)
    assert caller.entra_audiences == ["api://own"]


@pytest.mark.parametrize(
    ("tenant", "apps", "wanted"),
    [
        ("contoso.example", [APP], "the tenant id `contoso.example` is not a GUID"),
        (TENANT, ["my app"], "the client id `my app` is not a GUID"),
        (TENANT, [], "expected at least one"),
        (TENANT, [" "], "expected at least one"),
    ],
)
def test_it_refuses_entra_settings_that_would_let_anybody_in(
    caller: Orchestrator, tenant: str, apps: list[str], wanted: str
) -> None:
    with pytest.raises(CallerError, match=wanted):
        callers.set_entra(caller, tenant_id=tenant, app_ids=apps, actor=None)
    caller.refresh_from_db()
    assert caller.entra_tenant_id == ""


def test_it_clears_entra(caller: Orchestrator) -> None:
    callers.set_entra(caller, tenant_id=TENANT, app_ids=[APP], actor=None)
    callers.clear_entra(caller, actor=None)
    caller.refresh_from_db()
    assert (caller.entra_tenant_id, caller.entra_app_ids, caller.entra_audiences) == ("", [], [])


def test_it_turns_a_caller_off_and_on(caller: Orchestrator) -> None:
    before = load_serial()
    callers.disable(caller, actor=None)
    assert not Orchestrator.objects.get().enabled
    callers.enable(caller, actor=None)
    assert Orchestrator.objects.get().enabled
    assert load_serial() == before + 2


def test_it_lets_a_policy_admin_issue_a_token_and_an_analyst_not(caller: Orchestrator) -> None:
    admin, analyst = User.objects.create(username="ada"), User.objects.create(username="ben")
    give_role(admin, Role.POLICY_ADMIN, actor=None)
    give_role(analyst, Role.ANALYST, actor=None)
    assert callers.issue_token(caller, admin)
    with pytest.raises(PermissionDenied, match="`ben` may not change callers"):
        callers.issue_token(caller, analyst)


def test_the_command_prints_a_token_and_creates_the_caller_it_is_named_for() -> None:
    out = StringIO()
    call_command("issue_token", "another", "--name", "Another", "--days", "30", stdout=out, stderr=StringIO())
    token = OrchestratorToken.objects.get()
    assert token.token_sha256 == callers.digest_of(out.getvalue().strip())
    assert token.orchestrator.slug == "another"
    assert token.expires_at is not None


def test_the_command_names_the_callers_there_are_when_it_does_not_know_one(caller: Orchestrator) -> None:
    with pytest.raises(CommandError, match="`another` is not known, expected one of: `copilot-studio`"):
        call_command("issue_token", "another")
