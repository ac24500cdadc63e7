"""The command line of the battery: tables of what each disguise does to what is stopped. Status 0 whatever they say."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from guardrail import benchmark
from policies.ruleset import Ruleset
from tests.battery.attacks import Attack
from tests.battery.histories import long_calls
from tests.battery.measure import (
    Change,
    Outcome,
    Rows,
    Speed,
    Trial,
    call_of,
    outcome_of,
    plainly_stopped,
    resampled,
    sessions_of,
    stops,
    timed,
    try_out,
    wilson,
)
from tests.battery.paraphrase import paraphrased_session
from tests.battery.scenes import ATTACKS
from tests.battery.transformations import TRANSFORMATIONS

_WAYS: tuple[tuple[str, Change], ...] = (
    ("as it is", lambda rows: rows),
    ("signatures cut", partial(paraphrased_session, neutral_words=False)),
    ("signatures reworded", partial(paraphrased_session, neutral_words=True)),
)
_MAX_TIMED = 400


def main() -> int:
    parser = argparse.ArgumentParser(prog="make battery", description=__doc__)
    parser.add_argument(
        "--eval", type=Path, metavar="DIR", help="labelled corpora too: corpora/*.jsonl.gz, profiles/*.json"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    parser.add_argument("--seed", type=int, default=0, help="of the disguises (0)")
    parser.add_argument("--corpora", nargs="*", default=(), metavar="NAME", help="only these of DIR")
    parser.add_argument("--no-disguises", action="store_true", help="leave out the battery itself")
    options = parser.parse_args()
    numbers: dict[str, Any] = {}
    if not options.no_disguises:
        numbers["battery"] = _battery(options.seed)
    numbers["speed"] = {"60 kB histories": _speed("60 kB histories", timed(long_calls(), ATTACKS[0].ruleset()))}
    if options.eval is None:
        print("\ncorpora: left out, no folder was given")
    elif not (options.eval / "corpora").is_dir():
        print(f"\ncorpora: left out, `{options.eval}` holds none")
    else:
        numbers["corpora"] = dict(_corpora(options.eval, options.corpora, numbers["speed"]))
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    return 0


def _battery(seed: int) -> dict[str, Any]:
    plain = plainly_stopped(ATTACKS)
    print(f"plain: {len(plain)}/{len(ATTACKS)} attacks stopped, {_interval(len(plain), len(ATTACKS))}")
    for attack in ATTACKS:
        print(f"  {'stopped' if attack.name in plain else 'PASSED '} {attack.name}{_twins(attack)}")
    print("\ndisguise | stopped | of those stopped plainly | loyal stopped | benign stopped | newly passed")
    trials = []
    for transformation in TRANSFORMATIONS:
        trials.append(try_out(transformation, ATTACKS, seed=seed))
        print(_row(trials[-1], plain), flush=True)
    kept, tries = sum(len(plain - set(trial.passed)) for trial in trials), len(plain) * len(trials)
    print(f"\nall disguises: {_share(kept, tries)} of the plain result")
    for kind in dict.fromkeys(trial.kind for trial in trials):
        of_kind = [trial for trial in trials if trial.kind == kind]
        print(f"  {kind}: {_share(sum(len(plain - set(t.passed)) for t in of_kind), len(plain) * len(of_kind))}")
    honest = len(ATTACKS) * len(trials)
    print(f"  loyal twins stopped: {_share(sum(len(t.loyal_stopped) for t in trials), honest)}")
    print(f"  benign twins stopped: {_share(sum(len(t.benign_stopped) for t in trials), honest)}")
    return {
        "plain": sorted(plain),
        "ratio": kept / tries if tries else None,
        "trials": {
            t.transformation: {
                "kind": t.kind,
                "passed": list(t.passed),
                "loyal_stopped": list(t.loyal_stopped),
                "benign_stopped": list(t.benign_stopped),
            }
            for t in trials
        },
    }


def _twins(attack: Attack) -> str:
    loyal = stops(attack.loyal_call((attack.wording.text,)), attack.ruleset())
    benign = stops(attack.benign_call(), attack.ruleset())
    return (" | LOYAL TWIN STOPPED" if loyal else "") + (" | BENIGN TWIN STOPPED" if benign else "")


def _row(trial: Trial, plain: frozenset[str]) -> str:
    count = len(ATTACKS)
    newly = sorted(plain & set(trial.passed))
    return " | ".join(
        (
            f"{trial.kind}: {trial.transformation}",
            f"{count - len(trial.passed)}/{count}",
            _share(len(plain) - len(newly), len(plain)),
            str(len(trial.loyal_stopped)),
            str(len(trial.benign_stopped)),
            "; ".join(newly) if len(newly) <= 6 else f"{len(newly)} of {len(plain)}",
        )
    )


def _corpora(folder: Path, wanted: Iterable[str], speed: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    print("\ncorpus | way | group | sessions stopped (Wilson), 95 % by user task | honest calls stopped")
    for path in benchmark.corpora_in(folder):
        name = benchmark.corpus_name(path)
        if wanted and name not in wanted:
            continue
        ruleset = benchmark.ruleset_for(name, folder / "profiles")
        sessions = sessions_of(path)
        found = {}
        for way, change in _WAYS:
            outcomes = [outcome_of(change(rows), ruleset) for rows in sessions]
            found[way] = _groups(name, way, outcomes)
        yield name, found
        speed[name] = _speed(name, _timed_corpus(sessions, ruleset))


def _groups(name: str, way: str, outcomes: list[Outcome]) -> dict[str, Any]:
    groups: dict[str, list[Outcome]] = {"all": outcomes}
    for outcome in outcomes:
        if outcome.kind == "attack":
            groups.setdefault(outcome.group, []).append(outcome)
    found = {}
    for group, of_group in groups.items():
        stopped, whole = sum(o.stopped for o in of_group), len(of_group)
        wrong, honest = sum(o.wrong_calls for o in of_group), sum(o.calls for o in of_group)
        low, high = resampled(of_group)
        print(
            f"{name} | {way} | {group or 'no group'} | {_share(stopped, whole)}, by task {low:.1f}-{high:.1f} | "
            f"{wrong}/{honest}",
            flush=True,
        )
        found[group] = {
            "stopped": stopped,
            "sessions": whole,
            "by_task": [low, high],
            "wrong_calls": wrong,
            "honest_calls": honest,
        }
    return found


def _timed_corpus(sessions: list[Rows], ruleset: Ruleset) -> Speed:
    """A sample, so that a large corpus takes no longer than a small one."""
    rows = [row for session in sessions for row in session]
    rows = Random(0).sample(rows, min(len(rows), _MAX_TIMED))
    return timed((call for row in rows if (call := call_of(row)) is not None), ruleset)


def _speed(name: str, speed: Speed) -> dict[str, Any]:
    found = {f"p{share}": speed.p(share) for share in (50, 95, 99)}
    told = ", ".join(f"{share} {cold:.1f}/{warm:.1f}" for share, (cold, warm) in found.items() if cold and warm)
    print(f"{name}: ms cold/warm {told}, {len(speed.cold)} calls, {speed.degraded} degraded", flush=True)
    return {share: {"cold": cold, "warm": warm} for share, (cold, warm) in found.items()}


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % {part}/{whole} ({_interval(part, whole)})" if whole else "–"


def _interval(part: int, whole: int) -> str:
    low, high = wilson(part, whole)
    return f"{low:.1f}-{high:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
