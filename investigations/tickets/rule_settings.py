"""When a ticket is opened by itself, as an admin sets it up for one ticket system. Pure."""

import re
from collections.abc import Mapping

from investigations.siem.sinks.sink import Setting, SettingError

BY_RULE = "rule"
_USUAL_MOST = 50
_MOST = 1_000
_KIND = re.compile(r"[a-z0-9_.]{1,80}\*?\Z")

RULE_SETTINGS = (
    Setting(
        name="opens",
        label="Tickets are opened",
        help="By itself: for investigations that are opened from now on.",
        choices=(("", "By hand"), (BY_RULE, "By hand, and by itself from the severity below")),
    ),
    Setting(
        name="rules",
        label="By itself for",
        help="Names of signals, as secret_leaving or rule.*, with spaces between; empty: every kind.",
        longest=1_000,
    ),
    Setting(name="most", label="By itself a day at most", help="Tickets.", default=str(_USUAL_MOST)),
)


def most_a_day(settings: Mapping[str, str]) -> int:
    """How many tickets are opened by itself within 24 hours."""
    said = str(settings.get("most", ""))
    return int(said) if said.isascii() and said.isdecimal() else _USUAL_MOST


def check_rule_settings(settings: Mapping[str, str]) -> None:
    """Raise SettingError for what cannot be."""
    if settings.get("opens", "") not in ("", BY_RULE):
        raise SettingError("opens", f"`{settings['opens']}`, expected `{BY_RULE}` or nothing")
    if wrong := [name for name in settings.get("rules", "").split() if not _KIND.match(name)]:
        raise SettingError("rules", f"`{wrong[0]}` is no name of a signal, expected e.g. `secret_leaving` or `rule.*`")
    most = settings.get("most", "")
    if most and not (most.isascii() and most.isdecimal() and int(most) <= _MOST):
        raise SettingError("most", f"`{most}` is no number from 0 to {_MOST}")
