"""What a call leaves in memory: hashes, counters and times, never its text. Pure.

Kept with the verdict too, so that memory lost with Redis is rebuilt from Postgres without reading a transcript.
"""

import hashlib
import ipaddress
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from guardrail.invocation import Invocation
from guardrail.likeness import LEADING, Aim, aims_of, led_to, sketch_of
from guardrail.shapes import shape_of
from guardrail.text.questions import ABILITIES, LONGEST_TURN, REFUSED, fingerprint_of, letters_of
from policies.decision import Decision
from policies.ruleset import Action, Mode, Standing, ToolKind, host_of
from policies.signal import Signal


class Chain(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """What links a call with others that are harmless one by one (`guardrail.chains`).

    `pieces` are (hash, characters, how sure: `guardrail.chains.grade`) that would go to each of `houses`; `parts`
    are (hash of a secret, its characters, start, end). `said` are 3 bytes for each word and address of what a person
    just said, `named` the destinations named so; `relayed` = another agent gave the order. `entered` are
    (destination, `c` a record that was there got it, `n` a new one or a text did), or (what an order from outside is
    about, `o`); `things` are those of the latter that this call is about. `lines` are fingerprints of classified
    documents that went to `houses`. `stored` are fingerprints of a text that it stored and that is `marked` so
    (`guardrail.stored_text`), `matched` those of such a text it carries.
    """

    houses: tuple[str, ...] = ()
    pieces: tuple[tuple[str, int, int], ...] = ()
    parts: tuple[tuple[str, int, int, int], ...] = ()
    said: bytes = b""
    named: tuple[str, ...] = ()
    relayed: bool = False
    entered: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    marked: str = ""
    matched: tuple[str, ...] = ()
    things: tuple[str, ...] = ()


class Traces(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """The traces of one call. `at` is Unix milliseconds; names are hashes, empty where the call gives none.

    `organisation` is one tenant of one caller, and part of every other hash. `network` is the client's neighbourhood:
    256 addresses of IPv4, a /56 of IPv6. `tool` is what policy knows the tool by. `destinations` are those of
    `guardrail.destinations`, in its order. `outputs_of_tool` counts what the planned tool returned so far, as far as it
    is in view. `shape` is the arguments' (`guardrail.shapes`), `kindred` the agent's name. `chain` is None where
    nothing links the call to others. INVARIANT: kept as an array, so new fields go to the end and have a default.

    Only of a caller who is not signed in (`public`): `questions` are the letters of what this turn asks about the agent
    itself (`guardrail.text.questions`), `question` stands for its words; `series` for the call without its numbers, and
    `number` is the end (16 bits) of the longest of them, so that neighbours are known and no number is kept.
    `step` is the delivered step, empty where the caller names none; `aims` and `sketch` are what the call is known by
    when it comes again in another form (`guardrail.likeness`).
    """

    at: int
    organisation: str
    session: str
    agent: str
    user: str = ""
    client: str = ""
    network: str = ""
    tool: str = ""
    kind: str = ""
    destinations: tuple[str, ...] = ()
    outputs_of_tool: int = 0
    shape: str = ""
    kindred: str = ""
    chain: Chain | None = None
    public: bool = False
    questions: str = ""
    question: str = ""
    series: str = ""
    number: int = 0
    step: str = ""
    aims: tuple[Aim, ...] = ()
    sketch: bytes = b""
    outward: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call, as its verdict says it. `proven` are the digests of the texts its stop proved poisoned
    (`guardrail.attribution.recall`). `late` = found after it was let through: `would_have` and `signal` say what.
    """

    verdict_id: str
    action: str
    would_have: str
    signal: str
    monitored: bool = False
    proven: tuple[str, ...] = ()
    late: bool = False

    @property
    def stopped(self) -> bool:
        """Whether the caller was told not to make it."""
        return self.action in ("hold", "block")

    @property
    def counts(self) -> bool:
        """Whether enforced calls like it are to be stopped, and not only monitored ones."""
        return self.stopped or (self.late and not self.monitored)


def outcome_of(decision: Decision, *, verdict_id: uuid.UUID, proven: tuple[str, ...] = ()) -> Outcome:
    """What became of a call, as its verdict will say it."""
    return Outcome(
        verdict_id=str(verdict_id),
        action=decision.action.name.lower(),
        would_have=decision.would_have.name.lower(),
        signal=decision.deciding.name if decision.deciding else "",
        monitored=decision.mode is Mode.MONITOR,
        proven=proven,
    )


_NUMBERS = re.compile(r"\d{3,12}")
_DIGITS = re.compile(r"\d+")
_LONGEST_ARGUMENTS = 4_000


def traces_of(
    call: Invocation,
    *,
    kind: ToolKind,
    standings: Mapping[str, Standing],
    at: datetime,
    chain: Chain | None = None,
) -> Traces:
    """The traces of a call that came `at`, by the standings of its destinations in order. 0.1 ms."""
    whose = (call.orchestrator, call.tenant_id)
    client, network = _client_of(call.client_ip)
    series, number = _series_of(call) if call.anonymous else ("", 0)
    turn = " ".join(passage.text for passage in call.user_passages)[:LONGEST_TURN] if call.anonymous else ""
    questions = letters_of(turn) if turn else ""
    organisation = organisation_of(call)
    aims = aims_of(call, standings, kind=kind, organisation=organisation)
    again = aims or kind is not ToolKind.READ
    return Traces(
        at=int(at.timestamp() * 1000),
        organisation=organisation,
        session=session_of(call),
        agent=hashed(*whose, call.agent_id),
        user=hashed(*whose, call.user_id.lower()) if call.user_id else "",
        client=hashed(*whose, client) if client else "",
        network=hashed(*whose, network) if network else "",
        tool=tool_hash(call, call.tool.tool_id or call.tool.name),
        kind=kind.value,
        destinations=tuple(hashed(value) for value in standings),
        outputs_of_tool=_outputs_of_tool(call),
        shape=shape_of(call),
        kindred=hashed(*whose, "named", call.agent_name.strip().lower()) if call.agent_name.strip() else "",
        chain=chain,
        public=call.anonymous,
        questions=questions + (REFUSED if call.anonymous and call.refusals else ""),
        # what every curious customer asks is asked in the same words by many
        question=fingerprint_of(turn) if questions.strip(ABILITIES) else "",
        series=series,
        number=number,
        step=hashed(call.step_key)[:16] if call.plan_step_id else "",
        aims=aims,
        sketch=sketch_of(call, standings, organisation=organisation) if again else b"",
        outward=any(standing is not Standing.INTERNAL for standing in standings.values()),
    )


def _series_of(call: Invocation) -> tuple[str, int]:
    """What a call asks for apart from its numbers, and the end of the longest of them; nothing where there is none."""
    arguments = call.arguments_json[:_LONGEST_ARGUMENTS]
    numbers = _NUMBERS.findall(arguments)
    if not numbers:
        return "", 0
    series = hashed(call.tool.tool_id, call.tool.name, _DIGITS.sub("#", arguments))[:8]
    return series, int(max(numbers, key=len)) % 65_536


def network_of(ip: str) -> str:
    """The neighbourhood of a client's address as people write it, empty where it is no address."""
    return _client_of(ip)[1]


def _outputs_of_tool(call: Invocation) -> int:
    name = (call.tool.tool_id or call.tool.name).lower()
    return sum(1 for output in call.outputs if name in (output.tool_id.lower(), output.tool_name.lower()))


def tool_hash(call: Invocation, name: str) -> str:
    """The hash of a tool, by its id or, where it has none, its name."""
    return hashed(call.orchestrator, call.tenant_id, name.lower())


def organisation_of(call: Invocation) -> str:
    """The hash of one tenant of one caller."""
    return hashed(call.orchestrator, call.tenant_id)


def led_by(traces: Traces, destinations: Sequence[str], decision: Decision) -> Traces:
    """The traces once the call is judged: which of its `destinations` a text led to, as the signals tell."""
    if decision.would_have < Action.HOLD or not traces.aims:
        return traces
    led = {value for signal in decision.signals if signal.name in LEADING for value in _led_to(signal)}
    if not led:
        return traces
    aims = tuple(
        msgspec.structs.replace(aim, led=_leads(destinations[aim.at], led)) if aim.at < len(destinations) else aim
        for aim in traces.aims
    )
    return msgspec.structs.replace(traces, aims=aims)


def _led_to(signal: Signal) -> list[str]:
    quotes = [evidence.quote for evidence in signal.evidence if evidence.source != "argument"]
    return led_to(signal.facts, quotes)


def _leads(destination: str, led: Collection[str]) -> bool:
    """Of a URL a signal may name the host alone."""
    return destination in led or ("://" in destination and host_of(destination) in led)


def session_of(call: Invocation) -> str:
    """The hash of the conversation; a call without one is a conversation of its own."""
    return session_hash(call.orchestrator, call.agent_id, call.conversation_id or call.step_key)


def session_hash(orchestrator: str, agent_id: str, conversation_id: str) -> str:
    return hashed(orchestrator, agent_id, conversation_id)


def hashed(*parts: str) -> str:
    """What stands for names in memory: 24 hex digits."""
    whole = "\x1f".join(parts)
    return _short_hash(whole) if len(whole) <= _SHORT else _hash(whole)


def _hash(whole: str) -> str:
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:24]


# An address with a zone of its own; what is longer is none.
_LONGEST_ADDRESS = 100
# the same agents, users and tools come again and again; what is long is not kept for whoever sends it
_SHORT = 300
_short_hash = lru_cache(maxsize=16_384)(_hash)


def packed(traces: Traces) -> bytes:
    """As the verdict keeps them, some 250 bytes."""
    return msgspec.msgpack.encode(traces)


def unpacked(kept: bytes) -> Traces | None:
    """The traces of a verdict; None where it has none, or those of a version to come."""
    try:
        return _DECODER.decode(kept) if kept else None
    except msgspec.DecodeError:
        return None


_DECODER = msgspec.msgpack.Decoder(Traces)


def _client_of(ip: str) -> tuple[str, str]:
    """The client's address in one spelling and its network; what is no address stands for itself alone."""
    return _known_client(ip) if len(ip) <= _LONGEST_ADDRESS else (ip.strip().lower(), "")


# a client makes call after call
@lru_cache(maxsize=4_096)
def _known_client(ip: str) -> tuple[str, str]:
    if not ip:
        return "", ""
    try:
        address = ipaddress.ip_address(ip.strip().partition("%")[0])
    except ValueError:
        return ip.strip().lower(), ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(address), str(ipaddress.ip_network((address, 56), strict=False))
        address = address.ipv4_mapped
    return str(address), str(ipaddress.ip_network((address, 24), strict=False))
