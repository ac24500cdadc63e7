"""Whatever comes in over a real connection, an explicit verdict goes out, is kept, and can be looked at."""

import json
import random
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from guardrail import callers, housekeeper
from guardrail.models import Verdict
from policies.services.publish import ensure_baseline
from tests.fuzz.asking import WIRES, Wire, ask
from tests.fuzz.odd import Odd, changed, named, wrong_types

# of several thousand each: a fraction every time, all of them by `make fuzz`
WRONG_TYPES = 50
SEEDS = 50


@pytest.fixture
def token(transactional_db: None) -> str:
    ensure_baseline()
    caller = callers.create_orchestrator("Copilot Studio", "copilot-studio", None)
    issued = callers.issue_token(caller, None)
    housekeeper.refresh()
    return issued


@pytest.fixture(autouse=True)
def _small_limit() -> Iterator[None]:
    """As in operation, so that 10 MB are over it and 7 MB are read."""
    with override_settings(MAX_CALL_BYTES=8_000_000):
        yield


def _all_answered(wire: Wire, odd: list[Odd], *, url: str, token: str) -> None:
    answers = [ask(wire, one, url=url, token=token) for one in odd]
    assert [f"{answered.odd.what}: {answered.fault}" for answered in answers if answered.fault] == []
    # generous: the deadline of the tests is 5 s; `make fuzz` holds a real one
    assert [f"{answered.odd.what}: {answered.ms:.0f} ms" for answered in answers if answered.ms > 15_000] == []
    assert Verdict.objects.count() == len(odd)


@pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])
def test_it_answers_and_keeps_every_body_known_to_break_readers(
    wire: Wire, live_server: LiveServer, token: str
) -> None:
    _all_answered(wire, list(named(wire.good())), url=live_server.url, token=token)


@pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])
def test_it_answers_and_keeps_members_of_any_type(wire: Wire, live_server: LiveServer, token: str) -> None:
    some = random.Random(7).sample(list(wrong_types(wire.good())), WRONG_TYPES)
    _all_answered(wire, some, url=live_server.url, token=token)


@pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])
def test_it_answers_and_keeps_a_good_body_changed_at_random(wire: Wire, live_server: LiveServer, token: str) -> None:
    _all_answered(wire, [changed(wire.good(), seed) for seed in range(SEEDS)], url=live_server.url, token=token)


@pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])
def test_it_shows_what_came_in(wire: Wire, live_server: LiveServer, token: str, client: Client) -> None:
    small = [odd for odd in named(wire.good()) if len(odd.body) < 200_000]
    for odd in [*small, *(changed(wire.good(), seed) for seed in range(20))]:
        ask(wire, odd, url=live_server.url, token=token)
    client.force_login(get_user_model().objects.create_superuser("ada"))
    pages = [client.get(reverse("verdict", args=[pk])) for pk in Verdict.objects.values_list("pk", flat=True)]
    assert {page.status_code for page in pages} == {200}


@pytest.mark.parametrize("wire", WIRES, ids=[wire.name for wire in WIRES])
def test_it_lets_the_good_body_pass_when_nothing_is_wrong(wire: Wire, live_server: LiveServer, token: str) -> None:
    good = wire.good()
    place = "arguments" if "arguments" in good else "inputValues"
    good[place] = {"day": "Monday"}
    tool = "tool" if "tool" in good else "toolDefinition"
    good[tool] = {"id": "x.list_notes", "name": "list_notes", "description": "Lists notes"}
    answered = ask(wire, Odd(what="good", body=json.dumps(good).encode()), url=live_server.url, token=token)
    assert answered.fault == ""
    assert answered.answer.get("blockAction", answered.answer.get("decision")) in (False, "allow")
