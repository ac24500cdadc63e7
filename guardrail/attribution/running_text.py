"""Running text as opposed to a field: somebody's sentences, and values that stand nowhere else."""

from guardrail.attribution.provenance import FIRST_WITHOUT_BLANKS, Leaf, stands_in
from guardrail.case import Case, Source
from guardrail.text.reading import Prose

# An account in groups is a value, however many they are.
_LONGEST_VALUE = 60
_FEWEST_WORDS = 2


def runs(text: str, least: int) -> bool:
    """It has so many words; in a script without blanks as many signs make as many words or fewer."""
    words = text.split(None, least)
    if len(words) >= least:
        return len(text) > _LONGEST_VALUE or sum(map(str.isalpha, words)) >= _FEWEST_WORDS
    return not text.isascii() and sum(sign >= FIRST_WITHOUT_BLANKS for sign in text[:200]) >= 2 * least


def only_in_running_texts(leaf: Leaf, case: Case) -> list[tuple[Source, Prose]]:
    """Where the value stands; empty where one of these is a field, or there is none."""
    found = [
        (source, prose)
        for source in case.sources
        for prose in source.reading.prose
        if stands_in(leaf.needle, prose.lower) >= 0
    ]
    return found if all(runs(prose.lower, case.tuning.running_text) for _, prose in found) else []
