"""What a piece of an address says once it is decoded: percent, base64, base32, hex, turned letters, written backwards.

Pure; linear in the length of the piece.
"""

import base64
import codecs
import math
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote_plus

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_BASE32 = re.compile(r"[A-Za-z2-7]{8,}={0,6}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,}")
_LONGEST = 8_000
_SEPARATORS = re.compile(r"[.~_\-\s]+")
_UUID = re.compile(r"[{(]?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}[)}]?", re.IGNORECASE)
# the lengths of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512, and of a commit cut short
_DIGESTS = frozenset((7, 8, 10, 12, 16, 24, 32, 40, 56, 64, 96, 128))
_NOT_ALNUM = re.compile(r"[\W_]+")


def plain_of(raw: str) -> str:
    """`raw` with percent encoding undone, twice where it was done twice."""
    plain = unquote_plus(raw[:_LONGEST])
    return unquote_plus(plain) if "%" in plain else plain


def decoded_of(plain: str) -> Iterator[tuple[str, str]]:
    """(text, encoding) of each way `plain` can be decoded to printable text."""
    joined = _SEPARATORS.sub("", plain)
    for blob in dict.fromkeys((plain, joined)):
        # base64 in an address is cut off and unpadded as often as not
        for how, pattern, decode in _CODES:
            if pattern.fullmatch(blob):
                said = _printable(decode(blob))
                if said:
                    yield said, how
    if len(plain) >= 12:
        yield codecs.encode(plain, "rot13"), "rot13"
        yield plain[::-1], "written backwards"


def compact(text: str) -> str:
    """The letters and digits of `text` alone, in lower case: what is left of it whatever stands between words."""
    return _NOT_ALNUM.sub("", text.lower())


def is_identifier(plain: str) -> bool:
    """A UUID, or hexadecimal digits as many as a digest has."""
    return bool(_UUID.fullmatch(plain)) or (
        len(plain) in _DIGESTS and all(letter in "0123456789abcdefABCDEF" for letter in plain)
    )


def is_uuid(plain: str) -> bool:
    """A UUID, which says nothing."""
    return bool(_UUID.fullmatch(plain))


def is_noise(plain: str) -> bool:
    """Letters and digits in no order, as keys, ciphers and packed data have: 4 bits a character and no words."""
    if len(plain) < 24 or is_identifier(plain) or " " in plain:
        return False
    counts = Counter(plain)
    entropy = -sum(count / len(plain) * math.log2(count / len(plain)) for count in counts.values())
    mixed = any(c.isdigit() for c in plain) and any(c.isalpha() for c in plain)
    return mixed and entropy >= 3.8


def _bytes_of_base64(blob: str) -> bytes:
    body = blob.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[:-1] if len(body) % 4 == 1 else body
    return base64.b64decode(body + "=" * (-len(body) % 4))


def _bytes_of_base32(blob: str) -> bytes:
    body = blob.rstrip("=").upper()
    body = body[: len(body) - {1: 1, 3: 1, 6: 1}.get(len(body) % 8, 0)]
    return base64.b32decode(body + "=" * (-len(body) % 8))


_CODES = (
    ("hex", _HEX, bytes.fromhex),
    ("base32", _BASE32, _bytes_of_base32),
    ("base64", _BASE64, _bytes_of_base64),
)


def _printable(decoded: bytes) -> str:
    try:
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        # the last character may have been cut in two
        text = decoded.decode("utf-8", "ignore") if len(decoded) > 24 else ""
        if len(text.encode()) < len(decoded) - 3:
            return ""
    good = sum(1 for letter in text if letter.isprintable() or letter in "\n\t\r")
    usual = sum(1 for letter in text if letter.isascii() or letter.isalpha())
    return text if len(text) >= 4 and good == len(text) and usual >= 0.9 * len(text) else ""
