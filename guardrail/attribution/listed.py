"""A deed that is an item of the one list in a note of one's own, which the user handed over by its title.

A handover, a deputy's sheet: a title, and below it items of one make, each a thing to do. What is added to such a text
stands behind it, in a paragraph of its own, and is none of its items.
"""

import re

from guardrail.attribution.authors import is_nobodys
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import gives_up, is_another
from guardrail.attribution.matching import Match
from guardrail.attribution.outward import OUTWARD
from guardrail.attribution.pointing import is_kept_by_ourselves
from guardrail.attribution.request import Request, telling_words
from guardrail.case import Case, Source

_LONGEST = 8_000
_LONGEST_TITLE = 120
_FEWEST = 2
_ITEM = re.compile(r"[ \t]{0,4}(?:([*+\u2022-])|(\d{1,2})[.)])[ \t]{1,4}(?=\S)")


def is_item_of_list(match: Match, case: Case, request: Request) -> bool:
    """Something of one's own is called off, and the order for it is such an item."""
    if match.marked or not gives_up(case) or is_another(case) or any(leaf.kind in OUTWARD for leaf in case.leaves):
        return False
    told = " ".join(match.directive.text.lower().split())
    return is_in_list_handed_over(told, match.source, match.directive.record, case, request)


def is_in_list_handed_over(told: str, source: Source, record: int, case: Case, request: Request) -> bool:
    """An item of such a list holds these lower-case words."""
    if request.delegation is not Delegation.ACTIONS or not is_kept_by_ourselves(source):
        return False
    if len(source.reading.authors) > 1 or not is_nobodys(source.reading.authors[record]):
        return False
    texts = (prose.lower[:_LONGEST] for prose in source.reading.prose if prose.record == record)
    return any(told in " ".join(item.split()) for text in texts if _is_titled(text, case) for item in _items_of(text))


def _is_titled(text: str, case: Case) -> bool:
    """Half of what the first line is about, in the user's words: `Handover Tuesday (Marta)` for Marta's handover."""
    title = telling_words(text.strip().partition("\n")[0][:_LONGEST_TITLE])
    return bool(title) and 2 * len(title & case.user.words) >= len(title)


def _items_of(text: str) -> list[str]:
    """The items of the first list below the title; none where lines of another make stand between them."""
    lines = text.strip().splitlines()[1:]
    while lines and not lines[0].strip():
        del lines[0]
    items: list[str] = []
    make = ""
    for line in lines:
        found = _ITEM.match(line)
        if found is None or (make and (found.group(1) or "1") != make):
            break
        make = found.group(1) or "1"
        items.append(line)
    return items if len(items) >= _FEWEST else []
