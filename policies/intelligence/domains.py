"""Where a host name's registered part begins, by the public suffix list that comes with tldextract. Pure, offline.

Private suffixes count (`github.io`): what stands below one belongs to whoever took that name. A suffix the list does
not have is the last label, as the list's own algorithm says (https://publicsuffix.org/list/). `example.com` and its
like are taken for suffixes too: nobody has them (RFC 2606), and in a trial every party has a name below one.
"""

from dataclasses import dataclass
from functools import lru_cache

import tldextract

_RESERVED = "example"
_EXTRACT = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """`name` is the label somebody registered, empty where the host is itself a public suffix."""

    name: str
    suffix: str

    @property
    def domain(self) -> str:
        """Both, as a domain; empty without a name."""
        return f"{self.name}.{self.suffix}" if self.name else ""


@lru_cache(maxsize=8192)
def registered(host: str) -> Registered:
    """The registered part of a lower-case ASCII host; nothing for an IP number or a single label."""
    found = _EXTRACT.extract_str(host[:253])
    if found.suffix:
        below = found.subdomain.rpartition(".")[2]
        if found.domain == _RESERVED and below:
            return Registered(name=below, suffix=f"{_RESERVED}.{found.suffix}")
        return Registered(name=found.domain, suffix=found.suffix)
    labels = host[:253].split(".")
    if len(labels) < 2 or labels[-1].isdecimal() or ":" in host:
        return Registered(name="", suffix="")
    return Registered(name=labels[-2], suffix=labels[-1])
