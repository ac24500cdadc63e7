"""The host of what a call reaches. Pure."""

import re

# `blob:https://` and `view-source:https://` lead where what they stand before leads
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:){1,3}//", re.IGNORECASE)
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


def _host(authority: str) -> str:
    # whoever writes `https://contoso.com@evil.example` goes to the latter
    return authority.rpartition("@")[2].split(":", 1)[0].strip("[]<>., ")
