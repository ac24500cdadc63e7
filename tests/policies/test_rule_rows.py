"""Rows and text of a condition are two views of one thing: neither may change what the other says."""

import pytest

from policies.expressions import compile_condition
from policies.expressions.vocabulary import FIELDS
from policies.rule_rows import OPERATORS, Joined, Row, RowError, Rows, Takes, operators_of, rows_of, text_of


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_every_operator_of_every_field_comes_back_as_the_row_it_was(field: object) -> None:
    name, choices = field.name, field.choices  # type: ignore[attr-defined]
    for operator in operators_of(name):
        text = choices[0] if choices else "o'neil \\ co"
        value = {
            Takes.NOTHING: "",
            Takes.TEXT: text,
            Takes.NUMBER: "1000",
            Takes.LIST: ", ".join(choices[:2]) or "a, b",
        }
        path = "message.to recipients[0]" if name == "arguments" else ""
        rows = Rows(rows=(Row(field=name, operator=operator.name, value=value[operator.takes], path=path),))
        written = text_of(rows)
        compile_condition(written)
        assert rows_of(written) == rows, written


def test_every_kind_of_field_can_be_asked_something() -> None:
    assert {field.kind for field in FIELDS} == set(OPERATORS)


@pytest.mark.parametrize(("joined", "sign"), [(Joined.ALL, "&&"), (Joined.ANY, "||")])
def test_several_rows_are_joined_in_one_way(joined: Joined, sign: str) -> None:
    rows = Rows(
        rows=(Row(field="tool.kind", operator="is", value="pay"), Row(field="user.signed_in", operator="no")),
        joined=joined,
    )
    assert text_of(rows) == f"tool.kind == 'pay'\n{sign} !user.signed_in"
    assert rows_of(text_of(rows)) == rows


@pytest.mark.parametrize(
    "text",
    [
        "tool.kind == 'pay' && (user.signed_in || event_triggered)",
        "!(tool.kind == 'pay')",
        "tool.kind == agent.name",
        "arguments.amount == 5",
        "arguments[user.id] == 'a'",
        "'a, b' in signals && signals.exists(one, one in ['a, b', 'c'])",
        "signals.all(one, one == 'destination_new')",
        "tool.kind == 'pay' // payments are the treasurer's",
        "tool.kind ==",
        "arguments['a.b'] == 'x'",
    ],
)
def test_what_rows_cannot_say_keeps_its_text(text: str) -> None:
    assert rows_of(text) is None


@pytest.mark.parametrize(
    "text", ["", "  \n", "destinations.exists(one, one.under('contoso.example'))", "agent.id=='x//y'"]
)
def test_what_rows_can_say_becomes_rows(text: str) -> None:
    assert rows_of(text) is not None


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (Row(field="tool.colour", operator="is", value="red"), "field"),
        (Row(field="tool.kind", operator="above", value="1"), "operator"),
        (Row(field="tool.kind", operator="is", value="sned"), "value"),
        (Row(field="tool.kind", operator="is", value=" "), "value"),
        (Row(field="tool.id", operator="one_of", value=" , "), "value"),
        (Row(field="time.hour", operator="above", value="noon"), "value"),
        (Row(field="arguments", operator="is", value="x"), "path"),
        (Row(field="arguments", operator="is", value="x", path="a[b]"), "path"),
    ],
)
def test_a_row_that_is_no_clause_says_which_part_is_wrong(row: Row, part: str) -> None:
    with pytest.raises(RowError) as raised:
        text_of(Rows(rows=(Row(field="user.signed_in", operator="yes"), row)))
    assert (raised.value.number, raised.value.part) == (1, part)
