"""Claim: an unknown person on a public channel first mapped out the agent, and now goes for what it can reach.

Counts turns that ask about the agent itself: its systems, tools, parameters, tables, permissions, instructions. Three
such turns of at least two kinds before a call that looks into knowledge stop that call.
Cannot see: questions spread over several conversations, or a person who already knows the agent.
"""

import re

from guardrail.case import Case
from guardrail.invocation import Message
from policies.signal import Evidence, Mark, Severity, Signal

NAME = "reconnaissance"

_MIN_TURNS = 3
_MIN_KINDS = 2
_QUESTIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "connected systems",
        re.compile(
            r"\b(?:systems?|connectors?|connections?|integrations?|sources?|data ?bases?|apis?|back-?ends?|services?|"
            r"applications?|platforms?|knowledge(?: ?bases?)?|indexes|repositories|sites?|drives?)\b[^.?!\n]{0,50}"
            r"\b(?:you|your|connected|linked|hooked|behind you|plugged)\b"
            r"|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:connected to|linked to|hooked up|integrated with|systems?|"
            r"connectors?|"
            r"integrations?|data ?sources?|data ?bases?|back-?ends?|knowledge (?:bases?|sources?)|search index)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "tools and parameters",
        re.compile(
            r"\b(?:list|enumerate|name|what|which|show|tell|give|print|every|all|"
            r"describe)\b[^.?!\n]{0,40}\b(?:actions?|"
            r"tools?|functions?|commands?|operations?|plug-?ins?|skills|endpoints?|topics?|workflows?|flows)\b"
            r"[^.?!\n]{0,50}\b(?:you|your|available|able|run|call|use|parameters?|arguments?|inputs?)\b"
            r"|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:actions|tools?|functions?|plug-?ins?|commands|operations|"
            r"endpoints?)\b"
            r"|\b(?:your|you have|the full) (?:[\w-]+ ){0,2}(?:capabilities|abilities|functionality|permissions)\b"
            r"|\b(?:parameters?|arguments?|inputs?|signature|schema|json)\b[^.?!\n]{0,40}\b(?:you|your|tool|action|"
            r"function|names?|types?|expect|take|accept)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "tables and fields",
        re.compile(
            r"\b(?:which|what|name|names|list|all|every|show|dump|print|give|tell|describe|enumerate|export)\b"
            r"[^.?!\n]{0,30}\b(?:tables?|columns?|fields|entit(?:y|ies)|schemas?|record types?|lists)\b"
            r"|\b(?:which|what) (?:data ?base|table|store|index|list|system)\b[^.?!\n]{0,30}\b(?:stored|kept|saved|"
            r"held|in)\b"
            r"|\b(?:column|field|table) names\b"
            r"|\b(?:does|do|is|are)\b[^.?!\n]{0,30}\b(?:directory|table|data ?base|list|index|crm|knowledge base|"
            r"store)\b"
            r"[^.?!\n]{0,30}\b(?:hold|holds|contain|contains|include|includes|have|has|cover|covers|store|stores|also|"
            r"too)\b"
            r"|\bhow many (?:records|rows|contacts|customers|entries|documents|files|users)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "what it may change",
        re.compile(
            r"\b(?:can|could|are|do|may) you\b[^.?!\n]{0,30}\b(?:change|edit|delete|modify|update|overwrite|write to|"
            r"insert|alter|access|read|query|see|export|download)\b[^.?!\n]{0,30}\b(?:existing|any|other|all|every|"
            r"everyone|records?|rows?|tables?|data|accounts?|internal|files?)\b"
            r"|\b(?:what|which)\b[^.?!\n]{0,30}\b(?:can|could|do) you (?:access|read|see|reach|query)\b"
            r"|\b(?:permissions?|privileges?|access rights?|access level|role|service account|credentials|identity)\b"
            r"[^.?!\n]{0,40}\b(?:you|your)\b|\b(?:you|your)\b[^.?!\n]{0,40}\b(?:permissions?|privileges?|access level|"
            r"service account|run as|credentials|logged in as)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "its own instructions",
        re.compile(
            r"\b(?:your|the|system|initial|hidden|original|exact|full)\b[^.?!\n]{0,20}\b(?:system prompt|prompt|"
            r"instructions|guidelines|configuration|config|setup|rules|guardrails)\b[^.?!\n]{0,40}",
            re.IGNORECASE,
        ),
    ),
)
_OWN_MATTER = re.compile(r"\b(?:my|mine)\b[^.?!\n]{0,60}\d{3,}|\d{3,}[^.?!\n]{0,60}\bmy\b", re.IGNORECASE)
_HAND_OVER = re.compile(
    r"escalat|transfer|hand.?o(?:ff|ver)|goodbye|greeting|human|live.?agent|feedback|survey", re.IGNORECASE
)
_MAX_TURN = 4_000


def detect(case: Case) -> list[Signal]:
    call = case.call
    if not call.anonymous or not _reaches_knowledge(case):
        return []
    current = " ".join(passage.text for passage in call.user_passages)[:_MAX_TURN]
    if _OWN_MATTER.search(current):
        return []
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
    if turns and current and " ".join(passage.text for passage in turns[-1][1].passages)[:_MAX_TURN] == current:
        turns.pop()
    return turns


def _probing_turns(turns: list[tuple[int, Message]]) -> list[tuple[int, str, str, str, tuple[int, int]]]:
    """(place in history, path, kind, text, span) of the first probing question of each turn."""
    found = []
    for index, message in turns[-60:]:
        hit = next(
            (
                (index, passage.path, kind, passage.text, match.span())
                for passage in message.passages
                for kind, pattern in _QUESTIONS
                if (match := pattern.search(passage.text[:_MAX_TURN]))
            ),
            None,
        )
        if hit is not None:
            found.append(hit)
    return found
