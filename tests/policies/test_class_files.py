"""The page of classified files, by the browser's requests, and the next call judged by what it says."""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from guardrail import housekeeper
from policies.access import Role, give_role
from policies.file_list import read_files
from policies.load import load_serial
from policies.models import AuditEntry, ClassifiedFile, DataClass
from policies.services.class_files import FileRefused, OtherClass, take_files
from policies.services.publish import changed, ensure_baseline
from tests.callers import Asking
from tests.restricting import decided, planned

pytestmark = pytest.mark.django_db
PAGE = "/policies/classes/files/"
TICKED = f"{PAGE}ticked/"


@pytest.fixture
def admin(client: Client) -> Client:
    return signed_in(client, Role.POLICY_ADMIN)


@pytest.fixture(autouse=True)
def classes() -> tuple[DataClass, DataClass]:
    secret = DataClass.objects.create(name="Secret", position=2)
    return secret, DataClass.objects.create(name="open", position=1, may_leave=True)


def signed_in(client: Client, role: Role) -> Client:
    user = User.objects.create_user(role.value)
    give_role(user, role, actor=None)
    client.force_login(user)
    return client


def add(client: Client, text: str = "", **more: Any) -> Any:
    return client.post(PAGE, {"text": text, "data_class": "Secret", **more})


def listed() -> dict[str, str]:
    return {str(file): file.data_class.name if file.data_class else "" for file in ClassifiedFile.objects.all()}


def told() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="files.").order_by("pk").values_list("action", flat=True))


def mailed() -> dict[str, Any]:
    arguments = {"to": "kim@contoso.example", "body": "The rates.", "attachments": ["/sites/Treasury/rates.xlsx"]}
    return planned(user_message="Send kim@contoso.example the rates.", arguments=arguments)


def test_a_file_that_is_added_stays_inside_and_one_of_an_open_class_leaves(
    asking: Asking, admin: Client, classes: tuple[DataClass, DataClass]
) -> None:
    changed()
    housekeeper.refresh()
    assert decided(asking, mailed()) == "allow"
    assert add(admin, "/sites/Treasury/rates.xlsx").status_code == 302
    housekeeper.refresh()
    assert decided(asking, mailed()) == "block"
    file = ClassifiedFile.objects.get()
    admin.post(TICKED, {"file": [file.pk], "do": "class", "data_class": classes[1].pk})
    housekeeper.refresh()
    assert decided(asking, mailed() | {"conversation_id": "c-2"}) == "allow"
    admin.post(TICKED, {"file": [file.pk], "do": "remove"})
    assert not listed()
    assert told() == ["files.classified", "files.reclassified", "files.removed"]


def test_a_list_gives_names_ids_classes_and_owners(admin: Client) -> None:
    text = "name,class,id,owner\n/sites/Board/,,,\nmenu.pdf,OPEN,,kitchen@contoso.example\n,secret,f-77,\n"
    assert add(admin, file=SimpleUploadedFile("files.csv", text.encode("utf-8-sig"))).status_code == 302
    assert listed() == {"/sites/Board/": "Secret", "menu.pdf": "open", "f-77": "Secret"}
    assert ClassifiedFile.objects.get(name="menu.pdf").owner == "kitchen@contoso.example"
    # without a header a comma is a comma
    assert add(admin, "Plan, final.docx\nmenu.pdf", change="on").status_code == 302
    assert listed()["Plan, final.docx"] == "Secret"
    # a list without owners takes none away
    assert ClassifiedFile.objects.get(name="menu.pdf").owner == "kitchen@contoso.example"


def test_a_file_of_another_class_is_said_before_it_is_changed(admin: Client) -> None:
    add(admin, "menu.pdf", data_class="open")
    page = add(admin, "plan.docx\nmenu.pdf")
    assert page.status_code == 422
    assert "one file has another class already, the first <code>menu.pdf</code>: <code>open</code> there" in page.text
    assert listed() == {"menu.pdf": "open"}
    assert add(admin, "plan.docx\nmenu.pdf", change="on").status_code == 302
    assert listed() == {"menu.pdf": "Secret", "plan.docx": "Secret"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n ", "there is nothing in it"),
        ("good.docx\na\u202eb.docx", "Line 2: the name has 8 characters, expected at most 1,000, all visible"),
        ("x/", "would be found in nearly every text"),
        ("name,class\nplan.docx,board", "Line 2: there is no class `board`, expected one of Secret, open"),
        ("name,class\nplan.docx,open\nplan.docx,Secret", "Line 3: `plan.docx` is `Secret` here and `open` in line 2"),
        ("name,class\nplan.docx,open,a,b", "it has 4 columns"),
        ('name,class\n"plan.docx,open', "it is no CSV"),
        ("name,id\n,", "there is nothing in it"),
        ("n" * 1001, "the name has 1,001 characters"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_half_saved(admin: Client, text: str, said: str) -> None:
    page = add(admin, text)
    assert page.status_code == 422
    assert said in page.text
    assert not listed()
    assert not told()


@pytest.mark.parametrize(
    ("content", "said"), [(b"a" * 5_000_001, "at most 5,000,000"), (b"\xff\xfe\x00", "no text in UTF-8")]
)
def test_a_file_that_is_none_is_said_at_its_field(admin: Client, content: bytes, said: str) -> None:
    page = add(admin, file=SimpleUploadedFile("files.csv", content))
    assert page.status_code == 422
    assert said in page.text


def test_what_a_spreadsheet_keeps_from_running_is_a_name() -> None:
    read = read_files("name\n'=plan.docx\n'-draft.docx", classes={}, otherwise="Secret")
    assert [line.name for line in read.lines] == ["=plan.docx", "-draft.docx"]


def test_a_class_that_is_gone_by_then_is_said(classes: tuple[DataClass, DataClass]) -> None:
    lines = read_files("plan.docx", classes={}, otherwise="Secret").lines
    classes[0].delete()
    with pytest.raises(FileRefused, match="no class `Secret` any more"):
        take_files(lines, other_class=OtherClass.REFUSE, actor=None)


def test_the_list_is_searched_and_paged_by_key(admin: Client) -> None:
    secret = DataClass.objects.get(name="Secret")
    ClassifiedFile.objects.bulk_create(
        ClassifiedFile(name=f"plan-{number:03}.docx", data_class=secret) for number in range(60)
    )
    ClassifiedFile.objects.create(name="owned.docx", owner="Kim")
    first = admin.get(PAGE, {"q": "PLAN", "class": "Secret"})
    assert "plan-000.docx" in first.text
    assert "plan-055.docx" not in first.text
    older = first.text.split("class=Secret&amp;after=")[1].split('"')[0]
    second = admin.get(PAGE, {"q": "PLAN", "class": "Secret", "after": older})
    assert "plan-055.docx" in second.text
    assert "plan-000.docx" not in second.text
    owned = admin.get(PAGE, {"class": "-"})
    assert "owned.docx" in owned.text
    assert "plan-001.docx" not in owned.text
    assert "No file fits" in admin.get(PAGE, {"q": "nowhere\x00", "after": "x"}).text


def test_who_may_only_read_is_offered_no_change_and_makes_none(client: Client) -> None:
    analyst = signed_in(client, Role.ANALYST)
    file = ClassifiedFile.objects.create(name="<script>alert(1)</script>", owner="\u202e<b>x")
    page = analyst.get(PAGE)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "Give them this class" not in page.text
    assert add(analyst, "plan.docx").status_code == 403
    assert analyst.post(TICKED, {"file": [file.pk], "do": "remove"}).status_code == 403
    assert ClassifiedFile.objects.count() == 1


@pytest.mark.parametrize("posted", [{}, {"do": "remove"}, {"do": "class", "file": ["x", "9" * 30]}, {"do": "burn"}])
def test_a_form_that_says_nothing_changes_nothing(admin: Client, posted: dict[str, Any]) -> None:
    ensure_baseline()
    serial = load_serial()
    assert admin.post(TICKED, posted, follow=True).status_code == 200
    assert load_serial() == serial


# the header's state is kept for seconds, which a busy machine may need for one page
@time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=UTC), tick=False)
def test_it_takes_the_same_queries_for_one_file_and_for_many(
    admin: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def count() -> None:
        admin.get(PAGE)
        with django_assert_num_queries(6):
            admin.get(PAGE)

    secret = DataClass.objects.get(name="Secret")
    ClassifiedFile.objects.create(name="plan.docx", data_class=secret)
    count()
    ClassifiedFile.objects.bulk_create(ClassifiedFile(name=f"p{n}.docx", data_class=secret) for n in range(100))
    count()
