"""Lines of the audit trail in words: what was done, to what, and the details as people read them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Members of a detail that name what a line is about, the first that is there counts. Texts, then numbers.
TEXTS = (
    *("agent", "person", "caller", "environment", "opinion", "data_class", "destination", "value", "rule", "playbook"),
    *("tool", "verdict", "subject", "month", "name", "document", "question", "title", "token", "key"),
)
NUMBERED = (
    *("investigation", "version", "draft", "receiver", "exception", "restriction", "source", "backtest", "exercise"),
    *("campaign", "indicator", "view", "run", "number", "token", "opening", "into", "of"),
)
TEXT_LISTS = ("agent_ids", "names", "subject", "order")
NUMBERED_LISTS = ("sources", "backtests")
_FAMILIES = {
    "api_token": "API token",
    "sign_in": "Sign-in",
    "second_factor": "Second factor",
    "indicator_source": "Source of indicators",
    "class": "Data class",
    "files": "Classified files",
    "fingerprints": "Fingerprints of documents",
    "opinion": "Second opinion",
    "clocks": "Clocks of the queue",
    "bulk": "Bulk action",
    "view": "Saved view",
    "audit": "Audit trail",
    "exercise": "Exercise",
    "response": "Autonomous response",
    "retention": "Retention",
}
_SENTENCES = {
    "transcript.opened": "Transcript opened",
    "person.signed_in": "Signed in",
    "person.signed_out": "Signed out",
    "person.environments_set": "Environments somebody sees set",
    "api_token.rotated": "API token made anew",
    "person.role_given": "Role given",
    "person.role_taken": "Role taken",
    "person.created": "Account created",
    "person.disabled": "Account turned off",
    "person.enabled": "Account turned on",
    "person.link_made": "Link to set a password made",
    "person.password_changed": "Password changed",
    "person.sessions_ended": "Signed out of sessions",
    "sign_in.unlocked": "Sign-in unlocked",
    "second_factor.recovery_code_used": "Recovery code used",
    "second_factor.codes_renewed": "Recovery codes made anew",
    "second_factor.required": "Roles that need a second factor set",
    "sign_in.failed": "Sign-in failed",
    "sign_in.locked": "Sign-in locked for a time",
    "policy.published": "Policy published",
    "policy.exported_with_phrases": "Policy taken out, with its phrases",
    "evidence.exported": "Evidence taken out",
    "search.asked": "Calls searched",
    "search.exported": "List of calls taken out",
    "indicators.exported": "Confirmed indicators taken out",
    "report.compliance": "Compliance report opened or taken out",
    "audit.anchored": "Head of the audit trail anchored",
    "audit.broken": "Audit trail found broken",
    "audit.verified": "Audit trail found whole again",
    "audit.lines_accepted": "Lines without a signature accepted",
    "audit.exported": "Audit trail taken out",
    "audit.anchors_exported": "Anchors of the audit trail taken out",
    "transcript.revealed": "Personal data shown",
    "environment.masking_set": "What is masked set",
    "backup.made": "Backup of everything made",
    "backup.restored": "Backup put back",
    "hold.placed": "Legal hold placed",
    "hold.lifted": "Legal hold lifted",
    "calls.erased": "Calls of a person erased",
    "retention.transcripts_erased": "Transcripts past their time erased",
    "retention.calls_dropped": "Calls past their time dropped",
    "environment.retention_set": "How long calls are kept set",
    "transcripts.rekeyed": "Transcripts put under a new key",
    "retention.dropped": "Month of calls dropped",
    "rule.rolled_back": "Rule put back to monitor",
    "tenant.imported": "Description of the organisation imported",
    "agent.mode_set": "Mode of agent set",
    "environment.mode_set": "Mode of environment set",
}
# Members of a detail as people say them, before their values.
_SAID = {
    "way": "by",
    "source": "from",
    "how": "by",
    "why": "because of",
    "step": "at",
    "counted": "counted by",
    "left": "codes left:",
    "hint": "begins",
    "hint_before": "the one before begins",
    "ends_before": "the one before ends",
    "expires_at": "ends",
    "ends": "ends",
    "purpose": "may",
    "scopes": "may read",
    "by": "made by",
    "sessions": "sessions:",
    "untold": "not told of:",
    "untouched_minutes": "untouched for minutes:",
    "per_minute": "a minute at most:",
    "agent_ids": "agents",
    "app_ids": "applications",
    "tenant_id": "tenant",
    "environment_id": "environment",
    "standing": "stands as",
    "standings": "stand as",
    "untouched": "not touched:",
    "key": "under",
    "key_id": "key",
}
_VALUES = {
    ("purpose", "calls"): "ask about calls",
    ("purpose", "knowledge"): "tell of edits",
    ("why", "password"): "a new password",
    ("why", "role"): "another role",
    ("why", "disabled"): "being turned off",
    ("why", "admin"): "somebody who changes people",
    ("why", "person"): "their own wish",
    ("why", "second factor"): "another second factor",
    ("step", "password"): "the password",
    ("step", "code"): "the code",
    ("counted", "source"): "address",
    ("counted", "device"): "browser",
    ("how", "call"): "its page",
    ("how", "investigation"): "its investigation",
    ("how", "replay"): "its replay",
    ("how", "raw body"): "its raw body",
    ("how", "api"): "the read API",
}
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)?(?:Z|\+00:00)")
# What is called otherwise in words, or goes without saying.
KIND_WORDS = {"verdict": "call", "value": "", "subject": "", "data_class": "class", "name": "", "title": ""}
_BOOKKEEPING = frozenset(("activity", "opening", "opened at", "format", "public key", "signature", "head", "revision"))
_LONGEST_BRIEF = 110
_LONGEST_VALUE = 2_000
_MOST_PAIRS = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One line to read. `at` None = somebody forged a time that is none; so with `pairs` and `readable`."""

    number: int
    at: datetime | None
    who: str
    is_person: bool
    action: str
    words: str
    kind: str
    about: str
    link: str
    brief: str
    pairs: tuple[tuple[str, str], ...]
    readable: bool
    digest: str
    signed: bool


def action_in_words(action: str) -> str:
    """What was done, as a person says it; one nobody put into words is taken apart."""
    if action in _SENTENCES:
        return _SENTENCES[action]
    family, _, verb = action.partition(".")
    return f"{_FAMILIES.get(family, family.replace('_', ' ').capitalize())} {verb.replace('_', ' ')}".strip()


def about_of(detail: Any) -> tuple[str, str]:
    """The kind and the name of what a line is about; both empty where it names nothing."""
    if not isinstance(detail, dict):
        return "", ""
    order = ("investigation", "verdict", "receiver", "draft", "version", *TEXTS, *NUMBERED)
    for name in order:
        value = detail.get(name)
        if isinstance(value, bool) or value in (None, "", [], {}):
            continue
        if isinstance(value, str) and name not in TEXTS:
            # a thing by its number, and not e.g. the address a sign-in came from
            continue
        if isinstance(value, str | int):
            return name, cut(str(value), 300)
        if name == "subject" and isinstance(value, list):
            return name, cut(in_words(value), 300)
    return "", ""


def pairs_of(detail: Any) -> tuple[tuple[str, str], ...]:
    """A detail as names and values to read, without what says nothing."""
    if not isinstance(detail, dict):
        return (("detail", cut(in_words(detail), _LONGEST_VALUE)),) if detail not in (None, {}) else ()
    said = [
        (_SAID.get(str(name), str(name).replace("_", " ")), cut(_value(str(name), value), _LONGEST_VALUE))
        for name, value in list(detail.items())[:_MOST_PAIRS]
        if value not in (None, "", [], {})
    ]
    left = len(detail) - _MOST_PAIRS
    return (*said, *([("and", f"{left} more")] if left > 0 else []))


def brief_of(pairs: Iterable[tuple[str, str]], *, about: str) -> str:
    """What a line says besides what it is about, on one short line."""
    said = [f"{name} {value}" for name, value in pairs if name not in _BOOKKEEPING and value != about]
    return cut(", ".join(said), _LONGEST_BRIEF) if said else ""


def in_words(value: Any) -> str:
    """A value of a detail on one line."""
    if isinstance(value, list):
        return ", ".join(map(in_words, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(said)}" for name, said in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def cut(text: str, most: int) -> str:
    """At most so many characters, and how many there were."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _value(name: str, value: Any) -> str:
    """A value as people say it; a time of UTC to the minute."""
    if isinstance(value, str):
        found = _MOMENT.fullmatch(value)
        return f"{found[1]} {found[2]} UTC" if found else _VALUES.get((name, value), value)
    return _change(value)


def _change(value: Any) -> str:
    """Changes, kept as name: [before, after], read as such."""
    if isinstance(value, dict) and value and all(isinstance(two, list) and len(two) == 2 for two in value.values()):
        return "; ".join(
            f"{str(name).replace('_', ' ')}: {in_words(was) or 'none'} → {in_words(now) or 'none'}"
            for name, (was, now) in value.items()
        )
    return in_words(value)
