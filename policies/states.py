"""A ruleset document by its content: each member under its sha256, so that what did not change is kept once. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec


class StateError(ValueError):
    """Members that are not what they are called by; the message names the member."""


def encode_member(name: str, member: Any) -> bytes:
    """A member as the bytes its digest is of: canonical JSON, and no secrets, which judging does not need."""
    if name == "opinions":
        member = [{**entry, "sealed_token": ""} for entry in member]
    return msgspec.json.encode(member, order="deterministic")


def digest_of_bytes(content: bytes) -> str:
    """The sha256 hex of a member or a state."""
    return hashlib.sha256(content).hexdigest()


def encode_state(digests: Mapping[str, str]) -> bytes:
    """The names of the members with their digests as canonical JSON; its sha256 is what verdicts name."""
    return json.dumps(dict(digests), sort_keys=True, separators=(",", ":")).encode()


def state_of(digests: Mapping[str, str]) -> str:
    """The digest of the whole document."""
    return digest_of_bytes(encode_state(digests))


def assembled(digests: Mapping[str, str], contents: Mapping[str, bytes]) -> dict[str, Any]:
    """The document of these members, by digest in `contents`. Raises StateError where one is missing or changed."""
    document = {}
    for name, digest in digests.items():
        content = contents.get(digest)
        if content is None:
            raise StateError(f"the member `{name}` is missing")
        if digest_of_bytes(content) != digest:
            raise StateError(f"the member `{name}` was changed")
        try:
            document[name] = json.loads(content)
        except (ValueError, RecursionError):
            raise StateError(f"the member `{name}` is not JSON") from None
    return document
