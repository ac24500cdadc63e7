"""Drafts of a policy, by the services the pages call."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from policies import audit
from policies.access import Role, give_role
from policies.load import load_document, load_serial
from policies.models import AuditEntry, PolicyDraft, PolicyVersion
from policies.policy_parts import changes_between, digest_of
from policies.services import classes, drafts, publication
from policies.services.drafts import (
    DraftConflict,
    DraftError,
    apply_to_draft,
    bring_up_to_date,
    discard_draft,
    open_draft,
    save_draft,
)
from policies.services.policy_lists import digest_of_changes, load_list_changes
from policies.services.publication import (
    NotPublishable,
    approve_draft,
    ask_for_review,
    publish_draft,
    roll_back,
    send_back,
)
from policies.services.publish import ensure_baseline

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return _admin("ada")


@pytest.fixture
def ben() -> User:
    return _admin("ben")


@pytest.fixture
def draft(ada: User) -> PolicyDraft:
    ensure_baseline()
    return open_draft(title="Stop the look-up too", actor=ada)


def test_a_draft_begins_as_what_is_in_force(draft: PolicyDraft) -> None:
    assert draft.base.number == 1
    assert draft.document == draft.base.document
    assert [author.username for author in draft.authors.all()] == ["ada"]
    assert _audited() == ["draft.opened"]


def test_a_save_counts_up_and_is_nobody_elses_business_yet(draft: PolicyDraft, ada: User) -> None:
    serial = load_serial()
    saved = save_draft(draft.pk, changes=_acting(draft, "time_unusual", "hold"), revision=1, actor=ada)
    assert saved.revision == 2
    assert saved.document["actions"]["time_unusual"] == {"strict": "hold", "cautious": "hold"}
    assert load_serial() == serial
    assert load_document()["actions"]["time_unusual"] == {"strict": "notice", "cautious": "notice"}
    entry = AuditEntry.objects.get(action="draft.saved")
    assert entry.detail["changes"] == ["changed actions/time_unusual"]


def test_it_keeps_the_newest_saves_to_compare_with(
    draft: PolicyDraft, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "KEPT_REVISIONS", 2)
    for revision, action in enumerate(("hold", "block", "hold"), start=1):
        save_draft(draft.pk, changes=_acting(draft, "tool_new", action), revision=revision, actor=ada)
    assert list(draft.revisions.values_list("revision", flat=True)) == [3, 4]
    with pytest.raises(DraftError, match="the draft has no revision `2`, expected one from 3 to 4"):
        save_draft(draft.pk, changes=_acting(draft, "tool_new", "block"), revision=2, actor=ada)
    with pytest.raises(DraftConflict):
        save_draft(draft.pk, changes=_acting(draft, "time_unusual", "block"), revision=3, actor=ada)


def test_saving_what_is_there_counts_nothing_up(draft: PolicyDraft, ada: User) -> None:
    assert save_draft(draft.pk, document=draft.document, revision=1, actor=ada).revision == 1
    assert "draft.saved" not in _audited()


def test_the_second_editor_sees_what_changed_and_overwrites_nothing(draft: PolicyDraft, ada: User, ben: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "time_unusual", "hold"), revision=1, actor=ada)
    with pytest.raises(DraftConflict) as raised:
        save_draft(draft.pk, changes=_acting(draft, "tool_new", "block"), revision=1, actor=ben)
    conflict = raised.value
    assert [change.key for change in conflict.theirs] == ["actions/time_unusual"]
    assert [change.key for change in conflict.mine] == ["actions/tool_new"]
    assert conflict.touching == frozenset()
    assert [(save.by, save.revision) for save in conflict.saves] == [("ada", 2)]
    assert PolicyDraft.objects.get().revision == 2
    both = apply_to_draft(draft.pk, changes=conflict.mine, revision=2, actor=ben)
    assert both.document["actions"]["tool_new"]["strict"] == "block"
    assert both.document["actions"]["time_unusual"]["strict"] == "hold"


def test_two_who_changed_the_same_are_told_so(draft: PolicyDraft, ada: User, ben: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    with pytest.raises(DraftConflict) as raised:
        save_draft(draft.pk, changes=_acting(draft, "tool_new", "block"), revision=1, actor=ben)
    assert raised.value.touching == {("actions", "tool_new")}


def test_what_does_not_compile_is_not_saved(draft: PolicyDraft, ada: User) -> None:
    with pytest.raises(DraftError, match=r'`actions.tool_new.strict` is `"explode"`, expected one of allow'):
        save_draft(draft.pk, changes=_acting(draft, "tool_new", "explode"), revision=1, actor=ada)
    with pytest.raises(DraftError, match=r"holds U\+0000"):
        save_draft(draft.pk, changes={"flows": {"a\x00b": {}}}, revision=1, actor=ada)
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    rule = {"name": "a", "when": "user.signed_in", "then": "hold", "tests": [{"sample": {"deep": deep}}]}
    with pytest.raises(DraftError, match="nested deeper than anybody reads"):
        save_draft(draft.pk, changes={"rules": [rule]}, revision=1, actor=ada)
    assert PolicyDraft.objects.get().revision == 1


def test_who_wrote_any_part_of_it_cannot_approve_it(draft: PolicyDraft, ada: User, ben: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ben)
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "block"), revision=2, actor=ada)
    ask_for_review(draft.pk, revision=3, reason="New tools stop", reviewer=None, actor=ada)
    for author in (ada, ben):
        with pytest.raises(DraftError, match=f"`{author}` wrote a part of this draft"):
            approve_draft(draft.pk, revision=3, actor=author)
    with pytest.raises(NotPublishable, match="somebody who wrote no part of it has to approve it"):
        publish_draft(draft.pk, revision=3, reason="New tools stop", actor=ada)
    approve_draft(draft.pk, revision=3, actor=_admin("cem"))
    version = publish_draft(draft.pk, revision=3, reason="New tools stop", actor=ada)
    assert version.authors == ["ada", "ben"]
    assert version.reviewer == User.objects.get(username="cem")
    assert version.digest == digest_of(version.document)
    assert version.base is not None
    assert version.base.number == 1


def test_a_save_after_the_approval_voids_it(draft: PolicyDraft, ada: User, ben: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    ask_for_review(draft.pk, revision=2, reason="New tools wait", reviewer=ben, actor=ada)
    approve_draft(draft.pk, revision=2, actor=ben)
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "allow"), revision=2, actor=ada)
    with pytest.raises(NotPublishable):
        publish_draft(draft.pk, revision=3, reason="New tools wait", actor=ada)
    assert PolicyVersion.objects.count() == 1


def test_an_approval_is_of_the_revision_that_was_read(draft: PolicyDraft, ada: User, ben: User) -> None:
    ask_for_review(draft.pk, revision=1, reason="See", reviewer=None, actor=ada)
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "allow"), revision=1, actor=ada)
    with pytest.raises(DraftConflict):
        approve_draft(draft.pk, revision=1, actor=ben)


def test_a_reviewer_sends_it_back_with_a_reason(draft: PolicyDraft, ada: User, ben: User) -> None:
    ask_for_review(draft.pk, revision=1, reason="See", reviewer=None, actor=ada)
    back = send_back(draft.pk, revision=1, reason="Too wide: it stops the payroll", actor=ben)
    assert back.state == PolicyDraft.State.OPEN
    assert back.remark == "Too wide: it stops the payroll"


@pytest.mark.django_db(transaction=True)
def test_of_two_publications_at_once_one_waits_for_the_other(ada: User) -> None:
    ensure_baseline()
    drafts = [open_draft(title=f"Draft {n}", actor=ada) for n in range(2)]
    for draft, action in zip(drafts, ("hold", "block"), strict=True):
        save_draft(draft.pk, changes=_acting(draft, "tool_new", action), revision=1, actor=ada)
    start = Barrier(2)

    def publish(draft: PolicyDraft) -> str:
        try:
            start.wait(timeout=30)
            return str(publish_draft(draft.pk, revision=2, reason="Now", actor=ada))
        except NotPublishable as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(publish, drafts))
    assert said == ["v2", "v2 was published after this draft began from v1: bring it up to date first"]
    assert PolicyVersion.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_one_is_told_of_the_other(ada: User) -> None:
    ensure_baseline()
    draft = open_draft(title="Both", actor=ada)
    start = Barrier(2)

    def save(signal: str) -> str:
        try:
            start.wait(timeout=30)
            saved = save_draft(draft.pk, changes=_acting(draft, signal, "hold"), revision=1, actor=ada)
            return f"revision {saved.revision}"
        except DraftConflict as conflict:
            return f"conflict with {len(conflict.theirs)}"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(save, ("tool_new", "time_unusual")))
    assert said == ["conflict with 1", "revision 2"]


def test_one_person_alone_publishes_without_a_second(draft: PolicyDraft, ada: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    version = publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada)
    assert version.number == 2
    assert version.reviewer is None


@pytest.mark.parametrize(("setting", "refused"), [("on", True), ("off", False)])
def test_the_setting_overrules_how_many_there_are(
    draft: PolicyDraft, ada: User, settings: LazySettings, setting: str, refused: bool
) -> None:
    settings.FOUR_EYES = setting
    if not refused:
        _admin("ben")
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    if refused:
        with pytest.raises(NotPublishable):
            publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada)
    else:
        assert publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada).number == 2


def test_a_draft_from_an_old_version_undoes_nobodys_publication(draft: PolicyDraft, ada: User) -> None:
    other = open_draft(title="Hours", actor=ada)
    save_draft(other.pk, changes=_acting(other, "time_unusual", "hold"), revision=1, actor=ada)
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    publish_draft(other.pk, revision=2, reason="Nights are quiet", actor=ada)
    with pytest.raises(NotPublishable, match="v2 was published after this draft began from v1"):
        publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada)
    fresh = bring_up_to_date(draft.pk, revision=2, actor=ada)
    assert fresh.base.number == 2
    version = publish_draft(draft.pk, revision=fresh.revision, reason="New tools wait", actor=ada)
    assert version.document["actions"]["time_unusual"]["strict"] == "hold"
    assert version.document["actions"]["tool_new"]["strict"] == "hold"


def test_bringing_up_to_date_asks_where_both_changed_the_same(draft: PolicyDraft, ada: User) -> None:
    other = open_draft(title="Block them", actor=ada)
    save_draft(other.pk, changes=_acting(other, "tool_new", "block"), revision=1, actor=ada)
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    publish_draft(other.pk, revision=2, reason="No new tools", actor=ada)
    with pytest.raises(DraftConflict) as raised:
        bring_up_to_date(draft.pk, revision=2, actor=ada)
    assert raised.value.touching == {("actions", "tool_new")}
    assert PolicyDraft.objects.get(pk=draft.pk).base.number == 1
    theirs = bring_up_to_date(draft.pk, revision=2, actor=ada, keep=())
    assert theirs.document["actions"]["tool_new"]["strict"] == "block"


def test_failing_test_cases_refuse_it_unless_overridden_with_a_reason(draft: PolicyDraft, ada: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    with pytest.raises(NotPublishable, match="1 test case fails: payroll"):
        publish_draft(draft.pk, revision=2, reason="Now", actor=ada, failing=["payroll"])
    publish_draft(draft.pk, revision=2, reason="Now", actor=ada, failing=["payroll"], override="The payroll moved")
    entry = AuditEntry.objects.get(action="policy.published", detail__version=2)
    assert (entry.detail["failing"], entry.detail["override"]) == (["payroll"], "The payroll moved")


def test_rolling_back_publishes_the_old_one_anew(draft: PolicyDraft, ada: User) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada)
    serial = load_serial()
    _admin("ben")  # four eyes hold from here on; going back does not wait for them
    version = roll_back(1, reason="It holds the payroll", actor=ada)
    assert version.number == 3
    assert version.restores is not None
    assert version.restores.number == 1
    assert not changes_between(version.document, version.restores.document)
    assert load_serial() > serial
    assert AuditEntry.objects.get(action="policy.published", detail__version=3).detail["restored"] == 1
    with pytest.raises(DraftError, match="v3 says what v1 says"):
        roll_back(1, reason="Once more", actor=ada)


def test_who_rolls_back_alone_reaches_no_further_than_what_was_in_force_lately(
    draft: PolicyDraft, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    publish_draft(draft.pk, revision=2, reason="New tools wait", actor=ada)
    monkeypatch.setattr(publication, "ALONE_DAYS", 0)
    ben = _admin("ben")
    with pytest.raises(DraftError, match="v1 was not in force in the last 0 days, expected a draft"):
        roll_back(1, reason="I have taken over this account", actor=ada)
    assert load_document()["version"] == 2
    # where there is no second person, there is nobody to ask
    ben.is_active = False
    ben.save()
    assert roll_back(1, reason="It holds the payroll", actor=ada).number == 3


def test_an_approval_of_somebody_who_lost_the_right_counts_no_more(draft: PolicyDraft, ada: User, ben: User) -> None:
    _admin("cleo")
    save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    ask_for_review(draft.pk, revision=2, reason="New tools stop", reviewer=None, actor=ada)
    approve_draft(draft.pk, revision=2, actor=ben)
    give_role(ben, Role.ANALYST, actor=None)
    with pytest.raises(NotPublishable, match="`ben` approved it and may not change policy any more"):
        publish_draft(draft.pk, revision=2, reason="See", actor=ada)
    give_role(ben, Role.POLICY_ADMIN, actor=None)
    assert publish_draft(draft.pk, revision=2, reason="See", actor=ada).number == 2


@pytest.mark.django_db(transaction=True)
def test_publishing_with_lists_and_a_class_being_added_do_not_wait_for_each_other(ada: User) -> None:
    ensure_baseline()
    lists = {"destinations": [{"value": "quay.example", "standing": "known"}], "data_classes": [{"name": "restricted"}]}
    draft = open_draft(title="From a file", lists=lists, actor=ada)

    def add_slowly() -> None:
        """As `add_class`: its own lock first, the audit trail's then, and somebody comes between."""
        try:
            with transaction.atomic():
                classes.wait_for_others()
                begun.set()
                while not _somebody_waits() and not publishing.done():
                    begun.wait(0.01)
                audit.record(actor=ada, action="class.added", data_class="another")
        finally:
            connection.close()

    def publish() -> int:
        try:
            begun.wait()
            seen = digest_of_changes(load_list_changes(lists))
            version = publish_draft(draft.pk, revision=1, reason="x", actor=ada, with_lists=True, lists_seen=seen)
            return version.number
        finally:
            connection.close()

    begun = Event()
    with ThreadPoolExecutor(2) as pool:
        publishing = pool.submit(publish)
        pool.submit(add_slowly).result(timeout=30)
        assert publishing.result(timeout=30) == 2


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_discarded_draft_stays_readable_and_changes_no_more(draft: PolicyDraft, ada: User) -> None:
    discard_draft(draft.pk, revision=1, actor=ada)
    with pytest.raises(DraftError, match="the draft is discarded"):
        save_draft(draft.pk, changes=_acting(draft, "tool_new", "hold"), revision=1, actor=ada)
    assert PolicyDraft.objects.get().title == "Stop the look-up too"


def test_an_analyst_does_none_of_it(draft: PolicyDraft) -> None:
    person = User.objects.create_user("dan")
    give_role(person, Role.ANALYST, actor=None)
    for refused in (
        lambda: open_draft(title="Mine", actor=person),
        lambda: save_draft(draft.pk, document=draft.document, revision=1, actor=person),
        lambda: discard_draft(draft.pk, revision=1, actor=person),
        lambda: ask_for_review(draft.pk, revision=1, reason="x", reviewer=None, actor=person),
        lambda: approve_draft(draft.pk, revision=1, actor=person),
        lambda: publish_draft(draft.pk, revision=1, reason="x", actor=person),
        lambda: roll_back(1, reason="x", actor=person),
    ):
        with pytest.raises(PermissionDenied):
            refused()


@pytest.mark.parametrize(
    "statement", ["UPDATE policies_policyversion SET reason = ''", "DELETE FROM policies_policyversion"]
)
def test_the_database_itself_keeps_a_version_as_it_is(draft: PolicyDraft, statement: str) -> None:
    with pytest.raises(DatabaseError, match="policies_policyversion is insert only"), transaction.atomic():
        connection.cursor().execute(statement)


def _acting(draft: PolicyDraft, signal: str, action: str) -> dict[str, Any]:
    return {"actions": {**draft.document["actions"], signal: {"strict": action, "cautious": action}}}


def _audited() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="draft.").order_by("pk").values_list("action", flat=True))


def _admin(name: str) -> User:
    person = User.objects.create_user(name)
    give_role(person, Role.POLICY_ADMIN, actor=None)
    return person
