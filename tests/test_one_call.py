"""From a planned call over HTTP to the investigation people see: three attacks, and the same work done honestly."""

import json
import uuid
from datetime import UTC, datetime

import pytest

from guardrail.models import Verdict
from guardrail.rehearsal.stories import Story, stories
from investigations.models import Investigation
from investigations.tasks import take_in
from policies.models import Agent
from tests.callers import Asking

# real commits: verdicts are written on connections of their own
pytestmark = pytest.mark.django_db(transaction=True)

STARTED = datetime(2026, 11, 20, 8, 15, 30, 123456, tzinfo=UTC)
RUN = uuid.UUID("5f0c2c59-4b0e-4c57-9d3e-0a1c7cf2a9b1")
INVOICE, INVOICE_TWIN, DOCUMENT, DOCUMENT_TWIN, VISITOR, VISITOR_TWIN = stories(RUN, STARTED)


def play(asking: Asking, story: Story) -> list[bool]:
    """Ask about the story's calls until one is stopped, as an agent would; True = blocked."""
    blocked: list[bool] = []
    for step in story.steps:
        answer = asking.analyze(step.body)
        assert answer.status == 200
        blocked.append(answer.body["blockAction"])
        if blocked[-1]:
            break
    take_in()
    return blocked


def only_investigation() -> Investigation:
    investigation = Investigation.objects.get()
    assert investigation.outcome == "blocked"
    assert Verdict.objects.get(pk=investigation.call_set.get().verdict_id).action in ("hold", "block")
    return investigation


def test_hidden_text_in_an_invoice_cannot_make_the_agent_mail_out_approval_limits(asking: Asking) -> None:
    assert any(play(asking, INVOICE))
    investigation = only_investigation()
    assert investigation.author == "accounts@ropeworks.example"
    assert investigation.title.startswith("Hidden mail text: ")
    assert investigation.agent_name == "Supplier Invoices"


def test_the_mail_itself_is_stopped_and_names_the_outsider_it_was_bound_for(asking: Asking) -> None:
    assert asking.analyze(INVOICE.steps[-1].body).body["blockAction"] is True
    take_in()
    investigation = only_investigation()
    assert investigation.destination == "ledger-sync@ropeworks-billing.example"
    assert "ropeworks-billing.example" in investigation.title


def test_a_plain_invoice_is_booked(asking: Asking) -> None:
    assert play(asking, INVOICE_TWIN) == [False]
    assert not Investigation.objects.exists()


def test_an_edited_document_cannot_make_the_agent_mail_out_a_restricted_file(asking: Asking) -> None:
    blocked = play(asking, DOCUMENT)
    assert blocked[0] is False, "the user asked for the document"
    assert any(blocked)
    investigation = only_investigation()
    assert investigation.author == "k.varga@halden-marine.example"
    assert "Maintenance plan 2027.docx" in investigation.document
    assert ["revision", "14.0"] in investigation.facts
    order = Verdict.objects.get(action="block").signals[0]["evidence"][0]["quote"]
    assert "charter-rates-2027.xlsx" in order, "the order itself, not a sentence near it"


def test_mailing_the_restricted_file_is_stopped_even_when_reading_it_was_not(asking: Asking) -> None:
    assert asking.analyze(DOCUMENT.steps[-1].body).body["blockAction"] is True
    take_in()
    assert only_investigation().destination == "second-opinion@dockside-advisers.example"


def test_the_summary_the_user_asked_for_is_mailed(asking: Asking) -> None:
    assert play(asking, DOCUMENT_TWIN) == [False, False]
    assert not Investigation.objects.exists()


def test_a_visitor_who_probes_the_agent_is_stopped_before_the_data_is_searched(asking: Asking) -> None:
    blocked = play(asking, VISITOR)
    assert blocked[0] is False, "an ordinary question"
    assert any(blocked)
    investigation = only_investigation()
    assert investigation.kind == "reconnaissance"
    assert investigation.conversation_id == VISITOR.steps[0].conversation_id


def test_a_visitor_who_asks_about_a_booking_is_answered(asking: Asking) -> None:
    assert play(asking, VISITOR_TWIN) == [False] * 4
    assert not Investigation.objects.exists()


def test_the_same_step_delivered_twice_is_one_call_of_one_investigation(asking: Asking) -> None:
    body = INVOICE.steps[-1].body
    first, again = asking.analyze(body).body, asking.analyze(body).body
    assert first["blockAction"] is again["blockAction"] is True
    take_in()
    investigation = Investigation.objects.get()
    assert investigation.calls == 1
    placed = set(investigation.call_set.values_list("verdict_id", flat=True))
    assert placed == {uuid.UUID(json.loads(answer["diagnostics"])["verdict"]) for answer in (first, again)}


def test_agents_that_called_are_in_the_inventory_as_shadows(asking: Asking) -> None:
    play(asking, INVOICE)
    play(asking, DOCUMENT_TWIN)
    assert dict(Agent.objects.values_list("name", "registered")) == {"Supplier Invoices": False, "Site Reader": False}
    assert Agent.objects.get(name="Supplier Invoices").stopped == 1
