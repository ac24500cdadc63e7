"""Stored calls judged again: by the ruleset in force nothing changes, by another one what it says."""

import gzip
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard
from pytest_django.fixtures import Settings

from guardrail import database
from guardrail.detectors import DETECTORS
from guardrail.models import Verdict
from guardrail.rehearsal.library import load_scenarios
from guardrail.rehearsal.playing import Answered, Asked, play, run_of
from guardrail.replay import Depth, Effect, Replayed, compare, depth_between, replay
from guardrail.replay.remembered import PARTLY_REMEMBERED, REMEMBERED, TOLD_BY_MEMORY
from policies.baseline import BASELINE
from policies.load import active_ruleset, load_document
from policies.models import DataClass, Destination
from policies.ruleset import Action, Ruleset, compile_ruleset
from tests.callers import Asking
from tests.told import MAIL, OUTSIDER, mail_body, record_call

EVAL = Path(os.environ.get("EVAL", "../shared/eval")) / "corpora"
RUN = uuid.UUID("2f4d0c1e-54a1-4b6e-9c7e-6b1d0a7f2c11")


@pytest.fixture
def patient(settings: Settings) -> None:
    """What a busy machine is judged without is another test's question."""
    settings.DEADLINE_MS = 20_000
    settings.MEMORY_BUDGET_MS = 2_000


def newest() -> list[Verdict]:
    return list(Verdict.objects.order_by("id"))


def by_draft(document: dict[str, Any]) -> Ruleset:
    return compile_ruleset({**load_document(), **document})


def differing(replayed: list[Replayed]) -> list[tuple[str, str, str, str]]:
    """Those that would be answered otherwise: which, told, now, and why not."""
    found = []
    for one in replayed:
        if one.after is None:
            found.append((str(one.verdict_id), one.would_have.name, "", one.why_not))
        elif (one.after.would_have, one.after.action) != (one.would_have, one.action):
            deciding = one.after.deciding.name if one.after.deciding else ""
            found.append((str(one.verdict_id), one.would_have.name, one.after.would_have.name, deciding))
    return found


def ask_all(asking: Asking) -> int:
    """Every scenario of the library, both sides, over HTTP; what is stopped is not done."""
    asked = 0

    def ask(one: Asked) -> Answered:
        nonlocal asked
        asked += 1
        answer = (asking.evaluate if one.wire == "evaluate" else asking.analyze)(one.body).body
        stopped = answer["decision"] in ("block", "ask") if one.wire == "evaluate" else answer["blockAction"]
        return Answered(stopped=stopped, verdict_id="", reason=str(answer.get("reason", "")), ms=0)

    for scenario in load_scenarios(RUN):
        for side, script in (("attack", scenario.attack), ("twin", scenario.twin)):
            started = datetime(2026, 11, 20, 9, tzinfo=UTC)
            run = run_of(script, name=f"{scenario.name}/{side}", run_id=RUN, started=started)
            play(script, run=run, ask=ask)
    return asked


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("corpus", ["agentdojo_slack_attack", "tau_airline_llm_benign", "injecagent_base"])
def test_it_changes_nothing_where_a_corpus_is_replayed_with_the_ruleset_in_force(corpus: str, asking: Asking) -> None:
    path = EVAL / f"{corpus}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"`{path}` is not on this machine")
    with gzip.open(path, "rt") as lines:
        for _, line in zip(range(150), lines, strict=False):
            asking.analyze(json.loads(line)["request"])
    for depth in Depth:
        assert differing(list(replay(newest(), active_ruleset(), depth=depth))) == [], depth


@pytest.mark.usefixtures("patient")
def test_the_library_replayed_changes_nothing_by_the_ruleset_in_force_and_what_two_share_is_found_as_by_each_alone(
    asking: Asking,
) -> None:
    asked = ask_all(asking)
    verdicts = newest()
    assert len(verdicts) == asked > 200
    assert len({verdict.deciding_signal for verdict in verdicts}) > 12
    for depth in Depth:
        assert differing(list(replay(verdicts, active_ruleset(), depth=depth))) == [], depth
    _share(verdicts[::2])


def _share(verdicts: list[Verdict]) -> None:
    """What two rulesets share is judged once, and found the same as by each alone."""
    members: list[dict[str, Any]] = [
        {"flows": {"confidential": {"known": "hold"}}, "data_classes": [{"name": "confidential", "terms": ["berth"]}]},
        {
            "destinations": [
                {"value": where, "standing": "known"} for where in {v.destination for v in verdicts} if where
            ]
        },
        {"tools": [{"tool": verdict.tool_name.lower(), "kind": "read"} for verdict in verdicts[:9]]},
        {"agents": [{"id": verdicts[0].agent_id, "charter": {"tools": ["nothing"], "destinations": []}}]},
        {"defaults": {"profile": "cautious"}, "actions": {}},
    ]
    for document in members:
        draft = by_draft(document)
        alone = list(replay(verdicts, draft, depth=Depth.JUDGED))
        together = list(compare(verdicts, draft, in_force=active_ruleset(), depth=Depth.JUDGED))
        assert [one.then for one in together] == [one.after for one in alone], document
        assert any(one.then != one.now for one in together), f"`{document}` makes no difference to anything"


def test_it_chooses_the_signals_a_verdict_keeps_where_only_what_is_done_on_them_differs(asking: Asking) -> None:
    actions = {**BASELINE["actions"], "instruction_marked": {"strict": "hold", "cautious": "hold"}}
    draft = by_draft({"actions": actions})
    assert depth_between(active_ruleset(), draft) is Depth.REDECIDED
    asking.analyze(mail_body())
    (one,) = replay(newest(), draft)
    assert one.depth is Depth.REDECIDED
    assert one.would_have is Action.BLOCK
    assert one.after is not None
    assert one.after.would_have is Action.HOLD


def test_it_judges_again_where_a_list_differs(asking: Asking) -> None:
    asking.analyze(mail_body())
    Destination.objects.create(value=OUTSIDER, standing="internal")
    draft = compile_ruleset(load_document())
    assert depth_between(active_ruleset(), draft) is Depth.JUDGED
    (one,) = replay(newest(), draft)
    assert one.depth is Depth.JUDGED
    assert one.after is not None
    facts = {value for signal in one.after.signals for name, value in signal.facts if name == "destination_standing"}
    assert "unknown" not in facts


def test_it_finds_in_stored_calls_the_data_of_a_class_that_is_new(asking: Asking) -> None:
    body = mail_body(mail="What is new?", output="nothing", arguments={"to": OUTSIDER, "body": "Project Heron: 14 May"})
    asking.analyze(body)
    assert newest()[0].would_have in ("allow", "notice")
    DataClass.objects.create(name="heron", may_leave=False, terms=["Project Heron"])
    (one,) = compare(newest(), compile_ruleset(load_document()), in_force=active_ruleset())
    assert one.effect is Effect.BLOCKED
    assert one.rule == "classified_data_leaving"


def test_it_says_of_a_call_whose_transcript_is_gone_or_damaged_that_nobody_can_tell(asking: Asking) -> None:
    for _ in range(2):
        asking.analyze(mail_body())
    gone, damaged = newest()
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("ALTER TABLE guardrail_transcript DISABLE TRIGGER USER")
        connection.execute("DELETE FROM guardrail_transcript WHERE id = %s", [gone.pk])
        connection.execute("UPDATE guardrail_transcript SET body_zstd = %s WHERE id = %s", [b"\x00x", damaged.pk])
        connection.execute("ALTER TABLE guardrail_transcript ENABLE TRIGGER USER")
    without, broken = replay(newest(), active_ruleset(), depth=Depth.JUDGED)
    assert (without.after, without.why_not) == (None, "its transcript is gone")
    assert (broken.after, broken.why_not) == (None, "its transcript is damaged")


def test_it_lets_the_fail_posture_answer_again_what_could_not_be_read(asking: Asking) -> None:
    asking.analyze(b"no JSON")
    defaults = {**BASELINE["defaults"], "fail_posture": "allow"}
    (same,) = replay(newest(), active_ruleset(), depth=Depth.JUDGED)
    (other,) = replay(newest(), by_draft({"defaults": defaults}))
    assert same.after is not None
    assert same.after.failed
    assert same.after.action is Action.BLOCK
    assert other.after is not None
    assert other.after.failed
    assert other.after.action is Action.ALLOW


@pytest.mark.usefixtures("asking")
def test_it_leaves_what_was_judged_without_attribution_on_what_was_found() -> None:
    record_call(mail_body(), degraded=("attribution",))
    (one,) = replay(newest(), active_ruleset(), depth=Depth.JUDGED)
    assert one.depth is Depth.REDECIDED
    assert one.after is not None
    assert one.after.failed
    assert one.after.would_have is Action.BLOCK


def test_it_reads_a_cut_body_as_nobody_could(asking: Asking, settings: Settings) -> None:
    settings.MAX_CALL_BYTES = 1_000
    asking.analyze(mail_body(mail=MAIL + "x" * 5_000))
    (one,) = replay(newest(), active_ruleset(), depth=Depth.JUDGED)
    assert one.after is not None
    assert one.after.failed
    assert (one.after.would_have, one.action) == (Action.BLOCK, Action.BLOCK)


def test_it_survives_a_transcript_that_unpacks_to_more_than_memory_holds(asking: Asking) -> None:
    asking.analyze(mail_body())
    with psycopg.connect(database.dsn(), autocommit=True) as connection:
        connection.execute("ALTER TABLE guardrail_transcript DISABLE TRIGGER USER")
        bomb = zstandard.ZstdCompressor().compressobj()
        packed = b"".join([bomb.compress(bytes(1 << 20)) for _ in range(80)]) + bomb.flush()
        connection.execute("UPDATE guardrail_transcript SET body_zstd = %s", [packed])
        connection.execute("ALTER TABLE guardrail_transcript ENABLE TRIGGER USER")
    (one,) = replay(newest(), active_ruleset(), depth=Depth.JUDGED)
    assert one.after is None
    assert one.why_not == "its transcript is damaged"


def test_it_knows_of_every_detector_whether_it_asks_memory() -> None:
    folder = Path("guardrail/detectors")
    asking_memory = {
        name
        for name, detect in DETECTORS
        if "case.past." in (folder / f"{detect.__module__.rpartition('.')[2]}.py").read_text()
    }
    assert asking_memory == REMEMBERED.keys() | PARTLY_REMEMBERED.keys() | TOLD_BY_MEMORY


@pytest.mark.parametrize("depth", list(Depth))
def test_it_says_of_findings_it_cannot_read_that_nobody_can_tell(asking: Asking, depth: Depth) -> None:
    asking.analyze(mail_body())
    (verdict,) = newest()
    for odd in ([{"name": "x"}], [1], [{"name": "x", "severity": 99}], [{"name": "x", "severity": 1, "facts": [1]}]):
        verdict.signals = odd
        (one,) = replay([verdict], active_ruleset(), depth=depth)
        assert one.after is None
        assert one.why_not == "its findings cannot be read"
