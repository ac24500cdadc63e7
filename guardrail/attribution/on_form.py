"""Values that stand in a field of the very record the user's request selects, and not in somebody's sentences.

`- IBAN: FI21 ...` below `## G-118` for whoever wants G-118 paid, `| contact: Ann Roe, ann@... |` for whoever speaks of
Ann Roe. Such a text is no dump of records, but its lines are fields. Where a second value of the kind stands in the
record, nobody can tell which of the two was meant.
"""

import re
from collections.abc import Iterator

from guardrail.attribution.authors import is_nobodys, is_ours
from guardrail.attribution.matching import FORMS, is_constant
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in
from guardrail.attribution.request import Request, telling_words
from guardrail.case import Case, Source
from guardrail.destinations import says_something
from guardrail.text.directives import words_of
from guardrail.text.wordset import word_set

# `- Instalment 2: EUR 2500`, `**Beneficiary**: Oona Virtanen`
_LINE = re.compile(r"^[ \t>*#•|-]{0,8}([^\W\d_][\w /().-]{0,40}?)\*{0,2}[ \t]?:\*{0,2}[ \t]{1,8}(\S[^\n]{0,80})$", re.M)
_CELL_LABEL = re.compile(r"[^\W\d_][\w /.-]{0,30}: ")
_BAR, _FEWEST_BARS, _FEWEST_ROWS = " | ", 2, 2
# Who leaves a choice to the agent has one of what is listed in mind.
_CHOOSING = re.compile(
    r"\b(?:cheapest|cheaper|least expensive|lowest|highest|nearest|closest|earliest|soonest|latest|newest|oldest|first|"
    r"next|last|biggest|largest|smallest|longest|shortest|fastest|quickest|best|whichever|most|fewest|günstigste\w?|"
    r"billigste\w?|nächste\w?|früheste\w?|älteste\w?|goedkoopste|vroegste|eerste|oudste|langst|langste|(?:le|la|el|il)"
    r" (?:plus|moins|más|menos|più|meno)|moins ch[eè]re?s?|premi[eè]re?|prochain\w*|m[áa]s barat\w|primer\w?|"
    r"pr[óo]xim\w)\b"
)
_LONGEST_CELL, _MOST_CELLS, _LONGEST = 80, 200, 20_000
_LONGEST_TITLE = 120
# Words a field may have beside the value: `Ann Roe, ann@roe.example`.
_BESIDE = 6


def is_by_form(case: Case, request: Request) -> bool:
    """The user wants such a deed, and all of the call is theirs, of such fields, known, or the agent's own wording."""
    if not request.deed or request.only_reading:
        return False
    found = False
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or is_constant(leaf, case.tuning) or _is_own_wording(leaf, case):
            continue
        if _is_of_form_selected(leaf, case):
            found = True
        elif not case.ruleset.standing_of(leaf.value).is_trusted:
            return False
    return found


def _is_own_wording(leaf: Leaf, case: Case) -> bool:
    """What a message says, or words or a day no text holds."""
    if leaf.kind not in ("short", "long", "date"):
        return False
    lowers = [prose.lower for source in case.sources for prose in source.reading.prose]
    if leaf.kind == "date":
        return not any(may_stand_in(leaf, (text,), least=1.0) and share_in(leaf, word_set((text,))) for text in lowers)
    return says_something(leaf.argument) or not may_stand_in(leaf, lowers, least=case.tuning.text_cover)


def _is_of_form_selected(leaf: Leaf, case: Case) -> bool:
    return any(
        _has_as_field(leaf, prose.lower[:_LONGEST], case)
        for source in case.sources
        if source.name != "trigger"
        for prose in source.reading.prose
        if may_stand_in(leaf, (prose.lower,), least=1.0) and _is_own(source, prose.record, case)
    )


def _is_own(source: Source, record: int, case: Case) -> bool:
    author = source.reading.authors[record]
    return is_nobodys(author) or is_ours(author, case)


def _has_as_field(leaf: Leaf, text: str, case: Case) -> bool:
    cells = list(_cells_of(text))
    here = next((index for index, cell in enumerate(cells) if _is_value(leaf, cell)), None)
    if here is None or _has_rival(leaf, text):
        return False
    if _CHOOSING.search(case.user.lower[:_LONGEST]) and _is_of_several_rows(leaf, text):
        return True
    title = text.strip().partition("\n")[0][:_LONGEST_TITLE]
    return any(not telling_words(said).isdisjoint(case.user.words) for said in (title, *cells))


def _is_of_several_rows(leaf: Leaf, text: str) -> bool:
    """One of rows of one make, of which the user had the agent choose."""
    rows = [line for line in text.splitlines() if line.count(_BAR) >= _FEWEST_BARS]
    bars = {line.strip(" |").count(_BAR) for line in rows}
    return len(rows) >= _FEWEST_ROWS and len(bars) == 1 and sum(leaf.needle in row for row in rows) == 1


def _cells_of(text: str) -> Iterator[str]:
    """What labelled lines and the cells of lines with bars hold."""
    count = 0
    for line in text.splitlines():
        if line.count(_BAR) >= _FEWEST_BARS:
            found = [cell.strip() for cell in line.split("|")]
            found = [_CELL_LABEL.sub("", cell, count=1) for cell in found if 0 < len(cell) <= _LONGEST_CELL]
        else:
            labelled = _LINE.match(line)
            found = [labelled.group(2).strip(" *")] if labelled else []
        yield from found
        count += len(found)
        if count > _MOST_CELLS:
            return


def _is_value(leaf: Leaf, cell: str) -> bool:
    """The cell is the value, or little more: `NOK 14800, due on the 3rd`."""
    plain = cell.replace(" ", "") if leaf.kind == "iban" else cell
    if leaf.needle not in plain and share_in(leaf, word_set((cell,))) < 1.0:
        return False
    return leaf.kind == "iban" or len(words_of(cell.replace(leaf.needle, " "))) <= _BESIDE


def _has_rival(leaf: Leaf, text: str) -> bool:
    pattern = FORMS.get(leaf.kind)
    if pattern is None:
        return False
    return any(found.replace(" ", "") != leaf.needle for found in pattern.findall(text))
