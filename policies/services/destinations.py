"""Changes to the list of destinations: one at a time, or many at once; each audited and told to every web process."""

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from policies import audit
from policies.access import Permission, require
from policies.choices import Standing
from policies.destination_list import LONGEST_NOTE, Line
from policies.destination_values import BadDestination, check_standing, normal_destination
from policies.models import Destination
from policies.services.publish import changed

# Rows a statement carries: Postgres takes at most 65,535 parameters.
_AT_ONCE = 5_000
_LOCK = 7_221_007


class DestinationRefused(ValueError):
    """A change that is refused. `member` names the field that is wrong."""

    def __init__(self, message: str, *, member: str = "value") -> None:
        super().__init__(message)
        self.member = member


class SaidOtherwise(DestinationRefused):
    """The list says something else of it than the person has seen. `standing` is what it says."""

    def __init__(self, found: Destination) -> None:
        who = f", said by {found.changed_by.get_username()}" if found.changed_by else ""
        super().__init__(
            f"`{found.value}` is on the list as `{found.standing}`{who}: save again to change that", member="standing"
        )
        self.standing = found.standing


class Otherwise(enum.Enum):
    """What is done about entries that the list has with another standing."""

    REFUSE = "refuse"
    CHANGE = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What a list came to."""

    added: int
    changed: int
    same: int


@transaction.atomic
def set_destination(
    *, value: str, standing: str, note: str, seen: str, now: datetime, actor: AbstractBaseUser | None
) -> tuple[Destination, str]:
    """Say how the organisation stands to one; returns it and the standing it had, empty where it is new.

    `seen` is the standing the person saw, empty where they saw none. Raises DestinationRefused, and SaidOtherwise where
    the list has another.
    """
    require(actor, Permission.CHANGE_POLICY)
    try:
        plain = normal_destination(value)
    except BadDestination as error:
        raise DestinationRefused(str(error)) from None
    if standing not in Destination.StandingChoice.values:
        wanted = ", ".join(Destination.StandingChoice.values)
        raise DestinationRefused(f"the standing is `{standing[:40]}`, expected one of {wanted}", member="standing")
    try:
        check_standing(plain, Standing(standing))
    except BadDestination as error:
        raise DestinationRefused(str(error), member="standing") from None
    if len(note) > LONGEST_NOTE or not note.isprintable():
        raise DestinationRefused(f"the note is longer than {LONGEST_NOTE}, or has unseen characters", member="note")
    serialise()
    found = Destination.objects.select_related("changed_by").filter(value=plain).first()
    was = found.standing if found else ""
    if found is not None and was not in (standing, seen):
        raise SaidOtherwise(found)
    if found is None:
        found = Destination(value=plain)
    found.standing, found.note, found.changed_at = standing, note.strip(), now
    found.changed_by_id = actor.pk if actor else None
    found.save()
    audit.record(actor=actor, action="destination.set", value=plain, standing=standing, was=was, note=found.note)
    changed()
    return found, was


@transaction.atomic
def remove_destination(found: Destination, *, actor: AbstractBaseUser | None) -> None:
    """Take one off the list; nothing happens where somebody was faster."""
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    if not Destination.objects.filter(pk=found.pk).delete()[0]:
        return
    audit.record(actor=actor, action="destination.removed", value=found.value, was=found.standing)
    changed()


@transaction.atomic
def take_list(lines: Sequence[Line], *, otherwise: Otherwise, now: datetime, actor: AbstractBaseUser | None) -> Taken:
    """Add what a list names; what it does not name stays. All of it, or nothing.

    Raises DestinationRefused where the list says otherwise and that is to be refused.
    """
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    known = {
        value: (standing, note)
        for start in range(0, len(lines), _AT_ONCE)
        for value, standing, note in Destination.objects.filter(
            value__in=[line.value for line in lines[start : start + _AT_ONCE]]
        ).values_list("value", "standing", "note")
    }
    others = [line for line in lines if line.value in known and known[line.value][0] != line.standing.value]
    if others and otherwise is Otherwise.REFUSE:
        raise DestinationRefused(_said_otherwise(others, known[others[0].value][0]), member="change")
    # a list without notes takes none away
    new = [
        line for line in lines if known.get(line.value, ("", ""))[0] != line.standing.value or _says_more(line, known)
    ]
    Destination.objects.bulk_create(
        [
            Destination(
                value=line.value,
                standing=line.standing.value,
                note=line.note or known.get(line.value, ("", ""))[1],
                changed_at=now,
                changed_by_id=actor.pk if actor else None,
            )
            for line in new
        ],
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["value"],
        update_fields=["standing", "note", "changed_at", "changed_by"],
    )
    taken = Taken(
        added=sum(line.value not in known for line in new),
        changed=sum(line.value in known for line in new),
        same=len(lines) - len(new),
    )
    if new:
        audit.record(
            actor=actor,
            action="destinations.imported",
            added=taken.added,
            changed=taken.changed,
            standings=dict(Counter(line.standing.value for line in new)),
            first=[line.value for line in new[:20]],
        )
        changed()
    return taken


def serialise() -> None:
    """Let one transaction at a time change the list: each ends with the one row that tells lists apart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _said_otherwise(others: Sequence[Line], was: str) -> str:
    first = others[0]
    what = "one entry is" if len(others) == 1 else f"{len(others):,} entries are"
    return (
        f"{what} on the list with another standing, the first `{first.value[:60]}`: `{was}` there and"
        f" `{first.standing.value}` here. Nothing was saved; tick this to change them"
    )


def _says_more(line: Line, known: dict[str, tuple[str, str]]) -> bool:
    return bool(line.note) and known.get(line.value, ("", ""))[1] != line.note
