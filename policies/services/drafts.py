"""Drafts of a policy: opened from the version in force, saved by several people, reviewed, published, or discarded.

Every save names the revision its editor started from. Where the draft has moved on since, nothing is written and
`DraftConflict` tells what the other one changed beside what this one wanted; `apply_to_draft` takes the part of it that
is still wanted. Nothing here reaches judging before `policies.services.publication`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from policies import audit
from policies.access import Permission, require
from policies.models import PolicyDraft, PolicyDraftRevision, PolicyVersion
from policies.policy_document import Complaint, complaints_on, policy_of
from policies.policy_parts import Change, Part, apply_changes, changes_between, key_of, touching
from policies.services.publish import newest_version

LONGEST_TITLE = 200
LONGEST_REASON = 4000
# Saves of one draft that are kept to compare with: each holds the whole document.
KEPT_REVISIONS = 200


class DraftError(ValueError):
    """A change of a draft that is refused; `field` is the form's field it is about, empty for the whole.

    `complaints` are what is wrong with the document, where that is why.
    """

    def __init__(self, text: str, *, field: str = "", complaints: tuple[Complaint, ...] = ()) -> None:
        super().__init__(text)
        self.field = field
        self.complaints = complaints


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """One save of somebody else's since the editor began."""

    revision: int
    by: str
    at: Any


class DraftConflict(DraftError):
    """Somebody else saved in the meantime, or published. Nothing was written.

    `theirs` is what they changed since the revision this editor started from, `mine` what this editor wants changed,
    `touching` the parts of `mine` that they changed too, and to something else. `draft` is as it is now.
    """

    def __init__(
        self,
        draft: PolicyDraft,
        *,
        mine: tuple[Change, ...],
        theirs: tuple[Change, ...],
        saves: tuple[Saved, ...] = (),
        published: PolicyVersion | None = None,
    ) -> None:
        what = f"{published} was published" if published else f"it is at revision {draft.revision}"
        super().__init__(f"the draft was begun from another state: {what}, expected your changes to be looked at again")
        self.draft = draft
        self.mine = mine
        self.theirs = theirs
        self.touching: frozenset[Part] = touching(mine, theirs)
        self.saves = saves
        self.published = published


@transaction.atomic
def open_draft(
    *,
    title: str,
    actor: AbstractBaseUser | None,
    document: Mapping[str, Any] | None = None,
    lists: Mapping[str, Any] | None = None,
    reason: str = "",
) -> PolicyDraft:
    """Begin a draft from the version in force, with its document or with another one. Raises DraftError.

    `lists` are entries of live tables that came with an imported document; see `policies.services.policy_lists`.
    """
    require(actor, Permission.CHANGE_POLICY)
    base = PolicyVersion.objects.first()
    if base is None:
        raise DraftError("no policy is published, expected one to begin from: `manage.py bootstrap` publishes it")
    draft = PolicyDraft.objects.create(
        base=base,
        title=_title(title),
        reason=reason[:LONGEST_REASON],
        document=base.document if document is None else _checked(document),
        lists=dict(lists or {}),
        saved_by_id=actor.pk if actor else None,
    )
    _keep_revision(draft)
    if actor:
        draft.authors.add(actor.pk)
    audit.record(actor=actor, action="draft.opened", draft=draft.pk, title=draft.title, base=base.number)
    return draft


@transaction.atomic
def save_draft(
    draft_pk: int,
    *,
    revision: int,
    actor: AbstractBaseUser | None,
    document: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    title: str | None = None,
) -> PolicyDraft:
    """Save what an editor who started from `revision` wants; returns the draft with its new revision.

    Either the whole `document`, or `changes`: members of it to put in the place of those at that revision, such as
    `{"rules": [...]}`. Saving what is there already changes nothing, not even the revision. A save voids an approval
    and takes the draft out of review. Raises DraftConflict, and DraftError for what does not compile.
    """
    draft = _locked(draft_pk, actor)
    begun = _revision(draft, revision)
    wanted = _checked(document if document is not None else {**begun.document, **(changes or {})})
    named = begun.title if title is None else _title(title)
    mine = changes_between(begun.document, wanted)
    if revision != draft.revision and (mine or named != begun.title):
        raise _conflict(draft, begun, mine)
    return _save(draft, wanted, title=named, actor=actor)


def save_rule(
    draft_pk: int,
    *,
    name: str,
    entry: Mapping[str, Any] | None,
    revision: int,
    actor: AbstractBaseUser | None,
) -> PolicyDraft:
    """Put one rule in the place of the one called `name` (empty = add it; None = remove it), as `save_draft` does.

    Where the draft has none of that name any more, the rule is added. Raises DraftError, field `name`, when another
    rule of the draft has the new name, or there is none to remove.
    """
    with transaction.atomic():
        begun = _revision(_locked(draft_pk, actor), revision)
        rules: list[Mapping[str, Any]] = list(begun.document.get("rules") or ())
        names = [rule.get("name") for rule in rules]
        if entry is not None and entry.get("name") != name and entry.get("name") in names:
            raise DraftError(f"`name` is `{entry.get('name')}`, expected a name no other rule has", field="name")
        if entry is None and name not in names:
            raise DraftError(f"the draft has no rule `{name}`", field="name")
        put = [] if entry is None else [entry]
        at = names.index(name) if name in names else len(rules)
        return save_draft(
            draft_pk, changes={"rules": [*rules[:at], *put, *rules[at + 1 :]]}, revision=revision, actor=actor
        )


@transaction.atomic
def apply_to_draft(
    draft_pk: int, *, changes: Iterable[Change], revision: int, actor: AbstractBaseUser | None
) -> PolicyDraft:
    """Put these changes on top of the draft as it is at `revision`, whatever they were made from. Raises DraftConflict.

    This is how an editor answers a conflict, having seen both sides.
    """
    draft = _locked(draft_pk, actor)
    mine = tuple(changes)
    if revision != draft.revision:
        raise _conflict(draft, _revision(draft, revision), mine)
    return _save(draft, _checked(apply_changes(draft.document, mine)), title=draft.title, actor=actor)


@transaction.atomic
def bring_up_to_date(
    draft_pk: int, *, revision: int, actor: AbstractBaseUser | None, keep: Iterable[Part] | None = None
) -> PolicyDraft:
    """Base the draft on the version in force: that one with the draft's changes on top, so that none is undone.

    Raises DraftConflict with `published` where both changed the same part, until `keep` says which of the draft's
    changes stay.
    """
    draft = _locked(draft_pk, actor)
    newest = newest_version()
    if revision != draft.revision:
        raise _conflict(draft, _revision(draft, revision), ())
    if newest is None or newest.pk == draft.base_id:
        return draft
    mine = changes_between(draft.base.document, draft.document)
    theirs = changes_between(draft.base.document, newest.document)
    if keep is None and touching(mine, theirs):
        raise DraftConflict(draft, mine=mine, theirs=theirs, published=newest)
    kept = None if keep is None else frozenset(keep)
    wanted = apply_changes(newest.document, [change for change in mine if kept is None or change.part in kept])
    draft.base = newest
    draft.save(update_fields=["base"])
    audit.record(actor=actor, action="draft.brought_up_to_date", draft=draft.pk, base=newest.number)
    return _save(draft, _checked(wanted), title=draft.title, actor=actor)


@transaction.atomic
def discard_draft(draft_pk: int, *, revision: int, actor: AbstractBaseUser | None) -> PolicyDraft:
    """Give a draft up; what it said at the end stays readable. Raises DraftConflict when it was saved meanwhile."""
    draft = _locked(draft_pk, actor)
    _require_current(draft, revision)
    draft.state = PolicyDraft.State.DISCARDED
    draft.lists = {}
    draft.save(update_fields=["state", "lists"])
    draft.revisions.all().delete()
    audit.record(actor=actor, action="draft.discarded", draft=draft.pk, title=draft.title)
    return draft


def lock_draft(draft_pk: int, *, revision: int, actor: AbstractBaseUser | None) -> PolicyDraft:
    """The draft, locked for the open transaction. Raises as `save_draft` does when it was closed or has moved on."""
    draft = _locked(draft_pk, actor)
    _require_current(draft, revision)
    return draft


def _locked(draft_pk: int, actor: AbstractBaseUser | None) -> PolicyDraft:
    require(actor, Permission.CHANGE_POLICY)
    draft = PolicyDraft.objects.select_for_update().get(pk=draft_pk)
    if not draft.worked_on:
        raise DraftError(f"the draft is {draft.get_state_display()}, expected one that is worked on")
    return draft


def _require_current(draft: PolicyDraft, revision: int) -> None:
    if revision != draft.revision:
        raise _conflict(draft, _revision(draft, revision), ())


def _revision(draft: PolicyDraft, revision: int) -> PolicyDraftRevision:
    found = draft.revisions.filter(revision=revision).first()
    if found is None:
        oldest = max(1, draft.revision - KEPT_REVISIONS + 1)
        raise DraftError(f"the draft has no revision `{revision}`, expected one from {oldest} to {draft.revision}")
    return found


def _conflict(draft: PolicyDraft, begun: PolicyDraftRevision, mine: tuple[Change, ...]) -> DraftConflict:
    later = draft.revisions.filter(revision__gt=begun.revision).select_related("saved_by").defer("document")
    return DraftConflict(
        draft,
        mine=mine,
        theirs=changes_between(begun.document, draft.document),
        saves=tuple(
            Saved(revision=row.revision, by=row.saved_by.get_username() if row.saved_by else "system", at=row.saved_at)
            for row in later
        ),
    )


def _save(draft: PolicyDraft, document: dict[str, Any], *, title: str, actor: AbstractBaseUser | None) -> PolicyDraft:
    made = changes_between(draft.document, document)
    if not made and title == draft.title:
        return draft
    draft.document = document
    draft.title = title
    draft.revision += 1
    draft.state = PolicyDraft.State.OPEN
    draft.saved_at = timezone.now()
    draft.saved_by_id = actor.pk if actor else None
    draft.approved_revision = None
    fields = ["document", "title", "revision", "state", "saved_at", "saved_by", "approved_revision"]
    draft.save(update_fields=fields)
    _keep_revision(draft)
    if actor:
        draft.authors.add(actor.pk)
    audit.record(
        actor=actor,
        action="draft.saved",
        draft=draft.pk,
        title=title,
        revision=draft.revision,
        changes=[f"{change.kind} {key_of(change.part)}" for change in made],
    )
    return draft


def _keep_revision(draft: PolicyDraft) -> None:
    PolicyDraftRevision.objects.create(
        draft=draft,
        revision=draft.revision,
        title=draft.title,
        document=draft.document,
        saved_at=draft.saved_at,
        saved_by_id=draft.saved_by_id,
    )
    draft.revisions.filter(revision__lte=draft.revision - KEPT_REVISIONS).delete()


def _title(title: str) -> str:
    text = " ".join(title.replace("\x00", "").split())
    if not text or len(text) > LONGEST_TITLE:
        raise DraftError(f"`title` has {len(text)} characters, expected 1 to {LONGEST_TITLE}", field="title")
    return text


def _checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of `document` a version holds. Raises DraftError with everything that is wrong, a line each."""
    held = policy_of(document)
    complaints = complaints_on(held)
    if complaints:
        text = "\n".join(complaint.text for complaint in complaints)
        raise DraftError(text, field="document", complaints=complaints)
    return held
