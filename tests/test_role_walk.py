"""Every address, asked by everybody: who may change what, and what a restricted case shows to whom.

The table `policies.writes` is held against the routes: one that nobody listed fails here.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from structlog.testing import capture_logs

from investigations import confiding
from investigations.intake import take_in_all
from investigations.models import Investigation
from policies.access import GRANTS, Role, give_role
from policies.writes import EVERYBODY, OPEN, WRITES
from tests.told import OUTSIDER, record_story

pytestmark = pytest.mark.django_db
_NOBODYS = {"int": "987654321", "uuid": str(uuid.UUID(int=1)), "slug": "x", "str": "x", "path": "x"}
# What programs ask with a token of theirs has tests of its own.
_OF_MACHINES = ("v1/", "api/", "<slug:slug>/", "healthz", "readyz", "metrics", "static/")
# Answered before anybody signs in
_OPEN_PAGES = OPEN | {"single_sign_on_callback"}
ROLES = (*(role for role in Role if role is not Role.INTEGRATION), None)


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str, Any]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one, route)
        elif isinstance(one, URLPattern) and not route.startswith(_OF_MACHINES):
            yield route, one.name or "", one.callback


def address_of(route: str, **known: Any) -> str:
    return "/" + re.sub(
        r"<(?:(\w+):)?(\w+)>", lambda found: str(known.get(found[1] or "", _NOBODYS[found[1] or "str"])), route
    )


EVERY = tuple(_routes(get_resolver()))


def person(role: Role | None) -> Client:
    """Signed in with a role; None = with none at all."""
    made = User.objects.create_user(role.value if role else "nobody")
    if role:
        give_role(made, role, actor=None)
    client = Client()
    client.force_login(made)
    return client


def test_what_changes_something_is_in_the_table_and_nothing_else_is() -> None:
    names = {name for _, name, _ in EVERY}
    listed = {*WRITES, *EVERYBODY, *OPEN}
    assert listed - names == set()
    assert not set(WRITES) & EVERYBODY
    assert not OPEN & {*WRITES, *EVERYBODY}
    unlisted = [(name, view) for _, name, view in EVERY if name not in listed]
    factory = RequestFactory()
    # asked past every middleware, such a view takes no POST: it would change something, and nobody said for whom
    takes = [name for name, view in unlisted if name not in _OPEN_PAGES and _takes_post(view, factory)]
    assert takes == []


def _takes_post(view: Any, factory: RequestFactory) -> bool:
    try:
        answer = view(factory.post("/"))
    except Exception:  # noqa: BLE001 it came past the check of its method, without a person or its arguments
        return True
    return bool(answer.status_code != 405)


def test_who_asks_for_what_is_not_theirs_leaves_a_line(db: None) -> None:
    vera = person(Role.VIEWER)
    with capture_logs() as logs:
        assert vera.get("/privacy/").status_code == 403
        assert vera.post("/tokens/").status_code == 403
        assert vera.get("/verdicts/019a0000-0000-7000-8000-000000000000/").status_code == 404
        assert vera.get("/").status_code == 200
        assert Client().get("/privacy/").status_code == 302
    asked = [(one["page"], one["status"]) for one in logs if one["event"] == "page.refused"]
    assert asked == [("privacy", 403), ("api_tokens", 403), ("verdict", 404)]
    assert {one["person"] for one in logs if one["event"] == "page.refused"} == {User.objects.get().pk}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_changes_what_it_may_and_is_told_of_nothing_else(role: Role | None) -> None:
    client, granted = person(role), GRANTS[role] if role else frozenset()
    wrong = {}
    for route, name, _ in EVERY:
        if name in OPEN or name == "logout":
            continue
        status = client.post(address_of(route)).status_code
        if name not in WRITES:
            right = status != 403 if name in EVERYBODY else status == 405
        else:
            right = (status == 403) is (WRITES[name] not in granted)
        if not right:
            wrong[name] = status
    assert wrong == {}


def test_a_programs_account_opens_and_changes_nothing() -> None:
    client, wrong = person(Role.INTEGRATION), {}
    for route, name, _ in EVERY:
        if name in _OPEN_PAGES or name == "logout":
            continue
        answers = (client.get(address_of(route)), client.post(address_of(route)))
        if [answer.status_code for answer in answers] != [403, 403]:
            wrong[name] = [answer.status_code for answer in answers]
    assert wrong == {}


def test_nobody_is_shown_or_changes_anything_before_signing_in() -> None:
    client, wrong = Client(), {}
    for route, name, _ in EVERY:
        if name in _OPEN_PAGES:
            continue
        for answer in (client.get(address_of(route)), client.post(address_of(route))):
            if answer.status_code != 302 or not answer["Location"].startswith("/login/?next="):
                wrong[name] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_a_case_that_few_may_see_and_its_call_are_not_there_for_anybody_else(role: Role) -> None:
    pk = record_story()
    take_in_all()
    case = Investigation.objects.get()
    reader = User.objects.create_user("rhea")
    give_role(reader, Role.LEAD, actor=None)
    confiding.confide(case, [], reason="A colleague stands behind it.", actor=reader)
    client, wrong, asked = person(role), {}, 0
    inside = Client()
    inside.force_login(reader)
    for route, name, _ in EVERY:
        if not re.match(r"investigations/<int:pk>|verdicts/<uuid:pk>|entities/session", route):
            continue
        address = address_of(route, int=case.pk, uuid=pk)
        asked += 1
        for answer in (client.get(address), client.post(address)):
            if answer.status_code not in (403, 404, 405) or OUTSIDER in answer.content.decode():
                wrong[name] = answer.status_code
    assert wrong == {}
    assert asked > 25
    for address in (f"/investigations/{case.pk}/", f"/verdicts/{pk}/"):
        assert OUTSIDER in inside.get(address).content.decode()
