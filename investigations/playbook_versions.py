"""Versions of playbooks: what the product ships, and what admins write over it. A version is never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from investigations.models import PlaybookVersion
from investigations.playbooks import Playbook, PlaybookError, read_playbook, shipped
from policies import audit
from policies.access import Permission, require

LONGEST_REASON = 2_000


class Overtaken(PlaybookError):
    """Somebody wrote a version meanwhile; `number` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"version {number} was written meanwhile, look at it first", field="seen")
        self.number = number


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version as it is gone by: number 0 is what the product ships."""

    playbook: Playbook
    number: int
    retired: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """What an admin writes. `seen` is the number of the version they started from, None for a new playbook."""

    playbook: Playbook
    reason: str
    seen: int | None
    retired: bool = False


def write_version(written: Written, *, now: datetime, actor: User) -> PlaybookVersion:
    """Write the next version. Cases under way keep theirs. Raises PlaybookError, Overtaken, PermissionDenied."""
    require(actor, Permission.CHANGE_POLICY)
    reason = written.reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON or "\x00" in reason:
        raise PlaybookError(f"the reason has {len(reason)} characters, expected 1 to {LONGEST_REASON}", field="reason")
    playbook = written.playbook
    there = load_in_use().get(playbook.slug)
    if there is not None and there.number != written.seen:
        raise Overtaken(there.number)
    if there is None and written.seen is not None:
        raise PlaybookError(f"there is no playbook `{playbook.slug}`", field="slug")
    if there and there.playbook == playbook and there.retired == written.retired:
        raise PlaybookError("nothing is changed", field="title")
    number = there.number + 1 if there else 1
    try:
        with transaction.atomic():
            made = PlaybookVersion.objects.create(
                slug=playbook.slug,
                number=number,
                **playbook.as_json(),
                retired=written.retired,
                reason=reason,
                written_by=actor,
                written_at=now,
            )
            audit.record(
                actor=actor, action="playbook.written", playbook=made.slug, number=made.number, retired=made.retired
            )
    except IntegrityError:  # two people at once
        raise Overtaken(number) from None
    return made


def read_version(row: PlaybookVersion) -> Version:
    """What a row says. It was read once before it was written, so it reads again."""
    return Version(playbook=read_playbook(row.slug, vars(row)), number=row.number, retired=row.retired)


def load_in_use(*, at: datetime | None = None) -> Mapping[str, Version]:
    """The version in use of each playbook by its slug, now or at a moment: what is shipped where nobody wrote one."""
    rows = PlaybookVersion.objects.order_by("slug", "-number").distinct("slug")
    if at is not None:
        rows = rows.filter(written_at__lte=at)
    found = {slug: Version(playbook=playbook, number=0) for slug, playbook in shipped().items()}
    return {**found, **{row.slug: read_version(row) for row in rows}}
