"""Legal holds, erasure on request and retention by environment: what goes, what stays, and who is told."""

import io
import json
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from guardrail.evidence.collecting import Collecting, parts_of_calls
from guardrail.models import SearchEntry, Transcript, Verdict
from guardrail.search.indexing import index_due
from guardrail.trail_check import verify
from guardrail.transcripts import load_body
from investigations import erasing, holds
from investigations.intake import take_in_all
from investigations.models import Investigation, LegalHold
from investigations.retention import erase_expired
from policies.access import Role, give_role
from policies.models import AuditEntry, Environment
from tests.callers import Asking
from tests.told import DATA, ORDER, OUTSIDER, mail_body, record_call, record_story

USER = "klara@kiel-port.example"


def signed_in(name: str, role: Role) -> Client:
    person = User.objects.create_user(name)
    give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def pia(asking: Asking) -> Client:
    """Who may erase, and lift holds."""
    return signed_in("pia", Role.POLICY_ADMIN)


@pytest.fixture
def leo(asking: Asking) -> Client:
    """Who may place holds."""
    return signed_in("leo", Role.LEAD)


def of_user(step: str = "s-1") -> uuid.UUID:
    body = mail_body(step=step, mail=f"Write to {USER}. {ORDER}")
    body["conversationMetadata"]["user"] = {"id": USER}
    return record_call(body)


def indexed() -> None:
    take_in_all()
    index_due()


def everywhere() -> str:
    """What the tables of calls and cases hold, as text."""
    tables = ("guardrail_verdict", "guardrail_latefinding", "guardrail_searchentry", "investigations_investigation")
    with connection.cursor() as cursor:
        said = []
        for table in (*tables, "guardrail_entityday", "policies_documentquote"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608 names of ours
            said += [row for (row,) in cursor.fetchall()]
    return "\n".join(said)


def test_erasing_takes_two_steps_and_leaves_the_decision(pia: Client) -> None:
    mine, other = of_user(), record_story(step="s-7", conversation="other")
    indexed()
    decided = ("action", "policy_version", "step_key", "received_at", "traces")
    before = Verdict.objects.values(*decided).get(pk=mine)
    asked = {"subject": USER, "reason": "Request 14 of the data officer"}
    preview = pia.post("/privacy/erase/", asked)
    assert "1 call would be erased" in preview.content.decode()
    assert load_body(mine) is not None
    pia.post("/privacy/erase/", {**asked, "sure": "1"})
    assert load_body(mine) is None
    assert load_body(other) is not None
    assert USER not in everywhere()
    assert (
        Verdict.objects.values("action", "policy_version", "step_key", "received_at", "traces").get(pk=mine) == before
    )
    line = AuditEntry.objects.get(action="calls.erased")
    assert line.detail["calls"] == line.detail["transcripts"] == 1
    assert line.actor_name == "pia"
    assert USER not in json.dumps(line.detail)
    assert "Request 14" in line.detail["reason"]
    page = pia.get(f"/verdicts/{mine}/")
    assert page.status_code == 200
    assert USER not in page.content.decode()
    assert verify(anchors=[], trusted=(), now=timezone.now()).problems == ()


def test_a_mail_address_in_a_text_is_found_and_what_quotes_it_goes(pia: Client) -> None:
    pk = record_story()
    indexed()
    assert OUTSIDER in everywhere()
    erasing.erase(erasing.subject_of(OUTSIDER), reason="They asked for it", actor=None)
    assert [line for line in everywhere().splitlines() if OUTSIDER in line] == []
    assert DATA not in everywhere()
    assert load_body(pk) is None
    # what is found is the fact that it was decided, not what it said
    signal = Verdict.objects.get(pk=pk).signals[0]
    assert (signal["name"], signal["reason"]) == ("instruction_marked", "What this call said was erased.")


def test_a_name_inside_of_a_word_or_of_another_name_is_left_and_in_other_letters_it_goes(pia: Client) -> None:
    record_story(user={"id": "ann"})
    indexed()
    case = Investigation.objects.get()
    told = [["planned", "Ann planned it with joann, ann.lee@a.example and ANN."], ["ann", "contoso\\ann"]]
    Investigation.objects.filter(pk=case.pk).update(facts=told, seen={"ann": ["annex", "ann"]}, title="Plan of ANN")
    erasing.erase(erasing.subject_of("ann"), reason="They asked for it", actor=None)
    case.refresh_from_db()
    alias = erasing.subject_of("ann").alias
    assert case.facts == [
        ["planned", f"{alias} planned it with joann, ann.lee@a.example and {alias}."],
        [alias, f"contoso\\{alias}"],
    ]
    assert (case.seen, case.title) == ({"ann": ["annex", alias]}, f"Plan of {alias}")


def test_nothing_under_a_hold_is_erased_until_somebody_else_lifts_it(pia: Client, leo: Client) -> None:
    pk = of_user()
    indexed()
    leo.post("/privacy/holds/", {"kind": "user", "key": USER, "reason": "Court order 7"})
    assert USER in leo.get("/privacy/").content.decode()
    found = pia.post("/privacy/erase/", {"subject": USER, "reason": "They asked for it"}).content.decode()
    assert "1 under a legal hold stay" in found
    pia.post("/privacy/erase/", {"subject": USER, "reason": "They asked for it", "sure": "1"})
    assert load_body(pk) is not None
    hold = LegalHold.objects.get()
    assert leo.post(f"/privacy/holds/{hold.pk}/lift/", {"reason": "It is over"}).status_code == 403
    pia.post(f"/privacy/holds/{hold.pk}/lift/", {"reason": "It is over"})
    pia.post("/privacy/erase/", {"subject": USER, "reason": "They asked for it", "sure": "1"})
    assert load_body(pk) is None
    told = list(
        AuditEntry.objects.filter(action__startswith="hold.").order_by("id").values_list("action", "actor_name")
    )
    assert told == [("hold.placed", "leo"), ("hold.lifted", "pia")]


@pytest.mark.django_db
def test_nobody_lifts_a_hold_of_their_own() -> None:
    root = User.objects.create_superuser("root")
    hold = holds.place("user", USER, reason="Court order 7", actor=root)
    with pytest.raises(holds.HoldError, match="you placed it yourself"):
        holds.lift(hold, reason="It is over", actor=root)
    with pytest.raises(holds.HoldError, match="already"):
        holds.place("user", USER, reason="Once more", actor=root)


def test_a_call_and_a_case_can_be_held_and_others_are_refused(leo: Client) -> None:
    pk = record_story()
    indexed()
    case = Investigation.objects.get()
    for kind, key in (("call", str(pk)), ("case", str(case.pk))):
        leo.post("/privacy/holds/", {"kind": kind, "key": key, "reason": "Court order 7"})
    assert holds.held_among([pk]) == {pk}
    for kind, key in (("call", "nothing"), ("case", "x"), ("table", "1"), ("user", "")):
        assert leo.post("/privacy/holds/", {"kind": kind, "key": key, "reason": "Court order 7"}).status_code == 422
    assert signed_in("ines", Role.ANALYST).get("/privacy/").status_code == 403


def test_an_export_that_runs_goes_on_without_what_is_erased(pia: Client) -> None:
    first, second = of_user("s-1"), of_user("s-2")
    indexed()
    parts = parts_of_calls([first, second], Collecting())
    assert next(parts).content
    erasing.erase(erasing.subject_of(USER), reason="They asked for it", actor=None)
    rest = {part.name: part.content for part in parts}
    assert rest["calls/0002/body"] == b""
    assert USER.encode() not in b"".join(rest[name] for name in rest if name.startswith("calls/0002"))


def test_a_call_that_nobody_has_taken_in_waits(pia: Client) -> None:
    pk = of_user()
    index_due()
    SearchEntry.objects.all().delete()
    assert erasing.preview(erasing.subject_of(USER), actor=None).calls == 0
    assert load_body(pk) is not None


def test_each_environment_says_how_long_what_calls_say_is_kept(pia: Client, leo: Client) -> None:
    environment = Environment.objects.create(environment_id="", name="Port")
    pia.post(f"/environments/{environment.pk}/retention/", {"transcript_days": "30", "call_days": "90"})
    assert AuditEntry.objects.get(action="environment.retention_set").detail["transcript_days"] == 30
    now = timezone.now()
    old, _, new = (record_call(mail_body(step=f"s-{n}"), at=now - timedelta(days=n)) for n in (40, 100, 1))
    held = record_call(mail_body(step="s-held"), at=now - timedelta(days=101))
    indexed()
    holds.place("call", str(held), reason="Court order 7", actor=None)
    assert erase_expired(now) == 2
    assert set(Verdict.objects.values_list("pk", flat=True)) == {old, new, held}
    assert set(Transcript.objects.values_list("pk", flat=True)) == {new, held}
    assert erase_expired(now) == 0
    told = set(AuditEntry.objects.filter(action__startswith="retention.").values_list("action", flat=True))
    assert told == {"retention.transcripts_erased", "retention.calls_dropped"}


def test_the_record_of_a_call_takes_no_other_change(asking: Asking) -> None:
    pk = record_story()
    for word, change in (("erasing", {"action": "allow"}), ("", {"reason": "x"}), ("rekeying", {"reason": "x"})):
        with pytest.raises(ProgrammingError, match="insert only"):
            changed(pk, word, **change)


@transaction.atomic
def changed(pk: uuid.UUID, word: str, **change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('guardrail.doing', %s, true)", [word])
    Verdict.objects.filter(pk=pk).update(**change)


def test_the_command_counts_first_and_erases_with_yes(asking: Asking, settings: Settings) -> None:
    pk = of_user()
    indexed()
    settings.TRANSCRIPT_KEYS = {}
    out = io.StringIO()
    call_command("erase", USER, stdout=out)
    assert "1 calls would be erased" in out.getvalue()
    assert load_body(pk) is not None
    with pytest.raises(CommandError, match="the reason has 0 characters"):
        call_command("erase", USER, "--yes")
    call_command("erase", USER, "--yes", "--reason", "They asked for it", stdout=out)
    assert "1 calls were erased, 1 transcripts with them" in out.getvalue()
    assert load_body(pk) is None
