"""What it is made of: NOTICE and the bill of materials are those of the locks; `.ci/run` looks for secrets itself."""

import json
from dataclasses import replace

import pytest

from tests.supply.bom import BadBom, bill
from tests.supply.lock import ROOT, load_lock
from tests.supply.notice import Unclear, demand_clear, notice
from tests.supply.secret_scan import found_in


def test_the_committed_notice_is_that_of_the_locks() -> None:
    assert (ROOT / "NOTICE").read_text() == notice(), "run `make notice`"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0-or-later", "SSPL-1.0 AND LGPL-2.1", ""])
def test_a_licence_that_asks_something_or_is_unknown_is_looked_at_by_somebody(licence: str) -> None:
    first = load_lock("requirements.txt")[0]
    with pytest.raises(Unclear, match=first.name):
        demand_clear([replace(first, licence=licence)])
    demand_clear([first])


def test_the_bill_of_materials_names_all_that_runs_with_hashes_and_licences() -> None:
    document = json.loads(bill())  # which its own schema has looked at
    components = {component["name"]: component for component in document["components"]}
    for pinned in load_lock("requirements.txt"):
        told = components[pinned.name]
        assert told["version"] == pinned.version
        assert {hashed["hashes"][0]["content"] for hashed in told["externalReferences"]} == set(pinned.sha256)
        assert told["licenses"]
    assert components["htmx"]["licenses"] == [{"license": {"id": "0BSD"}}]


def test_a_bill_that_does_not_follow_its_schema_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.supply.bom.vendored", lambda: [("x", "1", "No-Such-Licence")])
    with pytest.raises(BadBom):
        bill()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("token = 'gr_" + "aB3-" * 10 + "xyz'", "a token of ours"),
        ("AKIA" + "Q7M2" * 4, "a key of AWS"),
        ("ghp_" + "Zk39" * 9, "a token of GitHub"),
        ("postgresql://app:" + "9fKe23jd@db/x", "a password in an address"),
        ('client_secret = "' + "q8F~x2Lm9_Vw0RtZ4kPb7NcD1sJy" + '"', "a value that looks random"),
        ("-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG", "a private key"),
    ],
)
def test_a_secret_is_found_and_not_repeated(text: str, kind: str) -> None:
    (found,) = found_in(text)
    assert found[1] == kind
    assert text not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        'token = "issued by the page Callers, see docs"',
        "postgresql://guardrail@127.0.0.1:5432/guardrail",
        'password = "correct horse battery staple"',
        "GUARDRAIL_SECRET_KEY=checked-by-make-check-and-used-nowhere-else-0123456789",
        "Authorization: Bearer TOKEN",
    ],
)
def test_words_about_secrets_are_none(text: str) -> None:
    assert list(found_in(text)) == []
