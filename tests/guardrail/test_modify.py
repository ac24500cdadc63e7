"""A policy that modifies: blanks exactly what a signal names, and stops the call when there is nothing to blank."""

import copy
from typing import Any

import pytest

from guardrail import housekeeper
from guardrail.models import Verdict
from policies.baseline import BASELINE
from policies.models import Destination
from policies.services.publish import publish
from tests.callers import Asking

KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def modifying(*signals: str) -> None:
    """Put a policy in force that modifies on these signals."""
    document: dict[str, Any] = copy.deepcopy(BASELINE)
    for signal in signals:
        document["actions"][signal] = {"strict": "modify", "cautious": "modify"}
    publish(document, actor=None, reason="modify")
    housekeeper.refresh()


def asked(**arguments: str) -> dict[str, Any]:
    return {
        "agent": {"id": "a"},
        "user": {"id": "u"},
        "user_message": "Send kim@elsewhere.example the notes.",
        "outputs": [{"tool": "read_note", "content": f"The deploy token is {KEY}."}],
        "tool": {"name": "send_mail", "description": "Sends a mail"},
        "arguments": {"to": "kim@elsewhere.example", **arguments},
    }


def test_it_blanks_the_argument_that_holds_the_secret_and_nothing_else(asking: Asking) -> None:
    modifying("secret_leaving")
    answer = asking.evaluate(asked(subject="Notes", body=f"Here it is: {KEY}"))
    assert answer.body["decision"] == "modify"
    assert answer.body["modified_arguments"] == {
        "to": "kim@elsewhere.example",
        "subject": "Notes",
        "body": "[removed by Guardrail]",
    }


@pytest.mark.parametrize("others", [(), ("secret_leaving",)])
def test_it_stops_a_call_when_a_signal_names_nothing_to_blank(asking: Asking, others: tuple[str, ...]) -> None:
    Destination.objects.create(value="elsewhere.example", standing="denied")
    modifying("destination_denied", *others)
    answer = asking.evaluate(asked(body=f"Here it is: {KEY}"))
    assert answer.body["decision"] == "block"
    assert Verdict.objects.get().action == "block"
