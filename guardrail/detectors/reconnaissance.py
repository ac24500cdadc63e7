"""Claim: an unknown person on a public channel first mapped out the agent, and now goes for what it can reach.

Counts turns that ask about the agent itself: its systems, tools, parameters, tables, permissions, instructions. Three
such turns of at least two kinds before a call that looks into knowledge stop that call. Over conversations memory
counts: of one client three that probed, with three kinds, of a network four with four, and at least half of all it had;
or two questions, new to the agent, in the same words from three clients each within a day; or four tools or argument
shapes this agent hardly ever uses in one conversation, six of one client, nine of a network. Then a call is stopped
whose own turn probes or asks for much, or, of seldom used tools, whose conversation asked about the agent; any other is
noted.
Cannot see: one prober among many honest customers of one address, questions hours apart, or a person who already knows
the agent.
"""

import re

from guardrail.case import Case
from guardrail.invocation import Message
from guardrail.probing import Asked, Probing
from guardrail.text.questions import ABILITIES, KINDS, LONGEST_TURN, REFUSED, SELDOM, Question, probing_in
from guardrail.traces import network_of
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "reconnaissance"

_MIN_TURNS = 3
_MIN_KINDS = 2
# Of one client, and of its network, where more strangers meet: conversations that probed, and kinds of questions.
_CLIENT = (2.2, 3)
_NETWORK = (3.2, 4)
_MIN_SHARE = 0.5
_MIN_CAMPAIGN = 2
# What is read of a conversation, newest first: the rest of its questions memory has counted.
_MOST_TURNS, _MOST_CHARACTERS = 60, 24_000
# Asks for more than one's own: all of something, or other people's names with where to reach them.
_BULK = re.compile(
    r"\b(?:dump|export|list|show|give|print|extract|fetch|get|send|read out)\b[^.?!\n]{0,30}\b(?:all|every|everyone|"
    r"everybody|each|any|first \d{1,6}|last \d{1,6}|whole|entire|complete)\b"
    r"|\b(?:names?|phones?|phone numbers?|e-?mails?|addresses|passports?|birthdays|salaries|passwords?)\b[^.?!\n]{0,20}"
    r"(?:\band\b|,|\bwith\b)[^.?!\n]{0,20}\b(?:names?|phones?|phone numbers?|e-?mails?|addresses|passports?)\b",
    re.IGNORECASE,
)
_OWN_MATTER = re.compile(r"\b(?:my|mine)\b[^.?!\n]{0,60}\d{3,}|\d{3,}[^.?!\n]{0,60}\bmy\b", re.IGNORECASE)
_HAND_OVER = re.compile(
    r"escalat|transfer|hand.?o(?:ff|ver)|goodbye|greeting|human|live.?agent|feedback|survey", re.IGNORECASE
)


def detect(case: Case) -> list[Signal]:
    call = case.call
    if not call.anonymous or not _reaches_knowledge(case):
        return []
    current = " ".join(passage.text for passage in call.user_passages)[:LONGEST_TURN]
    if _OWN_MATTER.search(current):
        return []
    return _in_this_conversation(case, current) or _over_conversations(case, current)


def _in_this_conversation(case: Case, current: str) -> list[Signal]:
    call = case.call
    asked = _probing_turns(_earlier_turns(case, current))
    kinds = {kind for _, _, kind, _, _ in asked}
    if len(asked) < _MIN_TURNS or len(kinds) < _MIN_KINDS:
        return []
    named = call.conversation_id or "without an id"
    return [
        Signal(
            name="reconnaissance",
            severity=Severity.HIGH,
            reason=(
                f"In the public conversation {named} somebody not signed in asked in {len(asked)} turns about the "
                f"agent itself ({', '.join(sorted(kinds))}), and this call would now look into what it can reach."
            ),
            evidence=tuple(
                Evidence(
                    source=f"history:{index}",
                    path=path,
                    start=span[0],
                    end=span[1],
                    quote=text[span[0] : span[1]][:500],
                    mark=Mark.QUESTION,
                    note=kind,
                )
                for index, path, kind, text, span in asked[:12]
            ),
            facts=(("conversation", call.conversation_id), ("tool_kind", case.kind.value)),
        )
    ]


def _reaches_knowledge(case: Case) -> bool:
    """Any call that reads, changes or sends; not one that hands the person over or says goodbye."""
    return not _HAND_OVER.search(case.call.tool.name or case.call.tool.tool_id)


def _earlier_turns(case: Case, current: str) -> list[tuple[int, Message]]:
    """The user's turns before the current request, with their place in the history."""
    turns = [(index, message) for index, message in enumerate(case.call.history) if message.role == "user"]
    if turns and current and " ".join(passage.text for passage in turns[-1][1].passages)[:LONGEST_TURN] == current:
        turns.pop()
    return turns


def _probing_turns(turns: list[tuple[int, Message]]) -> list[tuple[int, str, str, str, tuple[int, int]]]:
    """(place in history, path, kind, text, span) of the first probing question of each turn."""
    found = []
    left = _MOST_CHARACTERS
    for index, message in turns[: -_MOST_TURNS - 1 : -1]:
        left -= sum(min(len(passage.text), LONGEST_TURN) for passage in message.passages)
        if left < 0:
            break
        hit = next(
            (
                (index, passage.path, question.kind, passage.text, (question.start, question.end))
                for passage in message.passages
                if (question := probing_in(passage.text)) is not None
            ),
            None,
        )
        if hit is not None:
            found.append(hit)
    return found[::-1]


def _over_conversations(case: Case, current: str) -> list[Signal]:
    """What memory knows of the client, its network or a campaign; a stop only where this turn asks for more, too."""
    probing = case.past.probing
    if probing is None:
        return []
    question = probing_in(current)
    asks = question is not None or _BULK.search(current) is not None
    if _spread(probing.client, _CLIENT):
        return [_spread_signal(case, probing.client, "this address", question, stops=asks)]
    if _spread(probing.network, _NETWORK):
        return [_spread_signal(case, probing.network, "its neighbourhood", question, stops=asks)]
    if SELDOM in probing.here:
        several = len(set(probing.here) - {SELDOM, *ABILITIES, REFUSED}) > 0
        return [_seldom_signal(case, question, stops=asks or several)]
    if probing.campaign_here and probing.campaign >= _MIN_CAMPAIGN:
        several = len(set(probing.here.strip(ABILITIES))) > 1
        return [_campaign_signal(case, probing, question, stops=asks and several)]
    return []


def _spread(asked: Asked, least: tuple[float, int]) -> bool:
    conversations, kinds = least
    told = len({KINDS[letter] for letter in asked.kinds})
    return asked.probing >= conversations and told >= kinds and asked.share >= _MIN_SHARE


def _spread_signal(case: Case, asked: Asked, who: str, question: Question | None, *, stops: bool) -> Signal:
    kinds = ", ".join(sorted({KINDS[letter] for letter in asked.kinds}))
    then = "this call would go on with it" if stops else "this call may be another matter"
    return _signal(
        case,
        question,
        stops=stops,
        reason=(
            f"In about {asked.probing:.0f} of the last {asked.conversations:.0f} conversations from {who} somebody not "
            f"signed in asked about the agent itself ({kinds}), a little in each; {then}."
        ),
        conversations=f"{asked.probing:.0f} of {asked.conversations:.0f}",
    )


def _campaign_signal(case: Case, probing: Probing, question: Question | None, *, stops: bool) -> Signal:
    return _signal(
        case,
        question,
        stops=stops,
        reason=(
            f"Within a day {probing.campaign} questions about the agent itself came in the same words from three or "
            "more clients each, one of them in this conversation."
        ),
        conversations="",
    )


def _seldom_signal(case: Case, question: Question | None, *, stops: bool) -> Signal:
    then = "asked about the agent itself, or asks for much, too" if stops else "may only have an unusual errand"
    return _signal(
        case,
        question,
        stops=stops,
        reason=(
            "Somebody not signed in, with others of that address, made the agent use tools and arguments it hardly "
            f"ever uses, one after the other, and {then}."
        ),
        conversations="",
    )


def _signal(case: Case, question: Question | None, *, stops: bool, reason: str, conversations: str) -> Signal:
    call = case.call
    evidence: tuple[Evidence, ...] = ()
    if question is not None and len(call.user_passages) == 1:
        passage = call.user_passages[0]
        evidence = (
            Evidence(
                source="user",
                path=passage.path,
                start=question.start,
                end=question.end,
                quote=passage.text[question.start : question.end][:500],
                mark=Mark.QUESTION,
                note=question.kind,
            ),
        )
    return Signal(
        name="reconnaissance_spread" if stops else "reconnaissance_spread_noted",
        severity=Severity.HIGH if stops else Severity.LOW,
        reason=reason,
        evidence=evidence,
        facts=(
            ("conversation", call.conversation_id),
            ("client_network", network_of(call.client_ip)),
            ("conversations", conversations),
            ("tool_kind", case.kind.value),
        ),
    )
