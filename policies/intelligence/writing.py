"""Writes indicators the way others, and our own reader, take them: a STIX 2.1 bundle, and CSV. Pure.

STIX 2.1, OASIS standard of 2021-06: sections 2.9 (identifiers), 4.7 (indicator), 9 (patterning).
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from policies.csv_lines import MARK, csv_line
from policies.intelligence.values import BadValue, Kind, Named, read_value

# An id is made of what it names, so the same indicator has the same one whenever and wherever it is written.
_NAMESPACE = uuid.UUID("0d9a7d4e-7c0f-5a64-9d0c-3b1c5e5a7f21")
_HASHES = {32: "MD5", 40: "SHA-1", 64: "SHA-256", 128: "SHA-512"}
_COLUMNS = ("kind", "value", "confidence", "from", "description")


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """One indicator to write. `sources` are numbers and addresses of what confirmed it."""

    named: Named
    confidence: int
    first_seen: datetime
    confirmed_at: datetime
    description: str
    sources: tuple[tuple[str, str], ...] = ()


def is_readable(named: Named) -> bool:
    """Whether our own reader takes its text for just this."""
    try:
        return all(read_value(text, named.kind) == named for text in _texts_of(named))
    except BadValue:
        return False


def stix_of(rows: Sequence[Written], *, producer: str, address: str) -> dict[str, Any]:
    """A bundle; the same for the same rows. `producer` is who confirms them, `address` what tells it from others."""
    if not rows:
        # a bundle without objects is one all the same
        return {"type": "bundle", "id": f"bundle--{uuid.uuid5(_NAMESPACE, address)}", "objects": []}
    author = f"identity--{uuid.uuid5(_NAMESPACE, f'identity:{address}')}"
    began = _moment(min(row.first_seen for row in rows))
    identity = {
        "type": "identity",
        "spec_version": "2.1",
        "id": author,
        "created": began,
        "modified": began,
        "name": producer,
        "identity_class": "system",
    }
    objects = [identity, *(_indicator(row, author) for row in rows)]
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()
    return {"type": "bundle", "id": f"bundle--{uuid.uuid5(_NAMESPACE, digest)}", "objects": objects}


def csv_of(rows: Sequence[Written]) -> Iterator[str]:
    """Lines no spreadsheet takes for formulas."""
    yield MARK + csv_line(_COLUMNS)
    for row in rows:
        first, said = row.first_seen.astimezone(UTC).isoformat(timespec="seconds"), row.description
        yield csv_line((row.named.kind.value, row.named.value, row.confidence, first, said))


def pattern_of(named: Named) -> str:
    """The pattern of STIX that matches it, whatever stands in its value."""
    path = _path_of(named)
    return f"[{' OR '.join(f'{path} = {_quoted(text)}' for text in _texts_of(named))}]"


def _indicator(row: Written, author: str) -> dict[str, Any]:
    found = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(_NAMESPACE, f'{row.named.kind.value}:{row.named.value}')}",
        "created_by_ref": author,
        "created": _moment(row.first_seen),
        "modified": _moment(max(row.first_seen, row.confirmed_at)),
        "name": f"{row.named.kind.value} {row.named.value}",
        "description": row.description,
        "indicator_types": ["malicious-activity"],
        "pattern": pattern_of(row.named),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _moment(row.first_seen),
        "confidence": row.confidence,
    }
    references = [{"source_name": "guardrail", "external_id": key, "url": url} for key, url in row.sources]
    return {**found, "external_references": references} if references else found


def _path_of(named: Named) -> str:
    match named.kind:
        case Kind.DOMAIN | Kind.NEW_DOMAIN:
            return "domain-name:value"
        case Kind.EMAIL:
            return "email-addr:value"
        case Kind.URL:
            return "url:value"
        case Kind.IP:
            return "ipv6-addr:value" if ":" in named.value else "ipv4-addr:value"
        case Kind.HASH:
            return f"file:hashes.'{_HASHES[len(named.value)]}'"
        case Kind.TEXT:
            # no object of the standard is a text; our own reader knows this one
            return "x-guardrail-text:fingerprint"


def _texts_of(named: Named) -> tuple[str, ...]:
    """How the value is written: a URL is kept without its scheme, and is one with either."""
    return (f"https://{named.value}", f"http://{named.value}") if named.kind is Kind.URL else (named.value,)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
