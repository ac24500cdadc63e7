"""`docs/pages.md` names every page with the question it answers, and no page that is not there."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

pytestmark = pytest.mark.django_db
DOCUMENT = Path(__file__).parent.parent / "docs" / "pages.md"
# What machines call; docs/wire.md is theirs.
_OF_MACHINES = ("v1/", "api/", "<slug:slug>/", "healthz", "readyz", "metrics", "static/")
_CONVERTERS = {"int": "1", "uuid": str(uuid.UUID(int=1)), "slug": "x", "str": "x", "path": "x"}


def test_every_page_has_its_question_and_every_question_its_page(admin_client: Client) -> None:
    told = set(re.findall(r"^\| `/([^`]*)` \|", DOCUMENT.read_text(), re.MULTILINE))
    there = {route for route in _routes(get_resolver()) if _is_page(admin_client, route)}
    assert there - told == set()
    assert told - there == set()


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one, route)
        elif isinstance(one, URLPattern) and not route.startswith(_OF_MACHINES):
            yield route


def _is_page(client: Client, route: str) -> bool:
    """Whether it answers a GET; what only takes what a form sends says 405."""
    address = re.sub(r"<(?:(\w+):)?\w+>", lambda found: _CONVERTERS[found[1] or "str"], route)
    return client.get(f"/{address}").status_code != 405
