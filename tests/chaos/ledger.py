"""What must be true after the faults: every acknowledged verdict kept once, every stopped one in one investigation."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.chaos.load import LATE_MS, Asked
from tests.guardrail.instances import wait_for

_STOPPED = "('hold', 'block')"
_WAITING = (
    "SELECT (SELECT count(*) FROM guardrail_pendingintake) + (SELECT count(*) FROM guardrail_pendingvalidation)"
    " + (SELECT count(*) FROM investigations_delivery WHERE state < 2)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Something that must not have happened, and how often it did."""

    name: str
    violations: int


def wait_until_settled(data: Path, *, seconds: float) -> None:
    """Return when the journal is empty, the intake has taken everything in, and receivers have acknowledged it."""
    wait_for(lambda: _unsettled(data) == 0, what="journal, intake and deliveries to be empty", seconds=seconds)


def check(asked: Sequence[Asked], data: Path, *, arrived: Collection[str], in_time: Collection[str]) -> list[Rule]:
    """Compare what callers were told with what the database holds, and with the verdicts that `arrived` at a receiver.

    `in_time` are the phases in which nobody may have waited long.
    """
    acknowledged = [entry for entry in asked if entry.blocked is not None]
    with _connect(data) as connection:
        rows = connection.execute("SELECT id::text, correlation_id, action FROM guardrail_verdict").fetchall()
        unjudged = {str(row[0]) for row in connection.execute("SELECT id::text FROM guardrail_verdict WHERE failed")}
        no_transcript = _count(
            connection, "guardrail_verdict v LEFT JOIN guardrail_transcript t USING (id) WHERE t.id IS NULL"
        )
        places = Counter(
            {
                str(verdict_id): int(str(places))
                for verdict_id, places in connection.execute(
                    "SELECT verdict_id::text, count(*) FROM investigations_investigationcall GROUP BY 1"
                )
            }
        )
        stopped = [
            str(verdict_id)
            for (verdict_id,) in connection.execute(
                f"SELECT id::text FROM guardrail_verdict WHERE would_have IN {_STOPPED}"  # noqa: S608 a constant
            )
        ]
    stored = {str(verdict_id): (str(correlation), str(action)) for verdict_id, correlation, action in rows}
    per_call = Counter(correlation for correlation, _ in stored.values())
    return [
        Rule(name="answers that were not an explicit 200", violations=_count_implicit(asked)),
        Rule(name="attacks answered allow", violations=sum(e.attack and e.blocked is False for e in asked)),
        Rule(
            name="honest calls answered block though judged",
            violations=sum(not e.attack and e.blocked is True and e.verdict_id not in unjudged for e in asked),
        ),
        Rule(
            name="late or no answers while who answers was well",
            violations=len(_unwell(asked, in_time)),
        ),
        Rule(name="acknowledged verdicts lost", violations=sum(e.verdict_id not in stored for e in acknowledged)),
        Rule(name="acknowledged verdicts stored otherwise", violations=_count_different(acknowledged, stored)),
        Rule(name="calls stored more than once", violations=sum(times > 1 for times in per_call.values())),
        Rule(name="verdicts without a transcript", violations=no_transcript),
        Rule(name="stopped calls without an investigation", violations=sum(places[v] == 0 for v in stopped)),
        Rule(name="stopped calls in more than one", violations=sum(places[v] > 1 for v in stopped)),
        Rule(name="investigation calls nobody stopped", violations=len(set(places) - set(stopped))),
        Rule(name="stopped calls no receiver was told of", violations=len(set(stopped) - set(arrived))),
    ]


def count_unjudged(data: Path) -> str:
    """How many calls the fail posture answered, by what was missing: a line for people."""
    with _connect(data) as connection:
        rows = connection.execute(
            "SELECT degraded::text, count(*) FROM guardrail_verdict WHERE failed GROUP BY 1 ORDER BY 2 DESC"
        ).fetchall()
    return "answered by the fail posture, by what was missing: " + (
        ", ".join(f"{what} {n}" for what, n in rows) or "none"
    )


def lost(asked: Sequence[Asked], data: Path) -> list[str]:
    """Where acknowledged verdicts that are not stored were lost: for people who look for the reason."""
    with _connect(data) as connection:
        stored = {str(row[0]) for row in connection.execute("SELECT id::text FROM guardrail_verdict")}
    missing = [entry for entry in asked if entry.blocked is not None and entry.verdict_id not in stored]
    return [f"lost during `{entry.phase}` after {entry.ms:.0f} ms: {entry.verdict_id}" for entry in missing]


def describe(asked: Sequence[Asked], phases: Sequence[str]) -> list[str]:
    """One line a phase: how many calls, how they were answered, how long it took."""
    lines = [
        f"{'phase':<26}{'calls':>6}{'blocked':>9}{'allowed':>9}{'no answer':>11}{'late':>6}{'p50 ms':>8}{'p99 ms':>8}"
    ]
    for phase in phases:
        entries = [entry for entry in asked if entry.phase == phase]
        answered = sorted(entry.ms for entry in entries if not entry.error)
        if not entries:
            continue
        p50, p99 = (answered[int(len(answered) * part)] if answered else 0.0 for part in (0.5, 0.99))
        lines.append(
            f"{phase:<26}{len(entries):>6}{sum(e.blocked is True for e in entries):>9}"
            f"{sum(e.blocked is False for e in entries):>9}{sum(bool(e.error) for e in entries):>11}"
            f"{sum(e.ms > LATE_MS and not e.error for e in entries):>6}{p50:>8.1f}{p99:>8.1f}"
        )
    errors = Counter(entry.error for entry in asked if entry.error)
    if errors:
        lines.append("no answer: " + ", ".join(f"{count} {name}" for name, count in errors.most_common()))
    return lines


def unwell(asked: Sequence[Asked], in_time: Collection[str]) -> list[str]:
    """The calls that were late or not answered in these phases, by phase and the fault before: lines for people."""
    counts = Counter(
        f"{entry.error or 'late'} while `{entry.phase}`, last `{entry.fault}`" for entry in _unwell(asked, in_time)
    )
    return [f"{count:>6} {what}" for what, count in counts.most_common()]


def _unwell(asked: Sequence[Asked], in_time: Collection[str]) -> list[Asked]:
    return [entry for entry in asked if entry.phase in in_time and (entry.error or entry.ms > LATE_MS)]


def _count_implicit(asked: Sequence[Asked]) -> int:
    return sum(not entry.error and (entry.status != 200 or entry.blocked is None) for entry in asked)


def _count_different(acknowledged: Sequence[Asked], stored: dict[str, tuple[str, str]]) -> int:
    return sum(
        entry.verdict_id in stored
        and stored[entry.verdict_id] != (entry.correlation_id, "block" if entry.blocked else "allow")
        and stored[entry.verdict_id][1] not in ("notice", "hold")
        for entry in acknowledged
    )


def _unsettled(data: Path) -> int:
    journaled = sum(path.stat().st_size > 0 for path in (data / "journal").glob("*") if path.is_file())
    try:
        with _connect(data) as connection:
            row = connection.execute(_WAITING).fetchone()
            return journaled + (int(str(row[0])) if row else 1)
    except psycopg.OperationalError:
        return 1


def _count(connection: "psycopg.Connection[tuple[object, ...]]", source: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {source}").fetchone()  # noqa: S608
    return int(str(row[0])) if row else 0


def _connect(data: Path) -> "psycopg.Connection[tuple[object, ...]]":
    kept = json.loads((data / "kept.json").read_text())
    return psycopg.connect(
        host="127.0.0.1",
        port=kept["postgres_port"],
        user="guardrail",
        password=kept["postgres_password"],
        dbname="guardrail",
        connect_timeout=5,
    )
