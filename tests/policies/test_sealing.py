"""What is sealed opens here, for its purpose, and nowhere else."""

import pytest
from pytest_django import Settings

from policies.sealing import NotOpened, resealed, seal, unseal


def test_it_opens_for_the_purpose_it_was_sealed_for() -> None:
    assert unseal(seal("a token", purpose="engine a"), purpose="engine a") == "a token"


def test_it_opens_for_no_other_purpose() -> None:
    with pytest.raises(NotOpened):
        unseal(seal("a token", purpose="engine a"), purpose="engine b")


def test_it_does_not_open_under_another_secret_key(settings: Settings) -> None:
    sealed = seal("a token", purpose="engine a")
    settings.SECRET_KEY = "another one that is long enough to be taken for a secret key"
    with pytest.raises(NotOpened):
        unseal(sealed, purpose="engine a")


def test_what_an_old_key_sealed_is_read_until_it_is_taken_away(settings: Settings) -> None:
    sealed, settings.SECRET_KEY_FALLBACKS = seal("a token", purpose="engine a"), [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one that is long enough to be taken for a secret key"
    assert unseal(sealed, purpose="engine a") == "a token"
    anew = resealed(sealed, purpose="engine a")
    assert resealed(anew, purpose="engine a") == anew
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(anew, purpose="engine a") == "a token"
    with pytest.raises(NotOpened):
        unseal(sealed, purpose="engine a")


@pytest.mark.parametrize("spoiled", ["", "x", "not base64 at all!", "AAAA" * 20, "ü"])
def test_it_refuses_what_it_never_sealed(spoiled: str) -> None:
    with pytest.raises(NotOpened):
        unseal(spoiled, purpose="engine a")


def test_it_seals_the_same_text_differently_each_time() -> None:
    first, second = (seal("a token", purpose="engine a") for _ in range(2))
    assert first != second
    assert "token" not in first
