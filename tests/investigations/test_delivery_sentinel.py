"""Deliveries to Microsoft Sentinel: tokens, rows, and what it answers. Entered by the Celery tasks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from investigations.models import Delivery
from investigations.siem.sinks.sentinel import COLUMNS
from investigations.tasks import deliver, take_in
from tests.engines import OtherEngine, saying
from tests.factories import instruction, record_verdict
from tests.receivers import Sentinel, a_receiver, later, states, the

pytestmark = pytest.mark.django_db(transaction=True)
State = Delivery.State


@pytest.fixture
def siem(settings: Settings) -> Iterator[OtherEngine]:
    with OtherEngine(behave=Sentinel()).serving() as serving:
        # an authority of its own each, so that no test has another's token
        settings.ENTRA_AUTHORITY = serving.url
        yield serving


def test_it_gets_a_token_and_sends_rows_with_it(siem: OtherEngine) -> None:
    stub = siem.behave = Sentinel()
    receiver = a_receiver("sentinel", siem.url)
    ids = [str(record_verdict(instruction())), str(record_verdict())]
    take_in()
    deliver()
    record_verdict()
    take_in()
    deliver()
    assert sorted(stub.ids[:2]) == sorted(ids)
    assert (len(stub.ids), stub.tokens, the(receiver).taken) == (3, 1, 3)
    row = next(row for row in stub.rows if row["EventId"] == ids[0])
    assert list(row) == [name for name, _ in COLUMNS]
    assert (row["Action"], row["Rule"], row["SeverityName"]) == ("block", "instruction_marked", "high")
    assert row["Event"]["decision"]["action"] == "block"


def test_a_token_that_was_taken_back_is_asked_for_again(siem: OtherEngine) -> None:
    stub = siem.behave = Sentinel()
    receiver = a_receiver("sentinel", siem.url)
    record_verdict()
    take_in()
    stub.revoked = True
    deliver()
    assert "refuses our credentials (status 401)" in the(receiver).error
    stub.revoked = False
    with later(20):
        deliver()
    assert (states(), stub.tokens) == ([State.ACKNOWLEDGED], 2)


@pytest.mark.parametrize(
    ("status", "code", "said", "state"),
    [
        ("403 Forbidden", "OperationFailed", "Monitoring Metrics Publisher", State.QUEUED),
        ("404 Not Found", "NotFound", "takes nothing at this address", State.QUEUED),
        ("400 Bad Request", "InvalidStream", "does not know what it is asked: InvalidStream", State.QUEUED),
        ("400 Bad Request", "InvalidPayload", "", State.DEAD),
        ("429 Too Many Requests", "", "asks us to wait", State.QUEUED),
    ],
)
def test_what_it_refuses_is_told_and_kept(siem: OtherEngine, status: str, code: str, said: str, state: int) -> None:
    stub, refusing = Sentinel(), saying({"error": {"code": code}}, status=status)
    siem.behave = lambda connection, engine: (
        stub(connection, engine) if "/oauth2/" in engine.requests[-1].path else refusing(connection, engine)
    )
    receiver = a_receiver("sentinel", siem.url)
    record_verdict()
    take_in()
    deliver()
    assert states() == [state]
    assert said in the(receiver).error


def test_entra_may_refuse_the_application(siem: OtherEngine) -> None:
    siem.behave = saying({"error": "invalid_client", "error_description": "…"}, status="401 Unauthorized")
    receiver = a_receiver("sentinel", siem.url)
    record_verdict()
    take_in()
    deliver()
    assert "Entra gives this application no token: invalid_client" in the(receiver).error
    assert states() == [State.QUEUED]


def test_the_documents_declare_each_column_of_the_table() -> None:
    told = (Path(__file__).parents[2] / "docs" / "deliveries.md").read_text()
    for name, kind in COLUMNS:
        assert f'{{"name": "{name}", "type": "{kind}"}}' in told
