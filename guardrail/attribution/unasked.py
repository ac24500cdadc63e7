"""A change nobody asked for whose values stand in somebody's running text, however and in whatever language it is put.

What an agent needs for the user's goal it takes from fields: a row, a header, a form. What it was told by a text, as an
order, a practice or a fact, has its values in the prose of that text.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.attribution.authors import is_how_to, is_nobodys
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import is_grave
from guardrail.attribution.handed_over import has_number_named
from guardrail.attribution.mandate import may_decide
from guardrail.attribution.matching import EXACT, is_constant
from guardrail.attribution.named_slots import AMOUNTS
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in, stands_in
from guardrail.attribution.request import Request, telling_words
from guardrail.attribution.running_text import runs
from guardrail.case import Case, Source
from guardrail.destinations import argument_name, says_something
from guardrail.invocation import Tool
from guardrail.text.directives import words_of
from guardrail.text.reading import Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH, stem
from guardrail.text.wordset import WordSet, word_set
from guardrail.tool_kind import infer_kind, tool_verbs, tool_words
from policies.ruleset import Standing, ToolKind

# Share of a field's words that makes it the value and nothing else.
_MOST_OF_IT = 0.7
_LONGEST = 20_000
_LONGEST_CLOCK = 8
_TELLING_LENGTH = 3
_LONGEST_NAME = 60
_REASONS = frozenset("reason grund motivo motif reden powod anledning".split())


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The field that holds the values, and which those are."""

    source: Source
    prose: Prose
    values: tuple[Leaf, ...]


def taken_unasked(case: Case, request: Request) -> Taken | None:
    """Where a weighty change nobody spoke of (`is_weighty`) has its values from; None when there is no such place."""
    if case.kind is ToolKind.PAY and _is_to_known(case):
        return None
    shares = zip(case.leaves, case.user_shares, strict=True)
    new = [leaf for leaf, share in shares if share < case.tuning.given_share]
    fresh = [
        leaf
        for leaf in new
        if not (
            is_constant(leaf, case.tuning)
            or is_clock(leaf)
            or _is_setting(leaf, case)
            or is_own_prose(leaf)
            or _is_own_address(leaf, case)
        )
    ]
    found = _taken_from_a_text(fresh, case, request) if fresh else _taken_numbers(new, case, request)
    if found is not None and len(new) > len(found.values) and _are_of_records_named(found, case, request):
        # the number of what the user spoke of, named by a text as well: nobody's value, unless it is all the call has
        return None
    if found is None and case.call.event_triggered and is_grave(case):
        # what it is done to stands in records: what is done to it is what the text brought
        brought = [
            leaf
            for leaf in new
            if (leaf.kind == "number" or len(leaf.needle) > _TELLING_LENGTH)
            and not (is_clock(leaf) or is_own_prose(leaf) or _is_on_record(leaf, case))
        ]
        found = _taken_from_a_text(brought, case, request, only="trigger") if brought else None
    if found is None and case.call.by_outsider and case.kind is ToolKind.PAY:
        # how much is paid is what the message says, and no record has it
        amounts = [leaf for leaf in new if leaf.kind == "number" and argument_name(leaf.argument) in AMOUNTS]
        if amounts and not any(_is_on_record(leaf, case) for leaf in amounts):
            found = _taken_from_a_text(amounts, case, request, only="trigger")
    wants_none = not (case.call.by_outsider or request.deed or request.delegation is not Delegation.NONE)
    return found or (_taken_from_an_order(new, case, request) if wants_none else None)


def _taken_from_an_order(new: list[Leaf], case: Case, request: Request) -> Taken | None:
    """What it is done to stands in records, and all that is new about it in one order of one text."""
    brought = [
        leaf
        for leaf in new
        if not (is_constant(leaf, case.tuning) or is_clock(leaf) or is_own_prose(leaf) or _is_setting(leaf, case))
        and not _is_on_record(leaf, case)
    ]
    if not brought or len(brought) == len(new) or all(leaf.kind == "number" for leaf in brought):
        return None
    found = _taken_from_a_text(brought, case, request)
    if found is None or len(found.values) < len(brought) or is_how_to(found.source):
        return None
    for start, end in found.prose.asked:
        said = word_set((found.prose.lower[start:end],))
        if all(share_in(leaf, said) >= case.tuning.text_cover for leaf in brought):
            return found
    return None


def _taken_from_a_text(fresh: list[Leaf], case: Case, request: Request, *, only: str = "") -> Taken | None:
    for source, prose in _running_texts(case):
        if only and source.name != only:
            continue
        author = source.reading.authors[prose.record].author.lower()
        # whose text it is may be who it is about
        told = [leaf for leaf in fresh if stands_in(leaf.needle, author) < 0 and not _is_from(author, leaf)]
        enough = case.tuning.taken_cover * sum(leaf.weight for leaf in told)
        here = [leaf for leaf in told if may_stand_in(leaf, (prose.lower,), least=case.tuning.text_cover)]
        if sum(leaf.weight for leaf in here) < enough or may_decide(source, prose.record, case, request):
            continue
        text = word_set((prose.lower,))
        values = tuple(leaf for leaf in here if _stands_there(leaf, text, case))
        if values and sum(leaf.weight for leaf in values) >= enough:
            if stands_with_mandate(case, request):
                return None
            return Taken(source=source, prose=prose, values=values)
    return None


def _are_of_records_named(found: Taken, case: Case, request: Request) -> bool:
    """Each is a field of a record of which the user spoke, or the text to which the user left it."""
    if any(leaf.kind != "id" for leaf in found.values):
        return False
    spoken = case.user.words.union(
        *(
            words_of(prose.lower[:_LONGEST])
            for source, prose in _running_texts(case)
            if may_decide(source, prose.record, case, request)
        )
    )
    return all(_is_of_record_named(leaf, spoken, case) for leaf in found.values)


def _is_of_record_named(leaf: Leaf, spoken: frozenset[str], case: Case) -> bool:
    """A record nobody from outside wrote has this as a field, and a short field beside it is what was spoken of."""
    for source in case.sources:
        authors = source.reading.authors
        for prose in source.reading.prose:
            if prose.lower.strip() != leaf.needle:
                continue
            if "@" in authors[prose.record].author:
                # a field of the very ticket whose number the user gave, beside what somebody wrote there
                if has_number_named(source, prose.record, case):
                    return True
                continue
            fields = (other.lower for other in source.reading.prose if other.record == prose.record)
            if any(len(field) <= _LONGEST_NAME and not telling_words(field).isdisjoint(spoken) for field in fields):
                return True
    return False


def _is_on_record(leaf: Leaf, case: Case) -> bool:
    """Somebody the tenant knows, or a value that is a field by itself, or stands in a page of the handbook."""
    if leaf.kind in ("email", "url", "domain") and case.ruleset.standing_of(leaf.value).is_trusted:
        return True
    for source in case.sources:
        own = is_how_to(source)
        for prose in source.reading.prose:
            is_page = own and is_nobodys(source.reading.authors[prose.record])
            is_field = not runs(prose.lower, case.tuning.running_text)
            if (is_field or is_page) and stands_in(leaf.needle, prose.lower) >= 0:
                return True
    return False


def stands_with_mandate(case: Case, request: Request) -> bool:
    """A text that may decide speaks of the deed and holds all the user did not give: nobody else explains the call."""
    shares = zip(case.leaves, case.user_shares, strict=True)
    new = [leaf for leaf, share in shares if share < case.tuning.given_share and not is_own_prose(leaf)]
    named = [word for word in tool_words(case.call.tool) if len(word) > _TELLING_LENGTH]
    if not new:
        return False
    for source, prose in _running_texts(case):
        if not may_stand_in(new[0], (prose.lower,), least=case.tuning.text_cover):
            continue
        text = word_set((prose.lower,))
        if not any(stem(word) in prose.lower for word in named):
            continue
        everything = all(share_in(leaf, text) >= case.tuning.text_cover for leaf in new)
        if everything and may_decide(source, prose.record, case, request):
            return True
    return False


def is_clock(leaf: Leaf) -> bool:
    """A time of no day stands in any timetable."""
    return leaf.kind == "date" and len(leaf.needle) <= _LONGEST_CLOCK


def _is_own_address(leaf: Leaf, case: Case) -> bool:
    """One of us, whose address is a field by itself of a record that nobody is said to have written."""
    if leaf.kind != "email" or case.ruleset.standing_of(leaf.value) is not Standing.INTERNAL:
        return False
    return any(
        prose.lower.strip() == leaf.needle and is_nobodys(source.reading.authors[prose.record])
        for source in case.sources
        if source.name != "trigger"
        for prose in source.reading.prose
    )


def _is_from(author: str, leaf: Leaf) -> bool:
    """`from orders@mill.example`, the condition of a rule."""
    return "@" in author and leaf.needle.endswith(author) and len(leaf.needle) <= len(author) + _LONGEST_CLOCK


def is_own_prose(leaf: Leaf) -> bool:
    """What a message or note says the agent has put together from what it read: that tells nothing."""
    said = says_something(leaf.argument) or argument_name(leaf.argument) in _REASONS
    return leaf.kind in ("short", "long") and said


def _is_setting(leaf: Leaf, case: Case) -> bool:
    """What nobody said and nothing holds: a setting of the agent's, a reason in its own words, `tomorrow`."""
    if leaf.kind == "date" and not case.call.by_outsider:
        return not any(
            may_stand_in(leaf, (prose.lower,), least=1.0) and share_in(leaf, word_set((prose.lower,)))
            for source in case.sources
            for prose in source.reading.prose
        )
    if leaf.kind in ("short", "long") and "_" in leaf.needle and " " not in leaf.needle:
        # a word of the tool's own, such as `temperature_c`
        return not any(leaf.needle in prose.lower for source in case.sources for prose in source.reading.prose)
    if leaf.kind == "short" and not leaf.words:
        return not any(
            stands_in(leaf.needle, prose.lower) >= 0 for source in case.sources for prose in source.reading.prose
        )
    if leaf.kind in ("short", "long"):
        lowers = [prose.lower for source in case.sources for prose in source.reading.prose]
        return not may_stand_in(leaf, lowers, least=case.tuning.text_cover)
    if leaf.kind not in ("url", "domain"):
        return False
    return not any(leaf.needle in prose.lower for source in case.sources for prose in source.reading.prose)


def _taken_numbers(new: list[Leaf], case: Case, request: Request) -> Taken | None:
    """Only numbers are new that stand in any text by chance: one sentence has them with what they are for."""
    named = [leaf for leaf in case.leaves if leaf.kind in EXACT and leaf not in new]
    if not new or not named:
        return None
    for source, prose in _running_texts(case):
        if not all(stands_in(leaf.needle, prose.lower) >= 0 for leaf in (*new, *named)):
            continue
        if may_decide(source, prose.record, case, request):
            continue
        for start, end in split_sentences(prose.lower[:_LONGEST]):
            if all(stands_in(leaf.needle, prose.lower[start:end]) >= 0 for leaf in (*new, *named)):
                return Taken(source=source, prose=prose, values=tuple(new))
    return None


def _running_texts(case: Case) -> Iterator[tuple[Source, Prose]]:
    least = case.tuning.running_text
    for source in case.sources:
        if is_report(source, case):
            continue
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return
            if len(prose.lower) > 2 * least and runs(prose.lower, least):
                yield source, prose


def _stands_there(leaf: Leaf, text: WordSet, case: Case) -> bool:
    """The text holds the value and more: a field that is all value (`Shop at: ...`) is data, however long.

    Also where it is written in groups: `ES91 2100 0418 4502 0005 1332`.
    """
    if leaf.needle in (text.lower.strip(), text.lower.replace(" ", "").strip(".,;")):
        return False
    shared = len(leaf.words & text.words)
    return share_in(leaf, text) >= case.tuning.text_cover and shared < _MOST_OF_IT * len(text.words)


def is_report(source: Source, case: Case) -> bool:
    """What a tool that changes things says of what it did; nobody else writes there."""
    if source.name == "trigger" or any(author.author for author in source.reading.authors[:50]):
        return False
    tool = Tool(tool_id=source.tool_name, name=source.tool_name)
    verbs = tool_verbs(tool) - ENGLISH.general
    if not verbs or any(ENGLISH.main_sense[verb] == "read" for verb in verbs):
        return False
    return infer_kind(tool, case.ruleset, agent_id=case.call.agent_id) is not ToolKind.READ


def _is_to_known(case: Case) -> bool:
    reached = [target for target in case.targets if target.named]
    return bool(reached) and all(t.standing.is_trusted for t in reached)
