"""What may stand in a log line, and that it stays one line."""

import json

import pytest
import structlog

from guardrail import logs


def test_it_writes_one_json_line_whatever_a_caller_chose(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    structlog.get_logger("x").warning("call.unauthorised", why='first\n{"event": "forged"}\r\x1b[31m')
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "call.unauthorised"


def test_it_names_the_places_of_an_error_and_nothing_the_call_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    transcript = "the words of a mail"
    try:
        raise KeyError(transcript)
    except KeyError:
        structlog.get_logger("x").exception("call.not_judged")
    said = capsys.readouterr().err
    assert "test_logs.py" in said
    assert "KeyError" in said
    assert transcript not in said
