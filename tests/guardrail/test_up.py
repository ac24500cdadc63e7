"""`manage.py up` with real processes: what it starts, what heals, what it leaves behind."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from django.core.management import CommandError, call_command
from prometheus_client.parser import text_string_to_metric_families

from guardrail.embedded.instance import Instance
from tests.guardrail.instances import (
    ROOT,
    RunningInstance,
    alive,
    clean_environment,
    make_data_folder,
    up_command,
    wait_for,
)

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes the Linux way"),
]


_FIGURES = "a-token-of-the-figures-0123456789"


@pytest.fixture(scope="module")
def instance() -> Iterator[RunningInstance]:
    running = RunningInstance(env={"GUARDRAIL_METRICS_TOKEN": _FIGURES})
    yield running.wait(seconds=300)
    running.remove()


def test_it_tells_only_its_owner_how_to_reach_it(instance: RunningInstance) -> None:
    state = instance.data / "state.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert set(instance.state) == {"url", "webhook_token", "admin_username", "admin_password"}
    assert instance.state["url"] == instance.url


def test_it_prints_a_call_that_works_as_pasted(instance: RunningInstance) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    line = re.search(r"^curl .*$", instance.output.read_text(), re.MULTILINE)
    assert line
    answer = subprocess.run(["/bin/sh", "-c", line[0]], capture_output=True, check=True, timeout=20)
    assert isinstance(json.loads(answer.stdout)["blockAction"], bool)


def test_it_answers_its_webhook_token_and_no_other(instance: RunningInstance) -> None:
    assert instance.ask() == 200
    refused = httpx.post(f"{instance.url}/copilot-studio/validate", headers={"Authorization": "Bearer gr_wrong"})
    assert refused.status_code == 401


def test_its_figures_are_those_of_all_its_processes(instance: RunningInstance) -> None:
    """Two web processes answer, and a worker's children run tasks: whoever is asked tells of all of them."""
    headers = {"Authorization": f"Bearer {instance.state['webhook_token']}"}
    for _ in range(20):  # on a connection each: they go to one process or the other
        httpx.post(f"{instance.url}/copilot-studio/analyze-tool-execution", headers=headers, content=b"{}")
    # no other test's calls are unreadable: one judged before is counted up to a second later, maybe among ours
    wait_for(lambda: _figure(instance, "guardrail_degraded_total", part="wire") == 20, what="all calls to be counted")
    wait_for(lambda: _figure(instance, "guardrail_tasks_total") > 0, what="tasks to be counted")
    assert len(list((instance.data / "metrics").glob("counter_*.db"))) >= 3
    assert httpx.get(f"{instance.url}/readyz").text == "ready\n"


def _figure(instance: RunningInstance, name: str, **labels: str) -> float:
    """The sum of all series of this name that have these labels."""
    answer = httpx.get(f"{instance.url}/metrics", headers={"Authorization": f"Bearer {_FIGURES}"}, timeout=20)
    families = text_string_to_metric_families(answer.text)
    found = (sample for family in families for sample in family.samples if sample.name == name)
    return sum(sample.value for sample in found if labels.items() <= sample.labels.items())


def test_it_lets_the_printed_admin_sign_in(instance: RunningInstance) -> None:
    with httpx.Client(base_url=instance.url, follow_redirects=True) as client:
        form = client.get("/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token
        fields = {"username": instance.state["admin_username"], "password": instance.state["admin_password"]}
        page = client.post(
            "/login/", data={**fields, "csrfmiddlewaretoken": token[1]}, headers={"Referer": instance.url}
        )
        assert page.status_code == 200
        assert page.url.path == "/"


def test_it_is_found_by_the_other_commands_of_its_checkout(instance: RunningInstance) -> None:
    env = clean_environment() | {"GUARDRAIL_DATA": str(instance.data)}
    command = [sys.executable, "manage.py", "issue_token", "copilot-studio"]
    issued = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=30, check=True)
    headers = {"Authorization": f"Bearer {issued.stdout.strip()}"}
    validate = f"{instance.url}/copilot-studio/validate"
    wait_for(lambda: httpx.post(validate, headers=headers).status_code == 200, what="the new token to be known")
    assert stat.S_IMODE((instance.data / "environment.json").stat().st_mode) == 0o600


def test_it_refuses_a_second_start_in_the_same_folder(instance: RunningInstance) -> None:
    second = _run_up(data=instance.data, port=1)
    assert second.returncode == 1
    assert f"is in use by process `{instance.process.pid}`" in second.stderr


def test_it_refuses_a_port_somebody_listens_on() -> None:
    data = make_data_folder()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = _run_up(data=data, port=port)
    shutil.rmtree(data)
    assert refused.returncode == 1
    assert f"port `{port}` of `127.0.0.1` is taken" in refused.stderr


def test_its_worker_stands_back_behind_whoever_answers(instance: RunningInstance) -> None:
    def niceness(name: str) -> int:
        return os.getpriority(os.PRIO_PROCESS, instance.pids()[name])

    ours = os.getpriority(os.PRIO_PROCESS, 0)
    if ours >= 5:
        pytest.skip("whoever runs the tests stands back that far already")
    wait_for(lambda: niceness("worker") == 5, what="the worker to stand back")
    assert {niceness(name) for name in ("web", "beat", "valkey", "postgres")} == {ours}
    web, worker = (Path(f"/proc/{instance.pids()[name]}/autogroup") for name in ("web", "worker"))
    if web.exists():
        assert web.read_text().endswith("nice 0\n")
        assert worker.read_text().endswith("nice 5\n")


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.thorough) for name in ("web", "worker", "beat")), "valkey", "postgres"],
)
def test_it_starts_again_what_was_killed(instance: RunningInstance, name: str) -> None:
    killed = instance.pids()[name]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: instance.pids().get(name, killed) != killed, what=f"a new {name}")
    wait_for(lambda: instance.ask() == 200, what="an answer")
    wait_for(lambda: _servers_answer(instance.data), what="both servers")
    assert f"{name} ended by SIGKILL, starting it again" in instance.output.read_text()


@pytest.mark.thorough
def test_it_replaces_a_killed_process_of_the_web_server(instance: RunningInstance) -> None:
    web = instance.pids()["web"]
    before = _children(web)
    os.kill(before[-1], signal.SIGKILL)
    wait_for(lambda: len(_children(web)) == len(before) and _children(web) != before, what="a new web process")
    wait_for(lambda: instance.ask() == 200, what="an answer")


@pytest.mark.thorough
def test_it_renews_web_worker_and_beat_while_every_call_is_answered(instance: RunningInstance) -> None:
    before, statuses = instance.pids(), []
    command = [sys.executable, "manage.py", "renew", "--data", str(instance.data), "--seconds", "240"]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stdout=subprocess.DEVNULL) as renewing:
        while renewing.poll() is None or alive(before["web"]):
            statuses.append(instance.ask(tries=2))
    assert renewing.returncode == 0
    assert set(statuses) == {200}
    after = instance.pids()
    assert {name for name in after if after[name] != before[name]} == {"web", "worker", "beat"}


def test_it_renews_nothing_where_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing runs in"):
        call_command("renew", data=tmp_path)


@pytest.mark.thorough
def test_what_a_killed_start_left_ends_and_its_secrets_are_kept(instance: RunningInstance) -> None:
    told, pids = instance.state, instance.pids()
    orphans = _children(pids["web"])
    os.kill(pids["web"], signal.SIGSTOP)  # or it hears that it is alone, and tells its children to end
    instance.process.kill()
    os.kill(pids["web"], signal.SIGKILL)
    instance.process.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids.values()), what="every child to end with its supervisor")
    assert any(alive(pid) for pid in orphans)
    instance.start()
    instance.wait()
    assert not any(alive(pid) for pid in orphans)
    assert instance.state == told
    assert instance.ask() == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs its servers as somebody else")
def test_it_keeps_the_servers_data_where_their_user_can_reach_it(tmp_path: Path) -> None:
    tmp_path.parent.chmod(0o700)
    near, far = make_data_folder(), tmp_path / "run"
    assert Instance(near).servers_folder() == near
    elsewhere = Instance(far).servers_folder()
    assert elsewhere.parent in (Path("/var/lib"), Path("/var/tmp"))
    assert Instance(far).servers_folder() == elsewhere
    shutil.rmtree(near)
    elsewhere.rmdir()


def test_it_leaves_no_process_behind(instance: RunningInstance) -> None:
    pids = instance.pids()
    assert instance.stop() == 0
    assert [name for name, pid in pids.items() if alive(pid)] == []


def _run_up(*, data: Path, port: int) -> "subprocess.CompletedProcess[str]":
    command = up_command(data=data, port=port)
    return subprocess.run(
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False
    )


def _servers_answer(data: Path) -> bool:
    kept = json.loads((data / "kept.json").read_text())
    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=kept["postgres_port"],
            user="guardrail",
            password=kept["postgres_password"],
            dbname="guardrail",
            connect_timeout=2,
        ) as connection:
            connection.execute("SELECT 1")
        with redis.Redis(port=kept["valkey_port"], password=kept["valkey_password"], socket_timeout=2) as client:
            return bool(client.ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def _children(pid: int) -> list[int]:
    return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
