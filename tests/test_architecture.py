"""What the linters cannot see: rules about files, names and documents."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from guardrail import detectors

ROOT = Path(__file__).resolve().parent.parent
APPS = ("policies", "guardrail", "investigations")
# What stands above a package: it may name none of these, not even in a string
ABOVE = {"policies": ("guardrail", "investigations"), "guardrail": ("investigations",)}
COMPOSITION_ROOT = {"settings.py", "urls.py", "page_urls.py", "celery.py", "wsgi.py"}
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "base", "manager", "misc", "signals"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 60
MENTION = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)`|\]\((?!https?:|#|mailto:)([^)#\s]+)")


def _sources(*folders: str, endings: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings and "vendor" not in path.parts and "__pycache__" not in path.parts:
                yield path


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _strings(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every string of a module that is no docstring."""
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node


@pytest.mark.parametrize("app", ABOVE)
def test_it_names_no_package_above_its_own_in_a_string(app: str) -> None:
    upward = re.compile(rf"\b(?:{'|'.join(ABOVE[app])})[./][a-z_]\w*", re.IGNORECASE)
    found = [
        f"{_name(path)}:{node.lineno} {node.value!r}"
        for path in _sources(app)
        if not (app == "guardrail" and path.name in COMPOSITION_ROOT)
        for node in _strings(_parsed(path))
        if upward.search(str(node.value))
    ]
    assert found == []


def test_it_lists_every_detector() -> None:
    written = {path.stem for path in _sources("guardrail/detectors") if path.stem != "__init__"}
    listed = {detect.__module__ for _, detect in detectors.DETECTORS}
    assert written == {name.rpartition(".")[2] for name in listed}


def test_it_has_no_document_that_names_a_missing_file() -> None:
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for quoted, linked in MENTION.findall(page.read_text()):
            path = (quoted or linked).rstrip("/")
            ours = linked or (ROOT / path.split("/")[0]).exists()
            if ours and not (ROOT / path).exists() and not (page.parent / path).exists():
                missing.append(f"{_name(page)}: {path}")
    assert missing == []


def test_it_has_no_file_longer_than_people_read() -> None:
    endings = (".py", ".html", ".css", ".js")
    long = [
        f"{_name(path)}: {lines} lines"
        for path in _sources(*APPS, "templates", "static", "tests", endings=endings)
        if (lines := path.read_text().count("\n")) > LONGEST_FILE
    ]
    assert long == []


def test_it_has_no_function_longer_than_people_read() -> None:
    long = [
        f"{_name(path)}: {node.name} has {lines} lines"
        for path in _sources(*APPS)
        if "migrations" not in path.parts
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


def test_it_has_no_module_whose_name_says_nothing() -> None:
    assert [_name(path) for path in _sources(*APPS, "tests") if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_it_says_in_every_module_what_it_is_for() -> None:
    silent = [
        _name(path)
        for path in _sources(*APPS, "tests")
        if not {"apps.py", "migrations"} & set(path.parts)
        and path.read_text().strip()
        and not ast.get_docstring(_parsed(path))
    ]
    assert silent == []


def test_it_leaves_no_note_to_finish_something() -> None:
    # in a comment only: an attacker's text may say it too
    mark = re.compile(r"(?:#|//|/\*|<!--)\s*(?:TODO|FIXME|XXX)\b")
    endings = (".py", ".html", ".css", ".js", ".md")
    sources = [*_sources(*APPS, "templates", "static", "tests", "docs", endings=endings), *ROOT.glob("*.md")]
    assert [_name(path) for path in sources if mark.search(path.read_text())] == []


def test_it_documents_every_setting() -> None:
    names = re.compile(r"[\"'](GUARDRAIL_[A-Z_]+|DATABASE_URL|REDIS_URL)[\"']")
    used = {name for path in _sources(*APPS) for name in names.findall(path.read_text())}
    told = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(name for name in used if f"`{name}`" not in told) == []


def test_every_advisory_lock_has_a_number_of_its_own() -> None:
    numbers: dict[str, list[str]] = {}
    for path in _sources(*APPS):
        if "migrations" not in path.parts:
            for number in re.findall(r"^_\w+ = (7_221_\d{3})$", path.read_text(), re.MULTILINE):
                numbers.setdefault(number, []).append(_name(path))
    assert len(numbers) >= 6
    assert {number: paths for number, paths in numbers.items() if len(paths) > 1} == {}
