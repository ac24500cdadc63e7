"""Whose text may decide a change the user did not speak of: as far as the user let texts decide, and about what."""

import re

from guardrail.attribution.authors import (
    is_edited_outside,
    is_how_to,
    is_knowledge,
    is_meant,
    is_meant_by_mere_name,
    is_nobodys,
    is_ours,
    is_stranger,
)
from guardrail.attribution.delegation import Delegation, looks_up_when
from guardrail.attribution.gravity import ends_something, gives_up, is_another, is_grave, is_object_given
from guardrail.attribution.handed_over import has_number_named, is_step_of_handbook
from guardrail.attribution.harm import reaches_stranger
from guardrail.attribution.outward import OUTWARD, is_at_home
from guardrail.attribution.pointing import is_pointed_at
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.slots import fills_another
from guardrail.case import Case, Source
from guardrail.destinations import argument_name
from guardrail.text.directives import WORD
from guardrail.text.reading import Author
from guardrail.text.sentences import split_sentences
from policies.ruleset import Standing, ToolKind, host_of

_LONGEST = 8_000
# Whoever speaks of these has left nothing to anybody else.
_COLLEAGUES = frozenset(
    "colleague colleagues coworker coworkers teammates kollege kollegen kollegin kolleginnen collègue collègues "
    "compañero compañeros compañera compañeras colleghi colegas collega".split()
)
_SHORT_SENTENCE = 3
_MOST_FIELDS, _LONGEST_FIELD = 2_000, 80
# What whoever is let in is called among the arguments.
_LET_IN = frozenset(
    "user username users member members person with email mail account login invitee grantee collaborator guest to "
    "recipient assignee principal upn handle".split()
)
_SHORTEST_ACCOUNT = 6
# Where goods go, not whom money goes to; an address among them is looked at by its form.
_PLACES = frozenset("destination place location city town port site ziel ort lieu ville destino lugar luogo".split())


def may_decide(source: Source, record: int, case: Case, request: Request) -> bool:
    """Whoever wrote this record may have the agent make such a change."""
    if case.kind is ToolKind.READ:
        # it is a weighty one that is only to be read: no text decides who looks at keys
        return False
    author = source.reading.authors[record]
    if request.only_reading or not case.user.words:
        return is_ours(author, case) and case.call.event_triggered
    if source.tool_name in (case.call.tool.name, case.call.tool.tool_id):
        return True
    left = request.delegation is not Delegation.NONE
    # nobody lets a stranger in by saying nothing of it
    left_open = left or not (request.deed_named or (case.kind is ToolKind.SHARE and _reaches_others(author, case)))
    # who left only the values of one deed to a colleague has not left others
    if is_ours(author, case) and left_open and not is_other_deed(case, request):
        return True
    if case.kind is ToolKind.EXECUTE and is_nobodys(author) and is_how_to(source):
        return True
    if _is_only_the_day(case) and (
        request.delegation is Delegation.DETAILS or (is_nobodys(author) and looks_up_when(case.user.lower))
    ):
        return True
    if is_own_matter_left(author, case, request):
        return True
    handed_over = request.delegation is Delegation.ACTIONS
    grave = is_grave(case)
    meant = bool(author.author) and is_meant(author.author, case.user) and not is_edited_outside(author, case)
    if handed_over and gives_up(case) and is_meant_by_mere_name(author, case):
        return True
    if meant and (handed_over or request.speaks_of_text) and not grave and not fills_another(case):
        return (handed_over or request.deed_named) and not (is_stranger(author, case) and _reaches_others(author, case))
    if handed_over and is_of_author(source, record, case):
        return True
    if not handed_over:
        # the guideline whose values the user wants for the one named
        own = is_knowledge(source) and is_pointed_at(source, record, case)
        return own and request.delegation is Delegation.DETAILS and is_object_given(case)
    outside = any("@" in name and not is_ours(author, case) for name in (author.author, author.editor))
    another = is_another(case)
    if is_how_to(source) and not outside and not another and (is_knowledge(source) or not request.deed_named):
        # the file or the page of the handbook the user wants followed
        return True
    if not outside and is_nobodys(author) and lets_in_whom_user_named(case, request):
        # what is to be shared stands on the page to go by, with whom the user said
        return True
    listed = is_step_of_handbook(case, request)
    if listed is not None:
        # whoever names a page to go by wants its steps done with what the record says, and no other
        return listed and (not outside or has_number_named(source, record, case))
    if not (grave or another) and is_pointed_at(source, record, case):
        return True
    if outside and not _COLLEAGUES.isdisjoint(case.user.words):
        return False
    if request.as_others_ask and (gives_up(case) or not grave):
        return True
    return not grave and not request.deed_named and _is_its_own_matter(source, record, case)


def is_of_author(source: Source, record: int, case: Case) -> bool:
    """Whoever wrote it asks for what is theirs: another output has the record as one of that address or name.

    The user named them, or numbered their text; nothing is paid, nobody let in and nobody else reached.
    """
    author = source.reading.authors[record]
    if case.kind not in (ToolKind.WRITE, ToolKind.DELETE) or "@" not in author.author or reaches_stranger(case):
        return False
    if is_edited_outside(author, case) or not (
        is_meant(author.author, case.user) or has_number_named(source, record, case)
    ):
        return False
    new = [leaf for leaf, share in zip(case.leaves, case.user_shares, strict=True) if leaf.kind == "id" and share < 1.0]
    address = author.author.lower()
    mailbox = frozenset(WORD.findall(address.partition("@")[0].replace(".", " ").replace("_", " ")))
    return bool(new) and all(_is_theirs(leaf, source, address, mailbox, case) for leaf in new)


def _is_theirs(leaf: Leaf, source: Source, address: str, mailbox: frozenset[str], case: Case) -> bool:
    for other in case.sources:
        if other is source:
            continue
        fields: dict[int, list[str]] = {}
        for prose in other.reading.prose[:_MOST_FIELDS]:
            if len(prose.lower) <= _LONGEST_FIELD:
                fields.setdefault(prose.record, []).append(prose.lower.strip())
        for texts in fields.values():
            names = (frozenset(WORD.findall(text)) for text in texts)
            if leaf.needle in texts and (address in texts or any(len(name) > 1 and name <= mailbox for name in names)):
                return True
    return False


def _is_only_the_day(case: Case) -> bool:
    """The user gave everything but the day."""
    new = {leaf.kind for leaf, share in zip(case.leaves, case.user_shares, strict=True) if share < 1.0}
    return new == {"date"} and len(case.leaves) > 1


def lets_in_whom_user_named(case: Case, request: Request) -> bool:
    """Nobody but people whose address or account the user gave is let in.

    Who wants a goal reached and leaves the way to it to a text may call one of us by name.
    """
    if case.kind is not ToolKind.SHARE:
        return False
    by_name = request.aims and request.delegation is Delegation.ACTIONS
    people = [
        share == 1.0 or (by_name and _is_one_of_us_named(leaf, case))
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if leaf.kind in ("email", "phone", "url") or argument_name(leaf.argument) in _LET_IN
    ]
    return bool(people) and all(people)


def _is_one_of_us_named(leaf: Leaf, case: Case) -> bool:
    ours = leaf.kind == "email" and case.ruleset.standing_of(leaf.value) is Standing.INTERNAL
    return ours and is_meant(leaf.value.partition("@")[0], case.user)


def is_own_matter_left(author: Author, case: Case, request: Request) -> bool:
    """The user left it to the text of somebody named or known, who asks for their own: what is due, to give it up.

    Nobody new comes in by it: money goes to an account the organisation knows, of whoever wrote or another it knows,
    and all else it reaches is theirs or known. Rights, keys and other losses are nobody's own matter.
    """
    if request.delegation is not Delegation.ACTIONS or "@" not in author.author or is_edited_outside(author, case):
        return False
    if not (is_meant(author.author, case.user) or case.ruleset.standing_of(author.author).is_trusted):
        return False
    if (request.deed_named and not request.deed) or is_another(case):
        return False
    if not (case.kind is ToolKind.PAY or ends_something(case)):
        return False
    vouched = [leaf for leaf in case.leaves if case.ruleset.standing_of(leaf.value).is_trusted]
    theirs = (leaf for leaf in case.leaves if leaf.kind in OUTWARD or _has_the_form_of_an_account(leaf))
    if any(leaf not in vouched and not is_at_home(leaf, author) for leaf in theirs):
        return False
    reached = (target for target in case.targets if target.named and argument_name(target.argument) not in _PLACES)
    if any(not target.standing.is_trusted for target in reached):
        return False
    return bool(vouched) or ends_something(case)


def _has_the_form_of_an_account(leaf: Leaf) -> bool:
    """`77120453`, `40-12-09 77120453`; the number of a bill is shorter or has letters."""
    bare = re.sub(r"[\s./-]", "", leaf.value)
    return leaf.kind not in ("date", "long") and len(bare) >= _SHORTEST_ACCOUNT and bare.isdigit()


def is_other_deed(case: Case, request: Request) -> bool:
    """The user left the values of one deed to a text, and this is another by which people are hurt.

    Money apart: what a goal costs stands in the text.
    """
    only_values = (
        request.delegation is Delegation.DETAILS and request.deed_named and not (request.asked or request.aims)
    )
    return only_values and case.kind is not ToolKind.PAY and is_grave(case)


def _reaches_others(author: Author, case: Case) -> bool:
    """The call reaches somebody nobody vouches for, who is not of the author's house and not named by the user."""
    house = host_of(author.author)
    return any(
        target.standing is Standing.UNKNOWN and "@" in target.value and host_of(target.value) != house
        for target in case.targets
        if stands_in(target.value, case.user.lower) < 0
    )


def _is_its_own_matter(source: Source, record: int, case: Case) -> bool:
    """The call is about what the record is about: what its fields, its title or its author are named by.

    Where the user pointed at this very record, also what it speaks of again and again, or of nothing else.
    """
    author = source.reading.authors[record]
    texts = [prose.lower for prose in source.reading.prose if prose.record == record]
    short = {text.strip() for text in texts if len(text.split(None, 3)) <= 3}
    about = [leaf for leaf in case.leaves if leaf.kind not in ("number", "long", "date")]
    named = f"{author.author} {author.document}".lower()
    if any(leaf.needle in short or stands_in(leaf.needle, named) >= 0 for leaf in about):
        return True
    if not any(any(sign.isdigit() for sign in text) and stands_in(text, case.user.lower) >= 0 for text in short):
        return False
    sentences = [
        text[start:end]
        for text in texts
        if text.strip() not in short
        for start, end in split_sentences(text[:_LONGEST])
    ]
    told = [sentence for sentence in sentences if len(sentence.split(None, _SHORT_SENTENCE)) > _SHORT_SENTENCE]
    return len(told) <= 1 or any(_is_said_again(leaf, sentences) for leaf in about)


def _is_said_again(leaf: Leaf, sentences: list[str]) -> bool:
    return sum(stands_in(leaf.needle, sentence) >= 0 for sentence in sentences) > 1
