"""A call all of which comes from one sentence that has nothing to do with the text around it, nor with the user.

Whoever writes on a matter stays with it, and whoever wants a thing changed says something of it. Where the user gave no
value of the call, one sentence of a text has them all or names the record that has them, and no telling word of that
sentence stands in the rest of the text, in its title or in the user's words, it was put there for itself.
"""

import itertools
import re
from collections.abc import Iterator

from guardrail.attribution.authors import is_meant, is_nobodys, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import is_another
from guardrail.attribution.handed_over import has_left_address, has_number_named
from guardrail.attribution.harm import harm_of
from guardrail.attribution.matching import EXACT, is_constant
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in, stands_in
from guardrail.attribution.request import Request, telling_words
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken, is_clock, is_own_prose, is_report
from guardrail.case import Case, Source
from guardrail.text.directives import words_of
from guardrail.text.items import list_in, marked_lines, step_of
from guardrail.text.reading import Author, Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.words import stems
from guardrail.text.wordset import word_set
from guardrail.tool_kind import tool_words
from policies.ruleset import ToolKind

_LONGEST = 8_000
_LONGEST_SENTENCE = 600
_LONGEST_NAME = 60
_FEWEST_SENTENCES = 2
_LEAST_EXACT = 5
_WRAPPED_AT = 60
_LEAST_WORDS = 2
_FEWEST_EXACT = 2
_SHORTEST_SENTENCE = 4
# Telling words of what is around it: a text of one sentence is about that.
_LEAST_MATTER = 5
# `AGB-37714`, the number of a record people know.
_CODE = re.compile(r"(?=[^\W\d_]{0,12}[-/._ ]?\d)[^\W_](?:[^\W_]|[-/._]){2,24}\d")
_AROUND = " \t\r\n'\""
_MOST_RECORDS = 200
# Words without a matter, of four letters and more, in the languages of the tables.
_FUNCTION = frozenset(
    "pour avec dans cette votre notre vous nous leur leurs mais sont être sans plus tout tous toute toutes comme "
    "depuis para esta este esto como pero desde hasta sobre todo todos toda todas cuando tiene haya eine einen einem "
    "einer eines diese dieser dieses nach noch auch oder wenn wird werden sind haben über unter nicht alle allen "
    "della delle dello degli dalla nella questa questo quando come anche sono tutti tutte voor naar deze door over "
    "alle worden wordt heeft zijn niet pela pelo como mais esta este está foram quando jest oraz przez które który "
    "jako från till eller även".split()
)


def put_apart(case: Case, request: Request) -> Taken | None:
    """The text with such a sentence and its values; None for any other call."""
    if not (case.tuning.apart and case.sink and case.user.words):
        return None
    if case.call.event_triggered or case.call.by_outsider:
        return None
    new = _values(case)
    if not new or (case.kind is ToolKind.SEND and (not harm_of(case) or has_left_address(case))):
        return None
    sought = [leaf for leaf in new if not _is_of_data(leaf, case)]
    if not sought and case.kind is not ToolKind.DELETE:
        return None
    for source in case.sources:
        if is_report(source, case):
            continue
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return None
            if not runs(prose.lower, case.tuning.running_text):
                continue
            direct = [leaf for leaf in sought if _stands_in(leaf, prose.lower[:_LONGEST], case)]
            if (direct or case.kind is ToolKind.DELETE) and _brings(new, direct, source, prose, case, request):
                return Taken(source=source, prose=prose, values=tuple(new))
    return None


def _brings(new: list[Leaf], direct: list[Leaf], source: Source, prose: Prose, case: Case, request: Request) -> bool:
    sentences = list(_sentences_of(prose.lower[:_LONGEST]))
    sentence = _of_one_sentence(new, direct, sentences, (source.name, prose.record), case)
    title = source.reading.authors[prose.record].document.lower()
    if not sentence or _stands_elsewhere(new, prose, case) or any(_stands_in(leaf, title, case) for leaf in direct):
        return False
    # one that was looked up for the order, or of another number than the user's
    another = len(direct) < len(new) or is_another(case)
    if not another and request.asked and has_number_named(source, prose.record, case):
        return False
    if request.delegation is Delegation.ACTIONS:
        if _is_first(sentence, sentences) or _asks_for_nothing_else(sentence, source, prose):
            return False
        steps = _steps_of(prose.lower[:_LONGEST])
        listed = any(step in sentence or sentence in step for step in steps)
        author = source.reading.authors[prose.record]
        if is_nobodys(author):
            # what was added to a list that was handed over is none of it; a page without one may be on many matters
            return bool(steps) and not listed
        if _may_list_or_say(author, case, listed=listed):
            return False
    return another or _is_apart(sentence, sentences, new, source, prose, case)


def _steps_of(text: str) -> list[str]:
    items = (*list_in(text).items, *marked_lines(text))
    return [step for step in map(step_of, items) if step]


def _may_list_or_say(author: Author, case: Case, *, listed: bool) -> bool:
    """One of us may list things, and whoever the user named; who is named and has no address is not from outside."""
    named = is_meant(author.author, case.user)
    if "@" not in author.author:
        return listed or named
    return listed and (named or is_ours(author, case))


def _is_first(sentence: str, sentences: list[str]) -> bool:
    """Behind a greeting nothing stands before it."""
    before = itertools.takewhile(lambda other: other != sentence, sentences)
    return all(len(words_of(other)) < _SHORTEST_SENTENCE for other in before)


def _asks_for_nothing_else(sentence: str, source: Source, prose: Prose) -> bool:
    """What is the only order of a text is what was handed over."""
    orders = (order.text.lower() for order in source.reading.directives if order.record == prose.record)
    return all(told in sentence or sentence in told for told in orders)


def _stands_elsewhere(new: list[Leaf], prose: Prose, case: Case) -> bool:
    """Another running text has one of them, too."""
    return any(
        _stands_in(leaf, other.lower[:_LONGEST], case)
        for source in case.sources
        for other in source.reading.prose
        if other is not prose and runs(other.lower, case.tuning.running_text)
        for leaf in new
        if leaf.kind in EXACT
    )


def _values(case: Case) -> list[Leaf]:
    """What the call is aimed at and sets; nothing where the user gave any of it, or was told it."""
    new = []
    aimed = any(_aims(leaf, case) for leaf in case.leaves)
    # what the agent's last answer named the user went on from
    answers = [message for message in case.call.history if message.role == "assistant"]
    shown = " ".join(passage.text for passage in answers[-1].passages)[:_LONGEST].lower() if answers else ""
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if is_constant(leaf, case.tuning) or is_clock(leaf) or is_own_prose(leaf):
            continue
        if case.kind is ToolKind.SEND and not (_aims(leaf, case) if aimed else leaf.kind == "short"):
            continue
        if share > 0 or stands_in(leaf.needle, shown) >= 0:
            return []
        if leaf.kind != "short" or _stands_somewhere(leaf, case):
            # a word no text has is a setting of the agent's: the name of a table
            new.append(leaf)
    return new


def _stands_somewhere(leaf: Leaf, case: Case) -> bool:
    return any(
        _stands_in(leaf, prose.lower[:_LONGEST], case) for source in case.sources for prose in source.reading.prose
    )


def _aims(leaf: Leaf, case: Case) -> bool:
    """Of a message only whom it reaches: the agent has put together what it says."""
    return any(target.named and target.argument == leaf.argument for target in case.targets)


def _of_one_sentence(
    new: list[Leaf], direct: list[Leaf], sentences: list[str], here: tuple[str, int], case: Case
) -> str:
    """The one that holds all of `direct`, of the text, and names the records of the others; empty for none."""
    if len(sentences) < _FEWEST_SENTENCES:
        return ""
    others = [leaf for leaf in new if leaf not in direct]
    if any(leaf.kind not in EXACT for leaf in others):
        # what sets it is from elsewhere
        return ""
    names = [tuple(_names_of(leaf, case, beside=here)) for leaf in others]
    mine = [
        sentence
        for sentence in sentences
        if any(_stands_in(leaf, sentence, case) for leaf in direct)
        or (not direct and any(_is_named(name, sentence) for found in names for name in found))
    ]
    if len(mine) != 1 or len(mine[0]) > _LONGEST_SENTENCE:
        return ""
    whole = all(_stands_in(leaf, mine[0], case) for leaf in direct)
    return mine[0] if whole and all(any(_is_named(name, mine[0]) for name in found) for found in names) else ""


def _is_named(name: str, sentence: str) -> bool:
    """By its code, or by all of its telling words."""
    if _CODE.fullmatch(name):
        return stands_in(name, sentence) >= 0
    return telling_words(name) <= telling_words(_without_genitive(sentence))


def _is_apart(sentence: str, sentences: list[str], new: list[Leaf], source: Source, prose: Prose, case: Case) -> bool:
    """It shares no telling word with what is around it, its tool's own left out."""
    author = source.reading.authors[prose.record]
    others = (other for other in sentences if other != sentence)
    matter = telling_words(" ".join([author.document.lower(), author.author.lower(), *others])) - _FUNCTION
    words = telling_words(_without_genitive(sentence)) - _FUNCTION
    exact = sum(1 for leaf in new if leaf.kind in EXACT)
    if len(words) + exact < _LEAST_WORDS or len(matter) < _LEAST_MATTER:
        return False
    told = words - frozenset().union(*(leaf.words for leaf in new))
    if not told and exact < _FEWEST_EXACT:
        return False
    around = stems(matter | case.user.words) - stems(frozenset(tool_words(case.call.tool)))
    return stems(told).isdisjoint(around)


def _sentences_of(text: str) -> Iterator[str]:
    """Of a text in lower case, where no capital tells that a line begins one: behind a short line, or by a number."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and (len(lines[-1]) < _WRAPPED_AT or line[:1].isdigit()):
            yield from _split("\n".join(lines))
            lines = []
        lines.append(line)
    yield from _split("\n".join(lines))


def _split(text: str) -> Iterator[str]:
    return (text[start:end] for start, end in split_sentences(text))


def _without_genitive(text: str) -> str:
    return text.replace("'s ", " ").replace("’s ", " ")


def _is_of_data(leaf: Leaf, case: Case) -> bool:
    """A field has it, and it is short or a word: what a look-up returns stands in any text by chance."""
    if leaf.kind in EXACT and len(leaf.needle) >= _LEAST_EXACT:
        return False
    return any(_is_field(leaf, prose) for source in case.sources for prose in source.reading.prose)


def _is_field(leaf: Leaf, prose: Prose) -> bool:
    return prose.lower.strip(_AROUND) == leaf.needle


def _names_of(leaf: Leaf, case: Case, *, beside: tuple[str, int]) -> Iterator[str]:
    """What another record is called of which the value is a field, where the user has no word of it.

    None where the record of the text itself has the value.
    """
    for source in case.sources:
        records = {prose.record for prose in source.reading.prose if _is_field(leaf, prose)}
        if source.name == beside[0] and beside[1] in records:
            return
    for source in case.sources:
        records = {prose.record for prose in source.reading.prose if _is_field(leaf, prose)}
        if not records or len(source.reading.authors) > _MOST_RECORDS:
            continue
        for prose in source.reading.prose:
            name = prose.lower.strip(_AROUND)
            if prose.record in records and len(name) <= _LONGEST_NAME and name != leaf.needle and _tells(name, case):
                yield name


def _tells(name: str, case: Case) -> bool:
    if _CODE.fullmatch(name):
        return stands_in(name, case.user.lower) < 0
    words = telling_words(name)
    return bool(words) and words.isdisjoint(case.user.words)


def _stands_in(leaf: Leaf, text: str, case: Case) -> bool:
    least = case.tuning.text_cover
    return may_stand_in(leaf, (text,), least=least) and share_in(leaf, word_set((text,))) >= least
