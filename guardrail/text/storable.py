"""What Postgres refuses in text and jsonb, and msgspec in JSON: NUL and lone surrogates. Pure.

Both are legal JSON, in a body and in any JSON inside a string of it: whoever writes a tool's output can send them.
"""

import json
import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# As they stand escaped; a pair of surrogates stands for one character and is found here too, at no harm.
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def is_storable(text: str) -> bool:
    """Whether the text has none of them."""
    # most is ASCII, which is known of a text without looking at it
    return "\x00" not in text if text.isascii() else _UNSTORABLE.search(text) is None


def storable_text(text: str) -> str:
    """The text with U+FFFD in their place, one for one, so that offsets stay."""
    return _UNSTORABLE.sub("�", text)


def storable(value: Any) -> Any:
    """The same of every string and key in a JSON value. Raises RecursionError where that is nested too deeply."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def opened_json(text: str) -> Any:
    """The JSON a string holds. Raises ValueError, and RecursionError where it is nested too deeply."""
    opened = json.loads(text)
    return storable(opened) if _ESCAPED.search(text) or _UNSTORABLE.search(text) else opened
