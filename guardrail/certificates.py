"""Which certificate a caller showed to the proxy in front of us, by its SHA-256; nobody else's word counts."""

import base64
import binascii
import hashlib
from urllib.parse import unquote

import structlog
from django.http import HttpRequest

from policies.people.source import comes_from_proxy

log = structlog.get_logger(__name__)
# RFC 9440: the certificate as base64 of DER between colons; nginx has PEM, escaped for an address.
HEADER = "Client-Cert"
_LONGEST = 16_384
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def fingerprint_of(request: HttpRequest) -> str:
    """The hex SHA-256 of the certificate a listed proxy names; empty where there is none, or somebody else names it.

    The proxy has checked that its sender has the key; it must not let the header of a sender through.
    """
    said = request.headers.get(HEADER, "")
    if not said:
        return ""
    if not comes_from_proxy(request):
        log.warning("certificate.not_from_a_proxy", peer=request.META.get("REMOTE_ADDR", ""))
        return ""
    der = _der_of(said) if len(said) <= _LONGEST else b""
    return hashlib.sha256(der).hexdigest() if der else ""


def _der_of(said: str) -> bytes:
    text = said.strip()
    if text.startswith(":") and text.endswith(":"):
        text = text[1:-1]
    else:
        text = unquote(text).strip()
        if not (text.startswith(_BEGIN) and text.endswith(_END)):
            return b""
        text = "".join(text.removeprefix(_BEGIN).removesuffix(_END).split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
