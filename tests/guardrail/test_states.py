"""What calls were judged by: named by every verdict, kept once by its content, dropped when nobody needs it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import zstandard
from django.utils import timezone

from guardrail import housekeeper
from guardrail.models import ExecutedCall, Verdict
from guardrail.retention import forget_states
from guardrail.tasks import forget_states as forget_states_task
from guardrail.verdict_id import floor_id
from policies.load import active
from policies.models import Destination, IndicatorSighting, RulesetMember, RulesetState, SecondOpinion
from policies.services.indicator_sightings import Met, record_met
from policies.services.indicators import HandWritten, add_indicator
from policies.services.publish import changed
from policies.services.states import load_ruleset
from policies.states import StateError, assembled, digest_of_bytes
from tests.callers import Asking
from tests.told import mail_body


def newest() -> Verdict:
    verdict = Verdict.objects.order_by("-id").first()
    assert verdict is not None
    return verdict


def list_destination(value: str) -> None:
    Destination.objects.create(value=value, standing="known")
    changed()
    housekeeper.refresh()
    housekeeper.keep_states()


def test_every_verdict_names_what_it_was_judged_by(asking: Asking) -> None:
    housekeeper.keep_states()
    asking.analyze(mail_body())
    before = newest().ruleset_state
    assert len(before) == 64
    list_destination("ferry.example")
    asking.analyze(mail_body(step="s-2"))
    assert newest().ruleset_state != before
    assert set(RulesetState.objects.values_list("pk", flat=True)) == {before, newest().ruleset_state}


def test_it_keeps_once_what_did_not_change(asking: Asking) -> None:
    housekeeper.keep_states()
    members = RulesetMember.objects.count()
    list_destination("ferry.example")
    assert RulesetMember.objects.count() == members + 1
    Destination.objects.all().delete()
    changed()
    housekeeper.refresh()
    housekeeper.keep_states()
    assert RulesetState.objects.count() == 2


def test_it_gives_back_what_it_kept(asking: Asking) -> None:
    list_destination("ferry.example")
    loaded = active()
    assert loaded is not None
    then = loaded.ruleset
    list_destination("quay.example")
    again = load_ruleset(then.state)
    assert again is not None
    assert again.destinations == then.destinations
    assert again == then
    assert load_ruleset("0" * 64) is None


def test_it_keeps_no_secret_of_other_engines(asking: Asking) -> None:
    SecondOpinion.objects.create(
        slug="contoso", name="Contoso", base_url="https://contoso.example", sealed_token="sealed-word", enabled=True
    )
    changed()
    housekeeper.refresh()
    housekeeper.keep_states()
    kept = [zstandard.decompress(bytes(body)) for body in RulesetMember.objects.values_list("body_zstd", flat=True)]
    assert any(b"contoso.example" in body for body in kept)
    assert not any(b"sealed-word" in body for body in kept)


def test_it_forgets_what_no_verdict_names_any_more(asking: Asking) -> None:
    list_destination("quay.example")
    asking.analyze(mail_body())
    old = timezone.now() - timedelta(days=90)
    RulesetState.objects.update(last_at=old)
    list_destination("ferry.example")
    members = RulesetMember.objects.count()
    assert forget_states() >= 1
    assert RulesetState.objects.count() == 1
    assert RulesetMember.objects.count() < members
    loaded = active()
    assert loaded is not None
    assert load_ruleset(loaded.ruleset.state) is not None
    forget_states_task()


def test_it_keeps_all_where_there_is_no_verdict_yet(asking: Asking) -> None:
    housekeeper.keep_states()
    RulesetState.objects.update(last_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert forget_states() == 0


def test_it_tells_a_changed_member_and_a_missing_one() -> None:
    content = json.dumps([1]).encode()
    digests = {"rules": digest_of_bytes(content)}
    assert assembled(digests, {digests["rules"]: content}) == {"rules": [1]}
    with pytest.raises(StateError, match="`rules` was changed"):
        assembled(digests, {digests["rules"]: b"[2]"})
    with pytest.raises(StateError, match="`rules` is missing"):
        assembled(digests, {})


def test_what_was_met_in_calls_that_are_gone_is_forgotten_and_its_number_stays(asking: Asking) -> None:
    asking.analyze(mail_body())
    kept = newest()
    indicator = add_indicator(HandWritten(value="wingtip-archive.example"), now=timezone.now(), actor=None)
    gone = floor_id(kept.received_at - timedelta(days=30))
    for verdict_id in (gone, kept.pk):
        met = Met(kind=indicator.kind, value=indicator.value, verdict_id=verdict_id, at=timezone.now(), reached=True)
        record_met([met])
        ExecutedCall.objects.create(pk=verdict_id, seen_in=kept.pk, agent_id="desk", seen_at=timezone.now())
    forget_states_task()
    forget_states_task()
    assert [sighting.verdict_id for sighting in IndicatorSighting.objects.all()] == [kept.pk]
    assert [made.pk for made in ExecutedCall.objects.all()] == [kept.pk]
    indicator.refresh_from_db()
    assert indicator.sightings == 2
