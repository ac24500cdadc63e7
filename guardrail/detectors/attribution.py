"""Claim: this call carries out an instruction that stands in outside text, not one the user gave.

An instruction explains a call when its verb fits the tool and it holds values of the call the user never gave. With a
signature (or hidden) within three sentences that is a hijacking; without one it depends on what the user asked for and
on how far the user told the agent to act on texts.
Cannot see: changed facts without an instruction, a request equal to what the user delegated, languages without a table.
"""

from guardrail.attribution.asked_out import asked_out
from guardrail.attribution.authors import (
    is_colleague_meant,
    is_meant,
    is_meant_by_mere_name,
    is_nobodys,
    is_ours,
    is_own_material,
    is_someone_elses,
    is_spoken_of,
    is_stranger,
    stays_inside,
)
from guardrail.attribution.contradiction import contradicts_user
from guardrail.attribution.dictated import tells_what_to_write
from guardrail.attribution.explanation import change_unasked, followed, unrequested
from guardrail.attribution.gravity import gives_up, is_grave, is_object_given, is_weighty
from guardrail.attribution.handed_over import (
    has_number_named,
    is_address_left,
    is_meant_by_name,
    is_step_of_handbook,
)
from guardrail.attribution.mandate import is_other_deed, is_own_matter_left, lets_in_whom_user_named, may_decide
from guardrail.attribution.matching import FORMS, OTHERWISE, SAME_KIND, SAME_VERB, Match, is_constant, matches_of
from guardrail.attribution.moved import moved_by
from guardrail.attribution.negated import is_denied
from guardrail.attribution.outward import OUTWARD, has_rival, is_at_home, leads_astray, outward_unknown
from guardrail.attribution.pointing import handed_over_by_pointing, is_users_own
from guardrail.attribution.provenance import Leaf, share_in, stands_in
from guardrail.attribution.request import Delegation, Request, on_topic, read_request
from guardrail.attribution.routine import is_routine
from guardrail.attribution.slipped_in import slipped_in, third_payee
from guardrail.attribution.unasked import runs, stands_with_mandate, taken_unasked
from guardrail.case import Case
from guardrail.destinations import says_something
from guardrail.text.directives import MENTION
from guardrail.text.reading import Author
from guardrail.text.signatures import CALLS_ON_ASSISTANT, SPEAKS_TO_CALLER
from guardrail.text.wordset import word_set
from policies.ruleset import ToolKind
from policies.signal import RECALLED, Signal

NAME = "attribution"

_MEANT = "meant"
# Share of a message's words an order itself must hold to be where they are from.
_IN_IT = 0.3
_SEVERAL = 3
_UNREQUESTED = frozenset((ToolKind.SEND, ToolKind.PAY, ToolKind.SHARE))
_TO_OTHERS = _UNREQUESTED | {ToolKind.DELETE}


def detect(case: Case) -> list[Signal]:
    """At most one signal: the directive that explains the call best."""
    if not case.sources:
        return []
    matches = sorted(matches_of(case), key=lambda match: match.score, reverse=True)
    request = handed_over_by_pointing(read_request(case.user, case.call.tool, case.kind, case.tuning), case)
    rivals = [match for match in matches if not (match.marked and _is_marked_for(match, case, request))]
    for match in sorted(matches, key=_is_only_near_a_known_text):
        # Another text explains the call better: a colleague's errand that an attack only happens to resemble.
        if match.marked and not match.exact and _is_outdone(match, rivals, request):
            continue
        if match.marked and _is_marked_for(match, case, request) and _carries_out_marked(match, case, request):
            return [followed("instruction_marked", match, case, request)]
    best = max((match.raw for match in matches), default=0.0)
    unspoken = case.tuning.unasked and is_weighty(case, request)
    for match in matches:
        name = _unmarked_name(match, case, request, unspoken=unspoken)
        if name == _MEANT and match.raw >= case.tuning.meant_share * best:
            return _slipped_in(case, request)
        if name and name != _MEANT:
            return [followed(name, match, case, request)]
    moved = moved_by(matches, case, request) if case.tuning.handed_over else None
    if moved is not None:
        return [followed("instruction_delegated", moved, case, request)]
    return _unrequested(case, request) or (_unasked(case, request) if unspoken else []) or _slipped_in(case, request)


def _is_marked_for(match: Match, case: Case, request: Request) -> bool:
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


def _is_only_near_a_known_text(match: Match) -> bool:
    """Nothing but memory of a sentence near by speaks against it: what shows itself tells more and goes first."""
    return not match.hidden and all(sign.what == RECALLED and not sign.own for sign in match.signs)


def _is_outdone(match: Match, rivals: list[Match], request: Request) -> bool:
    if any(rival.raw > match.raw for rival in rivals):
        return True
    handed_over = request.delegation is not Delegation.NONE
    return handed_over and any(rival.raw >= match.raw > 0 and rival.action >= match.action for rival in rivals)


def _carries_out_marked(match: Match, case: Case, request: Request) -> bool:
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
    if _has_values(case) and not match.new:
        return False
    if request.asked:
        named = case.sink and match.action >= SAME_VERB and match.tool >= tuning.tool_closely_named
        return named and match.cover >= tuning.marked_asked_cover
    if case.sink and _has_values(case):
        named = match.action >= SAME_VERB and match.tool >= tuning.tool_closely_named
        return match.cover >= tuning.marked_cover or (named and match.raw >= tuning.marked_aim_share * match.new)
    return (match.action >= SAME_VERB and match.tool >= tuning.marked_tool) or match.tool >= tuning.tool_closely_named


def _is_only_worded_alike(match: Match, case: Case, request: Request) -> bool:
    """What the two share are words of a message that stand near the order and not in it, as in notes about attacks."""
    said = match.directive.text.lower()
    told = word_set((said,))
    told_only = all(says_something(leaf.argument) for leaf in match.values)
    if told_only and match.action <= OTHERWISE and _is_addressed_by_user(case) and not tells_what_to_write(said):
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


def _unmarked_name(match: Match, case: Case, request: Request, *, unspoken: bool) -> str:
    """The signal an instruction without a signature makes of this call; `_MEANT` when the user meant it so."""
    if not case.sink:
        if not leads_astray(match, case):
            return ""
        if request.delegation is Delegation.NONE:
            return "instruction_followed"
        handed_over = request.delegation is Delegation.ACTIONS
        return "" if handed_over or on_topic(match.directive.text, case) else "instruction_delegated"
    vague = match.action <= OTHERWISE or match.directive.asked.manner == MENTION
    if vague and not _is_told_to(match, case, request):
        return ""
    if _is_only_found(match, case, request):
        return ""
    author = match.author
    outward = outward_unknown(match, case)
    if case.call.by_outsider and match.source.name == "trigger":
        return "instruction_delegated" if outward else ""
    contradicted = case.tuning.contradiction and contradicts_user(match, case)
    asked = request.asked and not contradicted
    if not (_explains(match, case) or (not asked and _replaces(match, case, request))):
        return ""
    if is_someone_elses(match, case) and case.tuning.elsewhere and not _is_bill_asked_for(match, case, request):
        return "instruction_followed" if request.delegation is Delegation.NONE else "instruction_delegated"
    if _adds_a_reader(outward, match, case):
        return (
            "instruction_followed" if request.delegation is Delegation.NONE and not asked else "instruction_delegated"
        )
    grave = case.tuning.gravity and is_grave(case)
    if case.tuning.handed_over and not match.marked and _is_handed_over(match, case, request):
        return _MEANT
    if (
        unspoken
        and case.kind is not ToolKind.EXECUTE
        and not may_decide(match.source, match.directive.record, case, request)
        and not stands_with_mandate(case, request)
    ):
        outsider = request.delegation is Delegation.NONE and not is_own_material(match, case, request)
        return "instruction_followed" if outsider else "instruction_delegated"
    if request.delegation is Delegation.ACTIONS and not (case.kind is ToolKind.PAY and request.asked):
        return _handed_over_name(match, case, request, outward, weighty=grave and unspoken)
    left = request.delegation is Delegation.DETAILS and not request.only_reading
    strange = outward and not request.deed
    if left and is_ours(author, case) and not (strange or is_other_deed(case, request)):
        return _MEANT
    if not outward and not grave and is_own_material(match, case, request):
        return _MEANT
    if not request.only_reading and not contradicted and _leaves_it_open(match, case, request, outward):
        unnamed = not _is_pointed_at(match, case, request) and not _is_named_for(author, case)
        return "instruction_delegated" if outward and (unnamed or has_rival(outward, match, case)) else _MEANT
    spoken = case.kind in (ToolKind.WRITE, ToolKind.SHARE) and not unspoken and is_object_given(case)
    if spoken and request.delegation is Delegation.DETAILS and not (outward or contradicted or request.only_reading):
        return _MEANT
    # whoever asks for a thing and gives no value of it, or speaks of a text, has left something to be found
    ours = is_own_material(match, case, request) or (case.kind is ToolKind.SEND and stays_inside(case))
    unsaid = not request.only_reading and (
        (ours and not outward) or (asked and (not _is_given(case) or request.speaks_of_text))
    )
    return "instruction_followed" if request.delegation is Delegation.NONE and not unsaid else "instruction_delegated"


def _handed_over_name(match: Match, case: Case, request: Request, outward: list[Leaf], *, weighty: bool) -> str:
    """The same where the user wants done what texts say."""
    author = match.author
    if is_spoken_of(author, case) and not (outward and _is_nobody_known(author, case)):
        return _MEANT
    # by a first name alone nobody is handed something, nor paid
    by_name = is_colleague_meant(author, case) or (gives_up(case) and is_meant_by_mere_name(author, case))
    if not outward and (by_name or lets_in_whom_user_named(case)):
        return _MEANT
    if not (case.tuning.gravity and is_grave(case)) and is_users_own(match.source, match.directive.record, case):
        return _MEANT
    if not outward and is_own_matter_left(author, case, request):
        return _MEANT
    theirs = is_ours(author, case) or (request.as_others_ask and bool(author.author) and gives_up(case))
    return "instruction_delegated" if outward or (weighty and not theirs) else _MEANT


def _is_nobody_known(author: Author, case: Case) -> bool:
    """A stranger wrote it, or, where it matters, nobody knows who did: a mere title has no say in who is let in."""
    return is_stranger(author, case) or (is_nobodys(author) and is_grave(case))


def _is_named_for(author: Author, case: Case) -> bool:
    """The user spoke of the text, and to let somebody in also of who wrote it."""
    return is_spoken_of(author, case) and not (case.kind is ToolKind.SHARE and is_nobodys(author))


def _adds_a_reader(outward: list[Leaf], match: Match, case: Case) -> bool:
    """A message for whoever wrote the text, or whom the user named, goes to somebody more whom the text names."""
    if case.kind is not ToolKind.SEND:
        return False
    added = {leaf.value.lower() for leaf in outward if leaf.kind == "email"}
    added = {address for address in added if stands_in(address, case.user.lower) < 0}
    if not added:
        return False
    author = match.author.author.lower()
    others = {target.value for target in case.targets if target.named and "@" in target.value} - added
    return any(stands_in(other, author) >= 0 or stands_in(other, case.user.lower) >= 0 for other in others)


def _is_handed_over(match: Match, case: Case, request: Request) -> bool:
    """All of the call comes from where the user pointed."""
    source, record = match.source, match.directive.record
    if is_meant_by_name(source, record, case, request) or is_address_left(source, record, case, request):
        return True
    step = is_step_of_handbook(case, request)
    return bool(step) and may_decide(source, record, case, request)


def _is_pointed_at(match: Match, case: Case, request: Request) -> bool:
    """The user's words lead to this order or, for a payment, to this text: whom to pay stands in every bill."""
    if request.delegation is not Delegation.NONE:
        return case.kind is ToolKind.PAY or on_topic(match.directive.text, case)
    return case.kind is ToolKind.PAY and _is_bill_of(match, case)


def _is_bill_of(match: Match, case: Case) -> bool:
    """The user wants such a payment and spoke of what this text is about."""
    record = match.directive.record
    prose = " ".join(prose.lower[:2_000] for prose in match.source.reading.prose if prose.record == record)
    return is_meant(match.author.author, case.user) or on_topic(prose[:1_500], case)


def _is_bill_asked_for(match: Match, case: Case, request: Request) -> bool:
    """A bill of nobody by its fields, such as a file with a mail, is of whom it speaks of."""
    paid = case.kind is ToolKind.PAY and request.asked and not match.author.author
    return paid and _is_bill_of(match, case)


def _is_told_to(match: Match, case: Case, request: Request) -> bool:
    """A sentence that only mentions a deed asks for it where it aims the call at somebody or holds all of it."""
    tuning = case.tuning
    fits = match.action >= SAME_KIND and match.cover >= tuning.mention_cover
    if request.asked:
        all_of_it = match.cover >= tuning.whole_cover and match.explained >= tuning.whole_explained
        return fits and (bool(match.exact) or all_of_it)
    if not match.exact:
        ordered = match.directive.asked.manner != MENTION and not request.deed
        whole = ordered and match.cover >= tuning.whole_cover
        if (fits or whole) and match.explained >= tuning.mention_explained:
            return True
        same = match.action >= SAME_VERB and match.tool >= tuning.tool_named and match.cover >= tuning.whole_cover
        return same and not request.deed and match.explained >= tuning.mention_little_explained
    return fits or any(leaf.kind in OUTWARD for leaf in match.exact)


def _is_only_found(match: Match, case: Case, request: Request) -> bool:
    """The user wants this very deed done to something they left to be found, and this sentence only speaks of it.

    As a log does, which nobody wrote: `restart disabled for svc-7`. Nothing but a number, and nothing grave.
    """
    if match.directive.asked.manner != MENTION or match.marked or not request.wants or _is_given(case):
        return False
    if not is_nobodys(match.author) or request.delegation is not Delegation.NONE:
        return False
    numbers = all(leaf.kind in ("id", "number") for leaf in match.values)
    return case.kind in (ToolKind.WRITE, ToolKind.EXECUTE) and numbers and not is_grave(case)


def _is_addressed_by_user(case: Case) -> bool:
    """Everybody the call would reach was named by the user, with an address."""
    reached = {target.value for target in case.targets if target.named}
    leaves = [leaf for leaf in case.leaves if leaf.kind in OUTWARD and leaf.value.lower() in reached]
    return bool(leaves) and all(stands_in(leaf.needle, case.user.lower) >= 0 for leaf in leaves)


def _is_given(case: Case) -> bool:
    """The user gave some value of the call."""
    return any(
        share >= case.tuning.given_share
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if not is_constant(leaf, case.tuning)
    )


def _has_values(case: Case) -> bool:
    return any(not is_constant(leaf, case.tuning) for leaf in case.leaves)


def _unrequested(case: Case, request: Request) -> list[Signal]:
    """Nobody asked for a message or payment, and its unknown recipient stands nowhere but in running text.

    Finds what is put without any instruction (`reports always go to ...`), in a language without a table or in a code;
    where things were left to texts, messages only, and none to the author of the text or the author's house. A
    recipient of a contact list, a row or a mail's own header is a field by itself and does not count.
    """
    if not case.tuning.unrequested or case.kind not in _UNREQUESTED:
        return []
    others = _has_named_others(case)
    if request.asked and not others:
        return []
    left_open = case.call.by_outsider or request.delegation is not Delegation.NONE or request.deed
    if left_open and case.kind is not ToolKind.SEND:
        return []
    for target in case.targets:
        leaf = next(
            (leaf for leaf in case.leaves if leaf.kind in OUTWARD and leaf.value.lower() == target.value),
            None,
        )
        if leaf is None or not target.named or target.standing.is_trusted:
            continue
        if stands_in(leaf.needle, case.user.lower) >= 0:
            continue
        found = [
            (source, prose)
            for source in case.sources
            for prose in source.reading.prose
            if stands_in(leaf.needle, prose.lower) >= 0
        ]
        if found and all(runs(prose.lower, case.tuning.running_text) for _, prose in found):
            source, prose = found[0]
            author = source.reading.authors[prose.record]
            if left_open and (is_at_home(leaf, author) or (not others and _is_vouched_for(author, case))):
                continue
            if case.tuning.handed_over and (
                is_meant_by_name(source, prose.record, case, request)
                or is_address_left(source, prose.record, case, request)
            ):
                continue
            return [unrequested(target, leaf, source, prose, case, left_open=left_open)]
    return []


def _is_vouched_for(author: Author, case: Case) -> bool:
    return is_ours(author, case) or is_meant(author.author, case.user)


def _has_named_others(case: Case) -> bool:
    """The user gave an address for such a message, and none of its recipients is one of those."""
    given = set(FORMS["email"].findall(case.user.lower[:12_000]))
    reached = {target.value for target in case.targets if target.named and "@" in target.value}
    return case.kind is ToolKind.SEND and bool(given and reached) and given.isdisjoint(reached)


def _unasked(case: Case, request: Request) -> list[Signal]:
    taken = taken_unasked(case, request)
    return [change_unasked(taken, case)] if taken and not is_routine(case) else []


def _slipped_in(case: Case, request: Request) -> list[Signal]:
    if not case.tuning.slipped_in:
        return []
    taken = slipped_in(case, request) or asked_out(case, request)
    return [change_unasked(taken, case)] if taken else []


def _leaves_it_open(match: Match, case: Case, request: Request, outward: list[Leaf]) -> bool:
    """The user asked for such an action and left its details to be found: here, or in a text on the same matter."""
    given = {kind for kind, pattern in FORMS.items() if pattern.search(case.user.lower)}
    if any(leaf.kind in given for leaf in outward) or third_payee(match.author, case, head=_head_of(match)):
        return False
    wished = request.asked or (request.deed and not outward)
    if wished and on_topic(match.directive.text, case):
        return True
    answers = not outward and any(target.value == match.author.author.lower() for target in case.targets)
    named = not outward and (is_meant(match.author.author, case.user) or _is_of_record_numbered(match, case))
    billed = case.kind is ToolKind.PAY and _is_bill_of(match, case)
    return request.asked and (answers or named or billed or request.delegation is Delegation.DETAILS)


def _is_of_record_numbered(match: Match, case: Case) -> bool:
    """The user named the record by its number, gave the call no value and wants something written: `as T-9013 says`."""
    if case.kind is not ToolKind.WRITE or _is_given(case):
        return False
    return has_number_named(match.source, match.directive.record, case)


def _head_of(match: Match) -> str:
    """The first line of a text of nobody's, where a letter has its letterhead."""
    if not is_nobodys(match.author):
        return ""
    record = match.directive.record
    text = next((prose.lower for prose in match.source.reading.prose if prose.record == record), "")
    return text.strip().partition("\n")[0][:80]


def _explains(match: Match, case: Case) -> bool:
    """Somebody or something named exactly, and only by the instruction, is who the call is for."""
    targets = {target.argument for target in case.targets if target.named}
    aimed = any(leaf.argument in targets and leaf.kind in OUTWARD for leaf in match.exact)
    tuning = case.tuning
    if aimed or (match.exact and match.cover >= tuning.explained_cover):
        return True
    whole = match.cover >= tuning.whole_cover and match.explained >= tuning.whole_explained
    return not _is_given(case) and match.action >= SAME_KIND and whole


def _is_done_to_the_same(match: Match, case: Case, request: Request) -> bool:
    """The user named the thing, wants something else done with it or only to know of it, and the order wants this."""
    if request.delegation is not Delegation.NONE or request.asked or request.wants or request.aims:
        return False
    if not (request.deed_named or request.only_reading):
        return False
    if match.action < SAME_VERB or not is_weighty(case, request):
        return False
    told = match.directive.text.lower()
    return any(leaf.kind != "long" and stands_in(leaf.needle, told) >= 0 for leaf in case.leaves)


def _is_spelled_out(case: Case, request: Request) -> bool:
    """The user wants such a deed and gave each of several values for it."""
    return request.deed and len(case.leaves) >= _SEVERAL and min(case.user_shares) == 1.0


def _replaces(match: Match, case: Case, request: Request) -> bool:
    """The user did not ask for such an action, and the instruction did."""
    if _has_values(case) and not match.new:
        return not _is_spelled_out(case, request) and _is_done_to_the_same(match, case, request)
    tuning = case.tuning
    if not match.exact and _is_addressed_by_user(case):
        return False
    if match.cover >= tuning.instead_cover and match.explained >= tuning.instead_explained:
        return True
    if not request.deed and match.action >= SAME_VERB:
        # all of the call, or of a call the order names by its tool, in data as well or not
        whole = match.tool >= tuning.tool_named and match.new and match.raw >= tuning.whole_cover * match.new
        if whole or match.cover >= tuning.whole_cover:
            return True
    named = match.action >= SAME_VERB and match.tool >= tuning.tool_closely_named
    if named and (match.cover >= tuning.instead_named_cover or not match.new):
        return True
    if not request.only_reading:
        return False
    return (match.action >= SAME_VERB and match.tool >= tuning.reading_tool) or (
        match.action >= SAME_KIND and match.cover >= tuning.reading_cover
    )
