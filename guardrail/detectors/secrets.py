"""Claim: a key, password or card number would leave for a destination that is not the organisation's own.

Key formats are those the providers publish; a secret without a format counts when it is assigned to a telling name and
looks random. Cards and IBANs count only with a right checksum. What the user typed is the user's own decision.
Cannot see: a secret cut in pieces over several calls, or one that looks like ordinary words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

from stdnum import iban, luhn

from guardrail.case import Case
from guardrail.destinations import IBAN, Target, argument_name
from guardrail.leaving import Outgoing, outgoing, outside
from policies.ruleset import ToolKind
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "secrets"

KEY_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})\b")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,64}\b")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}\b")),
    ("a Stripe key", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,250}\b")),
    ("a model provider's key", re.compile(r"\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,250}\b")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a Google sign-in token", re.compile(r"\bya29\.[0-9A-Za-z_-]{20,500}\b")),
    ("a SendGrid key", re.compile(r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}\b")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,64}\b")),
    ("an Azure storage key", re.compile(r"\bAccountKey=[A-Za-z0-9+/]{60,100}={0,2}")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}")),
    (
        "a connection string with its password",
        re.compile(r"\b[a-z][a-z0-9+]{2,15}://[^\s:/@]{1,60}:[^\s:/@]{3,80}@[\w.-]{3,100}"),
    ),
)
_ASSIGNED = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|secret|secret[_ -]?key|api[_ -]?key|access[_ -]?key|auth[_ -]?token|token|"
    r"client[_ -]?secret|private[_ -]?key|credential|pin code)s?\b[\"']?\s{0,3}(?::|=|\bis\b)\s{0,3}[\"'`]?"
    r"([^\s\"'`<>,;]{8,120})",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"x{3,}|\*{3,}|\.{3}|example|changeme|placeholder|your|redacted|dummy|sample|\$\{|\{\{|<", re.IGNORECASE
)
_CARD = re.compile(r"(?<![\d.,-])(?:\d[ -]?){12,18}\d(?![\d-]|[.,]\d)")


def detect(case: Case) -> list[Signal]:
    """At most one signal for secrets and one notice for personal numbers."""
    targets = outside(case)
    if not targets:
        return []
    texts = outgoing(case)
    signals = []
    secret = next(_secrets(texts, case), None)
    if secret is not None:
        text, what, start, end = secret
        signals.append(
            _signal(
                "secret_leaving", Severity.CRITICAL, f"{what.capitalize()} would go to", text, start, end, targets, case
            )
        )
    personal = next(_personal(texts, case), None)
    if personal is not None:
        text, what, start, end = personal
        signals.append(
            _signal(
                "personal_data_leaving",
                Severity.LOW,
                f"{what.capitalize()} would go to",
                text,
                start,
                end,
                targets,
                case,
            )
        )
    return signals


def _secrets(texts: list[Outgoing], case: Case) -> Iterator[tuple[Outgoing, str, int, int]]:
    for text in texts:
        if case.budget.spent():
            return
        for what, pattern in KEY_FORMATS:
            match = pattern.search(text.text)
            if match and match.group().lower() not in case.user.lower and not _is_placeholder(match.group()):
                yield text, what, *match.span()
        for match in _ASSIGNED.finditer(text.text):
            value = match.group(1)
            if looks_random(value) and value.lower() not in case.user.lower:
                yield text, "a secret", *match.span(1)


def _is_placeholder(found: str) -> bool:
    """A key of a manual; of a connection string only what stands before the host counts."""
    return bool(_PLACEHOLDER.search(found.rsplit("@", 1)[0]))


def looks_random(value: str) -> bool:
    """Letters and digits mixed, no placeholder, at least 2.8 bits a character: a key, not a word or a date."""
    if _PLACEHOLDER.search(value) or not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
        return False
    if re.fullmatch(r"[A-Za-z]+\d{1,4}|\d{1,4}[A-Za-z-]+|[\d:./-]+[A-Za-z]{0,2}", value) and len(value) < 12:
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= 2.8


def is_card(digits: str) -> bool:
    """A payment card's length, first digit and checksum; not one digit repeated."""
    return 13 <= len(digits) <= 19 and digits[0] in "3456" and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _personal(texts: list[Outgoing], case: Case) -> Iterator[tuple[Outgoing, str, int, int]]:
    targets = {target.argument for target in case.targets if target.named}
    for text in texts:
        if text.argument in targets or case.kind is ToolKind.PAY:
            continue
        for match in _CARD.finditer(text.text):
            digits = re.sub(r"\D", "", match.group())
            if is_card(digits) and digits not in re.sub(r"[ -]", "", case.user.lower):
                yield text, "a card number", *match.span()
        for match in IBAN.finditer(text.text):
            if iban.is_valid(match.group()) and match.group().lower() not in case.user.lower:
                yield text, "a bank account number", *match.span()


def _signal(
    name: str,
    severity: Severity,
    head: str,
    text: Outgoing,
    start: int,
    end: int,
    targets: tuple[Target, ...],
    case: Case,
) -> Signal:
    target = targets[0]
    shown = text.text[start:end]
    return Signal(
        name=name,
        severity=severity,
        reason=f"{head} {target.value}: it stands in the argument {argument_name(text.argument) or text.argument}.",
        evidence=(
            Evidence(
                source="argument",
                path=text.argument,
                start=0 if text.decoded else start,
                end=0 if text.decoded else end,
                # only enough to find it: whoever may read verdicts need not learn the secret
                quote=f"{shown[:4]}…{shown[-2:]}" if len(shown) > 8 else "…",
                mark=Mark.DATA,
                note="inside an encoded value" if text.decoded else "",
            ),
        ),
        facts=(
            ("destination", target.value),
            ("destination_standing", target.standing.value),
            ("argument", text.argument),
            ("tool_kind", case.kind.value),
        ),
        redactions=(text.argument,),
    )
