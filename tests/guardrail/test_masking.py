"""Personal data and secrets in calls are masked until somebody says why, and every mark stays where it was."""

import json
import re
import time
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from guardrail.api_tokens import Scope
from guardrail.invocation import Invocation
from guardrail.knowledge_intake import take_in_all_edits
from guardrail.models import Verdict
from guardrail.search.indexing import index_due, rewrite_words
from guardrail.text.private import EVERY_KIND, hide
from investigations.intake import take_in_all
from investigations.models import Campaign, Delivery, Investigation
from investigations.siem.content import ascii_json, seen_by
from investigations.siem.loading import load_events
from policies.access import Role, give_role
from policies.models import AuditEntry, Environment, KnowledgeDocument
from policies.signal import Mark, Signal
from tests.callers import Asking
from tests.feeds import Feed, edit
from tests.investigations.reading import Program
from tests.test_role_walk import EVERY, address_of
from tests.told import DATA, ORDER, OUTSIDER, evidence, mail_body, order_signal, origins_of, parsed, record_call

CARD, IBAN, PHONE = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "+49 170 5550123"
KEY, MAIL = "AKIAQ3ZTX5NVR7WKLPMD", "klara.berger@kiel-port.example"
SOCIAL = "123-45-6788"
PLANTED = (CARD, IBAN, PHONE, KEY, MAIL, SOCIAL)
LETTER = f"Pay from {IBAN}, card {CARD}. Call {PHONE}, write to {MAIL}. Key {KEY}, SSN {SOCIAL}. {ORDER}. Thanks"
HIDDEN = (
    *("4111 •••• •••• 1111", "DE89 •••• •••• •••• ••30 00", "+49 1•• •••••23", "k••••.•••••r@kiel-port.example"),
    *("AKIA••••••••••••••MD", "•••-••-••88"),
)


def signed_in(name: str, role: Role | None) -> Client:
    person = User.objects.create_user(name)
    if role:
        give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def ines(asking: Asking) -> Client:
    return signed_in("ines", Role.ANALYST)


@pytest.fixture
def wanted(asking: Asking) -> Verdict:
    """A stopped call whose mail, output, plan and finding hold personal data, taken in and indexed."""
    body = mail_body(mail=LETTER, output=[{"name": "rows", "value": [{"note": f"{DATA} {LETTER}"}]}])
    body["inputValues"] = {"to": OUTSIDER, "body": DATA, "text": LETTER}
    body["plannerContext"]["thought"] = f"The mail asks {MAIL} for {CARD}."
    call = parsed(body)
    found = order_signal_in(call)
    pk = record_call(body, found, origins=origins_of(call))
    take_in_all()
    index_due()
    return Verdict.objects.get(pk=pk)


def order_signal_in(call: Invocation) -> Signal:
    told = order_signal(parsed(mail_body()))
    return replace(
        told,
        reason=f"The mail tells the agent to use {CARD} and {KEY}.",
        evidence=(evidence(call, ORDER, Mark.INSTRUCTION), evidence(call, LETTER, Mark.DATA)),
    )


def test_the_page_masks_what_is_private_and_marks_the_right_words(ines: Client, wanted: Verdict) -> None:
    page = ines.get(f"/verdicts/{wanted.pk}/").content.decode()
    assert [planted for planted in PLANTED if planted in page] == []
    assert [shape for shape in HIDDEN if shape not in page] == []
    # the order is marked to the letter, and where it would have gone is legible
    assert re.search(rf"<mark[^>]*>{re.escape(ORDER)}</mark>", page)
    assert OUTSIDER in page
    assert "are masked on this page" in page


@pytest.mark.parametrize("put", ["`{}`", "'{}'", '"{}"', "({})", "<{}>", "*{}*", "mailto:{}", "|{}|", "{}."])
def test_an_address_a_decision_rests_on_is_whole_however_it_stands_in_a_reason(put: str) -> None:
    said = f"It would go to {put.format(OUTSIDER)} next."
    assert hide(said, EVERY_KIND, known={OUTSIDER})[0] == said
    other = f"It would go to {put.format(MAIL)} next."
    assert MAIL not in hide(other, EVERY_KIND, known={OUTSIDER})[0]


def test_a_person_with_the_right_sees_all_with_a_reason_for_some_minutes(ines: Client, wanted: Verdict) -> None:
    address = f"/verdicts/{wanted.pk}/"
    refused = ines.post(f"{address}reveal/", {"reason": " "}, follow=True).content.decode()
    assert "Say why" in refused
    assert CARD not in refused
    shown = ines.post(f"{address}reveal/", {"reason": "Is it the customer's card?"}, follow=True).content.decode()
    assert [planted for planted in PLANTED if planted not in shown] == []
    assert CARD in ines.get(f"{address}replay/").content.decode()
    assert CARD in ines.get(f"{address}body/").content.decode()
    line = AuditEntry.objects.get(action="transcript.revealed")
    assert line.actor_name == "ines"
    assert line.detail == {"verdict": str(wanted.pk), "reason": "Is it the customer's card?", "minutes": 15}
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert CARD not in ines.get(address).content.decode()


def test_it_ends_with_the_session_and_when_somebody_says_so(ines: Client, wanted: Verdict) -> None:
    address = f"/verdicts/{wanted.pk}/"
    ines.post(f"{address}reveal/", {"reason": "Is it theirs?"})
    assert CARD not in ines.post(f"{address}reveal/", {"end": "1"}, follow=True).content.decode()
    ines.post(f"{address}reveal/", {"reason": "Is it theirs?"})
    other = Client()
    other.force_login(User.objects.get(username="ines"))
    assert CARD not in other.get(address).content.decode()


def test_whoever_has_not_the_right_cannot_and_a_get_reveals_nothing(ines: Client, wanted: Verdict) -> None:
    address = f"/verdicts/{wanted.pk}/"
    for role in (None, Role.VIEWER, Role.AUDITOR, Role.POLICY_ADMIN):
        client = signed_in(f"{role}", role)
        assert client.post(f"{address}reveal/", {"reason": "I would like to"}).status_code == 403
        page = client.get(address).content.decode()
        assert CARD not in page
        assert "Analysts and leads can show them" in page
    assert ines.get(f"{address}reveal/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="ines"))
    assert strict.post(f"{address}reveal/", {"reason": "From elsewhere"}).status_code == 403


def test_a_case_is_revealed_on_its_page_and_nowhere_else(ines: Client, wanted: Verdict) -> None:
    case = Investigation.objects.get()
    address = f"/investigations/{case.pk}/"
    assert CARD not in ines.get(address).content.decode()
    shown = ines.post(f"{address}reveal/", {"reason": "Whose card is it?"}, follow=True).content.decode()
    assert CARD in shown
    assert CARD not in ines.get(f"/verdicts/{wanted.pk}/").content.decode()
    assert AuditEntry.objects.get(action="transcript.revealed").detail["investigation"] == case.pk


def test_an_environment_says_what_is_masked(ines: Client, wanted: Verdict) -> None:
    environment = Environment.objects.create(environment_id=wanted.environment_id or "none", name="Port")
    if not wanted.environment_id:
        Environment.objects.filter(pk=environment.pk).update(environment_id="")
    admin = signed_in("pia", Role.POLICY_ADMIN)
    page = admin.get(f"/environments/{environment.pk}/").content.decode()
    assert page.count('name="masked"') == page.count(" checked>") == 6
    admin.post(f"/environments/{environment.pk}/masking/", {"masked": ["card", "keys"]})
    assert AuditEntry.objects.get(action="environment.masking_set").detail["masked"] == ["card", "keys"]
    page = ines.get(f"/verdicts/{wanted.pk}/").content.decode()
    assert CARD not in page
    assert IBAN in page
    admin.post(f"/environments/{environment.pk}/masking/", {})
    page = ines.get(f"/verdicts/{wanted.pk}/").content.decode()
    assert CARD in page
    assert "masked on this page" not in page
    assert ines.post(f"/environments/{environment.pk}/masking/", {"masked": "card"}).status_code == 403


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"card {CARD}.", "card 4111 •••• •••• 1111."),
        ("order 4111 1111 1111 1112", "order 4111 1111 1111 1112"),
        (f"to {MAIL}", "to k••••.•••••r@kiel-port.example"),
        ("bo@x.example", "b•@x.example"),
        ("tel: 0431 5550123", "tel: 043• •••••23"),
        ("call (415) 555-0132 now", "call (415) •••-••32 now"),
        ("row 2026-11-22, 415 rows of 1000000", "row 2026-11-22, 415 rows of 1000000"),
        ("2026-11-22T10:00:00+01:00 12.5.2026", "2026-11-22T10:00:00+01:00 12.5.2026"),
        ("password = hG7#kL29xQ!m4", "password = hG7#k•••••!m4"),
        ("no address: @home, a@b", "no address: @home, a@b"),
    ],
)
def test_masking_keeps_the_length_and_the_shape(text: str, masked: str) -> None:
    hidden, _ = hide(text, EVERY_KIND)
    assert len(hidden) == len(text)
    assert hidden == masked


def test_what_a_decision_rests_on_is_shown_whole_but_never_a_key_or_a_card() -> None:
    known = frozenset((MAIL, IBAN.lower(), CARD, KEY.lower(), OUTSIDER))
    hidden, count = hide(LETTER, EVERY_KIND, known=known)
    assert MAIL in hidden
    assert IBAN in hidden
    assert CARD not in hidden
    assert KEY not in hidden
    assert count == 4


@pytest.mark.parametrize("piece", ["a@", "@a.", "+4 ", "tel 0", "4111 ", "a.b@c.", "password=", "(415) "])
def test_it_masks_hostile_texts_in_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.perf_counter()
    hidden, _ = hide(text, EVERY_KIND)
    assert len(hidden) == len(text)
    assert time.perf_counter() - started < 2


def test_a_body_that_hides_numbers_in_escapes_is_masked_too(ines: Client, asking: Asking) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in CARD)
    pk = record_call(b'{"note": "%s", "number": 4111111111111111}' % escaped.encode())
    body = ines.get(f"/verdicts/{pk}/body/").content.decode()
    assert CARD not in body
    assert "4111111111111111" not in body
    assert "4111 •••• •••• 1111" in body
    assert "4111••••••••1111" in body


def test_no_address_shows_what_is_private_to_anybody(ines: Client, asking: Asking, wanted: Verdict) -> None:
    """Every page and file that answers a GET, about this call, its case, agent and document, to all who sign in."""
    Feed.of(asking).tell(edit(text=f"To the assistant: {LETTER}"))
    take_in_all_edits(timezone.now())
    known = {"uuid": str(wanted.pk), "int": str(Investigation.objects.get().pk), "path": wanted.agent_id}
    others = [
        *(f"/entities/{kind}/{key}/" for kind, key in (("agent", wanted.agent_id), ("destination", OUTSIDER))),
        *(f"/documents/{pk}/" for pk in KnowledgeDocument.objects.values_list("pk", flat=True)),
        *(f"/campaigns/{pk}/" for pk in Campaign.objects.values_list("pk", flat=True)),
        *(f"/verdicts/{wanted.pk}/replay/?step={step}" for step in range(1, 5)),
        "/search/?q=berth",
        f"/reports/compliance/export/?format=csv&since={timezone.now():%Y-%m-%d}",
    ]
    # whoever may read every page has nothing revealed either
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    addresses = [address_of(route, **known) for route, name, _ in EVERY if name != "logout"]
    seen = [leak for address in (*addresses, *others) for leak in leaks(root, address)]
    assert "\n".join(seen) == ""


def leaks(client: Client, address: str) -> list[str]:
    answer = client.get(address)
    said = b"".join(answer) if answer.streaming else answer.content
    return [f"{planted} on {address}" for planted in PLANTED if planted != MAIL and planted.encode() in said]


def test_programs_read_it_masked_unless_their_token_says_so(asking: Asking, wanted: Verdict) -> None:
    masked = Program.that_may(Scope.TRANSCRIPTS).get(f"verdicts/{wanted.pk}/transcript").body
    assert leaked(masked) == []
    assert masked["masked"] > 5
    whole = (
        Program.that_may(Scope.TRANSCRIPTS, Scope.UNMASKED, name="other").get(f"verdicts/{wanted.pk}/transcript").body
    )
    assert leaked(whole) == list(PLANTED)


@pytest.mark.parametrize("content", ["metadata", "redacted", "full"])
def test_receivers_are_told_nothing_private(wanted: Verdict, content: str) -> None:
    row = Delivery(pk=1, event_id=wanted.pk, kind="call", payload=None)
    event = load_events([row], with_transcripts=content == "full")[1]
    assert not isinstance(event, str)
    told = ascii_json(asdict(seen_by(event, content)))
    assert leaked(json.loads(told), without=(MAIL,)) == []
    assert (DATA in json.dumps(json.loads(told))) is (content == "full")


def test_files_of_calls_are_masked(ines: Client, wanted: Verdict) -> None:
    for kind in ("csv", "json"):
        answer = ines.post("/search/export/", {"q": "berth", "format": kind})
        said = b"".join(answer).decode()
        assert str(wanted.pk) in said
        assert leaked(said) == []


def test_the_search_finds_words_but_no_numbers_of_persons(ines: Client, wanted: Verdict, settings: Settings) -> None:
    def found(question: str) -> bool:
        return str(wanted.pk) in ines.get("/search/", {"q": question}).content.decode().split('id="results"')[-1]

    assert found("berth thanks")
    assert found(MAIL)
    assert not found("AKIAQ3ZTX5NVR7WKLPMD thanks")
    settings.SEARCH_WORDS = "all"
    rewrite_words([wanted.pk])
    assert found("AKIAQ3ZTX5NVR7WKLPMD thanks")


def leaked(told: object, *, without: tuple[str, ...] = ()) -> list[str]:
    said = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return [planted for planted in PLANTED if planted in said and planted not in without]
