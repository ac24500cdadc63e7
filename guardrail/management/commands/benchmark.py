"""`manage.py benchmark DIR`: the judge on labelled corpora, one row each. Needs neither Postgres nor Redis."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from guardrail import benchmark


class Command(BaseCommand):
    help = "Judge every call of DIR/corpora/*.jsonl.gz by the tenant in DIR/profiles and report what was stopped."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="holds corpora/*.jsonl.gz and profiles/*.json")
        parser.add_argument("corpora", nargs="*", metavar="NAME", help="only these corpora")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the same numbers as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            paths = benchmark.corpora_in(folder)
        except benchmark.BenchmarkError as error:
            raise CommandError(str(error)) from error
        wanted = set(options["corpora"])
        known = {benchmark.corpus_name(path) for path in paths}
        if wanted - known:
            raise CommandError(f"no corpus `{sorted(wanted - known)[0]}`, expected one of {', '.join(sorted(known))}")
        paths = [path for path in paths if not wanted or benchmark.corpus_name(path) in wanted]
        tallies = []
        total = sum(benchmark.count_lines(path) for path in paths)
        with tqdm(total=total, unit="call", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:
            for path in paths:
                name = benchmark.corpus_name(path)
                bar.set_description(name)
                ruleset = benchmark.ruleset_for(name, folder / "profiles")
                tallies.append((name, benchmark.measure(path, ruleset, on_call=bar.update)))
        for row in benchmark.rows_of(tallies):
            self.stdout.write(row)
        if options["json"]:
            numbers = {"corpora": {name: tally.as_json() for name, tally in tallies}}
            options["json"].write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
