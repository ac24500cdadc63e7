"""The pages of threat intelligence, by the browser's requests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from guardrail import housekeeper
from guardrail.models import Verdict
from investigations.intake import take_in
from investigations.models import Activity, Investigation
from policies import load, tasks
from policies.access import Role, give_role
from policies.intelligence.values import Kind
from policies.models import AuditEntry, Destination, Indicator, IndicatorSource, IndicatorUpload
from policies.services.indicator_sources import SourceSettings, add_source, import_file
from policies.services.publish import changed, ensure_baseline
from tests.callers import Asking
from tests.engines import OtherEngine, saying
from tests.guardrail.test_intelligence import NOW, is_stopped, mail

pytestmark = pytest.mark.django_db
TYPED = {
    "name": "Shared list",
    "kind": "csv",
    "url": "",
    "every_minutes": "0",
    "default_confidence": "50",
    "default_days": "30",
    "block_from": "80",
    "hold_from": "50",
}
BY_HAND = {"value": "hxxp://bad[.]example/kit", "kind": "", "confidence": "90", "days": "30", "description": ""}


@pytest.fixture
def admin() -> Client:
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    return _signed_in("ben", Role.ANALYST)


@pytest.fixture
def server() -> Iterator[OtherEngine]:
    body = b"kind,value,confidence\ndomain,evil.example,95\ndomain,gmail.com,95\nnonsense\n"
    with OtherEngine(behave=saying(body, content_type="text/csv")).serving() as serving:
        yield serving


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create_user(name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def filled(*values: str, name: str = "Shared list") -> IndicatorSource:
    source = add_source(SourceSettings(name=name, kind="csv"), now=NOW, actor=None)
    import_file(source, "\n".join(values).encode(), now=datetime.now(UTC), actor=None)
    return source


def test_an_admin_sets_a_feed_up_and_sees_how_it_went(admin: Client, server: OtherEngine) -> None:
    ensure_baseline()
    assert "No source yet" in text_of(admin, "/intelligence/")
    answer = admin.post("/intelligence/sources/new/", {**TYPED, "url": server.url, "every_minutes": "60"}, follow=True)
    assert "within half a minute" in answer.content.decode()
    assert server.requests == []  # no page fetches anything
    tasks.fetch_indicators()
    page = text_of(admin, answer.request["PATH_INFO"])
    assert "gmail.com" in page
    assert "many people use" in page
    assert "line 4" in page
    overview = text_of(admin, "/intelligence/")
    assert "evil.example" in overview
    assert "blocks" in overview


def test_it_shows_a_feed_that_fails(admin: Client, server: OtherEngine) -> None:
    server.behave = saying(b"no", status="500 Oh")
    admin.post("/intelligence/sources/new/", {**TYPED, "url": server.url})
    tasks.fetch_indicators()
    assert "not fetched" in text_of(admin, "/intelligence/")
    source = IndicatorSource.objects.get()
    assert "status 500" in text_of(admin, f"/intelligence/sources/{source.pk}/")
    server.behave = saying(b"evil.example\n")
    admin.post(f"/intelligence/sources/{source.pk}/fetch/")
    tasks.fetch_indicators()
    assert "status 500" not in text_of(admin, f"/intelligence/sources/{source.pk}/")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "http://feed.example/x", "plain http"),
        ("url", "https://169.254.169.254/", "link-local"),
        ("name", "By hand", "taken"),
        ("hold_from", "100", "above blocking"),
    ],
)
def test_it_says_at_the_field_what_is_wrong(admin: Client, field: str, value: str, said: str) -> None:
    answer = admin.post("/intelligence/sources/new/", {**TYPED, field: value})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not IndicatorSource.objects.exists()


def test_a_small_file_is_taken_in_at_once_and_a_large_one_by_the_worker(admin: Client) -> None:
    source = add_source(SourceSettings(name="Files", kind="csv"), now=NOW, actor=None)
    upload = f"/intelligence/sources/{source.pk}/upload/"
    answer = admin.post(upload, {"file": SimpleUploadedFile("a.csv", b"evil.example\n")}, follow=True)
    assert "1 taken" in answer.content.decode()
    large = "\n".join(f"host{n}.large.example" for n in range(12_000)).encode()
    admin.post(upload, {"file": SimpleUploadedFile("b.csv", large)})
    assert IndicatorUpload.objects.count() == 1
    assert "a file waits" in text_of(admin, f"/intelligence/sources/{source.pk}/")
    tasks.fetch_indicators()
    assert not IndicatorUpload.objects.exists()
    assert source.indicators.count() == 12_001


@pytest.mark.parametrize(
    ("body", "said"), [(b"<html>", "web page"), (b"\xff\xfa", "UTF-8"), (b"nonsense\n", "none of 1"), (b" ", "empty")]
)
def test_a_file_that_cannot_be_read_changes_nothing(admin: Client, body: bytes, said: str) -> None:
    source = filled("evil.example")
    path = f"/intelligence/sources/{source.pk}/upload/"
    answer = admin.post(path, {"file": SimpleUploadedFile("a.csv", body)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert source.indicators.count() == 1


def test_one_is_listed_by_hand_and_dismissed_and_holds_for_the_next_call(admin: Client) -> None:
    ensure_baseline()
    answer = admin.post("/intelligence/indicators/new/", BY_HAND, follow=True)
    assert "bad.example/kit" in answer.content.decode()
    listed = Indicator.objects.get()
    housekeeper.refresh()
    assert load.active_ruleset().indicators.find(Kind.URL, "bad.example/kit") is not None
    admin.post(f"/intelligence/indicators/{listed.pk}/dismiss/")
    housekeeper.refresh()
    assert load.active_ruleset().indicators.find(Kind.URL, "bad.example/kit") is None
    assert "dismissed" in text_of(admin, f"/intelligence/indicators/{listed.pk}/")
    admin.post(f"/intelligence/indicators/{listed.pk}/restore/")
    housekeeper.refresh()
    assert load.active_ruleset().indicators.find(Kind.URL, "bad.example/kit") is not None
    assert {"indicator.added", "indicator.dismissed", "indicator.restored"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )


def test_what_everybody_uses_wants_to_be_confirmed(admin: Client) -> None:
    answer = admin.post("/intelligence/indicators/new/", {**BY_HAND, "value": "gmail.com"})
    assert answer.status_code == 422
    assert "very many people use" in answer.content.decode()
    assert not Indicator.objects.exists()
    admin.post("/intelligence/indicators/new/", {**BY_HAND, "value": "gmail.com", "confirmed": "on"})
    assert Indicator.objects.get().by_person


def test_what_was_refused_can_be_listed_all_the_same_and_nothing_else(admin: Client) -> None:
    source = filled("gmail.com", "evil.example")
    path = f"/intelligence/sources/{source.pk}/overrule/"
    assert admin.post(path, {"value": "outlook.com"}).status_code == 422
    assert not Indicator.objects.filter(value="gmail.com").exists()
    admin.post(path, {"value": "gmail.com"})
    assert Indicator.objects.get(value="gmail.com").by_person


def test_it_finds_by_beginning_kind_and_source_and_pages_by_key(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    filled(*(f"host{n:03}.evil.example" for n in range(120)), name="one")
    other = filled("kim@bad.example", name="two")
    page = text_of(admin, "/intelligence/?q=host00")
    assert page.count("evil.example</code>") == 10
    assert "kim@bad.example" in text_of(admin, "/intelligence/?q=KIM[@]bad")
    assert "kim@bad.example" in text_of(admin, f"/intelligence/?source={other.pk}&kind=email")
    assert "No indicator fits" in text_of(admin, "/intelligence/?kind=ip")
    with django_assert_max_num_queries(12):
        first = text_of(admin, "/intelligence/?q=host")
    older = first.split('class="pad pager mt-2"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = text_of(admin, older)
    assert first.count("evil.example</code>") == second.count("evil.example</code>") == 50
    assert not set(first.split("<code>")) & {part for part in second.split("<code>") if "host" in part}


@pytest.mark.parametrize(
    "path", ["/intelligence/?q=%00&before=x&source=y&kind=%27", "/intelligence/?near=%00%E2%80%AE"]
)
def test_it_takes_any_question(admin: Client, path: str) -> None:
    text_of(admin, path)


def test_hostile_text_is_shown_and_not_obeyed(admin: Client) -> None:
    source = add_source(SourceSettings(name="<b>list</b>\u202e"[:9], kind="csv"), now=NOW, actor=None)
    body = b'value,description\nevil.example,"<script>alert(1)</script>"\n<img src=x>,x\n'
    import_file(source, body, now=datetime.now(UTC), actor=None)
    listed = Indicator.objects.get()
    for path in ("/intelligence/", f"/intelligence/sources/{source.pk}/", f"/intelligence/indicators/{listed.pk}/"):
        page = text_of(admin, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<b>list" not in page


def test_the_checker_says_what_an_address_is_near_to(analyst: Client) -> None:
    Destination.objects.create(value="contoso.com", standing="internal")
    assert "could be taken for contoso.com" in text_of(analyst, "/intelligence/?near=kim@c0ntoso.com")
    assert "of this organisation" in text_of(analyst, "/intelligence/?near=https://www.contoso.com/a")
    assert "looks like none of ours" in text_of(analyst, "/intelligence/?near=fabrikam.example")


def test_who_may_only_read_is_offered_no_change_and_makes_none(analyst: Client) -> None:
    source = filled("evil.example")
    listed = Indicator.objects.get()
    assert "List one by hand" not in text_of(analyst, "/intelligence/")
    assert "Dismiss" not in text_of(analyst, f"/intelligence/indicators/{listed.pk}/")
    assert "Take in a file" not in text_of(analyst, f"/intelligence/sources/{source.pk}/")
    for path, data in (
        ("sources/new/", TYPED), (f"sources/{source.pk}/settings/", TYPED), (f"sources/{source.pk}/pause/", {}),
        (f"sources/{source.pk}/resume/", {}), (f"sources/{source.pk}/fetch/", {}),
        (f"sources/{source.pk}/remove/", {"name": source.name}), (f"sources/{source.pk}/upload/", {}),
        ("indicators/new/", BY_HAND), (f"indicators/{listed.pk}/dismiss/", {}),
    ):  # fmt: skip
        assert analyst.post(f"/intelligence/{path}", data).status_code == 403
    assert IndicatorSource.objects.get().enabled
    assert not Indicator.objects.get().dismissed


def test_a_source_is_changed_paused_and_removed_by_its_name(admin: Client) -> None:
    source = filled("evil.example")
    base = f"/intelligence/sources/{source.pk}"
    admin.post(f"{base}/settings/", {**TYPED, "block_from": "50", "hold_from": "50"})
    assert "blocks" in text_of(admin, "/intelligence/?q=evil")
    admin.post(f"{base}/pause/")
    assert "its source is paused" in text_of(admin, "/intelligence/?q=evil")
    assert admin.post(f"{base}/remove/", {"name": "other"}).status_code == 422
    admin.post(f"{base}/remove/", {"name": source.name})
    assert not Indicator.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_analyst_holds_the_destination_of_an_investigation_for_everybody(asking: Asking, analyst: Client) -> None:
    Destination.objects.create(value="denied.example", standing="denied")
    changed()
    housekeeper.refresh()
    asking.analyze(mail("kim@denied.example"))
    while take_in(NOW):
        pass
    found = Investigation.objects.get()
    Destination.objects.all().delete()
    changed()
    assert "Hold its destination" in text_of(analyst, f"/investigations/{found.pk}/")
    analyst.post(f"/investigations/{found.pk}/list-destination/")
    listed = Indicator.objects.get()
    assert (listed.value, listed.confidence) == ("kim@denied.example", 60)
    assert listed.expires_at is not None
    assert listed.expires_at < datetime.now(UTC) + timedelta(days=31)
    assert Activity.objects.filter(kind="indicator_added").exists()
    assert "as a threat" in text_of(analyst, f"/investigations/{found.pk}/")
    housekeeper.refresh()
    assert is_stopped(asking.analyze(mail("kim@denied.example", conversationMetadata__planStepId="s-9")))
    verdict = Verdict.objects.order_by("-id").first()
    assert verdict is not None
    assert verdict.deciding_signal == "indicator_matched_low"


@pytest.mark.django_db(transaction=True)
def test_an_analyst_overrules_no_policy_admin(admin: Client, analyst: Client, asking: Asking) -> None:
    admin.post("/intelligence/indicators/new/", {**BY_HAND, "value": "kim@denied.example"})
    housekeeper.refresh()
    asking.analyze(mail("kim@denied.example"))
    while take_in(NOW):
        pass
    found = Investigation.objects.get()
    analyst.post(f"/investigations/{found.pk}/list-destination/")
    assert Indicator.objects.get().confidence == 90
    admin.post(f"/intelligence/indicators/{Indicator.objects.get().pk}/dismiss/")
    analyst.post(f"/investigations/{found.pk}/list-destination/")
    assert Indicator.objects.get().dismissed
