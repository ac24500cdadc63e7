"""Classified text that one call stores inside and another, of another conversation, sends out, by the front door."""

import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from msgspec.structs import replace
from pytest_django.fixtures import Settings

from guardrail import housekeeper
from guardrail.memory import stored_text
from guardrail.memory.past import forget_connection, keep_surely
from guardrail.memory.tickets import place_ticket
from guardrail.models import Verdict
from guardrail.traces import Chain, Outcome, Traces, unpacked
from guardrail.wire.copilot_studio import parse
from investigations.models import Investigation
from investigations.tasks import take_in
from policies.models import DataClass, Destination
from policies.services.publish import changed
from tests.callers import Asking
from tests.guardrail.test_chains import mail, planned, told
from tests.guardrail.written import FOOTER, document

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Some 120 words of prose.
OFFER = document(41, words=120)


@pytest.fixture(autouse=True)
def _patient(settings: Settings) -> Iterator[None]:
    """What a busy machine is judged without is another test's question."""
    settings.DEADLINE_MS, settings.MEMORY_BUDGET_MS = 20_000, 1_000
    forget_connection()
    yield
    forget_connection()


def keep_note(
    *, text: str = OFFER, note: str = "", label: str = "Highly Confidential", beside: str = "", author: str = ""
) -> dict[str, Any]:
    """An agent puts what a file says into a note, or `note`; `beside` is a mail in view that bears no label."""
    told_of = {"sensitivity": label, "from": author}
    file = {"name": "paper-7.docx", "body": text, **{name: value for name, value in told_of.items() if value}}
    seen = [("GetFile", file), *([("GetEmail", {"subject": "Hello", "body": beside})] if beside else [])]
    user = "Put what paper 7 says into a note for Tuesday."
    return planned("CreateNote", {"title": "Tuesday", "text": note or text}, user=user, outputs=seen, agent="notes")


def carry_out(
    *,
    body: str = OFFER,
    to: str = "kim@partner-advice.example",
    user: str = "Answer Kim and send along what my note of Tuesday says.",
    agent: str = "mailer",
) -> dict[str, Any]:
    """An agent mails what a note says."""
    letter = {"from": to, "subject": "Tuesday", "body": "What came of Tuesday?"}
    seen = [("GetEmail", letter), ("GetNote", {"title": "Tuesday", "text": body})]
    return mail(body, to=to, user=user, outputs=seen, agent=agent)


def test_it_holds_classified_text_that_was_kept_in_a_note(asking: Asking) -> None:
    assert told(asking, keep_note())[0] == "allow"
    assert told(asking, carry_out()) == ("hold", "stored_data_leaving")
    facts = dict(Verdict.objects.order_by("-id")[0].signals[0]["facts"])
    assert facts["call"] == str(Verdict.objects.order_by("id")[0].pk)


def test_it_knows_half_of_it_in_a_longer_mail_of_another_agent(asking: Asking) -> None:
    told(asking, keep_note())
    half = OFFER[: len(OFFER) // 2]
    assert told(asking, carry_out(body=f"Dear Kim, as promised. {half} Best, Jo", agent="another"))[0] == "hold"


@pytest.mark.parametrize(
    "note",
    [{"label": "Public"}, {"label": ""}, {"note": document(77, words=120)}],
    ids=["a public text", "a text without a label", "own words"],
)
def test_it_lets_what_was_not_classified_pass(asking: Asking, note: dict[str, Any]) -> None:
    told(asking, keep_note(**note))
    assert told(asking, carry_out(body=note.get("note", OFFER)))[0] == "allow"


def test_it_lets_it_go_to_colleagues(asking: Asking) -> None:
    Destination.objects.create(value="quay.example", standing="internal")
    changed()
    housekeeper.refresh()
    told(asking, keep_note())
    assert told(asking, carry_out(to="kim@quay.example"))[0] == "allow"


def test_it_lets_the_user_decide_who_names_the_recipient(asking: Asking) -> None:
    """The label was the text's own word, no admin's class."""
    told(asking, keep_note())
    assert told(asking, carry_out(user="Mail my note to kim@partner-advice.example."))[0] == "allow"


def test_it_lets_nobody_decide_about_an_admin_s_class(asking: Asking) -> None:
    DataClass.objects.create(name="restricted", labels=["Highly Confidential"])
    changed()
    housekeeper.refresh()
    told(asking, keep_note())
    assert told(asking, carry_out(user="Mail my note to kim@partner-advice.example."))[0] == "hold"


def test_nobody_outside_puts_a_label_on_what_we_send_to_everybody(asking: Asking) -> None:
    told(asking, keep_note(author="eve@wingtip.example"))
    assert told(asking, carry_out())[0] == "allow"


def test_a_colleague_s_paper_is_classified_as_any_other(asking: Asking) -> None:
    Destination.objects.create(value="quay.example", standing="internal")
    changed()
    housekeeper.refresh()
    told(asking, keep_note(author="lena@quay.example"))
    assert told(asking, carry_out())[0] == "hold"


def test_the_footer_of_every_mail_is_no_secret(asking: Asking) -> None:
    """It stood in the classified text, and in another one that was in view."""
    told(asking, keep_note(text=f"{OFFER} {FOOTER}", beside=f"Lunch on Friday? {FOOTER}"))
    assert told(asking, carry_out(body=f"The brochure you asked for. {FOOTER}"))[0] == "allow"


def test_a_person_who_lets_it_pass_vouches_for_the_text(asking: Asking) -> None:
    told(asking, keep_note())
    body = carry_out()
    key = parse(json.dumps(body).encode(), orchestrator="copilot-studio").call_key
    until = datetime.now(UTC) + timedelta(minutes=5)
    assert place_ticket(key, number=1, approved_by="ada", until=until, now=datetime.now(UTC))
    assert told(asking, body)[0] == "allow"
    assert told(asking, carry_out())[0] == "allow"


@pytest.mark.django_db(transaction=True)
def test_a_case_that_was_closed_as_harmless_stops_nobody_again(asking: Asking) -> None:
    told(asking, keep_note())
    assert told(asking, carry_out())[0] == "hold"
    take_in()
    found = Investigation.objects.get()
    analyst = Client()
    analyst.force_login(User.objects.create_superuser("mara"))
    said = {"disposition": "false_positive", "reason": "A brochure"}
    assert analyst.post(f"/investigations/{found.pk}/close/", said).status_code in (200, 302)
    assert told(asking, carry_out())[0] == "allow"


def test_it_forgets_after_thirty_days(asking: Asking) -> None:
    with time_machine.travel(NOON, tick=False):
        told(asking, keep_note())
    with time_machine.travel(NOON + timedelta(days=31), tick=False):
        assert told(asking, carry_out())[0] == "allow"


def test_an_agent_that_stores_much_pushes_out_nothing_that_others_stored(asking: Asking) -> None:
    told(asking, keep_note())
    kept = unpacked(bytes(Verdict.objects.get().traces))
    assert kept is not None
    for number in range(2 * stored_text.MOST_AN_AGENT):
        prints = tuple(f"{64 * number + at:012x}" for at in range(64))
        loud = replace(kept, agent="f" * 24, chain=Chain(stored=prints, marked="l"))
        done = Outcome(
            verdict_id=f"00000000-0000-0000-0000-{number:012x}", action="allow", would_have="allow", signal=""
        )
        assert keep_surely(loud, done)
    keeper = redis.Redis.from_url(settings.REDIS_URL)
    key = f"gr:k:{kept.organisation}"
    assert keeper.zcard(f"{key}:t") == stored_text.MOST_AN_AGENT + 1
    assert keeper.hlen(key) <= 65 * (stored_text.MOST_AN_AGENT + 1)
    assert all(keeper.ttl(one) > 0 for one in keeper.scan_iter("gr:k:*"))
    assert told(asking, carry_out())[0] == "hold"


def store_much(kept: Traces, agent: str, begin: int) -> int:
    """Two shares of texts by one agent, as a process of its own keeps them; how many were taken."""
    taken = 0
    for number in range(begin, begin + 2 * stored_text.MOST_AN_AGENT):
        prints = tuple(f"{8 * number + at:012x}" for at in range(8))
        loud = replace(kept, agent=agent, chain=Chain(stored=prints, marked="l"))
        done = Outcome(
            verdict_id=f"00000000-0000-0000-0000-{number:012x}", action="allow", would_have="allow", signal=""
        )
        taken += keep_surely(loud, done)
    return taken


def test_two_processes_that_store_at_once_leave_each_agent_its_share_and_nothing_half(asking: Asking) -> None:
    told(asking, keep_note())
    kept = unpacked(bytes(Verdict.objects.get().traces))
    assert kept is not None
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        jobs = [pool.submit(store_much, kept, agent * 24, begin) for agent, begin in (("e", 0), ("f", 1_000))]
        assert [job.result(timeout=60) for job in jobs] == [2 * stored_text.MOST_AN_AGENT] * 2
    keeper: Any = redis.Redis.from_url(settings.REDIS_URL)
    key = f"gr:k:{kept.organisation}"
    texts = {number.decode() for number in keeper.zrange(f"{key}:t", 0, -1)}
    assert len(texts) == 2 * stored_text.MOST_AN_AGENT + 1
    fields = {name.decode(): value.decode() for name, value in keeper.hgetall(key).items()}
    assert {name[1:] for name in fields if name.startswith("t")} == texts
    owners = [value for name, value in fields.items() if not name.startswith("t")]
    assert set(owners) == texts
    assert set(sorted(Counter(owners).values())[:-1]) == {8}, "and the note that was there before has more"
    assert told(asking, carry_out())[0] == "hold"


def test_it_keeps_no_text(asking: Asking) -> None:
    told(asking, keep_note())
    keeper = redis.Redis.from_url(settings.REDIS_URL)
    (key,) = (one for one in keeper.scan_iter("gr:k:*") if keeper.type(one) == b"hash")
    kept = " ".join(str(value) for value in keeper.hvals(key))
    assert len(kept) <= 64 * 20 + 1_000
    assert not any(word in kept for word in OFFER.split() if len(word) > 4)


@pytest.mark.django_db(transaction=True)
def test_a_lost_memory_learns_it_again(asking: Asking) -> None:
    told(asking, keep_note())
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    assert told(asking, carry_out())[0] == "allow"
    call_command("rebuild_memory", stdout=StringIO())
    assert told(asking, carry_out())[0] == "hold"
