"""What a run that a message started does by routine: enter what its own records confirm, take a step of the handbook.

Nobody asked for it in so many words, and whoever wrote the message gains nothing by it: what it names is looked up, and
what the look-up says is what is entered.
"""

from guardrail.attribution.authors import is_knowledge, is_nobodys, is_ours
from guardrail.attribution.gravity import is_grave
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL, argument_name
from guardrail.text.reading import Author
from guardrail.text.words import ENGLISH, stems
from guardrail.tool_kind import name_tokens, tool_verbs, tool_words
from policies.ruleset import Standing, ToolKind

# They put something down for people to look at: a bill that is parked is not paid.
_PUTTING_DOWN = frozenset("add create register record enter log book draft park stage file submit note save".split())
_LEAST_CONFIRMED = 3
_CURRENCY = 3
_MOST_RECORDS = 200


def is_routine(case: Case) -> bool:
    """The call is one of these two, in a run that nobody but a message started, and reaches nobody unknown."""
    if not case.call.by_outsider or case.kind not in (ToolKind.WRITE, ToolKind.EXECUTE):
        return False
    fields = _fields(case)
    strange = [target for target in case.targets if target.named and target.standing is Standing.UNKNOWN]
    joined = {field.replace(" ", "") for field in fields} if strange else set()
    if any(target.value.lower().replace(" ", "") not in joined for target in strange):
        return False
    open_ones = [leaf for leaf in case.leaves if not _is_confirmed(leaf, fields)]
    if len(open_ones) == len(case.leaves):
        return not is_grave(case) and (_is_own_matter(case) or _is_day_of_a_partner(case))
    if not open_ones and not is_grave(case) and any(_is_step(source, case) for source in case.sources):
        return True
    if not is_grave(case) and (_is_own_matter(case) or _is_day_of_a_partner(case)):
        return True
    tokens = name_tokens(case.call.tool.tool_id, case.call.tool.name)
    if case.kind is not ToolKind.WRITE or not tokens or tokens[0] not in _PUTTING_DOWN:
        return False
    titles = [source.reading.authors[0].document.lower() for source in case.sources[:1] if source.reading.authors]
    enough = len(case.leaves) - len(open_ones) >= _LEAST_CONFIRMED
    return enough and all(_names_the_message(leaf, titles) or _is_currency(leaf) for leaf in open_ones)


def _is_own_matter(case: Case) -> bool:
    """Whoever wrote wants another day or sort of what a record has under their own address: `my booking R-12`.

    Each number of the call is a field of that record; amounts, addresses and accounts are no such wish.
    """
    wrote = _writer(case)
    if case.kind is not ToolKind.WRITE or not wrote:
        return False
    numbers = [leaf for leaf in case.leaves if leaf.kind in ("id", "phone")]
    others = [leaf for leaf in case.leaves if leaf not in numbers]
    if not numbers or any(leaf.kind not in ("date", "short") for leaf in others):
        return False
    for source in case.sources:
        for record, author in enumerate(source.reading.authors[:_MOST_RECORDS]) if source.name != "trigger" else ():
            texts = {prose.lower.strip() for prose in source.reading.prose if prose.record == record}
            if wrote not in texts or ("@" in author.author and author.author.lower() != wrote):
                continue
            bare = {text.replace(" ", "") for text in texts}
            theirs = [leaf for leaf in numbers if leaf.needle.replace(" ", "") in bare]
            # which one, and what it is to be
            if theirs and len(numbers) - len(theirs) <= 1:
                return True
    return False


def _is_day_of_a_partner(case: Case) -> bool:
    """Somebody the tenant knows by address tells the day of a thing with a number, and nothing else is set."""
    wrote = _writer(case)
    if not wrote or case.kind is not ToolKind.WRITE or not case.ruleset.standing_of(wrote).is_trusted:
        return False
    kinds = sorted(leaf.kind for leaf in case.leaves)
    return kinds in (["date", "id"], ["date", "date", "id"])


def _writer(case: Case) -> str:
    """The address of whoever wrote the message that started the run, by its own fields; empty for none."""
    found = {
        author.author.strip().lower()
        for source in case.sources
        if source.name == "trigger"
        for author in source.reading.authors
        if not author.around
    }
    if found == {""}:
        # a form says it under any name: `emailaddress`
        fields = (
            prose.lower.strip() for source in case.sources if source.name == "trigger" for prose in source.reading.prose
        )
        found = {field for field in fields if EMAIL.fullmatch(field)}
    return found.pop() if len(found) == 1 and "@" in next(iter(found)) else ""


def _fields(case: Case) -> frozenset[str]:
    """What stands as a value by itself in the organisation's own records: those nobody from outside wrote."""
    return frozenset(
        prose.lower.strip()
        for source in case.sources
        if source.name != "trigger"
        for prose in source.reading.prose
        if not _is_outsiders(source.reading.authors[prose.record], case)
    )


def _is_outsiders(author: Author, case: Case) -> bool:
    return "@" in author.author and not is_ours(author, case)


def _is_confirmed(leaf: Leaf, fields: frozenset[str]) -> bool:
    if leaf.needle in fields or (leaf.kind == "number" and f"{leaf.needle}.0" in fields):
        return True
    return leaf.kind == "iban" and any(leaf.needle == field.replace(" ", "") for field in fields)


def _is_step(source: Source, case: Case) -> bool:
    """A page of the organisation's own knowledge has one do so: `if it is older than a year, sync the device`."""
    if not is_knowledge(source):
        return False
    verbs, things = tool_verbs(case.call.tool), _things(case)
    return any(
        not directive.asked.verbs.isdisjoint(verbs)
        and bool(things)
        and things <= directive.stems
        and not (directive.signs or directive.hidden)
        and _is_own(source.reading.authors[directive.record], case)
        for directive in source.reading.directives
    )


def _things(case: Case) -> frozenset[str]:
    return stems(frozenset(word for word in tool_words(case.call.tool) if word not in ENGLISH.verb_forms))


def _is_own(author: Author, case: Case) -> bool:
    return is_nobodys(author) or is_ours(author, case)


def _names_the_message(leaf: Leaf, titles: list[str]) -> bool:
    """The number the message has in its subject: `Invoice 2026/911`."""
    numbered = leaf.kind in ("id", "path", "short") and any(map(str.isdigit, leaf.needle))
    return numbered and any(stands_in(leaf.needle, title) >= 0 for title in titles)


def _is_currency(leaf: Leaf) -> bool:
    named = argument_name(leaf.argument).startswith(("curr", "waehr", "devis", "moned", "valut", "divis"))
    return named and len(leaf.needle) == _CURRENCY and leaf.needle.isalpha()
