"""The pages of deliveries, by the browser's requests."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from structlog.testing import capture_logs

from investigations.models import Delivery, Receiver
from investigations.receiver_secrets import unseal_secret
from investigations.siem.sinks.sentinel import COLUMNS
from investigations.tasks import prune_deliveries
from policies.access import Role, give_role
from policies.models import AuditEntry
from tests.certificates import authority
from tests.engines import OtherEngine
from tests.receivers import SECRETS, Splunk, a_receiver

pytestmark = pytest.mark.django_db
TYPED: dict[str, Any] = {
    "name": "Quay SIEM",
    "address": "https://splunk.quay.example:8088",
    "secret": SECRETS["splunk"],
    "index": "agents",
    "sourcetype": "",
    "host": "",
    "calls": "stopped",
    "severity_from": "2",
    "kinds": ["investigation_opened", "policy_published"],
    "content": "redacted",
    "per_minute": "0",
    "authority": "",
}


@pytest.fixture
def admin() -> Client:
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    return _signed_in("ben", Role.ANALYST)


@pytest.fixture
def siem() -> Iterator[OtherEngine]:
    with OtherEngine(behave=Splunk()).serving() as serving:
        yield serving


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create_user(name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    content: bytes = answer.content
    return content.decode().replace("&#x27;", "'")


def a_dead_letter(receiver: Receiver, error: str = "it does not take this event") -> Delivery:
    return Delivery.objects.create(
        receiver=receiver,
        event_id="01a1f84a-95c0-7f9a-aab4-430ae6f66703",
        kind="call",
        state=Delivery.State.DEAD,
        error=error,
        settled_at="2026-11-20T09:30:00Z",
        expires_at="2026-11-20T09:30:00Z",
    )


def test_a_receiver_is_added_by_the_form_of_its_protocol(admin: Client) -> None:
    assert "HEC token" in text_of(admin.get("/deliveries/new/splunk/"))
    answer = admin.post("/deliveries/new/splunk/", TYPED)
    row = Receiver.objects.get()
    assert answer["Location"] == f"/deliveries/{row.pk}/"
    assert (row.kind, row.settings["index"], row.severity_from) == ("splunk", "agents", 2)
    assert row.kinds == ["investigation_opened", "policy_published"]
    assert "Quay SIEM" in text_of(admin.get("/deliveries/"))
    assert AuditEntry.objects.get(action="receiver.added").detail["address"] == TYPED["address"]


def test_its_secret_is_on_no_page_in_no_entry_and_in_no_column(admin: Client) -> None:
    admin.post("/deliveries/new/splunk/", TYPED)
    row = Receiver.objects.get()
    admin.post(f"/deliveries/{row.pk}/settings/", {**TYPED, "name": "Another"})
    refused = admin.post(f"/deliveries/{row.pk}/settings/", {**TYPED, "name": "`"})
    assert refused.status_code == 422
    pages = [text_of(admin.get(url)) for url in ("/deliveries/", f"/deliveries/{row.pk}/")]
    kept = [str(list(table.objects.values())) for table in (Receiver, AuditEntry)]
    for text in (*pages, text_of(refused), *kept):
        assert SECRETS["splunk"] not in text


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("splunk", {"address": "http://splunk.quay.example"}, "is reached over plain http, expected https"),
        ("splunk", {"address": "https://me:pw@splunk.example"}, "comes with a name, a password or a fragment"),
        ("splunk", {"address": "https://169.254.169.254/x"}, "is a link-local address"),
        ("splunk", {"address": "https://10.0.0.9:8088"}, "is this machine or a private network"),
        ("splunk", {"address": "https://splunk:8088"}, "is this machine or a private network"),
        ("splunk", {"secret": ""}, "it is empty, expected what the receiver gave out"),
        ("splunk", {"secret": "two words"}, "expected plain ASCII without spaces"),
        ("splunk", {"index": "two words"}, "has spaces, expected a name"),
        ("splunk", {"authority": "no certificate"}, "it holds no certificate"),
        ("splunk", {"kinds": ["call"]}, "is not one of the available choices"),
        ("splunk", {"per_minute": "-1"}, "greater than or equal to 0"),
        ("splunk", {"name": "taken"}, "is taken, expected a name of its own"),
        ("elastic", {"index": "Logs Guardrail"}, "is no name of a data stream"),
        ("webhook", {"secret": "whsec_short"}, "the signing secret is no"),
        ("syslog", {"address": "tls://siem.example", "secret": "two words"}, "it is no certificate with its key"),
        ("syslog", {"address": "tls://siem.example", "secret": "", "format": "xml"}, "not one of the available"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    admin: Client, kind: str, changes: dict[str, Any], said: str
) -> None:
    a_receiver("splunk", "https://splunk.other.example", name="taken")
    answer = admin.post(f"/deliveries/new/{kind}/", {**TYPED, **changes})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert Receiver.objects.count() == 1


def test_a_key_of_a_client_is_kept_sealed_and_on_no_page(admin: Client) -> None:
    certificate, key = authority().issue("guardrail.example")
    typed = {**TYPED, "address": "tls://siem.example:6514", "format": "cef", "secret": certificate + key}
    refused = admin.post("/deliveries/new/syslog/", {**typed, "name": "`"})
    assert refused.status_code == 422
    assert admin.post("/deliveries/new/syslog/", typed).status_code == 302
    row = Receiver.objects.get()
    kept = (text_of(refused), text_of(admin.get(f"/deliveries/{row.pk}/")), str(list(AuditEntry.objects.values())))
    assert all(key.splitlines()[1] not in text for text in (*kept, row.sealed_secret))
    assert unseal_secret(row) == (certificate + key).strip()


def test_a_key_with_a_chain_of_certificates_has_room(admin: Client) -> None:
    signing = authority()
    certificate, key = signing.issue("guardrail.example")
    whole = certificate + key + signing.pem * 10
    typed = {**TYPED, "address": "tls://siem.example:6514", "secret": whole}
    assert 4_000 < len(whole) < 8_000
    assert admin.post("/deliveries/new/syslog/", typed).status_code == 302
    assert "at most 4000" not in text_of(admin.post("/deliveries/new/splunk/", {**TYPED, "secret": "x" * 3_999}))
    assert "expected plain ASCII" in text_of(admin.post("/deliveries/new/splunk/", {**TYPED, "secret": "x" * 4_001}))


def test_a_key_with_a_password_is_no_key_here(admin: Client) -> None:
    shown = "".join(authority().issue("guardrail.example", password=b"not for us"))
    answer = admin.post("/deliveries/new/syslog/", {**TYPED, "address": "tls://siem.example", "secret": shown})
    assert "the key without a password" in text_of(answer)


def test_a_new_address_wants_the_secret_again(admin: Client) -> None:
    admin.post("/deliveries/new/splunk/", TYPED)
    row = Receiver.objects.get()
    moved = {**TYPED, "address": "https://elsewhere.example", "secret": ""}
    assert "expected the secret of the new one" in text_of(admin.post(f"/deliveries/{row.pk}/settings/", moved))
    assert admin.post(f"/deliveries/{row.pk}/settings/", {**TYPED, "secret": "", "calls": "all"}).status_code == 302
    row.refresh_from_db()
    assert (row.address, row.calls) == (TYPED["address"], "all")


def test_an_analyst_reads_and_changes_nothing(analyst: Client, siem: OtherEngine) -> None:
    row = a_receiver("splunk", siem.url)
    letter = a_dead_letter(row)
    page = text_of(analyst.get(f"/deliveries/{row.pk}/"))
    assert "Save" not in page
    assert "Dead letters" in page
    assert analyst.get("/deliveries/new/splunk/").status_code == 403
    for action in ("settings", "test", "pause", "resume", "replay", "remove"):
        answer = analyst.post(f"/deliveries/{row.pk}/{action}/", {**TYPED, "letter": letter.pk, "which": "all"})
        assert answer.status_code == 403, action
    assert siem.requests == []
    assert Receiver.objects.values_list("paused", "name").get() == (False, "The splunk")


def test_the_test_button_says_what_came(admin: Client, siem: OtherEngine) -> None:
    row = a_receiver("splunk", siem.url)
    assert "took the test" in text_of(admin.post(f"/deliveries/{row.pk}/test/", follow=True))
    siem.behave = lambda connection, engine: False
    said = text_of(admin.post(f"/deliveries/{row.pk}/test/", follow=True))
    assert "The test was not taken: it broke off before its answer ended" in said


def test_dead_letters_are_sent_again_picked_or_all(admin: Client, siem: OtherEngine) -> None:
    row = a_receiver("splunk", siem.url)
    letter = a_dead_letter(row, error="<script>alert(1)</script>")
    page = text_of(admin.get(f"/deliveries/{row.pk}/"))
    assert "<script>alert" not in page
    none = text_of(admin.post(f"/deliveries/{row.pk}/replay/", {"which": "picked"}, follow=True))
    assert "None was picked" in none
    admin.post(f"/deliveries/{row.pk}/replay/", {"which": "picked", "letter": [letter.pk, "x"]})
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (Delivery.State.QUEUED, 0)
    assert AuditEntry.objects.filter(action="receiver.replayed").count() == 1


def test_a_receiver_is_removed_by_its_name_typed(admin: Client, siem: OtherEngine) -> None:
    row = a_receiver("splunk", siem.url)
    a_dead_letter(row)
    assert admin.post(f"/deliveries/{row.pk}/remove/", {"typed": "another"}).status_code == 422
    assert admin.post(f"/deliveries/{row.pk}/remove/", {"typed": "The splunk"}).status_code == 302
    assert not Receiver.objects.exists()
    assert not Delivery.objects.exists()


def test_the_list_costs_the_same_however_many_there_are(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        a_dead_letter(a_receiver("splunk", "https://splunk.quay.example", name=f"one {number}"))
    admin.get("/deliveries/")
    with django_assert_max_num_queries(9):
        admin.get("/deliveries/")


def test_what_a_receiver_needs_is_offered_as_a_file(analyst: Client) -> None:
    index = analyst.get("/deliveries/new/elastic/logs-guardrail.json/")
    assert index["Content-Disposition"] == 'attachment; filename="logs-guardrail.json"'
    assert index.json()["template"]["mappings"]["properties"]["@timestamp"] == {"type": "date"}
    table, rule = analyst.get("/deliveries/new/sentinel/guardrail-sentinel.json/").json()["resources"]
    names = [column["name"] for column in table["properties"]["schema"]["columns"]]
    assert names == [name for name, _ in COLUMNS]
    assert [one["name"] for one in rule["properties"]["streamDeclarations"]["Custom-Guardrail_CL"]["columns"]] == names
    for kind, name in (("elastic", "guardrail-sentinel.json"), ("splunk", "x"), ("nobody", "logs-guardrail.json")):
        assert analyst.get(f"/deliveries/new/{kind}/{name}/").status_code == 404


def test_the_file_is_offered_where_the_receiver_is_added(admin: Client) -> None:
    assert "/deliveries/new/elastic/logs-guardrail.json/" in text_of(admin.get("/deliveries/new/elastic/"))


def waiting_since(receiver: Receiver, minutes: int, count: int = 1) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO investigations_delivery (receiver_id, event_id, kind, created_at, next_at, expires_at) SELECT"
            " %s, gen_random_uuid(), 'call', at, at, now() + interval '1 day'"
            " FROM generate_series(1, %s), (SELECT now() - %s * interval '1 minute' AS at) AS since",
            [receiver.pk, count, minutes],
        )


@pytest.mark.parametrize(("minutes", "paused", "told"), [(6, False, True), (4, False, False), (600, True, False)])
def test_every_page_says_that_a_receiver_is_behind(analyst: Client, minutes: int, paused: bool, told: bool) -> None:
    receiver = a_receiver("splunk", "https://splunk.quay.example", name="Quay SIEM")
    Receiver.objects.filter(pk=receiver.pk).update(paused=paused)
    waiting_since(receiver, minutes)
    cache.clear()
    page = text_of(analyst.get("/agents/"))
    assert ("1 behind" in page, "Not told for more than 5 minutes: Quay SIEM" in page) == (told, told)
    with capture_logs() as logged:
        prune_deliveries()
    late = [line for line in logged if line["event"] == "delivery.late"]
    assert [(line["receiver"], line["waiting"], line["seconds"] // 60) for line in late] == (
        [(receiver.pk, 1, minutes)] if told else []
    )


def test_an_event_that_is_tried_again_and_again_is_behind_though_others_are_not(analyst: Client) -> None:
    receiver = a_receiver("webhook", "https://hook.quay.example")
    waiting_since(receiver, 30)
    Delivery.objects.update(next_at=timezone.now() + timedelta(hours=2), attempts=9)
    waiting_since(receiver, 0, count=50)
    cache.clear()
    assert "1 behind" in text_of(analyst.get("/agents/"))


def test_what_waits_is_not_counted_on_and_on(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    waiting_since(a_receiver("splunk", "https://splunk.quay.example"), 1, count=10_500)
    admin.get("/deliveries/")
    with django_assert_max_num_queries(9):
        assert "10,000+" in text_of(admin.get("/deliveries/"))


def test_an_empty_page_says_what_to_do(admin: Client, analyst: Client) -> None:
    assert "nothing leaves this machine" in text_of(admin.get("/deliveries/"))
    assert "A policy admin can add one" in text_of(analyst.get("/deliveries/"))
