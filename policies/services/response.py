"""What rules may restrict by themselves: each rule's mode and numbers, the hour's budget, and the kill switch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from policies import audit
from policies.access import Permission, require
from policies.models import NotDone, ResponseRule, ResponseSettings, Restriction
from policies.response_rules import RULES, Rule, RuleMode
from policies.restrictions import Effect, Restricted
from policies.services.restrictions import LONGEST_DAYS, RestrictionError, end_all_by_rules, serialise

# How many automatic restrictions of each kind an hour may have, unless an admin says otherwise: a whole conversation
# more or less is little, an agent stopped is a business process stopped.
PER_KIND: Mapping[str, int] = {
    Restricted.AGENT.value: 3,
    Restricted.SESSION.value: 15,
    Restricted.USER.value: 5,
    Restricted.DOCUMENT.value: 5,
    Restricted.DESTINATION.value: 5,
    Restricted.CHANNEL.value: 5,
}
PER_HOUR = 20
# As long as the page says what rules would have done.
KEPT_DAYS = 90
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many automatic restrictions the last hour has seen, in all and of each kind, and how many it may see."""

    enabled: bool
    used: int
    per_hour: int
    used_of: Mapping[str, int]
    per_kind: Mapping[str, int]

    def allows(self, kind: Restricted) -> bool:
        """Whether one more of this kind is within the budget."""
        return self.used < self.per_hour and self.used_of.get(kind.value, 0) < self.per_kind.get(kind.value, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSettings:
    """What an admin decides for one rule."""

    mode: str
    calls: int
    agents: int
    minutes: int
    for_minutes: int
    per_minute: int


def load_settings() -> ResponseSettings:
    """The one row; the defaults where nobody has changed anything. One query."""
    return ResponseSettings.objects.first() or ResponseSettings(per_hour=PER_HOUR, per_kind=dict(PER_KIND))


def forget_not_done(now: datetime) -> int:
    """Delete what rules did not do longer ago than anybody looks; returns how many. Safe to run twice."""
    return NotDone.objects.filter(at__lt=now - timedelta(days=KEPT_DAYS)).delete()[0]


def load_budget(now: datetime) -> Budget:
    """How the hour's budget stands. Two queries; certain only in a transaction that called `serialise`."""
    found = load_settings()
    recent = Restriction.objects.filter(created_at__gt=now - _HOUR).exclude(rule="")
    used_of = Counter(recent.values_list("kind", flat=True))
    return Budget(
        enabled=found.enabled,
        used=sum(used_of.values()),
        per_hour=found.per_hour,
        used_of=used_of,
        per_kind={**PER_KIND, **found.per_kind},
    )


def load_rules() -> tuple[Rule, ...]:
    """Every rule as it is shipped, with what an admin decided for it. One query."""
    decided = {row.slug: row for row in ResponseRule.objects.all()}
    return tuple(_decided(rule, decided.get(rule.slug)) for rule in RULES)


@transaction.atomic
def change_rule(slug: str, wanted: RuleSettings, *, actor: AbstractBaseUser | None) -> None:
    """Switch a rule or change its numbers. One audit entry with what was and what is, none when equal.

    Raises RestrictionError on a rule nobody knows, or numbers that make no sense.
    """
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    rule = next((rule for rule in load_rules() if rule.slug == slug), None)
    if rule is None:
        raise RestrictionError(f"the rule is `{slug}`, expected one of {', '.join(rule.slug for rule in RULES)}")
    limited = rule.effect is Effect.RATE_LIMIT
    sound = min(wanted.calls, wanted.agents, wanted.minutes, wanted.for_minutes) > 0
    if not sound or wanted.for_minutes > LONGEST_DAYS * 24 * 60 or limited != (wanted.per_minute > 0):
        raise RestrictionError(f"the numbers are {wanted}, expected each above 0 and an end within {LONGEST_DAYS} days")
    now = {name: getattr(rule, name) for name in RuleSettings.__slots__} | {"mode": rule.mode.value}
    changes = {name: [now[name], getattr(wanted, name)] for name in now if now[name] != getattr(wanted, name)}
    if changes:
        row = ResponseRule(slug=slug, **asdict(wanted))
        row.full_clean(validate_unique=False)
        ResponseRule.objects.update_or_create(slug=slug, defaults=asdict(wanted))
        audit.record(actor=actor, action="response.rule_changed", rule=slug, changes=changes)


def _decided(rule: Rule, row: ResponseRule | None) -> Rule:
    if row is None:
        return rule
    return replace(
        rule,
        mode=RuleMode(row.mode),
        calls=row.calls,
        agents=row.agents,
        minutes=row.minutes,
        for_minutes=row.for_minutes,
        per_minute=row.per_minute,
    )


@transaction.atomic
def change_budget(*, per_hour: int, per_kind: Mapping[str, int], actor: AbstractBaseUser | None) -> None:
    """Say how many automatic restrictions an hour may have, in all and of each kind."""
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    row = _row()
    changes = {"per_hour": [row.per_hour, per_hour], "per_kind": [row.per_kind, dict(per_kind)]}
    row.per_hour, row.per_kind = per_hour, dict(per_kind)
    row.save(update_fields=["per_hour", "per_kind"])
    audit.record(actor=actor, action="response.budget_changed", changes=changes)


@transaction.atomic
def switch_on(*, actor: AbstractBaseUser | None) -> None:
    """Let rules restrict again, each in its own mode."""
    _switch(to=True, actor=actor)


@transaction.atomic
def switch_off(*, actor: AbstractBaseUser | None) -> None:
    """From the commit on no rule makes anything. What rules have made stays until it ends."""
    _switch(to=False, actor=actor)


@transaction.atomic
def stop_everything(*, now: datetime, actor: AbstractBaseUser | None) -> int:
    """Switch autonomous response off and end all that rules have made; returns how many."""
    switch_off(actor=actor)
    ended = end_all_by_rules(now=now, actor=actor)
    audit.record(actor=actor, action="response.all_ended", ended=ended)
    return ended


def _switch(*, to: bool, actor: AbstractBaseUser | None) -> None:
    require(actor, Permission.CHANGE_POLICY)
    serialise()
    row = _row()
    if row.enabled is not to:
        row.enabled = to
        row.save(update_fields=["enabled"])
        audit.record(actor=actor, action="response.switched_on" if to else "response.switched_off")


def _row() -> ResponseSettings:
    found, _ = ResponseSettings.objects.get_or_create(pk=1, defaults={"per_hour": PER_HOUR, "per_kind": dict(PER_KIND)})
    return found
