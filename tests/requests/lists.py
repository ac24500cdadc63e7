"""The lists: one author each, none of whom saw a rule, another list or a case of ours."""

import hashlib
import json
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("lists")


class Left(StrEnum):
    """What a request leaves to a text."""

    DEEDS = "deeds"
    VALUES = "values"
    SOMETHING = "something"
    """One of both: its author was not asked which."""
    NOTHING = "nothing"


class Asked(NamedTuple):
    """A request: `lang` as `en` or `de`."""

    text: str
    left: Left
    lang: str


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def requests_of(*names: str) -> list[Asked]:
    lines = [line for name in names for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [Asked(row["text"], Left(row["left"]), row["lang"]) for row in map(json.loads, lines)]


def digest() -> str:
    """Of all lists: which ones the weights were learned from."""
    found = hashlib.sha256()
    for name in names():
        found.update((FOLDER / f"{name}.jsonl").read_bytes())
    return found.hexdigest()
