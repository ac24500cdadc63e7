"""What the rule editor's form holds beside plain fields: the condition as rows or as text, and the test cases.

Both come back as they were typed whenever something is wrong: nothing anybody wrote is lost to an error.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from guardrail.models import Verdict
from guardrail.rule_tests import LONGEST_SAMPLE, MATCH, NOT_MATCH, read_sample
from guardrail.shown_text import without_unseen
from policies.expressions import ConditionError, compile_condition
from policies.expressions.vocabulary import BY_NAME, Kind
from policies.rule_checks import read_moment, require_sense
from policies.rule_rows import MOST_ROWS, Joined, Row, RowError, Rows, operators_of, rows_of, text_of

ROWS, TEXT = "rows", "text"
# As many as a policy document may hold of one rule: what is shown must come back.
_MOST_TESTS = 500
_LONGEST = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a condition's text is wrong: the line with what stands before, at and after the position."""

    line: int
    column: int
    before: str
    at: str
    after: str


@dataclass(slots=True)
class ConditionInput:
    """The condition as the form has it. `view` says which of `rows` and `text` people edit; the other follows.

    `row_errors` are messages by row and part. `place` is where `error` is, None where it is of the whole.
    """

    view: str = ROWS
    joined: Joined = Joined.ALL
    rows: list[Row] = field(default_factory=list)
    text: str = ""
    error: str = ""
    place: Place | None = None
    row_errors: dict[tuple[int, str], str] = field(default_factory=dict)

    @property
    def fields(self) -> frozenset[str]:
        """The fields the rows speak of."""
        return frozenset(row.field for row in self.rows)

    def checked(self) -> str | None:
        """The condition's text; None where it cannot be compiled, and then the errors say why."""
        try:
            if self.view == ROWS:
                if not self.rows:
                    self.error = "there is no condition, expected one at least"
                    return None
                self._require_seen()
                self.text = text_of(Rows(rows=tuple(self.rows), joined=self.joined))
            compile_condition(self.text)
            require_sense(self.text)
        except RowError as error:
            self.row_errors[error.number, error.part] = str(error)
            return None
        except ConditionError as error:
            self.error, self.place = str(error), _place(self.text, error.position)
            return None
        return self.text

    def _require_seen(self) -> None:
        for number, row in enumerate(self.rows):
            for part in ("value", "path"):
                if _has_unseen(getattr(row, part)):
                    told = "it holds a character nobody sees, expected it without, or the condition as an expression"
                    raise RowError(told, number=number, part=part)

    def show_rows(self) -> None:
        """Go on with rows, where the text can be shown as such."""
        found = _rows_shown(self.text)
        if found is None:
            self.error = "rows cannot say this: they are clauses that all hold, or of which one holds"
            return
        self.view, self.rows, self.joined = ROWS, list(found.rows), found.joined

    def show_text(self) -> None:
        """Go on with the text of the rows; what is unfinished in them is not taken along."""
        whole = [row for number, row in enumerate(self.rows) if _can_be_written(row, number)]
        self.text = text_of(Rows(rows=tuple(whole), joined=self.joined))
        self.view = TEXT


@dataclass(slots=True)
class CaseInput:
    """One test case as the form has it; `sample` is JSON text."""

    name: str = ""
    must: str = MATCH
    verdict: str = ""
    sample: str = ""
    at: str = ""
    error: str = ""

    @property
    def is_verdict(self) -> bool:
        """Whether it is about a stored call."""
        return not self.sample

    def entry(self, *, known: Collection[str]) -> dict[str, Any]:
        """As a rule's entry holds it; `error` says why where it is empty. `known` are calls it was tested by before."""
        try:
            found = {"verdict": str(self._verdict(known))} if self.is_verdict else {"sample": self._read_sample()}
            if self.at:
                read_moment(self.at)
        except ValueError as error:
            self.error = str(error)
            return {}
        return {"name": self.name.strip() or "case", "must": self.must, **found, **({"at": self.at} if self.at else {})}

    def _verdict(self, known: Collection[str]) -> uuid.UUID:
        try:
            verdict_id = uuid.UUID(self.verdict.strip())
        except ValueError:
            raise ValueError(
                f"`{self.verdict[:60]}` is no id of a call, expected one from the page of a call"
            ) from None
        # what retention has dropped since is no reason to drop the case
        if str(verdict_id) not in known and not Verdict.objects.filter(pk=verdict_id).exists():
            raise ValueError(f"no call `{verdict_id}` is stored")
        return verdict_id

    def _read_sample(self) -> Any:
        if len(self.sample) > LONGEST_SAMPLE:
            raise ValueError(f"the sample has {len(self.sample)} characters, expected at most {LONGEST_SAMPLE}")
        try:
            sample = json.loads(self.sample)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the sample is no JSON: {str(error)[:120]}") from None
        read_sample(sample)
        return sample


def condition_of(when: str) -> ConditionInput:
    """The form's condition of a stored text: as rows where it can be."""
    found = _rows_shown(when)
    if found is None:
        return ConditionInput(view=TEXT, text=when)
    return ConditionInput(view=ROWS, text=when, rows=list(found.rows), joined=found.joined)


def condition_posted(post: QueryDict) -> ConditionInput:
    """The form's condition as it was sent."""
    joined = Joined.ANY if post.get("joined") == Joined.ANY.value else Joined.ALL
    view = TEXT if post.get("view") == TEXT else ROWS
    text = post.get("when", "")[: _LONGEST + 1].replace("\r\n", "\n").replace("\x00", "")
    rows = [_row_posted(post, number) for number in range(MOST_ROWS) if f"row-{number}-field" in post]
    return ConditionInput(view=view, joined=joined, rows=rows, text=text)


def cases_of(tests: Iterable[Any]) -> list[CaseInput]:
    """The form's cases of stored ones."""
    return [
        CaseInput(
            name=str(test.get("name", "")),
            must=NOT_MATCH if test.get("must") == NOT_MATCH else MATCH,
            verdict=str(test.get("verdict") or ""),
            sample=json.dumps(test["sample"], indent=2, ensure_ascii=False) if test.get("sample") else "",
            at=str(test.get("at") or ""),
        )
        for test in tests
        if isinstance(test, Mapping)
    ]


def cases_posted(post: QueryDict) -> list[CaseInput]:
    """The form's cases as they were sent."""
    return [
        CaseInput(
            name=_said(post, f"test-{number}-name")[:200],
            must=NOT_MATCH if post.get(f"test-{number}-must") == NOT_MATCH else MATCH,
            verdict=_said(post, f"test-{number}-verdict")[:100],
            sample=_said(post, f"test-{number}-sample")[: LONGEST_SAMPLE + 1],
            at=_said(post, f"test-{number}-at")[:60],
        )
        for number in range(_MOST_TESTS)
        if f"test-{number}-name" in post
    ]


def _said(post: QueryDict, name: str) -> str:
    return post.get(name, "").replace("\x00", "").strip()


def _row_posted(post: QueryDict, number: int) -> Row:
    name, operator, value, path = (
        _said(post, f"row-{number}-{part}")[:_LONGEST] for part in ("field", "operator", "value", "path")
    )
    return with_an_operator(Row(field=name, operator=operator, value=value, path=path))


def with_an_operator(row: Row) -> Row:
    """The row, with the first thing that can be asked of its field where its own cannot be."""
    possible = operators_of(row.field)
    if not possible or any(operator.name == row.operator for operator in possible):
        return row
    return replace(row, operator=possible[0].name)


def takes_path(row: Row) -> bool:
    """Whether a row names a place in the arguments."""
    known = BY_NAME.get(row.field)
    return known is not None and known.kind is Kind.MAP


def _can_be_written(row: Row, number: int) -> bool:
    try:
        text_of(Rows(rows=(row,)))
    except RowError:
        return False
    return number < MOST_ROWS


def _rows_shown(when: str) -> Rows | None:
    """The rows of a condition; None also where a row would hide something from whoever reads it."""
    found = rows_of(when)
    if found is None or any(_has_unseen(text) for row in found.rows for text in (row.value, row.path)):
        return None
    return found


def _has_unseen(text: str) -> bool:
    return without_unseen(text) != text


def _place(text: str, position: int) -> Place:
    position = min(max(position, 0), len(text))
    begin = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[begin:] if end < 0 else text[begin:end]
    column = position - begin
    return Place(
        line=text.count("\n", 0, position) + 1,
        column=column + 1,
        before=line[:column],
        at=line[column : column + 1] or " ",
        after=line[column + 1 :],
    )
