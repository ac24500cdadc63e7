"""The policy a fresh install enforces: every signal the product ships, and what is done on it."""

from typing import Any

from policies.restrictions import ACTIONS

_BLOCK = {"strict": "block", "cautious": "block"}
_HOLD = {"strict": "hold", "cautious": "hold"}
_NOTICE = {"strict": "notice", "cautious": "notice"}

BASELINE: dict[str, Any] = {
    "defaults": {"mode": "enforce", "profile": "strict", "fail_posture": "block"},
    "actions": {
        # What people or rules restrict for a time: quarantines, step-up, rate limits
        **ACTIONS,
        # Hard rules
        "destination_denied": _BLOCK,
        "classified_data_leaving": _BLOCK,
        "secret_leaving": _BLOCK,
        # What left in several calls and is one thing: parts of a known secret; short values of which nobody knows it
        "secret_in_pieces": _BLOCK,
        "pieces_leaving": _HOLD,
        # A destination stored from a text nobody vouched for: in the place of another, or new
        "laundered_destination": _HOLD,
        "laundered_destination_noted": _NOTICE,
        # What an outsider's order is about, that an agent stored inside and another goes by
        "laundered_order": {"strict": "hold", "cautious": "notice"},
        # Classified text that a call stored inside before, where it bears no label any more
        "stored_data_leaving": _HOLD,
        # Another agent's order, to a destination the user never spoke of
        "relayed_destination": {"strict": "hold", "cautious": "notice"},
        # Data in an address whose host nobody vouches for; suspected where it cannot be traced to a text that was read
        "data_in_link": _BLOCK,
        "data_in_link_suspected": _HOLD,
        "link_unusual": _NOTICE,
        # The planned tool's own description orders what no honest one does; followed = the call does it
        "tool_description_followed": _BLOCK,
        "tool_description_marked": _NOTICE,
        # An instruction in outside text that this call carries out, with a signature beside it
        "instruction_marked": _BLOCK,
        # The same without a signature: the user asked for something else
        "instruction_followed": {"strict": "block", "cautious": "hold"},
        # The same, but the user told the agent to act on that text
        "instruction_delegated": _HOLD,
        "reconnaissance": _BLOCK,
        # The same over conversations; noted where this turn is harmless by itself
        "reconnaissance_spread": _BLOCK,
        "reconnaissance_spread_noted": _NOTICE,
        # Another engine would stop it, and shows nothing for it: a person can let the call pass
        "second_opinion": _HOLD,
        # An earlier call of the conversation was answered by the quick checks, and should have been stopped
        "late_finding": _HOLD,
        "late_finding_noted": _NOTICE,
        # A place on a list of threats, by the list's own thresholds; what is only read of decides nothing
        "indicator_matched": _BLOCK,
        "indicator_matched_low": _HOLD,
        "indicator_matched_noted": _NOTICE,
        "indicator_in_view": _NOTICE,
        # Made to be taken for a domain of ours; noted where the user named it, or others may have such a name
        "lookalike_destination": _HOLD,
        "lookalike_destination_noted": _NOTICE,
        # Registered only lately, by a feed; noted where the agent has been there before
        "destination_newly_registered": _HOLD,
        "destination_newly_registered_noted": _NOTICE,
        # A call that was stopped was made all the same: the caller's doing, not this call's
        "stopped_call_executed": _NOTICE,
        # What was blocked comes again in another form; held where it was held, or is only much alike
        "double_request": {"strict": "block", "cautious": "hold"},
        "double_request_held": _HOLD,
        # An instruction led another agent there, and was blocked; confirmed = an analyst said that it was an attack
        "destination_stopped_elsewhere": _HOLD,
        "destination_confirmed_malicious": _BLOCK,
        # Outside what a person wrote down that the agent is for
        "tool_outside_charter": _NOTICE,
        "destination_outside_charter": _NOTICE,
        "personal_data_leaving": _NOTICE,
        "destination_new": _NOTICE,
        # One of ours last edited the text an instruction stands in: tells, and decides nothing
        "insider_edit": _NOTICE,
        # An attack is in view, and what the agent usually does next can do harm
        "sink_ahead": _NOTICE,
        # The user's own doing beside that of the user and of others; two and data on its way out open an investigation
        "insider_suspected": _NOTICE,
        "user_volume_unusual": _NOTICE,
        "user_destination_unusual": _NOTICE,
        "user_time_unusual": _NOTICE,
        # Unlike what the agent did until now; honest work changes too
        "tool_new": _NOTICE,
        "arguments_unusual": _NOTICE,
        "volume_unusual": _NOTICE,
        "time_unusual": _NOTICE,
        "step_unusual": _NOTICE,
        "unlike_its_kind": _NOTICE,
        # How far the call is from what the user asked for: tells, and decides nothing
        "intent_distance": _NOTICE,
    },
}
