"""Erasure on request: what calls of a person said goes, the decision record stays, and the audit trail says who asked.

Found are calls whose user or destination it is, and those with that mail address among their words in the search.
"""

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet

from guardrail.erasing import erase_texts
from guardrail.models import PendingIntake, SearchEntry
from guardrail.search.finding import entries_with_word
from guardrail.search.words import normal
from investigations.holds import HoldError, checked_reason, held_among, held_of, keep_still
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
    rows = _rows(subject)
    held = held_of(rows)
    early = rows.filter(pk__in=PendingIntake.objects.values("pk")).exclude(pk__in=held.values("pk"))
    counts = Preview(calls=0, held=held.count(), early=early.count())
    return replace(counts, calls=rows.count() - counts.held - counts.early)


def erase(subject: Subject, *, reason: str, actor: AbstractBaseUser | None, most: int | None = MOST) -> Erased:
    """Erase up to `most` calls, None = all, in batches with a line each. Safe to run twice. Raises ErasureError."""
    require(actor, Permission.ERASE)
    try:
        reason = checked_reason(reason)
    except HoldError as error:
        raise ErasureError(str(error)) from None
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
    """Investigations keep what was found, and name nobody. A name inside of another word, or address, is another's."""
    named = re.compile(rf"(?i)(?<![\w.@+-]){re.escape(subject.value)}(?![\w@+-]|\.\w)")
    of_calls = InvestigationCall.objects.filter(verdict_id__in=ids).values("investigation_id")
    for case in Investigation.objects.select_for_update().filter(pk__in=of_calls).order_by("pk"):
        changed = {}
        for name in ("title", "user_id", "destination", "author", "facts", "seen"):
            value = getattr(case, name)
            if (renamed := _renamed(value, named, subject.alias)) != value:
                changed[name] = renamed
        if changed:
            Investigation.objects.filter(pk=case.pk).update(**changed)


def _rename_shared(subject: Subject) -> None:
    SharedKey.objects.filter(label__iexact=subject.value).update(label=subject.alias)


def _renamed(value: Any, named: re.Pattern[str], alias: str) -> Any:
    """Any JSON value with whoever is `named` in its texts, and in names that are data, under the alias."""
    if isinstance(value, str):
        return named.sub(alias, value)
    if isinstance(value, dict):
        return {name: _renamed(one, named, alias) for name, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, named, alias) for one in value]
    return value


def _find(subject: Subject, *, after: uuid.UUID | None, most: int | None) -> list[uuid.UUID]:
    rows = _rows(subject)
    rows = rows.filter(pk__gt=after) if after else rows
    return list(rows.order_by("pk").values_list("pk", flat=True)[:most])


def _rows(subject: Subject) -> QuerySet[SearchEntry]:
    return SearchEntry.objects.filter(
        Q(user_id=subject.value)
        | Q(destination=subject.value.lower())
        | Q(pk__in=entries_with_word(normal(subject.value)))
    )


def _early(ids: list[uuid.UUID]) -> frozenset[uuid.UUID]:
    return frozenset(PendingIntake.objects.filter(pk__in=ids).values_list("pk", flat=True))
