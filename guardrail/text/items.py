"""The list a text begins with: its items, and what stands above them.

Lines behind marks of one make (`- `, `3) `, `[comment, Ann] `), lines behind a label (`AB: book the hall`), rows of a
table (`| Ann | book the hall |`), or numbers within a sentence (`1) move it 2) tell her`). What stands below the list,
or in a list further down, is none of its items.
"""

import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass

from guardrail.text.sentences import split_sentences

_LONGEST_HEAD = 120
_MOST_HEADS = 3
_FEWEST = 2
_LONGEST_STEP = 180
_QUOTES = "'\"’”»"
_ITEM = re.compile(r"[ \t]{0,6}(?:([*+\u2022-])|(?:\d{1,2}|[a-h])[.)])[ \t]{1,4}(?=\S)")
# `[comment, A. Fenn] `, not `[x] ` nor `[08:20] Ann: `.
_REMARK = re.compile(r"[ \t]{0,6}\[[^\W\d][^\[\]\n]{2,60}\] (?=\S)")
_RULE = re.compile(r"\|(?: ?:?-{2,40}:? ?\|){2,20}[ \t]*")
_INLINE = re.compile(r"(?:(?<=[\s:;,(])|^)\(?(\d{1,2}|[a-h])[.)] (?=\S)")
_LABEL = re.compile(r"[ \t]{0,6}([^\W\d_]{2,12}):[ \t]{1,4}(?=\S)")
_END = re.compile(r"[.!?;](?=\s|$)|\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The items of a list in order and what stands `above` it; `label` is the one they share, empty where none."""

    items: tuple[str, ...] = ()
    above: str = ""
    label: str = ""


def list_in(text: str, *, labels: Collection[str] = ()) -> Listed:
    """The list that a text, lower case, begins with; `labels` are the words that may label its lines."""
    return _lines_of(text, labels) or _rows_of(text) or _inline_of(text) or Listed()


def marked_lines(text: str) -> list[str]:
    """The lines behind a mark wherever they stand; none where there is one only."""
    found = [rest for mark, rest in (_mark_of(line, ()) for line in text.splitlines()) if mark]
    return found if len(found) >= _FEWEST else []


def step_of(item: str) -> str:
    """The sentence an item is, or the first of several: what was added to its line is none. Empty for long ones."""
    plain = item.strip(" |")
    # what ends with a quotation goes on behind it: `save 'Projects that land.' in tagline.txt`
    end = next((end for _, end in split_sentences(plain) if plain[end - 1] not in _QUOTES), len(plain))
    return plain[:end] if end <= _LONGEST_STEP else ""


def _rows_of(text: str) -> Listed | None:
    """Of a table whose head is ruled off, as Markdown writes it."""
    lines = text.strip().splitlines()
    rule = next((at for at, line in enumerate(lines[: _MOST_HEADS + 3]) if _RULE.fullmatch(line)), 0)
    if rule < 1 or lines[rule - 1][:1] != "|":
        return None
    cells = lines[rule].count("|")
    items = list(itertools.takewhile(lambda line: line[:1] == "|" and line.count("|") == cells, lines[rule + 1 :]))
    return Listed(items=tuple(items), above="\n".join(lines[:rule])) if items else None


def _lines_of(text: str, labels: Collection[str]) -> Listed | None:
    lines = text.strip().splitlines()
    first = next((at for at, line in enumerate(lines) if _mark_of(line, labels)[0]), None)
    if first is None or sum(1 for line in lines[:first] if line.strip()) > _MOST_HEADS:
        return None
    if any(len(line) > _LONGEST_HEAD for line in lines[:first]):
        return None
    make, _ = _mark_of(lines[first], labels)
    items = []
    for line in lines[first:]:
        mark, rest = _mark_of(line, labels)
        if mark != make:
            break
        items.append(rest)
    if len(items) < _FEWEST:
        return None
    return Listed(items=tuple(items), above="\n".join(lines[:first]), label=make if make in labels else "")


def _mark_of(line: str, labels: Collection[str]) -> tuple[str, str]:
    """What a line begins with, all numbers alike, and the rest of it."""
    found = _ITEM.match(line)
    if found:
        return found.group(1) or "1", line[found.end() :]
    found = _REMARK.match(line)
    if found:
        return "[", line[found.end() :]
    found = _LABEL.match(line)
    return (found.group(1), line[found.end() :]) if found and found.group(1) in labels else ("", line)


def _inline_of(text: str) -> Listed | None:
    marks = list(_INLINE.finditer(text))
    if not marks or marks[0].group(1) not in ("1", "a") or marks[0].start() > _LONGEST_HEAD:
        return None
    run = marks[:1]
    for mark in marks[1:]:
        if _follows(run[-1].group(1), mark.group(1)):
            run.append(mark)
    if len(run) < _FEWEST:
        return None
    last = _END.search(text, run[-1].end())
    ends = [*(mark.start() for mark in run[1:]), last.start() if last else len(text)]
    items = tuple(text[mark.end() : end] for mark, end in zip(run, ends, strict=True))
    return Listed(items=items, above=text[: run[0].start()])


def _follows(before: str, after: str) -> bool:
    if before.isdigit() != after.isdigit():
        return False
    return int(after) == int(before) + 1 if before.isdigit() else ord(after) == ord(before) + 1
