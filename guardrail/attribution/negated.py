"""Whether a sentence names a value or a deed only to say that it is not that: `goes to Agroiberia, not to Fertisur`."""

import re

from guardrail.attribution.provenance import Leaf

_DENYING = re.compile(
    r"\b(?:no|not|nicht|kein\w{0,3}|statt|anstelle|instead of|rather than|au lieu d\w{1,2}|en lugar de|en vez de|"
    r"em vez de|invece di|in plaats van|zamiast|niet|geen|nie|non|não|pas)[\W_]{1,3}"
    r"(?:(?:to|the|an|de|la|le|el|der|die|das) )?$"
)
_NEVER = re.compile(
    r"(?:\b(?:never|not|cannot|nie|niemals|nicht|jamais|nunca|jamás|mai|niet|nooit|nigdy|não|aldrig)\b|n['’]t\b)"
    r"[\W_]{1,3}(?:\w{1,20} ){0,2}$"
)
_WORD = re.compile(r"[^\W\d_]{2,30}")
_BEFORE = 40
_LONGEST = 2_000


def is_denied(leaf: Leaf, said: str) -> bool:
    at = said.find(leaf.needle)
    return at > 0 and _DENYING.search(said, max(0, at - _BEFORE), at) is not None


def is_forbidden(deed: frozenset[str], said: str) -> bool:
    """A sentence names the deed, and only to say that it is not to be done: `never reset the password by mail`."""
    places = [match for match in _WORD.finditer(said[:_LONGEST]) if match.group() in deed]
    return bool(places) and all(_NEVER.search(said, max(0, at.start() - _BEFORE), at.start()) for at in places)
