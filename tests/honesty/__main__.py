"""What keeps the figures honest: what each feature is worth, and whether numbers hold where nobody chose them."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from guardrail.attribution.tuning import PRODUCTION
from tests.honesty import ablation, suites


def main() -> int:
    parser = argparse.ArgumentParser(prog="make honesty", description=__doc__)
    parser.add_argument("what", choices=("ablation", "suites"), help="rows per feature, or leave one suite out")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these corpora (ablation) or suites (suites)")
    parser.add_argument("--eval", type=Path, required=True, metavar="DIR", help="corpora/*.jsonl.gz, profiles/*.json")
    parser.add_argument(
        "--share", type=float, default=0.5, help="of the attack and loyal sessions that are judged or searched on (0.5)"
    )
    parser.add_argument("--passes", type=int, default=3, help="over all numbers (3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")
    options = parser.parse_intermixed_args()
    numbers = _ablation(options) if options.what == "ablation" else _suites(options)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    return 0


def _ablation(options: argparse.Namespace) -> dict[str, Any]:
    variants = ablation.variants()
    columns = list(ablation.columns_of(options.eval, options.names, share=options.share, seed=options.seed))
    found = {}
    for column in tqdm(columns, unit="column", file=sys.stderr, disable=not sys.stderr.isatty()):
        found[column.title] = ablation.ablate(column, variants, seed=options.seed)
    print(f"{100 * options.share:.0f} % of the attack and loyal sessions")
    print("share in %, then what it is without each feature, in points; [low high] = 95 % by user task\n")
    print(" | ".join(("without", *found)))
    for variant in variants:
        cells = [cells[variant.name] for cells in found.values()]
        print(" | ".join((variant.name, *(_told(cell) for cell in cells))))
    print()
    for variant in variants:
        print(f"{variant.name}: {variant.without}")
    return {title: {name: dataclasses.asdict(cell) for name, cell in cells.items()} for title, cells in found.items()}


def _told(cell: ablation.Cell) -> str:
    if cell.change is None:
        return f"{cell.percent:.1f} [{cell.low:.1f} {cell.high:.1f}]"
    change, low, high = cell.change
    return "0" if change == low == high == 0 else f"{change:+.1f} [{low:+.1f} {high:+.1f}]"


def _suites(options: argparse.Namespace) -> dict[str, Any]:
    names = suites.suites_in(options.eval, options.names)
    print(f"objective: {suites.OBJECTIVE}; numbers chosen on {100 * options.share:.0f} % of the sessions\n")
    print("left out | numbers | stopped | benign sessions hindered | loyal sessions hindered | loyal calls hindered")
    whole = {name: suites.load_suite(options.eval, name) for name in names}
    found: dict[str, Any] = {}
    for left_out in names:
        others = [suites.sampled(whole[name], options.share, options.seed) for name in names if name != left_out]
        with tqdm(unit="tuning", desc=left_out, file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
            searched = suites.search(others, seed=options.seed, passes=options.passes, on_try=bar.update)
        rows = {"chosen on the others": searched.tuning, "shipped": PRODUCTION, "middle of the grids": suites.neutral()}
        found[left_out] = {"tried": searched.tried, "numbers": dataclasses.asdict(searched.tuning)}
        for title, tuning in rows.items():
            shares = found[left_out][title] = suites.measured(whole[left_out], tuning)
            told = (f"{s['percent']:.1f} [{s['low']:.1f} {s['high']:.1f}]" for s in shares.values())
            print(" | ".join((left_out, title, *told)), flush=True)
        print(f"  {searched.tried} tunings tried, objective {searched.objective:.2f}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
