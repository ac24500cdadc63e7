"""Whether all that callers were told is stored so, and what was not judged in time was judged afterwards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.guardrail.instances import wait_for
from tests.overload.answers import Answer, percentile

_SHED = "v.degraded ? 'shed'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Something that must not have happened, and how often it did."""

    name: str
    violations: int


def wait_until_settled(database_url: str, data: Path, *, seconds: float) -> None:
    """Return when the journal is empty, everything is judged in full, and the intake has taken all in."""
    wait_for(lambda: _unsettled(database_url, data) == 0, what="journal and queues to be empty", seconds=seconds)


def check(answers: Sequence[Answer], database_url: str, *, slower: float = 1.0) -> list[Rule]:
    """Compare what callers were told with what the database holds. `slower` is how many times a second is taken."""
    told = [one for one in answers if not one.error]
    with psycopg.connect(database_url) as connection:
        stored = {
            str(pk): (str(action), bool(shed), bool(deferred))
            for pk, action, shed, deferred in connection.execute(
                f"SELECT id::text, action, {_SHED}, deferred FROM guardrail_verdict v"  # noqa: S608 a constant
            )
        }
        late = {str(pk) for (pk,) in connection.execute("SELECT id::text FROM guardrail_latefinding")}
        places = Counter(
            {
                str(pk): int(str(count))
                for pk, count in connection.execute(
                    "SELECT verdict_id::text, count(*) FROM investigations_investigationcall GROUP BY 1"
                )
            }
        )
    kept = [(one, stored[one.verdict]) for one in told if one.verdict in stored]
    unfound = [one for one, (_, shed, _) in kept if one.kind == "attack" and shed and one.verdict not in late]
    stopped = [pk for pk, (action, _, _) in stored.items() if action in ("hold", "block")]
    waited = sorted(one.ms for one in answers)
    return [
        Rule(name="callers who gave up or met an error", violations=sum(bool(one.error) for one in answers)),
        Rule(name=f"answers later than {slower:g} s", violations=sum(one.ms > 1000 * slower for one in answers)),
        Rule(
            name=f"ms of p99 above {400 * slower:g}",
            violations=max(0, round(percentile(waited, 0.99) - 400 * slower)),
        ),
        Rule(
            name="answers that were no explicit 200", violations=sum(x.status != 200 or x.blocked is None for x in told)
        ),
        Rule(name="answers that are not stored", violations=len(told) - len(kept)),
        Rule(name="stored otherwise than told", violations=sum(_differs(one, row[0]) for one, row in kept)),
        Rule(name="attacks allowed", violations=sum(one.kind == "attack" and one.blocked is False for one in told)),
        Rule(name="honest calls stopped though judged", violations=_stopped_wrongly(kept)),
        Rule(
            name="calls shed and not to be judged afterwards",
            violations=sum(s and not d for _, s, d in stored.values()),
        ),
        Rule(name="attacks shed and not found afterwards", violations=len(unfound)),
        Rule(name="stopped calls not in exactly one place", violations=sum(places[pk] != 1 for pk in stopped)),
    ]


def count_shed(database_url: str) -> dict[str, int]:
    """Calls that were not judged in time, by what was answered."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            f"SELECT action, count(*) FROM guardrail_verdict v WHERE {_SHED} GROUP BY 1"  # noqa: S608 a constant
        ).fetchall()
    return {str(action): int(str(count)) for action, count in rows}


def _differs(one: Answer, action: str) -> bool:
    return one.blocked is not (action in ("hold", "block"))


def _stopped_wrongly(kept: Sequence[tuple[Answer, tuple[str, bool, bool]]]) -> int:
    return sum(one.kind != "attack" and one.blocked is True and not row[1] for one, row in kept)


def _unsettled(database_url: str, data: Path) -> int:
    journaled = sum(path.stat().st_size > 0 for path in (data / "journal").glob("*") if path.is_file())
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM guardrail_pendingintake) + (SELECT count(*) FROM guardrail_pendingvalidation)"
        ).fetchone()
    return journaled + (int(str(row[0])) if row else 0)
