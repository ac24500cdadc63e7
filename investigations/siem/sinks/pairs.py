"""Mappings an admin types in one line: `a = b; c = d`. Pure."""


class PairError(ValueError):
    """A mapping that cannot be; the message says what was found and what is wanted."""


def read_pairs(text: str) -> dict[str, str]:
    """`a = b; c = d` as a mapping; names keep their case. Raises PairError."""
    pairs: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign or not name or not value:
            raise PairError(f"`{part[:60]}` is no pair, expected e.g. `closed = Done`")
        if name in pairs:
            raise PairError(f"`{name[:60]}` is there twice, expected once")
        pairs[name] = value
    return pairs
