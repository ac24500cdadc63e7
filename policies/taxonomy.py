"""What our signals are called elsewhere: OWASP's two top tens and MITRE ATLAS. Pure.

Ids and names as published: OWASP Top 10 for LLM Applications 2025, OWASP Top 10 for Agentic Applications 2026, and
MITRE ATLAS (read in 2026-11). Derived when a verdict is read or answered, so that old verdicts get a better table too.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One entry of a public list. `scheme` is `owasp_llm`, `owasp_agentic` or `mitre_atlas`."""

    scheme: str
    id: str
    name: str

    @property
    def url(self) -> str:
        """Where a person can read about it; empty where the list has no page for each entry."""
        if self.scheme == "mitre_atlas":
            return f"https://atlas.mitre.org/techniques/{self.id}"
        return ""


def _tag(scheme: str, id_: str, name: str) -> Tag:
    return Tag(scheme=scheme, id=id_, name=name)


_PROMPT_INJECTION = _tag("owasp_llm", "LLM01:2025", "Prompt Injection")
_DISCLOSURE = _tag("owasp_llm", "LLM02:2025", "Sensitive Information Disclosure")
_LLM_SUPPLY_CHAIN = _tag("owasp_llm", "LLM03:2025", "Supply Chain")
_OUTPUT_HANDLING = _tag("owasp_llm", "LLM05:2025", "Improper Output Handling")
_EXCESSIVE_AGENCY = _tag("owasp_llm", "LLM06:2025", "Excessive Agency")
_PROMPT_LEAKAGE = _tag("owasp_llm", "LLM07:2025", "System Prompt Leakage")
_CONSUMPTION = _tag("owasp_llm", "LLM10:2025", "Unbounded Consumption")

_GOAL_HIJACK = _tag("owasp_agentic", "ASI01", "Agent Goal Hijack")
_TOOL_MISUSE = _tag("owasp_agentic", "ASI02", "Tool Misuse and Exploitation")
_PRIVILEGE_ABUSE = _tag("owasp_agentic", "ASI03", "Identity and Privilege Abuse")
_AGENTIC_SUPPLY_CHAIN = _tag("owasp_agentic", "ASI04", "Agentic Supply Chain Vulnerabilities")
_TRUST_EXPLOITATION = _tag("owasp_agentic", "ASI09", "Human-Agent Trust Exploitation")
_MEMORY_POISONING = _tag("owasp_agentic", "ASI06", "Memory & Context Poisoning")
_INTER_AGENT = _tag("owasp_agentic", "ASI07", "Insecure Inter-Agent Communication")
_ROGUE_AGENTS = _tag("owasp_agentic", "ASI10", "Rogue Agents")

_INDIRECT = _tag("mitre_atlas", "AML.T0051.001", "LLM Prompt Injection: Indirect")
_OBFUSCATION = _tag("mitre_atlas", "AML.T0068", "LLM Prompt Obfuscation")
_TOOL_INVOCATION = _tag("mitre_atlas", "AML.T0053", "AI Agent Tool Invocation")
_TOOL_POISONING = _tag("mitre_atlas", "AML.T0110", "AI Agent Tool Poisoning")
_EXFILTRATION = _tag("mitre_atlas", "AML.T0086", "Exfiltration via AI Agent Tool Invocation")
_RENDERING = _tag("mitre_atlas", "AML.T0077", "LLM Response Rendering")
_LEAKAGE = _tag("mitre_atlas", "AML.T0057", "LLM Data Leakage")
_TOOL_CREDENTIALS = _tag("mitre_atlas", "AML.T0098", "AI Agent Tool Credential Harvesting")
_AGENT_DISCOVERY = _tag("mitre_atlas", "AML.T0084", "Discover AI Agent Configuration")
_SYSTEM_DISCOVERY = _tag("mitre_atlas", "AML.T0069", "Discover LLM System Information")

TAGS: dict[str, tuple[Tag, ...]] = {
    "instruction_marked": (_PROMPT_INJECTION, _GOAL_HIJACK, _INDIRECT, _OBFUSCATION, _TOOL_INVOCATION),
    "instruction_followed": (_PROMPT_INJECTION, _GOAL_HIJACK, _INDIRECT, _TOOL_INVOCATION),
    "instruction_delegated": (_PROMPT_INJECTION, _EXCESSIVE_AGENCY, _GOAL_HIJACK, _INDIRECT),
    "tool_description_followed": (
        _PROMPT_INJECTION,
        _LLM_SUPPLY_CHAIN,
        _GOAL_HIJACK,
        _AGENTIC_SUPPLY_CHAIN,
        _TOOL_POISONING,
        _EXFILTRATION,
    ),
    "tool_description_marked": (_PROMPT_INJECTION, _LLM_SUPPLY_CHAIN, _AGENTIC_SUPPLY_CHAIN, _TOOL_POISONING),
    "intent_distance": (_EXCESSIVE_AGENCY, _GOAL_HIJACK, _TOOL_MISUSE, _TOOL_INVOCATION),
    "classified_data_leaving": (_DISCLOSURE, _TOOL_MISUSE, _EXFILTRATION, _LEAKAGE),
    "secret_in_pieces": (_DISCLOSURE, _PRIVILEGE_ABUSE, _EXFILTRATION, _TOOL_CREDENTIALS),
    "pieces_leaving": (_DISCLOSURE, _TOOL_MISUSE, _EXFILTRATION, _LEAKAGE),
    "laundered_destination": (_PROMPT_INJECTION, _MEMORY_POISONING, _INDIRECT, _EXFILTRATION),
    "laundered_order": (_PROMPT_INJECTION, _GOAL_HIJACK, _MEMORY_POISONING, _INDIRECT),
    "laundered_destination_noted": (_MEMORY_POISONING, _EXFILTRATION),
    "stored_data_leaving": (_DISCLOSURE, _TOOL_MISUSE, _EXFILTRATION, _LEAKAGE),
    "relayed_destination": (_PROMPT_INJECTION, _GOAL_HIJACK, _INTER_AGENT, _INDIRECT, _TOOL_INVOCATION),
    "secret_leaving": (_DISCLOSURE, _PRIVILEGE_ABUSE, _EXFILTRATION, _TOOL_CREDENTIALS),
    "personal_data_leaving": (_DISCLOSURE, _TOOL_MISUSE, _EXFILTRATION, _LEAKAGE),
    "data_in_link": (_DISCLOSURE, _OUTPUT_HANDLING, _TOOL_MISUSE, _RENDERING, _EXFILTRATION),
    "data_in_link_suspected": (_DISCLOSURE, _OUTPUT_HANDLING, _TOOL_MISUSE, _RENDERING, _EXFILTRATION),
    "reconnaissance": (_PROMPT_LEAKAGE, _AGENT_DISCOVERY, _SYSTEM_DISCOVERY),
    "reconnaissance_spread": (_PROMPT_LEAKAGE, _AGENT_DISCOVERY, _SYSTEM_DISCOVERY),
    "reconnaissance_spread_noted": (_PROMPT_LEAKAGE, _AGENT_DISCOVERY, _SYSTEM_DISCOVERY),
    "sink_ahead": (_PROMPT_INJECTION, _GOAL_HIJACK, _INDIRECT, _TOOL_INVOCATION),
    "insider_suspected": (_DISCLOSURE, _PRIVILEGE_ABUSE, _EXFILTRATION, _LEAKAGE),
    "user_volume_unusual": (_DISCLOSURE, _CONSUMPTION, _PRIVILEGE_ABUSE),
    "user_destination_unusual": (_DISCLOSURE, _PRIVILEGE_ABUSE, _EXFILTRATION),
    "user_time_unusual": (_PRIVILEGE_ABUSE,),
    "tool_new": (_TOOL_MISUSE, _ROGUE_AGENTS, _TOOL_INVOCATION),
    "arguments_unusual": (_TOOL_MISUSE, _ROGUE_AGENTS, _TOOL_INVOCATION),
    "volume_unusual": (_CONSUMPTION, _EXCESSIVE_AGENCY, _TOOL_MISUSE, _ROGUE_AGENTS),
    "time_unusual": (_ROGUE_AGENTS,),
    "step_unusual": (_TOOL_MISUSE, _ROGUE_AGENTS),
    "unlike_its_kind": (_TOOL_MISUSE, _ROGUE_AGENTS),
    "destination_denied": (_TOOL_MISUSE, _EXFILTRATION),
    "tool_outside_charter": (_EXCESSIVE_AGENCY, _TOOL_MISUSE, _ROGUE_AGENTS, _TOOL_INVOCATION),
    "destination_outside_charter": (_EXCESSIVE_AGENCY, _TOOL_MISUSE, _ROGUE_AGENTS, _EXFILTRATION),
    "indicator_matched": (_TOOL_MISUSE, _EXFILTRATION),
    "indicator_matched_low": (_TOOL_MISUSE, _EXFILTRATION),
    "indicator_matched_noted": (_TOOL_MISUSE, _EXFILTRATION),
    "lookalike_destination": (_TOOL_MISUSE, _TRUST_EXPLOITATION, _EXFILTRATION),
    "lookalike_destination_noted": (_TOOL_MISUSE, _TRUST_EXPLOITATION),
    "destination_newly_registered": (_TOOL_MISUSE, _EXFILTRATION),
    "agent_quarantined": (_ROGUE_AGENTS,),
    "session_quarantined": (_ROGUE_AGENTS,),
    "user_quarantined": (_ROGUE_AGENTS,),
    "document_quarantined": (_PROMPT_INJECTION, _INDIRECT),
    "destination_quarantined": (_TOOL_MISUSE, _EXFILTRATION),
    "stopped_call_executed": (_ROGUE_AGENTS,),
    "double_request": (_EXCESSIVE_AGENCY, _GOAL_HIJACK, _TOOL_MISUSE, _TOOL_INVOCATION),
    "double_request_held": (_EXCESSIVE_AGENCY, _GOAL_HIJACK, _TOOL_MISUSE, _TOOL_INVOCATION),
    "destination_stopped_elsewhere": (_PROMPT_INJECTION, _GOAL_HIJACK, _INDIRECT, _EXFILTRATION),
    "destination_confirmed_malicious": (_PROMPT_INJECTION, _GOAL_HIJACK, _INDIRECT, _EXFILTRATION),
    "late_finding": (_ROGUE_AGENTS,),
    "late_finding_noted": (_ROGUE_AGENTS,),
    "insider_edit": (_PROMPT_INJECTION, _INDIRECT),
}
# Our own bookkeeping, which says nothing about an attack.
NOT_FITTING = frozenset(
    {
        "indicator_in_view",
        "destination_newly_registered_noted",
        "destination_new",
        "link_unusual",
        "allowed_once",
        "second_opinion",
        "step_up",
        "rate_limited",
    }
)


def tags_of(signals: Iterable[str]) -> tuple[Tag, ...]:
    """The tags of these signals, each once, OWASP's lists first; a signal nobody described has none."""
    found = dict.fromkeys(tag for name in signals for tag in TAGS.get(name, ()))
    order = ("owasp_llm", "owasp_agentic", "mitre_atlas")
    return tuple(sorted(found, key=lambda tag: (order.index(tag.scheme), tag.id)))
