"""Counts which rules of the policy matched the calls that are taken in, for the pages and for automatic rollback.

Four statements an intake, however many calls. Rows are taken in one order, so that two intakes wait for each other
instead of deadlocking.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from investigations.models import InvestigationCall, RuleTrial
from policies.models import PolicyVersion

ACTED, WATCHED = "rule.", "rule_watched."
# Versions whose trials are kept however old, and how long those of others are: rollback looks no further back.
KEPT_VERSIONS = 20
KEPT_DAYS = 30
_STOPS = ("hold", "block")
# Signals are wide, and of calls that passed nobody has read them yet: only the names of rules leave the database.
_FIND = """
SELECT verdict.id, signal.value->>'name'
FROM guardrail_verdict verdict CROSS JOIN LATERAL jsonb_array_elements(verdict.signals) AS signal
WHERE verdict.id = ANY(%s) AND starts_with(signal.value->>'name', 'rule')
"""
_USES = """
INSERT INTO investigations_ruleuse (name, matched, watched, stopped, spared, first_at, last_at, last_verdict)
SELECT * FROM unnest(
    %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[]
) AS seen (name, matched, watched, stopped, spared, first_at, last_at, last_verdict)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    matched = investigations_ruleuse.matched + EXCLUDED.matched,
    watched = investigations_ruleuse.watched + EXCLUDED.watched,
    stopped = investigations_ruleuse.stopped + EXCLUDED.stopped,
    spared = investigations_ruleuse.spared + EXCLUDED.spared,
    first_at = LEAST(investigations_ruleuse.first_at, EXCLUDED.first_at),
    last_at = GREATEST(investigations_ruleuse.last_at, EXCLUDED.last_at),
    last_verdict = GREATEST(investigations_ruleuse.last_verdict, EXCLUDED.last_verdict)
"""
_TRIALS = """
INSERT INTO investigations_ruletrial (name, version, agent_id, calls, stopped, spared)
SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS seen (name, version, agent_id, calls, stopped, spared)
ORDER BY name, version, agent_id
ON CONFLICT (name, version, agent_id) DO UPDATE SET
    calls = investigations_ruletrial.calls + EXCLUDED.calls,
    stopped = investigations_ruletrial.stopped + EXCLUDED.stopped,
    spared = investigations_ruletrial.spared + EXCLUDED.spared
"""
_PLACE = """
INSERT INTO investigations_rulematch (name, version, investigation_id, calls, stopped)
SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::int[], %s::int[])
    AS seen (name, version, investigation_id, calls, stopped)
ORDER BY name, investigation_id, version
ON CONFLICT (name, investigation_id, version) DO UPDATE SET
    calls = investigations_rulematch.calls + EXCLUDED.calls,
    stopped = investigations_rulematch.stopped + EXCLUDED.stopped
"""
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """That a rule matched a call of this intake; not `acted` = it was only watched."""

    name: str
    acted: bool
    row: Row

    @property
    def decided(self) -> bool:
        """Whether the rule led to the answer, or would have in enforce mode."""
        return self.acted and bool(self.row["deciding_signal"] == f"{ACTED}{self.name}")

    @property
    def stopped(self) -> bool:
        """Whether the caller was told to stop for it."""
        return self.decided and self.row["action"] in _STOPS

    @property
    def spared(self) -> bool:
        """Whether the call went on, and would not have if this rule acted in enforce mode."""
        if self.acted:
            return self.decided and self.row["would_have"] in _STOPS and self.row["action"] not in _STOPS
        return self.row["would_have"] not in _STOPS


def load_matched(rows: Sequence[Row]) -> list[Matched]:
    """What rules matched of these verdicts, oldest call first; repeated deliveries count once. One query."""
    by_id = {row["id"]: row for row in rows if row["duplicate_of"] is None}
    if not by_id:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [list(by_id)])
        found: list[tuple[uuid.UUID, str]] = cursor.fetchall()
    matched = [
        Matched(name=name.removeprefix(prefix), acted=prefix == ACTED, row=by_id[pk])
        for pk, name in found
        for prefix in (ACTED, WATCHED)
        if name.startswith(prefix)
    ]
    return sorted(matched, key=lambda one: (one.row["id"], one.name))


def count_rules(rows: Sequence[Row], matched: Sequence[Matched]) -> None:
    """Count them, and note the investigations they belong to. Needs a transaction; three statements at most."""
    every = Counter(("", row["policy_version"], row["agent_id"]) for row in rows if row["duplicate_of"] is None)
    met = Counter(map(_trial_of, matched))
    stopped = Counter(_trial_of(one) for one in matched if one.stopped)
    spared = Counter(_trial_of(one) for one in matched if one.spared)
    with connection.cursor() as cursor:
        if matched:
            cursor.execute(_USES, _use_columns(matched))
        if every:
            keys = [*every, *met]
            names, versions, agents = (list(part) for part in zip(*keys, strict=True))
            calls = [*every.values(), *met.values()]
            counts = [calls, [stopped[key] for key in keys], [spared[key] for key in keys]]
            cursor.execute(_TRIALS, [names, versions, agents, *counts])
    _note_places(matched)


def forget_trials(now: datetime) -> int:
    """Delete trials of versions that nothing is compared with any more; returns how many. Safe to run twice."""
    newest = PolicyVersion.objects.values_list("number", flat=True).first() or 0
    old = PolicyVersion.objects.filter(published_at__lt=now - timedelta(days=KEPT_DAYS))
    last_old = old.values_list("number", flat=True).first() or 0
    return RuleTrial.objects.filter(version__lte=min(newest - KEPT_VERSIONS, last_old)).delete()[0]


def _trial_of(one: Matched) -> tuple[str, int, str]:
    return one.name, one.row["policy_version"], one.row["agent_id"]


def _use_columns(matched: Iterable[Matched]) -> list[list[object]]:
    """Parallel arrays, one entry a rule."""
    by_name: dict[str, list[Matched]] = {}
    for one in matched:
        by_name.setdefault(one.name, []).append(one)
    groups = by_name.values()
    return [
        list(by_name),
        [sum(one.acted for one in group) for group in groups],
        [sum(not one.acted for one in group) for group in groups],
        [sum(one.stopped for one in group) for group in groups],
        [sum(one.spared for one in group) for group in groups],
        [min(one.row["received_at"] for one in group) for group in groups],
        [max(one.row["received_at"] for one in group) for group in groups],
        [max(one.row["id"] for one in group) for group in groups],
    ]


def _note_places(matched: Sequence[Matched]) -> None:
    if not matched:
        return
    ids = {one.row["id"] for one in matched}
    places = dict(InvestigationCall.objects.filter(verdict_id__in=ids).values_list("verdict_id", "investigation_id"))
    placed = [(one, places[one.row["id"]]) for one in matched if one.row["id"] in places]
    calls = Counter((one.name, one.row["policy_version"], place) for one, place in placed)
    decided = Counter(
        (one.name, one.row["policy_version"], place)
        for one, place in placed
        if one.decided and one.row["would_have"] in _STOPS
    )
    if calls:
        names, versions, investigations = (list(part) for part in zip(*calls, strict=True))
        columns = [names, versions, investigations, list(calls.values()), [decided[key] for key in calls]]
        with connection.cursor() as cursor:
            cursor.execute(_PLACE, columns)
