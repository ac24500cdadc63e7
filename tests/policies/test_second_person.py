"""Who is a second person: nobody who could have signed in as an author of the draft, or an author as them."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from policies.access import Role, give_role
from policies.models import PolicyDraft
from policies.people.totp import code_at, new_secret, step_at
from policies.services import people
from policies.services.drafts import DraftError, open_draft, save_draft
from policies.services.four_eyes import four_eyes, load_hands
from policies.services.publication import NotPublishable, approve_draft, ask_for_review, publish_draft
from policies.services.publish import ensure_baseline
from policies.services.second_factors import add_authenticator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _baseline() -> None:
    ensure_baseline()


def a_person(name: str, role: Role = Role.POLICY_ADMIN) -> User:
    person = User.objects.create_user(name)
    give_role(person, role, actor=None)
    return person


def in_review(author: User) -> PolicyDraft:
    draft = open_draft(title="Stop less", actor=author)
    changes = {"actions": {**draft.document["actions"], "tool_new": {"strict": "hold", "cautious": "hold"}}}
    save_draft(draft.pk, changes=changes, revision=1, actor=author)
    return ask_for_review(draft.pk, revision=2, reason="New tools wait", reviewer=None, actor=author)


def approve(draft: PolicyDraft, by: User) -> None:
    approve_draft(draft.pk, revision=2, actor=by)


MADE: tuple[tuple[str, Callable[[User, User], object]], ...] = (
    ("a link", lambda person, by: people.make_link(person, actor=by)),
    ("no second factor", lambda person, by: _forgotten(person, by)),
)


def _forgotten(person: User, by: User) -> None:
    secret, now = new_secret(), timezone.now()
    add_authenticator(person, secret, code_at(secret, step_at(now)), now=now, session=None)
    people.reset_second_factor(person, actor=by)


def test_a_people_admin_alone_publishes_nothing_with_two_accounts_of_their_making() -> None:
    pat = a_person("pat", Role.PEOPLE_ADMIN)
    first, second = (people.create_person(name, Role.POLICY_ADMIN, actor=pat) for name in ("one", "two"))
    draft = in_review(first)
    with pytest.raises(DraftError, match="`pat` made a way into the account of `one` and `two`"):
        approve(draft, second)
    with pytest.raises(NotPublishable):
        publish_draft(draft.pk, revision=2, reason="x", actor=first)
    approve(draft, a_person("cem"))
    assert publish_draft(draft.pk, revision=2, reason="x", actor=first).number == 2


@pytest.mark.parametrize("way", [way for _, way in MADE], ids=[name for name, _ in MADE])
def test_who_was_given_a_way_into_an_account_is_not_the_second_person_beside_its_owner(
    way: Callable[[User, User], object],
) -> None:
    root = User.objects.create_superuser("root")
    ben = a_person("ben")
    draft = in_review(root)
    way(ben, root)
    with pytest.raises(DraftError, match="`root` made a way into the account of `ben` on"):
        approve(draft, ben)
    with pytest.raises(DraftError, match="`root` made a way into the account of `ben` on"):
        approve(in_review(ben), root)
    approve(draft, a_person("cem"))


def test_what_the_servers_owner_and_groups_say_and_another_role_is_nobodys_hand() -> None:
    pat = a_person("pat", Role.PEOPLE_ADMIN)
    out = StringIO()
    for name in ("ada", "ben"):
        call_command("person", name, "add", role="policy_admin", stdout=out)
    ada, ben = User.objects.get(username="ada"), User.objects.get(username="ben")
    approve(in_review(ada), ben)
    cem = a_person("cem", Role.ANALYST)
    people.set_role(cem, Role.POLICY_ADMIN, actor=pat)
    people.make_link(ada, actor=pat)
    approve(in_review(ada), cem)


def test_it_is_over_after_some_days_and_may_be_turned_off(settings: LazySettings) -> None:
    pat = a_person("pat", Role.PEOPLE_ADMIN)
    first, second = (people.create_person(name, Role.POLICY_ADMIN, actor=pat) for name in ("one", "two"))
    now = timezone.now()
    assert load_hands(now=now + timedelta(days=6)).between(second, [first])
    assert not load_hands(now=now + timedelta(days=8)).between(second, [first])
    settings.FOUR_EYES_DAYS = 0
    approve(in_review(first), second)


def test_turning_everybody_else_off_leaves_nobody_who_publishes_alone(settings: LazySettings) -> None:
    pat, ada, ben = a_person("pat", Role.PEOPLE_ADMIN), a_person("ada"), a_person("ben")
    people.disable_person(ben, actor=pat)
    assert four_eyes()
    people.enable_person(ben, actor=pat)
    people.set_role(ben, Role.VIEWER, actor=pat)
    draft = in_review(ada)
    with pytest.raises(NotPublishable, match="somebody who wrote no part of it"):
        publish_draft(draft.pk, revision=2, reason="x", actor=ada)
    settings.FOUR_EYES_DAYS = 0
    assert publish_draft(draft.pk, revision=2, reason="x", actor=ada).number == 2


def test_somebody_who_never_might_is_turned_off_without_further_ado() -> None:
    pat, _, ben = a_person("pat", Role.PEOPLE_ADMIN), a_person("ada"), a_person("ben", Role.ANALYST)
    people.disable_person(ben, actor=pat)
    assert not four_eyes()


def test_the_page_says_who_does_not_count_and_why() -> None:
    pat = a_person("pat", Role.PEOPLE_ADMIN)
    first, second = (people.create_person(name, Role.POLICY_ADMIN, actor=pat) for name in ("one", "two"))
    a_person("cem")
    draft, clients = in_review(first), {}
    for person in (first, second):
        clients[person.pk] = Client()
        clients[person.pk].force_login(person)
    page = clients[second.pk].get(f"/policies/drafts/{draft.pk}/").content.decode()
    assert "You do not count as the second person here" in page
    assert "formaction" not in page
    answer = clients[second.pk].post(f"/policies/drafts/{draft.pk}/approve/", {"revision": 2})
    assert (answer.status_code, PolicyDraft.objects.get().approved) == (422, False)
    page = clients[first.pk].get(f"/policies/drafts/{draft.pk}/").content.decode()
    assert "1 who may change policy does not count as the second person" in page
