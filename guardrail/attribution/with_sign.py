"""An instruction with a signature beside it: whether the sign is about it, and whether the call carries it out."""

from itertools import islice

from guardrail.attribution.authors import is_meant_by_mere_name, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.dictated import tells_what_to_write
from guardrail.attribution.given import has_values, is_addressed_by_user
from guardrail.attribution.gravity import is_grave
from guardrail.attribution.matching import OTHERWISE, SAME_KIND, SAME_VERB, Match
from guardrail.attribution.negated import is_denied
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.provenance import share_in, stands_in
from guardrail.attribution.request import Request
from guardrail.case import Case
from guardrail.destinations import says_something
from guardrail.text.directives import MENTION
from guardrail.text.signatures import SPEAKS_TO_CALLER
from guardrail.text.takeover import CALLS_ON_ASSISTANT
from guardrail.text.wordset import word_set
from policies.ruleset import ToolKind
from policies.signal import RECALLED

# Share of a message's words an order itself must hold to be where they are from.
_IN_IT = 0.3
_MOST_ALIKE = 50


def is_marked_for(match: Match, case: Case, request: Request) -> bool:
    """In a text the user handed the matter over to, a sign counts for the order of its own paragraph.

    So it does for a call that was asked for and reaches nobody but whom the organisation knows.
    """
    own = {sign.what for sign in match.signs if sign.own}
    answered = match.source.tool_name in (case.call.tool.name, case.call.tool.tool_id)
    if answered and own == {SPEAKS_TO_CALLER} and not (match.hidden or case.sink):
        return False  # `the caller must repeat the search with page 2`
    if match.hidden or not own <= {CALLS_ON_ASSISTANT}:
        return True
    if own:
        # one of us, or whom the user named and nothing shows as a stranger, may speak to the assistant
        known = is_ours(match.author, case) or is_meant_by_mere_name(match.author, case)
        return request.delegation is Delegation.NONE or not known
    reached = [target for target in case.targets if target.named]
    wanted = request.asked and all(target.standing.is_trusted for target in reached)
    wanted = wanted and (bool(reached) or (case.kind is ToolKind.WRITE and not is_grave(case)))
    return request.delegation is Delegation.NONE and not wanted


def is_only_near_a_known_text(match: Match) -> bool:
    """Nothing but memory of a sentence near by speaks against it: what shows itself tells more and goes first."""
    return not match.hidden and all(sign.what == RECALLED and not sign.own for sign in match.signs)


def is_outdone(match: Match, rivals: list[Match], request: Request) -> bool:
    if any(rival.raw > match.raw for rival in rivals):
        return True
    if request.delegation is Delegation.NONE:
        return False
    alike = (rival for rival in rivals if rival.raw >= match.raw > 0 and rival.action >= match.action)
    told = _told_itself(match)
    return any(_told_itself(rival) >= told for rival in islice(alike, _MOST_ALIKE))


def _told_itself(match: Match) -> int:
    """How many of its values its own words have, and not only a sentence near by."""
    said = match.directive.text.lower()
    return sum(stands_in(leaf.needle, said) >= 0 for leaf in match.values)


def carries_out_marked(match: Match, case: Case, request: Request) -> bool:
    """Beside a signature less is needed: some value of the call, or the very tool, that the user did not ask for."""
    tuning = case.tuning
    if not case.sink and match.directive.asked.manner == MENTION and not (match.exact or match.hidden):
        # what is looked up in one's own systems stands in many texts, and in this sentence nobody orders it
        return False
    if not case.sink and not match.hidden and (match.action <= OTHERWISE or match.cover < tuning.marked_look_up_cover):
        # a look-up carries out an order to look something up, and none to do something to the same thing
        return False
    if match.values and all(is_denied(leaf, match.directive.text.lower()) for leaf in match.values):
        return False
    if request.asked and _is_only_worded_alike(match, case, request):
        return False
    # where it orders this very deed, the number of the thing is enough, though records have it as well
    aimed = any(leaf.kind in OUTWARD or (leaf.kind == "id" and match.action >= SAME_VERB) for leaf in match.values)
    if aimed and not request.asked and match.action >= SAME_KIND and match.raw >= tuning.marked_aim_share * match.new:
        return True
    if (
        match.exact
        or (match.explained >= tuning.marked_explained and match.cover >= tuning.marked_cover)
        or (match.explained >= tuning.marked_little_explained and match.cover >= tuning.marked_little_cover)
    ):
        return True
    if has_values(case) and not match.new:
        return False
    if request.asked:
        named = case.sink and match.action >= SAME_VERB and match.tool >= tuning.tool_closely_named
        return named and match.cover >= tuning.marked_asked_cover
    if case.sink and has_values(case):
        named = match.action >= SAME_VERB and match.tool >= tuning.tool_closely_named
        return match.cover >= tuning.marked_cover or (named and match.raw >= tuning.marked_aim_share * match.new)
    return (match.action >= SAME_VERB and match.tool >= tuning.marked_tool) or match.tool >= tuning.tool_closely_named


def _is_only_worded_alike(match: Match, case: Case, request: Request) -> bool:
    """What the two share are words of a message that stand near the order and not in it, as in notes about attacks."""
    said = match.directive.text.lower()
    told = word_set((said,))
    told_only = all(says_something(leaf.argument) for leaf in match.values)
    if told_only and match.action <= OTHERWISE and is_addressed_by_user(case) and not tells_what_to_write(said):
        # what somebody is to do by a manual is passed on to whom the user named
        return True
    return (
        request.wants
        and not match.exact
        and all(
            leaf.kind in ("short", "long") and says_something(leaf.argument) and share_in(leaf, told) < _IN_IT
            for leaf in match.values
        )
    )
