"""Deliveries as OCSF 1.8, by HTTP and into a file: valid by its schema, whole, and never twice in half."""

import json
import os
import resource
import uuid
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from investigations import services
from investigations.models import Delivery, Investigation
from investigations.receivers import ReceiverError
from investigations.siem.content import seen_by
from investigations.siem.event import Act, Call, Event, Kind
from investigations.siem.ocsf import as_ocsf
from investigations.tasks import deliver, take_in, tell_receivers
from policies import audit
from tests.engines import OtherEngine
from tests.factories import instruction, record_verdict
from tests.investigations.test_delivery_content import HOSTILE, an_event
from tests.receivers import Ocsf, a_receiver, later, ocsf_faults, states, the

State = Delivery.State
database = pytest.mark.django_db(transaction=True)


def call_of(event: Event) -> Call:
    assert event.call is not None
    return event.call


def bare() -> Event:
    """A call of which next to nothing is known."""
    call = call_of(an_event())
    nothing: dict[str, Any] = {
        one.name: "" for one in fields(Call) if one.type in (str, "str") and one.name not in ("verdict_id", "action")
    }
    return replace(an_event(), summary="", link="", call=replace(call, **nothing, findings=()))


def hostile() -> Event:
    names = ("agent_name", "tool_name", "tool_kind", "destination", "client_ip", "user_id", "caller", "action", "mode")
    texts: dict[str, Any] = dict.fromkeys(names, HOSTILE)
    return replace(an_event(HOSTILE), summary=HOSTILE, call=replace(call_of(an_event()), **texts))


@pytest.mark.parametrize("content", ["full", "redacted", "metadata"])
@pytest.mark.parametrize("event", [an_event(), bare(), hostile()], ids=["usual", "bare", "hostile"])
def test_each_call_is_valid_by_the_schema(event: Event, content: str) -> None:
    for action in ("allow", "notice", "modify", "hold", "block"):
        told = seen_by(replace(event, call=replace(call_of(event), action=action, would_have=action)), content)
        documents = as_ocsf(told)
        assert [document["class_uid"] for document in documents] == (
            [6003, 2004] if action in ("hold", "block") else [6003]
        )
        assert [ocsf_faults(document) for document in documents] == [[]] * len(documents)
        assert documents[0]["unmapped"]["guardrail"]["decision"]["action"] == action


@pytest.mark.parametrize("kind", [Kind.POLICY, Kind.RESTRICTION, Kind.ACCESS, Kind.AUDIT, Kind.TRAIL, Kind.TEST])
@pytest.mark.parametrize("actor", ["ada", ""])
def test_what_people_do_is_valid_by_the_schema(kind: Kind, actor: str) -> None:
    act = Act(what="policy.published", actor=actor, detail=(("version", "7"),))
    event = replace(an_event(), id=uuid.uuid4(), kind=kind, call=None, act=act)
    (document,) = as_ocsf(event)
    assert ocsf_faults(document) == []
    assert (document["api"]["operation"], document["type_uid"] // 100) == ("policy.published", 6003)


@pytest.fixture
def lake() -> Iterator[OtherEngine]:
    with OtherEngine(behave=Ocsf()).serving() as serving:
        yield serving


@database
@pytest.mark.parametrize("form", ["array", "ndjson"])
def test_calls_and_investigations_arrive_by_http(lake: OtherEngine, form: str) -> None:
    stub = lake.behave = Ocsf()
    kinds = ("investigation_opened", "investigation_changed", "investigation_closed", "policy_published")
    receiver = a_receiver("ocsf", lake.url, settings={"format": form}, kinds=kinds)
    stopped, allowed = record_verdict(instruction(), user_id="k.varga"), record_verdict()
    take_in()
    case = Investigation.objects.get()
    services.comment(case, "Asked the supplier.", actor=None)
    services.close(case, disposition="true_positive", reason="It was one.", now=timezone.now(), actor=None)
    audit.record(actor=None, action="policy.published", version=2)
    tell_receivers()
    deliver()
    assert (set(states()), the(receiver).error) == ({State.ACKNOWLEDGED}, "")
    assert {str(stopped), str(allowed)} <= set(stub.ids)
    of_case = [one for one in stub.documents if one["metadata"]["event_code"].startswith("investigation")]
    assert {one["finding_info"]["uid"] for one in of_case} == {f"investigation-{case.pk}"}
    assert [one["activity_name"] for one in of_case][-1] == "Close"
    assert (of_case[-1]["status"], of_case[-1]["verdict"]) == ("Resolved", "True Positive")
    finding = next(one for one in stub.documents if one["metadata"]["uid"] == f"{stopped}.finding")
    assert (finding["disposition"], finding["finding_info"]["analytic"]["name"]) == ("Blocked", "instruction_marked")


@database
def test_one_event_it_will_never_take_does_not_hold_up_the_others(lake: OtherEngine) -> None:
    stub = lake.behave = Ocsf(poison="tarn", most_bytes=30_000)
    a_receiver("ocsf", lake.url)
    good = [str(record_verdict(instruction())) for _ in range(5)]
    record_verdict(destination="pay@tarn.example")
    take_in()
    deliver()
    assert sorted(stub.ids) == sorted(good)
    assert Delivery.objects.get(state=State.DEAD).error == "it does not take this event (status 400)"


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.DELIVERY_FOLDER = str(tmp_path)
    return tmp_path


def ids_in(file: Path) -> list[str]:
    """The events of each whole line."""
    told = [json.loads(line)["metadata"] for line in file.read_text().splitlines()]
    return [one["uid"] for one in told if one["uid"] == one["correlation_uid"]]


@database
def test_a_file_is_written_on_whoever_renames_or_empties_it(folder: Path) -> None:
    receiver, file = a_receiver("ocsf_file", ""), folder / "ocsf.ndjson"
    told = []
    for turn in range(3):
        told.append(str(record_verdict(instruction(HOSTILE), agent_name=HOSTILE)))
        take_in()
        deliver()
        assert ids_in(file) == told
        if turn == 0:
            file.rename(folder / "ocsf.ndjson.1")
            told = []
        elif turn == 1:
            file.write_text("")
            told = []
    assert (the(receiver).taken, file.stat().st_mode & 0o777) == (3, 0o640)
    assert len(ids_in(folder / "ocsf.ndjson.1")) == 1


@database
def test_half_a_line_of_somebody_spoils_no_event(folder: Path) -> None:
    a_receiver("ocsf_file", "")
    (folder / "ocsf.ndjson").write_text('{"half')
    verdict_id = record_verdict()
    take_in()
    deliver()
    half, line = (folder / "ocsf.ndjson").read_text().splitlines()
    assert (half, json.loads(line)["metadata"]["uid"]) == ('{"half', str(verdict_id))


@database
def test_what_does_not_fit_on_the_disk_is_taken_out_and_written_again(folder: Path) -> None:
    receiver, file = a_receiver("ocsf_file", ""), folder / "ocsf.ndjson"
    first = record_verdict()
    take_in()
    deliver()
    ids = [str(first), *(str(record_verdict(instruction())) for _ in range(3))]
    take_in()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 100, before[1]))
    try:
        deliver()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "could not be written to (EFBIG)" in the(receiver).error
    assert ids_in(file) == ids[:1]
    with later(10):
        deliver()
    assert (sorted(ids_in(file)), set(states())) == (sorted(ids), {State.ACKNOWLEDGED})


@database
@pytest.mark.parametrize("there", ["link", "folder", "pipe", "nothing"])
def test_what_is_no_file_of_the_folder_is_not_written_to(folder: Path, settings: Settings, there: str) -> None:
    receiver, elsewhere = a_receiver("ocsf_file", "", settings={"file": "quay"}), folder / "elsewhere"
    name = folder / "quay.ndjson"
    if there == "link":
        name.symlink_to(elsewhere)
    elif there == "folder":
        name.mkdir()
    elif there == "pipe":
        os.mkfifo(name)
    else:
        settings.DELIVERY_FOLDER = str(folder / "gone")
    record_verdict()
    take_in()
    deliver()
    assert (states(), elsewhere.exists()) == ([State.QUEUED], False)
    assert "could not be written to" in the(receiver).error


@database
@pytest.mark.parametrize("name", ["../ocsf", "a/b", "Ocsf", ".ocsf", "x.ndjson", "a\x00b"])
def test_no_path_comes_from_a_form(folder: Path, name: str) -> None:
    with pytest.raises(ReceiverError, match="is no name"):
        a_receiver("ocsf_file", "", settings={"file": name})


@database
def test_without_a_folder_there_is_no_file() -> None:
    with pytest.raises(ReceiverError, match="expected GUARDRAIL_DELIVERY_FOLDER to be set"):
        a_receiver("ocsf_file", "")
