"""What DATABASE_URL may say, and that everything that reaches Postgres does as it says."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from guardrail import database, settings as read_settings

_TWO = (
    "postgresql://guard:p%40ss@a.example:5432,b.example:5433/house?target_session_attrs=read-write&sslmode=verify-full"
)


def test_several_hosts_and_what_tls_is_wanted_reach_every_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' connections, and those of the hot path, the beat and backups."""
    read = read_settings._database(_TWO)
    assert (read["HOST"], read["PORT"], read["NAME"]) == ("a.example,b.example", "5432,5433", "house")
    for name, value in read.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    for told in (connection.get_connection_params(), conninfo_to_dict(database.dsn())):
        assert told["host"] == "a.example,b.example"
        assert (told["password"], told["sslmode"]) == ("p@ss", "verify-full")
        assert told["target_session_attrs"] == "read-write"


def test_an_address_without_more_is_what_it_was() -> None:
    read = read_settings._database("postgres://guard@[::1]/")
    assert (read["HOST"], read["PORT"], read["NAME"], read["PASSWORD"]) == ("::1", "5432", "guardrail", "")


@pytest.mark.parametrize(
    "wrong", ["?options=-csearch_path%3Dx", "?sslmod=verify-full", "?connect_timeout=60", "?sslmode", "%zz"]
)
def test_what_it_may_not_say_is_refused_and_no_password_is_told(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://guard:p@ss-w0rd@db.example/house{wrong}")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as caught:
        read_settings._read("DATABASE_URL", read_settings.DATABASES["default"], read_settings._database)
    assert "ss-w0rd" not in str(caught.value)
