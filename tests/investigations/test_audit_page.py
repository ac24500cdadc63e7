"""The page of the audit trail: everything that happened, findable, for those who may read it."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from guardrail.tasks import keep_trail
from policies import audit
from policies.access import Role, give_role
from policies.models import AuditCheck, AuditEntry
from policies.signing import new_key
from tests.investigations.cases import case, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def lead(client: Client) -> User:
    """Somebody who may read the trail, and is signed in."""
    person = User.objects.create(username="lea")
    give_role(person, Role.LEAD, actor=None)
    client.force_login(person)
    return person


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/audit/{query}")
    assert answer.status_code == 200
    content: bytes = answer.content
    return content.decode()


def shown(client: Client, query: str = "") -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="line-(-?\d+)">', page(client, query))]


def note(action: str = "agent.changed", *, actor: User | None = None, **detail: object) -> int:
    return int(audit.record(actor=actor, action=action, **detail).pk)


def test_it_is_for_those_who_may_read_the_trail(client: Client) -> None:
    ana = User.objects.create(username="ana")
    give_role(ana, Role.ANALYST, actor=None)
    client.force_login(ana)
    assert client.get("/audit/").status_code == 403
    assert client.post("/audit/export/").status_code == 403
    assert client.post("/audit/anchors/").status_code == 403
    give_role(ana, Role.LEAD, actor=None)
    client.force_login(ana)
    assert client.get("/audit/").status_code == 200


def test_it_shows_the_newest_first_and_pages_by_key(client: Client, lead: User) -> None:
    numbers = [note(agent=f"a{n}") for n in range(60)]
    first = shown(client, "?action=agent.changed")
    assert first == numbers[:9:-1]
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', page(client, "?action=agent.changed"))
    assert older
    note(agent="later")
    assert shown(client, older[1].replace("&amp;", "&")) == numbers[9::-1]


def test_it_filters_by_person_action_thing_and_time(client: Client, lead: User) -> None:
    with time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC), tick=False):
        old = note("receiver.paused", receiver=4)
    closed, agent = note("investigation.closed", actor=lead, investigation=77), note(agent="mail-bot", actor=lead)
    listed = note("agents.imported", agent_ids=["mail-bot", "other"])
    assert shown(client, "?action=receiver.paused") == [old]
    assert shown(client, f"?who={lead.username}") == [agent, closed]
    assert shown(client, "?who=lea&action=investigation.closed") == [closed]
    assert shown(client, "?about=mail-bot") == [listed, agent]
    assert shown(client, "?about=77") == shown(client, "?about=%2377") == [closed]
    assert shown(client, "?about=mail-bot&who=lea") == [agent]
    assert shown(client, "?since=2026-01-05&until=2026-01-05") == [old]
    assert old not in shown(client, "?since=2026-01-06")
    assert shown(client, "?about=nothing") == []


def test_a_time_that_was_set_back_is_found_where_it_says_it_is(client: Client, lead: User) -> None:
    note()
    with time_machine.travel(datetime(2026, 1, 5, 12, tzinfo=UTC), tick=False):
        back = note()
    note()
    assert shown(client, "?since=2026-01-05&until=2026-01-05") == [back]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "?since=yesterday",
            "?since=2026-13-01",
            "?before=x",
            "?before=99999999999999999999999999",
            "?until=9999-12-31",
        ),
        *(
            "?about=%00",
            "?who=%ED%A0%80",
            "?about=%22}%27",
            "?action=%27;DROP",
            "?about=" + "9" * 300,
            "?before=%C2%B2",
        ),
    ],
)
def test_it_takes_any_question(query: str, client: Client, lead: User) -> None:
    assert client.get(f"/audit/{query}").status_code in (200, 422)


def test_what_others_wrote_is_text(client: Client, lead: User) -> None:
    eve = User.objects.create(username="\u202eeve")
    note(agent="<img src=x onerror=alert(1)>", actor=eve, reason="{{7*7}}<script>", owner="a\u200bb")
    text = page(client)
    assert "<img src=x" not in text
    assert "<script>" not in text.partition("<main")[2]
    assert "\u202e" not in text
    assert "U+202E" in text or "202E" in text


def test_a_line_somebody_forged_to_break_the_page_is_on_it(client: Client, lead: User) -> None:
    number = note()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE policies_auditentry DISABLE TRIGGER auditentry_insert_only")
        cursor.execute(
            "UPDATE policies_auditentry SET at = 'infinity',"
            " detail = (repeat('[', 5000) || repeat(']', 5000))::jsonb WHERE id = %s",
            [number],
        )
    assert "nobody of ours wrote this" in page(client)
    keep_trail()
    assert f"line #{number} was changed" in page(client)


def test_it_says_how_far_it_was_checked(client: Client, lead: User) -> None:
    assert "Not checked yet" in page(client)
    keep_trail()
    checked = AuditCheck.objects.get().entry
    assert f"Checked up to #{checked}" in page(client)
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC)):
        client.force_login(lead)
        assert "and not since" in page(client)


def test_it_hides_lines_about_work_kept_to_few(client: Client) -> None:
    kept, open_ = (note("investigation.closed", investigation=case("x", restricted=hide).pk) for hide in (True, False))
    for role, seen in ((Role.AUDITOR, [open_]), (Role.LEAD, [open_, kept])):
        client.force_login(person(role.value, role))
        assert shown(client, "?action=investigation.closed") == seen
        exported = b"".join(client.post("/audit/export/", {"action": "investigation.closed", "format": "json"}))
        assert [json.loads(line)["line"] for line in exported.decode().splitlines()] == seen


def test_it_takes_out_what_the_filter_shows_safe_for_spreadsheets(client: Client, lead: User) -> None:
    User.objects.create(username="=cmd")
    number = note(agent="=HYPERLINK(1)", actor=User.objects.get(username="=cmd"))
    note("receiver.paused", receiver=1)
    answer = client.post("/audit/export/", {"format": "csv", "action": "agent.changed"})
    lines = b"".join(answer).decode().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"{number},")
    assert "'=cmd" in lines[1]
    answer = client.post("/audit/export/", {"format": "json", "about": "=HYPERLINK(1)"})
    (line,) = map(json.loads, b"".join(answer).decode().splitlines())
    assert line["detail"] == {"agent": "=HYPERLINK(1)"}
    exported = AuditEntry.objects.filter(action="audit.exported")
    assert [entry.detail["filter"] for entry in exported] == [{"about": "=HYPERLINK(1)"}, {"action": "agent.changed"}]


def test_anchors_are_taken_out_and_compared_elsewhere(
    client: Client, lead: User, settings: Settings, tmp_path: Path
) -> None:
    settings.EVIDENCE_KEY, _ = new_key()
    note()
    keep_trail()
    path = tmp_path / "given"
    path.write_bytes(b"".join(client.post("/audit/anchors/")))
    out = StringIO()
    call_command("audit", "verify", "--anchors", str(path), stdout=out)
    assert "1 anchors of the files given" in out.getvalue()


def test_it_costs_the_same_however_many_lines_it_shows(client: Client, lead: User) -> None:
    note(agent="a")
    page(client)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(client, "?about=a")
    for _ in range(30):
        note(agent="a", actor=lead)
    with CaptureQueriesContext(connection) as many:
        page(client, "?about=a")
    assert len(few) == len(many)


def test_a_day_that_cannot_be_read_takes_nothing_out_and_says_so_at_its_field(client: Client, lead: User) -> None:
    note(agent="berth-desk")
    before = AuditEntry.objects.count()
    for query in ({"since": "yesterday"}, {"until": "2026-13-01", "who": "lea"}):
        for answer in (client.post("/audit/export/", {**query, "format": "json"}), client.get("/audit/", query)):
            text = answer.content.decode()
            assert answer.status_code == 422
            (name,) = {"since", "until"} & set(query)
            assert re.search(rf'id="{name}" name="{name}" value="{query[name]}" aria-invalid="true"', text)
            assert f'id="{name}-error"' in text
            assert "Taking" not in text
            assert "berth-desk" not in text
    assert AuditEntry.objects.count() == before
    assert client.post("/audit/export/", {"since": "2020-01-01", "format": "json"}).status_code == 200


def test_details_are_said_in_words(client: Client, lead: User) -> None:
    note("person.signed_in", actor=lead, way="password", source="192.0.2.7")
    note("person.sessions_ended", person="ben", sessions=2, why="role")
    note("transcript.opened", verdict="0", how="call")
    note(
        "caller.token_issued",
        caller="desk",
        hint="gr_abc",
        purpose="knowledge",
        expires_at="2026-12-24T08:30:00.5+00:00",
    )
    text = page(client)
    for said in ("by password, from 192.0.2.7", "because of another role, sessions: 2", "by its page"):
        assert said in text
    assert all(said in text for said in ("begins gr_abc", "may tell of edits", "ends 2026-12-24 08:30 UTC"))
    assert "expires at" not in text


def test_signing_out_and_commands_that_make_people_leave_a_line(client: Client, lead: User) -> None:
    client.post("/logout/")
    assert AuditEntry.objects.get(action="person.signed_out").actor == lead
    client.post("/logout/")
    assert AuditEntry.objects.filter(action="person.signed_out").count() == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough password")
        call_command("createsuperuser", "--no-input", "--username", "root", "--email", "", stdout=StringIO())
    line = AuditEntry.objects.filter(action="person.created").latest("pk")
    assert (line.actor_name, line.detail["person"], line.detail["role"]) == ("system", "root", "superuser")
