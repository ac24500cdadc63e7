"""One destination as people write it, brought to the form it is stored and looked up in. Pure."""

import re

from policies.choices import Standing
from policies.destinations import place_of
from policies.hosts import authority_of, without_scheme
from policies.intelligence.domains import registered
from policies.intelligence.values import BadValue, host_name, read_value, refanged
from policies.mail_providers import PUBLIC_MAIL

LONGEST = 500
# Everybody's tenants stand below these; the list of public suffixes does not have them.
_TENANTS_BELOW = frozenset(
    "sharepoint.com onmicrosoft.com dynamics.com powerapps.com atlassian.net service-now.com zendesk.com".split()
)
_LOCAL = re.compile(r"[\w.!#$%&'+/=?^`{|}~-]{1,64}")
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}")
_DOMAIN_LIKE = re.compile(r"(?:[^\s.@/]+\.)+[^\s.@/]{2,}\.?")


class BadDestination(ValueError):
    """A text that is no destination; the message says what was found and what is wanted."""


def normal_destination(text: str) -> str:
    """`text` as an entry of the list: lower case, hosts as DNS has them, `*.` taken off, IBANs without blanks.

    A URL without a path stands for its host. Raises BadDestination.
    """
    plain = " ".join(text.split()).lower()
    if not plain:
        raise BadDestination("it is empty, expected an address, domain, URL, account or handle")
    if len(plain) > LONGEST:
        raise BadDestination(f"it has {len(plain)} characters, expected at most {LONGEST}")
    if not plain.isprintable():
        raise BadDestination(f"`{_shown(plain)}` has unseen characters, expected a plain text")
    if "*" in plain.removeprefix("*.") or plain.startswith("="):
        return _bad(plain)
    compact = re.sub(r"[\s-]", "", plain)
    if _IBAN.fullmatch(compact) and compact[2:4].isdecimal():
        return compact
    if " " in plain:
        return plain if "@" not in plain and "/" not in plain else _bad(plain)
    try:
        return _place(refanged(plain))
    except BadValue:
        return _bad(plain)


def is_everybodys(value: str) -> bool:
    """Whether an entry in its stored form is a domain below which anybody can have an address or a site."""
    if "@" in value or "/" in value or not _DOMAIN_LIKE.fullmatch(value) or value.replace(".", "").isdecimal():
        return False
    return value in PUBLIC_MAIL or value in _TENANTS_BELOW or not registered(value).domain


def check_standing(value: str, standing: Standing) -> None:
    """Raise BadDestination where an entry would take in what belongs to anybody, such as `gmail.com` for one's own."""
    if standing is Standing.INTERNAL and is_everybodys(value):
        raise BadDestination(
            f"anybody can have an address or a site below `{value}`, so it is nobody's own: name your part of it,"
            f" e.g. `contoso.{value}`, or single addresses"
        )
    if standing.is_trusted and _DOMAIN_LIKE.fullmatch(value) and registered(value).suffix == value:
        raise BadDestination(f"`{value}` is an ending that anybody registers names below, expected a domain below it")


def _place(plain: str) -> str:
    """Without blanks: an address, a URL, a domain; anything else is a handle or an account and stays as it is."""
    head = authority_of(plain)
    if without_scheme(plain) is not plain or ("." in head and plain[len(head) :].startswith(("/", "?"))):
        return _url(plain)
    bare = plain.removeprefix("mailto:")
    if "@" in bare.lstrip("@"):
        local, _, domain = bare.rpartition("@")
        if not _LOCAL.fullmatch(local):
            raise BadValue("no address")
        return f"{local}@{host_name(domain)}"
    domain = bare.lstrip("@").removeprefix("*.")
    if domain.strip(".[]").replace(".", "").isdecimal() and domain.count(".") == 3:
        return read_value(domain).value
    return host_name(domain) if _DOMAIN_LIKE.fullmatch(domain) else bare


def _url(plain: str) -> str:
    bare = without_scheme(plain)
    scheme = plain[: -len(bare)] if bare is not plain and bare else "https://"
    authority = authority_of(bare)
    if "@" in authority or not authority:
        raise BadValue("no URL")
    host = authority.partition(":")[0]
    if not authority.startswith("[") and not host.replace(".", "").isdecimal():
        authority = authority.replace(host, host_name(host), 1)
    path = bare[len(authority_of(bare)) :].strip("/")
    if not path:
        return authority.partition(":")[0]
    if path.startswith(("?", "#")) or "?" in path or "#" in path:
        # a question is one place and covers none below it
        return f"{scheme}{authority}/{path}"
    return f"{scheme}{place_of(f'{authority}/{path}')}"


def _bad(plain: str) -> str:
    raise BadDestination(
        f"`{_shown(plain)}` is no destination, expected e.g. `kim@contoso.com`, `contoso.com`, "
        "`https://contoso.sharepoint.com/sites/a`, an account or a handle"
    )


def _shown(text: str) -> str:
    plain = "".join(letter if letter.isprintable() and letter != "`" else "?" for letter in text[:60])
    return plain if len(text) <= 60 else f"{plain}…"
