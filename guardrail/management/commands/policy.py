"""`manage.py policy check FILE...` and `manage.py policy export`: policies as files, for a repository and its CI."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from guardrail.rule_tests import Checked, check_rule, check_tests
from policies.interchange.checking import CheckedDocument, Problem, check
from policies.interchange.reading import MOST_BYTES_BY_COMMAND
from policies.interchange.writing import to_json, to_yaml
from policies.load import NoRuleset
from policies.models import PolicyVersion
from policies.policy_document import policy_of
from policies.ruleset import compile_ruleset
from policies.services.interchange import load_policy_document


class Command(BaseCommand):
    help = "Check policy documents, or write the policy in force as one (docs/policy.md)."
    # a check must run where no database is
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        checking = actions.add_parser("check", help="say what is wrong with documents, as FILE:LINE: text")
        checking.add_argument("files", nargs="+", type=Path, metavar="FILE")
        checking.add_argument("--no-tests", action="store_true", help="leave the rules' test cases out")
        exporting = actions.add_parser("export", help="write a published version on standard output")
        exporting.add_argument("--version-number", type=int, metavar="N", help="another one than that in force")
        exporting.add_argument("--format", choices=("yaml", "json"), default="yaml")
        exporting.add_argument("--no-lists", action="store_true", help="leave the lists out")
        exporting.add_argument(
            "--phrases", action="store_true", help="with the phrases that mark data: they may be what must not get out"
        )

    def handle(self, *, action: str, **options: Any) -> None:
        if action == "check":
            self._check(options["files"], with_tests=not options["no_tests"])
        else:
            self._export(
                options["version_number"],
                kind=options["format"],
                with_lists=not options["no_lists"],
                phrases=options["phrases"],
            )

    def _check(self, files: Sequence[Path], *, with_tests: bool) -> None:
        """Exits 1 when any document has something wrong; remarks alone do not."""
        wrong = 0
        for file in files:
            checked = _read(file)
            problems = list(checked.problems)
            if checked.sound and with_tests:
                problems += self._failing(file, checked)
            for problem in sorted(problems, key=lambda one: one.line):
                word = "remark: " if problem.remark else ""
                self.stderr.write(f"{file}:{problem.line}: {word}{problem.text}")
            errors = sum(1 for problem in problems if not problem.remark)
            wrong += errors
            self.stdout.write(f"{file}: {f'{errors} to put right' if errors else 'right'}")
        if wrong:
            sys.exit(1)

    def _failing(self, file: Path, checked: CheckedDocument) -> Iterator[Problem]:
        document = policy_of(checked.document)
        try:
            results = check_tests(document)
        except (DatabaseError, NoRuleset):
            results, left_out = _samples_only(document)
            if left_out:
                said = f"{left_out} case{'s' if left_out > 1 else ''} of stored calls left out"
                self.stderr.write(f"{file}: no database with a policy: {said}")
        names = [rule["name"] for rule in document.get("rules", ())]
        for one in results:
            if one.fails:
                index = names.index(one.rule)
                tests = [str(test.get("name") or "") for test in document["rules"][index].get("tests", ())]
                at = (tests.index(one.name),) if one.name in tests else ()
                line = checked.located.line_of(("rules", index, "tests", *at)) if checked.located else 1
                yield Problem(line=line, text=f"test case `{one.name}` of rule `{one.rule}` fails: {_why(one)}")

    def _export(self, number: int | None, *, kind: str, with_lists: bool, phrases: bool) -> None:
        found = PolicyVersion.objects.filter(number=number) if number else PolicyVersion.objects.all()
        try:
            version = found.first()
        except DatabaseError as error:
            raise CommandError(f"the database cannot be read ({str(error).splitlines()[0]})") from None
        if version is None:
            raise CommandError(f"there is no version {number}" if number else "no policy is published")
        document = load_policy_document(version, with_lists=with_lists, phrases=phrases, actor=None)
        self.stdout.write(to_json(document) if kind == "json" else to_yaml(document), ending="")


def _read(file: Path) -> CheckedDocument:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES_BY_COMMAND + 1)
    except OSError as error:
        told = f"it cannot be read ({error.strerror}), expected a policy document"
        return CheckedDocument(document={}, problems=(Problem(line=1, text=told),))
    return check(content, now=timezone.now(), most_bytes=MOST_BYTES_BY_COMMAND)


def _samples_only(document: dict[str, Any]) -> tuple[tuple[Checked, ...], int]:
    """The cases that need no database, judged by the document alone, and how many others there are."""
    ruleset = compile_ruleset(document)
    results: list[Checked] = []
    left_out = 0
    for rule in document.get("rules", ()):
        tests = rule.get("tests", ())
        samples = [test for test in tests if not test.get("verdict")]
        left_out += len(tests) - len(samples)
        results += check_rule({**rule, "tests": samples}, ruleset=ruleset)
    return tuple(results), left_out


def _why(one: Checked) -> str:
    if one.why_not:
        return one.why_not
    return "it matches, and must not" if one.matched else "it does not match, and must"
