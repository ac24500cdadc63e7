"""Changes to the list of classified files and folders: each audited, and told to every web process."""

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from policies import audit
from policies.access import Permission, require
from policies.file_list import FileLine
from policies.models import ClassifiedFile, DataClass
from policies.services.publish import changed

MOST_FILES = 50_000
_AT_ONCE = 5_000
_SHOWN = 20
_LOCK = 7_221_013


class FileRefused(ValueError):
    """A change that is refused. `member` names the field that is wrong, empty for all of it."""

    def __init__(self, message: str, *, member: str = "") -> None:
        super().__init__(message)
        self.member = member


class OtherClass(enum.Enum):
    """What is done about files that have another class already."""

    REFUSE = "refuse"
    CHANGE = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenFiles:
    """What a list came to."""

    added: int
    changed: int
    same: int


@transaction.atomic
def take_files(lines: Sequence[FileLine], *, other_class: OtherClass, actor: AbstractBaseUser | None) -> TakenFiles:
    """Add files, or give them what the lines say; those they do not name stay. All of it, or nothing.

    Raises FileRefused.
    """
    require(actor, Permission.CHANGE_POLICY)
    _wait_for_others()
    # locked, so that nobody removes a class meanwhile
    wanted = DataClass.objects.select_for_update(no_key=True).filter(name__in={line.data_class for line in lines})
    classes = {row.name: row for row in wanted.order_by("pk")}
    missing = next((line.data_class for line in lines if line.data_class not in classes), "")
    if missing:
        raise FileRefused(f"there is no class `{missing}` any more, expected another", member="data_class")
    known = _known(lines)
    others = [line for line in lines if (was := known.get(_key(line), ("", ""))[0]) and was != line.data_class]
    if others and other_class is OtherClass.REFUSE:
        raise FileRefused(_said_otherwise(others, known[_key(others[0])][0]), member="change")
    new = [line for line in lines if _says_more(line, known.get(_key(line)))]
    added = sum(_key(line) not in known for line in new)
    if ClassifiedFile.objects.count() + added > MOST_FILES:
        raise FileRefused(f"there would be more than {MOST_FILES:,} files, expected a place of a class for so many")
    ClassifiedFile.objects.bulk_create(
        [
            ClassifiedFile(
                name=line.name,
                file_id=line.file_id,
                owner=line.owner or known.get(_key(line), ("", ""))[1],
                data_class=classes[line.data_class],
            )
            for line in new
        ],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["name", "file_id"],
        update_fields=["owner", "data_class"],
    )
    taken = TakenFiles(added=added, changed=len(new) - added, same=len(lines) - len(new))
    if new:
        audit.record(
            actor=actor,
            action="files.classified",
            added=taken.added,
            changed=taken.changed,
            classes=dict(Counter(line.data_class for line in new)),
            first=[line.name or line.file_id for line in new[:_SHOWN]],
        )
        changed()
    return taken


@transaction.atomic
def reclass_files(pks: Sequence[int], *, data_class: int, actor: AbstractBaseUser | None) -> int:
    """Give files another class; returns how many had another. Those somebody removed are left out. Safe to run twice.

    Raises FileRefused.
    """
    require(actor, Permission.CHANGE_POLICY)
    _wait_for_others()
    wanted = DataClass.objects.select_for_update(no_key=True).filter(pk=data_class).first()
    if wanted is None:
        raise FileRefused("there is no such class any more, expected another", member="data_class")
    found = list(ClassifiedFile.objects.filter(pk__in=pks).exclude(data_class=wanted).select_related("data_class"))
    if not found:
        return 0
    ClassifiedFile.objects.filter(pk__in=[file.pk for file in found]).update(data_class=wanted)
    audit.record(
        actor=actor,
        action="files.reclassified",
        data_class=wanted.name,
        files=len(found),
        was=dict(Counter(file.data_class.name if file.data_class else "" for file in found)),
        first=[str(file) for file in found[:_SHOWN]],
    )
    changed()
    return len(found)


@transaction.atomic
def remove_files(pks: Sequence[int], *, actor: AbstractBaseUser | None) -> int:
    """Take files off the list; returns how many were on it. Safe to run twice."""
    require(actor, Permission.CHANGE_POLICY)
    _wait_for_others()
    found = list(ClassifiedFile.objects.filter(pk__in=pks).select_related("data_class"))
    if not found:
        return 0
    ClassifiedFile.objects.filter(pk__in=[file.pk for file in found]).delete()
    audit.record(
        actor=actor,
        action="files.removed",
        files=len(found),
        was=dict(Counter(file.data_class.name if file.data_class else "" for file in found)),
        first=[str(file) for file in found[:_SHOWN]],
    )
    changed()
    return len(found)


def _known(lines: Sequence[FileLine]) -> dict[tuple[str, str], tuple[str, str]]:
    """(class, owner) of those that are there already."""
    names = list({line.name for line in lines})
    return {
        (name, file_id): (data_class or "", owner)
        for start in range(0, len(names), _AT_ONCE)
        for name, file_id, data_class, owner in ClassifiedFile.objects.filter(
            name__in=names[start : start + _AT_ONCE]
        ).values_list("name", "file_id", "data_class__name", "owner")
    }


def _key(line: FileLine) -> tuple[str, str]:
    return line.name, line.file_id


def _says_more(line: FileLine, known: tuple[str, str] | None) -> bool:
    return known is None or known[0] != line.data_class or bool(line.owner and line.owner != known[1])


def _said_otherwise(others: Sequence[FileLine], was: str) -> str:
    first = others[0]
    what = "one file has" if len(others) == 1 else f"{len(others):,} files have"
    return (
        f"{what} another class already, the first `{(first.name or first.file_id)[:60]}`: `{was}` there and"
        f" `{first.data_class}` here. Nothing was saved; tick this to change them"
    )


def _wait_for_others() -> None:
    """Let one transaction at a time change the list: two would add one file twice, or undo each other unseen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
