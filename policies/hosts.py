"""The host of what a call reaches. Pure."""


def host_of(destination: str) -> str:
    """The host or domain of an address or URL; a value without one comes back as it is."""
    value = destination.strip().lower()
    scheme, found, rest = value.partition("://")
    if found and "@" not in scheme:
        # whoever writes `https://contoso.com@evil.example` goes to the latter
        return authority_of(rest).rpartition("@")[2].split(":", 1)[0].strip("[]<>., ")
    if "@" in value and "/" not in value.split("@", 1)[0]:
        value = value.rsplit("@", 1)[1]
    return authority_of(value).split(":", 1)[0].strip("[]<>., ")


def authority_of(bare: str) -> str:
    """What stands before the path of a URL without its scheme: the host, with a name and a port where it has them."""
    # a backslash is a slash to every browser
    end = min((at for sign in "/\\?#" if (at := bare.find(sign)) >= 0), default=len(bare))
    return bare[:end]
