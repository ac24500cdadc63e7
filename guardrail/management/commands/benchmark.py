"""`manage.py benchmark DIR`: the judge on labelled corpora. Needs no Postgres, and Redis only with `--memory`."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from guardrail import benchmark, benchmark_report
from guardrail.benchmark_memory import NoMemoryError, Remembering
from policies.ruleset import Profile


class Command(BaseCommand):
    help = "Judge every call of DIR/corpora/*.jsonl.gz by the tenant in DIR/profiles and report what was stopped."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="holds corpora/*.jsonl.gz and profiles/*.json")
        parser.add_argument("corpora", nargs="*", metavar="NAME", help="only these corpora")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers, and more, as JSON")
        parser.add_argument(
            "--misses",
            type=Path,
            metavar="FILE",
            help="write each attack that passed and each honest session hindered, one JSON object a line",
        )
        parser.add_argument("--templates", action="store_true", help="a row for each wording, not the worst only")
        parser.add_argument(
            "--profile", choices=[profile.value for profile in Profile], default="strict", help="of every agent"
        )
        parser.add_argument("--cold", action="store_true", help="forget before each call what was read before it")
        parser.add_argument(
            "--memory",
            action="store_true",
            help="as one organisation, corpus after corpus in the order given: what is remembered counts (needs Redis)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        paths = _wanted(folder, options["corpora"])
        corpora: list[tuple[str, dict[str, Any]]] = []
        misses: list[dict[str, Any]] = []
        memory = Remembering() if options["memory"] else None
        total = sum(benchmark.count_lines(path) for path in paths)
        with tqdm(total=total, unit="call", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:
            for path in paths:
                name = benchmark.corpus_name(path)
                bar.set_description(name)
                profile = Profile(options["profile"])
                ruleset = benchmark.ruleset_for(name, folder / "profiles", profile=profile)
                try:
                    measured = benchmark.measure(path, ruleset, cold=options["cold"], memory=memory, on_call=bar.update)
                except NoMemoryError as error:
                    raise CommandError(str(error)) from error
                corpora.append((name, benchmark_report.numbers_of(measured)))
                misses += benchmark_report.misses_of(name, measured.sessions)
        for row in benchmark_report.rows_of(corpora, templates=options["templates"]):
            self.stdout.write(row)
        if memory:
            waited, computed, told = map(_shares, (memory.ms, memory.cpu_ms, memory.told_ms))
            self.stdout.write(f"memory, p50/p95 ms a call: {waited}, of the processor {computed}")
            self.stdout.write(f"told while a verdict is written, of {len(memory.told_ms)} calls: {told}")
        if options["json"]:
            how = {name: options[name] for name in ("profile", "cold")}
            numbers = {**how, "intervals": benchmark_report.INTERVALS, "corpora": dict(corpora)}
            options["json"].write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
        if options["misses"]:
            lines = (json.dumps(miss, ensure_ascii=False) + "\n" for miss in misses)
            options["misses"].write_text("".join(lines), "utf-8", errors="backslashreplace")


def _shares(times: list[float]) -> str:
    ordered = sorted(times)
    return "/".join(str(benchmark.percentile(ordered, share)) for share in (50, 95))


def _wanted(folder: Path, names: list[str]) -> list[Path]:
    try:
        paths = benchmark.corpora_in(folder)
    except benchmark.BenchmarkError as error:
        raise CommandError(str(error)) from error
    known = {benchmark.corpus_name(path) for path in paths}
    unknown = sorted(set(names) - known)
    if unknown:
        raise CommandError(f"no corpus `{unknown[0]}`, expected one of {', '.join(sorted(known))}")
    if not names:
        return paths
    by_name = {benchmark.corpus_name(path): path for path in paths}
    return [by_name[name] for name in names]
