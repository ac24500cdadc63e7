"""Policies as files: the import and export pages, and `manage.py policy`."""

import os
import subprocess
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from policies.access import Role, give_role
from policies.baseline import BASELINE
from policies.interchange.checking import check
from policies.interchange.reading import MOST_BYTES, read
from policies.interchange.writing import to_json, to_yaml
from policies.load import load_document
from policies.models import (
    Agent,
    DataClass,
    Destination,
    PolicyDraft,
    PolicyVersion,
)
from policies.restrictions import ACTIONS
from policies.services.publish import ensure_baseline

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINIMAL = "defaults: {mode: enforce}\nactions:\n  tool_new: {strict: hold}\n"
RULE = """\
rules:
  - name: night-pay
    when: tool.kind == "pay" && time.hour < 6
    then: hold
    stage: off
    explanation: |
      Nobody of ours pays at night.
      Ask the treasury.
"""


@pytest.fixture
def admin(db: None) -> Client:
    ensure_baseline()
    return signed_in("ada", Role.POLICY_ADMIN)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_is_exported_comes_in_as_the_same(admin: Client, kind: str) -> None:
    Destination.objects.create(value="1e3", standing="known", note="off")
    DataClass.objects.create(name="restricted", terms=["project heron"], labels=["Secret: \u00e9\U0001f512"])
    Agent.objects.create(agent_id="a-1", registered=True, mode="monitor")
    answer = admin.get(f"/policies/export/?format={kind}")
    assert f'filename="policy-v1.{kind}"' in answer["Content-Disposition"]
    exported = answer.getvalue()
    said = read(exported).value
    assert said["actions"] == BASELINE["actions"]
    assert said["lists"]["destinations"] == [{"value": "1e3", "standing": "known", "note": "off"}]
    assert said["lists"]["data_classes"][0]["labels"] == ["Secret: \u00e9\U0001f512"]
    assert said["lists"]["agents"] == [{"id": "a-1", "mode": "monitor"}]
    import_file(admin, exported)
    draft = PolicyDraft.objects.get()
    assert draft.document == PolicyVersion.objects.get().document
    assert draft.lists == {}


def test_an_import_is_a_draft_and_touches_nothing_in_force(admin: Client) -> None:
    before = load_document()
    answer = import_file(admin, (MINIMAL + RULE).encode())
    assert answer.status_code == 302
    draft = PolicyDraft.objects.get()
    rule = draft.document["rules"][0]
    assert rule["stage"] == "off"  # a text in YAML 1.2, and no switch
    assert rule["explanation"] == "Nobody of ours pays at night.\nAsk the treasury.\n"
    assert load_document() == before
    page = admin.get(answer["Location"]).content.decode()
    assert "Taken in as a draft" in page
    stopping = sum(
        any(action != "notice" for action in one.values())
        for name, one in BASELINE["actions"].items()
        if name not in ACTIONS
    )
    assert f"{stopping} signals that v1 stops would pass" in page
    assert "rule night-pay" in page


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("defaults: {}\nactions: {}\nrulez: []\n", 3, "`rulez` is not understood, expected `rules`"),
        ("defaults: {}\nactions:\n  tool_new: {strict: explode}\n", 3, 'is `"explode"`, expected one of allow'),
        ("defaults: {}\nactions:\n  tool_new: {strict: hold}\n  tool_new: {}\n", 4, "is there twice, first in line 3"),
        (MINIMAL + RULE.replace("&&", "and"), 6, "of rule `night-pay`, at character"),
        (MINIMAL + RULE + RULE.removeprefix("rules:\n"), 12, "is `night-pay` again"),
        (MINIMAL + RULE.replace("then: hold", "then: explode"), 7, "expected one of allow, block"),
        (MINIMAL + "flows:\n  secret: {mars: block}\n", 5, "`flows.secret.mars` is not understood"),
        ("defaults: &d {}\nactions: *d\n", 1, "`&d` is an anchor, expected none"),
        ("defaults: {}\nactions: !!python/object:os.system {}\n", 2, "is a tag, expected plain values"),
        ("defaults: {}\nactions: {\n", 3, "it is not YAML"),
        ('{\n "defaults": {},\n "actions": {},\n "defaults": {}\n}', 4, "is there twice, first in line 2"),
        ('{\n "defaults": {},\n "actions": {"tool_new":\n  {"strict": 7}}\n}', 4, "is `7`, expected one of"),
        ('{\n "defaults": {},\n}', 3, "it is not JSON"),
        ("defaults: {}\nactions: {}\n---\nactions: {}\n", 3, "a second document begins"),
        (MINIMAL + "lists:\n  destinations:\n    - {value: a@b@c.example/, standing: known}\n", 6, "expected"),
        (MINIMAL + "lists:\n  destinations:\n    - {value: gmail.com, standing: internal}\n", 6, "is nobody's own"),
        ("- a\n- b\n", 1, "it is no object"),
        ('{"defaults": {}, "actions": {},\n"\\ud800": 1}', 2, "\\ud800` is not understood"),
        ('{"defaults": {}, "actions": {},\n"title": "\\ud800"}', 2, "holds U+D800"),
        ('{"\\ud800": 1,\n"\\ud800": 2}', 2, "is there twice"),
        ("", 1, "it holds 0 documents"),
        ("[" * 100_000, 1, "it is nested deeper"),
        ("a: " * 60 + "b", 1, "it is not YAML"),
        ('defaults: {}\nactions: {"a\\u0000b": {}}\n', 2, "matches `^[a-z]"),
        (
            MINIMAL + "lists:\n  destinations:\n    - {value: a.example, standing: known}\n"
            "    - {value: A.example, standing: denied}\n",
            7,
            "`a.example` is in line 6 already",
        ),
        (
            MINIMAL + "lists:\n  data_classes:\n  - name: secret\n    dictionaries:\n    - name: a\n      phrases:\n"
            "      - Quay Ltd\n      - '!'\n",
            11,
            "has no word of two letters",
        ),
        (
            MINIMAL + "lists:\n  data_classes:\n  - name: secret\n    patterns:\n    - name: a\n      sample: x\n"
            "      pattern: '(?=a)'\n",
            10,
            "RE2",
        ),
        (
            MINIMAL
            + "lists:\n  data_classes:\n  - name: secret\n    patterns:\n    - name: a\n      pattern: 'A[0-9]'\n"
            "      sample: B7\n",
            10,
            "the pattern is not found in its sample",
        ),
        (MINIMAL + "lists:\n  data_classes:\n  - name: secret\n    places:\n    - '*'\n", 8, "`*`"),
        (
            MINIMAL + "lists:\n  data_classes:\n  - name: secret\n  - name: SECRET\n",
            7,
            "`SECRET` is in line 6 already",
        ),
        (
            MINIMAL + "lists:\n  exceptions:\n  - agent: a\n    owner: ada\n    reason: x\n    until: 2026-12-01\n",
            6,
            "only one thing is named",
        ),
        (
            MINIMAL
            + "lists:\n  exceptions:\n  - agent: a\n    tool: b\n    owner: ada\n    reason: x\n    until: soon\n",
            10,
            "`until` is `soon`, expected e.g.",
        ),
        (
            MINIMAL
            + "lists:\n  exceptions:\n"
            + "  - {agent: a, tool: b, owner: ada, reason: x, until: 2026-12-01}\n" * 2,
            7,
            "the one in line 6 is for the same calls",
        ),
        (MINIMAL + RULE.replace("then: hold", "then: respond"), 5, "`response` is for a rule that responds"),
        (
            MINIMAL
            + RULE.replace("then: hold", "then: respond")
            + "    response: {kind: planet, effect: quarantine, minutes: 5}\n",
            12,
            'is `"planet"`, expected one of agent',
        ),
        (
            MINIMAL
            + RULE.replace("then: hold", "then: respond")
            + "    response:\n      kind: user\n      minutes: 5\n      effect: rate_limit\n",
            15,
            "`effect` is `rate_limit`, expected of a user one of quarantine, step_up",
        ),
        (
            MINIMAL + RULE + "    bounds: {max_stop_shar: 0.1}\n",
            12,
            "max_stop_shar` is not understood, expected `max_stop_share`",
        ),
        (MINIMAL + RULE + "    tests:\n    - name: a\n      must: matches\n", 14, "expected one of match, not_match"),
        (MINIMAL + RULE + "    tests:\n    - name: a\n      verdict: tuesday\n", 14, "expected a name that matches"),
        (MINIMAL + RULE + "    tests:\n    - name: a\n", 13, "has a `verdict` or a `sample`, expected one of the two"),
        (
            MINIMAL + RULE + "    tests:\n    - sample: {}\n      at: at night\n",
            14,
            "`at` is `at night`, expected e.g. `2026",
        ),
        (
            MINIMAL + RULE.replace('tool.kind == "pay"', 'tool.name.startsWith("Pay")'),
            6,
            "`Pay` is never there, for `tool.name` is in lower case, expected `pay`",
        ),
        (
            MINIMAL + RULE.replace('tool.kind == "pay"', 'signals.exists(one, one == "rule.night-pay")'),
            6,
            "the rules would go round in a circle",
        ),
        (
            MINIMAL + "rules:\n- {name: a, when: user.signed_in, then: allow, lifts: [rule.b]}\n"
            "- {name: b, when: user.signed_in, then: allow, lifts: [rule.a]}\n",
            6,
            "it would lift `a`, which is asked before it",
        ),
        (
            MINIMAL + "rules:\n- {name: a, when: user.signed_in, then: allow, lifts: [rule.b]}\n",
            5,
            "`rule.b` is no rule of this policy",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_stored(
    admin: Client, text: str, line: int, told: str
) -> None:
    problems = check(text.encode(), now=NOW).problems
    assert [(problem.line, told in problem.text) for problem in problems][:1] == [(line, True)], problems
    answer = import_file(admin, text.encode())
    assert answer.status_code == 422
    assert not PolicyDraft.objects.exists()


def test_a_file_that_is_too_large_or_no_text_is_refused_at_the_field(admin: Client) -> None:
    answer = import_file(admin, b"a" * 10_000_000)
    assert answer.status_code == 422
    assert "it has 10,000,000 bytes, expected at most 2,000,000" in answer.content.decode()
    answer = import_file(admin, MINIMAL.encode() + b"title: \xff\n")
    assert "is not UTF-8" in answer.content.decode()
    assert admin.post("/policies/import/", {}).status_code == 422
    assert not PolicyDraft.objects.exists()


def test_the_command_reads_no_more_of_a_file_than_it_takes(tmp_path: Path) -> None:
    """It takes more than the page: 9 MB hold 100,000 destinations, and nobody waits for the same process."""
    file = tmp_path / "policy.yaml"
    with file.open("wb") as opened:
        opened.write(MINIMAL.encode())
        opened.truncate(10_000_000_000)
    err = StringIO()
    tracemalloc.start()
    with pytest.raises(SystemExit):
        call_command("policy", "check", str(file), stdout=StringIO(), stderr=err)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert err.getvalue() == f"{file}:1: it has more than 9,000,000 bytes, expected at most that\n"
    assert most < 20_000_000


@pytest.mark.parametrize(
    "text",
    [
        "[" * (MOST_BYTES // 2) + "]" * (MOST_BYTES // 2 - 10),
        "- " * (MOST_BYTES // 2 - 10),
        "a: &a [" + "*a," * (MOST_BYTES // 4) + "]",
        '"' + "\\" * (MOST_BYTES - 10),
        "{" + ",".join(f'"k{n}":{{}}' for n in range(100_000)) + "}",
        "?" * (MOST_BYTES - 10),
        "\t" * (MOST_BYTES - 10),
        "rules:\n" + "- {name: a}\n" * 100_000,
    ],
    ids=["brackets", "dashes", "aliases", "backslashes", "names", "questions", "tabs", "entries"],
)
def test_two_hostile_megabytes_take_seconds_at_most(text: str) -> None:
    began = time.process_time()
    assert not check(text.encode()[:MOST_BYTES], now=NOW).sound
    assert time.process_time() - began < 8


def test_a_rule_may_lift_one_that_is_asked_after_it_and_respond(admin: Client) -> None:
    text = (
        MINIMAL + "rules:\n- {name: b, when: user.signed_in, then: allow, lifts: [rule.c], priority: 10}\n"
        "- {name: c, then: hold,\n"
        "   when: \"signals.exists(s, s == 'X') || agent.id == 'A'"
        " || destinations.exists(d, d.under('Contoso.com'))\",\n"
        "   bounds: {max_stop_share: 0.1, min_calls: 7},\n"
        "   tests: [{must: not_match, sample: {tool: {name: pay}}, at: 2026-05-04}]}\n"
        "- {name: d, when: user.signed_in, then: respond, response: {kind: user, effect: step_up, minutes: 60}}\n"
    )
    assert check(text.encode(), now=NOW).problems == ()
    assert import_file(admin, text.encode()).status_code == 302


def test_a_misspelled_signal_is_remarked_on(admin: Client) -> None:
    checked = check(b"defaults: {}\nactions:\n  instruction_folowed: {strict: block}\n", now=NOW)
    assert checked.sound
    assert "did you mean `instruction_followed`?" in checked.problems[0].text


def test_only_a_policy_admin_imports(admin: Client) -> None:
    analyst = signed_in("dan", Role.ANALYST)
    assert import_file(analyst, MINIMAL.encode()).status_code == 403
    assert analyst.get("/policies/export/").status_code == 200
    for version in ("99", "9" * 5000, "-1", "\u0663", "x"):
        assert analyst.get("/policies/export/", {"version": version}).status_code == 404
    assert Client().get("/policies/export/").status_code == 302


def test_writing_and_reading_again_gives_the_same() -> None:
    odd: dict[str, Any] = {
        "title": "off",
        "defaults": {
            "a": "null",
            "b": "1e3",
            "c": "0x1f",
            "d": " two\n lines ",
            "e": "07:30",
            "f": "\u2028 \U0001f512",
        },
        "actions": {"x": {"y": [1, 2.5, True, None, "", "*a", "&b", "!c", "- d", "# e"]}},
    }
    odd["rules"] = [odd["actions"], odd["actions"]]
    assert read(to_yaml(odd).encode()).value == odd
    assert read(to_json(odd).encode()).value == odd


def test_the_command_names_file_and_line_and_exits_with_1(db: None, tmp_path: Path) -> None:
    ensure_baseline()
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text(MINIMAL + RULE)
    wrong.write_text(MINIMAL + RULE.replace("then: hold", "then: explode"))
    out, err = StringIO(), StringIO()
    call_command("policy", "check", str(right), stdout=out, stderr=err)
    assert out.getvalue() == f"{right}: right\n"
    assert err.getvalue() == ""
    with pytest.raises(SystemExit) as exit_:
        call_command("policy", "check", str(right), str(wrong), str(tmp_path / "gone"), stdout=out, stderr=err)
    assert exit_.value.code == 1
    assert f"{wrong}:7: `rules.0.then` is" in err.getvalue()
    assert f"{tmp_path / 'gone'}:1: it cannot be read" in err.getvalue()


def test_the_command_runs_the_test_cases_of_rules(db: None, tmp_path: Path) -> None:
    ensure_baseline()
    file = tmp_path / "policy.yaml"
    sample = {"agent": {"id": "a"}, "tool": {"name": "pay_invoice"}, "arguments": {}}
    case = {"name": "by night", "must": "match", "sample": sample, "at": "2026-05-04T03:30:00Z"}
    day = {**case, "name": "by day", "at": "2026-05-04T12:30:00Z"}
    rule = {"name": "night", "when": "time.hour < 6", "then": "hold", "tests": [case, day]}
    file.write_text(to_yaml({**yaml.safe_load(MINIMAL), "rules": [rule]}))
    err = StringIO()
    with pytest.raises(SystemExit):
        call_command("policy", "check", str(file), stdout=StringIO(), stderr=err)
    assert "test case `by day` of rule `night` fails: it does not match, and must" in err.getvalue()
    assert "by night" not in err.getvalue()
    call_command("policy", "check", "--no-tests", str(file), stdout=StringIO(), stderr=err)


def test_the_command_checks_where_no_database_is(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    sample = {"name": "by day", "must": "match", "at": "2026-05-04T12:30:00Z", "sample": {"tool": {"name": "pay"}}}
    stored = {"name": "seen", "must": "match", "verdict": "0190a0a0-0000-7000-8000-000000000000"}
    rule = {"name": "night", "when": "time.hour < 6", "then": "hold", "tests": [sample, stored]}
    file.write_text(to_yaml({**yaml.safe_load(MINIMAL), "rules": [rule]}))
    done = subprocess.run(
        [sys.executable, "manage.py", "policy", "check", str(file)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "1 case of stored calls left out" in done.stderr
    assert "test case `by day` of rule `night` fails" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_exports_what_is_in_force(db: None, tmp_path: Path) -> None:
    ensure_baseline()
    out = StringIO()
    call_command("policy", "export", stdout=out)
    file = tmp_path / "policy.yaml"
    file.write_text(out.getvalue())
    call_command("policy", "check", str(file), stdout=StringIO(), stderr=StringIO())
    with pytest.raises(CommandError, match="there is no version 7"):
        call_command("policy", "export", "--version-number", "7", stdout=out)


def import_file(client: Client, content: bytes, *, follow: bool = False) -> Any:
    file = SimpleUploadedFile("policy.yaml", content)
    return client.post("/policies/import/", {"file": file, "title": ""}, follow=follow)


def signed_in(name: str, role: Role) -> Client:
    person = User.objects.create_user(name)
    give_role(person, role, actor=None)
    client = Client()
    client.force_login(person)
    return client


def test_a_long_list_is_handed_out_piece_by_piece_and_whole(admin: Client) -> None:
    Destination.objects.bulk_create(
        [Destination(value=f"partner-{number:04}.example", standing="partner") for number in range(1_001)]
    )
    for kind in ("yaml", "json"):
        pieces = [bytes(piece) for piece in admin.get(f"/policies/export/?format={kind}")]
        assert max(map(len, pieces)) < 30_000
        listed = read(b"".join(pieces)).value["lists"]["destinations"]
        assert [entry["value"] for entry in listed] == [f"partner-{number:04}.example" for number in range(1_001)]
