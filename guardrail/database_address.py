"""What DATABASE_URL says, as Django wants it. Read by the settings, so it knows none of them."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

# What an address may say behind `?`. Who else reaches Postgres passes it on (guardrail/database.py).
PARAMETERS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "target_session_attrs")
_PLACES = ("dbname", "user", "password", "host", "port")


def read_address(raw: str) -> dict[str, Any]:
    """An entry of Django's DATABASES. Raises ValueError that says what was wanted, and nothing of a password."""
    try:
        given = conninfo_to_dict(raw)
    except psycopg.ProgrammingError:  # what it says names parts of the address
        raise ValueError("an address as libpq reads it: `postgresql://user:password@host:port/name`") from None
    places = {name: str(given.pop(name, "")) for name in _PLACES}
    if unknown := sorted(set(given) - set(PARAMETERS)):
        raise ValueError(f"no `{unknown[0]}` in it; behind `?` it may say {', '.join(PARAMETERS)}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": places["dbname"] or "guardrail",
        "USER": places["user"],
        "PASSWORD": places["password"],
        "HOST": places["host"],
        "PORT": places["port"] or "5432",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # a server that is gone without a word is noticed in 5 s, not after the kernel's 15 minutes
            "connect_timeout": 3,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
            # the kernel's own 75 s between its questions are what whoever waits for an answer waits: 82 s, with these 7
            # (2026-11-23, a cable gone silent)
            "keepalives_interval": 2,
            "keepalives_count": 3,
            # and a machine of ours by Postgres in 20 s, not two hours: until then nobody has the locks it held
            "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3"
            " -c tcp_user_timeout=20000",
            **given,
        },
    }
