"""One indicator's kind and value, brought to the one form it is stored and looked up in. Pure.

What people paste is understood: `hxxps://evil[.]example`, `evil(dot)example`, `user[@]evil.example`, a name in Unicode
or in punycode. Stored is the form that a call's destination is looked up by: lower case, without scheme or final slash.
"""

import enum
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import idna

LONGEST_VALUE = 500
# Networks wider than these are whole providers.
_WIDEST = {4: 16, 6: 32}
_HASH_DIGITS = frozenset((32, 40, 64, 128))
_TEXT_DIGITS = 24
_REFANGED = (
    ("[.]", "."), ("(.)", "."), ("{.}", "."), ("[dot]", "."), ("(dot)", "."), ("[:]", ":"), ("[://]", "://"),
    ("[@]", "@"), ("(@)", "@"), ("[at]", "@"), ("(at)", "@"),
)  # fmt: skip
_SCHEME = re.compile(r"(?:hxxps?|h\*\*ps?|https?|ftps?|fxp|wss?)://", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LOCAL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_HEX = re.compile(r"[0-9a-f]+")


class Kind(enum.Enum):
    """What an indicator names. `new_domain` says only that a domain was registered lately."""

    DOMAIN = "domain"
    EMAIL = "email"
    URL = "url"
    IP = "ip"
    HASH = "hash"
    TEXT = "text"
    NEW_DOMAIN = "new_domain"


# How the kinds are called in feeds of others.
_NAMES = {
    "domain": Kind.DOMAIN, "domain-name": Kind.DOMAIN, "domainname": Kind.DOMAIN, "hostname": Kind.DOMAIN,
    "host": Kind.DOMAIN, "fqdn": Kind.DOMAIN,
    "email": Kind.EMAIL, "email-addr": Kind.EMAIL, "mail": Kind.EMAIL, "emailaddress": Kind.EMAIL,
    "email-src": Kind.EMAIL, "email-dst": Kind.EMAIL, "address": Kind.EMAIL,
    "url": Kind.URL, "uri": Kind.URL, "link": Kind.URL,
    "ip": Kind.IP, "ipv4": Kind.IP, "ipv6": Kind.IP, "ipv4-addr": Kind.IP, "ipv6-addr": Kind.IP, "ip-dst": Kind.IP,
    "ip-src": Kind.IP, "cidr": Kind.IP, "ipaddress": Kind.IP,
    "hash": Kind.HASH, "md5": Kind.HASH, "sha1": Kind.HASH, "sha256": Kind.HASH, "sha512": Kind.HASH,
    "sha-1": Kind.HASH, "sha-256": Kind.HASH, "sha-512": Kind.HASH, "filehash": Kind.HASH, "file": Kind.HASH,
    "text": Kind.TEXT, "fingerprint": Kind.TEXT,
    "new_domain": Kind.NEW_DOMAIN, "new-domain": Kind.NEW_DOMAIN, "newdomain": Kind.NEW_DOMAIN,
}  # fmt: skip


class BadValue(ValueError):
    """A value that is no indicator of its kind; the message says what was found and what is wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A kind with a value in its stored form."""

    kind: Kind
    value: str


def kind_called(name: str) -> Kind | None:
    """The kind a feed calls `name`; None when it is none of ours."""
    return _NAMES.get(name.strip().lower().replace(" ", "").removesuffix("s"), _NAMES.get(name.strip().lower()))


def read_value(text: str, kind: Kind | None = None) -> Named:
    """`text` as an indicator of `kind`, or of the kind it looks like. Raises BadValue."""
    plain = refanged(text)
    if not plain:
        raise BadValue("the value is empty")
    if len(plain) > LONGEST_VALUE:
        raise BadValue(f"the value has {len(plain)} characters, expected at most {LONGEST_VALUE}")
    if not plain.isprintable() or " " in plain:
        raise BadValue(f"`{_shown(plain)}` has blanks or unseen characters, expected one value")
    wanted = kind or _inferred(plain)
    if wanted is None:
        raise BadValue(f"`{_shown(plain)}` looks like no domain, address, URL, IP or hash")
    return Named(kind=wanted, value=_READ[wanted](plain))


def refanged(text: str) -> str:
    """The value as it was before somebody made it safe to click."""
    plain = text.strip().strip("\"'<>").strip()
    if "[" in plain or "(" in plain or "{" in plain:
        lower = plain.lower()
        for written, meant in _REFANGED:
            if written in lower:
                plain = re.sub(re.escape(written), meant, plain, flags=re.IGNORECASE)
                lower = plain.lower()
    scheme = _SCHEME.match(plain)
    if scheme and scheme.group().lower()[:1] in "hf" and scheme.group().lower() not in ("http://", "https://"):
        secure = scheme.group().lower().rstrip(":/").endswith("s")
        plain = ("https://" if secure else "http://") + plain[scheme.end() :]
    return plain


def host_name(text: str) -> str:
    """A host name in lower-case ASCII, as DNS has it. Raises BadValue."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            raise BadValue(f"`{_shown(text)}` is no host name, expected e.g. `evil.example`") from None
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadValue(f"`{_shown(text)}` is no host name, expected e.g. `evil.example`")
    if labels[-1].isdecimal():
        raise BadValue(f"`{_shown(text)}` is no host name, expected one that ends in letters")
    return name


def _inferred(plain: str) -> Kind | None:
    lower = plain.lower()
    if _SCHEME.match(lower):
        return Kind.URL
    if "@" in lower:
        return Kind.EMAIL
    if _number(lower.split("/", 1)[0]) is not None:
        return Kind.IP
    if _HEX.fullmatch(lower) and len(lower) in _HASH_DIGITS:
        return Kind.HASH
    if "/" in lower and "." in lower.split("/", 1)[0]:
        return Kind.URL
    return Kind.DOMAIN if "." in lower else None


def _domain(plain: str) -> str:
    bare = plain.removeprefix("*.")
    if _SCHEME.match(bare):
        raise BadValue(f"`{_shown(plain)}` is a URL, expected a domain")
    return host_name(bare)


def _email(plain: str) -> str:
    local, at, domain = plain.lower().removeprefix("mailto:").rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise BadValue(f"`{_shown(plain)}` is no mail address, expected e.g. `kim@evil.example`")
    return f"{local}@{host_name(domain)}"


def _url(plain: str) -> str:
    """Host, port and what follows it; a scheme or a fragment does not make it another place."""
    text = plain if _SCHEME.match(plain) else f"http://{plain}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise BadValue(f"`{_shown(plain)}` is no URL, expected e.g. `https://evil.example/a`") from None
    number = _number(host)
    name = host_name(host) if number is None else str(number) if number.version == 4 else f"[{number}]"
    shown_port = "" if port in (None, 80, 443) else f":{port}"
    tail = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    return f"{name}{shown_port}{tail}".lower()


def _ip(plain: str) -> str:
    try:
        if "/" not in plain:
            return str(_unmapped(ip_address(plain.strip("[]"))))
        network = ip_network(plain, strict=False)
    except ValueError:
        raise BadValue(f"`{_shown(plain)}` is no IP address, expected e.g. `198.51.100.7`") from None
    if network.prefixlen < _WIDEST[network.version]:
        raise BadValue(f"`{_shown(plain)}` is too wide a network, expected /{_WIDEST[network.version]} or narrower")
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _hash(plain: str) -> str:
    lower = plain.lower()
    lower = lower.rsplit(":", 1)[1] if lower.startswith(("md5:", "sha1:", "sha256:", "sha512:")) else lower
    if not _HEX.fullmatch(lower) or len(lower) not in _HASH_DIGITS:
        raise BadValue(f"`{_shown(plain)}` is no hash, expected 32, 40, 64 or 128 hex digits")
    return lower


def _text(plain: str) -> str:
    lower = plain.lower()
    if not _HEX.fullmatch(lower) or len(lower) != _TEXT_DIGITS:
        raise BadValue(f"`{_shown(plain)}` is no text's fingerprint, expected 24 hex digits as a verdict shows them")
    return lower


_READ = {
    Kind.DOMAIN: _domain,
    Kind.EMAIL: _email,
    Kind.URL: _url,
    Kind.IP: _ip,
    Kind.HASH: _hash,
    Kind.TEXT: _text,
    Kind.NEW_DOMAIN: _domain,
}


def number_or_network(value: str) -> IPv4Address | IPv6Address | IPv4Network | IPv6Network:
    """A stored value of kind `ip` as Python has it."""
    return ip_network(value) if "/" in value else ip_address(value)


def _number(host: str) -> IPv4Address | IPv6Address | None:
    if not host[-1:].isdecimal() and ":" not in host:
        return None
    try:
        return _unmapped(ip_address(host.strip("[]")))
    except ValueError:
        return None


def _unmapped(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return mapped or number


def _shown(text: str) -> str:
    plain = "".join(letter if letter.isprintable() and letter != "`" else "?" for letter in text[:80])
    return plain if len(text) <= 80 else f"{plain}…"
