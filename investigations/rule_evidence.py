"""What speaks for and against a rule since it has been as it is: calls it matched and stopped, and what people said.

A fixed number of queries however many rules; none reads verdicts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Sum

from investigations.models import Investigation, RuleTrial, RuleUse

# So many versions are looked back for the one in which a rule got the form it has.
LOOKED_BACK = 50
# What makes a rule another one; its title, tests and bounds do not.
_FORM = ("when", "then", "stage", "canary_percent", "priority", "lifts", "modify", "response")
_VERSIONS = """
SELECT version.number, version.published_at, rule.value
FROM (
    SELECT number, published_at, document FROM policies_policyversion ORDER BY number DESC LIMIT %s
) AS version CROSS JOIN LATERAL jsonb_array_elements(version.document->'rules') AS rule
WHERE rule.value->>'name' = ANY(%s)
ORDER BY version.number DESC
"""
_TRIALS = """
SELECT run.name, sum(trial.calls)::bigint, sum(trial.stopped)::bigint, sum(trial.spared)::bigint
FROM unnest(%s::text[], %s::int[]) AS run (name, version)
JOIN investigations_ruletrial trial ON trial.name = run.name AND trial.version >= run.version
GROUP BY run.name
"""
_SAID = """
SELECT run.name, investigation.disposition, count(DISTINCT investigation.id),
    count(DISTINCT investigation.id) FILTER (WHERE met.stopped > 0)
FROM unnest(%s::text[], %s::int[]) AS run (name, version)
JOIN investigations_rulematch met ON met.name = run.name AND met.version >= run.version
JOIN investigations_investigation investigation ON investigation.id = met.investigation_id
WHERE investigation.disposition <> ''
GROUP BY run.name, investigation.disposition
"""
_WRONG = (Investigation.Disposition.FALSE_POSITIVE, Investigation.Disposition.BENIGN_EXPECTED)
Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Since which version a rule is as it is, and since when it has been in any form; `at` of both."""

    version: int
    at: datetime
    known_since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One rule since it has been as it is: all `calls`, those it `matched`, `stopped`, and would have stopped alone.

    `confirmed` and `overturned` count the investigations of calls it matched that people closed as an attack, or as a
    false positive or benign; `overturned_stops` those of the latter with a call it decided. `use` counts all forms.
    """

    name: str
    run: Run | None = None
    use: RuleUse | None = None
    calls: int = 0
    matched: int = 0
    stopped: int = 0
    spared: int = 0
    confirmed: int = 0
    overturned: int = 0
    overturned_stops: int = 0

    @property
    def share(self) -> float:
        """The share of all calls it stopped, 0 to 1."""
        return self.stopped / self.calls if self.calls else 0.0

    def days(self, now: datetime) -> int:
        """Whole days it has been as it is."""
        return (now - self.run.at).days if self.run else 0


def load_evidence(entries: Iterable[Entry]) -> dict[str, Evidence]:
    """The evidence for the rules of the policy in force, by name. Five queries."""
    rules = {str(entry.get("name")): entry for entry in entries}
    runs = load_runs(rules)
    uses = {use.name: use for use in RuleUse.objects.filter(name__in=rules)}
    calls = _calls_by_version(min((run.version for run in runs.values()), default=0))
    trials = {name: tuple(counts) for name, *counts in _rows(_TRIALS, runs)}
    said: dict[str, list[tuple[str, int, int]]] = {}
    for name, disposition, n, decided in _rows(_SAID, runs):
        said.setdefault(name, []).append((disposition, n, decided))
    return {
        name: _evidence(name, runs.get(name), uses.get(name), calls, trials.get(name, (0, 0, 0)), said.get(name, ()))
        for name in rules
    }


def load_runs(rules: Mapping[str, Entry]) -> dict[str, Run]:
    """Since when each rule is as it is, as far as LOOKED_BACK versions tell. One query."""
    if not rules:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [LOOKED_BACK, list(rules)])
        rows: list[tuple[int, datetime, Any]] = cursor.fetchall()
    runs: dict[str, Run] = {}
    ended: set[str] = set()
    for number, at, value in rows:
        entry: Entry = json.loads(value) if isinstance(value, str) else value
        name = str(entry.get("name"))
        known = runs.get(name)
        if name not in ended and _form(entry) == _form(rules[name]):
            runs[name] = Run(version=number, at=at, known_since=at)
            continue
        ended.add(name)
        if known is not None:
            runs[name] = replace(known, known_since=at)
    return runs


def _form(entry: Entry) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in _FORM)


def _rows(statement: str, runs: Mapping[str, Run]) -> list[Any]:
    if not runs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(runs), [run.version for run in runs.values()]])
        found: list[Any] = cursor.fetchall()
    return found


def _calls_by_version(first: int) -> dict[int, int]:
    rows = RuleTrial.objects.filter(name="", version__gte=first).values_list("version").annotate(n=Sum("calls"))
    return dict(rows)


def _evidence(
    name: str,
    run: Run | None,
    use: RuleUse | None,
    calls: Mapping[int, int],
    trial: Sequence[int],
    said: Iterable[tuple[str, int, int]],
) -> Evidence:
    if run is None:
        return Evidence(name=name, use=use)
    matched, stopped, spared = trial
    wrong = [row for row in said if row[0] in _WRONG]
    return Evidence(
        name=name,
        run=run,
        use=use,
        calls=sum(n for version, n in calls.items() if version >= run.version),
        matched=matched,
        stopped=stopped,
        spared=spared,
        confirmed=sum(n for disposition, n, _ in said if disposition == Investigation.Disposition.TRUE_POSITIVE),
        overturned=sum(n for _, n, _ in wrong),
        overturned_stops=sum(decided for _, _, decided in wrong),
    )
