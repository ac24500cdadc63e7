"""The federated credential's subject, against values computed apart from this code."""

import pytest

from guardrail.fic import AUDIENCE, candidates_for, issuer_of, subject_of

TENANT = "11111111-2222-3333-4444-555555555555"
BASE = "https://guard.contoso.example/copilot-studio"
START = "/eid1/c/pub/t/ERERESIiMzNERFVVVVVVVQ/a/m1WPnYRZpEaQKq1Cceg--g/"
ADDRESS = "aHR0cHM6Ly9ndWFyZC5jb250b3NvLmV4YW1wbGUvY29waWxvdC1zdHVkaW8"


def test_it_prints_a_subject_for_the_base_address_and_each_of_its_paths() -> None:
    found = [(candidate.url, candidate.subject) for candidate in candidates_for(TENANT, BASE)]
    assert found == [
        (BASE, START + ADDRESS),
        (f"{BASE}/validate", START + ADDRESS + "vdmFsaWRhdGU"),
        (f"{BASE}/analyze-tool-execution", START + ADDRESS + "vYW5hbHl6ZS10b29sLWV4ZWN1dGlvbg"),
    ]


def test_it_encodes_the_tenant_in_the_byte_order_the_platform_uses() -> None:
    assert subject_of("01234567-89ab-cdef-0123-456789abcdef", BASE).split("/")[5] == "Z0UjAauJ780BI0VniavN7w"


def test_it_takes_a_base_address_with_a_slash_at_its_end_as_the_same_address() -> None:
    assert candidates_for(TENANT, BASE + "/") == candidates_for(TENANT, BASE)


def test_it_refuses_a_tenant_that_is_no_guid() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        candidates_for("contoso", BASE)


def test_it_names_the_issuer_of_the_tenant_and_the_exchange_as_audience() -> None:
    assert issuer_of(TENANT) == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert AUDIENCE == "api://AzureADTokenExchange"
