"""TLS by the product itself: a real web server, real certificates, and whoever has none of the right authority."""

import dataclasses
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from guardrail.embedded.processes import StartFailed, children
from guardrail.embedded.tls import Tls
from tests.certificates import Authority, authority
from tests.guardrail.instances import (
    ROOT,
    RunningInstance,
    alive,
    clean_environment,
    make_data_folder,
    ready_database,
    up_command,
    wait_for,
)

pytestmark = [pytest.mark.processes, pytest.mark.filterwarnings("ignore:ssl.TLSVersion")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """An instance that asks for certificates, the authorities of both sides, and its files."""

    instance: RunningInstance
    folder: Path
    ours: Authority
    callers: Authority

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.instance.port}"

    def client(self, signer: Authority | None, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> httpx.Client:
        """One that trusts the server's authority, with a certificate that `signer` signed."""
        context = ssl.create_default_context(cadata=self.ours.pem)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that the server refuses what is old, and not we ourselves
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        if signer:
            both = self.folder / "of-the-caller.pem"
            both.write_text("".join(signer.issue("caller.example")))
            context.load_cert_chain(both)
        return httpx.Client(base_url=self.url, verify=context, timeout=10, trust_env=False)


def _write(folder: Path, signer: Authority) -> None:
    for name, pem in zip(("certificate", "key"), signer.issue("guardrail.example"), strict=True):
        (folder / f"{name}.pem").write_text(pem)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    folder, ours, callers = make_data_folder(), authority(), authority()
    (folder / "callers.pem").write_text(callers.pem)
    with ready_database() as database:
        env = {
            **database,
            "REDIS_URL": os.environ["REDIS_URL"],
            "GUARDRAIL_TLS_CERTIFICATE": str(folder / "certificate.pem"),
            "GUARDRAIL_TLS_KEY": str(folder / "key.pem"),
            "GUARDRAIL_TLS_CLIENT_CA": str(folder / "callers.pem"),
        }
        _write(folder, ours)
        running = RunningInstance(env=env)
        try:
            yield Served(instance=running.wait(seconds=300), folder=folder, ours=ours, callers=callers)
        finally:
            running.remove()
            shutil.rmtree(folder)


def _validate(client: httpx.Client, token: str) -> int:
    return client.post("/copilot-studio/validate", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_caller_with_a_certificate_of_the_authority_is_answered_and_still_needs_its_token(served: Served) -> None:
    with served.client(served.callers) as client:
        assert _validate(client, served.instance.state["webhook_token"]) == 200
        assert _validate(client, "gr_wrong") == 401
        assert client.get("/healthz").text == "ok\n"
        assert "max-age=31536000" in client.get("/login/").headers["Strict-Transport-Security"]
    assert served.instance.state["url"] == served.url


def test_it_starts_no_server_where_both_are_given(served: Served) -> None:
    assert set(served.instance.pids()) == {"web", "worker", "beat"}


def test_nobody_else_is_heard(served: Served) -> None:
    for signer in (None, authority(), served.ours):
        with served.client(signer) as client, pytest.raises(httpx.TransportError):
            _validate(client, served.instance.state["webhook_token"])
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{served.instance.port}/healthz", timeout=10, trust_env=False)


def test_tls_1_2_is_spoken_and_nothing_older(served: Served) -> None:
    with served.client(served.callers, newest=ssl.TLSVersion.TLSv1_2) as client:
        assert client.get("/healthz").status_code == 200
    with served.client(served.callers, newest=ssl.TLSVersion.TLSv1_1) as client, pytest.raises(httpx.TransportError):
        client.get("/healthz")


@pytest.mark.thorough
def test_a_new_certificate_is_served_once_the_web_server_is_killed_and_started_again(served: Served) -> None:
    _write(served.folder, served.ours)
    _kill_web(served)
    assert _shown(served) == _given(served)


@pytest.mark.thorough
def test_a_new_certificate_that_does_not_fit_takes_nobody_down(served: Served) -> None:
    """The key of another certificate, then no certificate at all; whatever is begun again serves with what was good."""
    good, web = _given(served), served.instance.pids()["web"]
    killed = children(web)[0]
    (served.folder / "key.pem").write_text(served.ours.issue("guardrail.example")[1])
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: len(set(children(web)) - {killed}) == 2, what="a web process to be back", seconds=120)
    (served.folder / "certificate.pem").write_text("half of a certif")
    _kill_web(served)
    assert {_shown(served) for _ in range(4)} == {good}
    assert "web serves with the certificate it had before" in served.instance.output.read_text()
    wait_for(lambda: _status(served, "/readyz") == 503, what="/readyz to say so")
    _write(served.folder, served.ours)
    wait_for(lambda: _status(served, "/readyz") == 200, what="files that fit to be seen")


def _kill_web(served: Served) -> None:
    """Kill the web server, and return when only its successor answers: its processes do meanwhile, on the same port."""
    web = served.instance.pids()["web"]
    before = children(web)
    os.kill(web, signal.SIGKILL)
    wait_for(lambda: not any(alive(pid) for pid in before), what="a new web server alone", seconds=120)
    wait_for(lambda: _status(served, "/healthz") == 200, what="it to answer", seconds=120)


def _status(served: Served, path: str) -> int:
    """What a new connection is answered; 0 where nobody does."""
    try:
        with served.client(served.callers) as client:
            return client.get(path).status_code
    except httpx.TransportError:
        return 0


def _shown(served: Served) -> str:
    return ssl.get_server_certificate(("127.0.0.1", served.instance.port), timeout=10)


def _given(served: Served) -> str:
    """The certificate in the operator's file, as `_shown` writes it."""
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert((served.folder / "certificate.pem").read_text()))


def test_an_authority_that_is_asked_for_is_never_forgotten(tmp_path: Path) -> None:
    """What was kept before anybody was asked for a certificate is nothing to go on with."""
    for name, pem in zip(("certificate", "key"), authority().issue("guardrail.example"), strict=True):
        (tmp_path / name).write_text(pem)
    given = Tls(certificate=tmp_path / "certificate", key=tmp_path / "key", client_ca=None)
    kept, wrong = given.kept(tmp_path / "tls")
    assert (wrong, kept.key.stat().st_mode & 0o777) == ("", 0o600)
    (tmp_path / "callers").write_text("nothing")
    with pytest.raises(StartFailed, match="expected a certificate with its key and an authority"):
        dataclasses.replace(given, client_ca=tmp_path / "callers").kept(tmp_path / "tls")
    (tmp_path / "key").write_text("nothing")
    assert given.kept(tmp_path / "tls")[0] == kept


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("certificate", "expected a certificate with its key"),
        ("key", "expected PKCS#8 in PEM without a password"),
        ("callers", "expected a certificate with its key and an authority"),
    ],
)
def test_it_does_not_start_on_files_it_could_not_serve_with(
    tmp_path: Path, settings: Settings, spoilt: str, said: str
) -> None:
    certificate, key = authority().issue("guardrail.example")
    files = {"certificate": certificate, "key": key, "callers": authority().pem} | {spoilt: "nothing"}
    for name, pem in files.items():
        (tmp_path / name).write_text(pem)
    settings.TLS_CERTIFICATE, settings.TLS_KEY = str(tmp_path / "certificate"), str(tmp_path / "key")
    settings.TLS_CLIENT_CA = str(tmp_path / "callers")
    with pytest.raises(CommandError, match=said):
        call_command("up", data=tmp_path / "run", port=8549)


def test_it_does_not_start_with_an_authority_and_no_certificate(tmp_path: Path) -> None:
    refused = subprocess.run(
        up_command(data=tmp_path / "run", port=8549),
        cwd=ROOT,
        env=clean_environment() | {"GUARDRAIL_TLS_CLIENT_CA": str(tmp_path / "callers")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "belong together" in refused.stderr
