"""Where whole transcripts may be sent."""

import pytest

from policies.engine_address import AddressError, checked_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://engine.contoso.example/guard/", "https://engine.contoso.example/guard"),
        (" https://engine.contoso.example:8443 ", "https://engine.contoso.example:8443"),
        ("https://203.0.113.9/guard", "https://203.0.113.9/guard"),
        ("http://127.0.0.1:8200/copilot-studio", "http://127.0.0.1:8200/copilot-studio"),
        ("http://localhost:8200", "http://localhost:8200"),
        ("http://[::1]:8200", "http://[::1]:8200"),
        ("http://10.1.2.3", "http://10.1.2.3"),
        ("http://engine:8000/x", "http://engine:8000/x"),
        ("http://engine.soc.internal", "http://engine.soc.internal"),
    ],
)
def test_it_keeps_an_address_that_is_safe_to_send_to(typed: str, kept: str) -> None:
    assert checked_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "engine.contoso.example",
        "ftp://engine.contoso.example",
        "http://engine.contoso.example/guard",
        "http://203.0.113.9/guard",
        "http://8.8.8.8",
        "http://0.0.0.0:8000",
        "https://user:secret@engine.contoso.example",
        "https://engine.contoso.example/?key=1",
        "https://engine.contoso.example/#part",
        "https://engine.contoso.example/a b",
        "https://engine.contoso.example:99999",
        "https://engine.contoso.example/\r\nX: 1",
        "http://169.254.169.254/latest",
        "https://169.254.169.254/latest",
        "http://[fe80::1]/x",
        "http://[::ffff:169.254.169.254]/x",
        "http://[::ffff:8.8.8.8]/x",
        "https://еngine.example",
        "https://engine.example/" + "a" * 600,
    ],
)
def test_it_refuses_an_address_that_is_not(typed: str) -> None:
    with pytest.raises(AddressError):
        checked_address(typed)
