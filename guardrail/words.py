"""What pages call things: signals, tool kinds, facts, origins and sources, in plain words. Pure."""

from guardrail.wire.second_opinion import MISSING_IN_WORDS
from policies.regime import Regime
from policies.rules import IN_FORCE, WATCHED
from policies.ruleset import SECOND_OPINION

SIGNALS = {
    "allowed_once": "Allowed once by a person",
    "agent_quarantined": "Agent is quarantined",
    "session_quarantined": "Conversation is quarantined",
    "user_quarantined": "User is quarantined",
    "document_quarantined": "Document is quarantined",
    "destination_quarantined": "Destination is quarantined",
    "step_up": "Held for a person for a time",
    "rate_limited": "Too many calls without sign-in",
    "destination_denied": "Denied destination",
    "indicator_matched": "On a list of threats",
    "indicator_matched_low": "On a list of threats",
    "indicator_matched_noted": "On a list of threats, little confidence",
    "indicator_in_view": "Listed threat in a text that was read",
    "lookalike_destination": "Poses as one of ours",
    "lookalike_destination_noted": "Resembles one of ours",
    "destination_newly_registered": "Newly registered domain",
    "destination_newly_registered_noted": "Newly registered domain",
    "classified_data_leaving": "Classified data leaving",
    "secret_leaving": "Secret leaving",
    "secret_in_pieces": "Secret leaving in parts",
    "pieces_leaving": "Something leaving piece by piece",
    "laundered_destination": "Destination changed by a text nobody vouched for",
    "laundered_order": "An outsider's order that an agent had stored",
    "laundered_destination_noted": "Destination stored from a text nobody vouched for",
    "stored_data_leaving": "Classified data leaving that was stored elsewhere",
    "relayed_destination": "Another agent's order to a destination the user never named",
    "data_in_link": "Data leaving in an address",
    "data_in_link_suspected": "Data leaving in an address, suspected",
    "link_unusual": "Address with an unusual value",
    "instruction_marked": "Hidden or marked instruction",
    "instruction_followed": "Instruction from outside text",
    "instruction_delegated": "Instruction the user pointed to",
    "tool_description_followed": "Orders in the tool's description",
    "tool_description_marked": "Suspicious tool description",
    "reconnaissance": "Probing of the agent",
    "reconnaissance_spread": "Probing over conversations",
    "reconnaissance_spread_noted": "Where others probed the agent",
    "second_opinion": "Another engine objects",
    "personal_data_leaving": "Personal data leaving",
    "destination_new": "Destination new to this agent",
    "tool_outside_charter": "Tool outside the agent's charter",
    "destination_outside_charter": "Destination outside the agent's charter",
    "sink_ahead": "Harm likely next",
    "insider_suspected": "Several unusual things by one user",
    "user_volume_unusual": "More than this user usually does",
    "user_destination_unusual": "Destination new to this user",
    "user_time_unusual": "Unusual time for this user",
    "tool_new": "Tool new to this agent",
    "arguments_unusual": "Arguments unusual for this agent",
    "volume_unusual": "More calls than usual",
    "time_unusual": "Unusual time of day",
    "step_unusual": "Unusual next step",
    "unlike_its_kind": "Unlike other agents of its name",
    "intent_distance": "Far from what the user asked",
    "double_request": "Stopped call came again",
    "double_request_held": "Much like a stopped call",
    "destination_stopped_elsewhere": "Destination stopped for others",
    "destination_confirmed_malicious": "Destination of a confirmed attack",
    "late_finding": "After a call found out too late",
    "late_finding_noted": "After a call found out too late",
    "insider_edit": "Order put in by one of ours",
    "knowledge_edited": "Order in an edited document",
}
MARKS = {
    "instruction": "instruction that the planned call carries out",
    "signature": "sign of an attack beside it",
    "hidden": "text that people could not see",
    "data": "data that the call would have taken along",
    "question": "question that probes the agent",
    "value": "value the call uses",
}
# In the order pages list them; what an argument table or the page's head says better is left out.
FACTS = {
    "destination": "Destination",
    "destination_standing": "Standing",
    "resembles": "Resembles",
    "indicator": "Indicator",
    "list": "Listed by",
    "document": "Document",
    "share": "Share of its text",
    "author": "Author",
    "editor": "Last editor",
    "revision": "Revision",
    "data_class": "Data class",
    "signature": "Sign",
    "engine": "Objection by",
    "call": "Earlier call",
    "client_network": "Client network",
    "conversations": "Conversations",
    "expected": "Usual",
    "observed": "This time",
    "restriction": "Restriction",
    "restriction_reason": "Why it was made",
    "rule_title": "Rule",
    "clause": "Condition",
    "lifted_by": "Let through by",
}
# kind -> (icon, words); `output` and `history` are followed by which one
ORIGINS = {
    "user": ("person", "Said by the user"),
    "trigger": ("envelope", "From the message that started the run"),
    "output": ("search", "From what a tool returned"),
    "history": ("chat-left-text", "From earlier in the chat"),
    "agent": ("cpu", "Made by the agent"),
    "constant": ("circle", "Too small to tell"),
}
# What decided, after `decided by`
REGIMES = {
    Regime.PERSON: "a person's word",
    Regime.RULE: "a rule of the policy",
    Regime.HARD_RULE: "a hard rule",
    Regime.MARKED_INSTRUCTION: "a hidden or marked instruction",
    Regime.FOLLOWED_INSTRUCTION: "an instruction nobody here gave",
    Regime.DELEGATED_INSTRUCTION: "an instruction the user pointed to",
    Regime.MEMORY: "memory of earlier calls",
    Regime.SECOND_OPINION: "another engine",
    Regime.FAIL_POSTURE: "the fail posture",
    Regime.NOTHING: "",
}
TOOL_KINDS = {
    "read": "reads",
    "write": "writes",
    "send": "sends",
    "pay": "pays",
    "delete": "deletes",
    "share": "shares",
    "execute": "runs something",
}
# standing -> (words, look of its tag)
STANDINGS = {
    "internal": ("inside", "good"),
    "known": ("known, outside", ""),
    "partner": ("partner", ""),
    "unknown": ("new, outside", "bad"),
    "denied": ("denied", "bad"),
}
DEGRADED = {
    "memory": "memory of earlier calls (Redis was away)",
    "attribution": "tracing where the planned values came from",
    "fingerprints": "comparing with classified documents",
    "wire": "a readable body",
    "shed": "anything but the quick checks: more calls came at once than can be judged in time",
    "rate": "anything: its caller asked too often that minute",
}


def signal_words(name: str) -> str:
    """A heading for a signal; one that is not in our list speaks for itself."""
    if name.startswith(f"{SECOND_OPINION}."):
        return f"Objection of {name.partition('.')[2]}"
    for beginning, kind in ((IN_FORCE, "Rule"), (WATCHED, "Watched rule")):
        if name.startswith(beginning):
            return f"{kind} {name.removeprefix(beginning)}"
    return SIGNALS.get(name) or name.replace("_", " ").capitalize()


def degraded_words(part: str) -> str:
    """What a call was judged without; of another engine also why."""
    name, _, why = part.partition(":")
    if not name.startswith(f"{SECOND_OPINION}."):
        return DEGRADED.get(part, part)
    return f"the second opinion of {name.partition('.')[2]}, which {missing_words(why)}"


def missing_words(why: str) -> str:
    """Why another engine gave no opinion; goes on after its name."""
    known = {missing.value: words for missing, words in MISSING_IN_WORDS.items()}
    return known.get(why, "is missing")
