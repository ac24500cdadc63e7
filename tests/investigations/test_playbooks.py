"""Playbooks: the case shows what to do about its kind, fills in what is known, and keeps what people did."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from investigations.models import Activity, CasePlaybook, Investigation, PlaybookStep, PlaybookVersion
from investigations.playbook_cases import mark_step
from investigations.playbooks import SLUGS, PlaybookError, read_playbook, shipped
from investigations.services import InvestigationError
from policies.access import Role
from policies.models import AuditEntry, Destination
from tests.investigations.cases import case, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena(client: Client) -> Client:
    client.force_login(person("lena"))
    return client


@pytest.fixture
def admin() -> Client:
    found = Client()
    found.force_login(person("ada", Role.POLICY_ADMIN))
    return found


def page(client: Client, found: Investigation) -> str:
    answer = client.get(f"/investigations/{found.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def mark(client: Client, found: Investigation, step: str, **sent: Any) -> str:
    """Mark a step of the mail's playbook; what the page then says."""
    slug = sent.pop("slug", "mail-injection")
    data = {"state": "done", "note": "", "seen": 0, **sent}
    answer = client.post(f"/investigations/{found.pk}/playbooks/{slug}/{step}/", data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def form_of(of: str, /, **changes: Any) -> dict[str, Any]:
    """What the form of a playbook sends when nothing is changed."""
    found = shipped()[of]
    data: dict[str, Any] = {
        "title": found.title, "purpose": found.purpose, "kinds": " ".join(found.kinds), "carrier": found.carrier,
        "reason": "Our own words", "seen": 0, "step-TOTAL_FORMS": len(found.steps),
        "step-INITIAL_FORMS": len(found.steps),
    }  # fmt: skip
    for number, step in enumerate(found.steps):
        for part in ("name", "title", "text", "ask", "evidence"):
            data[f"step-{number}-{part}"] = getattr(step, part)
        data[f"step-{number}-place"] = number + 1
    return {**data, **changes}


@pytest.mark.parametrize(
    ("kind", "values", "title"),
    [
        ("instruction_marked", {"author": "billing@northwind.example"}, "An order in a mail, a page or a message"),
        ("instruction_followed", {"document": "/sites/ops/plan.docx"}, "An order in a shared document"),
        ("reconnaissance", {}, "Somebody feels out what the agent can do"),
        ("secret_leaving", {}, "Secrets or classified data on their way out"),
        ("insider_suspected", {}, "A colleague may be behind it"),
        ("tool_new", {}, "An agent does what it did not do before"),
        ("double_request", {}, "A stopped call comes again"),
        ("unjudged", {}, "Calls that nobody could judge"),
        ("rule.no-payments", {}, "A call was stopped"),
    ],
)
def test_a_case_shows_the_playbook_of_its_kind(lena: Client, kind: str, values: dict[str, str], title: str) -> None:
    said = page(lena, case("Something", kind=kind, **values))
    assert f"<h3>{title} " in said
    assert "0 of " in said


def test_every_shipped_playbook_reads_and_says_what_to_write_down_somewhere() -> None:
    assert set(shipped()) == set(SLUGS)
    for playbook in shipped().values():
        assert playbook.purpose
        assert any(step.evidence for step in playbook.steps) or playbook.slug == "unjudged"
        assert any(step.ask for step in playbook.steps)


def test_what_is_known_fills_itself_in(lena: Client) -> None:
    Destination.objects.create(value="nw-remit.example", standing="denied")
    here = {"author": "billing@northwind.example", "destination": "archive@nw-remit.example", "outcome": "would_block"}
    found = case("One", **here, agent_id="a-1", last_seen=timezone.now())
    case("Two", **here, agent_id="a-2", last_seen=timezone.now())
    case("Three", **here, agent_id="a-3", status="closed")
    case("Not for Lena", **here, agent_id="a-4", restricted=True)
    said = page(lena, found)
    assert "Written by billing@northwind.example." in said
    assert "archive@nw-remit.example is listed as denied." in said
    assert "The same destination in others: 1 open, 1 closed; The same author in others: 1 open, 1 closed." in said
    assert "Monitor mode: the calls ran." in said
    assert "Nothing is restricted for it at present." in said


def test_a_step_is_done_with_what_was_found_and_the_activity_keeps_it(lena: Client) -> None:
    found = case("Something", author="billing@northwind.example")
    said = mark(lena, found, "sender", note="Four mailboxes, all cleaned")
    assert "1 of 8 steps done" in said
    assert "Four mailboxes, all cleaned" in said
    again = mark(lena, found, "sender", state="open", note="Five, one is missing", seen=1)
    assert "0 of 8 steps done" in again
    texts = list(Activity.objects.filter(kind="step_marked").values_list("text", flat=True))
    assert texts[0].endswith("done. Four mailboxes, all cleaned")
    assert texts[1].endswith("open. Five, one is missing")
    entry = AuditEntry.objects.filter(action="investigation.step_marked").latest("id")
    assert (entry.actor_name, entry.detail["step"]) == ("lena", "sender")
    assert "mailboxes" not in str(entry.detail)


def test_who_was_slower_is_told_and_nothing_is_lost(lena: Client) -> None:
    found = case("Something", author="billing@northwind.example")
    ben = Client()
    ben.force_login(person("ben"))
    mark(ben, found, "sender", note="Seen by Ben")
    said = mark(lena, found, "sender", state="not_needed", note="Seen by Lena")
    assert "<code>ben</code> changed this step meanwhile" in said
    assert PlaybookStep.objects.get().note == "Seen by Ben"


def test_a_viewer_reads_and_marks_nothing(client: Client) -> None:
    found = case("Something", author="billing@northwind.example")
    client.force_login(person("vera", Role.VIEWER))
    assert "An order in a mail" in page(client, found)
    answer = client.post(f"/investigations/{found.pk}/playbooks/mail-injection/sender/", {"state": "done", "seen": 0})
    assert answer.status_code == 403
    assert not CasePlaybook.objects.exists()


@pytest.mark.parametrize(
    ("path", "sent", "says"),
    [
        ("mail-injection/nothing-like-it", {}, "has no step <code>nothing-like-it</code>"),
        ("insider/work", {}, "does not go by playbook <code>insider</code>"),
        ("mail-injection/sender", {"state": "perfect"}, "perfect"),
        ("mail-injection/sender", {"note": "a\x00b"}, "null"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    lena: Client, path: str, sent: dict[str, str], says: str
) -> None:
    found = case("Something", author="billing@northwind.example")
    data = {"state": "done", "note": "", "seen": 0, **sent}
    answer = lena.post(f"/investigations/{found.pk}/playbooks/{path}/", data, follow=True)
    assert says in answer.content.decode().lower().replace("&#x27;", "'")
    assert not PlaybookStep.objects.exists()
    assert not Activity.objects.exists()


def test_a_closed_case_is_reopened_first(lena: Client) -> None:
    found = case("Something", author="billing@northwind.example", status="closed")
    assert f"investigation {found.pk} is closed, reopen it first" in mark(lena, found, "sender").lower()
    assert not CasePlaybook.objects.exists()


def test_a_case_keeps_the_version_it_began_with(lena: Client, admin: Client) -> None:
    early = case("Early", author="billing@northwind.example", opened_at=timezone.now() - timedelta(hours=1))
    begun = case("Begun", author="billing@northwind.example", opened_at=timezone.now() + timedelta(hours=1))
    mark(lena, begun, "sender")
    late = case("Late", author="billing@northwind.example", opened_at=timezone.now() + timedelta(hours=1))
    sent = form_of("mail-injection", **{"step-3-title": "Call the post room"})
    answer = admin.post("/playbooks/mail-injection/", sent, follow=True)
    assert "Version 1 is in use for new cases" in answer.content.decode()
    assert "Call the post room" in page(lena, late)
    for kept in (early, begun):
        said = page(lena, kept)
        assert "Call the post room" not in said
        assert "Find the sender and who else got it" in said
        assert "This case began with an earlier version" in said
    assert "1 of 8 steps done" in page(lena, begun)


def test_another_playbook_can_be_gone_by_as_well(lena: Client) -> None:
    found = case("Something", author="billing@northwind.example")
    answer = lena.post(f"/investigations/{found.pk}/playbooks/", {"playbook": "insider"}, follow=True)
    assert "A colleague may be behind it" in answer.content.decode()
    said = mark(lena, found, "work", slug="insider", note="Asked M. Diaz")
    assert "1 of 6 steps done" in said
    refused = lena.post(f"/investigations/{found.pk}/playbooks/", {"playbook": "<nothing>"}, follow=True)
    assert "There is no playbook <code>&lt;nothing&gt;</code> to go by" in refused.content.decode()


def test_an_admin_writes_takes_out_moves_and_adds_steps(admin: Client) -> None:
    sent = form_of(
        "insider",
        **{
            "step-0-DELETE": "on", "step-1-place": 9, "step-TOTAL_FORMS": 7, "step-6-title": "Lock the badge",
            "step-6-place": 1, "step-6-ask": "When",
        },
    )  # fmt: skip
    admin.post("/playbooks/insider/", sent)
    row = PlaybookVersion.objects.get()
    assert [step["name"] for step in row.steps] == ["lock-the-badge", "work", "others", "outcome", "hand-over", "what"]
    assert (row.number, row.written_by.get_username(), row.reason) == (1, "ada", "Our own words")
    old = admin.get("/playbooks/insider/0/").content.decode()
    assert "Decide who may see this case" in old
    assert "Lock the badge" in admin.get("/playbooks/insider/1/").content.decode()
    assert AuditEntry.objects.filter(action="playbook.written").count() == 1


def test_a_playbook_of_ones_own_is_proposed_for_its_kinds_and_retired(admin: Client, lena: Client) -> None:
    sent = form_of("any-stop", slug="payments", title="A payment was stopped", kinds="rule.* ", seen="")
    assert admin.post("/playbooks/new/", sent).status_code == 302
    later = timezone.now() + timedelta(hours=1)
    assert "A payment was stopped" in page(lena, case("One", kind="rule.no-payments", opened_at=later))
    assert admin.post("/playbooks/new/", sent).status_code == 422
    gone = {**sent, "seen": 1, "retired": "on"}
    assert admin.post("/playbooks/payments/", gone).status_code == 302
    said = page(lena, case("Two", kind="rule.no-payments", opened_at=later))
    assert "<h3>A payment was stopped" not in said
    assert "<h3>A call was stopped" in said


def test_two_new_steps_with_the_same_words_have_names_of_their_own(admin: Client) -> None:
    new = {"step-TOTAL_FORMS": 8, "step-6-title": "Lock the badge", "step-7-title": "Lock the badge!"}
    assert admin.post("/playbooks/insider/", form_of("insider", **new)).status_code == 302
    assert [step["name"] for step in PlaybookVersion.objects.get().steps[-2:]] == ["lock-the-badge", "lock-the-badge-2"]


def test_without_scripts_another_step_is_one_more_row_and_loses_nothing(admin: Client) -> None:
    sent = form_of("insider", more="1", **{"step-0-title": "Typed before"})
    said = admin.post("/playbooks/insider/", sent).content.decode()
    assert 'name="step-6-title"' in said
    assert "Typed before" in said
    assert not PlaybookVersion.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": ""}, "This field is required"),
        ({"reason": ""}, "This field is required"),
        ({"kinds": "secret_leaving <script>"}, "expected the name of a signal"),
        ({"carrier": "pigeon"}, "Select a valid choice"),
        ({"step-0-evidence": "magic"}, "Select a valid choice"),
        ({"step-1-name": "restrict-case"}, "expected a name of its own"),
        ({"step-0-text": "x" * 2001}, "at most 2000"),
        ({"step-TOTAL_FORMS": 5000}, "at most 30 forms"),
        ({f"step-{number}-DELETE": "on" for number in range(6)}, "0 steps, expected 1 to 30"),
        ({}, "nothing is changed"),
    ],
)
def test_a_wrong_playbook_is_refused_at_its_field(admin: Client, change: dict[str, Any], says: str) -> None:
    answer = admin.post("/playbooks/insider/", form_of("insider", **change))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not PlaybookVersion.objects.exists()


def test_the_second_of_two_admins_sees_that_somebody_wrote_meanwhile(admin: Client) -> None:
    admin.post("/playbooks/insider/", form_of("insider", title="First"))
    answer = admin.post("/playbooks/insider/", form_of("insider", title="Second"))
    assert answer.status_code == 422
    assert "version 1 was written meanwhile" in answer.content.decode()
    assert PlaybookVersion.objects.get().title == "First"


def test_an_analyst_may_read_playbooks_and_write_none(lena: Client) -> None:
    assert "Playbooks" in lena.get("/playbooks/").content.decode()
    assert "Write version" not in lena.get("/playbooks/insider/").content.decode()
    assert lena.post("/playbooks/insider/", form_of("insider", title="Mine")).status_code == 403
    assert lena.get("/playbooks/new/").status_code == 403
    assert lena.get("/playbooks/nothing/").status_code == 404
    assert lena.get("/playbooks/insider/7/").status_code == 404


@pytest.mark.parametrize(
    "entry",
    [
        {"title": "x", "steps": []},
        {"title": "", "steps": [{"name": "a", "title": "A"}]},
        {"title": "x", "steps": [{"name": "a", "title": "A"}] * 2},
        {"title": "x", "steps": [{"name": "A b", "title": "A"}]},
        {"title": "x", "kinds": ["a b"], "steps": [{"name": "a", "title": "A"}]},
    ],
)
def test_an_entry_that_is_no_playbook_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(PlaybookError):
        read_playbook("x", entry)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_mark_one_step_at_once_leave_one_mark() -> None:
    found = case("Something", author="billing@northwind.example")
    people = [person("lena"), person("ben")]
    refused: list[str] = []
    start = threading.Barrier(2)

    def go(number: int) -> None:
        start.wait(10)
        try:
            mark_step(
                found, slug="mail-injection", name="sender", state="done", note=f"by {number}", seen=0,
                now=timezone.now(), actor=people[number],
            )  # fmt: skip
        except InvestigationError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 1
    assert "changed this step meanwhile" in refused[0]
    assert PlaybookStep.objects.get().revision == 1
    assert Activity.objects.filter(kind="step_marked").count() == 1
