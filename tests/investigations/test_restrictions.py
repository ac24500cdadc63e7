"""What is restricted for a time is stopped, its honest neighbour is not, and it ends when it should."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import psycopg
import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from guardrail import database, housekeeper
from guardrail.memory import past
from guardrail.models import Verdict
from investigations.models import Investigation
from investigations.services import allow_once
from investigations.tasks import end_due_restrictions, take_in
from policies.access import Role, give_role
from policies.baseline import BASELINE
from policies.load import active_ruleset
from policies.models import Agent, AuditEntry, Restriction, Tool
from policies.restrictions import Effect, Restricted
from policies.services.publish import changed, publish
from policies.services.restrictions import RestrictionError, Wanted, restrict, undo
from tests.callers import Asking
from tests.restricting import decided, hijacked, in_force, look_up, planned

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = {"name": "berth-plan.docx", "content": "The berths are full on Monday."}
READ = {"user_message": "Note down what it says.", "tool": {"name": "create_note"}, "arguments": {"text": "Full"}}


def reading(document: Any) -> dict[str, Any]:
    return planned(outputs=[{"tool": "get_file", "content": document}], **READ)


@pytest.mark.parametrize(
    ("restriction", "stopped", "neighbour"),
    [
        ((Restricted.AGENT, "order-desk"), look_up(), look_up(agent={"id": "order-desk-2"})),
        (
            (Restricted.SESSION, "copilot-studio", "order-desk", "c-1"),
            look_up(),
            look_up(conversation_id="c-2"),
        ),
        ((Restricted.USER, "alex"), look_up(agent={"id": "another"}), look_up(user={"id": "alexa"})),
        ((Restricted.USER, "Alex@contoso.example"), look_up(user={"id": "alex@Contoso.example"}), look_up()),
        ((Restricted.DOCUMENT, "Berth-Plan.docx"), reading(DOCUMENT), reading({**DOCUMENT, "name": "berths.docx"})),
        (
            (Restricted.DOCUMENT, "berth-plan.docx"),
            look_up(arguments={"path": "/sites/harbour/Berth-Plan.docx"}),
            look_up(arguments={"path": "/sites/berth-plan.docx/other.docx"}),
        ),
        (
            (Restricted.DESTINATION, "evil.example"),
            planned(arguments={"to": "a@sub.evil.example", "body": "Hello"}, user_message="Mail a@sub.evil.example"),
            planned(arguments={"to": "a@myevil.example", "body": "Hello"}, user_message="Mail a@myevil.example"),
        ),
        (
            (Restricted.DESTINATION, "a@evil.example"),
            planned(arguments={"to": "A@Evil.Example", "body": "Hello"}, user_message="Mail A@Evil.Example"),
            planned(arguments={"to": "b@evil.example", "body": "Hello"}, user_message="Mail b@evil.example"),
        ),
    ],
)
def test_a_quarantine_stops_its_calls_and_no_others(
    asking: Asking, restriction: tuple[Any, ...], stopped: dict[str, Any], neighbour: dict[str, Any]
) -> None:
    assert (decided(asking, stopped), decided(asking, neighbour)) == ("allow", "allow")
    kind, *subject = restriction
    made = in_force(kind, Effect.QUARANTINE, *subject)
    assert (decided(asking, stopped), decided(asking, neighbour)) == ("block", "allow")
    undo(made.pk, now=timezone.now(), actor=None)
    housekeeper.refresh()
    assert decided(asking, stopped) == "allow"


@pytest.mark.parametrize("written", ["*.evil.example", "@evil.example", "https://Evil.Example/", "evil.example."])
def test_a_domain_is_known_however_it_is_written(asking: Asking, written: str) -> None:
    in_force(Restricted.DESTINATION, Effect.QUARANTINE, written)
    for to in ("a@evil.example", "https://in.evil.example/x?y=1"):
        mail = planned(arguments={"to": to, "body": "Hello"}, user_message=f"Send it to {to}")
        assert decided(asking, mail) == "block"
    assert decided(asking, planned()) == "allow"


def test_a_listing_that_names_a_quarantined_document_has_not_read_it(asking: Asking) -> None:
    in_force(Restricted.DOCUMENT, Effect.QUARANTINE, "berth-plan.docx")
    listing = [{"name": "berth-plan.docx", "size": 12}, {"name": "notes.txt", "content": "See you on Monday then."}]
    assert decided(asking, reading(listing)) == "allow"
    assert decided(asking, reading([DOCUMENT, *listing])) == "block"


def test_step_up_holds_what_changes_or_sends_and_a_person_can_agree(asking: Asking) -> None:
    in_force(Restricted.AGENT, Effect.STEP_UP, "order-desk")
    assert decided(asking, planned()) == "ask"
    assert decided(asking, look_up()) == "allow"
    assert decided(asking, planned(agent={"id": "another"})) == "allow"
    take_in()
    ada = User.objects.create_user("ada")
    give_role(ada, Role.ANALYST, actor=None)
    held = Verdict.objects.get(action="hold")
    investigation = Investigation.objects.get()
    allow_once(investigation, verdict_id=held.pk, reason="Asked Kim", now=timezone.now(), actor=ada)
    assert decided(asking, planned()) == "allow"
    assert decided(asking, planned(arguments={"to": "kim@contoso.example", "body": "Another"})) == "ask"


def test_tighten_puts_a_lenient_agent_on_strict_and_on_block(asking: Asking) -> None:
    Agent.objects.create(agent_id="order-desk", profile="cautious", fail_posture="allow")
    changed()
    housekeeper.refresh()
    made = in_force(Restricted.AGENT, Effect.TIGHTEN, "order-desk")
    rules = active_ruleset().for_call(agent_id="order-desk", environment_id="")
    assert (rules.profile.value, rules.fail_posture.value) == ("strict", "block")
    other = active_ruleset().for_call(agent_id="another", environment_id="")
    assert other.profile.value == "strict"
    undo(made.pk, now=timezone.now(), actor=None)
    housekeeper.refresh()
    rules = active_ruleset().for_call(agent_id="order-desk", environment_id="")
    assert (rules.profile.value, rules.fail_posture.value) == ("cautious", "allow")


def test_a_rate_limit_stops_strangers_beyond_it_and_nobody_signed_in(asking: Asking) -> None:
    in_force(Restricted.CHANNEL, Effect.RATE_LIMIT, "order-desk", "webchat", per_minute=2)
    stranger = look_up(user={}, channel="webchat")
    now = timezone.now()
    if now.second > 55:
        pytest.skip("the minute is about to end")
    assert [decided(asking, stranger) for _ in range(3)] == ["allow", "allow", "block"]
    assert decided(asking, look_up(channel="webchat")) == "allow"
    assert decided(asking, look_up(user={}, channel="kiosk")) == "allow"
    keys = list(redis.Redis.from_url(settings.REDIS_URL).scan_iter("gr:r:*"))
    assert len(keys) == 1


def test_without_redis_nothing_is_limited_and_the_verdict_says_so(asking: Asking, settings: Any) -> None:
    in_force(Restricted.AGENT, Effect.RATE_LIMIT, "order-desk", per_minute=1)
    alive, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:9/0"
    past.forget_connection()
    decisions = [decided(asking, look_up(user={})) for _ in range(3)]
    settings.REDIS_URL = alive
    past.forget_connection()
    assert decisions == ["allow", "allow", "allow"]
    assert all("memory" in verdict.degraded for verdict in Verdict.objects.all())


def test_the_answer_says_who_and_until_when_and_the_verdict_why(asking: Asking) -> None:
    ada = User.objects.create_user("ada")
    give_role(ada, Role.ANALYST, actor=None)
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex", actor=ada, reason="Asked Kim in fraud")
    (reason,) = asking.evaluate(look_up()).body["reasons"]
    assert f"Restriction {made.pk} by ada, until {made.until:%Y-%m-%d %H:%M} UTC." in reason
    assert "Kim" not in reason
    verdict = Verdict.objects.get()
    assert ["restriction_reason", "Asked Kim in fraud"] in verdict.signals[0]["facts"]
    assert verdict.signals[0]["would_pass_if"] == [f"restriction {made.pk} had been undone"]


def test_a_tool_judged_later_is_stopped_at_once_all_the_same(asking: Asking) -> None:
    Tool.objects.create(tool="orders.find", critical=False)
    in_force(Restricted.DOCUMENT, Effect.QUARANTINE, "berth-plan.docx")
    read = [{"tool": "get_file", "content": DOCUMENT}]
    assert asking.evaluate(look_up()).body.get("deferred") is True
    assert decided(asking, look_up(outputs=read)) == "block"


def test_monitor_mode_only_marks(asking: Asking) -> None:
    Agent.objects.create(agent_id="order-desk", mode="monitor")
    in_force(Restricted.AGENT, Effect.QUARANTINE, "order-desk", hours=None)
    assert decided(asking, look_up()) == "allow"
    assert Verdict.objects.get().would_have == "block"


def test_an_old_policy_that_names_no_restriction_still_stops(asking: Asking) -> None:
    publish({"defaults": BASELINE["defaults"], "actions": {}}, actor=None, reason="as it was once")
    in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    assert decided(asking, look_up()) == "block"


def test_it_ends_when_its_time_is_over_and_not_before(asking: Asking) -> None:
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    end_due_restrictions()
    housekeeper.refresh()
    assert decided(asking, look_up()) == "block"
    Restriction.objects.filter(pk=made.pk).update(until=timezone.now() - timedelta(seconds=1))
    # nobody has ended it: it stays in force
    assert decided(asking, look_up()) == "block"
    end_due_restrictions()
    end_due_restrictions()
    housekeeper.refresh()
    assert decided(asking, look_up()) == "allow"
    made.refresh_from_db()
    assert (made.end, made.ended_by) == ("expired", None)
    assert AuditEntry.objects.filter(action="restriction.expired", detail__restriction=made.pk).count() == 1


def test_it_counts_what_each_restriction_stopped(asking: Asking) -> None:
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    for number in range(3):
        decided(asking, look_up(conversation_id=f"c-{number}"))
    decided(asking, look_up(user={"id": "kim"}))
    take_in()
    made.refresh_from_db()
    assert made.hits == 3
    assert made.last_hit_at is not None


def test_restricting_again_replaces_and_leaves_one(asking: Asking) -> None:
    first = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    second = in_force(Restricted.USER, Effect.QUARANTINE, "alex", hours=48)
    first.refresh_from_db()
    assert first.end == "replaced"
    assert list(Restriction.objects.filter(ended_at=None)) == [second]
    in_force(Restricted.USER, Effect.STEP_UP, "alex")
    assert Restriction.objects.filter(ended_at=None).count() == 2


def test_two_people_at_once_make_one_restriction(asking: Asking) -> None:
    together = Barrier(4)
    now = timezone.now()
    wanted = Wanted(
        kind=Restricted.USER,
        effect=Effect.QUARANTINE,
        subject=("alex",),
        reason="It was hijacked.",
        until=now + timedelta(hours=1),
    )

    def make(_: int) -> None:
        together.wait()
        try:
            restrict(wanted, now=now, actor=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))
    assert Restriction.objects.filter(ended_at=None).count() == 1
    assert Restriction.objects.count() == 4
    assert AuditEntry.objects.filter(action="restriction.replaced").count() == 3


def test_the_database_itself_refuses_a_second_open_one(asking: Asking) -> None:
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    made.pk = None
    with pytest.raises(IntegrityError, match="restriction_open_once"), transaction.atomic():
        made.save(force_insert=True)
    insert = (
        "INSERT INTO policies_restriction (kind, effect, subject, key, per_minute, reason, rule, verdicts, created_at,"
        ' "end", hits) SELECT kind, effect, subject, \'k\', per_minute, reason, rule, verdicts, created_at, "end", 0'
        " FROM policies_restriction LIMIT 1"
    )
    with psycopg.connect(database.dsn()) as one, psycopg.connect(database.dsn()) as two:
        one.execute(insert)
        two.execute("SET lock_timeout = '200ms'")
        # the second waits for the first to commit, and is refused then
        with pytest.raises(psycopg.errors.LockNotAvailable):
            two.execute(insert)
        one.commit()
        two.rollback()
        with pytest.raises(psycopg.errors.UniqueViolation):
            two.execute(insert)


@pytest.mark.parametrize(
    ("kind", "effect", "subject", "hours", "why"),
    [
        (Restricted.DOCUMENT, Effect.STEP_UP, ("a.docx",), 1, "the effect on a document is `step_up`"),
        (Restricted.USER, Effect.QUARANTINE, ("  ",), 1, "the user is empty"),
        (Restricted.USER, Effect.QUARANTINE, ("a", "b"), 1, "the user is empty"),
        (Restricted.USER, Effect.QUARANTINE, ("a\x00",), 1, "expected a name"),
        (Restricted.DOCUMENT, Effect.QUARANTINE, ("x" * 501,), 1, "longer than 500"),
        (Restricted.USER, Effect.QUARANTINE, ("alex",), None, "there is no end"),
        (Restricted.USER, Effect.QUARANTINE, ("alex",), -1, "expected one within 30 days"),
        (Restricted.AGENT, Effect.QUARANTINE, ("a",), 24 * 31, "expected one within 30 days"),
        (Restricted.AGENT, Effect.RATE_LIMIT, ("a",), 1, "calls a minute"),
    ],
)
def test_it_refuses_what_makes_no_sense(
    asking: Asking, kind: Restricted, effect: Effect, subject: tuple[str, ...], hours: float | None, why: str
) -> None:
    with pytest.raises(RestrictionError, match=why):
        in_force(kind, effect, *subject, hours=hours)
    assert not Restriction.objects.exists()


def test_a_viewer_may_neither_restrict_nor_undo(asking: Asking) -> None:
    viewer = User.objects.create_user("vera")
    give_role(viewer, Role.VIEWER, actor=None)
    with pytest.raises(PermissionDenied):
        in_force(Restricted.USER, Effect.QUARANTINE, "alex", actor=viewer)
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    with pytest.raises(PermissionDenied):
        undo(made.pk, now=timezone.now(), actor=viewer)


def test_undoing_twice_is_said(asking: Asking) -> None:
    made = in_force(Restricted.USER, Effect.QUARANTINE, "alex")
    undo(made.pk, now=timezone.now(), actor=None)
    with pytest.raises(RestrictionError, match=f"restriction {made.pk} is over already"):
        undo(made.pk, now=timezone.now(), actor=None)


HOSTILE = ("' OR 1=1 --", "<script>alert(1)</script>", "a\u202eb", "\u200b", "ａｂ", "../../x", "%00")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_names(asking: Asking, name: str) -> None:
    for kind in (Restricted.AGENT, Restricted.USER, Restricted.DOCUMENT, Restricted.DESTINATION):
        in_force(kind, Effect.QUARANTINE, name)
    in_force(Restricted.SESSION, Effect.QUARANTINE, name, name, name)
    assert decided(asking, look_up()) == "allow"
    assert decided(asking, look_up(user={"id": name})) == "block"
    assert decided(asking, look_up(agent={"id": name})) == "block"
    assert decided(asking, hijacked(conversation_id=name)) == "block"
    take_in()


def test_a_quarantined_mailbox_is_not_reached_by_a_tag_or_behind_another_link(asking: Asking) -> None:
    in_force(Restricted.DESTINATION, Effect.QUARANTINE, "eve@quay.example")
    in_force(Restricted.DESTINATION, Effect.QUARANTINE, "evil.example")

    def sent(to: str) -> str:
        return decided(asking, planned(user_message=f"Send {to} the minutes.", arguments={"to": to, "body": "Minutes"}))

    assert [sent("eve@quay.example"), sent("eve+jobs@quay.example")] == ["block", "block"]
    assert sent("www.evil.example/?u=https://quay.example/a") == "block"
    assert [sent("ana+jobs@quay.example"), sent("evelyn@quay.example")] == ["allow", "allow"]
