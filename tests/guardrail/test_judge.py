"""The judge as a whole: what it reports besides the decision, and what it does when a part of it fails."""

import time

from guardrail.case import Case
from guardrail.detectors import DETECTORS
from guardrail.invocation import Past
from guardrail.judge import judge
from policies.ruleset import Action, ToolKind
from policies.signal import Signal
from tests.guardrail.cases import a_call, a_ruleset, judged

MAIL = {"to": "kim@partner.example", "subject": "Hello", "body": "See you on Monday."}


def _raises(case: Case) -> list[Signal]:
    raise KeyError("broken")


def test_a_broken_detector_is_named_and_the_others_still_speak() -> None:
    call = a_call(user="Write to Kim.", arguments=MAIL)
    ruleset = a_ruleset(destinations=[{"value": "partner.example", "standing": "denied"}])
    decision = judge(
        call,
        Past(available=True),
        ruleset,
        deadline=time.monotonic() + 30,
        clock=time.monotonic,
        detectors=(("broken", _raises), *DETECTORS),
    ).decision

    assert decision.degraded == ("broken",)
    assert decision.deciding is not None
    assert decision.deciding.name == "destination_denied"


def test_judging_without_memory_is_said_and_changes_nothing() -> None:
    decision = judged(a_call(user="Write to kim@partner.example.", arguments=MAIL), past=Past(available=False)).decision

    assert decision.degraded == ("memory",)
    assert decision.action is Action.ALLOW


def test_it_tells_kind_destinations_and_the_time_of_each_stage() -> None:
    judgement = judged(a_call(user="Write to Kim.", arguments=MAIL))

    assert judgement.tool_kind is ToolKind.SEND
    assert judgement.destinations == ("kim@partner.example",)
    assert [stage for stage, _ in judgement.timings] == ["read", *(name for name, _ in DETECTORS), "decide"]


def test_it_traces_each_value_to_its_place() -> None:
    call = a_call(
        user="Invite kim@partner.example to the review.",
        outputs=[("get_event", [{"organizer": "lena@adatum.example", "room": "Larch 4.12"}])],
        tool="create_event",
        arguments={"guest": "kim@partner.example", "room": "Larch 4.12", "note": "Bring your laptop along please."},
    )
    origins = {origin.argument: origin for origin in judged(call).origins}

    assert origins["guest"].kind == "user"
    assert origins["guest"].standing == "unknown"
    assert origins["room"].kind == "output"
    assert origins["room"].author == "lena@adatum.example"
    passage = next(p for p in call.outputs[0].passages if p.path == origins["room"].path)
    assert passage.text[origins["room"].start : origins["room"].end] == "Larch 4.12"
    assert origins["note"].kind == "agent"


def test_values_of_a_triggered_run_are_the_outsiders() -> None:
    call = a_call(
        trigger={"from": "ar@supplier.example", "body": "Invoice S-99 over 310.00"},
        tool="add_row",
        arguments={"number": "S-99"},
    )
    origin = judged(call).origins[0]

    assert (origin.kind, origin.source, origin.author) == ("trigger", "trigger", "ar@supplier.example")


def test_a_body_copied_in_part_is_traced_to_the_text_it_was_taken_from() -> None:
    policy = (
        "Payments above EUR 25,000 need two approvers. Bank details change only after a call to the number on file."
    )
    call = a_call(
        user="Send Kim what we agreed.",
        outputs=[("search_sources", [{"source": "Policy.docx", "text": policy}])],
        arguments={**MAIL, "body": "As promised. Payments above EUR 25,000 need two approvers."},
    )
    judged_call = judged(call)
    (origin,) = [origin for origin in judged_call.origins if origin.argument == "body"]
    assert (origin.kind, origin.source, origin.path) == ("output", "output:0", "result[0].text")
    assert policy[origin.start : origin.end] == "Payments above EUR 25,000 need two approvers"
