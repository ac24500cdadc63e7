"""Knows keys, tokens and passwords: by the formats providers publish, or by a telling name and a random look.

Each format is looked for only where its mark stands in the text, so 100 kB without one cost a millisecond. Linear.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from guardrail.text.rare import Part

# what it is, what must stand in a text that has one, and how it looks
_FORMATS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("an AWS access key", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})\b",
    ),
    (
        "a GitLab token",
        ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-"),
        r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{20,64}\b",
    ),
    ("a Slack token", ("xox", "xapp-"), r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,250}\b"),
    ("a Slack webhook", ("hooks.slack.com",), r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9+/]{20,120}"),
    (
        "a Teams webhook",
        ("webhook.office",),
        r"webhook\.office(?:365)?\.com/webhookb2/[\w@-]{36,90}/IncomingWebhook/\w{16,64}",
    ),
    ("a Discord webhook", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{15,22}/[\w-]{40,100}"),
    ("a Stripe key", ("_live_", "whsec_"), r"\b(?:[sr]k_live_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{24,100})\b"),
    ("a model provider's key", ("sk-",), r"\bsk-(?:proj-|ant-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,250}\b"),
    ("a Google API key", ("AIza",), r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    (
        "a Google sign-in token",
        ("ya29.", "1//0", "GOCSPX-"),
        r"\b(?:ya29\.[0-9A-Za-z_-]{20,500}|1//0[\w-]{40,120}|GOCSPX-[\w-]{28})",
    ),
    ("a SendGrid key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}\b"),
    ("a Mailgun key", ("key-",), r"\bkey-[0-9a-f]{32}\b"),
    ("a Mailchimp key", ("-us",), r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("a Twilio key", ("SK",), r"\bSK[0-9a-f]{32}\b"),
    ("an npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", ("pypi-",), r"\bpypi-AgE[A-Za-z0-9_-]{50,250}"),
    ("a RubyGems key", ("rubygems_",), r"\brubygems_[0-9a-f]{48}\b"),
    ("a Docker token", ("dckr_",), r"\bdckr_[po]at_[A-Za-z0-9_-]{20,64}"),
    ("a Hugging Face token", ("hf_",), r"\bhf_[A-Za-z0-9]{30,64}\b"),
    ("a Databricks token", ("dapi",), r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    ("a DigitalOcean token", ("_v1_",), r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("an Atlassian token", ("ATATT3", "ATCTT3"), r"\bAT[AC]TT3[A-Za-z0-9_=-]{50,250}"),
    ("a Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    ("a Square token", ("sq0", "EAAA"), r"\b(?:sq0(?:atp|csp)-[\w-]{22,43}|EAAA[\w-]{60})(?![\w-])"),
    ("a Notion token", ("ntn_",), r"\bntn_[A-Za-z0-9]{40,60}\b"),
    ("a Linear key", ("lin_",), r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,80}\b"),
    ("a Postman key", ("PMAK-",), r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}\b"),
    ("a Grafana token", ("glsa_", "glc_"), r"\b(?:glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/]{32,250})"),
    ("a New Relic key", ("NRAK-",), r"\bNRAK-[A-Z0-9]{27}\b"),
    ("a Vault token", ("hvs.", "hvb.", "hvr."), r"\bhv[sbr]\.[A-Za-z0-9_-]{24,250}"),
    ("a Telegram bot's token", (":AA",), r"(?<![\w.])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])"),
    ("an Entra client secret", ("Q~",), r"(?<![\w~.-])[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])"),
    ("an Azure storage key", ("AccountKey=",), r"\bAccountKey=[A-Za-z0-9+/]{60,100}={0,2}"),
    ("an Azure access key", ("SharedAccessKey=",), r"\bSharedAccessKey=[A-Za-z0-9+/]{40,100}={0,2}"),
    ("an age key", ("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"),
    ("a private key", ("PRIVATE KEY",), r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----"),
    ("a private key", ("PuTTY-User-Key-File",), r"PuTTY-User-Key-File-\d: [\w-]{3,30}"),
    (
        "a signed token",
        ("eyJ",),
        r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}",
    ),
    (
        "a connection string with its password",
        ("://",),
        r"\b[a-z][a-z0-9+]{2,15}://[^\s:/@]{1,60}:[^\s:/@]{3,80}@[\w.-]{3,100}",
    ),
    (
        "a sign-in header",
        ("Basic ", "basic "),
        r"\b[Aa]uthorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?[Bb]asic [A-Za-z0-9+/]{12,400}={0,2}",
    ),
)
_Format = tuple[str, tuple[str, ...], re.Pattern[str]]
_KNOWN: tuple[_Format, ...] = tuple((what, marks, re.compile(pattern)) for what, marks, pattern in _FORMATS)
# Where the mark is no rarity, what follows it is looked for first: a search that begins with the mark itself is fast.
_THEN = {"a connection string with its password": re.compile(r"://[^\s:/@]{1,60}:[^\s:/@]{3,80}@")}
# One search for all marks: each by itself took 0.2 ms for 4 kB of mails, all at once 0.014 (2026-11).
_ANY_MARK = Part(
    "|".join(_THEN[what].pattern if what in _THEN else re.escape(mark) for what, marks, _ in _KNOWN for mark in marks)
)
# a private key goes with all of its lines
_KEY_END = re.compile(r"-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
_LONGEST_KEY = 12_000
_NAMED = (
    "password", "passwd", "pwd", "passphrase", "secret", "key", "token", "credential", "pin code", "kennwort",
    "passwort", "mot de passe", "contraseña",
)  # fmt: skip
_ASSIGNED = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|secret|secret[_ -]?key|api[_ -]?key|access[_ -]?key|account[_ -]?key|"
    r"auth[_ -]?token|access[_ -]?token|refresh[_ -]?token|bearer[_ -]?token|token|client[_ -]?secret|"
    r"private[_ -]?key|encryption[_ -]?key|signing[_ -]?key|credential|pin code|kennwort|passwort|mot de passe|"
    r"contraseña)s?\b[\"']?\s{0,3}(?::|=|\bis\b|\bist\b|\best\b|\bes\b)\s{0,3}[\"'`]?([^\s\"'`<>,;]{8,120})",
    re.IGNORECASE,
)
# the name is a part of a longer one, as in `DB_PASSWORD` and `aws_secret_access_key`
_IN_NAME = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9]{1,20}(?:_[A-Za-z0-9]{1,20}){0,4}_(?:password|passwd|pwd|secret|token|key)"
    r"[\"']?\s{0,3}[:=]\s{0,3}[\"'`]?([^\s\"'`<>,;]{8,120})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"x{3,}|\*{3,}|\.{3}|example|changeme|placeholder|your|redacted|dummy|sample|\$\{|\{\{|<|insert|todo|test_?key",
    re.IGNORECASE,
)
_WORD_OR_DATE = re.compile(r"[A-Za-z]+\d{1,4}|\d{1,4}[A-Za-z-]+|[\d:./-]+[A-Za-z]{0,2}")
_PLACE = re.compile(r"[a-z]{2,10}://[^\s:@]*|[\w.+-]+@[\w.-]+|(?:[A-Za-z]:)?[/\\][\w./\\-]+")
_LEAST_BITS = 2.8
_MOST = 40
# Characters before and behind a name, of the longest that the patterns take.
_BEFORE, _BEHIND = 140, 240


def find_secrets(text: str, *, most: int | None = _MOST) -> Iterator[tuple[str, int, int]]:
    """(what, start, end) of each secret in `text`, formats first; at most so many, None = all."""
    yield from islice(_all(text, _KNOWN, _NAMED), most)


def find_secrets_in(texts: Sequence[str]) -> Iterator[tuple[str, int, int, int]]:
    """(what, which of the texts, start, end) of each secret in short texts; at most 40 of each.

    A listing of a thousand fields is asked once, and not a thousand times, whether a mark stands in it.
    """
    whole = "\n".join(texts)
    known = tuple(form for form in _KNOWN if any(mark in whole for mark in form[1])) if _ANY_MARK.is_in(whole) else ()
    lower = whole.lower()
    named = [name for name in _NAMED if name in lower]
    if not known and not named:
        return
    for number, text in enumerate(texts):
        found = _all(text, known, named) if named else _formatted(text, known)
        for what, start, end in islice(found, _MOST):
            yield what, number, start, end


def find_key(text: str) -> str:
    """What key of a published format stands in `text`, empty where none does."""
    return next((what for what, _, _ in _formatted(text, _KNOWN)), "")


def _all(text: str, known: Sequence[_Format], named: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    yield from _formatted(text, known)
    for start, end in _near_names(text.lower(), named):
        for pattern in (_ASSIGNED, _IN_NAME) if "_" in text else (_ASSIGNED,):
            for match in pattern.finditer(text, start, end):
                if looks_random(match.group(1)):
                    yield "a secret", *match.span(1)


def _near_names(lower: str, named: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretches one of these names and what is assigned to it can stand in: a mailbox names one now and then."""
    start = end = -1
    for at in sorted(at for name in named if name in lower for at in _all_of(name, lower)):
        if at - _BEFORE > end:
            if end >= 0:
                yield start, end
            start = max(0, at - _BEFORE)
        end = at + _BEHIND
    if end >= 0:
        yield start, end


def _all_of(name: str, lower: str) -> Iterator[int]:
    at = lower.find(name)
    while at >= 0:
        yield at
        at = lower.find(name, at + 1)


def _formatted(text: str, known: Sequence[_Format]) -> Iterator[tuple[str, int, int]]:
    if not _ANY_MARK.is_in(text):
        return
    for what, marks, pattern in known:
        if any(mark in text for mark in marks) and (what not in _THEN or _THEN[what].search(text)):
            for match in pattern.finditer(text):
                if not _is_placeholder(match.group()):
                    end = match.end()
                    if what == "a private key" and match.group().startswith("-----"):
                        close = _KEY_END.search(text, end, end + _LONGEST_KEY)
                        end = close.end() if close else min(len(text), end + _LONGEST_KEY)
                    yield what, match.start(), end


def _is_placeholder(found: str) -> bool:
    """A key of a manual; of a connection string only what stands before the host counts."""
    secret = found.rsplit("@", 1)[0] if "://" in found else found
    return bool(_PLACEHOLDER.search(secret))


def looks_random(value: str) -> bool:
    """Letters and digits mixed, no placeholder, at least 2.8 bits a character: a key, not a word, a date or a link."""
    if _PLACEHOLDER.search(value) or not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
        return False
    if (len(value) < 12 and _WORD_OR_DATE.fullmatch(value)) or _PLACE.fullmatch(value):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= _LEAST_BITS
