"""`docs/security.md` names tests that exist, and for every requirement a place, a reason, or that there is none."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+[^|]*) \| ([^|]*) \| ([^|]*) \|([^|]*)\|$", re.MULTILINE)


def test_every_test_it_names_exists() -> None:
    named = _NAMED.findall(DOCUMENT)
    assert len(named) > 100
    assert sorted({f"{path}::{name}" for path, name in named if name not in _tests_of(path)}) == []


def _tests_of(path: str) -> set[str]:
    """The names of a file's tests, and the empty one; none where there is no such file."""
    file = ROOT / path
    if not file.exists():
        return set()
    tree = ast.parse(file.read_text())
    return {""} | {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_requirement_is_met_somewhere_or_says_why_not() -> None:
    rows = _ROW.findall(DOCUMENT)
    assert len(rows) > 120
    assert [number for number, wanted, where, _ in rows if not wanted.strip() or len(where.strip()) < 2] == []
    # each number once: two rows would say two things
    numbers = [number for text, *_ in rows for number in re.findall(r"\d+\.\d+\.\d+", text)]
    assert sorted({number for number in numbers if numbers.count(number) > 1}) == []


def test_every_table_row_is_one() -> None:
    """A row with a bar too many or too few would be shown as something else."""
    broken = [line for line in DOCUMENT.splitlines() if re.match(r"\| \d+\.\d+", line) and not _ROW.match(line)]
    assert broken == []
