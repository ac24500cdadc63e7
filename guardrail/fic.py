"""The subject of the federated credential that lets the agent platform sign in as the customer's own app."""

import base64
import uuid
from dataclasses import dataclass

# The platform's own application, the same for every customer.
COPILOT_STUDIO_APP = "9d8f559b-5984-46a4-902a-ad4271e83efa"
AUDIENCE = "api://AzureADTokenExchange"
SUFFIXES = ("", "/validate", "/analyze-tool-execution")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A subject for one endpoint address. Which one a tenant sends is seen in the error of a failed sign-in."""

    url: str
    subject: str


def issuer_of(tenant_id: str) -> str:
    """The issuer of the federated credential."""
    return f"https://login.microsoftonline.com/{tenant_id}/v2.0"


def candidates_for(tenant_id: str, base_url: str) -> tuple[Candidate, ...]:
    """The subjects for the base address and its two paths, likeliest first. Raises ValueError for no GUID."""
    base = base_url.rstrip("/")
    return tuple(Candidate(url=base + suffix, subject=subject_of(tenant_id, base + suffix)) for suffix in SUFFIXES)


def subject_of(tenant_id: str, url: str) -> str:
    """`/eid1/c/pub/t/<tenant>/a/<platform app>/<address>`, each part base64url without padding."""
    return f"/eid1/c/pub/t/{_encode_guid(tenant_id)}/a/{_encode_guid(COPILOT_STUDIO_APP)}/{_encode(url.encode())}"


def _encode_guid(value: str) -> str:
    # .NET's Guid.ToByteArray(): the first three groups little-endian
    return _encode(uuid.UUID(value).bytes_le)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
