"""Transcripts are encrypted under a ring of keys: what the tables hold, what opens, and from key to key."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from guardrail import database, rekeying, settings as read_settings, store
from guardrail.checks import transcripts_are_encrypted
from guardrail.evidence.collecting import Collecting, parts_of_calls
from guardrail.knowledge_intake import take_in_all_edits
from guardrail.models import LateFinding, PendingValidation, SearchEntry, Transcript, Verdict
from guardrail.replay import Depth, replay
from guardrail.search.indexing import index_due
from guardrail.transcripts import load_body, load_call
from guardrail.validation import validate_due
from investigations.intake import take_in_all
from policies.access import Role, give_role
from policies.key_ring import read_ring
from policies.load import active_ruleset
from policies.models import AuditEntry, KnowledgeEvent
from tests.callers import Asking
from tests.feeds import Feed, edit
from tests.told import DATA, OUTSIDER, mail_body, record_call, record_story

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def ring(asking: Asking, settings: Settings) -> Settings:
    settings.TRANSCRIPT_KEYS = {"old": OLD}
    return settings


@pytest.fixture
def ines(asking: Asking) -> Client:
    person = User.objects.create_user("ines")
    give_role(person, Role.ANALYST, actor=None)
    client = Client()
    client.force_login(person)
    return client


def raw(table: str) -> bytes:
    """Everything the table holds, as its bytes and as text."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 names of ours
        rows = "\n".join(row for (row,) in cursor.fetchall())
    # bytea is shown in hex
    return rows.encode() + b"".join(bytes.fromhex(part.split('"')[0].split(",")[0]) for part in rows.split("\\x")[1:])


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("transcripts", *arguments, stdout=out)
    return out.getvalue()


def indexed() -> None:
    take_in_all()
    index_due()


def test_the_tables_hold_nothing_of_what_was_written_where_there_is_a_key(ring: Settings) -> None:
    record_call(mail_body(mail="Plover sandpiper", output=[]))
    indexed()
    for table in ("guardrail_transcript", "guardrail_searchentry"):
        assert b"plover" not in raw(table).lower()
        assert b"sandpiper" not in raw(table).lower()
    ring.TRANSCRIPT_KEYS = {}
    # a frame of zstd holds a short text as it is
    record_call(b"Plover")
    record_call(mail_body(mail="Plover sandpiper", output=[], step="s-2"))
    indexed()
    for table in ("guardrail_transcript", "guardrail_searchentry"):
        assert b"plover" in raw(table).lower()


def test_an_encrypted_call_is_read_searched_replayed_and_taken_out(ring: Settings, ines: Client) -> None:
    wanted = record_story()
    indexed()
    assert Transcript.objects.get(pk=wanted).key_id == "old"
    assert DATA in ines.get(f"/verdicts/{wanted}/").content.decode()
    assert DATA.encode() in ines.get(f"/verdicts/{wanted}/body/").content
    found = ines.get("/search/", {"q": f"berth {OUTSIDER} outcome:blocked"}).content.decode()
    assert str(wanted) in found
    assert str(wanted) not in ines.get("/search/", {"q": "berth nowhere"}).content.decode()
    (again,) = replay(Verdict.objects.all(), active_ruleset(), depth=Depth.JUDGED)
    assert again.after is not None
    parts = {part.name: part.content for part in parts_of_calls([wanted], Collecting())}
    assert json.loads(parts["calls/0001/body"]) == mail_body()


def test_an_encrypted_call_is_judged_again_under_each_key_and_said_not_to_be_without_it(
    ring: Settings, ines: Client, asking: Asking
) -> None:
    asking.analyze(mail_body())
    wanted = Verdict.objects.get().pk
    page = f"/verdicts/{wanted}/rejudge/"
    assert "Policy of then" in ines.get(page).content.decode()
    ring.TRANSCRIPT_KEYS = {"new": NEW, "old": OLD}
    told("rekey")
    ring.TRANSCRIPT_KEYS = {"new": NEW}
    again = ines.get(page).content.decode()
    assert "is encrypted under the key" not in again
    assert "Policy of then" in again
    ring.TRANSCRIPT_KEYS = {"other": OLD}
    lost = ines.get(page)
    assert lost.status_code == 200
    assert "is encrypted under the key" in lost.content.decode()


def test_evidence_of_encrypted_calls_is_judged_again_where_there_is_no_key(
    ring: Settings, asking: Asking, tmp_path: Path
) -> None:
    asking.analyze(mail_body())
    wanted = str(Verdict.objects.get().pk)
    path, out = str(tmp_path / "out.zip"), io.StringIO()
    call_command("evidence", "export", path, "--reason", "For counsel", "--verdict", wanted, stdout=out)
    ring.TRANSCRIPT_KEYS = {}
    call_command("evidence", "verify", path, stdout=out)
    assert "judged the same, every text read again" in out.getvalue()


def test_a_body_moved_to_another_call_or_changed_does_not_open(ring: Settings) -> None:
    one = record_call(mail_body())
    other = record_call(mail_body(step="s-2", mail="Another mail"))
    with psycopg.connect(database.dsn(), autocommit=True) as owner:
        owner.execute("ALTER TABLE guardrail_transcript DISABLE TRIGGER USER")
        owner.execute(
            "UPDATE guardrail_transcript SET body_zstd = (SELECT body_zstd FROM guardrail_transcript WHERE id = %s)"
            " WHERE id = %s",
            [other, one],
        )
        owner.execute("UPDATE guardrail_transcript SET body_zstd = body_zstd || 'x' WHERE id = %s", [other])
        owner.execute("ALTER TABLE guardrail_transcript ENABLE TRIGGER USER")
    for pk in (one, other):
        (again,) = replay(Verdict.objects.filter(pk=pk), active_ruleset(), depth=Depth.JUDGED)
        assert again.why_not == "its transcript was changed, or belongs to another call"


def test_a_lost_key_closes_the_transcript_and_nothing_else(ring: Settings, ines: Client, asking: Asking) -> None:
    wanted = record_story()
    ring.TRANSCRIPT_KEYS = {"new": NEW}
    page = ines.get(f"/verdicts/{wanted}/")
    assert page.status_code == 200
    assert "encrypted under the key <code>old</code>" in page.content.decode()
    assert "tells the agent to send the berth list outside" in page.content.decode()
    assert ines.get(f"/verdicts/{wanted}/body/").status_code == 409
    parts = {part.name: part.content for part in parts_of_calls([wanted], Collecting())}
    assert json.loads(parts["calls/0001/verdict.json"])["body_is_kept"] is False
    assert asking.analyze(mail_body(step="s-9")).status == 200
    assert load_call(Verdict.objects.latest("id")) is not None


def test_a_deferred_call_that_does_not_open_is_told_of_and_not_dropped(ring: Settings, asking: Asking) -> None:
    asking.analyze(mail_body())
    wanted = Verdict.objects.get().pk
    PendingValidation.objects.create(id=wanted)
    ring.TRANSCRIPT_KEYS = {}
    validate_due()
    assert not LateFinding.objects.exists()
    for _ in range(5):
        validate_due()
    assert LateFinding.objects.get(pk=wanted).failed


def test_it_puts_all_under_a_new_key_in_batches_and_the_old_one_can_go(ring: Settings, ines: Client) -> None:
    ring.TRANSCRIPT_KEYS = {}
    ids = [record_call(mail_body())]
    ring.TRANSCRIPT_KEYS = {"old": OLD}
    ids += [record_call(mail_body(step=f"s-{n}")) for n in range(2, 5)]
    indexed()
    ring.TRANSCRIPT_KEYS = {"new": NEW, "old": OLD}
    assert rekeying.count_by_key() == {"": 1, "old": 3}
    first = rekeying.rekey_some(None, most=2)
    assert (first.done, first.closed) == (2, 0)
    assert rekeying.count_by_key() == {"old": 2, "new": 2}
    # half of the way everything reads and is found
    assert all(load_body(pk) for pk in ids)
    assert ines.get("/search/", {"q": "berth"}).content.decode().count("data-open") == 4
    assert "under the key `new`, the one of now: 4" in told("rekey", "--batch", "1")
    assert told("rekey") == "under the key `new`, the one of now: 4\n"
    ring.TRANSCRIPT_KEYS = {"new": NEW}
    assert all(load_body(pk) for pk in ids)
    assert ines.get("/search/", {"q": "berth"}).content.decode().count("data-open") == 4
    line = AuditEntry.objects.get(action="transcripts.rekeyed")
    assert line.detail == {"key": "new", "transcripts": 2, "not_opened": 0}


def test_two_that_rekey_share_the_work_and_a_writer_is_not_waited_for(ring: Settings) -> None:
    one, other = record_call(mail_body()), record_call(mail_body(step="s-2"))
    ring.TRANSCRIPT_KEYS = {"new": NEW, "old": OLD}
    with psycopg.connect(database.dsn()) as somebody:
        somebody.execute("SELECT 1 FROM guardrail_transcript WHERE id = %s FOR UPDATE", [one])
        third = record_call(mail_body(step="s-3"))
        assert rekeying.rekey_some(None).done == 1
        assert rekeying.count_by_key() == {"new": 2, "old": 1}
    assert rekeying.rekey_some(None).done == 1
    assert {load_body(pk) is not None for pk in (one, other, third)} == {True}


def test_rekeying_names_what_is_left_and_fails(ring: Settings) -> None:
    record_call(mail_body())
    ring.TRANSCRIPT_KEYS = {"new": NEW}
    with pytest.raises(CommandError, match="1 transcripts are not under the key `new`"):
        told("rekey")
    assert told("keys") == "under the key `old`, but this key is not here: 1\n"
    ring.TRANSCRIPT_KEYS = {}
    with pytest.raises(CommandError, match="there is no key"):
        told("rekey")


def test_a_transcript_is_changed_by_rekeying_only_and_never_to_another_call(ring: Settings) -> None:
    one = record_call(mail_body())
    with psycopg.connect(database.dsn()) as somebody:
        for statement in ("SET body_zstd = 'x'", "SET id = gen_random_uuid()"):
            with pytest.raises(psycopg.errors.RaiseException, match="insert only"), somebody.transaction():
                somebody.execute(f"UPDATE guardrail_transcript {statement} WHERE id = %s", [one])
        somebody.execute("SET guardrail.doing = 'rekeying'")
        with pytest.raises(psycopg.errors.RaiseException, match="insert only"), somebody.transaction():
            somebody.execute("UPDATE guardrail_transcript SET body_bytes = 1 WHERE id = %s", [one])


def test_the_journal_holds_a_body_encrypted_and_gives_it_back(
    ring: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring.DATA_DIR = tmp_path
    monkeypatch.setattr(store, "_journal", None)
    with monkeypatch.context() as away:
        away.setattr(database, "execute", _refuse)
        with pytest.raises(AssertionError, match="journal"):
            record_call(mail_body(mail="Plover sandpiper"))
    ring.TRANSCRIPT_KEYS = {"new": NEW, "old": OLD}
    assert store.ingest_journal() == 1
    assert Transcript.objects.get().key_id == "old"
    assert b"Plover" in (load_body(Verdict.objects.get().pk) or b"")


def _refuse(*_: Any, **__: Any) -> None:
    raise psycopg.OperationalError("away")


def test_a_text_of_a_change_feed_waits_encrypted_and_is_read(ring: Settings, asking: Asking) -> None:
    answer = Feed.of(asking).tell(edit(text="Plover sandpiper " * 20))
    assert answer.status == 202
    assert b"Plover" not in raw("policies_knowledgeevent")
    take_in_all_edits(datetime.now(UTC))
    assert not KnowledgeEvent.objects.exists()


def test_words_can_be_kept_out_of_the_search(ring: Settings, ines: Client) -> None:
    ring.SEARCH_WORDS = "none"
    wanted = record_story()
    indexed()
    assert SearchEntry.objects.filter(pk=wanted).exists()
    assert str(wanted) in ines.get("/search/", {"q": f"destination:{OUTSIDER} outcome:blocked"}).content.decode()
    refused = ines.get("/search/", {"q": "berth"})
    assert refused.status_code == 422
    assert "words of calls are not kept here" in refused.content.decode()


def test_a_beginning_of_a_word_is_refused_where_words_are_encrypted(ring: Settings, ines: Client) -> None:
    assert ines.get("/search/", {"q": "ber*"}).status_code == 422
    ring.TRANSCRIPT_KEYS = {}
    assert ines.get("/search/", {"q": "ber*"}).status_code == 200


def test_a_deployment_without_a_key_is_warned(settings: Settings) -> None:
    settings.TRANSCRIPT_KEYS = {}
    assert [one.id for one in transcripts_are_encrypted(None)] == ["guardrail.W001"]
    settings.TRANSCRIPT_KEYS = {"old": OLD}
    assert transcripts_are_encrypted(None) == []


def test_a_new_key_is_one_a_ring_takes() -> None:
    assert list(read_ring([told("key", "2026-11").strip()])) == ["2026-11"]
    with pytest.raises(CommandError, match="has no name"):
        told("key", "Two Words")


GOOD = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    ("ring_text", "why"),
    [("nothing", "has no name"), ("a:c2hvcnQ=", "the key `a` is none"), (f"{GOOD},{GOOD}", "two keys are called `a`")],
)
def test_a_bad_ring_stops_the_start_and_no_key_stands_in_the_error(
    monkeypatch: pytest.MonkeyPatch, ring_text: str, why: str
) -> None:
    monkeypatch.setenv("GUARDRAIL_TRANSCRIPT_KEYS", ring_text)
    with pytest.raises(ImproperlyConfigured, match=why) as refused:
        read_settings._key_ring()
    assert "AAEC" not in str(refused.value)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_ring_can_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GUARDRAIL_TRANSCRIPT_KEYS_FILE", str(tmp_path / "ring"))
    with pytest.raises(ImproperlyConfigured, match="expected a file that can be read"):
        read_settings._key_ring()
    (tmp_path / "ring").write_text(f"# of now\n{GOOD}\n\n")
    assert list(read_settings._key_ring()) == ["a"]
