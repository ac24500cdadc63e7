"""A deed that is an item of the very text the user handed over: `Do the list Bertrand left for me in #office`.

All of the call's values are the user's or of one item of the list a text begins with, of the first wish of a
colleague's note, of the row of a sheet or the field of a record the user described. What was added behind it, or
stands elsewhere, is none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from guardrail.attribution.authors import is_edited_outside, is_nobodys, is_ours, is_spoken_to, is_stranger
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.gravity import gives_up, is_another
from guardrail.attribution.handed_over import Same, has_number_named
from guardrail.attribution.harm import harm_of, reaches_stranger
from guardrail.attribution.matching import is_constant
from guardrail.attribution.pointing import is_kept_by_ourselves
from guardrail.attribution.provenance import Leaf, may_stand_in, share_in, stands_in
from guardrail.attribution.request import Request, telling_words
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import is_own_prose
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL
from guardrail.text.directives import verbs_wanted, words_of
from guardrail.text.items import list_in, step_of
from guardrail.text.reading import Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH, stem, stems
from guardrail.text.wordset import word_set
from guardrail.tool_kind import tool_words
from policies.ruleset import Standing, ToolKind

_LONGEST = 4_000
_MOST_RECORDS = 50
_LONGEST_TITLE = 120
_LONGEST_FIELD = 60
_LONGEST_PARAGRAPH = 600
_FEWEST_CELLS = 3
_MOST_CELLS = 1_000
_SHORTEST_SENTENCE = 4
_SHORTEST_TITLE_WORD = 3
_NAME_PARTS = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
# `[08:01] Bertrand Hollis: ...`, `Dr Reyes 18:02: ...`
_SPEAKER = re.compile(r"(?:\[?\d{1,2}[:.]\d{2}\]? )?([^\W\d][\w .'-]{1,40}?)(?: \[?\d{1,2}[:.]\d{2}\]?)?: ")
# Whoever says this answers for the text.
_VOUCHED = re.compile(
    r"\b(?:it|that|this|all|everything)(?:['’]s| is| are) (?:all )?(?:fine|ok|okay|alright|all right|good) "
    r"(?:with|by) me\b"
    r"|\bi(?:['’]ve| have) (?:already |just )?(?:checked|verified|reviewed|approved) "
    r"(?:it|them|this|that|the [\w-]{1,20})\b"
    r"|\bich habe (?:es|sie|ihn|das|die|den) (?:[\w-]{1,20} )?(?:schon |selbst |bereits )?geprüft\b"
    r"|\bje (?:l['’]ai|les ai) (?:déjà |moi-même )?vérifiée?s?\b|\b(?:lo|la|los|las) he (?:revisado|comprobado)\b"
    r"|\b(?:l['’]ho|li ho|le ho) (?:già )?(?:controllat|verificat)[oaie]\b|\bper me va bene\b|\bpor mí está bien\b"
    r"|\bheb ik (?:zelf )?(?:gecontroleerd|nagekeken)\b|\bc['’]est bon pour moi\b|\bdas geht für mich in ordnung\b"
)

# The list is the user's own work: `the ones assigned to me`, `my sticky notes`, `what the office has to do`.
_THEIRS = re.compile(
    r"\b(?:left|pinned|noted|addressed|assigned|meant|marked|comments?|notes?|list|ones|items|points|cards?|things|bits)"
    r"\b[^.!?\n]{0,30}\b(?:for|to|by)? ?(?:me|us)\b|\bmine\b(?! is\b)"
    r"|\b(?:for|by|to) (?:the )?(?:office|reception|desk|team)\b"
    r"|\bmy (?:[\w-]{1,20} )?(?:ones|bits|items|points|tasks|notes?|list|to-?dos?|to do'?s|column|part|chores)\b"
    r"|\bhand-?over\b|\bthe office (?:has|needs|is|should|must)\b"
    r"|\b(?:für mich|mir (?:hinterlassen|notiert|aufgeschrieben|geschrieben|hingelegt)|meine (?:punkte|aufgaben|liste)|"
    r"übergabe\w*)\b"
    r"|\bpour moi\b|\bm['’]a (?:laissé|noté)\b|\bqui me (?:concerne|revien)\w*|\bmes (?:tâches|notes|points)\b"
    r"|\b(?:note|cahier|fiche|feuille) de (?:relais|relève|passation|transmission)\b"
    r"|\ba mi nombre\b|\bpara mí\b|\bme (?:toca|tocan|dejó|ha dejado)\b|\bmis (?:tareas|notas|puntos|pendientes)\b"
    r"|\bper me\b|\bmi ha (?:lasciato|scritto)\b|\b(?:i miei|le mie) (?:compiti|punti|note|cose|attività)\b"
    r"|\bvoor mij\b|\bmijn (?:punten|taken|briefjes|lijst|notities)\b|\boverdracht\w*"
    r"|\bpara mim\b|\b(?:minhas|meus) (?:tarefas|notas|pontos)\b|\bdla mnie\b|\bmoje (?:zadania|punkty|notatki)\b"
    r"|\btill mig\b|\bmina (?:uppgifter|punkter)\b|\bpro mě\b|\bmoje úkoly\b|\bbenim için\b"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    """`above` is the head of its list. `picked` = the user's words pick it: by who wrote it, a label, a cell or the
    name of its field."""

    text: str
    above: str = ""
    picked: bool = False


def is_item_handed_over(case: Case, request: Request) -> bool:
    """All that the user did not give is of one such item, or of nobody's text.

    What does harm is done by an item that the user's words pick, and what leads to somebody nobody knows only where it
    is a message or the user answers for the text. Nobody is let in by one, and nothing is lost for good.
    """
    if request.only_reading or case.call.by_outsider:
        return False
    # who asks for the deed itself may take its values from the list: `make tasks of the points in the minutes`
    details = request.asked and request.delegation is Delegation.DETAILS
    asked = details and case.kind is ToolKind.WRITE and not harm_of(case)
    if not (asked or request.delegation is Delegation.ACTIONS):
        return False
    if case.kind in (ToolKind.SHARE, ToolKind.EXECUTE) or (case.kind is ToolKind.DELETE and not gives_up(case)):
        return False
    if is_another(case):
        return False
    shares = zip(case.leaves, case.user_shares, strict=True)
    new = [leaf for leaf, share in shares if share < case.tuning.given_share and not is_own_prose(leaf)]
    if not new:
        return False
    vouched = _VOUCHED.search(case.user.lower[:_LONGEST]) is not None
    if case.kind is ToolKind.PAY and reaches_stranger(case) and not vouched:
        return False
    harmless = vouched or not harm_of(case)
    return any(
        (harmless or item.picked) and _brings(item, new, case) for item in _items_handed_over(case, vouched=vouched)
    )


def _items_handed_over(case: Case, *, vouched: bool) -> Iterator[_Item]:
    for source in case.sources:
        if source.name == "trigger":
            continue
        for count, prose in enumerate(source.reading.prose):
            if prose.record >= _MOST_RECORDS or (count % 64 == 0 and case.budget.spent()):
                break
            if _is_cell_of_row_described(source, prose, case):
                yield _Item(text=prose.lower, picked=True)
            elif _is_field_named(source, prose, case):
                yield _Item(text=prose.lower[:_LONGEST_PARAGRAPH], picked=True)
            elif runs(prose.lower, case.tuning.running_text):
                yield from _items_of(source, prose, case, vouched=vouched)


def _items_of(source: Source, prose: Prose, case: Case, *, vouched: bool) -> Iterator[_Item]:
    text = prose.lower[:_LONGEST]
    author = source.reading.authors[prose.record]
    if author.around or is_edited_outside(author, case):
        return
    by_named = _is_of_whom_user_named(source, prose.record, text, case)
    found = list_in(text, labels=case.user.words)
    if found.items and (by_named or _is_known_text(source, prose.record, text, case)):
        picked = (by_named and not is_stranger(author, case)) or bool(found.label)
        yield from (_Item(text=item, above=found.above, picked=picked) for item in found.items)
        if not picked and is_kept_by_ourselves(source) and _is_users_work(text, case):
            yield from (_Item(text=step, above=found.above, picked=True) for step in map(step_of, found.items) if step)
    elif not found.items and vouched and (by_named or _is_known_text(source, prose.record, text, case)):
        yield _Item(text=re.split(r"\n[ \t]*\n", text.strip(), maxsplit=1)[0][:_LONGEST_PARAGRAPH])
    elif not found.items and by_named and not (is_stranger(author, case) or reaches_stranger(case)):
        yield from (_Item(text=wish, picked=True) for wish in _first_wish(text, prose))


def _is_users_work(text: str, case: Case) -> bool:
    """The user calls it theirs, and has a word of its first line or of its file's name."""
    said = case.user.lower[:_LONGEST]
    if not _THEIRS.search(said):
        return False
    title = frozenset(_NAME_PARTS.findall(text.strip().partition("\n")[0][:_LONGEST_TITLE]))
    named = title & frozenset(_NAME_PARTS.findall(said)) - ENGLISH.stop_words
    return any(len(word) >= _SHORTEST_TITLE_WORD for word in named)


def _first_wish(text: str, prose: Prose) -> list[str]:
    """The first sentence behind a greeting, where it asks for something."""
    for start, end in split_sentences(text):
        if len(words_of(text[start:end])) >= _SHORTEST_SENTENCE:
            return [text[start:end]] if any(begin < end and start < stop for begin, stop in prose.asked) else []
    return []


def _is_cell_of_row_described(source: Source, prose: Prose, case: Case) -> bool:
    """A row of a sheet of ours that the user's words pick: `the open points marked for the assistant`.

    It is as long as the first, and no other has more cells that are words of theirs.
    """
    if not is_kept_by_ourselves(source) or not is_nobodys(source.reading.authors[prose.record]):
        return False
    rows = _rows_of(Same(source.reading))
    row = rows.get(prose.record, [])
    if len(row) < _FEWEST_CELLS or any(len(cell) > _LONGEST_TITLE for cell in row):
        return False
    if len(row) != len(next(iter(rows.values()))):
        # what was added below a sheet is read as one more cell of its last row
        return False
    said = [sum(cell.isalpha() and cell in case.user.words for cell in other) for other in rows.values()]
    return 0 < max(said) == sum(cell.isalpha() and cell in case.user.words for cell in row)


def _is_field_named(source: Source, prose: Prose, case: Case) -> bool:
    """`under "to do for sales"`: the user gave the record's number and the field's name, of more words than one."""
    name = " ".join(_NAME_PARTS.findall(prose.path.rpartition(".")[2])).lower()
    if " " not in name or stands_in(name, case.user.lower[:_LONGEST]) < 0:
        return False
    return is_nobodys(source.reading.authors[prose.record]) and has_number_named(source, prose.record, case)


@lru_cache(maxsize=32)
def _rows_of(same: Same) -> dict[int, list[str]]:
    """The fields of each record of a reading that has few."""
    rows: dict[int, list[str]] = {}
    for prose in same.it.prose[:_MOST_CELLS]:
        rows.setdefault(prose.record, []).append(prose.lower.strip())
    return rows


def _is_of_whom_user_named(source: Source, record: int, text: str, case: Case) -> bool:
    """By who wrote or keeps it, as its fields or the first line of a chat say."""
    author = source.reading.authors[record]
    speaker = None if author.author else _SPEAKER.match(text)
    names = (author.author, author.editor, speaker.group(1) if speaker else "")
    if any(name and is_spoken_to(name, case) for name in names):
        return True
    fields = (prose.lower for prose in source.reading.prose if prose.record == record and "@" in prose.lower)
    return is_nobodys(author) and any(_names_one_of_us(field, case) for field in fields)


def _names_one_of_us(field: str, case: Case) -> bool:
    """`2026-04-13 by mirjam@wrenandoak.example`"""
    if len(field) > _LONGEST_FIELD:
        return False
    ours = [name for name in EMAIL.findall(field) if case.ruleset.standing_of(name) is Standing.INTERNAL]
    return any(is_spoken_to(name, case) for name in ours)


def _is_known_text(source: Source, record: int, text: str, case: Case) -> bool:
    """One of ours, by its number, by half of its title, or the only one that was read there."""
    author = source.reading.authors[record]
    if not (is_nobodys(author) or is_ours(author, case)):
        return False
    if has_number_named(source, record, case):
        return True
    title = telling_words(f"{author.document}\n{text}".strip().partition("\n")[0][:_LONGEST_TITLE].lower())
    titled = bool(title) and 2 * len(title & case.user.words) >= len(title)
    return titled or (is_kept_by_ourselves(source) and len(source.reading.authors) == 1)


def _brings(item: _Item, new: list[Leaf], case: Case) -> bool:
    """The item has a value of the call, and each other stands there or above as well, in a field, or nowhere.

    One alone may be of what the item is about only: the item then speaks of the deed.
    """
    anchors = 0
    for leaf in new:
        if _stands_in(leaf, item.text, case):
            anchors += not is_constant(leaf, case.tuning)
        elif not (is_constant(leaf, case.tuning) or _stands_in(leaf, item.above, case)) and _is_told(leaf, case):
            return False
    return anchors > 1 or (anchors == 1 and _speaks_of_deed(item.text, case))


def _speaks_of_deed(text: str, case: Case) -> bool:
    if case.kind is ToolKind.SEND and any(ENGLISH.main_sense.get(verb) == "send" for verb in verbs_wanted(text)):
        return True
    said = stems(frozenset(words_of(text)))
    return any(stem(word.removesuffix("s")) in said or stem(word) in said for word in tool_words(case.call.tool))


def _is_told(leaf: Leaf, case: Case) -> bool:
    """It stands in a running text."""
    texts = (prose.lower for source in case.sources for prose in source.reading.prose)
    return any(_stands_in(leaf, text, case) for text in texts if runs(text, case.tuning.running_text))


def _stands_in(leaf: Leaf, text: str, case: Case) -> bool:
    least = case.tuning.text_cover
    return may_stand_in(leaf, (text,), least=least) and share_in(leaf, word_set((text,))) >= least
