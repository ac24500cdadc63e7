"""`manage.py reseal_secrets`: a new secret key takes over what the old one encrypted."""

import io

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from investigations.models import Receiver
from investigations.receiver_secrets import unseal_secret
from policies.models import AuditEntry, SecondOpinion
from policies.services.opinions import OpinionSettings, add_opinion, unseal_token
from tests.receivers import SECRETS, a_receiver

pytestmark = pytest.mark.django_db
NEW = "a new secret key that is long enough to be taken for one"


def reseal() -> str:
    said = io.StringIO()
    call_command("reseal_secrets", stdout=said)
    return said.getvalue()


def a_new_key(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW


def test_a_new_key_takes_over_receivers_and_second_opinions(settings: Settings) -> None:
    receiver = a_receiver("splunk", "https://splunk.quay.example")
    a_receiver("ocsf", "https://lake.quay.example", secret="")
    wanted = OpinionSettings(
        name="The engine",
        base_url="https://engine.quay.example",
        token="engine-token-0123456789",
        budget_ms=200,
        asked_for="changes",
        strict_action="block",
        cautious_action="hold",
        required=False,
        agents=(),
    )
    add_opinion("engine", wanted, actor=None)
    a_new_key(settings)
    assert unseal_secret(receiver) == SECRETS["splunk"]
    assert "secrets of 1 receivers and tokens of 1 second opinions" in reseal()
    assert "secrets of 0 receivers and tokens of 0 second opinions" in reseal()
    settings.SECRET_KEY_FALLBACKS = []
    receiver.refresh_from_db()
    assert unseal_secret(receiver) == SECRETS["splunk"]
    opinion = SecondOpinion.objects.get()
    assert unseal_token(opinion.sealed_token, slug="engine", base_url=opinion.base_url) == "engine-token-0123456789"
    entries = AuditEntry.objects.filter(action__endswith=".resealed").values_list("action", "detail")
    assert sorted(entries) == [("opinion.resealed", {"opinions": 1}), ("receiver.resealed", {"receivers": 1})]


def test_what_opens_under_no_key_is_named_and_the_others_are_taken_over(settings: Settings) -> None:
    a_receiver("webhook", "https://hook.quay.example")
    lost = a_receiver("splunk", "https://splunk.quay.example", name="The lost one")
    Receiver.objects.filter(pk=lost.pk).update(address="https://elsewhere.example")
    a_new_key(settings)
    with pytest.raises(CommandError, match=r"1 open under none of the keys.*: The lost one"):
        reseal()
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal_secret(Receiver.objects.get(kind="webhook")) == SECRETS["webhook"]
