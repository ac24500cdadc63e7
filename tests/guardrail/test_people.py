"""What a user does beside what is usual for the user and for others, by the front door."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings
from pytest_django.fixtures import Settings

from guardrail.memory import past
from guardrail.models import Verdict
from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.load import activate, active
from tests.callers import Asking
from tests.guardrail.bodies import call, output

MORNING = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PRICES = "Prices of the northern branch for the coming year, with all discounts and the names of our buyers."
_steps = itertools.count()


def mail(to: str, *, user: str = "ada", text: str = "See you on Monday.", read: str = "") -> dict[str, Any]:
    number = next(_steps)
    body = call(plannerContext__userMessage=f"Send {to} this: {text}", plannerContext__chatHistory=[])
    body["toolDefinition"] |= {"id": "desk.action.Send", "name": "Send-an-email", "description": "Sends an email."}
    body["inputValues"] = {"to": to, "body": text}
    body["plannerContext"]["previousToolsOutputs"] = [output(read)] if read else []
    body["conversationMetadata"] |= {"conversationId": f"u-{number}", "planStepId": f"s-{number}"}
    body["conversationMetadata"]["user"]["id"] = user
    return body


def sent(asking: Asking, at: datetime, body: dict[str, Any]) -> list[str]:
    """The names of the signals of a call that comes at this moment."""
    with time_machine.travel(at, tick=False):
        answer = asking.analyze(body)
    verdict = Verdict.objects.get(pk=json.loads(answer.body["diagnostics"])["verdict"])
    assert verdict.degraded == []
    assert verdict.action in ("allow", "notice")
    return [signal["name"] for signal in verdict.signals]


def worked(asking: Asking, *, days: int = 8, user: str = "ada", a_day: int = 6) -> datetime:
    """Days of mails to one partner in the morning; returns the morning after them."""
    for day, number in itertools.product(range(days), range(a_day)):
        at = MORNING + timedelta(days=day, minutes=7 * number)
        said = sent(asking, at, mail("kim@contoso.example", user=user))
        assert not any(name.startswith(("user_", "insider")) for name in said)
    return MORNING + timedelta(days=days)


def test_it_notes_far_more_mails_than_the_user_sends_and_not_a_few_more(asking: Asking) -> None:
    at = worked(asking)
    said = [sent(asking, at + timedelta(seconds=n), mail("kim@contoso.example")) for n in range(45)]
    assert not any("user_volume_unusual" in names for names in said[:14])
    assert "user_volume_unusual" in said[-1]


def test_it_notes_somebody_neither_the_user_nor_the_others_wrote_to(asking: Asking) -> None:
    at = worked(asking)
    sent(asking, at, mail("lee@fabrikam.example", user="ben"))
    assert "user_destination_unusual" in sent(asking, at, mail("mo@tailspin.example"))
    assert "user_destination_unusual" not in sent(asking, at, mail("lee@fabrikam.example"))


def test_it_notes_an_hour_the_user_never_works_at(asking: Asking) -> None:
    at = worked(asking)
    assert "user_time_unusual" in sent(asking, at - timedelta(hours=6), mail("kim@contoso.example"))
    assert "user_time_unusual" not in sent(asking, at + timedelta(hours=1), mail("kim@contoso.example"))


def test_a_new_user_is_measured_by_the_others(asking: Asking) -> None:
    for number in range(5):
        at = worked(asking, user=f"user-{number}", days=12, a_day=2)
    said = [sent(asking, at + timedelta(seconds=n), mail("kim@contoso.example", user="new")) for n in range(40)]
    assert not any("user_volume_unusual" in names for names in said[:10])
    assert "user_volume_unusual" in said[-1]


def test_a_new_user_where_nobody_is_known_is_left_alone(asking: Asking) -> None:
    for n in range(40):
        said = sent(asking, MORNING + timedelta(seconds=n), mail("kim@contoso.example"))
        assert not any(name.startswith(("user_", "insider")) for name in said)


def test_two_unusual_things_and_data_on_its_way_out_open_an_investigation_of_low_severity(asking: Asking) -> None:
    at = worked(asking) - timedelta(hours=6)
    said = sent(asking, at, mail("mo@tailspin.example", text=PRICES, read=PRICES))
    assert "insider_suspected" in said
    take_in_all()
    investigation = Investigation.objects.get(kind="insider_suspected")
    assert (investigation.severity, investigation.outcome, investigation.calls) == (1, "noted", 1)
    assert investigation.title.startswith("Unusual for this user: send to tailspin.example")
    assert Verdict.objects.filter(deciding_signal="insider_suspected", action="notice").count() == 1


def test_two_unusual_things_without_such_data_open_none(asking: Asking) -> None:
    at = worked(asking) - timedelta(hours=6)
    said = sent(asking, at, mail("mo@tailspin.example", read=PRICES))
    assert {"user_time_unusual", "user_destination_unusual"} <= set(said)
    take_in_all()
    assert not Investigation.objects.filter(kind="insider_suspected").exists()


def test_an_admin_can_leave_it_at_the_note(asking: Asking) -> None:
    at = worked(asking) - timedelta(hours=6)
    loaded = active()
    assert loaded is not None
    actions = {**loaded.document["actions"], "insider_suspected": {"strict": "allow", "cautious": "allow"}}
    activate({**loaded.document, "actions": actions}, serial=loaded.serial)
    assert "insider_suspected" in sent(asking, at, mail("mo@tailspin.example", text=PRICES, read=PRICES))
    take_in_all()
    assert not Investigation.objects.filter(kind="insider_suspected").exists()


def test_it_keeps_no_name_and_ends_some_day(asking: Asking) -> None:
    worked(asking, days=1)
    keeper = redis.Redis.from_url(settings.REDIS_URL)
    keys = list(keeper.scan_iter("gr:u*"))
    assert len(keys) == 3
    assert all(keeper.ttl(key) > 0 for key in keys)
    assert not any(b"contoso" in (keeper.dump(key) or b"") for key in keys)


@pytest.mark.parametrize("known", [True, False])
def test_without_memory_nothing_is_said_of_a_user(asking: Asking, settings: Settings, known: bool) -> None:
    if known:
        worked(asking, days=1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    past.forget_connection()
    assert asking.analyze(mail("mo@tailspin.example")).body["blockAction"] is False
