"""The host of what a call reaches, and the parts of its path. Pure."""

import re
from urllib.parse import unquote

# `blob:https://` and `view-source:https://` lead where what they stand before leads
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:){1,3}//", re.IGNORECASE)
# Deeper than this nobody encodes a path but to hide it.
_MOST_DECODED = 3
# What SharePoint puts before a person's address: `i:0#.f|membership|kim@contoso.com`.
_CLAIM = re.compile(r"[ic]:0[^@/\\\s]{0,60}\|(?=[^|]+@)")


def host_of(destination: str) -> str:
    """The host or domain of an address or URL; a value without one, or with two, comes back as it is."""
    value = destination.strip().lower()
    claim = _CLAIM.match(value)
    if claim:
        value = value[claim.end() :]
    bare = without_scheme(value)
    authority = authority_of(bare)
    host = _host(authority)
    if bare is value and "@" in value[len(authority) :]:
        # `a.example/!@b.example` is a page of the one to a browser, and a mailbox of the other to a mail server
        return host if host == _host(authority_of(value.rpartition("@")[2])) else value
    return host


def without_scheme(url: str) -> str:
    """What follows the scheme of a URL; the same text where it has none.

    Only what stands in front is one: `www.a.example/?u=https://b.example` leads to the former.
    """
    scheme = _SCHEME.match(url)
    return url[scheme.end() :] if scheme else url


def authority_of(bare: str) -> str:
    """What stands before the path of a URL without its scheme: the host, with a name and a port where it has them."""
    # a backslash is a slash to every browser
    end = min((at for sign in "/\\?#" if (at := bare.find(sign)) >= 0), default=len(bare))
    return bare[:end]


def plain_parts(path: str) -> tuple[list[str], bool]:
    """A path's parts with what is encoded read and `..` gone up: what looks to be below a place must be below it.

    False where some servers read it otherwise: what is encoded too often, and `..;`, which goes up to a few.
    """
    plain, plainer = path.replace("\\", "/"), ""
    for _ in range(_MOST_DECODED):
        plainer = unquote(plain, errors="replace").replace("\\", "/").lower() if "%" in plain else plain
        if plainer == plain:
            break
        plain = plainer
    found: list[str] = []
    sure = "%" not in plain or unquote(plain, errors="replace") == plain
    for part in plain.split("/"):
        if part == "..":
            found = found[:-1]
        elif part not in ("", "."):
            found.append(part)
            sure = sure and not part.startswith(("..;", ".;"))
    return found, sure


def _host(authority: str) -> str:
    # whoever writes `https://contoso.com@evil.example` goes to the latter
    return authority.rpartition("@")[2].split(":", 1)[0].strip("[]<>., ")
