"""What `manage.py benchmark` says: tables for people, numbers for programs, misses for engineers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from guardrail.benchmark import Measured, Scored, Session, Tally, hits_of, percentile, tally_of, total_of
from guardrail.intervals import RESAMPLES, by_task

INTERVALS = (
    f"[low high] = 95 %: bootstrap of {RESAMPLES} draws of user tasks; at 0 and 100 % Wilson's for the number of tasks"
)

# Each share: how often, of how many.
SHARES: Mapping[str, Callable[[Tally], tuple[int, int]]] = {
    "attack_stopped": lambda t: (t.attack_stopped, t.attack_sessions),
    "attack_blocked": lambda t: (t.attack_stopped - t.attack_held, t.attack_sessions),
    "attack_clean_stopped": lambda t: (t.attack_clean_stopped, t.attack_sessions),
    "benign_sessions_false": lambda t: (t.benign_sessions_false, t.benign_sessions),
    "benign_sessions_blocked": lambda t: (t.benign_sessions_false - t.benign_sessions_held, t.benign_sessions),
    "benign_calls_false": lambda t: (t.benign_calls_false, t.benign_calls),
    "benign_calls_blocked": lambda t: (t.benign_calls_false - t.benign_calls_held, t.benign_calls),
    "loyal_sessions_false": lambda t: (t.loyal_sessions_false, t.loyal_sessions),
    "loyal_sessions_blocked": lambda t: (t.loyal_sessions_false - t.loyal_sessions_held, t.loyal_sessions),
    "loyal_calls_false": lambda t: (t.loyal_calls_false, t.loyal_calls),
    "loyal_calls_blocked": lambda t: (t.loyal_calls_false - t.loyal_calls_held, t.loyal_calls),
    "loyal_seen_calls_false": lambda t: (t.loyal_seen_calls_false, t.loyal_seen_calls),
    "loyal_seen_calls_blocked": lambda t: (t.loyal_seen_calls_false - t.loyal_seen_calls_held, t.loyal_seen_calls),
}


def share_of(sessions: Iterable[Session], name: str) -> dict[str, Any] | None:
    """`part`, `whole`, `percent`, `low`, `high` and the number of `tasks`; None where nothing was counted."""
    return _counted([(session.task, tally_of(session)) for session in sessions], name)


def _counted(tallies: Iterable[tuple[str, Tally]], name: str) -> dict[str, Any] | None:
    tasks: dict[str, list[int]] = {}
    for task, tally in tallies:
        part, whole = SHARES[name](tally)
        if whole:
            counted = tasks.setdefault(task, [0, 0])
            counted[0] += part
            counted[1] += whole
    interval = by_task([(part, whole) for _, (part, whole) in sorted(tasks.items())])
    if interval is None:
        return None
    part, whole = sum(p for p, _ in tasks.values()), sum(w for _, w in tasks.values())
    return {
        "part": part,
        "whole": whole,
        "percent": round(100 * part / whole, 2),
        "low": round(interval[0], 2),
        "high": round(interval[1], 2),
        "tasks": len(tasks),
    }


def numbers_of(measured: Measured) -> dict[str, Any]:
    """All numbers of one corpus: counts, shares with intervals, the same of each template, times."""
    tallies = [(session.task, tally_of(session)) for session in measured.sessions]
    total = total_of(measured.sessions)
    numbers: dict[str, Any] = {name: getattr(total, name) for name in total.__slots__}
    numbers["shares"] = {name: share for name in SHARES if (share := _counted(tallies, name)) is not None}
    templates: dict[str, list[Session]] = {}
    for session in measured.sessions:
        if session.template:
            templates.setdefault(session.template, []).append(session)
    numbers["templates"] = {
        template: {name: share for name in SHARES if (share := share_of(sessions, name)) is not None}
        for template, sessions in sorted(templates.items())
    }
    for name, times in (("ms", sorted(measured.ms)), ("cpu_ms", sorted(measured.cpu_ms))):
        numbers |= {f"p{share}_{name}": percentile(times, share) for share in (50, 95, 99)}
    return numbers


def rows_of(corpora: Sequence[tuple[str, dict[str, Any]]], *, templates: bool = False) -> Iterator[str]:
    """Tables of `numbers_of` for people, at most 160 columns wide. `templates` = each of them, not the worst only."""
    yield INTERVALS
    yield ""
    yield f"{'attacks':<32} {'sessions':>8} {'tasks':>5}  {'stopped %':<19}  {'blocked %':<19}  clean %"
    for name, numbers in corpora:
        if numbers["attack_sessions"]:
            yield _attack_row(name, numbers["shares"])
            shown = {key: shares for key, shares in numbers["templates"].items() if "attack_stopped" in shares}
            worst = sorted(shown, key=lambda key: shown[key]["attack_stopped"]["percent"])
            for key in (worst if templates else worst[:1]) if len(worst) > 1 else ():
                yield _attack_row(f"  {'' if templates else 'worst: '}{key}", shown[key])
    yield ""
    yield (
        f"{'honest work hindered':<32} {'sessions':>8} {'tasks':>5}  {'blocked or held %':<19}  {'blocked %':<19}  "
        f"{'calls':>5}  {'blocked or held %':<19}  blocked %"
    )
    for name, numbers in corpora:
        for kind, calls in (("benign", "benign_calls"), ("loyal", "loyal_calls"), ("loyal", "loyal_seen_calls")):
            if f"{calls}_false" in numbers["shares"]:
                yield _honest_row(name, kind, calls, numbers["shares"])
    yield ""
    yield f"{'speed':<32} {'calls':>8}  {'p50/p95/p99 ms':<20}  {'of the processor':<20}  unreadable  degraded"
    for name, numbers in corpora:
        times, cpu = (_times(numbers, unit) for unit in ("ms", "cpu_ms"))
        yield (
            f"{name[:32]:<32} {numbers['calls']:>8}  {times:<20}  {cpu:<20}  {numbers['unreadable']:>10}  "
            f"{numbers['degraded']:>8}"
        )


def _attack_row(name: str, shares: Mapping[str, dict[str, Any]]) -> str:
    stopped = shares["attack_stopped"]
    return (
        f"{name[:32]:<32} {stopped['whole']:>8} {stopped['tasks']:>5}  {_percent(stopped):<19}  "
        f"{_percent(shares['attack_blocked']):<19}  {_percent(shares['attack_clean_stopped'])}"
    )


def _honest_row(name: str, kind: str, calls: str, shares: Mapping[str, dict[str, Any]]) -> str:
    sessions = shares[f"{kind}_sessions_false"]
    head = f"{name[:32]:<32} {sessions['whole']:>8} {sessions['tasks']:>5}  "
    if calls == "loyal_seen_calls":
        head = f"{'  with the injection in view':<90}  "
    else:
        head += f"{_percent(sessions):<19}  {_percent(shares[f'{kind}_sessions_blocked']):<19}  "
    false, blocked = shares[f"{calls}_false"], shares[f"{calls}_blocked"]
    return f"{head}{false['whole']:>5}  {_percent(false):<19}  {_percent(blocked)}"


def _percent(share: Mapping[str, Any]) -> str:
    return f"{share['percent']:.1f} [{share['low']:.1f} {share['high']:.1f}]"


def _times(numbers: Mapping[str, Any], unit: str) -> str:
    times = [numbers[f"p{share}_{unit}"] for share in (50, 95, 99)]
    return " / ".join("–" if value is None else f"{value:.1f}" for value in times)


def misses_of(corpus: str, sessions: Iterable[Session]) -> Iterator[dict[str, Any]]:
    """Attacks that went through and honest calls that did not: where, and the signals that were (not) there."""
    for session in sessions:
        if session.kind == "attack":
            if not hits_of(session.calls):
                wrong = [call for call in session.calls if call.label == "block"]
                yield _miss(corpus, session, "attack passed", wrong)
        elif wrong := [call for call in session.calls if call.label == "allow" and call.stopped]:
            yield _miss(corpus, session, "honest work hindered", wrong)


def _miss(corpus: str, session: Session, what: str, calls: Iterable[Scored]) -> dict[str, Any]:
    return {
        "corpus": corpus,
        "what": what,
        "kind": session.kind,
        "session": session.name,
        "task": session.task,
        "template": session.template,
        "calls": [
            {
                "step": call.step,
                "tool": call.tool,
                "phase": call.phase,
                "action": call.action.name.lower(),
                "signals": [{"name": name, "reason": reason} for name, reason in call.signals],
                "degraded": list(call.degraded),
            }
            for call in calls
        ],
    }
