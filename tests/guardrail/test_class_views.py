"""The pages of data classes, by the browser's requests, and the next call judged by what they say."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from guardrail import housekeeper
from guardrail.models import Verdict
from policies.access import Role, give_role
from policies.load import load_document, load_serial
from policies.models import (
    AuditEntry,
    ClassDictionary,
    ClassPattern,
    DataClass,
    Destination,
    DocumentFingerprints,
    PolicyDraft,
    PolicyVersion,
)
from policies.services.publication import publish_draft
from policies.services.publish import changed, ensure_baseline
from tests.callers import Asking
from tests.guardrail.bodies import call

pytestmark = pytest.mark.django_db
BODY = "Signing of DL-471108 is on Monday."


@pytest.fixture
def admin() -> Client:
    ensure_baseline()
    return _signed_in("ada", Role.POLICY_ADMIN)


@pytest.fixture
def analyst() -> Client:
    ensure_baseline()
    return _signed_in("ben", Role.ANALYST)


def _signed_in(name: str, role: Role) -> Client:
    user = User.objects.create_user(name)
    give_role(user, role, actor=None)
    client = Client()
    client.force_login(user)
    return client


def a_class(name: str = "restricted", **more: Any) -> DataClass:
    return DataClass.objects.create(name=name, position=DataClass.objects.count() + 1, **more)


def typed(found: DataClass, **changes: Any) -> dict[str, Any]:
    found.refresh_from_db()
    whole = {
        "revision": found.revision,
        "name": found.name,
        "may_leave": "yes" if found.may_leave else "no",
        "note": found.note,
        "places": "\n".join(found.places),
        "labels": "\n".join(found.labels),
        "terms": "\n".join(found.terms),
        "kinds": found.kinds,
    }
    return {**whole, **changes}


def a_pattern(found: DataClass, **changes: Any) -> dict[str, Any]:
    whole = {"name": "Deals", "pattern": r"\bDL-[0-9]{6}\b", "sample": BODY, "fewest": "1", "revision": found.revision}
    return {f"pattern-{name}": value for name, value in {**whole, **changes}.items()}


def a_dictionary(found: DataClass, **changes: Any) -> dict[str, Any]:
    whole = {"name": "Names", "phrases": "northern lantern\nblue heron", "fewest": "1", "revision": found.revision}
    return {f"dictionary-{name}": value for name, value in {**whole, **changes}.items()}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def judged(asking: Asking) -> tuple[str, str]:
    """What is done with a mail about a deal to somebody outside, and why."""
    housekeeper.refresh()
    body = call(plannerContext__userMessage="Send Kim the date.")
    body["toolDefinition"] = {"id": "x.action.send_email", "name": "send_email", "description": "Sends a mail."}
    body["inputValues"] = {"to": "kim@partner.example", "subject": "Monday", "body": BODY}
    asking.analyze(body)
    verdict = Verdict.objects.order_by("-id")[0]
    return verdict.action, verdict.reason


def actions() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="class.").order_by("id").values_list("action", flat=True))


def test_a_class_is_added_described_and_found_in_the_next_call(asking: Asking) -> None:
    admin = _signed_in("ada", Role.POLICY_ADMIN)
    Destination.objects.create(value="adatum.example", standing="internal")
    answer = admin.post("/policies/classes/new/", {"name": "restricted", "may_leave": "no"})
    found = DataClass.objects.get()
    assert answer["Location"] == f"/policies/classes/{found.pk}/"
    before = judged(asking)
    assert admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found)).status_code == 302
    after = judged(asking)

    assert (before[0], after[0]) == ("notice", "block")
    assert "the pattern “Deals” of the class restricted is found in it" in after[1]
    assert actions() == ["class.added", "class.pattern_saved"]


def test_everything_an_admin_decides_is_kept_and_told(admin: Client) -> None:
    found = a_class()
    before = load_serial()
    form = typed(
        found,
        note="What only the board knows",
        places="/Sites/Finance/*\n\nhttps://contoso.example/sites/board",
        labels="Leadership",
        terms="project larkspur",
        kinds=["card", "keys"],
    )
    assert admin.post(f"/policies/classes/{found.pk}/", form).status_code == 302

    entry = next(entry for entry in load_document()["data_classes"] if entry["name"] == "restricted")
    assert entry["places"] == ["sites/finance/*", "contoso.example/sites/board"]
    assert (entry["labels"], entry["terms"], entry["kinds"]) == (["Leadership"], ["project larkspur"], ["card", "keys"])
    assert load_serial() == before + 1
    page = text_of(admin.get("/policies/classes/"))
    for told in ("2 places", "Card numbers", "What only the board knows"):
        assert told in page
    assert "Places: 2 added, 0 removed" in text_of(admin.get(f"/policies/classes/{found.pk}/"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "public"}, "there is a class `public` already"),
        ({"name": "a`b"}, "expected 1 to 100 that people can see"),
        ({"places": "sites/finance/*\n**/*"}, "`**/*` would cover nearly every path"),
        ({"terms": "abc"}, "`abc` has 3 characters, expected 4 to 1000"),
        ({"labels": "x" * 201}, "has 201 characters, expected 1 to 200"),
        ({"kinds": ["wishes"]}, "Select a valid choice"),
        ({"revision": "0"}, "greater than or equal to 1"),
    ],
)
def test_it_says_at_the_field_what_is_wrong_and_saves_nothing(
    admin: Client, changes: dict[str, Any], message: str
) -> None:
    a_class("public", may_leave=True)
    found = a_class()
    answer = admin.post(f"/policies/classes/{found.pk}/", typed(found, note="new", **changes))

    found.refresh_from_db()
    assert answer.status_code == 422
    assert message.replace("`", "") in re.sub("</?code>", "", text_of(answer)).replace("<code>", "").replace(
        "</code>", ""
    )
    assert (found.note, found.revision, actions()) == ("", 1, [])


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(admin: Client) -> None:
    found = a_class()
    begun = typed(found, terms="project larkspur")
    admin.post(f"/policies/classes/{found.pk}/", typed(found, terms="project heron"))
    answer = admin.post(f"/policies/classes/{found.pk}/", begun)
    late = admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found, revision=1))

    found.refresh_from_db()
    assert (answer.status_code, late.status_code) == (422, 422)
    assert "somebody else changed" in text_of(answer)
    assert "somebody else changed" in text_of(late)
    assert (found.terms, ClassPattern.objects.count()) == (["project heron"], 0)


@pytest.mark.parametrize(
    "path", ["", "new/", "{}/", "{}/move/", "{}/remove/", "{}/patterns/", "{}/dictionaries/", "flows/"]
)
def test_only_a_policy_admin_changes_classes(analyst: Client, path: str) -> None:
    found = a_class()
    address = "/policies/classes/" + path.format(found.pk)
    assert analyst.get("/policies/classes/").status_code == 200
    answer = analyst.post(address, {"name": "restricted", "revision": 1})

    assert answer.status_code in (403, 405)
    assert (DataClass.objects.count(), PolicyDraft.objects.count(), actions()) == (1, 0, [])


def test_an_analyst_sees_how_many_phrases_there_are_and_not_which(admin: Client, analyst: Client) -> None:
    found = a_class()
    admin.post(f"/policies/classes/{found.pk}/dictionaries/", a_dictionary(found))
    row = ClassDictionary.objects.get()

    pages = [text_of(analyst.get(address)) for address in ("/policies/classes/", f"/policies/classes/{found.pk}/")]
    assert "2 phrases" in pages[0]
    assert "lantern" not in "".join(pages)
    assert analyst.get(f"/policies/classes/{found.pk}/dictionaries/{row.pk}/").status_code == 403
    assert "northern lantern" in text_of(admin.get(f"/policies/classes/{found.pk}/dictionaries/{row.pk}/"))
    assert "lantern" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_a_dictionary_is_taken_from_a_file_changed_and_removed(admin: Client) -> None:
    found = a_class()
    phrases = "\n".join(f"code name {number}" for number in range(10_000))
    file = SimpleUploadedFile("names.txt", phrases.encode())
    made = admin.post(f"/policies/classes/{found.pk}/dictionaries/", a_dictionary(found, phrases="", file=file))
    row = ClassDictionary.objects.get()
    assert (made.status_code, len(row.phrases)) == (302, 10_000)

    form = {"name": "Few", "phrases": "blue heron", "fewest": "2", "revision": "2"}
    assert admin.post(f"/policies/classes/{found.pk}/dictionaries/{row.pk}/", form).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.phrases, row.fewest) == ("Few", ["blue heron"], 2)
    admin.post(f"/policies/classes/{found.pk}/dictionaries/{row.pk}/remove/", {"revision": "3"})
    assert not ClassDictionary.objects.exists()
    assert actions() == ["class.dictionary_saved", "class.dictionary_saved", "class.dictionary_removed"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"phrases": "!!"}, "line 1: !! has no word of two letters or digits"),
        ({"phrases": "\n"}, "there is no phrase"),
        ({"phrases": "\n".join(f"name {n}" for n in range(10_001))}, "there are 10001 phrases, expected at most 10000"),
        ({"file": SimpleUploadedFile("x.txt", b"\xff\xfe\x00")}, "that is not UTF-8"),
        ({"file": SimpleUploadedFile("x.txt", b"ab cd\n" * 600_000)}, "the file has 3600000 bytes"),
        ({"fewest": "0"}, "greater than or equal to 1"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_it_refuses_a_dictionary_at_its_field(admin: Client, changes: dict[str, Any], message: str) -> None:
    found = a_class()
    answer = admin.post(f"/policies/classes/{found.pk}/dictionaries/", a_dictionary(found, **changes))

    assert answer.status_code == 422
    assert message in re.sub("</?code>", "", text_of(answer))
    assert not ClassDictionary.objects.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pattern": "("}, "RE2 does not take it: missing )"),
        ({"pattern": r"(a)\1"}, "RE2 does not take it: invalid escape sequence"),
        ({"pattern": "x*"}, "found in an empty text too"),
        ({"pattern": r"(?:\w{1,40}\s?a){1,8}\d"}, "instructions, expected at most 1000"),
        ({"sample": "nothing like it"}, "the pattern is not found in its sample"),
        ({"sample": ""}, "This field is required"),
        ({"pattern": "é" * 501}, "at most 500 characters"),
    ],
)
def test_it_refuses_a_hostile_pattern_at_its_field(admin: Client, changes: dict[str, Any], message: str) -> None:
    found = a_class()
    answer = admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found, **changes))

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert not ClassPattern.objects.exists()


def test_a_pattern_is_changed_and_removed(admin: Client) -> None:
    found = a_class()
    admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found))
    row = ClassPattern.objects.get()
    form = {"name": "Offers", "pattern": r"\bOF-\d{4}\b", "sample": "OF-4711", "fewest": "3", "revision": "2"}
    assert admin.post(f"/policies/classes/{found.pk}/patterns/{row.pk}/", form).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.fewest) == ("Offers", 3)
    admin.post(f"/policies/classes/{found.pk}/patterns/{row.pk}/remove/", {"revision": "3"})
    assert not ClassPattern.objects.exists()


def test_classes_are_put_in_order(admin: Client) -> None:
    low, high = a_class("public", may_leave=True), a_class("restricted")
    admin.post(f"/policies/classes/{low.pk}/move/", {"to": "up"})

    assert list(DataClass.objects.values_list("name", flat=True)) == ["restricted", "public"]
    assert AuditEntry.objects.get(action="class.ordered").detail == {"order": ["restricted", "public"]}
    admin.post(f"/policies/classes/{high.pk}/move/", {"to": "down"})
    assert list(DataClass.objects.values_list("name", flat=True)) == ["restricted", "public"]


def test_the_page_shows_the_most_protected_first(admin: Client) -> None:
    for name in ("zebra", "board", "menu"):
        a_class(name)
    page = text_of(admin.get("/policies/classes/"))

    assert page.index(">menu<") < page.index(">board<") < page.index(">zebra<")


def test_four_usual_classes_are_there_at_a_click_and_only_once(admin: Client, analyst: Client) -> None:
    assert analyst.post("/policies/classes/usual/").status_code == 403
    for _ in range(2):
        admin.post("/policies/classes/usual/")

    found = list(DataClass.objects.values_list("name", "may_leave"))
    assert found == [("public", True), ("internal", False), ("confidential", False), ("restricted", False)]


def test_a_renamed_class_is_known_to_the_policy_by_its_former_name(admin: Client) -> None:
    found = a_class()
    document = PolicyVersion.objects.get().document
    flows = {"restricted": {"unknown": "hold"}}
    PolicyVersion.objects.create(number=2, document={**document, "flows": flows})
    admin.post(f"/policies/classes/{found.pk}/", typed(found, name="board"))

    page = text_of(admin.get("/policies/classes/"))
    assert "board" in page
    assert "no such class" not in page
    assert load_document()["data_classes"][0]["former_names"] == ["restricted"]
    refused = admin.post(f"/policies/classes/{found.pk}/remove/", {"name": "board"})
    assert "is named by flows of the policy in force" in text_of(refused).replace("</code>", "`")
    # a class of that name of its own ends it
    admin.post("/policies/classes/new/", {"name": "restricted", "may_leave": "no"})
    found.refresh_from_db()
    assert found.former_names == []


def test_a_class_that_is_used_is_not_removed(admin: Client) -> None:
    found = a_class()
    DocumentFingerprints.objects.create(name="plan", data_class=found, hashes=b"")
    wrong = admin.post(f"/policies/classes/{found.pk}/remove/", {"name": "restrict"})
    used = admin.post(f"/policies/classes/{found.pk}/remove/", {"name": "restricted"})
    assert (wrong.status_code, used.status_code, DataClass.objects.count()) == (422, 422, 1)
    assert "documents with fingerprints" in text_of(used)
    DocumentFingerprints.objects.all().delete()
    assert admin.post(f"/policies/classes/{found.pk}/remove/", {"name": "restricted"}).status_code == 302
    assert not DataClass.objects.exists()


def test_a_text_is_tried_and_what_is_found_is_marked(admin: Client) -> None:
    found = a_class(places=["sites/board"], terms=["project larkspur"], kinds=["card"])
    low = a_class("open", may_leave=True)
    admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found))
    admin.post(f"/policies/classes/{low.pk}/dictionaries/", a_dictionary(low, fewest="2"))
    text = f"{BODY} Northern lantern, Project Larkspur, 4111 1111 1111 1111. <script>alert(1)</script>"
    answer = admin.post("/policies/classes/try/", {"text": text, "place": "/sites/board/plan.docx"})
    page = text_of(answer)

    assert answer.status_code == 200
    for told in ("pattern “Deals”", "1 of 2 different ones needed", "project larkspur", "a card number", "in the path"):
        assert told in page
    assert "<mark" in page
    assert "<script>alert(1)" not in page
    assert "4111 1111 1111 1111" in page
    assert actions() == ["class.pattern_saved", "class.dictionary_saved"]


def test_a_text_nothing_is_found_in_is_said_to_be_of_no_class(admin: Client) -> None:
    found = a_class()
    admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found))

    assert "No class is found" in text_of(admin.post("/policies/classes/try/", {"text": "See you on Monday."}))
    assert admin.post("/policies/classes/try/", {"text": " "}).status_code == 422
    assert admin.post("/policies/classes/try/", {"text": "x" * 100_001}).status_code == 422


def test_the_table_goes_through_a_draft_and_decides_the_next_call(asking: Asking) -> None:
    admin = _signed_in("ada", Role.POLICY_ADMIN)
    found = a_class()
    admin.post(f"/policies/classes/{found.pk}/patterns/", a_pattern(found))
    before = judged(asking)
    begun = admin.post("/policies/classes/flows/")
    draft = PolicyDraft.objects.get()
    assert begun["Location"] == f"/policies/drafts/{draft.pk}/flows/"
    table = {"revision": draft.revision, "class": ["restricted"], "flow.restricted.unknown": "hold"}
    assert admin.post(begun["Location"], table).status_code == 302
    assert "flow restricted" in " ".join(text_of(admin.get(f"/policies/drafts/{draft.pk}/")).split())
    draft.refresh_from_db()
    publish_draft(draft.pk, revision=draft.revision, reason="partners sign", actor=User.objects.get())
    after = judged(asking)

    assert (before[0], after[0]) == ("block", "hold")
    assert load_document()["flows"] == {"restricted": {"unknown": "hold"}}


def test_two_who_edit_the_table_see_each_others_changes(admin: Client) -> None:
    a_class("public", may_leave=True)
    a_class()
    address = admin.post("/policies/classes/flows/")["Location"]
    rows = {"revision": 1, "class": ["restricted", "public"]}
    admin.post(address, {**rows, "flow.restricted.unknown": "hold"})
    late = admin.post(address, {**rows, "flow.public.denied": "block"})

    assert late.status_code == 409
    assert PolicyDraft.objects.get().document["flows"] == {"restricted": {"unknown": "hold"}}


def test_it_refuses_an_action_the_table_does_not_have(admin: Client) -> None:
    a_class()
    address = admin.post("/policies/classes/flows/")["Location"]
    answer = admin.post(address, {"revision": 1, "class": ["restricted"], "flow.restricted.unknown": "shred"})

    assert answer.status_code == 422
    assert "shred" in text_of(answer)
    assert "flows" not in PolicyDraft.objects.get().document


def test_hostile_names_are_shown_as_text(admin: Client) -> None:
    found = a_class("<b>x</b>", note="<img src=x>", places=["<i>/y"], terms=["<u>abc"], labels=["<s>"])
    ClassPattern.objects.create(data_class=found, name="<em>", pattern="<a>", sample="<a>")
    changed()
    for address in ("/policies/classes/", f"/policies/classes/{found.pk}/", "/policies/classes/documents/?class=<b>"):
        page = text_of(admin.get(address))
        for piece in ("<b>x", "<img src=x", "<i>/y", "<u>abc", '<em>"'):
            assert piece not in page


# the header's state is kept for seconds, which a busy machine may need for one page
@time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize("count", [1, 12])
def test_a_page_takes_the_same_queries_for_one_class_and_for_many(
    admin: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        found = a_class(f"class {number}", places=["sites/board"])
        ClassDictionary.objects.create(data_class=found, name="d", phrases=["a phrase"] * 100)
        ClassPattern.objects.create(data_class=found, name="p", pattern="ab", sample="ab")
    admin.get("/policies/classes/")

    with django_assert_num_queries(8):
        admin.get("/policies/classes/")
    with django_assert_num_queries(9):
        admin.get(f"/policies/classes/{found.pk}/")
    with django_assert_num_queries(5):
        admin.get("/policies/classes/documents/")


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_same_class_at_once_make_one() -> None:
    ensure_baseline()
    admin = _signed_in("ada", Role.POLICY_ADMIN)
    cookie = admin.cookies[settings.SESSION_COOKIE_NAME].value
    begin = Barrier(4)

    def add(_: int) -> int:
        mine = Client()
        mine.cookies[settings.SESSION_COOKIE_NAME] = cookie
        begin.wait(timeout=30)
        try:
            return mine.post("/policies/classes/new/", {"name": "restricted", "may_leave": "no"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(add, range(4)))

    assert answers == [302, 422, 422, 422]
    assert DataClass.objects.get().position == 1


@pytest.mark.django_db(transaction=True)
def test_classes_that_are_moved_at_once_all_get_where_they_were_moved() -> None:
    ensure_baseline()
    admin = _signed_in("ada", Role.POLICY_ADMIN)
    cookie = admin.cookies[settings.SESSION_COOKIE_NAME].value
    for name in ("public", "internal", "confidential", "restricted"):
        admin.post("/policies/classes/new/", {"name": name, "may_leave": "no"})
    lowest = DataClass.objects.get(name="public")
    begin = Barrier(3)

    def move(_: int) -> int:
        mine = Client()
        mine.cookies[settings.SESSION_COOKIE_NAME] = cookie
        begin.wait(timeout=30)
        try:
            return mine.post(f"/policies/classes/{lowest.pk}/move/", {"to": "up"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(move, range(3))) == [302, 302, 302]

    order = list(DataClass.objects.values_list("name", flat=True))
    assert order == ["internal", "confidential", "restricted", "public"]
    # at the top there is nowhere to go
    admin.post(f"/policies/classes/{lowest.pk}/move/", {"to": "up"})
    assert list(DataClass.objects.values_list("name", flat=True)) == order
