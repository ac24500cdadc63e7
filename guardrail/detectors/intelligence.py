"""Claim: a call reaches a place on a list of threats, one made to be taken for ours, or one registered only lately.

What a text in view names is noted too, and decides nothing: reports and warnings name bad places honestly. Nothing is
said of a destination that is ours or known, except where a person listed it by hand.
Cannot see: a destination the tool itself chooses, a place behind a link shortener, a list that is out of date.
Source: the lists are those an admin names; how likeness is told is written in `policies/intelligence/lookalike.py`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from guardrail.attribution.provenance import stands_in
from guardrail.case import Case
from guardrail.destinations import EMAIL, URL, Target
from guardrail.invocation import Passage
from guardrail.text.mentions import Mentions, mentions_in
from policies.intelligence.index import Indicators, Listed, Tier
from policies.intelligence.values import BadValue, Kind, read_value
from policies.ruleset import Standing, host_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "intelligence"

_MATCHED = {
    Tier.HIGH: ("indicator_matched", Severity.HIGH),
    Tier.LOW: ("indicator_matched_low", Severity.MEDIUM),
    Tier.NOTED: ("indicator_matched_noted", Severity.LOW),
}
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9A-Za-z])", re.IGNORECASE)
_LONGEST_ARGUMENT = 20_000
_MOST_SAID = 5
_WORDS = {
    Kind.DOMAIN: "the domain {}",
    Kind.EMAIL: "the address {}",
    Kind.URL: "the link {}",
    Kind.IP: "the network address {}",
    Kind.HASH: "a text with the hash {}",
    Kind.TEXT: "an instruction known as {}",
    Kind.NEW_DOMAIN: "the domain {}",
}


def detect(case: Case) -> list[Signal]:
    """At most one signal of each sort: a match, what stands in view, a look-alike, a new registration."""
    indicators = case.ruleset.indicators
    found = []
    if indicators.count:
        matches = [*_reached(case, indicators), *_hashes_sent(case, indicators)]
        if matches:
            found.append(_matched(matches, case))
        found += _in_view(case, indicators, said={listed.value for listed, _ in matches})
    if case.ruleset.lookalikes.domains:
        found += _lookalike(case)
    return found + (_newly_registered(case, indicators) if Kind.NEW_DOMAIN.value in indicators.kinds else [])


def _reached(case: Case, indicators: Indicators) -> Iterator[tuple[Listed, Target]]:
    for target in case.targets:
        listed = _listed(target.value, indicators)
        if listed is not None:
            trusted = target.standing.is_trusted
            if not trusted or listed.by_person:
                yield listed, target


def _listed(value: str, indicators: Indicators) -> Listed | None:
    """The strongest that lists a destination: the address itself, the link, the host."""
    found = []
    if EMAIL.fullmatch(value):
        found.append(indicators.find(Kind.EMAIL, value))
    elif URL.match(value) or "/" in value:
        url = _stored_url(value)
        found.append(indicators.find_url(url) if url else None)
    host = host_of(value)
    if "." in host:
        found.append(indicators.find_host(host))
    return max((listed for listed in found if listed), key=lambda listed: listed.tier, default=None)


@lru_cache(maxsize=2048)
def _stored_url(value: str) -> str:
    try:
        return read_value(value[:500], Kind.URL).value
    except BadValue:
        return ""


def _hashes_sent(case: Case, indicators: Indicators) -> Iterator[tuple[Listed, Target]]:
    """Arguments that name a listed hash, or whose text has it."""
    if Kind.HASH.value not in indicators.kinds:
        return
    for argument in case.call.arguments:
        if not isinstance(argument.value, str) or len(argument.value) < 8:
            continue
        digests = [sha256(argument.value.encode("utf-8", "surrogatepass")).hexdigest()]
        digests += [digest.lower() for digest in _HEX.findall(argument.value[:_LONGEST_ARGUMENT])]
        for digest in digests:
            listed = indicators.find(Kind.HASH, digest)
            if listed is not None:
                place = Target(value=digest, argument=argument.path, standing=Standing.UNKNOWN, named=False)
                yield listed, place


def _matched(matches: list[tuple[Listed, Target]], case: Case) -> Signal:
    listed, target = max(matches, key=lambda match: (match[0].tier, match[0].confidence))
    name, severity = _MATCHED[listed.tier]
    reaches = "The call carries" if listed.kind is Kind.HASH else "The call reaches"
    what = _WORDS[listed.kind].format(listed.value)
    return Signal(
        name=name,
        severity=severity,
        reason=f"{reaches} {what}, which the list “{listed.source}” names with a confidence of {listed.confidence}.",
        evidence=(_shown(target),),
        facts=(
            *(() if listed.kind is Kind.HASH else (("destination", target.value),)),
            ("destination_standing", target.standing.value),
            ("argument", target.argument),
            ("tool_kind", case.kind.value),
            *_facts([found for found, _ in matches]),
        ),
    )


def _shown(target: Target) -> Evidence:
    return Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE)


def _facts(listed: list[Listed]) -> Iterator[tuple[str, str]]:
    for one in dict.fromkeys((one.kind.value, one.value, one.source) for one in listed):
        yield "indicator", f"{one[0]}:{one[1]}"
        yield "list", one[2]


def _in_view(case: Case, indicators: Indicators, *, said: set[str]) -> list[Signal]:
    """What the texts the agent has read name, apart from what the call itself reaches."""
    found: list[tuple[Listed, str]] = []
    for source in case.sources:
        passages, digest = _passages_of(case, source.name)
        for listed in _named_in(digest, passages, indicators):
            if listed.value not in said and listed.value not in (one.value for one, _ in found):
                found.append((listed, source.name))
        if len(found) >= _MOST_SAID or case.budget.spent_already():
            break
    if not found:
        return []
    listed = found[0][0]
    more = f", and {len(found) - 1} more of such a kind" if len(found) > 1 else ""
    return [
        Signal(
            name="indicator_in_view",
            severity=Severity.LOW,
            reason=f"A text the agent has read names {_WORDS[listed.kind].format(listed.value)}, which the list"
            f" “{listed.source}” names{more}. The call does not reach it.",
            evidence=tuple(_quote(case, source, one.value) for one, source in found[:_MOST_SAID]),
            facts=tuple(_facts([one for one, _ in found[:_MOST_SAID]])),
        )
    ]


def _passages_of(case: Case, name: str) -> tuple[tuple[Passage, ...], str]:
    kind, _, number = name.partition(":")
    if kind == "output":
        output = case.call.outputs[int(number)]
        return output.passages, output.digest
    return case.call.user_passages, ""


_kept: dict[tuple[str, str], tuple[Listed, ...]] = {}
_MOST_KEPT = 4_000


def _named_in(digest: str, passages: tuple[Passage, ...], indicators: Indicators) -> tuple[Listed, ...]:
    """What these passages name of the list, kept by the digest of the text and the revision of the list."""
    key = (digest, indicators.revision)
    known = _kept.get(key) if digest else None
    if known is None:
        found: dict[Listed, None] = {}
        for passage in passages:
            found.update(dict.fromkeys(_looked_up(passage.text, indicators)))
        known = tuple(found)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        if digest:
            _kept[key] = known
    return known


def _looked_up(text: str, indicators: Indicators) -> Iterator[Listed]:
    named: Mentions = mentions_in(text)
    hits = [indicators.find_host(host) for host in sorted(named.hosts)]
    hits += [indicators.find(Kind.EMAIL, email) for email in sorted(named.emails)]
    hits += [indicators.find_url(link) for link in sorted(named.links)]
    hits += [indicators.find(Kind.HASH, digest) for digest in sorted(named.hashes)]
    if Kind.HASH.value in indicators.kinds and text:
        hits.append(indicators.find(Kind.HASH, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()))
    yield from (hit for hit in hits if hit is not None and hit.kind is not Kind.NEW_DOMAIN)


def _quote(case: Case, name: str, value: str) -> Evidence:
    passages, _ = _passages_of(case, name)
    for passage in passages:
        at = passage.text.lower().find(value)
        if at >= 0:
            quote = passage.text[at : at + len(value)][:500]
            return Evidence(source=name, path=passage.path, start=at, end=at + len(quote), quote=quote, mark=Mark.VALUE)
    return Evidence(source=name, quote=value[:500], mark=Mark.VALUE)


def _lookalike(case: Case) -> list[Signal]:
    """The first destination that is like one of ours."""
    for target in case.targets:
        if target.standing is not Standing.UNKNOWN:
            continue
        host = host_of(target.value)
        like = case.ruleset.lookalikes.find(host)
        if like is None:
            continue
        said = stands_in(target.value, case.user.lower) >= 0 or stands_in(host, case.user.lower) >= 0
        held = case.sink and not said and not like.weak
        by_user = " The user named it, who may have been deceived too." if said else ""
        return [
            Signal(
                name="lookalike_destination" if held else "lookalike_destination_noted",
                severity=Severity.HIGH if held else Severity.LOW,
                reason=f"{host} is not {like.own} and could be taken for it: {like.how}.{by_user}",
                evidence=(
                    Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE),
                ),
                facts=(
                    ("destination", target.value),
                    ("destination_standing", target.standing.value),
                    ("resembles", like.own),
                    ("argument", target.argument),
                    ("tool_kind", case.kind.value),
                ),
            )
        ]
    return []


def _newly_registered(case: Case, indicators: Indicators) -> list[Signal]:
    """The first destination below a domain that was registered only lately."""
    for target in case.targets:
        listed = indicators.find_new(host_of(target.value)) if target.standing is Standing.UNKNOWN else None
        if listed is None:
            continue
        held = case.sink and target.value in case.past.new_destinations
        first = ", and this agent has not been seen to reach it before" if held else ""
        return [
            Signal(
                name="destination_newly_registered" if held else "destination_newly_registered_noted",
                severity=Severity.MEDIUM if held else Severity.LOW,
                reason=f"{listed.value} was registered only lately, as the list “{listed.source}” says{first}.",
                evidence=(
                    Evidence(source="argument", path=target.argument, quote=target.value[:500], mark=Mark.VALUE),
                ),
                facts=(
                    ("destination", target.value),
                    ("destination_standing", target.standing.value),
                    ("argument", target.argument),
                    ("tool_kind", case.kind.value),
                    *_facts([listed]),
                ),
            )
        ]
    return []
