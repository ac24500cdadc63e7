"""Secrets in the many short texts of a listing: each is found as it would be on its own."""

import random
import time

import pytest

from guardrail.text.keys import find_secrets, find_secrets_in

SECRETS = (
    "AKIAQXZJ4T7RWB2MKD9F",
    "ghp_" + "a1B2" * 9,
    "glpat-" + "x9Y8" * 5,
    "xoxb-1234567890-abcDEF",
    "shpat_" + "0a" * 16,
    "hvs." + "aB3" * 9,
    "postgres://mara:Nf83kQz01@db.contoso.example/orders",
    "password: Tr7!kkQ02zzP",
    "DB_PASSWORD=Tr7kkQ02zzP9",
    "eyJhbGciOiJI1.eyJzdWIiOiIx2.SflKxwRJSM3",
)
PLAIN = ("through the English night", "https://contoso.example/a:b", "mail kim@contoso.example", "12 boxes", "")


@pytest.mark.parametrize("secret", SECRETS)
def test_it_finds_each_in_a_listing_as_it_does_alone(secret: str) -> None:
    chance = random.Random(secret)
    texts = [chance.choice(PLAIN) for _ in range(50)]
    texts[chance.randrange(50)] = f"note {secret} end"
    alone = [(what, number, *span) for number, text in enumerate(texts) for what, *span in find_secrets(text)]
    assert alone
    assert list(find_secrets_in(texts)) == alone


def test_it_finds_nothing_in_a_listing_without_any() -> None:
    assert list(find_secrets_in(PLAIN * 100)) == []


def test_a_text_of_marks_costs_little() -> None:
    texts = ["://a:" * 4_000, "ghp_" * 5_000, "password " * 2_000]
    started = time.process_time()
    list(find_secrets_in(texts))
    assert time.process_time() - started < 2
