"""Claim: data would leave inside an address: in a link's query, path or fragment, in a host name, or cut over many.

Opening an address carries it out, so a call that only reads counts too, and so does a picture a mail program loads by
itself. Silent are addresses that stood so in what was read, what the user said, and hosts an admin or the user named.
Cannot see: pieces spread over several calls, ciphers, a host an admin vouches for that hands data on.
"""

import enum
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from guardrail.attribution.address_forms import left_open
from guardrail.attribution.provenance import stands_in
from guardrail.attribution.seen import Found, Seen
from guardrail.case import Case
from guardrail.destinations import EMAIL
from guardrail.sent_links import Sent, sent_in
from guardrail.text.carried import compact, decoded_of, is_identifier, is_noise, plain_of
from guardrail.text.keys import find_key
from guardrail.text.links import registered_domain
from guardrail.text.personal import find_personal
from guardrail.text.public_services import is_public_service
from policies.ruleset import Standing, ToolKind
from policies.signal import Evidence, Mark, Redaction, Severity, Signal

NAME = "exfiltration"

_HOME_ENDINGS = (".local", ".internal", ".lan", ".localhost", ".intranet", ".corp", ".home.arpa")
# What signs, times and counts an address; it is random by design and made by whoever made the address.
_SIGNING = frozenset(
    "sig signature state nonce code code_challenge code_verifier policy key-pair-id expires hash hmac token sv se sp "
    "sr st spr skoid sktid ske sks skt skv csrf cursor continuation continuationtoken pagetoken page_token skiptoken "
    "$skiptoken gclid fbclid msclkid mkt_tok mc_eid dclid _hsenc _hsmi context tempauth sharingv2 migratedtospo "
    "client_id redirect_uri session sessionid pwd id_token_hint login_hint ver version rev etag".split()
)
_SIGNING_BEGINNINGS = ("x-amz-", "x-goog-", "x-ms-", "utm_", "x-oss-")
# Commands whose result says nothing of anybody: which machine, which day.
_HARMLESS = frozenset("uname date nproc arch lsb_release dpkg seq echo printf basename dirname".split())
_COMPUTED = re.compile(r"(?:\$\(|`)\s{0,4}([\w./-]{1,60})")
_LONG_WORDS, _LONG_LETTERS = 8, 40
_FEWEST_PIECES = 4
_SHORTEST_FILLING = 6


class _Weight(enum.IntEnum):
    ODD = 1
    LIKELY = 2
    SURE = 3


_NAMES = {_Weight.ODD: "link_unusual", _Weight.LIKELY: "data_in_link_suspected", _Weight.SURE: "data_in_link"}
_SEVERITIES = {_Weight.ODD: Severity.LOW, _Weight.LIKELY: Severity.MEDIUM, _Weight.SURE: Severity.HIGH}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finding:
    """What one address carries, in words, and where that was read, as far as it is known."""

    weight: _Weight
    sent: Sent
    what: str
    said: str = ""
    found: Found | None = None
    is_secret: bool = False


def detect(case: Case) -> list[Signal]:
    """At most one signal: the address that says most; its redactions take out every address that carries data."""
    pieces = [sent for sent in sent_in(case.call, case.kind) if len(sent.piece.raw) < 8_000]
    if not pieces:
        return []
    judged = _Judged(case)
    outward = [sent for sent in pieces if judged.leads_out(sent.host)]
    outward = _without_printed(_without_public(outward), judged)
    findings = [judged.weighed(finding) for finding in _findings(outward, judged)]
    if not findings:
        return []
    strongest = max(findings, key=lambda finding: finding.weight)
    return [_signal(strongest, findings, case)]


class _Judged:
    """What is known of the hosts of one call, asked once each."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.seen = Seen(case)
        self._out: dict[str, bool] = {}
        self._planted: dict[str, bool] = {}

    def leads_out(self, host: str) -> bool:
        """Whether nobody vouches for `host`: neither an admin nor the user, and it is none of this network."""
        if host not in self._out:
            self._out[host] = self._is_unknown(host)
        return self._out[host]

    def is_planted(self, host: str) -> bool:
        """Whether the agent has `host` from a text; a host it knows by itself nobody can have aimed it at."""
        if host not in self._planted:
            self._planted[host] = self.seen.names(host)
        return self._planted[host]

    def weighed(self, finding: _Finding) -> _Finding:
        """`finding`, only likely where the agent may have chosen the host itself, e.g. to have a diagram drawn."""
        if finding.weight is _Weight.SURE and not finding.is_secret and not self.is_planted(finding.sent.host):
            return replace(finding, weight=_Weight.LIKELY)
        return finding

    def _is_unknown(self, host: str) -> bool:
        if host.endswith(_HOME_ENDINGS) or self.case.ruleset.standing_of(host) is not Standing.UNKNOWN:
            return False
        try:
            if not ipaddress.ip_address(host).is_global:
                return host.startswith(("203.0.113.", "198.51.100.", "192.0.2."))
        except ValueError:
            pass
        user = self.case.user.lower
        if stands_in(host.removeprefix("www."), user) >= 0:
            return False
        # another host of a house the user named, unless a text named that host
        return stands_in(registered_domain(host), user) < 0 or any(host in field.lower for field in self.seen.fields)


def _without_public(pieces: list[Sent]) -> list[Sent]:
    paths: dict[int, list[str]] = {}
    for sent in pieces:
        if sent.piece.place == "path":
            paths.setdefault(sent.link, []).append(sent.piece.raw)
    return [sent for sent in pieces if not is_public_service(sent.host, tuple(paths.get(sent.link, ())))]


def _without_printed(pieces: list[Sent], judged: _Judged) -> list[Sent]:
    """Without addresses that stood so, as a whole, in what was read."""
    texts = {argument.path: str(argument.value) for argument in judged.case.call.arguments}
    spans = {(sent.argument, sent.start, sent.end): sent.host for sent in pieces}
    printed = set()
    for span, host in spans.items():
        address = texts.get(span[0], "")[span[1] : span[2]]
        # a path as an argument of its own is no address
        if host in address.lower() and judged.seen.is_printed(address):
            printed.add(span)
    return [sent for sent in pieces if (sent.argument, sent.start, sent.end) not in printed]


def _findings(pieces: list[Sent], judged: _Judged) -> Iterator[_Finding]:
    values: dict[int, list[_Finding]] = {}
    for sent in pieces:
        if judged.case.budget.spent():
            return
        if len(sent.piece.raw) < 4 or sent.piece.raw in judged.seen.printed(sent.host):
            continue
        finding = _weigh(sent, judged)
        if finding is None:
            continue
        if finding.weight is _Weight.ODD and finding.found is not None:
            values.setdefault(sent.link, []).append(finding)
        else:
            yield finding
    for together in values.values():
        yield from _several(together, judged)
    yield from _filled_in(pieces, judged)
    yield from _in_pieces(pieces, judged)
    yield from _in_one_address(pieces, judged)


def _weigh(sent: Sent, judged: _Judged) -> _Finding | None:
    """What one piece says against its address; ODD with `found` = a value from what was read, nothing by itself."""
    seen = judged.seen
    plain = plain_of(sent.piece.raw)
    computed = _COMPUTED.search(plain)
    if computed and judged.case.kind is ToolKind.EXECUTE and computed.group(1).lower() not in _HARMLESS:
        return _Finding(weight=_Weight.LIKELY, sent=sent, what=f"what the command `{computed.group(1)}` finds")
    if is_identifier(plain):
        return None
    if seen.is_users(plain):
        return _earlier(sent, plain, judged)
    secret = find_key(plain)
    if secret:
        return _Finding(weight=_Weight.SURE, sent=sent, what=secret, said=plain, is_secret=True)
    found = seen.find(plain)
    if found is not None and found.share >= 0.5:
        return _plain(sent, plain, found, judged)
    for said, how in decoded_of(plain):
        finding = _encoded(sent, said, how, judged)
        if finding is not None:
            return finding
    return _made_up(sent, plain, judged)


def _earlier(sent: Sent, said: str, judged: _Judged) -> _Finding | None:
    """What the user said is the user's to send; not where a text wants to have what was said before."""
    if len(said.split()) < _LONG_WORDS or not judged.is_planted(sent.host) or not judged.seen.is_users_earlier(said):
        return None
    return _Finding(weight=_Weight.LIKELY, sent=sent, what="what the user said earlier", said=said)


def _plain(sent: Sent, plain: str, found: Found, judged: _Judged) -> _Finding | None:
    """A text that was read, as it is."""
    words = len(plain.replace("_", " ").replace("-", " ").replace("+", " ").split())
    read = f"text it read in {_source(found, judged.case)}"
    sure = _Finding(weight=_Weight.SURE, sent=sent, what=read, said=plain, found=found)
    likely = _Finding(weight=_Weight.LIKELY, sent=sent, what=read, said=plain, found=found)
    homes = judged.seen.homes_of(sent.host)
    # a name or title as a field of its own is how things are looked up and filed
    if not found.is_whole_field and words >= _LONG_WORDS and found.letters >= _LONG_LETTERS:
        return sure
    if sent.piece.place in ("label", "user") and (words >= 4 or found.letters >= _LONG_LETTERS):
        return sure
    elsewhere = found.places.isdisjoint(homes)
    planted = judged.is_planted(sent.host)
    if sent.loads and elsewhere and not found.is_whole_field:
        if planted and (words >= 2 or found.letters >= 6):
            return sure
        if words >= 4:
            return likely
    if not elsewhere or found.letters < 6:
        return None
    personal = find_personal(plain)
    if personal or (planted and (found.is_telling or EMAIL.fullmatch(plain))):
        return sure if found.is_telling and planted else likely
    if planted and words >= 4 and not found.is_whole_field:
        return likely
    return _Finding(weight=_Weight.ODD, sent=sent, what=read, said=plain, found=found)


def _encoded(sent: Sent, said: str, how: str, judged: _Judged) -> _Finding | None:
    """A text somebody took the trouble to encode."""
    seen = judged.seen
    key = compact(said)
    turned = how in ("rot13", "written backwards")
    if said.lower().startswith(("http://", "https://")):
        return None
    if seen.is_users(said):
        return _earlier(sent, said, judged)
    found = seen.find(said) if len(key) >= (12 if turned else 6) else None
    if found is not None and found.share >= 0.4:
        what = f"text it read in {_source(found, judged.case)}, in {how}"
        return _Finding(weight=_Weight.SURE, sent=sent, what=what, said=said, found=found)
    if turned:
        return None
    secret = find_key(said) or find_personal(said)
    if secret:
        return _Finding(weight=_Weight.SURE, sent=sent, what=f"{secret}, in {how}", said=said, is_secret=True)
    if len(said.split()) >= 3 and len(key) >= 14 and _is_prose(said) and judged.case.sources:
        return _Finding(weight=_Weight.LIKELY, sent=sent, what=f"a text in {how}", said=said)
    return None


def _is_prose(text: str) -> bool:
    good = sum(1 for letter in text if letter.isalnum() or letter in " .,:;!?'\"-_/@()\n")
    return good >= 0.9 * len(text)


def _made_up(sent: Sent, plain: str, judged: _Judged) -> _Finding | None:
    """What the agent wrote itself: a retelling of what it read, or noise of which nobody can say what it is."""
    if sent.piece.place != "label" and len(plain.split()) >= (5 if sent.loads else _LONG_WORDS):
        found = judged.seen.retold(plain)
        if found is not None and found.places.isdisjoint(judged.seen.homes_of(sent.host)):
            what = f"a retelling of what it read in {_source(found, judged.case)}"
            return _Finding(weight=_Weight.LIKELY, sent=sent, what=what, said=plain, found=found)
    if _is_odd(sent, plain) and judged.case.sources:
        return _Finding(weight=_Weight.ODD, sent=sent, what="a long value of which nobody can tell what it is")
    return None


def _is_odd(sent: Sent, plain: str) -> bool:
    name = sent.piece.name
    signing = name in _SIGNING or name.startswith(_SIGNING_BEGINNINGS)
    return sent.piece.place in ("query", "fragment") and not signing and len(plain) >= 40 and is_noise(plain)


def _several(values: list[_Finding], judged: _Judged) -> Iterator[_Finding]:
    """Three values from elsewhere in one address of which only a text spoke: a record is being copied out."""
    first = values[0]
    if len({finding.said for finding in values}) >= 3 and judged.seen.homes_of(first.sent.host):
        yield _Finding(
            weight=_Weight.LIKELY,
            sent=first.sent,
            what=f"{len(values)} values it read",
            said=first.said,
            found=first.found,
        )


def _filled_in(pieces: list[Sent], judged: _Judged) -> Iterator[_Finding]:
    """The value of an address that a text gave as a form to be filled in, and not with what the user said."""
    for sent in pieces:
        if sent.piece.place != "query" or not sent.piece.name or len(sent.piece.raw) < _SHORTEST_FILLING:
            continue
        plain = plain_of(sent.piece.raw)
        if not judged.seen.is_users(plain) and sent.piece.name in left_open(sent.host, judged.case):
            what = "what a text left to be filled in there"
            yield _Finding(weight=_Weight.LIKELY, sent=sent, what=what, said=plain)


def _in_one_address(pieces: list[Sent], judged: _Judged) -> Iterator[_Finding]:
    """A text cut into the labels, the path or the values of one address; a label alone holds 63 characters."""
    groups: dict[tuple[int, str], list[Sent]] = {}
    for sent in pieces:
        groups.setdefault((sent.link, sent.piece.place), []).append(sent)
    for parts in groups.values():
        if len(parts) < 2 or all(part.piece.raw in judged.seen.printed(part.host) for part in parts):
            continue
        for some in (parts, parts[1:], parts[:-1]):
            finding = _joined(some, judged) if len(some) > 1 else None
            finding = finding or _word_by_word(some, judged)
            if finding is not None:
                yield finding
                break


def _word_by_word(parts: list[Sent], judged: _Judged) -> _Finding | None:
    """A sentence that was read, a word or two in each part; a path that was read has no blanks in it."""
    text = " ".join(plain_of(part.piece.raw).replace("-", " ").replace("_", " ") for part in parts)
    words = text.lower().split()
    if len(parts) < 3 or len(words) < _LONG_WORDS or judged.seen.is_users(text):
        return None
    found = judged.seen.find(text)
    if found is None or found.letters < _LONG_LETTERS or " ".join(words[:3]) not in found.field.lower:
        return None
    what = f"text it read in {_source(found, judged.case)}, word by word"
    return _Finding(weight=_Weight.SURE, sent=parts[0], what=what, said=text, found=found)


def _in_pieces(pieces: list[Sent], judged: _Judged) -> Iterator[_Finding]:
    """A text cut over many addresses of one house, a few characters each."""
    series: dict[tuple[str, str, str], list[Sent]] = {}
    for sent in pieces:
        if len(sent.piece.raw) <= 80:
            place = sent.piece.place
            series.setdefault((registered_domain(sent.host), place, sent.piece.name), []).append(sent)
    for parts in series.values():
        links = {part.link for part in parts}
        if len(links) < _FEWEST_PIECES or judged.case.budget.spent():
            continue
        last = list({part.link: part for part in parts}.values())
        first = list({part.link: part for part in reversed(parts)}.values())[::-1]
        for some in (last, first):
            varied = len({part.piece.raw for part in some}) >= min(_FEWEST_PIECES, len(some))
            printed = all(part.piece.raw in judged.seen.printed(part.host) for part in some)
            finding = _joined(some, judged) if varied and not printed else None
            if finding is not None:
                yield from (replace(finding, sent=part) for part in some)
                break


def _joined(parts: list[Sent], judged: _Judged) -> _Finding | None:
    """What `parts` say in a row, unless each is a value of its own."""
    seen = judged.seen
    values = [plain_of(part.piece.raw).lstrip("0123456789").lstrip("-_.:~") or part.piece.raw for part in parts]
    whole = "".join(values)
    if len(whole) < 8 or seen.is_users(whole):
        return None
    forms = [(whole, "")] + [
        (said, how) for said, how in decoded_of(whole) if how not in ("rot13", "written backwards")
    ]
    plain = [plain_of(part.piece.raw) for part in parts]
    if "".join(plain) != whole:
        forms.append(("".join(plain), ""))
    for said, how in forms:
        found = seen.find(said) if len(compact(said)) >= 8 else None
        if found is None or found.share < 0.5 or seen.is_users(said):
            continue
        # a list of ids or places that is worked through is no text cut in pieces
        listed = sum(_is_value(value, found) for value in plain)
        if not how and (
            listed > 0.5 * len(plain) or any(_is_value(value, found) for value in plain if len(value) > 12)
        ):
            continue
        what = f"text it read in {_source(found, judged.case)}, cut into {len(parts)} pieces" + (
            f" of {how}" if how else ""
        )
        return _Finding(weight=_Weight.SURE, sent=parts[0], what=what, said=said, found=found)
    return None


def _is_value(value: str, found: Found) -> bool:
    return len(value) > 2 and stands_in(value.lower(), found.field.lower) >= 0


def _source(found: Found, case: Case) -> str:
    kind, _, number = found.field.source.partition(":")
    if kind != "output":
        return "the message that started the run"
    output = case.call.outputs[int(number)]
    return f"what {output.tool_name or output.tool_id or 'a tool'} returned"


def _signal(finding: _Finding, findings: Iterable[_Finding], case: Case) -> Signal:
    sent = finding.sent
    manner = "a picture that is loaded without being asked" if sent.loads else "an address"
    standing = case.ruleset.standing_of(sent.host)
    spans = [other.sent for other in findings if other.weight is not _Weight.ODD]
    return Signal(
        name=_NAMES[finding.weight],
        severity=_SEVERITIES[finding.weight],
        reason=f"{manner.capitalize()} at {sent.host}, which nobody vouches for, carries {finding.what}.",
        evidence=tuple(_evidence(finding, case)),
        facts=(
            ("destination", sent.host),
            ("destination_standing", standing.value),
            ("argument", sent.argument),
            ("tool_kind", case.kind.value),
        ),
        redactions=tuple(
            dict.fromkeys(Redaction(argument=span.argument, start=span.start, end=span.end) for span in spans)
        ),
    )


def _evidence(finding: _Finding, case: Case) -> Iterator[Evidence]:
    sent = finding.sent
    value = next((a.value for a in case.call.arguments if a.path == sent.argument), "")
    yield Evidence(
        source="argument",
        path=sent.argument,
        start=sent.start,
        end=sent.end,
        quote=str(value)[sent.start : sent.end][:500],
        mark=Mark.DATA,
        note=f"the address carries {finding.what}"[:200],
    )
    if finding.found is None:
        return
    field = finding.found.field
    kind, _, number = field.source.partition(":")
    passages = case.call.outputs[int(number)].passages if kind == "output" else case.call.user_passages
    passage = next((passage for passage in passages if passage.path == field.path), None)
    if passage is None:
        return
    needle = " ".join(finding.said.lower().split()[:3])
    start = max(0, passage.text.lower().find(needle)) if needle else 0
    end = min(len(passage.text), start + max(len(finding.said), 1))
    yield Evidence(
        source=field.source,
        path=field.path,
        start=start,
        end=end,
        quote=passage.text[start : start + 200],
        mark=Mark.DATA,
        note="where the agent read it",
    )
