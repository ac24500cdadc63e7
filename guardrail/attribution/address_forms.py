"""Addresses a text gives as a form to be filled in: `https://news.example/full?firm=<name>&hits=<your open cases>`.

Whoever fills one in and opens it has told that host what was filled in.
"""

import re

from guardrail.case import Case

# `?firm=<name>`, `?firm={name}`, `?firm=...`; `?t= plus its title`; `?t=TITLE`
_GAP = re.compile(
    r"[?&;]([a-z0-9_.\[\]-]{1,40})=(?:<[^<>\n]{1,80}>|\{[^{}\n]{1,80}\}|\[[^\[\]\n]{1,80}\]|\.{3}|…"
    r"|(?=[\"'`)>,;]|\.?(?:\s|$))"
    r"|(?:(?:your|the|its|their|insert|my)[_+-]?[a-z_+-]{0,30}|x{2,10}|value|title|name|text|content|contents|body|data|"
    r"e-?mail|address|token|code|key|password|secret|id|number|subject|summary|message|note|notes|amount|iban|account|"
    r"customer|phone|result|results|answer|output|here)(?![a-z0-9%+_=-]))"
)
_LONGEST = 600
_MOST_PLACES = 20


def left_open(host: str, case: Case) -> frozenset[str]:
    """The names of the values that a text leaves to be filled in, in an address of `host`."""
    found: set[str] = set()
    for source in case.sources:
        for prose in source.reading.prose:
            at = prose.lower.find(host)
            for _ in range(_MOST_PLACES):
                if at < 0:
                    break
                following = prose.lower.find("://", at)
                end = min(at + _LONGEST, following if following > 0 else len(prose.lower))
                found.update(_GAP.findall(prose.lower, at, end))
                at = prose.lower.find(host, at + len(host))
    return frozenset(found)
