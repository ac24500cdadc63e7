"""An instruction without a signature: whether it explains the call, and whether the user meant it so."""

from guardrail.attribution.authors import (
    is_beside_a_named_one,
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
from guardrail.attribution.billed import head_of, is_bill_asked_for, is_bill_of, is_pointed_at
from guardrail.attribution.contradiction import contradicts_user
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.given import has_values, is_addressed_by_user, is_given, is_spelled_out
from guardrail.attribution.gravity import decides, gives_up, is_another, is_grave, is_object_given, is_weighty
from guardrail.attribution.handed_over import (
    has_left_address,
    has_number_named,
    is_about_number_named,
    is_address_left,
    is_meant_by_name,
    is_step_of_handbook,
)
from guardrail.attribution.harm import is_harmless_to_named, may_have_it_done, reaches_stranger
from guardrail.attribution.listed import is_item_of_list
from guardrail.attribution.mandate import is_other_deed, is_own_matter_left, lets_in_whom_user_named, may_decide
from guardrail.attribution.matching import FORMS, OTHERWISE, SAME_KIND, SAME_VERB, Match
from guardrail.attribution.outward import OUTWARD, has_rival, leads_astray, outward_unknown
from guardrail.attribution.own_words import is_in_own_words
from guardrail.attribution.pointing import is_kept_by_ourselves, is_users_own
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request, on_topic
from guardrail.attribution.slipped_in import third_payee
from guardrail.attribution.unasked import stands_with_mandate
from guardrail.attribution.whose_it_is import has_address_of_its_own
from guardrail.case import Case
from guardrail.text.directives import MENTION
from guardrail.text.reading import Author
from policies.ruleset import ToolKind, host_of

MEANT = "meant"
_NOTE = 3
# Whoever tells one of these something has spoken of them before.
_SOMEBODY = frozenset(("them", "him", "her"))


def unmarked_name(match: Match, case: Case, request: Request, *, unspoken: bool) -> str:
    """The signal an instruction without a signature makes of this call; `MEANT` when the user meant it so."""
    name = _name_of(match, case, request, unspoken=unspoken)
    if name in ("", MEANT) or not case.tuning.harm:
        return name
    if is_harmless_to_named(case):
        return MEANT
    if not match.marked and not request.only_reading and _is_in_own_words(match, case):
        return MEANT
    held = name == "instruction_delegated"
    if held and is_item_of_list(match, case, request):
        return MEANT
    return MEANT if held and may_have_it_done(match.source, match.directive.record, case, request) else name


def _is_in_own_words(match: Match, case: Case) -> bool:
    texts = (prose for prose in match.source.reading.prose if prose.record == match.directive.record)
    return bool(match.values) and is_in_own_words(match.values, texts, case)


def _name_of(match: Match, case: Case, request: Request, *, unspoken: bool) -> str:
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
    elsewhere = case.tuning.elsewhere and is_someone_elses(match, case) and not _is_page_to_go_by(match, request)
    if elsewhere and not is_bill_asked_for(match, case, request):
        return "instruction_followed" if request.delegation is Delegation.NONE else "instruction_delegated"
    if _adds_a_reader(outward, match, case):
        return (
            "instruction_followed" if request.delegation is Delegation.NONE and not asked else "instruction_delegated"
        )
    grave = case.tuning.gravity and is_grave(case)
    if case.tuning.handed_over and not match.marked and _is_handed_over(match, case, request):
        return MEANT
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
        return MEANT
    if not outward and not grave and is_own_material(match, case, request):
        return MEANT
    if not request.only_reading and not contradicted and _leaves_it_open(match, case, request, outward):
        unnamed = not is_pointed_at(match, case, request) and not _is_named_for(author, case)
        led = unnamed or has_rival(outward, match, case) or _leads_to_another(outward, match, case, request)
        return "instruction_delegated" if outward and led else MEANT
    spoken = case.kind in (ToolKind.WRITE, ToolKind.SHARE) and not unspoken and is_object_given(case)
    if spoken and request.delegation is Delegation.DETAILS and not (outward or contradicted or request.only_reading):
        return MEANT
    # whoever asks for a thing and gives no value of it, or speaks of a text, has left something to be found
    ours = is_own_material(match, case, request) or (case.kind is ToolKind.SEND and stays_inside(case))
    unsaid = not request.only_reading and (
        (ours and not outward) or (asked and (not is_given(case) or request.speaks_of_text))
    )
    return "instruction_followed" if request.delegation is Delegation.NONE and not unsaid else "instruction_delegated"


def _handed_over_name(match: Match, case: Case, request: Request, outward: list[Leaf], *, weighty: bool) -> str:
    """The same where the user wants done what texts say."""
    author = match.author
    if is_nobodys(author) and (is_another(case) or decides(case)):
        # a page to go by has its say about the ticket the user gave the number of, but does not approve it
        return "instruction_delegated"
    if any(has_address_of_its_own(leaf, match.source, match.directive.record, case) for leaf in outward):
        return "instruction_delegated"
    led_out = weighty and reaches_stranger(case)
    if (outward or weighty) and is_beside_a_named_one(author, case):
        return "instruction_delegated"
    if is_spoken_of(author, case) and not (outward and _is_nobody_known(author, case)):
        return MEANT
    # by a first name alone nobody is handed something, nor paid
    by_name = is_colleague_meant(author, case) or (gives_up(case) and is_meant_by_mere_name(author, case))
    if not outward and (by_name or lets_in_whom_user_named(case, request)):
        return MEANT
    # a colleague the user named, on the record the user gave by its number, may say whom to write to
    if case.kind is ToolKind.SEND and is_colleague_meant(author, case) and is_about_number_named(match.source, case):
        return MEANT
    if not (case.tuning.gravity and is_grave(case)) and is_users_own(match.source, match.directive.record, case):
        return MEANT
    if not outward and is_own_matter_left(author, case, request):
        return MEANT
    theirs = (is_ours(author, case) and not led_out) or (
        request.as_others_ask and bool(author.author) and gives_up(case)
    )
    return "instruction_delegated" if outward or (weighty and not theirs) else MEANT


def _is_nobody_known(author: Author, case: Case) -> bool:
    """A stranger wrote it, or, where it matters, nobody knows who did: a mere title has no say in who is let in."""
    return is_stranger(author, case) or (is_nobodys(author) and is_grave(case))


def _is_named_for(author: Author, case: Case) -> bool:
    """The user spoke of the text, and to let somebody in also of who wrote it."""
    return is_spoken_of(author, case) and not (case.kind is ToolKind.SHARE and is_nobodys(author))


def _is_page_to_go_by(match: Match, request: Request) -> bool:
    """A page of our own beside somebody's request: whoever hands this over by rules has the rules in mind as well."""
    handed_over = request.delegation is Delegation.ACTIONS and not match.marked
    return handed_over and is_nobodys(match.author) and is_kept_by_ourselves(match.source)


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


def _leads_to_another(outward: list[Leaf], match: Match, case: Case, request: Request) -> bool:
    """Whoever has somebody told something has not left it to that one's mail who else is."""
    if case.kind is not ToolKind.SEND or request.delegation is not Delegation.NONE or has_left_address(case):
        return False
    author = match.author.author
    house = host_of(author) if "@" in author else ""
    if not house or (_SOMEBODY.isdisjoint(case.user.words) and not is_meant(author, case.user)):
        return False
    return any(leaf.kind == "email" and host_of(leaf.value) != house for leaf in outward)


def _is_handed_over(match: Match, case: Case, request: Request) -> bool:
    """All of the call comes from where the user pointed."""
    source, record = match.source, match.directive.record
    if is_meant_by_name(source, record, case, request) or is_address_left(source, record, case, request):
        return True
    step = is_step_of_handbook(case, request)
    return bool(step) and may_decide(source, record, case, request)


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
    if match.directive.asked.manner != MENTION or match.marked or not request.wants or is_given(case):
        return False
    if not is_nobodys(match.author) or request.delegation is not Delegation.NONE:
        return False
    numbers = all(leaf.kind in ("id", "number") for leaf in match.values)
    return case.kind in (ToolKind.WRITE, ToolKind.EXECUTE) and numbers and not is_grave(case)


def _leaves_it_open(match: Match, case: Case, request: Request, outward: list[Leaf]) -> bool:
    """The user asked for such an action and left its details to be found: here, or in a text on the same matter."""
    given = {kind for kind, pattern in FORMS.items() if pattern.search(case.user.lower)}
    if any(leaf.kind in given for leaf in outward) or third_payee(match.author, case, head=head_of(match)):
        return False
    wished = request.asked or (request.deed and not outward)
    if wished and on_topic(match.directive.text, case):
        return True
    answers = not outward and any(target.value == match.author.author.lower() for target in case.targets)
    meant = is_meant(match.author.author, case.user)
    if case.kind is ToolKind.DELETE and is_stranger(match.author, case):
        # whose mail is to go does not choose what else goes
        meant = False
    named = not outward and (meant or _is_of_record_numbered(match, case))
    billed = case.kind is ToolKind.PAY and is_bill_of(match, case)
    return request.asked and (answers or named or billed or request.delegation is Delegation.DETAILS)


def _is_of_record_numbered(match: Match, case: Case) -> bool:
    """The user named the record by its number, gave the call no value and wants something written: `as T-9013 says`."""
    if case.kind is not ToolKind.WRITE or is_given(case):
        return False
    return has_number_named(match.source, match.directive.record, case)


def _explains(match: Match, case: Case) -> bool:
    """Somebody or something named exactly, and only by the instruction, is who the call is for."""
    targets = {target.argument for target in case.targets if target.named}
    aimed = any(leaf.argument in targets and leaf.kind in OUTWARD for leaf in match.exact)
    tuning = case.tuning
    if aimed or (match.exact and match.cover >= tuning.explained_cover):
        return True
    whole = match.cover >= tuning.whole_cover and match.explained >= tuning.whole_explained
    return not is_given(case) and match.action >= SAME_KIND and whole


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


def _replaces(match: Match, case: Case, request: Request) -> bool:
    """The user did not ask for such an action, and the instruction did."""
    if has_values(case) and not match.new:
        return not is_spelled_out(case, request) and _is_done_to_the_same(match, case, request)
    tuning = case.tuning
    if not match.exact and is_addressed_by_user(case):
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
    if not request.only_reading or len(match.directive.text.split(None, _NOTE)) < _NOTE:
        # `open book` is a note
        return False
    return (match.action >= SAME_VERB and match.tool >= tuning.reading_tool) or (
        match.action >= SAME_KIND and match.cover >= tuning.reading_cover
    )
