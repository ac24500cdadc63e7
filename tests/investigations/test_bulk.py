"""One action on many investigations, through the queue's door: what is done, refused, and given back by undo."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from investigations import bulk_work, queries
from investigations.models import Activity, BulkItem, BulkRun, Investigation
from investigations.tasks import work_bulk
from policies.access import Role
from policies.models import AuditEntry
from tests.investigations.cases import case, person


def bulk(client: Client, action: str, *rows: Investigation, **sent: str) -> BulkRun:
    """Press the button with these rows picked."""
    response = client.post("/queue/bulk/", {"do": action, "n": [row.pk for row in rows], **sent})
    assert response.status_code == 302
    return BulkRun.objects.latest("id")


def begin(client: Client, run: BulkRun, **sent: object) -> int:
    return client.post(f"/queue/bulk/{run.pk}/begin/", sent).status_code


def states(run: BulkRun) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in run.items.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def fresh(row: Investigation) -> Investigation:
    return Investigation.objects.get(pk=row.pk)


def test_claiming_the_picked_ones_needs_one_press_and_says_what_was_refused(analyst: Client, ines: User) -> None:
    tom = person("tom")
    mine, his = case("free"), case("his", assignee=tom, status="active")
    run = bulk(analyst, "claim", mine, his, next="/?view=open")
    assert (fresh(mine).assignee, fresh(mine).status) == (ines, "active")
    assert fresh(his).assignee == tom
    said = analyst.get(f"/queue/bulk/{run.pk}/").content.decode()
    assert "tom" in said
    assert "has it now" in said
    over_the_queue = analyst.get("/?view=open").content.decode()
    assert "Claim: 1 of 2 done, 1 refused" in over_the_queue
    assert Activity.objects.filter(investigation=mine, kind="claimed", actor=ines).count() == 1
    assert AuditEntry.objects.filter(action="bulk.claim").count() == 1


def test_closing_asks_for_disposition_and_reason_and_shows_the_number_first(analyst: Client) -> None:
    rows = [case(f"row {n}") for n in range(3)]
    run = bulk(analyst, "close", *rows)
    assert "Nothing was done yet" in analyst.get(f"/queue/bulk/{run.pk}/").content.decode()
    assert {fresh(row).status for row in rows} == {"new"}
    assert begin(analyst, run, disposition="", note="") == 422
    assert begin(analyst, run, disposition="false_positive", note="A test of the harbour's own.") == 302
    assert {(fresh(row).status, fresh(row).disposition) for row in rows} == {("closed", "false_positive")}
    for row in rows:
        assert Activity.objects.get(investigation=row, kind="closed").text.endswith("A test of the harbour's own.")
    assert BulkRun.objects.get().ended_at


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page works on four of them: 20 rows."""
    monkeypatch.setattr(bulk_work, "CHUNK", 5)


@pytest.mark.usefixtures("small_chunks")
def test_all_that_fit_are_closed_and_what_came_in_meanwhile_is_not(analyst: Client) -> None:
    meant = [case(f"berth {n}", agent_name="Berth Desk") for n in range(26)]
    other = case("crane", agent_name="Crane Desk")
    run = bulk(analyst, "close", all="1", query="?view=mine&agent=berth")
    late = case("berth, later", agent_name="Berth Desk")
    assert run.total == 26
    assert begin(analyst, run, disposition="benign_expected", note="The yearly drill.") == 302
    assert 0 < states(BulkRun.objects.get())["done"] < 26
    work_bulk()
    work_bulk()
    assert states(run) == {"done": 26}
    assert {fresh(row).status for row in meant} == {"closed"}
    assert {fresh(row).status for row in (other, late)} == {"new"}


def test_it_says_how_many_hold_the_words_on_every_page(analyst: Client) -> None:
    for number in range(queries.PAGE + 5):
        case(f"quay {number}", severity=1 + number % 4)
    case("other")
    first = analyst.get("/?q=quay")
    second = analyst.get(f"/{first.context['next_url']}")
    rows = [row.pk for page in (first, second) for row in page.context["page"].rows]
    assert len(set(rows)) == len(rows) == queries.PAGE + 5
    for page in (first, second):
        assert f"all {queries.PAGE + 5} that fit" in page.content.decode()
    assert "that fit" not in analyst.get("/?q=no-such-thing").content.decode()


@pytest.mark.usefixtures("small_chunks")
def test_it_goes_on_from_the_page_where_no_worker_runs(analyst: Client) -> None:
    for n in range(46):
        case(f"row {n}")
    run = bulk(analyst, "comment", all="1", query="?view=open")
    begin(analyst, run, note="Seen in the morning round.")
    assert "Go on now" in analyst.get(f"/queue/bulk/{run.pk}/").content.decode()
    analyst.post(f"/queue/bulk/{run.pk}/go-on/")
    analyst.post(f"/queue/bulk/{run.pk}/go-on/")
    assert states(run) == {"done": 46}


def test_undo_gives_back_what_each_had(analyst: Client, ines: User) -> None:
    tom = person("tom")
    rows = [case("nobody's"), case("his", assignee=tom, status="active")]
    run = bulk(analyst, "close", *rows)
    begin(analyst, run, disposition="true_positive", note="All of one mail.")
    assert analyst.post(f"/queue/bulk/{run.pk}/undo/").status_code == 302
    back = [fresh(row) for row in rows]
    assert [(row.status, row.assignee, row.disposition, row.closed_at) for row in back] == [
        ("new", None, "", None),
        ("active", tom, "", None),
    ]
    assert states(run) == {"undone": 2}
    assert Activity.objects.filter(kind="undone", actor=ines).count() == 2
    assert "Undone" in analyst.get(f"/queue/bulk/{run.pk}/").content.decode()


def test_undo_leaves_what_somebody_changed_since_and_says_who(analyst: Client, client: Client) -> None:
    rows = [case("one"), case("two")]
    run = bulk(analyst, "claim", *rows)
    tom = person("tom")
    his = Client()
    his.force_login(tom)
    his.post(f"/investigations/{rows[0].pk}/take-over/", {"from": fresh(rows[0]).assignee_id})
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    assert fresh(rows[0]).assignee == tom
    assert fresh(rows[1]).assignee is None
    assert states(run) == {"left": 1, "undone": 1}
    assert "changed it since" in analyst.get(f"/queue/bulk/{run.pk}/").content.decode()


def test_a_comment_by_a_colleague_does_not_stand_in_the_way_of_an_undo(analyst: Client) -> None:
    row = case("one")
    run = bulk(analyst, "claim", row)
    his = Client()
    his.force_login(person("tom"))
    his.post(f"/investigations/{row.pk}/comment/", {"text": "Looks like Tuesday's."})
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    assert fresh(row).assignee is None


def test_undo_of_a_close_leaves_closed_what_is_open_as_another_one_by_now(analyst: Client) -> None:
    row = case("one")
    run = bulk(analyst, "close", row)
    begin(analyst, run, disposition="true_positive", note="Known.")
    case("again", fingerprint=row.fingerprint)
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    assert fresh(row).status == "closed"
    assert states(run) == {"left": 1}


def test_closed_ones_are_opened_again_together_and_undo_closes_them_as_they_were(analyst: Client) -> None:
    row = case("one")
    run = bulk(analyst, "close", row)
    begin(analyst, run, disposition="false_positive", note="Ours.")
    closed_at = fresh(row).closed_at
    run = bulk(analyst, "reopen", row)
    begin(analyst, run, note="It was not.")
    assert (fresh(row).status, fresh(row).disposition) == ("new", "")
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    assert (fresh(row).status, fresh(row).disposition, fresh(row).closed_at) == ("closed", "false_positive", closed_at)


def test_they_are_assigned_with_a_note_and_only_to_who_may_work(analyst: Client) -> None:
    row, tom, vera = case("one"), person("tom"), person("vera", Role.VIEWER)
    run = bulk(analyst, "assign", row)
    assert begin(analyst, run, assignee=vera.pk, note="") == 422
    assert begin(analyst, run, assignee=tom.pk, note="You know this sender.") == 302
    assert fresh(row).assignee == tom
    assert Activity.objects.get(investigation=row, kind="commented").text == "You know this sender."


def test_what_is_already_so_is_told_apart_from_what_was_done(analyst: Client, ines: User) -> None:
    run = bulk(analyst, "claim", case("mine", assignee=ines, status="active"))
    assert list(run.items.values_list("state", "said")) == [("refused", "it was so already")]


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "claim"},
        {"do": "nonsense", "n": "1"},
        {"do": "close", "n": ["x", "99999999999999999999", "-1", "%00"]},
        {"do": "claim", "all": "1", "query": "?agent=nobody-has-this-name"},
    ],
)
def test_a_press_that_means_nothing_changes_nothing_and_says_so(analyst: Client, sent: dict[str, object]) -> None:
    row = case("one", pk=1)
    response = analyst.post("/queue/bulk/", sent, follow=True)
    assert "Nothing was done" in response.content.decode()
    assert fresh(row).status == "new"
    assert not BulkItem.objects.exists()


def test_who_may_only_read_presses_in_vain(client: Client, db: None) -> None:
    row = case("one")
    client.force_login(person("vera", Role.VIEWER))
    assert 'name="n"' not in client.get("/?view=open").content.decode()
    assert client.post("/queue/bulk/", {"do": "claim", "n": row.pk}).status_code == 403
    assert fresh(row).assignee is None


def test_what_another_asked_for_is_not_mine_to_begin_and_mine_to_undo_when_done(analyst: Client, ines: User) -> None:
    row = case("one")
    run = bulk(analyst, "close", row)
    his = Client()
    his.force_login(person("tom"))
    assert his.get(f"/queue/bulk/{run.pk}/").status_code == 404
    assert begin(his, run, disposition="true_positive", note="x") == 404
    begin(analyst, run, disposition="true_positive", note="Known.")
    his.post(f"/queue/bulk/{run.pk}/undo/")
    assert fresh(row).status == "new"
    assert Activity.objects.get(kind="undone").actor != ines


def test_neither_a_run_nor_its_undo_touches_what_is_kept_to_few_by_now(analyst: Client, ines: User) -> None:
    kept, other = case("kept"), case("for everybody")
    run = bulk(analyst, "close", kept, other)
    lea = Client()
    lea.force_login(person("lea", Role.LEAD))
    lea.post(f"/investigations/{kept.pk}/confide/", {"people": [], "why": "It concerns ines."})
    begin(analyst, run, disposition="true_positive", note="Known.")
    assert (fresh(kept).status, fresh(other).status) == ("new", "closed")
    assert states(run) == {"done": 1, "refused": 1}
    lea.post("/queue/bulk/", {"do": "close", "n": kept.pk})
    hers = BulkRun.objects.latest("id")
    begin(lea, hers, disposition="undetermined", note="Looked.")
    analyst.post(f"/queue/bulk/{hers.pk}/undo/")
    assert fresh(kept).status == "closed"
    assert states(hers) == {"left": 1}
    assert "kept" not in analyst.get(f"/queue/bulk/{hers.pk}/").content.decode().split("Which</h2>")[1]


def test_beginning_or_undoing_twice_does_nothing_twice(analyst: Client) -> None:
    row = case("one")
    run = bulk(analyst, "comment", row)
    assert begin(analyst, run, note="Seen.") == 302
    assert begin(analyst, run, note="Seen.") == 422
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    analyst.post(f"/queue/bulk/{run.pk}/undo/")
    work_bulk()
    assert Activity.objects.filter(kind="commented").count() == 1
    assert Activity.objects.filter(kind="undone").count() == 1


def test_what_was_asked_for_and_never_begun_is_forgotten(analyst: Client) -> None:
    run = bulk(analyst, "close", case("one"))
    work_bulk()
    assert BulkRun.objects.exists()
    BulkRun.objects.filter(pk=run.pk).update(asked_at=timezone.now() - timedelta(days=2))
    work_bulk()
    assert not BulkRun.objects.exists()


def test_hostile_words_stay_words(analyst: Client) -> None:
    row = case("<script>alert(1)</script>\u202e")
    run = bulk(analyst, "comment", all="1", query="?view=open&agent=&q=" + "%3Cscript%3E")
    assert run.pk
    begin(analyst, run, note="<img src=x onerror=alert(1)>")
    said = analyst.get(f"/queue/bulk/{run.pk}/").content.decode()
    assert "<script>alert" not in said
    assert "<img src=x" not in said
    assert fresh(row).pk


def test_a_saved_view_is_kept_shared_and_begun_with(analyst: Client) -> None:
    case("worst", severity=4)
    case("small", severity=1)
    assert analyst.get("/queue/views/?view=open&severity=4").status_code == 200
    sent = {"name": "Night watch", "query": "?view=open&severity=4", "shared": "on"}
    response = analyst.post("/queue/views/save/", sent, follow=True)
    assert [row.title for row in response.context["page"].rows] == ["worst"]
    his = Client()
    his.force_login(person("tom"))
    assert "Night watch" in his.get("/?view=mine").content.decode()
    view = response.context["saved"][0][0]
    his.post(f"/queue/views/{view.pk}/first/")
    assert his.get("/")["Location"] == view.query.join(("/", ""))
    assert his.get("/?view=mine").status_code == 200
    assert analyst.get("/").status_code == 200
    his.post("/queue/views/0/first/")
    assert his.get("/").status_code == 200
    assert AuditEntry.objects.filter(action="view.shared").exists()


def test_a_shared_view_that_is_made_private_is_nobody_elses_and_written_down(analyst: Client) -> None:
    sent = {"name": "Night watch", "query": "?view=open&severity=4"}
    analyst.post("/queue/views/save/", {**sent, "shared": "on"})
    his = Client()
    his.force_login(person("tom"))
    pk = analyst.get("/?view=mine").context["saved"][0][0].pk
    his.post(f"/queue/views/{pk}/first/")
    for _ in range(2):
        analyst.post("/queue/views/save/", sent)
    assert his.get("/").status_code == 200
    assert "Night watch" not in his.get("/queue/views/").content.decode()
    assert AuditEntry.objects.filter(action="view.unshared").count() == 1


def test_a_private_view_is_nobody_elses(analyst: Client) -> None:
    analyst.post("/queue/views/save/", {"name": "Mine", "query": "?q=<script>"})
    his = Client()
    his.force_login(person("tom"))
    assert "Mine<" not in his.get("/queue/views/").content.decode()
    pk = analyst.get("/?view=mine").context["saved"][0][0].pk
    assert his.post(f"/queue/views/{pk}/first/").status_code == 404
    assert his.post(f"/queue/views/{pk}/remove/").status_code == 404
    analyst.post(f"/queue/views/{pk}/remove/")
    assert not analyst.get("/?view=mine").context["saved"]


def test_a_viewer_keeps_views_but_shares_none(client: Client, db: None) -> None:
    client.force_login(person("vera", Role.VIEWER))
    assert client.post("/queue/views/save/", {"name": "a", "query": "?view=open"}).status_code == 302
    assert client.post("/queue/views/save/", {"name": "b", "query": "?view=open", "shared": "on"}).status_code == 403


@pytest.mark.parametrize("name", ["", "   ", "a\u0000b", "x" * 61, "a\u200bb"])
def test_a_view_without_a_name_people_can_read_is_refused(analyst: Client, name: str) -> None:
    assert analyst.post("/queue/views/save/", {"name": name, "query": "?view=open"}).status_code == 422


def test_two_shared_views_of_one_name_are_refused(analyst: Client) -> None:
    sent = {"name": "Night watch", "query": "?view=open", "shared": "on"}
    analyst.post("/queue/views/save/", sent)
    his = Client()
    his.force_login(person("tom"))
    response = his.post("/queue/views/save/", sent)
    assert response.status_code == 422
    assert "shared already" in response.content.decode()
