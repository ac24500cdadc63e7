"""What the pages of policy versions show, read in a fixed number of queries; a list never reads the documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.models import PolicyVersion
from policies.policy_parts import Change, changes_between, reading_order

PAGE = 50
PARTS_SHOWN = 60
_RELATED = ("published_by", "reviewer", "restores", "draft")


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionPage:
    """One page, newest first; `in_force` is the newest number of all, `older` where the next page begins, 0 = end."""

    rows: tuple[PolicyVersion, ...]
    in_force: int
    older: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionView:
    """One version beside another, by default the one before it; None = it is the first and compared with nothing."""

    version: PolicyVersion
    against: PolicyVersion | None
    changes: tuple[Change, ...]
    shown: tuple[Change, ...]
    in_force: int
    rules: tuple[Mapping[str, Any], ...]
    actions: tuple[tuple[str, Mapping[str, str]], ...]

    @property
    def is_in_force(self) -> bool:
        """Whether it is the newest."""
        return self.version.number == self.in_force


def load_versions(*, before: int) -> VersionPage:
    """The versions below number `before`, 0 = from the newest. Two queries."""
    found = PolicyVersion.objects.filter(number__lt=before) if before else PolicyVersion.objects.all()
    unread = ("document", "restores__document", "draft__document", "draft__lists")
    read = list(found.select_related(*_RELATED).defer(*unread)[: PAGE + 1])
    rows = tuple(read[:PAGE])
    return VersionPage(rows=rows, in_force=newest_number(), older=rows[-1].number if len(read) > PAGE else 0)


def load_version_view(version: PolicyVersion, *, against: int, everything: str = "") -> VersionView:
    """The page of one version, compared with number `against`, 0 = the one before. Two queries.

    `shown` is cut at PARTS_SHOWN unless `everything` says something.
    """
    others = (
        PolicyVersion.objects.filter(number=against)
        if against
        else PolicyVersion.objects.filter(number__lt=version.number)
    )
    other = others.first()
    changes = reading_order(changes_between(other.document, version.document)) if other else ()
    rules = sorted(version.document.get("rules") or (), key=lambda rule: (rule.get("priority", 100), rule["name"]))
    return VersionView(
        version=version,
        against=other,
        changes=changes,
        shown=changes if everything else changes[:PARTS_SHOWN],
        in_force=newest_number(),
        rules=tuple(rules),
        actions=tuple(version.document.get("actions", {}).items()),
    )


def newest_number() -> int:
    """The number in force, 0 before the first. One query."""
    return PolicyVersion.objects.values_list("number", flat=True).first() or 0
