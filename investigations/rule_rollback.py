"""Puts a rule back to monitor when what it does passes the bounds its authors gave it, as a version of its own.

Looked at every few seconds by one task or by several; whoever publishes in the meantime wins, and the next look counts
under that version. A draft begun before has to be brought up to date, where the rule's new stage is seen.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction

from investigations.rule_evidence import Evidence, load_evidence
from policies import audit
from policies.models import PolicyVersion
from policies.rules import Stage
from policies.ruleset import RulesetError
from policies.services.publish import newest_version, publish

log = structlog.get_logger(__name__)

ROLLED_BACK = "rule.rolled_back"
# A share of fewer calls says nothing, unless the rule's authors say another number.
USUAL_MIN_CALLS = 50
_ACTING = (Stage.CANARY.value, Stage.ENFORCE.value)
# Of the agents whose calls the rule stopped, the one of which it stopped the largest share.
_WORST = """
WITH mine AS (
    SELECT agent_id, sum(stopped)::float AS stopped FROM investigations_ruletrial
    WHERE name = %(name)s AND version >= %(version)s GROUP BY agent_id HAVING sum(stopped) > 0
), every AS (
    SELECT agent_id, sum(calls) * %(acting)s AS calls FROM investigations_ruletrial
    WHERE name = '' AND version >= %(version)s AND agent_id IN (SELECT agent_id FROM mine) GROUP BY agent_id
)
SELECT agent_id, stopped, calls FROM mine JOIN every USING (agent_id)
WHERE calls >= %(least)s ORDER BY stopped / calls DESC, agent_id LIMIT 1
"""
Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """A rule that passed a bound, and what people are told of it."""

    name: str
    why: str


def roll_back_rules(now: datetime) -> PolicyVersion | None:
    """Publish a version with every rule that passed a bound back in monitor; None when there is none to put back.

    Safe to run twice and by several at once: what somebody else published first is looked at the next time.
    """
    newest = PolicyVersion.objects.first()
    entries = [entry for entry in _rules_of(newest) if _is_bounded(entry)]
    if newest is None or not entries:
        return None
    beyond = list(_beyond(entries, now=now))
    if not beyond:
        return None
    try:
        return _put_back(newest.number, beyond)
    except RulesetError as error:
        # a list changed so that the policy compiles no more: what is in force stays, and people see it there
        log.error("rule.not_rolled_back", version=newest.number, error=str(error)[:200])
        return None


@transaction.atomic
def _put_back(number: int, beyond: list[Beyond]) -> PolicyVersion | None:
    newest = newest_version()
    if newest is None or newest.number != number:
        return None
    names = [one.name for one in beyond]
    document = deepcopy(newest.document)
    for entry in document["rules"]:
        if entry["name"] in names:
            entry["stage"] = Stage.MONITOR.value
    version = publish(
        document,
        actor=None,
        title=f"Back to monitor: {', '.join(names)}"[:200],
        reason=" ".join(one.why for one in beyond),
        authors=newest.authors,
        rolled_back=names,
    )
    for one in beyond:
        audit.record(actor=None, action=ROLLED_BACK, rule=one.name, version=version.number, why=one.why)
        log.warning("rule.rolled_back", rule=one.name, version=version.number)
    return version


def _beyond(entries: list[Entry], *, now: datetime) -> Iterator[Beyond]:
    found = load_evidence(entries)
    for entry in entries:
        name = str(entry["name"])
        why = _overturned(entry, found[name]) or _stops_too_much(entry, found[name])
        if why:
            told = entry.get("title") or name
            yield Beyond(name=name, why=f"The rule “{told}” went back to monitor by itself: {why}")


def _overturned(entry: Entry, evidence: Evidence) -> str:
    most = _bound(entry, "max_overturns")
    if most is None or evidence.overturned_stops <= most:
        return ""
    n = evidence.overturned_stops
    closed = f"{n} investigation{'s' if n > 1 else ''} of calls it stopped {'were' if n > 1 else 'was'} closed"
    return f"{closed} as a false positive or as benign, expected at most {most:g}."


def _stops_too_much(entry: Entry, evidence: Evidence) -> str:
    most = _bound(entry, "max_stop_share")
    if most is None or evidence.run is None or not evidence.stopped:
        return ""
    least = _bound(entry, "min_calls")
    least = USUAL_MIN_CALLS if least is None else least
    acting = _acting(entry)
    calls = evidence.calls * acting
    if calls >= max(1, least) and evidence.stopped / calls > most:
        return _too_much(evidence.stopped, calls, most, whose="")
    worst = _worst(evidence.name, evidence.run.version, acting=acting, least=max(1, least))
    if worst and worst[1] / worst[2] > most:
        return _too_much(worst[1], worst[2], most, whose=f" of the agent `{worst[0]}`")
    return ""


def _too_much(stopped: float, calls: float, most: float, *, whose: str) -> str:
    return (
        f"it stopped {stopped:,.0f} of {calls:,.0f} calls{whose}, {stopped / calls:.2%}, expected at most {most:.2%}."
    )


def _worst(name: str, version: int, *, acting: float, least: float) -> tuple[str, float, float] | None:
    with connection.cursor() as cursor:
        cursor.execute(_WORST, {"name": name, "version": version, "acting": acting, "least": least})
        row = cursor.fetchone()
    return (str(row[0]), float(row[1]), float(row[2])) if row else None


def _acting(entry: Entry) -> float:
    """The share of the conversations in which the rule acts."""
    percent = entry.get("canary_percent", 10)
    return max(1, percent) / 100 if entry.get("stage") == Stage.CANARY.value else 1.0


def _bound(entry: Entry, name: str) -> float | None:
    value = entry["bounds"].get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_bounded(entry: Entry) -> bool:
    return entry.get("stage", Stage.ENFORCE.value) in _ACTING and isinstance(entry.get("bounds"), Mapping)


def _rules_of(version: PolicyVersion | None) -> list[Entry]:
    return list(version.document.get("rules") or ()) if version else []
