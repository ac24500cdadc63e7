"""What a browser is told about every page and file, and which cookies it keeps how."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import reverse

from policies.access import Role, give_role
from policies.csv_lines import csv_line
from tests import told

_ROOT = Path(settings.BASE_DIR)
_ASK = """
import json
from django.conf import settings as s
names = "SESSION_COOKIE_NAME CSRF_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_HSTS_SECONDS"
names = f"{names} SECURE_HSTS_INCLUDE_SUBDOMAINS".split()
print(json.dumps({name: getattr(s, name) for name in names}))
"""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login/", "/verdicts/", "/nowhere/", "/static/app.js"])
def test_every_page_and_file_is_closed_to_others(admin_client: Client, path: str) -> None:
    told_of = admin_client.get(path).headers
    assert told_of["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in told_of["Permissions-Policy"]
    assert told_of["X-Content-Type-Options"] == "nosniff"
    assert told_of["Cross-Origin-Opener-Policy"] == told_of["Referrer-Policy"] == "same-origin"
    if not path.startswith("/static/"):
        assert told_of["X-Frame-Options"] == "DENY"
    policy = dict(part.strip().partition(" ")[::2] for part in told_of["Content-Security-Policy"].split(";"))
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "default")
    # nothing is asked of another host, and nothing inline is run
    allowed = {"'none'", "'self'", "'script'", "default"}
    assert {word for words in policy.values() for word in words.split()} == allowed


@pytest.mark.django_db
def test_no_page_asks_another_host_for_anything(admin_client: Client) -> None:
    verdict = told.record_story()
    for path in ("/", "/verdicts/", f"/verdicts/{verdict}/", "/policies/", "/people/", "/reports/", "/deliveries/"):
        page = admin_client.get(path, follow=True).content.decode()
        asked = re.findall(
            r"<(?:script|link|img|iframe|form|source|use)\b[^>]*?\s(?:src|href|action)=\"([^\"]*)\"", page
        )
        assert asked
        assert [address for address in asked if re.match(r"(?:[a-z]+:)?//|[a-z]+:", address)] == []


class _Unread:
    """A body that nobody may begin to read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("it was read")

    readline = read


@pytest.mark.django_db
def test_a_form_larger_than_any_is_refused_before_it_is_read(client: Client) -> None:
    form = {"CONTENT_TYPE": "multipart/form-data; boundary=x", "REQUEST_METHOD": "POST", "PATH_INFO": "/login/"}
    large = client.request(**form, CONTENT_LENGTH=str(settings.MAX_FORM_BYTES + 1), **{"wsgi.input": _Unread()})
    assert large.status_code == 413
    assert client.post("/login/", {"username": "ines", "password": "wrong"}).status_code != 413


def test_no_style_asks_another_host_for_anything() -> None:
    for sheet in (_ROOT / "static").rglob("*.css"):
        addresses = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", sheet.read_text())
        assert [address for address in addresses if re.match(r"(?:[a-z]+:)?//|data:", address)] == []


def test_over_https_cookies_are_bound_to_this_host_and_secure() -> None:
    def of(url: str, subdomains: str = "") -> dict[str, object]:
        env = {
            **os.environ,
            "GUARDRAIL_PUBLIC_URL": url,
            "GUARDRAIL_HSTS_SUBDOMAINS": subdomains,
            "DJANGO_SETTINGS_MODULE": "guardrail.settings",
        }
        done = subprocess.run([sys.executable, "-c", _ASK], cwd=_ROOT, env=env, capture_output=True, check=True)
        found: dict[str, object] = json.loads(done.stdout)
        return found

    closed = of("https://guardrail.example")
    assert closed == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": False,
    }
    assert of("https://guardrail.example", "yes")["SECURE_HSTS_INCLUDE_SUBDOMAINS"] is True
    assert of("http://127.0.0.1:8000")["SESSION_COOKIE_NAME"] == "sessionid"
    # what such a name asks for beside
    assert (settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_DOMAIN) == ("/", None)
    assert (settings.CSRF_COOKIE_PATH, settings.CSRF_COOKIE_DOMAIN) == ("/", None)


@pytest.mark.django_db
def test_over_https_no_neighbour_sets_our_other_cookies(client: Client) -> None:
    """That of known browsers, and that of what a page says once."""
    said = {"value": "adatum.example", "standing": "known", "note": ""}
    admin = User.objects.create_user("ada", password="an honest long password")
    give_role(admin, Role.POLICY_ADMIN, actor=None)
    with override_settings(SESSION_COOKIE_SECURE=True):
        client.post("/login/", {"username": "ada", "password": "an honest long password"}, secure=True)
        client.post(reverse("policy_destination_set"), said, secure=True)
        ours = {name: told for name, told in client.cookies.items() if name not in ("sessionid", "csrftoken")}
        assert set(ours) == {"__Host-guardrail_device", "__Host-messages"}
        for told in ours.values():
            assert (told["secure"], told["httponly"], told["path"], told["domain"]) == (True, True, "/", "")
        assert "adatum.example" in client.get(reverse("policy_destinations"), secure=True).content.decode()


@pytest.mark.django_db
def test_the_cookie_of_a_session_is_no_scripts_and_no_other_sites(client: Client) -> None:
    User.objects.create_user("ines", password="an honest long password")
    client.post("/login/", {"username": "ines", "password": "an honest long password"})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\u00a0=1"])
def test_no_cell_of_a_file_is_a_formula(cell: str) -> None:
    assert csv_line([cell]).startswith(("'", "\"'"))
    assert csv_line(["honest - text"]) == "honest - text\r\n"


def test_every_file_for_spreadsheets_is_written_by_those_that_escape_formulas() -> None:
    """One that writes lines of its own would hand an attacker's cell to a spreadsheet."""
    writers = {
        path.relative_to(_ROOT).as_posix()
        for app in ("guardrail", "investigations", "policies")
        for path in (_ROOT / app).rglob("*.py")
        if re.search(r"csv\.(?:writer|DictWriter)\(", path.read_text())
    }
    assert writers == {"policies/csv_lines.py", "policies/agent_export.py", "policies/destination_list.py"}
