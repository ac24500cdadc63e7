"""Erasure on request: what calls of a person said goes, the decision record stays, and the audit trail says who asked.

Found are calls whose user or destination it is, and those with that mail address among their words in the search.
"""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from guardrail.erasing import erase_texts
from guardrail.models import PendingIntake, SearchEntry
from guardrail.search.finding import entries_with_word
from guardrail.search.words import normal
from investigations.holds import LONGEST_REASON, SHORTEST_REASON, held_among, keep_still
from investigations.models import Investigation, InvestigationCall, SharedKey
from policies import audit
from policies.access import Permission, require

# Calls of one transaction, and of one request of a page.
BATCH, MOST = 50, 1_000
LONGEST_SUBJECT = 200


class ErasureError(ValueError):
    """A request that is refused; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Whose calls: a user as calls name one, or a mail address."""

    value: str

    @property
    def alias(self) -> str:
        """What stands in the record in their place, the same every time, and tells nobody who it was."""
        key = settings.SECRET_KEY.encode()
        return f"erased-{hmac.new(key, f'erasing {self.value.lower()}'.encode(), hashlib.sha256).hexdigest()[:12]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What erasing would come to: `held` are under a legal hold, `early` are not taken in yet; both stay."""

    calls: int
    held: int
    early: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was done. `more` = there are calls left that could be erased: once more."""

    calls: int
    transcripts: int
    held: int
    early: int
    more: bool


def subject_of(text: str) -> Subject:
    """Raises ErasureError."""
    value = text.strip().replace("\x00", "")
    if not 3 <= len(value) <= LONGEST_SUBJECT:
        raise ErasureError(
            f"it has {len(value)} characters, expected a user or a mail address of 3 to {LONGEST_SUBJECT}"
        )
    return Subject(value=value)


def preview(subject: Subject, *, actor: AbstractBaseUser | None) -> Preview:
    """How many calls; nothing changes."""
    require(actor, Permission.ERASE)
    ids = _find(subject, after=None, most=None)
    held = held_among(ids)
    early = _early(ids) - held
    return Preview(calls=len(ids) - len(held) - len(early), held=len(held), early=len(early))


def erase(subject: Subject, *, reason: str, actor: AbstractBaseUser | None, most: int | None = MOST) -> Erased:
    """Erase up to `most` calls, None = all, in batches with a line each. Safe to run twice. Raises ErasureError."""
    require(actor, Permission.ERASE)
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise ErasureError(f"the reason has {len(reason)} characters, expected {SHORTEST_REASON} to {LONGEST_REASON}")
    calls = transcripts = held = early = 0
    after = None
    while most is None or calls < most:
        ids = _find(subject, after=after, most=BATCH)
        if not ids:
            return Erased(calls=calls, transcripts=transcripts, held=held, early=early, more=False)
        kept, waiting, gone, bodies = _erase_batch(ids, subject, reason=reason, actor=actor)
        held, early, calls, transcripts = held + kept, early + waiting, calls + gone, transcripts + bodies
        after = ids[-1]
    return Erased(
        calls=calls, transcripts=transcripts, held=held, early=early, more=bool(_find(subject, after=after, most=1))
    )


@transaction.atomic
def _erase_batch(
    ids: list[uuid.UUID], subject: Subject, *, reason: str, actor: AbstractBaseUser | None
) -> tuple[int, int, int, int]:
    """(held, not taken in, erased, transcripts)."""
    keep_still()
    held = held_among(ids)
    early = _early(ids) - held
    free = [pk for pk in ids if pk not in held and pk not in early]
    bodies = erase_texts(free, whose=subject.value, alias=subject.alias) if free else 0
    _rename_in_cases(free, subject)
    _rename_shared(subject)
    if free:
        audit.record(
            actor=actor,
            action="calls.erased",
            subject=subject.alias,
            calls=len(free),
            transcripts=bodies,
            reason=reason,
        )
    return len(held), len(early), len(free), bodies


def _rename_in_cases(ids: list[uuid.UUID], subject: Subject) -> None:
    """Investigations keep what was found, and name nobody."""
    of_calls = InvestigationCall.objects.filter(verdict_id__in=ids).values("investigation_id")
    for case in Investigation.objects.select_for_update().filter(pk__in=of_calls).order_by("pk"):
        changed = {}
        for name in ("title", "user_id", "destination", "author"):
            value = getattr(case, name)
            if subject.value in value:
                changed[name] = value.replace(subject.value, subject.alias)
        quoted = json.dumps(subject.value, ensure_ascii=False)[1:-1]
        for name in ("facts", "seen"):
            said = json.dumps(getattr(case, name), ensure_ascii=False)
            if quoted in said:
                changed[name] = json.loads(said.replace(quoted, subject.alias))
        if changed:
            Investigation.objects.filter(pk=case.pk).update(**changed)


def _rename_shared(subject: Subject) -> None:
    SharedKey.objects.filter(label=subject.value).update(label=subject.alias)


def _find(subject: Subject, *, after: uuid.UUID | None, most: int | None) -> list[uuid.UUID]:
    rows = SearchEntry.objects.filter(
        Q(user_id=subject.value)
        | Q(destination=subject.value.lower())
        | Q(pk__in=entries_with_word(normal(subject.value)))
    )
    rows = rows.filter(pk__gt=after) if after else rows
    return list(rows.order_by("pk").values_list("pk", flat=True)[:most])


def _early(ids: list[uuid.UUID]) -> frozenset[uuid.UUID]:
    return frozenset(PendingIntake.objects.filter(pk__in=ids).values_list("pk", flat=True))
