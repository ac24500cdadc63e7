"""Settings from the environment: name, unit, default, one line of why. A bad value stops the start."""

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from guardrail import logs, parts
from guardrail.database_address import read_address
from policies.engine_address import AddressError, checked_address
from policies.key_ring import KeyRingError, read_ring

T = TypeVar("T")
# As in policies/access.py, which cannot be read before the settings are.
ROLES = ("viewer", "analyst", "lead", "auditor", "policy_admin", "people_admin")
BASE_DIR = Path(__file__).resolve().parent.parent


def _environment_of_up() -> dict[str, str]:
    """What `manage.py up` runs with in this data folder, so that other commands reach its database without set-up."""
    path = Path(os.environ.get("GUARDRAIL_DATA") or BASE_DIR / ".run") / "environment.json"
    try:
        return {str(name): str(value) for name, value in json.loads(path.read_text()).items()}
    except OSError:
        return {}


_UP = _environment_of_up()


def _read(name: str, default: T, convert: Callable[[str], T]) -> T:
    raw = os.environ.get(name) or _UP.get(name, "")
    if not raw:
        return default
    try:
        return convert(raw)
    except ValueError as error:
        shown = re.sub(r"//.*@", "//...@", raw)  # an address holds a password, and this goes into a log
        raise ImproperlyConfigured(f"`{name}` is `{shown}`, expected {error}") from None


def _switch(raw: str) -> bool:
    if raw.lower() in ("1", "true", "yes", "on"):
        return True
    if raw.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("`true` or `false`")


def _number(low: int, high: int) -> Callable[[str], int]:
    def convert(raw: str) -> int:
        if not raw.isdecimal() or not low <= int(raw) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(raw)

    return convert


def _one_of(*allowed: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(" or ".join(f"`{word}`" for word in allowed))
        return raw.lower()

    return convert


def _bytes_of(raw: str) -> int:
    try:
        return len(base64.b64decode(raw, validate=True))
    except binascii.Error:
        return 0


def _public_keys(raw: str) -> list[str]:
    if any(_bytes_of(word) != 32 for word in _words(raw)):
        raise ValueError("keys separated by commas, as `manage.py evidence key` prints them after `public key:`")
    return _words(raw)


def _address(raw: str) -> tuple[str, int]:
    host, _, port = raw.rpartition(":")
    if not host.strip("[]") or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError("an address and a port, e.g. `0.0.0.0:8000` or `[::]:8000`")
    return host.strip("[]"), int(port)


def _path(raw: str) -> str:
    # that it is there is seen when it is used: a disk that is not mounted must not stop the judging
    if not Path(raw).is_absolute():
        raise ValueError("a path that begins with `/`")
    return raw


def _words(raw: str) -> list[str]:
    return [word.strip() for word in raw.split(",") if word.strip()]


def _networks(raw: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(word) for word in _words(raw)]
    except ValueError:
        raise ValueError("addresses or networks separated by commas, e.g. `10.0.0.5, 192.0.2.0/24`") from None


def _issuer(raw: str) -> str:
    if len(raw) > 200:
        raise ValueError("at most 200 characters")
    try:
        checked_address(raw)
    except AddressError as error:
        raise ValueError(f"an issuer: {error}") from None
    return raw


def _roles_of_groups(raw: str) -> dict[str, str]:
    pairs = [word.rpartition("=") for word in _words(raw)]
    if not all(group.strip() and role.strip() in ROLES for group, _, role in pairs):
        raise ValueError(f"`group=role` pairs separated by commas, each role one of {', '.join(ROLES)}")
    return {group.strip(): role.strip() for group, _, role in pairs}


def _environments_of_groups(raw: str) -> list[tuple[str, str]]:
    pairs = [word.rpartition("=") for word in _words(raw)]
    if not all(group.strip() and environment.strip() for group, _, environment in pairs):
        raise ValueError("`group=environment` pairs separated by commas, `group=*` for all of them")
    return [(group.strip(), environment.strip()) for group, _, environment in pairs]


def _url(*schemes: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme not in schemes or not parts.netloc:
            raise ValueError(f"a URL that starts with {' or '.join(scheme + '://' for scheme in schemes)}")
        return raw.rstrip("/")

    return convert


def _key_ring() -> dict[str, bytes]:
    """The keys transcripts are encrypted under. Nothing of them stands in an error: they are secrets."""
    given, path = (_read(f"GUARDRAIL_TRANSCRIPT_KEYS{end}", "", str) for end in ("", "_FILE"))
    if given and path:
        raise ImproperlyConfigured(
            "`GUARDRAIL_TRANSCRIPT_KEYS` and `GUARDRAIL_TRANSCRIPT_KEYS_FILE` are set, expected one of them"
        )
    try:
        lines = Path(path).read_text().splitlines() if path else _words(given)
        return read_ring(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ImproperlyConfigured(
            f"`GUARDRAIL_TRANSCRIPT_KEYS_FILE` is `{path}`, expected a file that can be read: {why}"
        ) from None
    except KeyRingError as error:
        raise ImproperlyConfigured(f"`GUARDRAIL_TRANSCRIPT_KEYS` is no key ring: {error}") from None


def _database(raw: str) -> dict[str, Any]:
    return read_address(_url("postgres", "postgresql")(raw))


# Where this process keeps what must survive Postgres being away: the journal and the ruleset snapshot.
DATA_DIR = _read("GUARDRAIL_DATA", BASE_DIR / ".run", Path)
DEBUG = _read("GUARDRAIL_DEBUG", False, _switch)
# Signs sessions and forms. Without one every restart signs everybody out, which is right for a trial and wrong for use.
SECRET_KEY = _read("GUARDRAIL_SECRET_KEY", secrets.token_urlsafe(48), str)
# Secret keys that were: what they signed or encrypted is still read. Kept until `manage.py reseal_secrets` was run.
SECRET_KEY_FALLBACKS: list[str] = _read("GUARDRAIL_OLD_SECRET_KEYS", [], _words)
ALLOWED_HOSTS = _read("GUARDRAIL_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"], _words)
# Where `manage.py run web` listens, and with how many processes; and the processes of a worker.
LISTEN: tuple[str, int] = _read("GUARDRAIL_LISTEN", ("127.0.0.1", 8000), _address)
WEB_PROCESSES = _read("GUARDRAIL_WEB_PROCESSES", parts.WEB_PROCESSES, _number(1, 256))
WORKER_PROCESSES = _read("GUARDRAIL_WORKER_PROCESSES", parts.WORKER_PROCESSES, _number(1, 256))
# How far the worker stands back behind other processes of its machine, as `nice` counts.
WORKER_NICE = _read("GUARDRAIL_WORKER_NICE", 5, _number(0, 19))
# The address orchestrators and people reach us at; the setup page prints it and Entra tokens name it.
PUBLIC_URL = _read("GUARDRAIL_PUBLIC_URL", "http://127.0.0.1:8000", _url("http", "https"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Files in PEM by which the web server that `up` starts speaks TLS itself, and authorities of whose certificates
# everybody who connects has to show one; empty = plain HTTP, for a server in front of it.
TLS_CERTIFICATE = _read("GUARDRAIL_TLS_CERTIFICATE", "", _path)
TLS_KEY = _read("GUARDRAIL_TLS_KEY", "", _path)
TLS_CLIENT_CA = _read("GUARDRAIL_TLS_CLIENT_CA", "", _path)
if bool(TLS_CERTIFICATE) is not bool(TLS_KEY) or (TLS_CLIENT_CA and not TLS_KEY):
    raise ImproperlyConfigured(
        "`GUARDRAIL_TLS_CERTIFICATE` and `GUARDRAIL_TLS_KEY` belong together, expected both or neither,"
        " and both beside `GUARDRAIL_TLS_CLIENT_CA`"
    )

# Proxies in front of us: what they say a request comes from is taken as its source. Nobody else's word is.
PROXIES: list[IPv4Network | IPv6Network] = _read("GUARDRAIL_PROXIES", [], _networks)
# Hours after which a person has to sign in again, and minutes without doing anything after which, too.
SESSION_COOKIE_AGE = _read("GUARDRAIL_SESSION_HOURS", 8, _number(1, 168)) * 3600
IDLE_MINUTES = _read("GUARDRAIL_IDLE_MINUTES", 60, _number(5, 1440))

# Single sign-on: the issuer of a house that vouches for people, exactly as it calls itself; empty = there is none.
OIDC_ISSUER = _read("GUARDRAIL_OIDC_ISSUER", "", _issuer)
OIDC_CLIENT_ID = _read("GUARDRAIL_OIDC_CLIENT_ID", "", str)
OIDC_CLIENT_SECRET = _read("GUARDRAIL_OIDC_CLIENT_SECRET", "", str)
# What people call it, on the button.
OIDC_NAME = _read("GUARDRAIL_OIDC_NAME", "your organisation", str)
# Which claim names groups, and which role each gives; whoever has none of them is nobody here.
OIDC_GROUPS_CLAIM = _read("GUARDRAIL_OIDC_GROUPS_CLAIM", "groups", str)
OIDC_ROLES: dict[str, str] = _read("GUARDRAIL_OIDC_ROLES", {}, _roles_of_groups)
# Which environments each group lets somebody see, `*` = all; where some are named, whoever has none of them sees none.
OIDC_ENVIRONMENTS: list[tuple[str, str]] = _read("GUARDRAIL_OIDC_ENVIRONMENTS", [], _environments_of_groups)
for _name, _value in (("CLIENT_ID", OIDC_CLIENT_ID), ("CLIENT_SECRET", OIDC_CLIENT_SECRET), ("ROLES", OIDC_ROLES)):
    if OIDC_ISSUER and not _value:
        raise ImproperlyConfigured(f"`GUARDRAIL_OIDC_{_name}` is not set, expected it beside `GUARDRAIL_OIDC_ISSUER`")
# Who signs in with a password; superusers always, should the issuer be away.
LOCAL_SIGN_IN = _read("GUARDRAIL_LOCAL_SIGN_IN", "everybody", _one_of("everybody", "superusers"))

# Milliseconds from the first byte to the answer; the main orchestrator gives up, and allows, at 1,000.
DEADLINE_MS = _read("GUARDRAIL_DEADLINE_MS", 500, _number(50, 5000))
# Milliseconds Postgres may take to store a verdict before the local journal takes it.
STORE_BUDGET_MS = _read("GUARDRAIL_STORE_BUDGET_MS", 150, _number(10, 5000))
if STORE_BUDGET_MS >= DEADLINE_MS:
    raise ImproperlyConfigured(
        f"`GUARDRAIL_STORE_BUDGET_MS` is `{STORE_BUDGET_MS}`, expected less than the `{DEADLINE_MS}` of"
        " `GUARDRAIL_DEADLINE_MS`: judging gets what is left"
    )
# Calls a web process judges at once; more take turns with its one interpreter and make each other late (0132).
JUDGED_AT_ONCE = _read("GUARDRAIL_JUDGED_AT_ONCE", 1, _number(1, 1024))
# Milliseconds a call may wait for its turn; one whose turn cannot come by then is answered without being judged.
TURN_MS = _read("GUARDRAIL_TURN_MS", 150, _number(10, 60_000))
# Threads of a web process, as the server was told (`--blocking-threads`): whoever waits for a turn holds one.
WEB_THREADS = _read("GUARDRAIL_WEB_THREADS", parts.WEB_THREADS, _number(2, 1024))
# Milliseconds Redis may take before a call is judged without memory.
MEMORY_BUDGET_MS = _read("GUARDRAIL_MEMORY_BUDGET_MS", 20, _number(1, 1000))
# Milliseconds of the deadline that saying what would have let a stopped call pass may take.
EXPLAIN_MS = _read("GUARDRAIL_EXPLAIN_MS", 25, _number(1, 1000))
# Milliseconds of ours after which a caller may have stopped waiting: such an answer is counted as late. The main
# orchestrator gives up at 1,000, the way there and back included.
LATE_MS = _read("GUARDRAIL_LATE_MS", 750, _number(50, 60_000))
# Bytes of a call that are read and judged; a larger one gets the fail posture and keeps its first bytes.
MAX_CALL_BYTES = _read("GUARDRAIL_MAX_CALL_BYTES", 8_000_000, _number(100_000, 64_000_000))
# Minutes a held call that a person allowed may come again before the permission ends.
ALLOW_ONCE_MINUTES = _read("GUARDRAIL_ALLOW_ONCE_MINUTES", 60, _number(1, 7 * 24 * 60))
# Days an exception holds at most before a person has to say again that it should.
EXCEPTION_MAX_DAYS = _read("GUARDRAIL_EXCEPTION_MAX_DAYS", 90, _number(1, 366))
# Days, and calls, for which an agent is only learnt from before anything about it can be unusual.
LEARNING_DAYS = _read("GUARDRAIL_LEARNING_DAYS", 3, _number(1, 60))
LEARNING_CALLS = _read("GUARDRAIL_LEARNING_CALLS", 200, _number(20, 100_000))
# Whether somebody else must approve a policy before it is published; `auto` = where two people may change policy.
FOUR_EYES = _read("GUARDRAIL_FOUR_EYES", "auto", _one_of("auto", "on", "off"))
# Days in which whoever made an account, or a way into it, is not told apart from its person where two must agree.
FOUR_EYES_DAYS = _read("GUARDRAIL_FOUR_EYES_DAYS", 7, _number(0, 90))
# Processes that may try a policy on stored calls at once, at a low priority; the worker needs two more for the rest.
BACKTEST_PROCESSES = _read("GUARDRAIL_BACKTEST_PROCESSES", 2, _number(1, 64))
# Days a backtest is kept after its end, or after it was cancelled.
BACKTEST_DAYS = _read("GUARDRAIL_BACKTEST_DAYS", 180, _number(1, 3660))
# Processes of the worker that may send to SIEMs and other receivers at once: one that hangs must not hold up the rest.
DELIVERY_PROCESSES = _read("GUARDRAIL_DELIVERY_PROCESSES", 2, _number(1, 64))
# Days a delivery is kept after a receiver acknowledged it; dead letters ten times as long.
DELIVERY_KEEP_DAYS = _read("GUARDRAIL_DELIVERY_KEEP_DAYS", 3, _number(1, 366))
# Months calls are kept after the one they came in, 0 = for good. What an open investigation has of a month keeps it.
KEEP_MONTHS = _read("GUARDRAIL_KEEP_MONTHS", 0, _number(0, 600))
# Where receivers that are files are written, on each machine that sends; without it there are none.
DELIVERY_FOLDER = _read("GUARDRAIL_DELIVERY_FOLDER", "", _path)
# Days after which a token that programs read with ends at the latest.
API_TOKEN_MAX_DAYS = _read("GUARDRAIL_API_TOKEN_MAX_DAYS", 366, _number(1, 1830))
# Questions a minute each of them may ask.
API_PER_MINUTE = _read("GUARDRAIL_API_PER_MINUTE", 120, _number(1, 100_000))
# Signs evidence that leaves the house: an Ed25519 key as base64, from `manage.py evidence key`. Without one it is not
# signed.
EVIDENCE_KEY = _read("GUARDRAIL_EVIDENCE_KEY", "", str)
if EVIDENCE_KEY and _bytes_of(EVIDENCE_KEY) != 32:
    # without the value: it is a secret
    raise ImproperlyConfigured("`GUARDRAIL_EVIDENCE_KEY` is no key, expected one from `manage.py evidence key`")
# Keys transcripts are encrypted under in Postgres and in the journal, `name:base64`, the one of now first; from
# `manage.py transcripts key NAME`. Without one they are kept as they are.
TRANSCRIPT_KEYS: dict[str, bytes] = _key_ring()
# Minutes personal data and secrets of a call stay shown to whoever gave a reason.
REVEAL_MINUTES = _read("GUARDRAIL_REVEAL_MINUTES", 15, _number(1, 480))
# Which words of calls the search keeps: without those that are masked on pages, all, or none: then by fields only.
SEARCH_WORDS = _read("GUARDRAIL_SEARCH_WORDS", "masked", _one_of("masked", "all", "none"))
# Public keys of evidence keys that were: what they signed in the audit trail still counts.
AUDIT_PUBLIC_KEYS: list[str] = _read("GUARDRAIL_AUDIT_PUBLIC_KEYS", [], _public_keys)
# Lines of the audit trail after which its head is signed and sent out; in any case once a day.
AUDIT_ANCHOR_LINES = _read("GUARDRAIL_AUDIT_ANCHOR_LINES", 1000, _number(1, 1_000_000))
# Where Entra's signing keys and version 2 issuers live; another one in a sovereign cloud.
ENTRA_AUTHORITY = _read("GUARDRAIL_ENTRA_AUTHORITY", "https://login.microsoftonline.com", _url("http", "https"))
# The issuer prefix of version 1 tokens.
ENTRA_AUTHORITY_V1 = _read("GUARDRAIL_ENTRA_AUTHORITY_V1", "https://sts.windows.net", _url("http", "https"))
# Seconds between looks for a new policy version; a publish must reach every process within one second.
REFRESH_SECONDS = 0.4

# Whoever sends this token, or asks from these addresses, reads the figures at /metrics and what /readyz found. Without
# either nobody does.
METRICS_TOKEN = _read("GUARDRAIL_METRICS_TOKEN", "", str)
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    # without the value: it is a secret
    raise ImproperlyConfigured("`GUARDRAIL_METRICS_TOKEN` is too short, expected at least 20 characters")
METRICS_FROM: list[IPv4Network | IPv6Network] = _read("GUARDRAIL_METRICS_FROM", [], _networks)
# Where the processes of this machine count, see guardrail/meters.py. Prometheus' client reads the variable alone.
METRICS_DIR = DATA_DIR / "metrics"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)
DATABASES = {"default": _read("DATABASE_URL", _database("postgresql://guardrail@127.0.0.1:5432/guardrail"), _database)}
# A replica of it that pages may read calls and investigations from, none where empty, and the seconds it may be behind.
if _replica := _read("DATABASE_REPLICA_URL", dict[str, Any](), _database):
    DATABASES["replica"], DATABASE_ROUTERS = _replica, ["guardrail.replica.Router"]
REPLICA_LAG_SECONDS = _read("GUARDRAIL_REPLICA_LAG_SECONDS", 10, _number(1, 600))
REDIS_URL = _read("REDIS_URL", "redis://127.0.0.1:6379/0", _url("redis", "rediss"))

INSTALLED_APPS = [
    # before Django's: its commands that make people and set passwords leave a line here
    "policies",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "guardrail",
    "investigations",
]
MIDDLEWARE = [
    "guardrail.middleware.CallsFirst",
    "guardrail.middleware.Closed",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "policies.people.presence.Presence",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "policies.people.door.Writes",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "guardrail.replica_pages.FromReplica",
]
ROOT_URLCONF = "guardrail.urls"
WSGI_APPLICATION = "guardrail.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "guardrail.views.shell.shell",
                "investigations.views.lag.deliveries_late",
            ],
            "builtins": ["guardrail.templatetags.guardrail"],
        },
    }
]
# The first one keeps new passwords; the other reads what older releases kept, until its person signs in.
PASSWORD_HASHERS = ["policies.people.hashing.Argon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "policies.people.house_words.WordsOfTheHouse"},
]
# Of allauth only the protocol is used; none of its pages has an address.
SOCIALACCOUNT_ADAPTER = "policies.people.single_sign_on.Hooks"
SOCIALACCOUNT_STORE_TOKENS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
# Seconds a link to set a password works.
PASSWORD_RESET_TIMEOUT = 72 * 3600
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "queue"
LOGOUT_REDIRECT_URL = "login"
MESSAGE_STORAGE = "policies.cookies.Notices"
SESSION_ENGINE = "policies.sessions"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
# A browser takes a cookie of such a name only from us ourselves, over https: no neighbour under our domain sets it.
SESSION_COOKIE_NAME = f"{'__Host-' if SESSION_COOKIE_SECURE else ''}sessionid"
CSRF_COOKIE_NAME = f"{'__Host-' if SESSION_COOKIE_SECURE else ''}csrftoken"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_URL.startswith("https://") else 0
# Whether the same goes for all names below ours: everything an organisation serves there must then speak https.
SECURE_HSTS_INCLUDE_SUBDOMAINS = _read("GUARDRAIL_HSTS_SUBDOMAINS", False, _switch)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PUBLIC_URL.startswith("https://") else None
# W005, W021: what an organisation serves beside us is its own decision. W008: whoever ends TLS in front redirects; a
# redirect of ours would be an answer that is not 200, and so an allowed call.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
X_FRAME_OPTIONS = "DENY"
# No inline script or style at all: transcripts are written by attackers.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        # no text becomes a script or a page's content but by the one policy of static/app.js
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
}

# Bytes of a form with its files: more than any takes, so that in most cases the form says what is wrong.
MAX_FORM_BYTES = 72_000_000

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Guardrail",
    "DESCRIPTION": "Ask before an agent uses a tool: allow, block, modify or ask. Read what was decided.",
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {"ActionEnum": "investigations.api.shapes.ACTIONS"},
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "apiToken": {"type": "http", "scheme": "bearer", "description": "A token of the page API tokens."}
        }
    },
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is gone without a word is noticed in 5 s by whoever sends, in 11 s by a worker that waits for tasks.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 5,
}
# Of all beats one sends, see guardrail/beat.py; it looks each second whether that is still it.
CELERY_BEAT_SCHEDULER = "guardrail.beat:OneBeat"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

logs.configure()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.request": {"level": "ERROR"}, "httpx": {"level": "WARNING"}},
}
