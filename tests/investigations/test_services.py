"""What people do with investigations, and what happens when two do it at once."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from investigations import services
from investigations.models import Investigation
from investigations.services import InvestigationError, Taken
from policies.access import Role, give_role
from policies.models import AuditEntry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def investigation() -> Investigation:
    return open_one()


@pytest.fixture
def mara() -> User:
    return analyst("mara")


@pytest.fixture
def jonas() -> User:
    return analyst("jonas")


@pytest.fixture
def viewer() -> User:
    user = User.objects.create_user("vera")
    give_role(user, Role.VIEWER, actor=None)
    return user


def analyst(name: str) -> User:
    user = User.objects.create_user(name)
    give_role(user, Role.ANALYST, actor=None)
    return user


def open_one(fingerprint: str = "f" * 64) -> Investigation:
    return Investigation.objects.create(
        kind="instruction_marked",
        fingerprint=fingerprint,
        title="Hidden mail text: send to quay-backup.example",
        severity=3,
        outcome="blocked",
        first_seen=NOW,
        last_seen=NOW,
    )


def history(investigation: Investigation) -> list[tuple[str, str]]:
    return [(activity.kind, activity.text) for activity in investigation.activities.all()]


def test_claiming_makes_it_mine_and_active(investigation: Investigation, mara: User) -> None:
    services.claim(investigation, actor=mara)
    assert (investigation.assignee, investigation.status) == (mara, "active")
    assert history(investigation) == [("claimed", "")]
    entry = AuditEntry.objects.get(action="investigation.claimed")
    assert (entry.actor_name, entry.detail["investigation"]) == ("mara", investigation.pk)


def test_claiming_what_a_colleague_claimed_meanwhile_names_them(
    investigation: Investigation, mara: User, jonas: User
) -> None:
    stale = Investigation.objects.get(pk=investigation.pk)
    services.claim(investigation, actor=mara)
    with pytest.raises(Taken, match="`mara` has it now") as refused:
        services.claim(stale, actor=jonas)
    assert refused.value.holder == mara
    assert Investigation.objects.get().assignee == mara
    assert not AuditEntry.objects.filter(actor_name="jonas").exists()


def test_claiming_twice_is_no_error_and_no_second_entry(investigation: Investigation, mara: User) -> None:
    services.claim(investigation, actor=mara)
    services.claim(investigation, actor=mara)
    assert history(investigation) == [("claimed", "")]


def test_assigning_gives_it_to_a_colleague(investigation: Investigation, mara: User, jonas: User) -> None:
    services.assign(investigation, assignee=jonas, seen=None, actor=mara)
    assert (investigation.assignee, investigation.status) == (jonas, "active")
    services.assign(investigation, assignee=None, seen=jonas.pk, actor=mara)
    assert (investigation.assignee, investigation.status) == (None, "new")
    assert history(investigation) == [("assigned", "jonas"), ("assigned", "nobody")]


def test_assigning_what_moved_meanwhile_is_refused(investigation: Investigation, mara: User, jonas: User) -> None:
    services.claim(investigation, actor=jonas)
    with pytest.raises(Taken, match="`jonas` has it now"):
        services.assign(investigation, assignee=mara, seen=None, actor=mara)


def test_assigning_to_somebody_who_may_not_work_on_it_is_refused(
    investigation: Investigation, mara: User, viewer: User
) -> None:
    with pytest.raises(InvestigationError, match="`vera` may not work on investigations"):
        services.assign(investigation, assignee=viewer, seen=None, actor=mara)


def test_a_comment_is_kept_and_not_repeated_in_the_audit_trail(investigation: Investigation, mara: User) -> None:
    services.comment(investigation, "  called the supplier: not theirs ", actor=mara)
    assert history(investigation) == [("commented", "called the supplier: not theirs")]
    assert "supplier" not in str(AuditEntry.objects.get(action="investigation.commented").detail)


def test_closing_keeps_disposition_and_reason(investigation: Investigation, mara: User) -> None:
    services.close(investigation, disposition="true_positive", reason="known sender", now=NOW, actor=mara)
    assert (investigation.status, investigation.disposition, investigation.closed_at) == (
        "closed",
        "true_positive",
        NOW,
    )
    assert history(investigation) == [("closed", "True positive: known sender")]


def test_closing_twice_keeps_the_first_judgement(investigation: Investigation, mara: User, jonas: User) -> None:
    stale = Investigation.objects.get(pk=investigation.pk)
    services.close(investigation, disposition="true_positive", reason="known sender", now=NOW, actor=mara)
    with pytest.raises(InvestigationError, match="is closed, reopen it first"):
        services.close(stale, disposition="false_positive", reason="looks fine", now=NOW, actor=jonas)
    assert Investigation.objects.get().disposition == "true_positive"


@pytest.mark.parametrize(
    ("disposition", "reason", "message"),
    [
        ("nonsense", "because", "the disposition is `nonsense`, expected one of true_positive"),
        ("false_positive", "   ", "the reason is empty, expected a sentence"),
    ],
)
def test_closing_without_a_judgement_is_refused(
    investigation: Investigation, mara: User, disposition: str, reason: str, message: str
) -> None:
    with pytest.raises(InvestigationError, match=message):
        services.close(investigation, disposition=disposition, reason=reason, now=NOW, actor=mara)
    assert Investigation.objects.get().status == "new"


def test_reopening_takes_the_disposition_back(investigation: Investigation, mara: User) -> None:
    services.claim(investigation, actor=mara)
    services.close(investigation, disposition="false_positive", reason="looks fine", now=NOW, actor=mara)
    services.reopen(investigation, reason="the bank says otherwise", actor=mara)
    assert (investigation.status, investigation.disposition, investigation.closed_at) == ("active", "", None)


def test_reopening_is_refused_while_the_same_cause_is_open_elsewhere(investigation: Investigation, mara: User) -> None:
    services.close(investigation, disposition="true_positive", reason="known sender", now=NOW, actor=mara)
    fresh = open_one()
    with pytest.raises(InvestigationError, match=f"the same cause is open as investigation {fresh.pk}"):
        services.reopen(investigation, reason="more calls", actor=mara)


def test_reopening_what_is_open_is_refused(investigation: Investigation, mara: User) -> None:
    with pytest.raises(InvestigationError, match="is open already"):
        services.reopen(investigation, reason="why not", actor=mara)


def test_a_viewer_changes_nothing(investigation: Investigation, viewer: User) -> None:
    attempts = (
        lambda: services.claim(investigation, actor=viewer),
        lambda: services.assign(investigation, assignee=None, seen=None, actor=viewer),
        lambda: services.comment(investigation, "hello", actor=viewer),
        lambda: services.close(investigation, disposition="false_positive", reason="x", now=NOW, actor=viewer),
        lambda: services.reopen(investigation, reason="x", actor=viewer),
    )
    for attempt in attempts:
        with pytest.raises(PermissionDenied):
            attempt()
    assert history(investigation) == []
    assert Investigation.objects.get().status == "new"
