"""Claim: this call carries out an instruction that stands in outside text, not one the user gave.

An instruction explains a call when its verb fits the tool and it holds values of the call the user never gave. With a
signature (or hidden) within three sentences that is a hijacking; without one it depends on what the user asked for and
on how far the user told the agent to act on texts.
Cannot see: changed facts without an instruction, a request equal to what the user delegated, languages without a table.
"""

from guardrail.attribution.apart import put_apart
from guardrail.attribution.asked_out import asked_out
from guardrail.attribution.below import added_below
from guardrail.attribution.explanation import change_unasked, followed
from guardrail.attribution.gravity import is_weighty
from guardrail.attribution.handed_item import is_item_handed_over
from guardrail.attribution.harm import is_harmless_to_named, may_have_it_done
from guardrail.attribution.looked_up import looked_up_for
from guardrail.attribution.matching import Match, matches_of
from guardrail.attribution.moved import moved_by
from guardrail.attribution.on_form import is_by_form
from guardrail.attribution.other_deed import other_deed
from guardrail.attribution.own_words import is_in_own_words
from guardrail.attribution.pointing import handed_over_by_pointing
from guardrail.attribution.recipients import sent_unrequested
from guardrail.attribution.request import Request, read_request
from guardrail.attribution.routine import is_routine
from guardrail.attribution.slipped_in import slipped_in
from guardrail.attribution.told_wholly import told_wholly
from guardrail.attribution.unasked import taken_unasked
from guardrail.attribution.with_sign import carries_out_marked, is_marked_for, is_only_near_a_known_text, is_outdone
from guardrail.attribution.without_sign import MEANT, unmarked_name
from guardrail.case import Case
from policies.signal import Signal

NAME = "attribution"


def detect(case: Case) -> list[Signal]:
    """At most one signal: the directive that explains the call best."""
    if not case.sources:
        return []
    matches = sorted(matches_of(case), key=lambda match: match.score, reverse=True)
    request = handed_over_by_pointing(read_request(case.user, case.call.tool, case.kind, case.tuning), case)
    rivals = [match for match in matches if not (match.marked and is_marked_for(match, case, request))]
    for match in sorted(matches, key=is_only_near_a_known_text):
        # Another text explains the call better: a colleague's errand that an attack only happens to resemble.
        if match.marked and not match.exact and is_outdone(match, rivals, request):
            continue
        if match.marked and is_marked_for(match, case, request) and carries_out_marked(match, case, request):
            return [followed("instruction_marked", match, case, request)]
    found = _without_sign(matches, case, request)
    return [] if found and _is_theirs(case, request) else found


def _is_theirs(case: Case, request: Request) -> bool:
    """Whatever a text orders: what the call has stands where the user sent the agent for it."""
    tuning = case.tuning
    return (tuning.harm and is_by_form(case, request)) or (tuning.handed_item and is_item_handed_over(case, request))


def _without_sign(matches: list[Match], case: Case, request: Request) -> list[Signal]:
    best = max((match.raw for match in matches), default=0.0)
    unspoken = case.tuning.unasked and is_weighty(case, request)
    for match in matches:
        name = unmarked_name(match, case, request, unspoken=unspoken)
        if name == MEANT and match.raw >= case.tuning.meant_share * best:
            return _slipped_in(case, request) or _below(matches, case, request)
        if name and name != MEANT:
            return [followed(name, match, case, request)]
    moved = moved_by(matches, case, request) if case.tuning.handed_over else None
    if moved is not None:
        return [followed("instruction_delegated", moved, case, request)]
    return (
        sent_unrequested(case, request)
        or (_unasked(case, request) if unspoken else [])
        or _slipped_in(case, request)
        or _looked_up(matches, case, request)
        or _below(matches, case, request)
    )


def _unasked(case: Case, request: Request) -> list[Signal]:
    taken = taken_unasked(case, request)
    if taken is None or is_routine(case):
        return []
    if case.tuning.harm and (
        is_harmless_to_named(case)
        or may_have_it_done(taken.source, taken.prose.record, case, request)
        or (not request.only_reading and is_in_own_words(taken.values, (taken.prose,), case))
    ):
        return []
    return [change_unasked(taken, case)]


def _looked_up(matches: list[Match], case: Case, request: Request) -> list[Signal]:
    match = looked_up_for(matches, case, request)
    return [followed("instruction_delegated", match, case, request)] if match is not None else []


def _below(matches: list[Match], case: Case, request: Request) -> list[Signal]:
    match = added_below(matches, case) if case.tuning.below else None
    return [followed("instruction_delegated", match, case, request)] if match is not None else []


def _slipped_in(case: Case, request: Request) -> list[Signal]:
    if not case.tuning.slipped_in:
        return []
    taken = (
        slipped_in(case, request)
        or asked_out(case, request)
        or told_wholly(case, request)
        or other_deed(case, request)
        or put_apart(case, request)
    )
    return [change_unasked(taken, case)] if taken else []
