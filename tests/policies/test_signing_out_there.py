"""Signing out of a session that another house vouched for."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tests.openid import House, OddHouse, begin, path_of
from tests.policies.test_single_sign_on import PASSWORD, come, house, is_in, odd, odd_running, running

__all__ = ("house", "odd", "odd_running", "running")
pytestmark = pytest.mark.django_db


def _sign_out(client: Client) -> Any:
    answer = client.post("/logout/")
    assert not is_in(client)
    assert "cache" in answer["Clear-Site-Data"]
    return answer


def test_whoever_signs_out_is_led_on_to_sign_out_there_and_back(house: House) -> None:
    house.knows("leaver", preferred_username="leaver", groups=["analysts"])
    client = come(house, "leaver")
    answer = _sign_out(client)
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (200, True)
    assert "form-action 'self'" in answer["Content-Security-Policy"]
    found = re.search(r'href="([^"]+)"[^>]*>.*Sign out at Contoso', answer.content.decode())
    assert found
    address = html.unescape(found[1])
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{house.url}/oauth2/end_session?")
    assert set(query) == {"client_id", "post_logout_redirect_uri", "state"}
    page = httpx.get(address)
    assert page.status_code == 200
    back = re.search(r'name="redirect_uri" value="([^"]+)"', page.text)
    assert back
    done = httpx.post(f"{house.url}/oauth2/end_session/confirm", data={"redirect_uri": html.unescape(back[1])})
    assert done.headers["Location"].startswith(f"{django_settings.PUBLIC_URL}/login/?state=")
    assert client.get(path_of(done.headers["Location"])).status_code == 200


@pytest.mark.parametrize("offered", ["", "javascript:alert(1)", "//evil.example/out", "ftp://evil.example"])
def test_a_house_that_offers_no_way_out_is_not_followed(odd: OddHouse, offered: str) -> None:
    odd.published = {"end_session_endpoint": offered}
    client = Client()
    client.get(odd.consent(begin(client)))
    assert is_in(client)
    assert _sign_out(client)["Location"] == "/login/"


def test_a_house_that_is_away_keeps_nobody_signed_in(odd: OddHouse, settings: Settings) -> None:
    client = Client()
    client.get(odd.consent(begin(client)))
    assert is_in(client)
    cache.clear()
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert _sign_out(client)["Location"] == "/login/"


def test_whoever_came_by_password_is_led_nowhere_else(house: House) -> None:
    User.objects.create_user("ada", password=PASSWORD)
    client = Client()
    client.post("/login/", {"username": "ada", "password": PASSWORD})
    assert is_in(client)
    assert _sign_out(client)["Location"] == "/login/"
