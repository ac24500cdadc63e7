"""Changes to the dictionaries and patterns of a data class; see `policies.services.classes` for revisions.

Which phrases a dictionary holds is no matter of the audit trail: they may be the very words that must not get out.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies.models import ClassDictionary, ClassPattern, DataClass
from policies.recognition.patterns import PatternError, compile_pattern, require_fast
from policies.recognition.phrases import MOST_IN_ALL, PhraseError, read_phrases
from policies.services.classes import ClassError, lock_class, save_changed

MOST_DICTIONARIES = 20
MOST_PATTERNS = 200
MOST_WANTED = 1000
LONGEST_SAMPLE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class DictionarySettings:
    """What an admin decides for a dictionary. `phrases` is a text with one on each line."""

    name: str
    phrases: str
    fewest: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PatternSettings:
    """What an admin decides for a pattern. `sample` is a text it must be found in."""

    name: str
    pattern: str
    sample: str
    fewest: int = 1


@transaction.atomic
def save_dictionary(
    class_pk: int, settings: DictionarySettings, *, revision: int, actor: AbstractBaseUser | None, pk: int = 0
) -> ClassDictionary:
    """Add a dictionary to a class, or put it in the place of the one with `pk`, 0 = none. Raises ClassError."""
    found = lock_class(class_pk, revision=revision, actor=actor)
    name = _name(settings.name)
    try:
        phrases = list(read_phrases(settings.phrases))
    except PhraseError as error:
        raise ClassError("phrases", str(error)) from None
    if not phrases:
        raise ClassError("phrases", "there is no phrase, expected one on each line")
    others = ClassDictionary.objects.exclude(pk=pk)
    if sum(len(each) for each in others.values_list("phrases", flat=True)) + len(phrases) > MOST_IN_ALL:
        raise ClassError("phrases", f"all dictionaries together would have more than {MOST_IN_ALL} phrases")
    _require_room(found, ClassDictionary.objects.filter(data_class=found).exclude(pk=pk), name, MOST_DICTIONARIES)
    row: ClassDictionary = _row(ClassDictionary, found, pk)
    row.name, row.phrases, row.fewest = name, phrases, _fewest(settings.fewest)
    row.save()
    digest = hashlib.sha256("\n".join(phrases).encode()).hexdigest()
    save_changed(
        found, "dictionary_saved", actor=actor, dictionary=name, phrases=len(phrases), digest=digest, fewest=row.fewest
    )
    return row


@transaction.atomic
def save_pattern(
    class_pk: int, settings: PatternSettings, *, revision: int, actor: AbstractBaseUser | None, pk: int = 0
) -> ClassPattern:
    """Add a pattern to a class, or put it in the place of the one with `pk`, 0 = none. Raises ClassError.

    It is tried on its sample and timed on text made to be slow: up to a second.
    """
    found = lock_class(class_pk, revision=revision, actor=actor)
    name = _name(settings.name)
    pattern = checked_pattern(settings.pattern, settings.sample)
    _require_room(found, ClassPattern.objects.filter(data_class=found).exclude(pk=pk), name, MOST_PATTERNS)
    if ClassPattern.objects.exclude(pk=pk).count() >= MOST_PATTERNS:
        raise ClassError("name", f"there are {MOST_PATTERNS} patterns already, expected one to be removed first")
    row: ClassPattern = _row(ClassPattern, found, pk)
    row.name, row.pattern, row.sample, row.fewest = name, pattern, settings.sample, _fewest(settings.fewest)
    row.save()
    save_changed(found, "pattern_saved", actor=actor, pattern=name, text=pattern, fewest=row.fewest)
    return row


@transaction.atomic
def remove_dictionary(class_pk: int, pk: int, *, revision: int, actor: AbstractBaseUser | None) -> None:
    """Forget a dictionary."""
    found = lock_class(class_pk, revision=revision, actor=actor)
    row = ClassDictionary.objects.get(data_class=found, pk=pk)
    row.delete()
    save_changed(found, "dictionary_removed", actor=actor, dictionary=row.name)


@transaction.atomic
def remove_pattern(class_pk: int, pk: int, *, revision: int, actor: AbstractBaseUser | None) -> None:
    """Forget a pattern."""
    found = lock_class(class_pk, revision=revision, actor=actor)
    row = ClassPattern.objects.get(data_class=found, pk=pk)
    row.delete()
    save_changed(found, "pattern_removed", actor=actor, pattern=row.name, text=row.pattern)


def checked_pattern(pattern: str, sample: str) -> str:
    """A pattern that compiles, is fast enough and is found in its sample. Raises ClassError."""
    pattern = pattern.strip()
    try:
        compiled = compile_pattern(pattern)
        require_fast(compiled, clock=time.thread_time)
    except PatternError as error:
        raise ClassError("pattern", str(error)) from None
    if not 0 < len(sample) <= LONGEST_SAMPLE:
        raise ClassError("sample", f"the sample has {len(sample)} characters, expected 1 to {LONGEST_SAMPLE}")
    content = sample.encode("utf-8", "replace")
    if next(compiled.spans(content, is_over=lambda: False), None) is None:
        raise ClassError("sample", "the pattern is not found in its sample, expected a text that has one")
    return pattern


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= 100 or not name.isprintable() or "`" in name:
        raise ClassError("name", f"the name has {len(name)} characters, expected 1 to 100 that people can see")
    return name


def _fewest(fewest: int) -> int:
    if not 1 <= fewest <= MOST_WANTED:
        raise ClassError("fewest", f"`{fewest}`, expected 1 to {MOST_WANTED}")
    return fewest


def _require_room(found: DataClass, others: Any, name: str, most: int) -> None:
    names = set(others.values_list("name", flat=True))
    if name in names:
        raise ClassError("name", f"`{found.name}` has one called `{name}` already, expected a name of its own")
    if len(names) >= most:
        raise ClassError("name", f"`{found.name}` has {most} already, expected one to be removed first")


def _row(kind: Any, found: DataClass, pk: int) -> Any:
    return kind(data_class=found) if not pk else kind.objects.get(data_class=found, pk=pk)
