"""Every template: it compiles, and it holds nothing that the content security policy or an attacker would mind."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

FOLDER = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))

FORBIDDEN = {
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "an event attribute": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on or a trigger filter": re.compile(r"\bhx-on\b|hx-trigger\s*=\s*\"[^\"]*\[", re.IGNORECASE),
    "text marked as safe": re.compile(r"\|\s*safe\b|\|\s*safeseq\b|\{%\s*autoescape\s+off"),
    "something from another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
    "a javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "a form without its token": re.compile(
        r"<form\b(?=[^>]*\smethod=\"post\")[^>]*>(?!(?:(?!</form>).)*csrf_token)", re.IGNORECASE | re.DOTALL
    ),
}


def test_there_are_templates_to_look_at() -> None:
    assert "base.html" in TEMPLATES


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_holds_nothing_inline_and_nothing_unescaped(name: str) -> None:
    text = (FOLDER / name).read_text()
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]
    assert not found, f"templates/{name} has {', '.join(found)}"


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("an inline style", '<p style="color: red">'),
        ("an inline script", "<script>alert(1)</script>"),
        ("an event attribute", '<p onclick="x()">'),
        ("hx-on or a trigger filter", '<p hx-on:click="x()">'),
        ("text marked as safe", "{{ reason|safe }}"),
        ("something from another host", '<img src="https://example.com/x.png">'),
        ("a javascript address", '<a href="javascript:x()">'),
        ("a form without its token", '<form method="post" action="/x/"><button>Go</button></form>'),
    ],
)
def test_it_would_find_each_of_them(what: str, text: str) -> None:
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="/static/app.js"></script>',
        '<form method="post" action="/x/">{% csrf_token %}<button>Go</button></form>',
        '<form method="get" action="/x/"></form>',
        '<p class="one" data-on="x">The style of a safe house</p>',
    ],
)
def test_it_lets_the_proper_way_pass(text: str) -> None:
    assert not [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]
