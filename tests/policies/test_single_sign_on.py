"""Single sign-on against a real OpenID provider, and against one that lies."""

import hashlib
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from guardrail.settings import ROLES
from policies.access import Role, give_role, load_roles
from policies.models import AuditEntry, Environment, PersonScope, PersonSession
from policies.services.identities import Claims, take_in
from policies.services.people import PeopleError, set_environments
from policies.services.second_factors import require_second_factor
from tests.openid import CLIENT, SECRET, House, OddHouse, begin, real_house

PASSWORD = "a long enough password"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with real_house() as house:
        yield house


@pytest.fixture(scope="module")
def odd_running() -> Iterator[OddHouse]:
    with OddHouse().serving() as house:
        yield house


def trust(settings: Settings, url: str) -> None:
    cache.clear()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = url, CLIENT, SECRET
    settings.OIDC_NAME = "Contoso"
    settings.OIDC_ROLES = {"analysts": "analyst", "soc-leads": "lead", "admins": "policy_admin"}


@pytest.fixture
def house(running: House, settings: Settings) -> House:
    trust(settings, running.url)
    return running


@pytest.fixture
def odd(odd_running: OddHouse, settings: Settings) -> OddHouse:
    trust(settings, odd_running.url)
    odd_running.published, odd_running.moved, odd_running.token = {}, False, odd_running.good
    odd_running.asked.clear()
    return odd_running


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def come(house: House, subject: str, client: Client | None = None) -> Client:
    """Sign in as somebody of the real house, who may be refused."""
    client = client or Client()
    client.get(house.consent(begin(client), subject))
    return client


def told(client: Client) -> str:
    return client.get("/login/").content.decode()


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def test_somebody_of_the_house_signs_in_and_gets_an_account_with_the_role_of_a_group(house: House) -> None:
    house.knows("7f3a", preferred_username="ines@contoso.example", given_name="Ines", groups=["all", "analysts"])
    client = Client()
    back = house.consent(begin(client, "/verdicts/?q=x"), "7f3a")
    answer = client.get(back)
    assert (answer.status_code, answer["Location"]) == (302, "/verdicts/?q=x")
    assert is_in(client)
    person = User.objects.get()
    assert (person.username, person.first_name) == ("ines@contoso.example", "Ines")
    assert load_roles(person) == {Role.ANALYST}
    assert not person.has_usable_password()
    assert actions() == ["person.created", "person.role_given", "person.signed_in"]
    assert come(house, "7f3a").session["_auth_user_id"] == str(person.pk)
    assert User.objects.count() == 1


def test_the_button_is_there_where_a_house_is_trusted_and_leads_by_a_page(house: House, client: Client) -> None:
    assert "Sign in by Contoso" in told(client)
    answer = client.post("/login/single-sign-on/")
    assert answer.status_code == 200
    query = parse_qs(urlsplit(begin(client)).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert query["redirect_uri"] == [f"{django_settings.PUBLIC_URL}/login/single-sign-on/callback/"]
    assert client.get("/login/single-sign-on/").status_code == 405


def test_where_no_house_is_trusted_there_is_nothing(client: Client) -> None:
    assert "Sign in by" not in told(client)
    assert client.post("/login/single-sign-on/").status_code == 404
    assert client.get("/login/single-sign-on/callback/", {"code": "x", "state": "y"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/accounts/signup/", "/accounts/login/", "/accounts/email/", "/accounts/password/reset/", "/accounts/"),
        *("/accounts/3rdparty/", "/accounts/oidc/x/login/", "/signup/", "/oidc/x/login/callback/"),
    ],
)
def test_no_page_of_the_library_has_an_address(house: House, path: str) -> None:
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert root.get(path).status_code == 404


def test_the_right_of_several_groups_is_the_one_that_may_most(house: House) -> None:
    house.knows("lead", preferred_username="lea", groups=["analysts", "soc-leads"])
    come(house, "lead")
    assert load_roles(User.objects.get(username="lea")) == {Role.LEAD}


def test_groups_say_which_environments_somebody_sees_and_nobody_else_does(house: House, settings: Settings) -> None:
    port, _ = (Environment.objects.create(environment_id=name, name=name) for name in ("port", "yard"))
    settings.OIDC_ENVIRONMENTS = [("of-port", "port"), ("of-port", "not entered yet"), ("everybody", "*")]
    house.knows("7f3b", preferred_username="ines", groups=["analysts", "of-port"])
    assert is_in(come(house, "7f3b"))
    ines = User.objects.get(username="ines")
    assert list(PersonScope.objects.get(person=ines).environments.all()) == [port]
    # what somebody sees is narrowed before there is a role to see anything with
    assert actions().index("person.environments_set") < actions().index("person.role_given")
    with pytest.raises(PeopleError, match="follows from groups"):
        set_environments(ines, None, actor=None)
    house.knows("7f3b", preferred_username="ines", groups=["analysts"])
    come(house, "7f3b")
    assert list(PersonScope.objects.get(person=ines).environments.all()) == []
    house.knows("7f3b", preferred_username="ines", groups=["analysts", "everybody"])
    come(house, "7f3b")
    assert not PersonScope.objects.filter(person=ines).exists()


def test_another_group_gives_another_role_at_the_next_sign_in_and_ends_the_sessions_before(house: House) -> None:
    house.knows("bo", preferred_username="bo", groups=["admins"])
    first = come(house, "bo")
    house.knows("bo", preferred_username="bo", groups=["analysts"])
    second = come(house, "bo")
    assert load_roles(User.objects.get()) == {Role.ANALYST}
    assert not is_in(first)
    assert is_in(second)


@pytest.mark.parametrize("groups", [{}, {"groups": []}, {"groups": ["strangers"]}, {"groups": None}, {"groups": 7}])
def test_whoever_has_no_group_of_ours_gets_no_account(house: House, groups: dict[str, Any]) -> None:
    house.knows("eve", preferred_username="eve", **groups)
    client = come(house, "eve")
    assert not is_in(client)
    assert "none of your groups has a role here" in told(client)
    assert not User.objects.exists()


def test_whoever_lost_the_group_loses_the_role_and_every_session(house: House) -> None:
    house.knows("gone", preferred_username="gone", groups=["admins"])
    before = come(house, "gone")
    assert is_in(before)
    house.knows("gone", preferred_username="gone")
    after = come(house, "gone")
    assert not is_in(before)
    assert not is_in(after)
    assert load_roles(User.objects.get()) == set()
    assert "person.role_taken" in actions()


def test_so_many_groups_that_the_token_names_none_are_no_reason_to_take_a_role(house: House) -> None:
    house.knows("many", preferred_username="many", groups=["admins"])
    before = come(house, "many")
    house.knows("many", preferred_username="many", _claim_names={"groups": "src1"}, _claim_sources={})
    after = come(house, "many")
    assert "more groups than the token names" in told(after)
    assert is_in(before)
    assert load_roles(User.objects.get()) == {Role.POLICY_ADMIN}


def test_whoever_is_turned_off_here_is_out_whatever_the_house_says(house: House) -> None:
    house.knows("off", preferred_username="off", groups=["admins"])
    client = come(house, "off")
    User.objects.update(is_active=False)
    assert not is_in(client)
    again = come(house, "off")
    assert not is_in(again)
    assert "turned off here" in told(again)


def test_a_name_or_an_address_there_is_no_account_here(house: House) -> None:
    """Whoever may choose theirs in the house would be the admin."""
    admin = User.objects.create_superuser("admin", email="boss@contoso.example", password=PASSWORD)
    for number, verified in enumerate((True, False)):
        wishes = {"preferred_username": "Admin", "email": "boss@contoso.example", "email_verified": verified}
        house.knows(f"eve-{number}", **wishes, groups=["analysts"])
        client = come(house, f"eve-{number}")
        assert client.session["_auth_user_id"] != str(admin.pk)
    names = list(User.objects.exclude(pk=admin.pk).values_list("username", flat=True))
    assert len(names) == 2
    assert all(name.startswith("Admin.") for name in names)


@pytest.mark.parametrize(
    ("wished", "name"),
    [
        ("аdmin", "dmin"),
        ("system", "system."),
        ("<script>", "script"),
        ("\u202eada", "ada"),
        ("", "person"),
        ("x" * 500, "x" * 100),
    ],
)
def test_names_from_there_are_plain_and_nobody_elses(house: House, wished: str, name: str) -> None:
    house.knows("odd", preferred_username=wished, groups=["analysts"])
    come(house, "odd")
    (person,) = User.objects.all()
    assert person.username.startswith(name)
    assert person.username.isascii()
    assert person.username != "system"


def test_the_same_person_in_two_tabs_gets_one_account_and_each_way_back_works_once(house: House) -> None:
    house.knows("tab", preferred_username="tab", groups=["analysts"])
    client = Client()
    first, second = begin(client), begin(client)
    backs = [house.consent(second, "tab"), house.consent(first, "tab")]
    assert client.get(backs[0])["Location"] == "/"
    assert User.objects.count() == 1
    # the session is a new one now, which kept nothing of what was begun before
    assert client.get(backs[1])["Location"] == "/login/"
    assert client.get(backs[0])["Location"] == "/login/"


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_meet_somebody_at_once_make_one_account(settings: Settings) -> None:
    settings.OIDC_ROLES = {"analysts": "analyst"}
    said = {"iss": "https://issuer.example", "preferred_username": "ada", "groups": ["analysts"]}
    found: list[tuple[str, str]] = []

    def meet(subject: str) -> None:
        found.append((subject, take_in(Claims.read({**said, "sub": subject})).get_username()))
        connection.close()

    # one person in three tabs, and somebody else with the same wish
    threads = [threading.Thread(target=meet, args=(subject,)) for subject in ("1", "1", "1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == User.objects.count() == SocialAccount.objects.count() == 2


def test_a_way_back_is_worth_nothing_in_another_browser(house: House) -> None:
    house.knows("mallory", preferred_username="mallory", groups=["analysts"])
    back = house.consent(begin(Client()), "mallory")
    victim = Client()
    assert victim.get(back)["Location"] == "/login/"
    assert not is_in(victim)
    assert "did not confirm who you are" in told(victim)


def test_it_leads_nobody_to_another_house_afterwards(house: House) -> None:
    house.knows("n", preferred_username="n", groups=["analysts"])
    for wanted in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        client = Client()
        assert client.get(house.consent(begin(client, wanted), "n"))["Location"] == "/"


def test_whoever_denies_is_told_and_not_in(house: House) -> None:
    client = Client()
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    answer = client.get("/login/single-sign-on/callback/", {"error": "access_denied", "state": state})
    assert answer["Location"] == "/login/"
    assert "You are not signed in" in told(client)


def test_where_passwords_are_for_emergencies_only_superusers_have_one(house: House, settings: Settings) -> None:
    settings.LOCAL_SIGN_IN = "superusers"
    User.objects.create_user("ada", password=PASSWORD)
    User.objects.create_superuser("root", password=PASSWORD)
    ada, root = Client(), Client()
    assert ada.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 422
    assert root.post("/login/", {"username": "root", "password": PASSWORD}).status_code == 302
    assert AuditEntry.objects.get(action="person.signed_in").actor_name == "root"


def test_the_house_has_asked_for_its_second_factor(house: House) -> None:
    require_second_factor(["analyst"], actor=None)
    house.knows("two", preferred_username="two", groups=["analysts"])
    assert is_in(come(house, "two"))


def test_a_house_that_is_away_is_said_and_passwords_still_work(settings: Settings, client: Client) -> None:
    trust(settings, "http://127.0.0.1:9")
    assert client.post("/login/single-sign-on/")["Location"] == "/login/"
    assert "Contoso cannot be reached now" in told(client)
    User.objects.create_user("ada", password=PASSWORD)
    assert client.post("/login/", {"username": "ada", "password": PASSWORD})["Location"] == "/"


def odd_sign_in(odd: OddHouse, **query: str) -> Client:
    client = Client()
    back = odd.consent(begin(client))
    client.get(back + "".join(f"&{name}={value}" for name, value in query.items()))
    return client


def test_what_a_good_token_is(odd: OddHouse) -> None:
    """The honest twin of what follows."""
    assert is_in(odd_sign_in(odd, iss=odd.url))
    (asked,) = odd.asked
    digest = hashlib.sha256(asked["code_verifier"][0].encode()).digest()
    assert urlsafe_b64encode(digest).rstrip(b"=").decode() == odd.challenge
    assert asked["client_secret"] == [SECRET]
    assert SocialAccount.objects.get().provider == odd.url
    assert SocialAccount.objects.get().extra_data == {}


NOW = int(time.time())


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("for another client", {"aud": "another-client"}),
        ("for several clients, given to another", {"aud": [CLIENT, "another"], "azp": "another"}),
        ("for nobody", {"aud": None}),
        ("of another issuer", {"iss": "https://login.other.example"}),
        ("of an issuer that begins alike", {"iss": "http://127.0.0.1:1/"}),
        ("of another sign-in", {"nonce": "a" * 64}),
        ("of no sign-in", {"nonce": None}),
        ("that has ended", {"exp": NOW - 3600, "iat": NOW - 7200}),
        ("without an end", {"exp": None}),
        ("of the day after tomorrow", {"iat": NOW + 2 * 86_400, "nbf": NOW + 2 * 86_400}),
        ("about nobody", {"sub": None}),
    ],
)
def test_a_token_signs_nobody_in(odd: OddHouse, what: str, changed: dict[str, Any]) -> None:
    odd.token = lambda: odd.good(**changed)
    client = odd_sign_in(odd)
    assert not is_in(client), what
    assert "You are not signed in" in told(client)
    assert not User.objects.exists()
    assert actions() == ["sign_in.failed"]


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", 7, [], {}, "é" * 5_000])
def test_what_is_no_token_signs_nobody_in(odd: OddHouse, token: object) -> None:
    odd.token = lambda: token
    assert not is_in(odd_sign_in(odd))


def test_a_token_nobody_signed_or_somebody_else_signs_nobody_in(odd: OddHouse) -> None:
    claims: dict[str, Any] = {
        "iss": odd.url,
        "aud": CLIENT,
        "sub": "ada-there",
        "groups": ["admins"],
        "iat": NOW,
        "exp": NOW + 3600,
    }
    unpublished = odd.keys.new_key(published=False)
    forged = {
        "none": lambda: jwt.encode({**claims, "nonce": odd.nonce}, "", algorithm="none"),
        "a secret": lambda: jwt.encode({**claims, "nonce": odd.nonce}, SECRET + "x" * 32, algorithm="HS256"),
        "an unpublished key": lambda: odd.keys.token(**claims, nonce=odd.nonce, key=unpublished),
        "its own key under our name": lambda: odd.keys.token(
            **claims, nonce=odd.nonce, key=unpublished, headers={"kid": odd.keys.current}
        ),
    }
    for what, token in forged.items():
        odd.token = token
        assert not is_in(odd_sign_in(odd)), what
    assert not User.objects.exists()


def test_a_code_another_issuer_gave_is_not_shown_to_ours(odd: OddHouse) -> None:
    assert not is_in(odd_sign_in(odd, iss="https://login.other.example"))
    assert odd.asked == []


def test_a_house_that_calls_itself_otherwise_is_not_asked(odd: OddHouse, client: Client) -> None:
    odd.published = {"issuer": "https://login.other.example"}
    assert client.post("/login/single-sign-on/")["Location"] == "/login/"


def test_our_secret_follows_no_redirect(odd: OddHouse) -> None:
    odd.moved = True
    assert not is_in(odd_sign_in(odd))
    assert len(odd.asked) == 1


def test_the_same_subject_of_another_house_is_somebody_else(odd: OddHouse, house: House, settings: Settings) -> None:
    house.knows("ada-there", preferred_username="ada", groups=["admins"])
    come(house, "ada-there")
    first = User.objects.get(username="ada")
    trust(settings, odd.url)
    odd_sign_in(odd)
    assert User.objects.count() == 2
    assert load_roles(User.objects.get(pk=first.pk)) == {Role.POLICY_ADMIN}


def test_an_issuer_somebody_wrote_into_a_table_is_not_trusted(
    odd: OddHouse, settings: Settings, client: Client
) -> None:
    settings.OIDC_ISSUER = ""
    SocialApp.objects.create(
        provider="openid_connect", provider_id="evil", client_id="x", settings={"server_url": odd.url}
    )
    assert client.post("/login/single-sign-on/").status_code == 404
    assert "evil" not in told(client)


def test_neither_token_nor_code_nor_secret_is_kept(odd: OddHouse, caplog: pytest.LogCaptureFixture) -> None:
    odd_sign_in(odd)
    tokens = [str(odd.given)]
    odd.token = lambda: odd.good(aud="another-client")
    odd_sign_in(odd)
    tokens.append(str(odd.given))
    kept = f"{caplog.text} {list(AuditEntry.objects.values())} {list(PersonSession.objects.values('session_data'))}"
    assert SECRET not in kept
    assert len(set(tokens)) == 2
    assert not [token for token in tokens if token.rpartition(".")[2] in kept]


def test_a_role_given_by_hand_lasts_until_the_groups_say_otherwise(house: House) -> None:
    house.knows("hand", preferred_username="hand", groups=["analysts"])
    come(house, "hand")
    give_role(User.objects.get(), Role.LEAD, actor=None)
    come(house, "hand")
    assert load_roles(User.objects.get()) == {Role.ANALYST}


def test_the_roles_of_the_settings_are_those_there_are() -> None:
    # a program's account signs in nowhere
    assert set(ROLES) == {role.value for role in Role if role is not Role.INTEGRATION}
