"""An entry or a message in the agent's own words, of which a text gives no more than the number of the record.

As `PT-133 did not come` stands in a list, and the note on PT-133 says `will be phoned`. Where the text has what to say
as well, it had it said.
"""

from collections.abc import Iterable

from guardrail.attribution.harm import harm_of
from guardrail.attribution.provenance import Leaf, share_in
from guardrail.case import Case
from guardrail.destinations import says_something
from guardrail.text.reading import Prose
from guardrail.text.wordset import word_set


def is_in_own_words(values: Iterable[Leaf], texts: Iterable[Prose], case: Case) -> bool:
    """`values` are what `texts` bring into the call; what does harm is nobody's own words."""
    if any(leaf.kind != "id" for leaf in values) or harm_of(case):
        return False
    said = [leaf for leaf in case.leaves if leaf.kind in ("short", "long") and says_something(leaf.argument)]
    told = word_set(prose.lower for prose in texts)
    return bool(said) and not any(share_in(leaf, told) >= case.tuning.text_cover for leaf in said)
