"""Looks through every committed file for secrets: shapes of tokens that are in use out there, and ours.

Made-up ones that tests need are known by their digest (`known_secrets.txt`), so the list itself gives none away.
"""

import hashlib
import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.supply.lock import ROOT

KNOWN = Path(__file__).parent / "known_secrets.txt"
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/=\\n]{16}"),
    "a token of ours": re.compile(r"\bgra?_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    "a token of GitLab": re.compile(r"\bglpat-[A-Za-z0-9_-]{20}"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    "a key of Google": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
    "a key of Stripe": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    "a signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|rediss?|https?|amqps?)://[\w.-]*:([^\s@/{}<>\"'`]{6,})@\w"
    ),
}
_ASSIGNED = re.compile(
    r"(?i)(?:password|passwd|secret|token|api_?key|credential)[\w\"'\]]{0,12}\s*[:=]\s*[\"']([A-Za-z0-9+/=_.~-]{20,120})[\"']"
)
# Bits a letter: words and names have less, keys more. Source: Shannon's entropy of the letters.
_BITS = 4.2
_BINARY = {".png", ".ico", ".woff2", ".gz", ".zip", ".pdf"}


def scan() -> list[str]:
    """What was found that nobody knows, as `file:line: kind, digest`: never the secret itself."""
    known = {line.split()[0] for line in KNOWN.read_text().splitlines() if line and not line.startswith("#")}
    return [
        f"{path}:{number}: {kind}, {digest}"
        for path in committed()
        for number, kind, digest in found_in((ROOT / path).read_text(errors="replace"))
        if digest not in known
    ]


def committed() -> list[str]:
    """Every file of the repository that is text, locks aside: hashes of theirs look like keys."""
    git = ["git", "ls-files", "-z"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, check=True).stdout
    names = [name for name in listed.decode().split("\0") if name]
    return [name for name in names if Path(name).suffix not in _BINARY and not name.startswith("requirements")]


def found_in(text: str) -> Iterator[tuple[int, str, str]]:
    """The line, kind and digest of everything in a text that looks like a secret."""
    for kind, shape in _SHAPES.items():
        for match in shape.finditer(text):
            yield _told(text, match.start(), kind, match[0])
    for match in _ASSIGNED.finditer(text):
        if _bits(match[1]) > _BITS:
            yield _told(text, match.start(), "a value that looks random", match[1])


def _told(text: str, at: int, kind: str, value: str) -> tuple[int, str, str]:
    return text.count("\n", 0, at) + 1, kind, hashlib.sha256(value.encode()).hexdigest()[:16]


def _bits(value: str) -> float:
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
