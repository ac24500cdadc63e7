"""One planned call laid out for the detectors: what it does, where it reaches, who asked for what, what was read."""

import hashlib
import itertools
import re
from dataclasses import dataclass

from guardrail.attribution.provenance import Leaf, leaves_of, share_given
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.destinations import STRANGE, Reach, Target, reach_of
from guardrail.invocation import Invocation, Message, Passage, Past
from guardrail.text.budget import Budget
from guardrail.text.reading import Reading, read_source
from guardrail.text.wordset import WordSet, word_set
from policies.ruleset import CallRules, Ruleset, ToolKind

# A user who agrees to what the assistant proposed has asked for it in the assistant's words.
_AGREEING = re.compile(
    r"^\W*(?:yes|yep|yeah|sure|ok|okay|go ahead|please do|please proceed|proceed|confirm|confirmed|do it|sounds good|"
    r"correct|that'?s (?:right|fine|correct)|absolutely|of course|i (?:confirm|agree|approve)"
    r"|ja|jawohl|genau|stimmt|einverstanden|passt|mach (?:das|es)|sí|claro|de acuerdo|adelante|correcto|confirmo|"
    r"oui|d['’]accord|allez-y|vas-y|c['’]est (?:bon|juste)|sì|va bene|d['’]accordo|procedi|esatto|confermo|sim|"
    r"está certo|isso mesmo|akkoord|klopt|doe maar|tak|zgadza się|zgoda"
    r"|(?:both|all|each|all of (?:it|them))(?: is| are|'s|'re| sounds?| looks?)? (?:fine|good|right|ok|okay|correct)"
    r"|fine|agreed|perfect|great|good|go(?= ?[.!,]))(?![\w'’])",
    re.IGNORECASE,
)
# `I called her and it is true, change it`
_CONFIRMING = re.compile(
    r"\b(?:(?:it|that)(?:['’]s| is) (?:true|correct|right)|es (?:verdad|cierto)|c['’]est vrai|è vero|é verdade|"
    r"(?:das|es) stimmt|(?:het|dat) klopt|to prawda)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One untrusted text the agent has seen. `name` as in Evidence: `output:<i>` or `trigger`."""

    name: str
    tool_name: str
    reading: Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """All that detectors look at. `user` holds the words of the people this run serves, empty in a triggered run.

    `user_shares` runs along `leaves`: how much of each value the user's words explain, 0 to 1.
    `sink` = the call can change or send something.
    """

    call: Invocation
    past: Past
    ruleset: Ruleset
    rules: CallRules
    kind: ToolKind
    sink: bool
    targets: tuple[Target, ...]
    leaves: tuple[Leaf, ...]
    user: WordSet
    user_shares: tuple[float, ...]
    sources: tuple[Source, ...]
    budget: Budget
    tuning: Tuning


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What of a case hangs on the call and the policy alone, and neither on its past nor on what was read."""

    kind: ToolKind
    targets: tuple[Target, ...]
    leaves: tuple[Leaf, ...]
    user: WordSet
    user_shares: tuple[float, ...]


def lay_out(
    call: Invocation,
    ruleset: Ruleset,
    *,
    tuning: Tuning = PRODUCTION,
    leaves: tuple[Leaf, ...] | None = None,
    reach: Reach | None = None,
) -> Layout:
    """Lay out one call. 0.1 ms. `leaves` are those of its arguments, `reach` is where it reaches, None = found now."""
    reach = reach or reach_of(call, ruleset)
    if leaves is None:
        strange = [target.value for target in reach.targets if target.standing in STRANGE]
        leaves = leaves_of(call.arguments, first=strange)
    user = _user_words(call, tuning)
    return Layout(
        kind=reach.kind,
        targets=reach.targets,
        leaves=leaves,
        user=user,
        user_shares=tuple(share_given(leaf, user) for leaf in leaves),
    )


def open_case(
    call: Invocation,
    past: Past,
    ruleset: Ruleset,
    budget: Budget,
    sources: tuple[Source, ...] | None = None,
    *,
    tuning: Tuning = PRODUCTION,
    layout: Layout | None = None,
) -> Case:
    """A case of one call with the `sources` read for it and its `layout`; None = now."""
    if layout is None:
        layout = lay_out(call, ruleset, tuning=tuning)
    return Case(
        call=call,
        past=past,
        ruleset=ruleset,
        rules=ruleset.for_call(agent_id=call.agent_id, environment_id=call.environment_id),
        kind=layout.kind,
        sink=layout.kind is not ToolKind.READ,
        targets=layout.targets,
        leaves=layout.leaves,
        user=layout.user,
        user_shares=layout.user_shares,
        sources=read_sources(call, budget) if sources is None else sources,
        budget=budget,
        tuning=tuning,
    )


def _user_words(call: Invocation, tuning: Tuning) -> WordSet:
    if call.by_outsider:
        return word_set(())
    texts = [passage.text for passage in call.user_passages]
    said = [message for message in call.history if message.role in ("user", "assistant")]
    texts += [passage.text for message in said if message.role == "user" for passage in message.passages]
    for before, message in itertools.pairwise(said if tuning.agreed_turns else ()):
        if before.role == "assistant" and message.role == "user":
            reply = " ".join(passage.text for passage in message.passages)[:200]
            if _agrees(reply):
                texts += [passage.text for passage in before.passages]
    last = said[-1] if said else None
    if tuning.agreed_turns and not call.event_triggered and last is not None and not _is_current(last, call):
        # this turn is not in the history: it answers the last the assistant said
        told = next((message for message in reversed(said) if message.role == "assistant"), None)
        if told and _agrees(" ".join(passage.text for passage in call.user_passages)[:200]):
            texts += [passage.text for passage in told.passages]
    return word_set(texts)


def _agrees(reply: str) -> bool:
    return bool(_AGREEING.match(reply) or _CONFIRMING.search(reply))


def _is_current(message: Message, call: Invocation) -> bool:
    said = [passage.text for passage in call.user_passages]
    return message.role == "user" and [passage.text for passage in message.passages] == said


def read_sources(call: Invocation, budget: Budget) -> tuple[Source, ...]:
    """What the outputs and an outsider's trigger say, newest first, as far as the budget goes."""
    found = []
    if call.by_outsider and call.user_passages:
        reading = read_source(call.user_passages, digest=digest_of("trigger", call.user_passages), budget=budget)
        found.append(Source(name="trigger", tool_name="", reading=reading))
    for index in range(len(call.outputs) - 1, -1, -1):
        output = call.outputs[index]
        reading = read_source(output.passages, digest=output.digest, budget=budget)
        found.append(Source(name=f"output:{index}", tool_name=output.tool_name or output.tool_id, reading=reading))
    return tuple(found)


def digest_of(source: str, passages: tuple[Passage, ...]) -> str:
    """What a text that came without a digest is cached under; `source` keeps equal texts of two kinds apart."""
    sha = hashlib.sha256(source.encode())
    for passage in passages:
        sha.update(passage.path.encode("utf-8", "replace") + b"\0" + passage.text.encode("utf-8", "replace") + b"\0")
    return sha.hexdigest()
