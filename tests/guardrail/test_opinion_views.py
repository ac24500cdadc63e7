"""The pages of second opinions, by the browser's requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from policies.access import Role, give_role
from policies.load import load_document, load_serial
from policies.models import AuditEntry, SecondOpinion
from policies.services.opinions import OpinionSettings, add_opinion
from policies.services.publish import ensure_baseline
from tests import engines
from tests.engines import OtherEngine

pytestmark = pytest.mark.django_db
TYPED: dict[str, Any] = {
    "name": "Contoso Shield",
    "slug": "contoso",
    "base_url": "https://engine.contoso.example/guard",
    "token": engines.TOKEN,
    "budget_ms": "200",
    "asked_for": "changes",
    "agents": "",
    "strict_action": "",
    "cautious_action": "",
    "required": "no",
}


@pytest.fixture
def admin() -> Client:
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    return _signed_in("ben", Role.ANALYST)


@pytest.fixture
def engine() -> Iterator[OtherEngine]:
    with OtherEngine(behave=engines.ALLOWS).serving() as serving:
        yield serving


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create_user(name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def added(base_url: str = TYPED["base_url"], **changes: Any) -> SecondOpinion:
    whole = {**TYPED, "base_url": base_url, "budget_ms": 200, "agents": (), "required": False, **changes}
    slug = whole.pop("slug")
    return add_opinion(slug, OpinionSettings(**whole), actor=None)


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="opinion.").values_list("action", flat=True))


def everything_kept() -> str:
    """All that an engine left in the database and in the document of the ruleset."""
    ensure_baseline()
    rows = [str(row) for row in SecondOpinion.objects.values()]
    return str([*rows, *AuditEntry.objects.values(), load_document()])


def test_an_engine_is_added_and_asked_from_then_on(admin: Client) -> None:
    before = load_serial()
    answer = admin.post("/opinions/new/", TYPED)
    row = SecondOpinion.objects.get()
    assert answer["Location"] == f"/opinions/{row.pk}/"
    assert (load_serial() - before, actions()) == (1, ["opinion.added"])
    ensure_baseline()
    assert [entry["slug"] for entry in load_document()["opinions"]] == ["contoso"]
    assert "Contoso Shield" in admin.get("/opinions/").content.decode()


def test_its_token_is_on_no_page_in_no_entry_and_in_no_column(admin: Client) -> None:
    admin.post("/opinions/new/", TYPED)
    row = SecondOpinion.objects.get()
    admin.post(f"/opinions/{row.pk}/settings/", {**TYPED, "budget_ms": "300"})
    refused = admin.post(f"/opinions/{row.pk}/settings/", {**TYPED, "budget_ms": "1"})
    pages = [admin.get(url).content.decode() for url in ("/opinions/", f"/opinions/{row.pk}/")]
    for text in (*pages, refused.content.decode(), everything_kept()):
        assert engines.TOKEN not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "http://engine.contoso.example"}, "is reached over plain http, expected https"),
        ({"base_url": "https://me:pw@engine.example"}, "comes with more than host, port and path"),
        ({"token": ""}, "the token is empty"),
        ({"token": "two words"}, "expected plain ASCII without spaces"),
        ({"slug": "Contoso Shield"}, "expected lower-case letters"),
        ({"slug": "taken"}, "is taken, expected one of its own"),
        ({"budget_ms": "9"}, "greater than or equal to 10"),
        ({"budget_ms": "60000"}, "less than or equal to 5000"),
        ({"required": "yes", "strict_action": "notice"}, "what it says is only noted"),
        ({"asked_for": "some"}, "is not one of the available choices"),
        ({"name": "a`b"}, "that people can see"),
        ({"agents": "x" * 300}, "agent ids of 200 characters"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(admin: Client, changes: dict[str, str], said: str) -> None:
    added(slug="taken")
    answer = admin.post("/opinions/new/", {**TYPED, **changes})
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert SecondOpinion.objects.count() == 1


def test_plain_http_is_taken_for_a_private_host_and_warned_about(admin: Client) -> None:
    answer = admin.post("/opinions/new/", {**TYPED, "base_url": "http://10.0.0.5:8000/guard"}, follow=True)
    assert "whoever is on the way there can read every transcript" in answer.content.decode()
    safe = admin.post("/opinions/new/", {**TYPED, "slug": "safe"}, follow=True)
    assert "whoever is on the way there" not in safe.content.decode()


def test_every_page_where_it_is_set_up_says_that_transcripts_leave(admin: Client) -> None:
    row = added()
    for url in ("/opinions/new/", f"/opinions/{row.pk}/"):
        assert "Whole transcripts go to this address" in admin.get(url).content.decode()


def test_settings_are_changed_with_one_entry_that_says_what_was(admin: Client) -> None:
    row = added()
    admin.post(f"/opinions/{row.pk}/settings/", {**TYPED, "token": "", "budget_ms": "120", "strict_action": "block"})
    row.refresh_from_db()
    assert (row.budget_ms, row.strict_action) == (120, "block")
    entry = AuditEntry.objects.filter(action="opinion.changed").get()
    assert entry.detail["changes"] == {"budget_ms": [200, 120], "strict_action": ["", "block"]}
    assert "Budget ms: 200 → 120" in admin.get(f"/opinions/{row.pk}/").content.decode()
    # the same again changes nothing
    admin.post(f"/opinions/{row.pk}/settings/", {**TYPED, "token": "", "budget_ms": "120", "strict_action": "block"})
    assert AuditEntry.objects.filter(action="opinion.changed").count() == 1


def test_the_old_token_does_not_go_to_a_new_address(admin: Client) -> None:
    row = added()
    moved = {**TYPED, "base_url": "https://elsewhere.example", "token": ""}
    answer = admin.post(f"/opinions/{row.pk}/settings/", moved)
    assert answer.status_code == 422
    assert "expected the token of the new one" in answer.content.decode()
    assert admin.post(f"/opinions/{row.pk}/settings/", {**moved, "token": "new-token"}).status_code == 302


def test_trying_it_shows_what_it_said_and_how_long_it_took(admin: Client, engine: OtherEngine) -> None:
    row = added(engine.url)
    page = admin.post(f"/opinions/{row.pk}/try/").content.decode()
    assert [request.path.rpartition("/")[2].partition("?")[0] for request in engine.requests] == [
        "validate",
        "analyze-tool-execution",
    ]
    assert "It has nothing against it. It took" in page
    assert {request.headers["authorization"] for request in engine.requests} == {f"Bearer {engines.TOKEN}"}


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (engines.saying({"errorCode": 4010}, status="401 Unauthorized"), "refused our token"),
        (engines.saying(b"<html>", content_type="text/html"), "gave an answer that says neither allow nor block"),
        (engines.hanging_up, "could not be reached"),
        (engines.saying({"isSuccessful": False, "status": "No policy"}), "is not ready: No policy"),
        (engines.saying({"blockAction": True, "reason": "<b>no</b>"}), "It would stop it, which nobody should"),
    ],
)
def test_trying_an_engine_that_does_not_work_says_why(
    admin: Client, engine: OtherEngine, behave: engines.Behave, said: str
) -> None:
    engine.behave = behave
    row = added(engine.url)
    answer = admin.post(f"/opinions/{row.pk}/try/")
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert "<b>no</b>" not in answer.content.decode()


def test_a_token_that_does_not_open_any_more_is_asked_for_again(
    admin: Client, engine: OtherEngine, settings: Settings
) -> None:
    row = added(engine.url)
    sealed = row.sealed_token
    SecondOpinion.objects.update(sealed_token=sealed[:-6] + "AAAAAA")
    page = admin.post(f"/opinions/{row.pk}/try/", follow=True).content.decode()
    assert "Enter the token again" in page
    assert engine.requests == []


def test_it_is_paused_and_asked_again(admin: Client) -> None:
    row = added()
    ensure_baseline()
    admin.post(f"/opinions/{row.pk}/pause/")
    assert load_document()["opinions"] == []
    admin.post(f"/opinions/{row.pk}/pause/")
    admin.post(f"/opinions/{row.pk}/resume/")
    assert len(load_document()["opinions"]) == 1
    assert actions() == ["opinion.resumed", "opinion.paused", "opinion.added"]


def test_it_is_removed_when_its_short_name_is_typed(admin: Client) -> None:
    row = added()
    assert admin.post(f"/opinions/{row.pk}/remove/", {"slug": "else"}).status_code == 422
    assert admin.post(f"/opinions/{row.pk}/remove/", {"slug": "contoso"})["Location"] == "/opinions/"
    assert not SecondOpinion.objects.exists()
    assert actions()[0] == "opinion.removed"


@pytest.mark.parametrize("what", ["settings", "try", "pause", "resume", "remove"])
def test_an_analyst_reads_and_changes_nothing(analyst: Client, engine: OtherEngine, what: str) -> None:
    row = added(engine.url)
    assert analyst.get("/opinions/").status_code == 200
    page = analyst.get(f"/opinions/{row.pk}/").content.decode()
    assert "Try it" not in page
    assert analyst.post(f"/opinions/{row.pk}/{what}/", {**TYPED, "base_url": engine.url}).status_code == 403
    assert analyst.get("/opinions/new/").status_code == 403
    assert (engine.requests, actions()) == ([], ["opinion.added"])


def test_what_an_admin_wrote_is_shown_as_text(admin: Client) -> None:
    row = added(name="<i>Shield</i>")
    for url in ("/opinions/", f"/opinions/{row.pk}/"):
        assert "<i>Shield" not in admin.get(url).content.decode()


def test_no_page_asks_more_of_the_database_with_more_engines(
    admin: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2):
        added(slug=f"engine-{number}")
    admin.get("/opinions/")  # the header's state is kept from here on
    with django_assert_num_queries(6):
        admin.get("/opinions/")
    added(slug="engine-9")
    with django_assert_num_queries(6):
        admin.get("/opinions/")
