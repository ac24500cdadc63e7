"""The rules in force with what speaks for the next stage of each, and the draft that takes a rule there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from investigations.rule_evidence import Evidence, load_evidence
from investigations.rule_not_done import Missed, load_missed
from investigations.rule_rollback import ROLLED_BACK
from policies.models import AuditEntry, PolicyDraft, PolicyVersion
from policies.rules import Stage, Then
from policies.services.drafts import DraftError, open_draft, save_rule

MOST_SHOWN = 200
USUAL_PERCENT = 10
_STOPS = ("hold", "ask", "block", "modify")
# Where a rule goes from where it is; backwards last.
NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.OFF: (Stage.MONITOR,),
    Stage.MONITOR: (Stage.CANARY, Stage.ENFORCE, Stage.OFF),
    Stage.CANARY: (Stage.ENFORCE, Stage.MONITOR),
    Stage.ENFORCE: (Stage.MONITOR,),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """One rule of the policy in force. `stops` = what it does keeps a call from going on.

    `missed` is what a rule that responds wanted to restrict lately and did not.
    """

    entry: Mapping[str, Any]
    stage: Stage
    evidence: Evidence
    days: int
    stops: bool
    missed: tuple[Missed, ...] = ()

    @property
    def next(self) -> tuple[Stage, ...]:
        """The stages it can be taken to."""
        return NEXT[self.stage]

    @property
    def dead(self) -> bool:
        """Whether no stored call ever matched it."""
        return self.evidence.use is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A rule the system put back to monitor, and why."""

    rule: str
    version: int
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesPage:
    """`rules` in the order they are asked, at most MOST_SHOWN of `total`."""

    version: int
    rules: tuple[InForce, ...]
    total: int
    notices: tuple[Notice, ...]


def load_rules_page(*, words: str, now: datetime) -> RulesPage:
    """The rules of the policy in force whose name or title holds `words`. Eight queries."""
    newest = PolicyVersion.objects.first()
    entries = [
        entry for entry in _entries(newest) if words.lower() in f"{entry['name']} {entry.get('title', '')}".lower()
    ]
    entries.sort(key=lambda entry: (entry.get("priority", 100), entry["name"]))
    shown = entries[:MOST_SHOWN]
    found = load_evidence(shown)
    missed = load_missed((str(entry["name"]) for entry in shown if entry.get("then") == Then.RESPOND.value), now=now)
    return RulesPage(
        version=newest.number if newest else 0,
        rules=tuple(
            replace(_in_force(entry, found[entry["name"]], now=now), missed=missed.get(entry["name"], ()))
            for entry in shown
        ),
        total=len(entries),
        notices=load_notices({entry["name"]: entry for entry in entries}),
    )


def load_notices(entries: Mapping[str, Mapping[str, Any]]) -> tuple[Notice, ...]:
    """The rules that are in monitor because the system put them there, newest first. One query."""
    found: dict[str, Notice] = {}
    for row in AuditEntry.objects.filter(action=ROLLED_BACK).order_by("-id")[:50]:
        name = str(row.detail.get("rule"))
        in_monitor = name in entries and _stage(entries[name]) is Stage.MONITOR
        if in_monitor and name not in found:
            why, version = str(row.detail.get("why", "")), int(row.detail.get("version", 0))
            found[name] = Notice(rule=name, version=version, why=why, at=row.at)
    return tuple(found.values())


@transaction.atomic
def draft_stage(name: str, stage: Stage, *, now: datetime, actor: AbstractBaseUser | None) -> PolicyDraft:
    """Open a draft that takes a rule in force to another stage, with the evidence as its reason.

    Raises DraftError where the policy in force has no such rule, or it is there already.
    """
    entry = next((entry for entry in _entries(PolicyVersion.objects.first()) if entry["name"] == name), None)
    if entry is None:
        raise DraftError(f"the policy in force has no rule `{name}`")
    if stage not in NEXT[_stage(entry)]:
        raise DraftError(f"the rule is in {_stage(entry).value}, expected a change of stage")
    changed = {**entry, "stage": stage.value}
    if stage is Stage.CANARY:
        changed.setdefault("canary_percent", USUAL_PERCENT)
    title = f"{entry.get('title') or name}: {stage.value}"[:200]
    rule = _in_force(entry, load_evidence([entry])[name], now=now)
    draft = open_draft(title=title, reason=reason_for(rule), actor=actor)
    return save_rule(draft.pk, name=name, entry=changed, revision=draft.revision, actor=actor)


def reason_for(rule: InForce) -> str:
    """What speaks for or against the rule, in words, as a draft's reason begins."""
    evidence = rule.evidence
    said = [
        f"{rule.days} day{'' if rule.days == 1 else 's'} in {rule.stage.value}:",
        f"it matched {evidence.matched:,} of {evidence.calls:,} call{'' if evidence.calls == 1 else 's'},",
        f"stopped {evidence.stopped:,} and would have stopped {evidence.spared:,} more.",
    ]
    if evidence.confirmed or evidence.overturned:
        said.append(
            f"People closed {evidence.confirmed} of its investigations as an attack, {evidence.overturned} as harmless."
        )
    return " ".join(said)


def _in_force(entry: Mapping[str, Any], evidence: Evidence, *, now: datetime) -> InForce:
    stops = entry.get("then") in _STOPS
    return InForce(entry=entry, stage=_stage(entry), evidence=evidence, days=evidence.days(now), stops=stops)


def _stage(entry: Mapping[str, Any]) -> Stage:
    return Stage(entry.get("stage", Stage.ENFORCE.value))


def _entries(version: PolicyVersion | None) -> list[dict[str, Any]]:
    return list(version.document.get("rules") or ()) if version else []
