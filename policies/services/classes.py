"""Changes to data classes and what they are recognised by; each holds for the next call in every web process.

Every change names the revision its editor began from: where the class has moved on since, nothing is written.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Max

from policies import audit
from policies.access import Permission, require
from policies.load import load_class_entries
from policies.models import ClassifiedFile, DataClass, DocumentFingerprints, FingerprintIndex, PolicyVersion
from policies.recognition.kinds import KIND_NAMES
from policies.recognition.places import MOST_PLACES, PlaceError, checked_place, compile_places, require_fast
from policies.recognition.recognisers import compile_recognition
from policies.services.fingerprints import compile_index
from policies.services.publish import changed

MOST_CLASSES = 50
MOST_TERMS = 1000
MOST_LABELS = 200
_LONGEST = {"terms": 1000, "labels": 200}
_SHOWN = 20
# Taken before any other lock.
_NAMES_LOCK = 7_221_011
_LISTS = ("terms", "labels", "places", "kinds")
_USUAL = (
    ("public", "Anybody may have it"),
    ("internal", "For everybody who works here"),
    ("confidential", "For those who need it"),
    ("restricted", "For named persons"),
)


class ClassError(ValueError):
    """A change that is refused; the message says what was found and what is wanted, `field` where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ClassMoved(ClassError):
    """Somebody else changed the class since the editor began; nothing was written."""

    def __init__(self, found: DataClass) -> None:
        super().__init__("", f"somebody else changed `{found.name}` since you began, expected you to look at it again")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassSettings:
    """What an admin decides for one class, but for its dictionaries and patterns."""

    name: str
    may_leave: bool
    note: str = ""
    terms: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@transaction.atomic
def add_class(settings: ClassSettings, *, actor: AbstractBaseUser | None) -> DataClass:
    """Add a class, above all others. Raises ClassError."""
    wait_for_others()
    require(actor, Permission.CHANGE_POLICY)
    wanted = _checked(settings)
    _require_free(wanted["name"], but=None)
    if DataClass.objects.count() >= MOST_CLASSES:
        raise ClassError("name", f"there are {MOST_CLASSES} classes already, expected one to be removed first")
    highest = DataClass.objects.aggregate(highest=Max("position"))["highest"] or 0
    added = DataClass.objects.create(**wanted, position=highest + 1)
    _forget_former(added.name)
    recheck()
    audit.record(actor=actor, action="class.added", data_class=added.name, **_told(wanted))
    changed()
    return added


@transaction.atomic
def add_usual_classes(*, actor: AbstractBaseUser | None) -> None:
    """Begin with public, internal, confidential and restricted. Raises ClassError where there is a class already.

    Nothing recognises them yet but a sensitivity label of their name.
    """
    require(actor, Permission.CHANGE_POLICY)
    wait_for_others()
    if DataClass.objects.exists():
        raise ClassError("", "there are classes already, expected none to begin with")
    for name, note in _USUAL:
        add_class(ClassSettings(name=name, may_leave=name == "public", note=note), actor=actor)


@transaction.atomic
def change_class(pk: int, settings: ClassSettings, *, revision: int, actor: AbstractBaseUser | None) -> DataClass:
    """Set what an admin decides for a class. Raises ClassError, and ClassMoved for another `revision`.

    A new name: policies keep knowing it by the former one, fingerprints are compiled anew.
    """
    require(actor, Permission.CHANGE_POLICY)
    wait_for_others()
    # before the class, as `save_fingerprints` takes them: the other way round two at once would wait for each other
    FingerprintIndex.objects.select_for_update().filter(pk=1).values_list("pk").first()
    found = lock_class(pk, revision=revision, actor=actor)
    wanted = _checked(settings)
    was = {name: getattr(found, name) for name in wanted}
    if was == wanted:
        return found
    if wanted["name"] != found.name:
        _require_free(wanted["name"], but=found)
        former = [name for name in (*found.former_names, found.name) if name.lower() != wanted["name"].lower()]
        found.former_names = list(dict.fromkeys(former))
        _forget_former(wanted["name"])
    for name, value in wanted.items():
        setattr(found, name, value)
    if was["name"] != found.name:
        found.save()
        if DocumentFingerprints.objects.filter(data_class=found).exists():
            compile_index(FingerprintIndex.objects.get(pk=1))
    save_changed(found, "changed", actor=actor, changes=_changes(was, wanted))
    return found


@transaction.atomic
def order_classes(pks: Sequence[int], *, actor: AbstractBaseUser | None) -> None:
    """Put the classes in this order, the least protected first. Raises ClassError unless each is there once."""
    require(actor, Permission.CHANGE_POLICY)
    # by key, as everybody who locks several: in the order of the page two could wait for each other
    found = {one.pk: one for one in DataClass.objects.select_for_update().order_by("pk")}
    if sorted(pks) != sorted(found):
        raise ClassError("", "there are other classes now than you put in order, expected you to look again")
    for position, pk in enumerate(pks, start=1):
        found[pk].position = position
    DataClass.objects.bulk_update(found.values(), ["position"])
    audit.record(actor=actor, action="class.ordered", order=[found[pk].name for pk in pks])
    changed()


@transaction.atomic
def move_class(pk: int, *, by: int, actor: AbstractBaseUser | None) -> None:
    """Put a class so many places up (more protected), or down where that is negative. Raises ClassError.

    From where it stands by now: two people who move classes at once both get what they asked for.
    """
    require(actor, Permission.CHANGE_POLICY)
    list(DataClass.objects.select_for_update().order_by("pk").values_list("pk"))
    before = list(DataClass.objects.values_list("pk", flat=True))
    if pk not in before:
        raise ClassError("", "the class is there no more, expected you to look again")
    order = [one for one in before if one != pk]
    order.insert(min(max(before.index(pk) + by, 0), len(order)), pk)
    if order != before:
        order_classes(order, actor=actor)


@transaction.atomic
def remove_class(pk: int, *, revision: int, actor: AbstractBaseUser | None) -> None:
    """Forget a class that nothing is of. Raises ClassError for one that files, fingerprints or the policy name."""
    found = lock_class(pk, revision=revision, actor=actor)
    names = {name.lower() for name in (found.name, *found.former_names)}
    used = [
        (ClassifiedFile.objects.filter(data_class=found).count(), "files"),
        (DocumentFingerprints.objects.filter(data_class=found).count(), "documents with fingerprints"),
        (len(names & set(map(str.lower, flows_in_force()))), "flows of the policy in force"),
    ]
    for count, what in used:
        if count:
            raise ClassError("name", f"`{found.name}` is named by {what} ({count}), expected those to be changed first")
    found.delete()
    audit.record(actor=actor, action="class.removed", data_class=found.name)
    changed()


def lock_class(pk: int, *, revision: int, actor: AbstractBaseUser | None) -> DataClass:
    """The class, locked for the open transaction. Raises ClassMoved where it is not at `revision` any more."""
    require(actor, Permission.CHANGE_POLICY)
    found = DataClass.objects.select_for_update().get(pk=pk)
    if found.revision != revision:
        raise ClassMoved(found)
    return found


def save_changed(found: DataClass, action: str, *, actor: AbstractBaseUser | None, **detail: Any) -> None:
    """Save a class something of which was changed with its audit entry, and tell the web processes.

    In this order, as everywhere: whoever took the serial first would wait for one who holds the trail and wants it.
    """
    found.revision += 1
    found.save()
    recheck()
    audit.record(actor=actor, action=f"class.{action}", data_class=found.name, **detail)
    changed()


def recheck() -> None:
    """Raises ClassError where the classes together do not compile, so that no such state is ever committed."""
    try:
        compile_recognition(load_class_entries())
    except ValueError as error:
        raise ClassError("", str(error)) from None


def flows_in_force() -> dict[str, Any]:
    """The member `flows` of the policy in force. One query."""
    document = PolicyVersion.objects.values_list("document", flat=True).first() or {}
    flows = document.get("flows")
    return flows if isinstance(flows, dict) else {}


def _checked(settings: ClassSettings) -> dict[str, Any]:
    """The columns; raises ClassError for the first that cannot be."""
    name = " ".join(settings.name.split())
    if not 0 < len(name) <= 100 or not name.isprintable() or "`" in name:
        raise ClassError("name", f"the name has {len(name)} characters, expected 1 to 100 that people can see")
    if len(settings.note) > 300 or not settings.note.isprintable():
        raise ClassError("note", "the note is longer than 300 characters or has some nobody sees")
    unknown = sorted(set(settings.kinds) - KIND_NAMES)
    if unknown:
        raise ClassError("kinds", f"`{unknown[0][:40]}` is nothing the product finds itself")
    return {
        "name": name,
        "may_leave": settings.may_leave,
        "note": settings.note.strip(),
        "terms": _texts("terms", settings.terms, most=MOST_TERMS, least=4),
        "labels": _texts("labels", settings.labels, most=MOST_LABELS, least=1),
        "places": _places(settings.places),
        "kinds": sorted(set(settings.kinds)),
    }


def _texts(field: str, texts: Iterable[str], *, most: int, least: int) -> list[str]:
    found = list(dict.fromkeys(" ".join(text.split()) for text in texts if text.strip()))
    if len(found) > most:
        raise ClassError(field, f"there are {len(found)}, expected at most {most}")
    for text in found:
        if not least <= len(text) <= _LONGEST[field] or not text.isprintable():
            raise ClassError(
                field, f"`{text[:40]}` has {len(text)} characters, expected {least} to {_LONGEST[field]} people can see"
            )
    return found


def _places(places: Iterable[str]) -> list[str]:
    try:
        found = list(dict.fromkeys(checked_place(place) for place in places if place.strip()))
        if len(found) > MOST_PLACES:
            raise PlaceError(f"there are {len(found)} places, expected at most {MOST_PLACES}")
        if found:
            require_fast(compile_places("", tuple(found)), clock=time.thread_time)
    except PlaceError as error:
        raise ClassError("places", str(error)) from None
    return found


def _require_free(name: str, *, but: DataClass | None) -> None:
    taken = DataClass.objects.filter(name__iexact=name)
    if (taken.exclude(pk=but.pk) if but else taken).exists():
        raise ClassError("name", f"there is a class `{name}` already, expected a name of its own")


def wait_for_others() -> None:
    """Let nobody else add or rename a class before this transaction ends: two would take the same name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NAMES_LOCK])


def _forget_former(name: str) -> None:
    """A name that is a class's own is no other's former one."""
    for other in DataClass.objects.filter(former_names__contains=[name]):
        other.former_names = [former for former in other.former_names if former != name]
        other.save(update_fields=["former_names"])


def _told(wanted: dict[str, Any]) -> dict[str, Any]:
    """The columns as the audit trail keeps them: of a long list its length and its beginning."""
    return {
        name: {"count": len(value), "first": value[:_SHOWN]} if name in _LISTS else value
        for name, value in wanted.items()
        if name != "name" and value not in ("", [])
    }


def _changes(was: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What differs: [before, after], of a list what was added and removed."""
    told: dict[str, Any] = {}
    for name, before in was.items():
        after = now[name]
        if before == after:
            continue
        if name in _LISTS:
            added, removed = [v for v in after if v not in before], [v for v in before if v not in after]
            told[name] = {
                "added": len(added), "removed": len(removed), "first": [*added[:_SHOWN], *removed[:_SHOWN]]
            }  # fmt: skip
        else:
            told[name] = [before, after]
    return told
