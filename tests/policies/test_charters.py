"""What an agent may do: pinned by a person, judged from the next call on."""

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from guardrail import charter_proposal
from guardrail.charter_proposal import load_proposal
from guardrail.models import Verdict
from policies.access import Role, give_role
from policies.load import refresh
from policies.models import Agent, AuditEntry, Charter
from policies.services.charters import CharterError, CharterSettings, pin_charter, unpin_charter
from policies.services.publish import ensure_baseline, publish
from tests.callers import Asking
from tests.guardrail import bodies
from tests.restricting import planned

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
READS = CharterSettings(purpose="Looks up orders.", tools=("List-rows",), destinations=None)


@pytest.fixture
def admin() -> User:
    user = User.objects.create_user("ada")
    give_role(user, Role.POLICY_ADMIN, actor=None)
    return user


@pytest.fixture
def desk() -> Agent:
    agent_id = bodies.call()["conversationMetadata"]["agent"]["id"]
    return Agent.objects.create(agent_id=agent_id, name="Order Desk", registered=True, owner="K. Ito")


def signals_of(asking: Asking, body: object) -> list[str]:
    answer = asking.analyze(body)
    verdict = Verdict.objects.get(pk=json.loads(answer.body["diagnostics"])["verdict"])
    return [signal["name"] for signal in verdict.signals]


def test_a_pinned_charter_is_judged_from_the_next_call_on(asking: Asking, desk: Agent, admin: User) -> None:
    other = bodies.call(toolDefinition__id="x.action.Deleterow", toolDefinition__name="Delete-row")
    assert "tool_outside_charter" not in signals_of(asking, other)
    pin_charter(desk, READS, seen=None, now=NOW, actor=admin)
    assert refresh()
    assert "tool_outside_charter" in signals_of(asking, other)
    assert "tool_outside_charter" not in signals_of(asking, bodies.call())
    unpin_charter(desk, actor=admin)
    assert refresh()
    assert "tool_outside_charter" not in signals_of(asking, other)


def test_a_call_outside_is_stopped_where_the_policy_says_so_and_one_inside_is_not(
    asking: Asking, desk: Agent, admin: User
) -> None:
    pin_charter(desk, READS, seen=None, now=NOW, actor=admin)
    version = ensure_baseline()
    actions = {**version.document["actions"], "tool_outside_charter": {"strict": "block", "cautious": "hold"}}
    publish({**version.document, "actions": actions}, actor=None, reason="nothing honest was outside for a month")
    assert refresh()
    other = bodies.call(toolDefinition__id="x.action.Deleterow", toolDefinition__name="Delete-row")
    assert asking.analyze(other).body["blockAction"] is True
    assert asking.analyze(bodies.call()).body["blockAction"] is False


def test_it_writes_down_who_pinned_what(desk: Agent, admin: User) -> None:
    pin_charter(desk, READS, seen=None, now=NOW, actor=admin)
    later = CharterSettings(purpose="Looks up orders.", tools=("Send-mail",), destinations=("Contoso.example",))
    pin_charter(desk, later, seen=NOW, now=NOW.replace(hour=10), actor=admin)
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.action, entry.actor_name) == ("agent.charter_pinned", "ada")
    assert entry.detail["tools_added"] == ["send-mail"]
    assert entry.detail["tools_taken_out"] == ["list-rows"]
    assert entry.detail["limits_destinations"] == [False, True]
    assert Charter.objects.get().destinations == ["contoso.example"]


def test_pinning_the_same_again_changes_nothing(desk: Agent, admin: User) -> None:
    pin_charter(desk, READS, seen=None, now=NOW, actor=admin)
    pin_charter(desk, READS, seen=NOW, now=NOW.replace(hour=10), actor=admin)
    assert Charter.objects.get().pinned_at == NOW
    assert AuditEntry.objects.filter(action="agent.charter_pinned").count() == 1


def test_the_second_of_two_admins_does_not_overwrite_the_first(desk: Agent, admin: User) -> None:
    pin_charter(desk, READS, seen=None, now=NOW, actor=admin)
    with pytest.raises(CharterError, match="somebody else changed it since"):
        pin_charter(desk, READS, seen=None, now=NOW, actor=admin)


@pytest.mark.parametrize(
    ("tools", "destinations", "field", "message"),
    [
        ((), None, "tools", "no tool is named"),
        (("a",), ("@nobody",), "destinations", "`@nobody` is no standing"),
        (("a",), ("https://contoso.example/x",), "destinations", "is no address or domain"),
        (("a",), ("*.contoso.example",), "destinations", "is no address or domain"),
        (("a" * 301,), None, "tools", "has 301 characters"),
        (tuple(map(str, range(501))), None, "tools", "501 entries"),
    ],
)
def test_it_refuses_what_cannot_be_compared(
    desk: Agent, admin: User, tools: tuple[str, ...], destinations: tuple[str, ...] | None, field: str, message: str
) -> None:
    settings = CharterSettings(purpose="", tools=tools, destinations=destinations)
    with pytest.raises(CharterError, match=message) as refused:
        pin_charter(desk, settings, seen=None, now=NOW, actor=admin)
    assert refused.value.field == field
    assert not Charter.objects.exists()


def test_it_refuses_a_shadow_agent_and_an_analyst(desk: Agent) -> None:
    Agent.objects.update(registered=False)
    with pytest.raises(CharterError, match="not registered"):
        pin_charter(desk, READS, seen=None, now=NOW, actor=None)
    analyst = User.objects.create_user("ben")
    give_role(analyst, Role.ANALYST, actor=None)
    with pytest.raises(PermissionDenied):
        pin_charter(desk, READS, seen=None, now=NOW, actor=analyst)


def test_every_recipient_of_a_call_is_proposed_and_no_link_in_its_text(
    asking: Asking, client: Client, admin: User
) -> None:
    def mail(step: int, to: object) -> dict[str, object]:
        body = "The minutes: https://notes.example/monday"
        return planned(arguments={"to": to, "body": body}, user_message=f"Send {to} the minutes.", step_id=f"s-{step}")

    asking.evaluate(mail(1, ["kim@contoso.example", "ana@fabrikam.example"]))
    asking.evaluate(mail(2, ["kim@contoso.example", "ana@fabrikam.example"]))
    asking.evaluate(mail(3, "lee@wingtip.example"))
    assert set(Verdict.objects.values_list("action", flat=True)) <= {"allow", "notice"}
    desk = Agent.objects.create(agent_id="order-desk", name="Order Desk", registered=True, owner="K. Ito")
    found = load_proposal(desk, None, now=timezone.now())
    assert {one.entry: one.calls for one in found.destinations} == {
        "contoso.example": 2,
        "fabrikam.example": 2,
        "wingtip.example": 1,
    }
    client.force_login(admin)
    page = client.get(f"/agents/{desk.pk}/charter/").content.decode()
    assert "fabrikam.example" in page
    assert "notes.example" not in page


def test_where_too_many_transcripts_would_be_read_the_page_says_so(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charter_proposal, "MOST_READ", 0)
    asking.evaluate(planned(arguments={"to": ["kim@contoso.example", "ana@fabrikam.example"], "body": "The minutes."}))
    desk = Agent.objects.create(agent_id="order-desk", name="Order Desk", registered=True, owner="K. Ito")
    found = load_proposal(desk, None, now=timezone.now())
    assert [one.entry for one in found.destinations] == ["contoso.example"]
    assert found.first_only == 1
