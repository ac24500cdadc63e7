"""A destination written so that a reader sees another one: what leaves is judged by where it would go."""

import time
from typing import Any

import pytest

from guardrail.destinations import targets_of
from guardrail.judge import Judgement
from policies.ruleset import Action, Standing, ToolKind
from tests.guardrail.cases import a_call, a_ruleset, judged

OURS: Any = [
    {"value": "contoso.com", "standing": "internal"},
    {"value": "de89370400440532013000", "standing": "known"},
    {"value": "fabrikam.example", "standing": "known"},
]
FILES: dict[str, Any] = {
    "destinations": OURS,
    "data_classes": [{"name": "board"}],
    "files": [{"name": "salaries.xlsx", "data_class": "board"}],
}


def sent(to: Any) -> Judgement:
    arguments = {"to": to, "subject": "Hi", "body": "Hi", "attachments": ["salaries.xlsx"]}
    return judged(a_call(user="Send it.", arguments=arguments), **FILES)


def fetched(url: str) -> set[Standing]:
    """How we stand to where a reading call would go; only what may lead out counts."""
    call = a_call(user="Look.", arguments={"url": url})
    return {target.standing for target in targets_of(call, a_ruleset(destinations=OURS), ToolKind.READ)}


@pytest.mark.parametrize(
    "to",
    [
        '"kim@contoso.com"@thief.example',
        "kim@contoso.com, x!@thief.example",
        "kim@contoso.com, kim@thïef.example",
        "kim@contoso.com, desk@[203.0.113.7]",
        "desk@1.2.3.4.5.contoso.com.thief.example",
        "desk@contoso.comé.example",
        "desk@contoso.com_x.example",
        "contoso.com/!@thief.example",
        '"kim@contoso.com" <desk@thief.example>',
        "; ".join([f"person{number}@contoso.com" for number in range(1_500)] + ["desk@thief.example"]),
    ],
)
def test_mail_is_judged_by_the_house_it_goes_to(to: str) -> None:
    assert sent(to).decision.would_have is Action.BLOCK


@pytest.mark.parametrize(
    "to",
    [
        "kim@contoso.com",
        "Kim Ito <kim@contoso.com>; ana@sales.contoso.com.",
        "kim@contoso.com, @kim",
        "_kim@contoso.com_",
        "kim@contoso.com\\nana@contoso.com",
        "a@b.c.d.e.f.g.h.i.contoso.com",
        "; ".join(f"person{number}@contoso.com" for number in range(1_500)),
    ],
)
def test_mail_to_our_own_passes_however_it_is_written(to: str) -> None:
    assert sent(to).decision.would_have <= Action.NOTICE


@pytest.mark.parametrize(
    "url",
    [
        "thief.example/a?next=https://contoso.com/a",
        "www.thief.example/?u=https://contoso.com",
        "https://contoso.com\\@thief.example/a",
        "https://contoso.com\t.thief.example/a",
        "https://contoso.com\nx.thief.example/a",
        "https:/thief.example/a",
        "https:\\\\thief.example\\a",
        "https:thief.example/a",
        "//thief.example/a",
        "http://[2001:db8::1]/a",
        "203.0.113.7/a",
        "thïef.example/a",
        "thief.example?a",
        "a_b.thief.example/a",
    ],
)
def test_a_reading_call_is_judged_by_where_its_client_may_go(url: str) -> None:
    assert Standing.UNKNOWN in fetched(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://contoso.com/a?next=https://thief.example",
        "contoso.com/a?next=https://thief.example",
        "https://contoso.com/a?mail=desk@thief.example",
        "https://contoso.com/a\nhttps://contoso.com/b",
        "https://contoso.com\nsales.contoso.com/b",
        "https:/contoso.com/a",
        "//contoso.com/a",
        "/sites/finance.old/a",
        "final_report.txt",
    ],
)
def test_a_reading_call_to_our_own_stays_one(url: str) -> None:
    assert Standing.UNKNOWN not in fetched(url)


def test_a_long_address_without_a_scheme_is_still_one() -> None:
    call = a_call(user="Look.", arguments={"url": f"thief.example/{'a' * 200}"})
    found = targets_of(call, a_ruleset(destinations=OURS), ToolKind.EXECUTE)
    assert [target.standing for target in found] == [Standing.UNKNOWN]


@pytest.mark.parametrize(
    "account", ["DE89 3704 0044 0532 0130 00", "de89 3704 0044 0532 0130 00", "DE89-37040044-0532013000"]
)
def test_an_account_is_one_however_it_is_written(account: str) -> None:
    call = a_call(user="Pay it.", arguments={"iban": account, "amount": 5})
    found = targets_of(call, a_ruleset(destinations=OURS), ToolKind.PAY)
    assert [target.standing for target in found] == [Standing.KNOWN]


@pytest.mark.parametrize(
    "piece", ["a@", "@", "https://a\\", "\\", "a@b.c", "a!@b.c ", "\t", "//", "https:", "<a@", "é@é."]
)
def test_hostile_recipients_are_read_in_time(piece: str) -> None:
    call = a_call(user="Look.", arguments={"url": piece * (200_000 // len(piece)), "to": "https://a" + piece * 20_000})
    start = time.process_time()
    targets_of(call, a_ruleset(destinations=OURS), ToolKind.SEND)
    assert time.process_time() - start < 1.0
