"""From a draft to a version: asking for review, approving, sending back, publishing, and rolling back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.utils import timezone

from policies import audit
from policies.access import Permission, may, require
from policies.load import compiled, load_document
from policies.models import PolicyDraft, PolicyVersion
from policies.policy_parts import changes_between, digest_of
from policies.ruleset import RulesetError
from policies.services.classes import ClassError
from policies.services.destinations import DestinationRefused
from policies.services.drafts import LONGEST_REASON, DraftError, lock_draft
from policies.services.exceptions import ExceptionRefused
from policies.services.four_eyes import four_eyes, load_hands
from policies.services.inventory import InventoryError
from policies.services.policy_lists import apply_lists, digest_of_changes, load_list_changes, lock_lists
from policies.services.publish import newest_version, publish

# One person alone goes back to what was in force so lately: an emergency is a version that has just been published.
ALONE_DAYS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why a draft cannot be published as it is. `overridable` = a person may publish it all the same, with a reason."""

    text: str
    overridable: bool = False


class NotPublishable(DraftError):
    """A draft that cannot be published; `obstacles` says why."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__("; ".join(obstacle.text for obstacle in obstacles))
        self.obstacles = tuple(obstacles)


@transaction.atomic
def ask_for_review(
    draft_pk: int, *, revision: int, reason: str, reviewer: AbstractBaseUser | None, actor: AbstractBaseUser | None
) -> PolicyDraft:
    """Show the draft to somebody who may approve it; `reviewer` None = to whoever may. `reason` says why it is changed.

    Raises DraftError, field `reviewer`, for one who wrote a part of it or may not change policy.
    """
    draft = lock_draft(draft_pk, revision=revision, actor=actor)
    draft.reason = _reason(reason)
    if reviewer is not None:
        _require_reviewer(draft, reviewer, field="reviewer")
    draft.asked_id = reviewer.pk if reviewer else None
    draft.state = PolicyDraft.State.IN_REVIEW
    draft.remark = ""
    draft.save(update_fields=["reason", "asked", "state", "remark"])
    audit.record(
        actor=actor,
        action="draft.review_asked",
        draft=draft.pk,
        title=draft.title,
        revision=revision,
        reviewer=reviewer.get_username() if reviewer else "",
        reason=draft.reason,
    )
    return draft


@transaction.atomic
def approve_draft(draft_pk: int, *, revision: int, actor: AbstractBaseUser) -> PolicyDraft:
    """Approve this revision, and no later one. Raises DraftError when the actor wrote any part of it."""
    draft = lock_draft(draft_pk, revision=revision, actor=actor)
    _require_in_review(draft)
    _require_reviewer(draft, actor, field="")
    draft.reviewer_id = actor.pk
    draft.reviewed_at = timezone.now()
    draft.approved_revision = revision
    draft.remark = ""
    draft.save(update_fields=["reviewer", "reviewed_at", "approved_revision", "remark"])
    audit.record(
        actor=actor,
        action="draft.approved",
        draft=draft.pk,
        title=draft.title,
        revision=revision,
        digest=digest_of(draft.document),
    )
    return draft


@transaction.atomic
def send_back(draft_pk: int, *, revision: int, reason: str, actor: AbstractBaseUser) -> PolicyDraft:
    """Ask for changes: the draft is open again, without an approval and with the reviewer's reason."""
    draft = lock_draft(draft_pk, revision=revision, actor=actor)
    _require_in_review(draft)
    draft.remark = _reason(reason)
    draft.reviewer_id = actor.pk
    draft.reviewed_at = timezone.now()
    draft.approved_revision = None
    draft.state = PolicyDraft.State.OPEN
    draft.save(update_fields=["remark", "reviewer", "reviewed_at", "approved_revision", "state"])
    audit.record(
        actor=actor, action="draft.sent_back", draft=draft.pk, title=draft.title, revision=revision, reason=draft.remark
    )
    return draft


def load_obstacles(draft: PolicyDraft, *, failing: Iterable[str] = ()) -> tuple[Obstacle, ...]:
    """Everything that stands between this draft and its publication; `failing` names its test cases that fail.

    Up to five queries; it does not compile the draft together with the lists, which `publish_draft` does.
    """
    found = []
    newest = PolicyVersion.objects.only("number").first()
    if newest is not None and newest.pk != draft.base_id:
        told = f"{newest} was published after this draft began from {draft.base}: bring it up to date first"
        found.append(Obstacle(text=told))
    if not changes_between(draft.base.document, draft.document) and not any(draft.lists.values()):
        found.append(Obstacle(text=f"it says what {draft.base} says"))
    if four_eyes():
        found += _not_seen(draft)
    cases = sorted(failing)
    if cases:
        told = f"{len(cases)} test case{'s fail' if len(cases) > 1 else ' fails'}: {', '.join(cases[:5])}"
        found.append(Obstacle(text=told, overridable=True))
    return tuple(found)


@transaction.atomic
def publish_draft(
    draft_pk: int,
    *,
    revision: int,
    reason: str,
    actor: AbstractBaseUser | None,
    failing: Iterable[str] = (),
    override: str = "",
    with_lists: bool = False,
    lists_seen: str = "",
) -> PolicyVersion:
    """Make the draft the policy in force; every web process judges by it within a second.

    `failing` names the test cases that fail: they refuse it unless `override` gives a reason. `with_lists` also changes
    the lists as the imported document says, where that is still what `lists_seen` is the digest of. Raises
    NotPublishable, and changes nothing, also when it does not compile.
    """
    draft = lock_draft(draft_pk, revision=revision, actor=actor)
    newest_version()  # from here on nobody else publishes
    cases = tuple(failing)
    obstacles = load_obstacles(draft, failing=cases)
    if [one for one in obstacles if not (one.overridable and override.strip())]:
        raise NotPublishable(obstacles)
    try:
        if with_lists:
            lock_lists(draft.lists)
            if digest_of_changes(load_list_changes(draft.lists)) != lists_seen:
                raise NotPublishable([Obstacle(text="its lists differ otherwise than when you looked: look again")])
            apply_lists(draft.lists, actor=actor)
    except (ClassError, InventoryError, DestinationRefused, ExceptionRefused) as error:
        raise NotPublishable([Obstacle(text=f"its lists cannot be taken over: {error}")]) from error
    try:
        compiled({**load_document(), **draft.document})
    except RulesetError as error:
        raise NotPublishable([Obstacle(text=f"it does not compile together with the lists: {error}")]) from error
    version = publish(
        draft.document,
        actor=actor,
        reason=_reason(reason),
        title=draft.title,
        authors=sorted(author.get_username() for author in draft.authors.all()),
        reviewer=draft.reviewer if draft.approved else None,
        draft=draft.pk,
        failing=sorted(cases),
        override=override.strip()[:LONGEST_REASON],
        lists=with_lists,
    )
    draft.state = PolicyDraft.State.PUBLISHED
    draft.version = version
    draft.reason = version.reason
    draft.lists = {}
    draft.save(update_fields=["state", "version", "reason", "lists"])
    draft.revisions.all().delete()
    return version


@transaction.atomic
def roll_back(number: int, *, reason: str, actor: AbstractBaseUser | None) -> PolicyVersion:
    """Publish the document of version `number` anew, as the newest version.

    Needs no second person where it was in force lately (`needs_second_person`). Raises DraftError when it does, or says
    what is in force, and NotPublishable when it does not compile any more.
    """
    require(actor, Permission.CHANGE_POLICY)
    newest = newest_version()
    restored = PolicyVersion.objects.get(number=number)
    if newest is None or not changes_between(newest.document, restored.document):
        raise DraftError(f"{newest} says what {restored} says, expected a version that differs")
    if needs_second_person(restored, now=timezone.now()):
        told = f"{restored} was not in force in the last {ALONE_DAYS} days"
        raise DraftError(f"{told}, expected a draft of what it says that a second person approves")
    told = _reason(reason)
    try:
        return publish(
            restored.document,
            actor=actor,
            reason=told,
            title=f"Back to {restored}",
            authors=restored.authors,
            reviewer=restored.reviewer,
            restores=restored,
            restored=number,
        )
    except RulesetError as error:
        raise NotPublishable([Obstacle(text=f"{restored} does not compile any more: {error}")]) from error


def needs_second_person(version: PolicyVersion, *, now: datetime) -> bool:
    """Whether nobody may go back to `version` alone: four eyes hold, and it was not in force lately. Two queries.

    Who took over one admin's account could otherwise undo every publication since the first with one click.
    """
    after = PolicyVersion.objects.filter(number=version.number + 1).values_list("published_at", flat=True).first()
    return after is not None and after < now - timedelta(days=ALONE_DAYS) and four_eyes()


def _not_seen(draft: PolicyDraft) -> list[Obstacle]:
    """Why no second person stands behind the draft; empty where one does."""
    if not draft.approved or draft.reviewer is None:
        return [Obstacle(text="somebody who wrote no part of it has to approve it")]
    if not may(draft.reviewer, Permission.CHANGE_POLICY):
        told = f"`{draft.reviewer}` approved it and may not change policy any more: somebody else has to approve it"
        return [Obstacle(text=told)]
    return []


def _require_in_review(draft: PolicyDraft) -> None:
    if draft.state != PolicyDraft.State.IN_REVIEW:
        raise DraftError(f"the draft is {draft.get_state_display()}, expected one whose author asked for review")


def _require_reviewer(draft: PolicyDraft, reviewer: AbstractBaseUser, *, field: str) -> None:
    if not isinstance(reviewer, User) or not may(reviewer, Permission.CHANGE_POLICY):
        raise DraftError(f"`{reviewer.get_username()}` may not change policy, expected somebody who may", field=field)
    if draft.authors.filter(pk=reviewer.pk).exists():
        raise DraftError(
            f"`{reviewer.get_username()}` wrote a part of this draft, expected somebody who did not", field=field
        )
    if told := load_hands(now=timezone.now()).between(reviewer, draft.authors.order_by("username")):
        raise DraftError(f"{told}, expected somebody else to approve it", field=field)


def _reason(text: str) -> str:
    reason = text.replace("\x00", "").strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise DraftError(f"`reason` has {len(reason)} characters, expected 1 to {LONGEST_REASON}", field="reason")
    return reason
