"""The queue and one investigation, through the browser's door: what is shown, what may be done, what is left alone."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from investigations import queries
from investigations.intake import take_in
from investigations.models import Activity, Investigation, InvestigationCall
from policies.access import Role
from policies.models import AuditEntry
from policies.ruleset import Mode
from tests import told

# session, person, saved views, rows, two for the counts, the last bulk action, assignees, roles, five for the header
QUEUE_QUERIES = 14
# session, person, the investigation, its calls, their verdicts, the shown one, its conversation, body, caller and
# document, activities, roles, who opened it, parts, merge, related, documents to clean, playbooks, four for the header
PAGE_QUERIES = 35
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def ines(db: None) -> User:
    person = User.objects.create_user("ines", first_name="Ines")
    person.groups.add(Group.objects.get_or_create(name=Role.ANALYST.value)[0])
    return person


@pytest.fixture
def found(analyst: Client) -> Investigation:
    """The investigation the intake opens for the mail's story."""
    told.record_story()
    take_in(timezone.now())
    return Investigation.objects.get()


def case(title: str, **values: object) -> Investigation:
    """A row of the queue without calls."""
    row = {
        "kind": "instruction_marked",
        "fingerprint": uuid.uuid4().hex,
        "title": title,
        "severity": 3,
        "outcome": "blocked",
        "calls": 1,
        "first_seen": NOW,
        "last_seen": NOW,
        **values,
    }
    return Investigation.objects.create(**row)


def titles(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/{query}")
    assert response.status_code == 200
    return [row.title for row in response.context["page"].rows]


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_an_empty_queue_says_how_to_send_the_first_call(analyst: Client) -> None:
    assert "Nothing to investigate yet" in text_of(analyst, "/")


def test_the_queue_begins_with_what_is_mine_or_nobodys(analyst: Client, ines: User) -> None:
    tom = User.objects.create_user("tom")
    case("mine", assignee=ines)
    case("nobody's")
    case("his", assignee=tom)
    case("done", status="closed")
    assert set(titles(analyst)) == {"mine", "nobody's"}
    assert set(titles(analyst, "?view=open")) == {"mine", "nobody's", "his"}
    assert titles(analyst, "?view=closed") == ["done"]


def test_one_view_has_what_monitor_mode_let_through(analyst: Client) -> None:
    case("stopped")
    case("marked", outcome="would_block")
    case("marked too", outcome="would_hold")
    assert set(titles(analyst, "?view=would")) == {"marked", "marked too"}


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("?severity=4", {"worst"}),
        ("?severity=3", {"worst", "quay"}),
        ("?status=active", {"quay"}),
        ("?assignee=me", {"quay"}),
        ("?assignee=none", {"worst", "small"}),
        ("?assignee=ines", {"quay"}),
        ("?agent=berth", {"worst"}),
        ("?agent=har-cranes", {"quay"}),
        ("?destination=relay", {"small"}),
        ("?q=SMALL", {"small"}),
        ("?q=conv-77", {"worst"}),
        ("?q=port@", {"quay"}),
        ("?severity=nonsense&sort=nonsense&view=nonsense&status=x&after=x", {"worst", "quay", "small"}),
        ("?q=%00", {"worst", "quay", "small"}),
    ],
)
def test_filters_are_in_the_address(analyst: Client, ines: User, query: str, kept: set[str]) -> None:
    case("worst", severity=4, agent_name="Berth Desk", conversation_id="conv-77")
    case("quay", assignee=ines, status="active", agent_id="har-cranes", author="port@tide.example")
    case("small", severity=1, destination="harbour-desk@tide-relay.example")
    assert set(titles(analyst, query)) == kept


def test_a_number_finds_its_investigation(analyst: Client) -> None:
    wanted = case("wanted")
    case("other")
    assert titles(analyst, f"?q={wanted.pk}") == ["wanted"]


def test_a_filter_that_fits_nothing_says_how_to_take_it_away(analyst: Client) -> None:
    case("one")
    assert "Take the filters away" in text_of(analyst, "/?q=no-such-thing")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("severity", ["b", "a", "c"]),
        ("last_seen", ["c", "b", "a"]),
        ("first_seen", ["a", "c", "b"]),
        ("calls", ["a", "b", "c"]),
    ],
)
def test_it_sorts_as_asked(analyst: Client, sort: str, order: list[str]) -> None:
    hour = timedelta(hours=1)
    case("a", severity=3, calls=9, first_seen=NOW, last_seen=NOW)
    case("b", severity=3, calls=5, first_seen=NOW - 3 * hour, last_seen=NOW + hour)
    case("c", severity=1, calls=2, first_seen=NOW - hour, last_seen=NOW + 2 * hour)
    assert titles(analyst, f"?sort={sort}") == order


@pytest.mark.parametrize("sort", list(queries.SORTS))
def test_pages_follow_without_a_gap_while_rows_come_in(analyst: Client, sort: str) -> None:
    made = {case(f"row {n}", severity=1 + n % 3, calls=n % 4).title for n in range(queries.PAGE + 20)}
    response = analyst.get(f"/?sort={sort}")
    first = [row.title for row in response.context["page"].rows]
    case(
        "came in meanwhile",
        severity=4,
        calls=99,
        first_seen=NOW + timedelta(hours=1),
        last_seen=NOW + timedelta(hours=1),
        due_at=NOW,
    )
    second = titles(analyst, response.context["next_url"])
    assert len(first) == queries.PAGE
    assert sorted(first + second) == sorted(made)


def test_a_row_says_what_happened_in_words(analyst: Client, found: Investigation) -> None:
    said = text_of(analyst, "/")
    assert f'href="/investigations/{found.pk}/"' in said
    assert "Berth Desk" in said
    assert told.OUTSIDER in said
    assert "Blocked" in said
    assert "Critical" in said


def test_the_queue_asks_the_same_few_times_however_long_it_is(
    analyst: Client, ines: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    case("one", assignee=ines)
    with django_assert_num_queries(QUEUE_QUERIES):
        analyst.get("/")
    for n in range(40):
        case(f"more {n}", assignee=ines if n % 2 else None)
    cache.clear()
    with django_assert_num_queries(QUEUE_QUERIES):
        analyst.get("/")


def test_the_page_asks_the_same_few_times_however_many_calls_there_are(
    analyst: Client, found: Investigation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cache.clear()
    with django_assert_num_queries(PAGE_QUERIES):
        analyst.get(f"/investigations/{found.pk}/")
    for n in range(30):
        told.record_story(step=f"s-more-{n}")
        Activity.objects.create(investigation=found, kind="commented", text=f"note {n}", actor=User.objects.first())
    take_in(timezone.now())
    cache.clear()
    with django_assert_num_queries(PAGE_QUERIES):
        analyst.get(f"/investigations/{found.pk}/")


def test_what_came_in_meanwhile_is_counted_and_nothing_moves(analyst: Client) -> None:
    case("old")
    asks = analyst.get("/").context["news_query"]
    assert "nothing new" in text_of(analyst, f"/queue/news/{asks}")
    case("late in the journal", last_seen=NOW - timedelta(days=3), first_seen=NOW - timedelta(days=3))
    case("another")
    said = text_of(analyst, f"/queue/news/{asks}")
    assert "2 new, show them" in said
    assert asks.replace("&", "&amp;") in said
    assert "<table" not in said


def test_another_call_of_a_known_cause_is_news_too(analyst: Client) -> None:
    row = case("old")
    asks = analyst.get("/").context["news_query"]
    Investigation.objects.filter(pk=row.pk).update(last_seen=NOW + timedelta(minutes=1), calls=2)
    assert "1 new, show it" in text_of(analyst, f"/queue/news/{asks}")


def test_news_are_those_of_the_view_one_looks_at(analyst: Client) -> None:
    case("old")
    asks = analyst.get("/?severity=4&view=open").context["news_query"]
    case("small", severity=1)
    assert "nothing new" in text_of(analyst, f"/queue/news/{asks}")
    case("grave", severity=4)
    assert "1 new" in text_of(analyst, f"/queue/news/{asks}")


@pytest.mark.parametrize(
    "query", ["", "?highest=x&newest=y", "?newest=2026-13-45T99:00", "?highest=99999999999999999999999"]
)
def test_a_broken_question_for_news_is_answered(analyst: Client, query: str) -> None:
    case("one")
    assert "new" in text_of(analyst, f"/queue/news/{query}")


def test_it_tells_the_story_from_top_to_bottom(analyst: Client, found: Investigation) -> None:
    said = text_of(analyst, f"/investigations/{found.pk}/")
    order = ["Why it was blocked", told.ORDER, "Where it came from", "It would have passed if", "What did not happen",
             "Transcript", "What to do", "Activity"]  # fmt: skip
    story = said[said.index(order[0]) :]
    places = [story.index(words) for words in order]
    assert places == sorted(places)
    assert "never ran" in said
    assert "hidden by display:none" in said
    assert "conv-berth-1" in said
    assert "Opened by the intake" in said


def test_a_monitored_one_says_that_it_happened(analyst: Client) -> None:
    told.record_story(mode=Mode.MONITOR)
    take_in(timezone.now())
    said = text_of(analyst, f"/investigations/{Investigation.objects.get().pk}/")
    assert "it ran: monitor mode" in said
    assert "What did not happen</h2>" not in said
    assert "Would block" in said


def test_each_of_its_calls_can_be_shown(analyst: Client, found: Investigation) -> None:
    other = told.record_story(step="s-2", tool="Send-another-mail")
    take_in(timezone.now())
    said = text_of(analyst, f"/investigations/{found.pk}/?call={other}")
    assert "Value in Send-another-mail" in said
    first = InvestigationCall.objects.order_by("verdict_id").values_list("verdict_id", flat=True)[0]
    assert "Value in Send-an-email" in text_of(analyst, f"/investigations/{found.pk}/?call={first}")


@pytest.mark.parametrize("wanted", ["nonsense", "11111111-2222-4333-8444-555555555555", "%00"])
def test_a_call_that_is_not_its_own_is_not_shown(analyst: Client, found: Investigation, wanted: str) -> None:
    assert "Value in Send-an-email" in text_of(analyst, f"/investigations/{found.pk}/?call={wanted}")


def test_it_still_tells_the_cause_when_the_calls_are_gone(analyst: Client) -> None:
    gone = case("calls gone", author="port@tide.example", agent_name="Berth Desk")
    InvestigationCall.objects.create(investigation=gone, verdict_id=uuid.uuid4())
    said = text_of(analyst, f"/investigations/{gone.pk}/")
    assert "removed by retention" in said
    assert "port@tide.example" in said


def test_the_queues_filter_is_not_what_calls_are_searched_for(analyst: Client) -> None:
    case("one")
    said = text_of(analyst, "/?view=open&severity=3")
    assert 'name="query" value="?view=open&amp;sort=due&amp;severity=3"' in said
    assert said.count('?view=open&amp;sort=due&amp;severity=3"') == 2


def test_no_two_fields_of_the_page_have_one_id(analyst: Client, found: Investigation) -> None:
    Investigation.objects.filter(pk=found.pk).update(document="Plan.docx")
    ids = re.findall(r'\sid="([^"]+)"', text_of(analyst, f"/investigations/{found.pk}/"))
    assert [name for name in set(ids) if ids.count(name) > 1] == []


def test_what_is_not_there_is_not_found(analyst: Client) -> None:
    assert analyst.get("/investigations/999999/").status_code == 404
    assert analyst.post("/investigations/999999/claim/").status_code == 404


def test_claiming_makes_it_mine_and_goes_back_to_the_queue(analyst: Client, ines: User, found: Investigation) -> None:
    response = analyst.post(f"/investigations/{found.pk}/claim/", {"next": "/?view=open"})
    assert (response.status_code, response["Location"]) == (302, "/?view=open")
    found.refresh_from_db()
    assert found.assignee == ines
    assert found.status == "active"
    assert "Claim<" not in text_of(analyst, f"/investigations/{found.pk}/")


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_claiming_never_leads_to_another_site(analyst: Client, found: Investigation, back: str) -> None:
    response = analyst.post(f"/investigations/{found.pk}/claim/", {"next": back})
    assert response["Location"] == f"/investigations/{found.pk}/"


def test_claiming_what_another_has_says_who_was_faster(analyst: Client, found: Investigation) -> None:
    tom = User.objects.create_user("tom")
    Investigation.objects.filter(pk=found.pk).update(assignee=tom, status="active")
    said = analyst.post(f"/investigations/{found.pk}/claim/", follow=True).content.decode()
    assert "<code>tom</code> has it now" in said.replace("&#x27;", "'")
    found.refresh_from_db()
    assert found.assignee == tom


def test_what_a_colleague_has_can_be_taken_over(analyst: Client, ines: User, found: Investigation) -> None:
    tom = User.objects.create_user("tom")
    Investigation.objects.filter(pk=found.pk).update(assignee=tom, status="active")
    assert "Take over" in text_of(analyst, f"/investigations/{found.pk}/")
    analyst.post(f"/investigations/{found.pk}/take-over/", {"from": tom.pk})
    found.refresh_from_db()
    assert found.assignee == ines
    assert "gave it to ines" in text_of(analyst, f"/investigations/{found.pk}/")


@pytest.mark.parametrize("holder", ["", "nonsense", "999999"])
def test_taking_over_from_who_has_it_no_more_is_refused(analyst: Client, found: Investigation, holder: str) -> None:
    tom = User.objects.create_user("tom")
    Investigation.objects.filter(pk=found.pk).update(assignee=tom, status="active")
    said = analyst.post(f"/investigations/{found.pk}/take-over/", {"from": holder}, follow=True).content.decode()
    assert "was assigned meanwhile" in said
    found.refresh_from_db()
    assert found.assignee == tom


def test_what_i_have_i_can_give_back(analyst: Client, ines: User, found: Investigation) -> None:
    analyst.post(f"/investigations/{found.pk}/claim/")
    assert "Give back" in text_of(analyst, f"/investigations/{found.pk}/")
    analyst.post(f"/investigations/{found.pk}/release/")
    found.refresh_from_db()
    assert found.assignee is None


def test_a_comment_is_added_as_text(analyst: Client, found: Investigation) -> None:
    response = analyst.post(f"/investigations/{found.pk}/comment/", {"text": "Asked the port.\n<b>No</b> \u202ereply"})
    assert response["Location"] == f"/investigations/{found.pk}/#activity"
    said = text_of(analyst, f"/investigations/{found.pk}/")
    assert "Asked the port.\n&lt;b&gt;No&lt;/b&gt;" in said
    assert "U+202E" in said


def test_closing_needs_what_it_was_and_why(analyst: Client, found: Investigation) -> None:
    response = analyst.post(f"/investigations/{found.pk}/close/", {"disposition": "", "reason": ""})
    assert response.status_code == 422
    assert response.content.decode().count("This field is required.") == 2
    found.refresh_from_db()
    assert found.status == "new"


def test_a_refused_form_keeps_what_was_written(analyst: Client, found: Investigation) -> None:
    response = analyst.post(
        f"/investigations/{found.pk}/close/", {"disposition": "nonsense", "reason": "Rang the port"}
    )
    assert response.status_code == 422
    assert "Rang the port" in response.content.decode()
    assert "What to do" in response.content.decode()


def test_closing_keeps_the_disposition_and_the_reason(analyst: Client, found: Investigation) -> None:
    response = analyst.post(
        f"/investigations/{found.pk}/close/", {"disposition": "true_positive", "reason": "Rang the port: not theirs."}
    )
    assert response.status_code == 302
    said = text_of(analyst, f"/investigations/{found.pk}/")
    assert "True positive" in said
    assert "Rang the port: not theirs." in said
    assert "Open it again" in said
    assert AuditEntry.objects.filter(action="investigation.closed").exists()


def test_closing_twice_is_refused_with_the_reason(analyst: Client, found: Investigation) -> None:
    sent = {"disposition": "true_positive", "reason": "Rang the port."}
    analyst.post(f"/investigations/{found.pk}/close/", sent)
    response = analyst.post(f"/investigations/{found.pk}/close/", sent)
    assert response.status_code == 422


def test_closing_what_a_colleague_changed_meanwhile_shows_what_first(analyst: Client, found: Investigation) -> None:
    seen = analyst.get(f"/investigations/{found.pk}/").context["as_of"]
    tom = User.objects.create_user("tom")
    Activity.objects.create(investigation=found, kind="commented", text="It is a drill.", actor=tom)
    sent = {"disposition": "true_positive", "reason": "Rang the port.", "as_of": seen}
    response = analyst.post(f"/investigations/{found.pk}/close/", sent)
    assert response.status_code == 422
    assert "Since you opened this page: tom commented" in response.content.decode()
    assert "It is a drill." in response.content.decode()
    again = {**sent, "as_of": response.context["as_of"]}
    assert analyst.post(f"/investigations/{found.pk}/close/", again).status_code == 302


def test_closing_after_ones_own_comment_asks_nothing(analyst: Client, found: Investigation) -> None:
    seen = analyst.get(f"/investigations/{found.pk}/").context["as_of"]
    analyst.post(f"/investigations/{found.pk}/comment/", {"text": "Rang the port."})
    sent = {"disposition": "true_positive", "reason": "Rang the port.", "as_of": seen}
    assert analyst.post(f"/investigations/{found.pk}/close/", sent).status_code == 302


def test_a_closed_one_is_opened_again_with_a_reason(analyst: Client, found: Investigation) -> None:
    analyst.post(f"/investigations/{found.pk}/close/", {"disposition": "false_positive", "reason": "Looked fine."})
    assert analyst.post(f"/investigations/{found.pk}/reopen/", {"reason": ""}).status_code == 422
    assert analyst.post(f"/investigations/{found.pk}/reopen/", {"reason": "It was theirs."}).status_code == 302
    found.refresh_from_db()
    assert found.status == "new"
    assert "It was theirs." in text_of(analyst, f"/investigations/{found.pk}/")


def test_who_may_only_read_sees_no_buttons_and_changes_nothing(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("guest"))
    row = case("one")
    assert "Claim" not in text_of(client, "/")
    assert "Your role may read" in text_of(client, f"/investigations/{row.pk}/")
    for act, sent in (
        ("claim", {}),
        ("comment", {"text": "x"}),
        ("close", {"disposition": "undetermined", "reason": "x"}),
    ):
        assert client.post(f"/investigations/{row.pk}/{act}/", sent).status_code == 403
    row.refresh_from_db()
    assert (row.status, row.assignee, Activity.objects.count()) == ("new", None, 0)


@pytest.mark.parametrize("act", ["claim", "take-over", "release", "comment", "close", "reopen"])
def test_a_look_never_changes_anything(analyst: Client, found: Investigation, act: str) -> None:
    before = Activity.objects.count()
    assert analyst.get(f"/investigations/{found.pk}/{act}/").status_code == 405
    text_of(analyst, f"/investigations/{found.pk}/")
    text_of(analyst, "/")
    found.refresh_from_db()
    assert (found.status, found.assignee, Activity.objects.count()) == ("new", None, before)


def test_a_post_without_the_forms_token_is_refused_and_says_what_to_do(ines: User, found: Investigation) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ines)
    response = strict.post(f"/investigations/{found.pk}/claim/")
    assert response.status_code == 403
    assert "too old to be sent" in response.content.decode()


@pytest.mark.parametrize("act", ["claim", "comment", "close"])
def test_nobody_acts_without_signing_in(db: None, client: Client, act: str) -> None:
    row = case("one")
    response = client.post(
        f"/investigations/{row.pk}/{act}/", {"text": "x", "disposition": "undetermined", "reason": "x"}
    )
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")
    row.refresh_from_db()
    assert row.status == "new"


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=x()>', "\u202egnp.exe\u200b"])
def test_what_an_attacker_wrote_into_a_cause_is_only_text(analyst: Client, hostile: str) -> None:
    row = case(
        f"Order in {hostile}", agent_name=hostile, destination=hostile, conversation_id=hostile, user_id=hostile,
        author=hostile, document=hostile,
    )  # fmt: skip
    for path in ("/", f"/?q={row.pk}", f"/investigations/{row.pk}/"):
        said = text_of(analyst, path)
        for tag in ("<script>alert", "<img", "\u202e", "\u200b"):
            assert tag not in said
