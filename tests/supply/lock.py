"""Reads the locks: every distribution with version, hashes, marker, and the licence its authors name."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_PINNED = re.compile(
    r"^([a-z0-9][\w.-]*)==(\S+?)(?: ; (.*?))? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+)", re.M
)
# Not installed everywhere, or said in no field a program can read; looked up in the distributions, 2026-11.
_LOOKED_UP = {
    "async-timeout": "Apache-2.0",
    "axe-playwright-python": "MIT",
    "colorama": "BSD-3-Clause",
    "pytest-django": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "tzdata": "Apache-2.0",
}
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
COPYLEFT = re.compile(r"GPL|MPL|EPL|EUPL|CDDL|OSL", re.IGNORECASE)
# Those that ask something of whoever passes them on, and why that is no trouble: all are used as they are, unchanged,
# as libraries that anybody can replace by installing another version.
ACCEPTED = {
    "certifi": "MPL-2.0 holds for its own files, which are unchanged",
    "hypothesis": "used by tests only, MPL-2.0 for its own files",
    "pathspec": "used by tests only, MPL-2.0 for its own files",
    "psycopg": "LGPL-3.0: imported, unchanged, replaceable",
    "psycopg-binary": "LGPL-3.0: imported, unchanged, replaceable",
    "psycopg-pool": "LGPL-3.0: imported, unchanged, replaceable",
    "python-stdnum": "LGPL-2.1: imported, unchanged, replaceable",
    "tqdm": "MPL-2.0 for its own files, which are unchanged",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """One distribution of a lock. `marker` is empty where it is installed everywhere."""

    name: str
    version: str
    marker: str
    sha256: tuple[str, ...]
    licence: str


def load_lock(name: str) -> tuple[Pinned, ...]:
    """The distributions of `requirements.txt` or `requirements-dev.txt`, in order. Raises ValueError for one unread."""
    text = (ROOT / name).read_text()
    pinned = tuple(
        Pinned(
            name=match[1],
            version=match[2],
            marker=match[3] or "",
            sha256=tuple(re.findall(r"sha256:([0-9a-f]{64})", match[4])),
            licence=licence_of(match[1]),
        )
        for match in _PINNED.finditer(text)
    )
    entries = len(re.findall(r"^\S", text, re.M))
    if len(pinned) != entries:
        raise ValueError(f"`{name}` has `{entries}` entries, expected the `{len(pinned)}` that can be read")
    return pinned


def licence_of(name: str) -> str:
    """What its authors say, as an SPDX expression where they do; empty where nobody knows."""
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classified = [
        _BY_CLASSIFIER[word]
        for line in told.get_all("Classifier") or ()
        if line.startswith("License") and (word := line.rpartition(":: ")[2]) in _BY_CLASSIFIER
    ]
    free = "".join(told.get_all("License") or ()).strip()
    free = free if re.fullmatch(r"[\w.+ -]{2,40}", free) and " License" not in free else ""
    return "".join(told.get_all("License-Expression") or ()) or (classified or [free])[0]
