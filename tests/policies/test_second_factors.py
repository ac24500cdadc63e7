"""Authenticators and recovery codes, by people and by those who know only the password."""

import html
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client

from policies.access import Role, give_role
from policies.models import AuditEntry, Authenticator, PersonSession, RecoveryCode
from policies.people.attempts import PER_ACCOUNT
from policies.people.totp import code_at, new_secret, step_at
from policies.services.second_factors import add_authenticator, remove_second_factor, require_second_factor

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough password"

pytestmark = pytest.mark.django_db


class Holder:
    """A person with a password and an app, added two minutes before noon."""

    def __init__(self, name: str = "ada") -> None:
        self.person = User.objects.create_user(name, password=PASSWORD)
        self.secret = new_secret()
        before = NOON - timedelta(minutes=2)
        self.codes = add_authenticator(self.person, self.secret, self.code(before), now=before, session=None)

    def code(self, at: datetime = NOON) -> str:
        return code_at(self.secret, step_at(at))

    def give_password(self, client: Client) -> Any:
        return client.post("/login/", {"username": self.person.username, "password": PASSWORD, "next": "/verdicts/"})


@pytest.fixture
def ada() -> Holder:
    return Holder()


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as travelled:
        yield travelled


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def shown_secret(page: str) -> str:
    found = re.search(r'<code class="text-break">([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].replace(" ", "")


def shown_codes(page: str) -> list[str]:
    return re.findall(r"[a-z2-9]{4}(?:-[a-z2-9]{4}){5}", html.unescape(page))


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_it_makes_the_codes_of_rfc_6238(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert code_at(secret, step_at(datetime.fromtimestamp(seconds, UTC))) == code


def test_the_password_alone_signs_nobody_in(client: Client, ada: Holder) -> None:
    assert ada.give_password(client)["Location"] == "/login/code/"
    assert not is_in(client)
    assert client.get("/").status_code == 302
    answer = client.post("/login/code/", {"code": ada.code()})
    assert (answer.status_code, answer["Location"]) == (302, "/verdicts/")
    assert is_in(client)
    assert AuditEntry.objects.get(action="person.signed_in").detail["way"] == "password, authenticator"


def test_the_page_of_the_code_is_nobodys_without_a_password(client: Client, ada: Holder) -> None:
    for path in ("/login/code/", "/login/authenticator/"):
        assert client.get(path)["Location"] == "/login/"
        assert client.post(path, {"code": ada.code()})["Location"] == "/login/"
    # and the other step cannot be picked instead
    ada.give_password(client)
    assert client.get("/login/authenticator/")["Location"] == "/login/"
    assert client.post("/login/authenticator/", {"code": ada.code()})["Location"] == "/login/"


def test_a_code_is_taken_once_only(client: Client, ada: Holder) -> None:
    for number in (0, 1):
        one = Client()
        ada.give_password(one)
        answer = one.post("/login/code/", {"code": ada.code()})
        assert (answer.status_code, is_in(one)) == ((302, True) if number == 0 else (422, False))


def test_a_code_older_than_one_that_was_taken_is_not(client: Client, ada: Holder) -> None:
    ada.give_password(client)
    assert client.post("/login/code/", {"code": ada.code(NOON)}).status_code == 302
    thief = Client()
    ada.give_password(thief)
    assert thief.post("/login/code/", {"code": ada.code(NOON - timedelta(seconds=30))}).status_code == 422


@pytest.mark.parametrize(("seconds", "status"), [(-60, 422), (-30, 302), (0, 302), (30, 302), (60, 422)])
def test_clocks_may_differ_by_half_a_minute(client: Client, ada: Holder, seconds: int, status: int) -> None:
    ada.give_password(client)
    code = ada.code(NOON + timedelta(seconds=seconds))
    assert client.post("/login/code/", {"code": f" {code[:3]} {code[3:]} "}).status_code == status


@pytest.mark.django_db(transaction=True)
def test_two_processes_shown_the_same_code_take_it_once() -> None:
    ada, answers = Holder(), []
    clients = [Client(), Client(), Client()]
    for one in clients:
        ada.give_password(one)

    def show(one: Client) -> None:
        answers.append(one.post("/login/code/", {"code": ada.code()}).status_code)
        connection.close()

    threads = [threading.Thread(target=show, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 422, 422]


def test_a_recovery_code_does_as_well_once(client: Client, ada: Holder) -> None:
    ada.give_password(client)
    said = ada.codes[3].upper().replace("-", " ")
    assert client.post("/login/code/", {"code": said}).status_code == 302
    assert "9 recovery codes left" in client.get("/account/").content.decode()
    again = Client()
    ada.give_password(again)
    assert again.post("/login/code/", {"code": ada.codes[3]}).status_code == 422
    assert AuditEntry.objects.get(action="second_factor.recovery_code_used").detail == {"person": "ada", "left": 9}


def test_codes_of_somebody_else_are_worth_nothing(client: Client, ada: Holder) -> None:
    ben = Holder("ben")
    ada.give_password(client)
    for code in (ben.code(), ben.codes[0], "", "0" * 6, "x" * 100, "١٢٣٤٥٦"):
        assert client.post("/login/code/", {"code": code}).status_code == 422


def test_whoever_knows_the_password_cannot_guess_the_code(client: Client, ada: Holder) -> None:
    ada.give_password(client)
    wrong = "000000" if ada.code() != "000000" else "111111"
    for _ in range(PER_ACCOUNT):
        assert client.post("/login/code/", {"code": wrong}).status_code == 422
    # from another place and with the password again, too
    other = Client(REMOTE_ADDR="203.0.113.9")
    ada.give_password(other)
    answer = other.post("/login/code/", {"code": ada.code()})
    assert "Too many attempts" in answer.content.decode()
    assert not is_in(other)
    assert actions().count("sign_in.failed") == PER_ACCOUNT
    assert AuditEntry.objects.get(action="sign_in.locked").detail["person"] == "ada"


def test_between_the_two_steps_there_are_ten_minutes(client: Client, ada: Holder, clock: Any) -> None:
    ada.give_password(client)
    clock.shift(timedelta(minutes=10, seconds=1))
    assert client.post("/login/code/", {"code": ada.code(NOON + timedelta(minutes=10))})["Location"] == "/login/"


def test_another_password_or_a_disabled_account_ends_a_half_of_a_sign_in(client: Client, ada: Holder) -> None:
    ada.give_password(client)
    User.objects.filter(pk=ada.person.pk).update(is_active=False)
    assert client.post("/login/code/", {"code": ada.code()})["Location"] == "/login/"
    User.objects.filter(pk=ada.person.pk).update(is_active=True)
    ada.person.set_password("quite another password")
    ada.person.save()
    assert client.post("/login/code/", {"code": ada.code()})["Location"] == "/login/"


def test_the_session_is_a_new_one_after_each_step(client: Client, ada: Holder) -> None:
    keys = [client.cookies["sessionid"].value] if "sessionid" in client.cookies else []
    ada.give_password(client)
    keys.append(client.cookies["sessionid"].value)
    client.post("/login/code/", {"code": ada.code()})
    keys.append(client.cookies["sessionid"].value)
    assert len(set(keys)) == len(keys)
    early = Client()
    early.cookies["sessionid"] = keys[-2]
    assert not is_in(early)


def test_a_role_that_needs_one_adds_it_at_the_next_sign_in(client: Client) -> None:
    person = User.objects.create_user("ada", password=PASSWORD)
    give_role(person, Role.ANALYST, actor=None)
    require_second_factor(["analyst"], actor=None)
    answer = client.post("/login/", {"username": "ada", "password": PASSWORD, "next": "/verdicts/"})
    assert answer["Location"] == "/login/authenticator/"
    page = client.get("/login/authenticator/").content.decode()
    assert '<svg class="qr"' in page
    secret = shown_secret(page)
    assert secret not in PersonSession.objects.get().session_data
    assert client.post("/login/authenticator/", {"code": "nonsense"}).status_code == 422
    assert not is_in(client)
    page = client.post("/login/authenticator/", {"code": code_at(secret, step_at(NOON))}).content.decode()
    assert len(shown_codes(page)) == 10
    assert 'href="/verdicts/"' in page
    assert is_in(client)
    assert secret not in Authenticator.objects.get().sealed_secret
    assert not set(shown_codes(page)) & set(RecoveryCode.objects.values_list("digest", flat=True))
    # the code that showed the app is used up
    again = Client()
    again.post("/login/", {"username": "ada", "password": PASSWORD})
    assert again.post("/login/code/", {"code": code_at(secret, step_at(NOON))}).status_code == 422


def test_roles_that_need_none_are_not_asked(client: Client) -> None:
    person = User.objects.create_user("ada", password=PASSWORD)
    give_role(person, Role.VIEWER, actor=None)
    require_second_factor(["analyst", "superuser", "no such role"], actor=None)
    assert client.post("/login/", {"username": "ada", "password": PASSWORD})["Location"] == "/"
    assert is_in(client)


def test_superusers_are_asked_where_that_is_wanted(client: Client) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    require_second_factor(["superuser"], actor=None)
    answer = client.post("/login/", {"username": "root", "password": PASSWORD})
    assert answer["Location"] == "/login/authenticator/"


def test_one_adds_an_authenticator_with_the_password_and_other_sessions_end(client: Client) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    phone = Client()
    for one in (client, phone):
        one.post("/login/", {"username": "ada", "password": PASSWORD})
    assert client.post("/account/authenticator/", {"current": "a guess"}).status_code == 302
    assert client.post("/account/authenticator/add/", {"code": "123456"}).status_code == 302
    assert not Authenticator.objects.exists()
    secret = shown_secret(client.post("/account/authenticator/", {"current": PASSWORD}).content.decode())
    page = client.post("/account/authenticator/add/", {"code": code_at(secret, step_at(NOON))}).content.decode()
    assert len(shown_codes(page)) == 10
    assert is_in(client)
    assert not is_in(phone)
    assert actions()[-2:] == ["second_factor.added", "person.sessions_ended"]


def test_a_stolen_session_neither_removes_nor_replaces_it(client: Client, ada: Holder) -> None:
    client.force_login(ada.person)
    client.post("/account/authenticator/remove/", {"code": "123456"})
    client.post("/account/authenticator/codes/", {"code": ""})
    client.post("/account/authenticator/", {"current": PASSWORD})
    client.post("/account/authenticator/add/", {"code": "123456"})
    assert Authenticator.objects.count() == 1
    assert RecoveryCode.objects.filter(used_at=None).count() == 10
    ada.give_password(other := Client())
    assert other.post("/login/code/", {"code": ada.codes[0]}).status_code == 302


def test_one_makes_new_recovery_codes_with_a_code_and_the_old_ones_end(client: Client, ada: Holder) -> None:
    client.force_login(ada.person)
    page = client.post("/account/authenticator/codes/", {"code": ada.code()}).content.decode()
    fresh = shown_codes(page)
    assert len(fresh) == 10
    for code, status in ((ada.codes[0], 422), (fresh[0], 302)):
        ada.give_password(one := Client())
        assert one.post("/login/code/", {"code": code}).status_code == status


def test_one_removes_it_with_a_code_and_signs_in_without_then(client: Client, ada: Holder) -> None:
    phone = Client()
    for one in (client, phone):
        one.force_login(ada.person)
    assert client.post("/account/authenticator/remove/", {"code": ada.code()}).status_code == 302
    assert is_in(client)
    assert not is_in(phone)
    assert ada.give_password(Client())["Location"] == "/verdicts/"
    assert not RecoveryCode.objects.exists()


def test_nobody_removes_somebody_elses_without_the_right(ada: Holder) -> None:
    ben = User.objects.create_user("ben")
    give_role(ben, Role.LEAD, actor=None)
    with pytest.raises(PermissionDenied):
        remove_second_factor(ada.person, actor=ben)
    with pytest.raises(PermissionDenied):
        require_second_factor([], actor=ben)
    assert Authenticator.objects.exists()


def test_neither_secrets_nor_codes_stand_in_the_audit_trail(client: Client, ada: Holder) -> None:
    ada.give_password(client)
    client.post("/login/code/", {"code": ada.codes[0]})
    told = str(list(AuditEntry.objects.values_list("detail", flat=True)))
    assert ada.secret not in told
    assert not [code for code in ada.codes if code in told]
