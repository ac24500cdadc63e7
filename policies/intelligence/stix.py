"""Reads indicators from a STIX 2.1 bundle: those whose pattern is one comparison, or several joined by OR. Pure.

STIX 2.1, OASIS standard of 2021-06, sections 4.7 (indicator) and 9 (patterning). AND, FOLLOWEDBY, NOT, LIKE, MATCHES
and qualifiers say more than that a value is bad; such a pattern is counted as not understood, never taken in part.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from policies.intelligence.feed import (
    MOST_BYTES,
    Entry,
    FeedError,
    Read,
    decoded,
    read_moment,
    read_note,
    require_no_page,
)
from policies.intelligence.values import Kind, Named, read_value

_LONGEST_PATTERN = 20_000
_MOST_VALUES = 500
# Each alternative begins with another character, so that no text is tried twice.
_TOKEN = re.compile(
    r"\s*+(?:(?P<string>'(?:[^'\\]|\\.)*+')|(?P<mark>[\[\]()=,])|(?P<path>[A-Za-z][\w.-]*+(?::[\w.\-'\"\[\]*]++)?)"
    r"|(?P<other>\S))"
)
_PATHS = {
    "domain-name:value": Kind.DOMAIN,
    "url:value": Kind.URL,
    "email-addr:value": Kind.EMAIL,
    "email-message:from_ref.value": Kind.EMAIL,
    "email-message:sender_ref.value": Kind.EMAIL,
    "ipv4-addr:value": Kind.IP,
    "ipv6-addr:value": Kind.IP,
    # as `policies.intelligence.writing` names it: no object of the standard is a text
    "x-guardrail-text:fingerprint": Kind.TEXT,
}
_HASHES = re.compile(r"(?:file|artifact):hashes\.'?\"?(?:md5|sha-?1|sha-?256|sha-?512)\"?'?", re.IGNORECASE)


class NotUnderstood(ValueError):
    """A pattern that says more than that a value is bad."""


class _Bundle(msgspec.Struct):
    type: str = ""
    objects: list[msgspec.Raw] = []


class _Object(msgspec.Struct):
    type: str = ""
    id: str = ""
    pattern: str = ""
    pattern_type: str = "stix"
    valid_from: str = ""
    valid_until: str = ""
    confidence: int | None = None
    revoked: bool = False
    name: str = ""
    description: str = ""


def read_stix(body: bytes) -> Read:
    """The entries of a bundle. Objects that are no indicators are context and pass unmentioned. Raises FeedError."""
    if len(body) > MOST_BYTES:
        raise FeedError(f"the feed has {len(body)} bytes, expected at most {MOST_BYTES}")
    text = decoded(body)
    require_no_page(text)
    try:
        bundle = msgspec.json.decode(text, type=_Bundle)
    except RecursionError:
        raise FeedError("the bundle is nested too deeply, expected a STIX 2.1 bundle") from None
    except msgspec.ValidationError:
        raise FeedError("this is no STIX bundle, expected an object with a list `objects`") from None
    except msgspec.DecodeError as error:
        raise FeedError(f"this is not JSON ({error}), expected a STIX 2.1 bundle") from None
    if bundle.type != "bundle":
        raise FeedError(f"the type is `{bundle.type[:40]}`, expected `bundle`")
    found = Read()
    decode = msgspec.json.Decoder(_Object).decode
    for number, raw in enumerate(bundle.objects):
        place = f"objects[{number}]"
        try:
            item = decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            found.complain(place, f"cannot be read: {str(error)[:120]}")
            continue
        if item.type == "indicator":
            _read_indicator(item, found, place=f"{place} {item.id[:60]}".strip())
    return found


def _read_indicator(item: _Object, found: Read, *, place: str) -> None:
    try:
        if item.pattern_type.lower() != "stix":
            raise NotUnderstood(f"the pattern is of type `{item.pattern_type[:40]}`, expected `stix`")
        if item.confidence is not None and not 0 <= item.confidence <= 100:
            raise NotUnderstood(f"the confidence is `{item.confidence}`, expected 0 to 100")
        named = read_pattern(item.pattern)
        valid_from, until = read_moment(item.valid_from), read_moment(item.valid_until)
    except ValueError as error:
        found.complain(place, str(error))
        return
    for one in named:
        found.add(
            Entry(
                named=one,
                confidence=item.confidence,
                valid_from=valid_from,
                expires_at=until,
                description=read_note(item.name or item.description),
                withdrawn=item.revoked,
            ),
            place,
        )


def read_pattern(pattern: str) -> list[Named]:
    """The values of `[a:b = 'x' OR c:d = 'y'] OR [...]`. Raises NotUnderstood or BadValue. Linear in its length."""
    if len(pattern) > _LONGEST_PATTERN:
        raise NotUnderstood(f"the pattern has {len(pattern)} characters, expected at most {_LONGEST_PATTERN}")
    tokens = list(_tokens(pattern))
    at, found = 0, []
    while True:
        at = _expect(tokens, at, "[")
        while True:
            at, named = _comparison(tokens, at)
            found += named
            if at < len(tokens) and tokens[at].upper() == "OR":
                at += 1
                continue
            break
        at = _expect(tokens, at, "]")
        if at == len(tokens):
            return list(dict.fromkeys(found))
        if tokens[at].upper() != "OR":
            raise NotUnderstood(f"the pattern goes on with `{tokens[at][:40]}`, expected `OR` or its end")
        at += 1
        if len(found) > _MOST_VALUES:
            raise NotUnderstood(f"the pattern has more than {_MOST_VALUES} values")


def _tokens(pattern: str) -> Iterator[str]:
    at, end = 0, len(pattern.rstrip())
    while at < end:
        match = _TOKEN.match(pattern, at)
        if match is None or match.group("other"):
            near = pattern[at : at + 20].strip()
            raise NotUnderstood(f"the pattern has `{near}`, expected comparisons with `=` joined by OR")
        yield match.group().strip()
        at = match.end()


def _comparison(tokens: list[str], at: int) -> tuple[int, list[Named]]:
    path = tokens[at] if at < len(tokens) else ""
    kind = _PATHS.get(path.lower()) or (Kind.HASH if _HASHES.fullmatch(path) else None)
    if kind is None:
        raise NotUnderstood(f"the pattern compares `{path[:60]}`, expected a domain, URL, mail address, IP or hash")
    operator = tokens[at + 1].upper() if at + 1 < len(tokens) else ""
    if operator == "=":
        return at + 3, [_value(tokens, at + 2, kind)]
    if operator != "IN":
        raise NotUnderstood(f"the pattern has `{operator[:40]}`, expected `=`")
    at = _expect(tokens, at + 2, "(")
    found = [_value(tokens, at, kind)]
    while at + 1 < len(tokens) and tokens[at + 1] == ",":
        at += 2
        found.append(_value(tokens, at, kind))
    return _expect(tokens, at + 1, ")"), found


def _value(tokens: list[str], at: int, kind: Kind) -> Named:
    text = tokens[at] if at < len(tokens) else ""
    if not text.startswith("'"):
        raise NotUnderstood(f"the pattern has `{text[:40]}`, expected a value in quotes")
    return read_value(re.sub(r"\\(.)", r"\1", text[1:-1]), kind)


def _expect(tokens: list[str], at: int, wanted: str) -> int:
    found = tokens[at] if at < len(tokens) else "its end"
    if found != wanted:
        raise NotUnderstood(f"the pattern has `{found[:40]}`, expected `{wanted}`")
    return at + 1


def is_over(entry: Entry, now: datetime) -> bool:
    """Whether an entry's time has passed already."""
    return entry.expires_at is not None and entry.expires_at <= now.astimezone(UTC)
