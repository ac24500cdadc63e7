"""Whom the read API refuses, and how it says so."""

import json
import uuid
from typing import Any

from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from guardrail.api_tokens import Scope
from guardrail.models import ApiToken
from tests.callers import Asking
from tests.investigations.reading import Program

EVERYTHING = tuple(Scope)


def test_it_says_that_the_database_is_away(asking: Asking) -> None:
    program = Program.that_may(Scope.VERDICTS)

    def away(*_: Any) -> Any:
        raise OperationalError("connection refused at 10.1.2.3")

    with connection.execute_wrapper(away):
        answer = program.get("verdicts")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "10.1.2.3" not in json.dumps(answer.body)


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("verdicts", {"agnet_id": "x"}, "the parameter `agnet_id` is not known, expected `cursor`, `limit`"),
    ("verdicts", {"limit": "0"}, "`0` is none, expected a number from 1 to 500"),
    ("verdicts", {"limit": "501"}, "expected a number from 1 to 500"),
    ("verdicts", {"limit": "٣"}, "expected a number from 1 to 500"),
    ("verdicts", {"limit": ["1", "2"]}, "`limit` is given 2 times, expected once"),
    ("verdicts", {"cursor": "i17"}, "is no cursor of this list"),
    ("verdicts", {"cursor": "v" + "9" * 30}, "is no cursor of this list"),
    ("verdicts", {"since": "2026-11-01"}, "is no time with an offset, expected e.g. `2026-11-01T00:00:00Z`"),
    ("verdicts", {"since": "0001-01-01T00:00+14:00"}, "is no time with an offset"),
    ("verdicts", {"action": "stop"}, "expected one of `allow`, `notice`, `modify`, `hold`, `block`"),
    ("verdicts", {"agent_id": "a\x00b"}, "characters that can be seen"),
    ("verdicts", {"agent_id": "x" * 501}, "expected 1 to 500 characters"),
    ("verdicts", {"format": "csv"}, "the parameter `format` is not known"),
    ("investigations", {"updated_since": "now"}, "is no time with an offset"),
    ("investigations", {"since": "2026-11-01T00:00:00Z"}, "the parameter `since` is not known"),
    ("audit", {"cursor": "a-1"}, "is no cursor of this list"),
    ("investigations/1", {"limit": "1"}, "expected none"),
)


def test_it_says_at_the_parameter_what_is_wrong_with_a_question(asking: Asking) -> None:
    program = Program.that_may(*EVERYTHING)
    for path, asked, said in REFUSED:
        answer = program.get(path, **asked)
        assert answer.status == 400, (path, asked)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert said in answer.body["detail"], answer.body
        assert answer.body["parameter"] in asked


def test_it_refuses_who_may_not_read_and_says_why(asking: Asking) -> None:
    now = timezone.now()
    program = Program.that_may(Scope.VERDICTS)
    assert program.get("verdicts").status == 200
    none = program.send("get", "verdicts", authorization="")
    assert (none.status, none.headers["WWW-Authenticate"]) == (401, 'Bearer realm="guardrail"')
    assert program.with_token(asking.token).get("verdicts").status == 401
    assert program.with_token("gra_" + "x" * 43).get("verdicts").body["detail"] == "the token is not known"
    assert program.with_token("gra_\x00é").get("verdicts").status == 401
    scope = program.get("audit")
    assert (scope.status, scope.body["detail"]) == (403, "the token has `verdicts:read`, expected `audit:read`")
    ApiToken.objects.update(expires_at=now)
    assert program.get("verdicts").body["detail"] == "the token has ended"


def test_a_signed_in_person_is_no_program(admin_client: Client, asking: Asking) -> None:
    assert admin_client.get("/api/v1/verdicts").status_code == 401
    program = Program.that_may(Scope.VERDICTS)
    assert program.client.get("/verdicts/", headers={"authorization": f"Bearer {program.token}"}).status_code == 302


def test_it_answers_what_it_does_not_have_in_the_same_shape(asking: Asking) -> None:
    program = Program.that_may(*EVERYTHING)
    for path, status in (
        (f"verdicts/{uuid.uuid4()}", 404),
        (f"verdicts/{uuid.uuid4()}/transcript", 404),
        ("investigations/4711", 404),
        ("investigations/" + "9" * 40, 404),
        ("nothing", 404),
        ("verdicts/", 404),
        ("verdicts/a%0Ab/transcript", 404),
    ):
        answer = program.get(path)
        assert (answer.status, answer.body["status"]) == (status, status), path
    assert program.send("get", "verdicts", accept="text/html").status == 406
    for method in ("post", "put", "delete", "options"):
        answer = program.send(method, "verdicts")
        assert (answer.status, answer.body["detail"]) == (405, "this address is only read, expected `GET`")
    assert program.send("head", "verdicts").status == 200


def test_each_token_may_ask_so_often_a_minute_and_no_other_pays_for_it(asking: Asking, settings: Settings) -> None:
    settings.API_PER_MINUTE = 2
    greedy, other = Program.that_may(Scope.VERDICTS), Program.that_may(Scope.VERDICTS, name="other")
    # as if the minute had just begun
    ApiToken.objects.update(minute=0)
    answers = [greedy.get("verdicts") for _ in range(6)]
    assert 429 in {answer.status for answer in answers}
    refused = next(answer for answer in answers if answer.status == 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "expected at most `2`" in refused.body["detail"]
    assert other.get("verdicts").status == 200


def test_a_file_of_thousands_counts_as_many_questions(asking: Asking, settings: Settings) -> None:
    settings.API_PER_MINUTE = 21
    program = Program.that_may(Scope.INDICATORS)
    answers = [program.get("indicators/stix").status for _ in range(4)]
    # a minute may end meanwhile
    assert answers[:2] == [200, 200]
    assert ApiToken.objects.get().asked % 20 == 0
