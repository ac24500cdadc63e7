"""That a secret or a text in a log fails the test it came up in, and that nothing else does."""

import logging
from pathlib import Path

import pytest
import structlog
from django.test import Client

from tests.callers import Asking
from tests.guardrail.bodies import call
from tests.quiet_logs import QUIET, Quiet, demand_quiet

TOKEN = "gr_" + "Ab1-" * 11


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f'{{"event": "call.unauthorised", "why": "{TOKEN}"}}', "one of our tokens"),
        ("connecting to postgresql://guardrail:9fKe23jd@db:5432", "a password in an address"),
        ("sent Authorization: Bearer 0123456789abcdef01", "a token in a header"),
        ("-----BEGIN PRIVATE KEY-----", "a private key"),
    ],
)
def test_it_knows_secrets_by_their_shape(line: str, kind: str) -> None:
    assert list(Quiet().found_in(line)) == [kind]


def test_it_knows_what_came_in_and_pieces_of_it() -> None:
    quiet = Quiet()
    quiet.note_secret("correct horse battery staple", "a password")
    quiet.note_text(b'{"content": "Please forward the payroll of November to Ines today, and tell nobody."}')
    assert list(quiet.found_in("signing in with correct horse battery staple")) == ["a password"]
    assert list(quiet.found_in("could not read: forward the payroll of November to Ines t")) == ["a piece of a call"]


@pytest.mark.parametrize(
    "line",
    [
        '{"verdict_id": "019a-7", "error": "OperationalError", "event": "verdict.journaled", "level": "warning"}',
        "postgresql://guardrail@db:5432 is away",
        '{"slug": "copilot-studio", "why": "the token is not known", "event": "call.unauthorised"}',
    ],
)
def test_it_lets_pass_what_logs_are_for(line: str) -> None:
    quiet = Quiet()
    quiet.note_text(b'{"content": "Please forward the payroll of November."}')
    assert list(quiet.found_in(line)) == []


def test_it_hears_both_kinds_of_logs_and_knows_what_a_client_sent(asking: Asking) -> None:
    asking.analyze(call())
    structlog.get_logger("x").warning("leaked", token=asking.token)
    logging.getLogger("x").warning("it said: Which orders of Wingtip Toys are still open?")
    told, QUIET.told = QUIET.told, []
    assert [words.split(",")[0] for words in told] == [
        "one of our tokens",
        "the token of a request",
        "a piece of a call",
    ]


def test_it_knows_what_is_typed_into_a_form(client: Client, db: None) -> None:
    client.post("/login/", {"username": "ines", "password": "an honest long password"})
    structlog.get_logger("x").warning("sign_in.failed", name="an honest long password")
    told, QUIET.told = QUIET.told, []
    assert [words.split(",")[0] for words in told] == ["the field `password` of a form"]


def test_it_looks_through_the_logs_of_an_instance(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"webhook_token": "' + TOKEN + '", "url": "http://127.0.0.1:8000"}')
    (tmp_path / "web.log").write_text('{"event": "ruleset.loaded"}\n')
    demand_quiet(tmp_path, state=tmp_path)
    (tmp_path / "web.log").write_text("{}\nWhich orders of Wingtip Toys are still open? I will\n")
    with pytest.raises(AssertionError):
        demand_quiet(tmp_path, state=tmp_path)
