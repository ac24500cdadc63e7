"""The host of what a call reaches. Pure."""


def host_of(destination: str) -> str:
    """The host or domain of an address or URL; a value without one comes back as it is."""
    value = destination.strip().lower()
    if "@" in value and "/" not in value.split("@", 1)[0]:
        value = value.rsplit("@", 1)[1]
    value = value.split("://", 1)[-1]
    return value.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0].split(":", 1)[0].strip("[]<>., ")
