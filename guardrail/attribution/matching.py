"""How well each instruction the agent has read explains the planned call: its verb, its tool, its values."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from guardrail.attribution.provenance import Leaf, may_stand_in, share_in, stands_in
from guardrail.attribution.request import telling_words
from guardrail.attribution.tuning import Tuning
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL
from guardrail.text.directives import MENTION
from guardrail.text.reading import Author, Directive, Prose, Sign
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import WordSet, word_set
from guardrail.tool_kind import tool_senses, tool_verbs, tool_words

# Values that name a person, place or thing exactly: one that only an instruction gives is evidence on its own.
EXACT = frozenset(("email", "url", "domain", "iban", "phone", "id", "path"))
_NAME_PARTS = re.compile(r"[a-z]+")
# Arguments of any tool: their names in a sentence say nothing about the call.
_ANY_FIELD = frozenset(
    "name type value values text body title subject content message description comment note notes item items data "
    "date time start code kind list query user email mail address recipient recipients channel path file page "
    "number reason from with status link".split()
)
_ADDRESSES = frozenset(("email", "url", "domain", "iban"))
# Prose is kept in lower case.
FORMS = {"email": EMAIL, "iban": re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")}
# How near an order comes to what the call does. In words of its own (`OTHERWISE`) its values have to tell.
SAME_VERB, SAME_KIND, TOOL_NAMED, OTHERWISE = 1.0, 0.6, 0.5, 0.3
_LONGEST_ACCOUNT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class _Doing:
    """What the planned call does, in the terms directives are matched by.

    `fresh` are the values the user did not give with the weight left to explain, `small` the numbers among them that
    stand in any text by chance. `quoting` are the arguments long enough to repeat an instruction. `said` are those of
    all these stems that stand anywhere in the source at hand, if only inside a word, `named` those of `words`.
    """

    own: frozenset[str]
    verbs: frozenset[str]
    senses: frozenset[str]
    words: tuple[str, ...]
    stems: frozenset[str]
    things: frozenset[str]
    fields: frozenset[str]
    fresh: tuple[tuple[Leaf, float], ...]
    small: tuple[tuple[Leaf, float], ...]
    total: float
    quoting: Mapping[str, WordSet]
    said: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()


class _Near(NamedTuple):
    """Of the call's values and the words of its tool those that may stand in a field."""

    values: list[tuple[Leaf, float]]
    named: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """(source, record) where a value is plain data, and where it stands beside an order that holds it as well.

    An order that comes again in twenty reviews with its arguments behind it makes no data of them.
    """

    data: frozenset[tuple[str, int]] = frozenset()
    beside: frozenset[tuple[str, int]] = frozenset()


_NOWHERE = _Places()


# INVARIANT: nobody changes one. Neither frozen nor by keywords, for the reason a Directive is not.
@dataclass(slots=True, eq=False)
class Match:
    """How well one directive explains the call.

    `new` weighs the values the user did not give, `raw` those of them the directive holds, `explained` the same with
    less for values that also stand in plain data; `cover` is `explained` as a share of `new`. `score` puts matches
    in order.
    """

    source: Source
    directive: Directive
    author: Author
    signs: tuple[Sign, ...]
    hidden: str
    action: float
    tool: float
    new: float
    raw: float
    explained: float
    cover: float
    score: float
    exact: tuple[Leaf, ...]
    values: tuple[Leaf, ...]

    @property
    def marked(self) -> bool:
        return bool(self.signs or self.hidden)


def matches_of(case: Case) -> Iterator[Match]:
    doing = _doing_of(case)
    stems_of_call = {*doing.words, *doing.stems, *doing.things, *doing.fields}
    in_data: dict[Leaf, _Places] = {}
    for source in case.sources:
        if not source.reading.directives:
            continue
        # at once: neither a value nor a stem has a line break in it
        lower = "\n".join([prose.lower for prose in source.reading.prose if prose.asked])
        least = case.tuning.text_cover
        here = [(leaf, weight) for leaf, weight in doing.fresh if may_stand_in(leaf, (lower,), least=least)]
        said = frozenset([word for word in stems_of_call if word in lower])
        named = tuple([word for word in doing.words if word in said])
        if not (here or named or doing.small):
            # no order in it names the tool or a value of the call, see `_match`
            continue
        doing = replace(doing, said=said, named=named)
        field: str | None = None
        near = _Near(here, named)
        for count, directive in enumerate(source.reading.directives):
            if count % 32 == 0 and case.budget.spent():
                return
            if directive.window.field is not field or field is None:
                field = directive.window.field
                near = _near_in(field, here, named, least=least) if field is not None else _Near(here, named)
            if not (near.values or near.named or doing.small):
                continue
            match = _match(source, directive, doing, near, in_data, case)
            if match is not None:
                yield match


def _near_in(field: str, here: list[tuple[Leaf, float]], named: tuple[str, ...], *, least: float) -> "_Near":
    values = [(leaf, weight) for leaf, weight in here if may_stand_in(leaf, (field,), least=least)]
    return _Near(values, tuple([word for word in named if word in field]))


def _doing_of(case: Case) -> _Doing:
    tool, tuning = case.call.tool, case.tuning
    weighed = [(leaf, leaf.weight * (1.0 - share)) for leaf, share in zip(case.leaves, case.user_shares, strict=True)]
    new = [
        (leaf, weight)
        for leaf, weight in weighed
        if weight > tuning.unexplained_share * leaf.weight and not (leaf.kind == "path" and _is_named(leaf, case))
    ]
    telling = tool_verbs(tool) - ENGLISH.general
    fresh = tuple((leaf, weight) for leaf, weight in new if not is_constant(leaf, tuning))
    return _Doing(
        own=tool_verbs(tool),
        verbs=telling,
        senses=tool_senses(tool, case.kind),
        words=tuple(stem(word) for word in tool_words(tool)),
        stems=stems(telling),
        things=stems(frozenset(word for word in tool_words(tool) if word not in ENGLISH.verb_forms)),
        fields=stems(
            frozenset(
                word
                for argument in case.call.arguments
                for word in _NAME_PARTS.findall(argument.path.rpartition("/")[2].lower())
                if len(word) > 3 and word not in _ANY_FIELD
            )
        ),
        fresh=fresh,
        total=sum(weight for _, weight in fresh),
        small=tuple((leaf, weight) for leaf, weight in new if is_constant(leaf, tuning)),
        # An argument that holds the whole instruction repeats a name or a text, it does not carry the instruction out.
        quoting={
            argument.path: word_set((argument.value,))
            for argument in case.call.arguments
            if tuning.repeating and isinstance(argument.value, str) and len(argument.value) > 30
        },
    )


def _is_named(leaf: Leaf, case: Case) -> bool:
    """`orchard/pears` where the user speaks of `pears`, and a field says in full which ones those are."""
    last = leaf.needle.rstrip("/").rpartition("/")[2]
    if last == leaf.needle or stands_in(last, case.user.lower) < 0:
        return False
    whole = {
        field
        for source in case.sources
        for prose in source.reading.prose
        if (field := prose.lower.strip()).endswith("/" + last) and len(field.split(None, 1)) == 1
    }
    return whole == {leaf.needle}


def _repeats(words: frozenset[str], quoted: WordSet, tuning: Tuning) -> bool:
    """The argument reports the instruction in most of its own words, as a summary or a forwarded mail does."""
    shared = sum(1 for word in words if word in quoted.words)
    return len(words) >= 2 and shared >= tuning.repeated_share * len(words)


def _names_another(leaf: Leaf, told: str) -> bool:
    """The order says itself whom it is for, and it is not this one; an address after a colon is still to come."""
    if told.endswith(":") or leaf.needle in told.replace(" ", ""):
        return False
    return FORMS[leaf.kind].search(told) is not None


def _belongs_to_another(
    leaf: Leaf, told: str, directive: Directive, source: Source, doing: _Doing, tuning: Tuning
) -> bool:
    """Another order names this address: this one names its own, or only stands near that other's sentence."""
    if leaf.kind in FORMS and _names_another(leaf, told):
        return True
    if leaf.kind not in _ADDRESSES or leaf.needle in told or told.endswith(":"):
        return False
    if leaf.needle not in directive.window.lower:
        return False
    return any(
        other.record == directive.record
        and other is not directive
        and other.asked.manner != MENTION
        and leaf.needle in other.text.lower()
        and _action(doing, other, _tool_share(doing, doing.named, other), tuning) >= SAME_KIND
        for other in source.reading.directives
    )


def is_constant(leaf: Leaf, tuning: Tuning) -> bool:
    return leaf.kind == "number" and len(leaf.needle) <= tuning.constant_digits


def _match(
    source: Source,
    directive: Directive,
    doing: _Doing,
    near: _Near,
    in_data: dict[Leaf, _Places],
    case: Case,
) -> Match | None:
    tuning = case.tuning
    if directive.asked.manner == MENTION and not tuning.mentions:
        return None
    tool = _tool_share(doing, near.named, directive)
    signs = directive.signs if tuning.signatures else ()
    hidden = directive.hidden if tuning.hidden else ""
    window = directive.window if tuning.window else word_set((directive.text,))
    explained, raw, told = 0.0, 0.0, ""
    values, exact = [], []
    for leaf, weight in near.values:
        share = _share(leaf, window, least=tuning.text_cover)
        if not share:
            continue
        told = told or _told(directive)
        quoted = doing.quoting.get(leaf.argument)
        if quoted is not None and (told in quoted.lower or _repeats(telling_words(told), quoted, tuning)):
            continue
        if _belongs_to_another(leaf, told, directive, source, doing, tuning):
            continue
        is_data = _is_data(leaf, told, directive, source, in_data, case)
        raw += weight * share
        explained += weight * share * (_data_discount(leaf, tuning) if is_data else 1.0)
        values.append(leaf)
        if leaf.kind in EXACT and not is_data:
            exact.append(leaf)
    if not (values or tool or doing.small):
        # it names neither the tool nor a value of the call: no rule takes it for what the call is from
        return None
    action = _action(doing, directive, tool, tuning)
    total = doing.total
    for leaf, weight in doing.small if tuning.small_numbers and action > OTHERWISE else ():
        # a number that stands in any text by chance is this order's where its own sentence holds it
        if leaf.needle in directive.text and stands_in(leaf.needle, _told(directive)) >= 0:
            total, raw, explained = total + weight, raw + weight, explained + weight
            values.append(leaf)
    bonus = tuning.marked_bonus * bool(signs or hidden) + _bonus(exact, values, directive, tuning)
    return Match(
        source,
        directive,
        source.reading.authors[directive.record] if tuning.authors else Author(),
        signs,
        hidden,
        action,
        tool,
        total,
        raw,
        explained,
        explained / total if total else 0.0,
        explained + action + tool + bonus,
        tuple(exact),
        tuple(values),
    )


def _share(leaf: Leaf, window: WordSet, *, least: float) -> float:
    """How much of the value the window holds; of a text nothing where it is less than `least`."""
    if not may_stand_in(leaf, (window.stretch,), least=least):
        return 0.0
    share = share_in(leaf, window)
    return 0.0 if leaf.kind in ("short", "long") and share < least else share


def _bonus(exact: list[Leaf], values: list[Leaf], directive: Directive, tuning: Tuning) -> float:
    if not (exact or values):
        return 0.0
    told = _told(directive)
    own = any(stands_in(leaf.needle, told) >= 0 for leaf in exact or values)
    return tuning.exact_bonus * bool(exact) + tuning.own_sentence_bonus * own


def _told(directive: Directive) -> str:
    return " ".join(directive.text.lower().split()).strip("'\"}]).,; ")


def _tool_share(doing: _Doing, named: tuple[str, ...], directive: Directive) -> float:
    if not named:
        return 0.0
    holds = directive.window.holds
    return sum([1 for word in named if holds(word)]) / len(doing.words)


def _action(doing: _Doing, directive: Directive, tool: float, tuning: Tuning) -> float:
    verbs = directive.asked.verbs - ENGLISH.general
    if tool >= tuning.tool_named and not directive.asked.verbs.isdisjoint(doing.own):
        return SAME_VERB
    if not verbs.isdisjoint(doing.verbs) or _begins_with_any(directive, doing.stems & doing.said):
        return SAME_VERB
    if verbs and not directive.asked.senses.isdisjoint(doing.senses):
        return SAME_KIND
    # `the limit of 5521 goes up to 40`: what the tool works on, all of it, in the order's own sentence
    if (
        doing.things
        and doing.things <= doing.said
        and doing.things <= directive.stems
        and directive.asked.manner != MENTION
    ):
        return SAME_KIND
    # `the discount of 5521 goes to 40` for `discount_percent`
    fields = doing.fields & doing.said
    return TOOL_NAMED if tool >= tuning.tool_named or (fields and fields & directive.stems) else OTHERWISE


def _begins_with_any(directive: Directive, stems_said: frozenset[str]) -> bool:
    return bool(stems_said) and any(directive.window.begins_with(word) for word in stems_said)


def _data_discount(leaf: Leaf, tuning: Tuning) -> float:
    """A value that also stands in plain data may come from there; a very short one stands everywhere and says less."""
    return tuning.short_data_weight if len(leaf.needle) <= tuning.short_data_length else tuning.data_weight


def _is_data(
    leaf: Leaf,
    told: str,
    directive: Directive,
    source: Source,
    in_data: dict[Leaf, _Places],
    case: Case,
) -> bool:
    """The value also stands where no order is: an agent may have it from there."""
    if leaf not in in_data:
        in_data[leaf] = _places_of(leaf, case) if case.tuning.data_discount else _NOWHERE
    places, here = in_data[leaf], (source.name, directive.record)
    if not case.sink:
        return bool(places.data or places.beside)
    if places.data - {here}:
        return True
    # whoever put a value into the order may have put it beside the order as well
    return here in (places.data | places.beside) and not share_in(leaf, word_set((told,)))


def _places_of(leaf: Leaf, case: Case) -> _Places:
    """Where the value stands outside every instruction, so that an agent may have it from there; two suffice."""
    data: set[tuple[str, int]] = set()
    beside: set[tuple[str, int]] = set()
    if leaf.kind == "long" or not leaf.needle:
        return _NOWHERE
    for source in case.sources:
        plain: set[int] = set()
        ordered: set[int] = set()
        for prose in source.reading.prose:
            if leaf.kind == "iban" and len(prose.lower) <= _LONGEST_ACCOUNT and _is_account(leaf, prose):
                data.add((source.name, prose.record))
                continue
            if leaf.needle not in prose.lower:
                continue
            if prose.record not in plain and _stands(leaf.needle, prose, inside=False):
                plain.add(prose.record)
            if prose.asked and prose.record not in ordered and _stands(leaf.needle, prose, inside=True):
                ordered.add(prose.record)
            if len(plain) > 1 and not case.sink:
                break
        data.update((source.name, record) for record in plain - ordered)
        beside.update((source.name, record) for record in plain & ordered)
        if len(data) > 1:
            break
    return _Places(data=frozenset(data), beside=frozenset(beside))


def _is_account(leaf: Leaf, prose: Prose) -> bool:
    """A field is the account, in groups."""
    return prose.lower.replace(" ", "").strip("'\"\n") == leaf.needle


def _stands(needle: str, prose: Prose, *, inside: bool) -> bool:
    """In an instruction, or outside all. Looks at the first 50 places at most: what 50 instructions hold is theirs."""
    at = stands_in(needle, prose.lower)
    for _ in range(50):
        if at < 0:
            return False
        before = bisect_right(prose.asked, (at, len(prose.lower)))
        if any(at < end for _, end in prose.asked[max(0, before - 8) : before]) is inside:
            return True
        at = stands_in(needle, prose.lower, at + 1)
    return False
