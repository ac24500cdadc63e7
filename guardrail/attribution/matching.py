"""How well each instruction the agent has read explains the planned call: its verb, its tool, its values."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.attribution.provenance import Leaf, share_in, stands_in
from guardrail.attribution.request import telling_words
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL
from guardrail.text.directives import MENTION
from guardrail.text.reading import Directive, Prose
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import WordSet, word_set
from guardrail.tool_kind import tool_senses, tool_verbs, tool_words

# Values that name a person, place or thing exactly: one that only an instruction gives is evidence on its own.
EXACT = frozenset(("email", "url", "domain", "iban", "phone", "id", "path"))
# Prose is kept in lower case.
FORMS = {"email": EMAIL, "iban": re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")}
# An order put in words of its own: then its values have to tell.
OTHERWISE = 0.3
# How much of a text's words an instruction must hold to be where the text is from.
_TEXT_COVER = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class _Doing:
    """What the planned call does, in the terms directives are matched by."""

    own: frozenset[str]
    verbs: frozenset[str]
    senses: frozenset[str]
    words: tuple[str, ...]
    stems: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How well one directive explains the call.

    `new` weighs the values the user did not give, `raw` those of them the directive holds, `explained` the same with
    less for values that also stand in plain data; `cover` is `explained` as a share of `new`.
    """

    source: Source
    directive: Directive
    action: float
    tool: float
    new: float
    raw: float
    explained: float
    cover: float
    exact: tuple[Leaf, ...]
    values: tuple[Leaf, ...]

    @property
    def marked(self) -> bool:
        return bool(self.directive.signs or self.directive.hidden)

    @property
    def score(self) -> float:
        return self.explained + self.action + self.tool + 0.5 * self.marked + 2.0 * bool(self.exact)


def matches_of(case: Case) -> Iterator[Match]:
    doing = _Doing(
        own=tool_verbs(case.call.tool),
        verbs=tool_verbs(case.call.tool) - ENGLISH.general,
        senses=tool_senses(case.call.tool, case.kind),
        words=tuple(stem(word) for word in tool_words(case.call.tool)),
        stems=stems(tool_verbs(case.call.tool) - ENGLISH.general),
    )
    weighed = [(leaf, leaf.weight * (1.0 - share)) for leaf, share in zip(case.leaves, case.user_shares, strict=True)]
    fresh = [(leaf, weight) for leaf, weight in weighed if weight > 0.3 * leaf.weight and not is_constant(leaf)]
    total = sum(weight for _, weight in fresh)
    in_data: dict[Leaf, bool] = {}
    # An argument that holds the whole instruction repeats a name or a text, it does not carry the instruction out.
    quoting = {
        argument.path: word_set((argument.value,))
        for argument in case.call.arguments
        if isinstance(argument.value, str) and len(argument.value) > 30
    }
    for source in case.sources:
        for count, directive in enumerate(source.reading.directives):
            if count % 32 == 0 and case.budget.spent():
                return
            match = _match(source, directive, doing, fresh, total, in_data, quoting, case)
            if match is not None:
                yield match


def _repeats(words: frozenset[str], quoted: WordSet) -> bool:
    """The argument reports the instruction in most of its own words, as a summary or a forwarded mail does."""
    return len(words) >= 2 and sum(1 for word in words if word in quoted.words) >= 0.8 * len(words)


def _names_another(leaf: Leaf, told: str) -> bool:
    """The order says itself whom it is for, and it is not this one; an address after a colon is still to come."""
    if told.endswith(":") or leaf.needle in told.replace(" ", ""):
        return False
    return FORMS[leaf.kind].search(told) is not None


def _is_of_another(leaf: Leaf, told: str, directive: Directive, source: Source, doing: _Doing) -> bool:
    """The value stands in another order's own sentence, one for such an action, and only near this one's."""
    if leaf.needle in told or told.endswith(":") or leaf.needle not in directive.window.lower:
        return False
    return any(
        other.record == directive.record
        and other is not directive
        and other.asked.manner != MENTION
        and leaf.needle in other.text.lower()
        and _action(doing, other, _tool_share(doing, other)) >= 0.6
        for other in source.reading.directives
    )


def is_constant(leaf: Leaf) -> bool:
    return leaf.kind == "number" and len(leaf.needle) <= 2


def _match(
    source: Source,
    directive: Directive,
    doing: _Doing,
    fresh: list[tuple[Leaf, float]],
    total: float,
    in_data: dict[Leaf, bool],
    quoting: dict[str, WordSet],
    case: Case,
) -> Match | None:
    tool = _tool_share(doing, directive)
    action = _action(doing, directive, tool)
    if not (action or directive.signs or directive.hidden):
        return None
    explained = raw = 0.0
    values = []
    exact = []
    told = " ".join(directive.text.lower().split()).strip("'\"}]).,; ")
    words = telling_words(told)
    for leaf, weight in fresh:
        quoted = quoting.get(leaf.argument)
        if quoted is not None and (told in quoted.lower or _repeats(words, quoted)):
            continue
        share = share_in(leaf, directive.window)
        if not share or (leaf.kind in ("short", "long") and share < _TEXT_COVER):
            continue
        if leaf.kind in FORMS and (_names_another(leaf, told) or _is_of_another(leaf, told, directive, source, doing)):
            continue
        if leaf not in in_data:
            in_data[leaf] = _stands_in_data(leaf, case)
        raw += weight * share
        explained += weight * share * (_data_discount(leaf) if in_data[leaf] else 1.0)
        values.append(leaf)
        if leaf.kind in EXACT and not in_data[leaf]:
            exact.append(leaf)
    if not (action or exact):
        return None
    return Match(
        source=source,
        directive=directive,
        action=action,
        tool=tool,
        new=total,
        raw=raw,
        explained=explained,
        cover=explained / total if total else 0.0,
        exact=tuple(exact),
        values=tuple(values),
    )


def _tool_share(doing: _Doing, directive: Directive) -> float:
    if not doing.words:
        return 0.0
    return sum(1 for word in doing.words if word in directive.window_stems) / len(doing.words)


def _action(doing: _Doing, directive: Directive, tool: float) -> float:
    """1 the same verb, 0.6 the same kind of action, 0.5 the tool is named, 0.3 something else is asked for."""
    verbs = directive.asked.verbs - ENGLISH.general
    if tool >= 0.5 and directive.asked.verbs & doing.own:
        return 1.0
    if verbs & doing.verbs or (doing.stems & directive.stems):
        return 1.0
    if directive.asked.senses & doing.senses and verbs:
        return 0.6
    return 0.5 if tool >= 0.5 else OTHERWISE


def _data_discount(leaf: Leaf) -> float:
    """A value that also stands in plain data may come from there; a very short one stands everywhere and says less."""
    return 0.6 if len(leaf.needle) <= 3 else 0.3


def _stands_in_data(leaf: Leaf, case: Case) -> bool:
    """True when the value also stands in an output outside every instruction: an agent may have it from there."""
    if leaf.kind == "long" or not leaf.needle:
        return False
    return any(_outside_instructions(leaf.needle, prose) for source in case.sources for prose in source.reading.prose)


def _outside_instructions(needle: str, prose: Prose) -> bool:
    """Looks at the first 50 places at most: a value that stands in 50 instructions is theirs."""
    at = stands_in(needle, prose.lower)
    for _ in range(50):
        if at < 0:
            return False
        before = bisect_right(prose.asked, (at, len(prose.lower)))
        if not any(at < end for _, end in prose.asked[max(0, before - 8) : before]):
            return True
        at = stands_in(needle, prose.lower, at + 1)
    return False
