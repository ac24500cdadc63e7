"""Cuts what a tool returned into records (one mail, one row, one message, one page) with who wrote each.

Reads JSON passages by their parent object, and inside a text the common dumps: YAML, Python and broken JSON
literals, tables, mail headers. Everything else is one record of prose. Linear in the length of the text.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from guardrail.invocation import Passage
from guardrail.text.budget import Budget
from guardrail.text.cards import Part, cards_in, may_be_cards
from guardrail.text.encodings import Glance, decoded_views, glance_at
from guardrail.text.markup import Value, values_of, without_cdata
from guardrail.text.normalise import Hidden, normalise
from guardrail.text.other_tongues import FROM, WROTE
from guardrail.text.scalars import text_behind, unescaped, with_letters_of_codes, yaml_scalar
from guardrail.text.tables import Table, cells_of, may_be_table, table_of
from guardrail.text.view import View

_AUTHOR_KEYS = frozenset(
    "from sender author createdby owner user username postedby reviewer writtenby fromaddress fromemail senderemail "
    "sentby submittedby reporter requester requestedby organizer organiser commenter submitter login fromphonenumber "
    "fromname sendername creator uploadedby userid screenname handle poster member customer von absender autor "
    "verfasser auteur expediteur autore mittente remitente remetente afzender nadawca".split()
).union(WROTE)
_EDITOR_KEYS = frozenset(
    "lastmodifiedby modifiedby editor editedby lasteditedby updatedby lastupdatedby changedby lasteditor".split()
)
_REVISION_KEYS = frozenset("revision revisionid version versionid versionlabel rev changeid etag".split())
_DOCUMENT_KEYS = frozenset(
    "source title filename file name subject path url uri webpage document documentname displayname sourcename link "
    "webpageurl nome nombre nom naam titel titolo titulo titre oggetto asunto betreff objet assunto onderwerp".split()
)
_TELLING_KEYS = _AUTHOR_KEYS | _EDITOR_KEYS | _REVISION_KEYS | _DOCUMENT_KEYS | FROM
_SAYING_KEYS = frozenset(
    "text texto texte testo tekst body message nachricht mensagem mensaje messaggio bericht wiadomosc corpo cuerpo "
    "inhalt content contenu conteudo contenido metin tresc".split()
)
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")
_INDEX_TAIL = re.compile(r"(?:\[\d+\])+$")

_YAML_KEY = re.compile(r"( *)(- )?([A-Za-z_][\w-]{0,40}):(?=[ \t\r\n]|\Z)[ \t]?")
# Begins with the line break: a search for line starts would look at every character.
_YAML_KEY_BELOW = re.compile(r"\n" + _YAML_KEY.pattern)
_YAML_LIST = re.compile(r"[ \t]{0,8}\r?\n( {0,40}- )")
_YAML_ITEM = re.compile(r"^- ", re.MULTILINE)
# Keys further in may stand in a text of a list's item.
_DEEP = 2
_LITERAL_KEY = re.compile(r"(?<=[{,\s])(?:'([^'\"\n{}]{1,60})'|\"([^\"\n{}]{1,60})\")\s{0,4}:\s{0,4}")
_HEADER = re.compile(
    r"^[ \t>*]{0,6}(From|Sender|Author|Written by|Posted by|Created by|Owner|Last modified by|Last edited by|"
    r"Modified by|Edited by|Updated by|Editor|Revision|Version|Subject|Title|Source|Von|De|Da|Van|Od|Absender|"
    r"Exp[ée]diteur|Remitente|Remetente|Mittente|Afzender|Nadawca)[ \t]{0,4}:[ \t]*([^\n]{1,200})$",
    re.IGNORECASE | re.MULTILINE,
)
# The line below a title: `from Ida Roth <ida@post.example>`.
_FROM_LINE = re.compile(
    r"^[ \t>*]{0,6}(from|von|de|da|van|od|by)[ \t]{1,4}([^\n@]{0,80}@[\w.-]{3,80}>?)[ \t\r]*$",
    re.IGNORECASE | re.MULTILINE,
)
# Characters in which headers are looked for.
_HEAD = 3000
# Too short and plain to hide or to head anything: most values of rows.
_SIMPLE = re.compile(r"[A-Za-z .,@/-]{0,20}+|[0-9 .,:TZ/-]{0,20}+")
_MAX_RECORDS = 20_000
_SHORTEST_CODE, _LONGEST_KEY = 24, 80
# Words from which on a value is a text.
_RUNNING = 5
# A line in a text that says who wrote it stands further inside than any field.
_IN_TEXT = 100
# The budget is asked between pieces of this length: the slowest one measured takes 60 ms (2026-11, 2 cores).
_PIECE = 32_000


class Field(NamedTuple):
    """One prose stretch of a record: its name there, its passage's path, and the text with offsets back into it."""

    name: str
    path: str
    view: View
    hidden: tuple[Hidden, ...] = ()
    encoded: str = ""


@dataclass(kw_only=True, slots=True)
class Record:
    """One mail, row, message or page. Who wrote or last changed it, where the fields say so, else empty.

    `sender` and `by` are what fields of short names say, which may be a person or a place. `around` is whoever wrote
    the text the record stands in, where that is another: what a mail's body says of who wrote is the mail's word.
    `depth` is how far inside the record the field that named the author stands.
    """

    author: str = ""
    editor: str = ""
    revision: str = ""
    document: str = ""
    sender: str = ""
    by: str = ""
    around: str = ""
    depth: int = 0
    fields: list[Field] = field(default_factory=list)

    def note(self, keys: Iterable[str], value: str, *, deeper: int = 0) -> None:
        """Take over who and what from one field; `keys` are the names on the way to it, outermost first.

        `deeper` = how much further inside than its keys it stands: in a text. An author further out counts.
        """
        value = value.strip().strip("'\"").strip()
        if not value or len(value) > 300:
            return
        for depth, key in enumerate(keys, deeper):
            if len(key) > _LONGEST_KEY:
                continue
            plain = _plain_key(key)
            wrote = plain in _AUTHOR_KEYS or (plain in FROM and "@" in value)
            tells_more = depth == self.depth and "@" in value and "@" not in self.author
            if wrote and (not self.author or depth < self.depth or tells_more):
                self.author, self.depth = value, depth
            elif plain in FROM and not self.sender:
                self.sender = value[:200]
            elif plain == "by" and not self.by:
                self.by = value[:200]
            elif plain in _EDITOR_KEYS and (not self.editor or ("@" in value and "@" not in self.editor)):
                self.editor = value
            elif plain in _REVISION_KEYS and not self.revision:
                self.revision = value
            elif plain in _DOCUMENT_KEYS and not self.document:
                self.document = value

    def believe_sender(self) -> None:
        """`de: Rui Faria` is a sender where a text stands beside it, and Hamburg where it is a shipment's."""
        if self.sender and not self.author and self._says_something():
            self.author = self.sender

    def is_anothers(self, outer: "Record") -> bool:
        """`by: vendor` beside a text in somebody's ticket names who commented; alone it may be anything."""
        return bool(self.by and outer.author) and self.by != outer.author and self._says_something()

    def _says_something(self) -> bool:
        return any(_plain_key(one.name) in _SAYING_KEYS for one in self.fields)


@lru_cache(maxsize=4_096)
def _plain_key(key: str) -> str:
    return _NOT_ALNUM.sub("", key.lower())


def cut_records(passages: Iterable[Passage], budget: Budget) -> list[Record]:
    """The records of one source in order. Stops when the budget is spent, which the budget remembers."""
    by_place: dict[str, Record] = {}
    records: list[Record] = []
    inner: list[tuple[Record, Record]] = []
    for passage in passages:
        if budget.spent() or len(records) > _MAX_RECORDS:
            budget.short = True
            break
        place, keys = _place_of(passage.path)
        record = by_place.get(place)
        if record is None:
            record = by_place[place] = Record()
            records.append(record)
        record.note(keys, passage.text)
        name = keys[-1] if keys else ""
        for start, text in _pieces(passage.text):
            if start and budget.spent():
                break
            found = _records_in(text, start, passage.path, record, name, budget)
            records.extend(found)
            inner.extend((own, record) for own in found)
    for record in records:
        record.believe_sender()
    for place, record in by_place.items():
        _inherit(record, place, by_place)
        around, _, name = place.rpartition("[")[0].rpartition(".")
        if record.author and _plain_key(name) in _SAYING_KEYS and around in by_place:
            # JSON in a text: `mails[0].body[0]`
            _stands_in(record, by_place[around])
    for own, outer in inner:
        _stands_in(own, outer)
        _take_over(own, outer)
    return records


def _place_of(path: str) -> tuple[str, list[str]]:
    """The record a passage belongs to (its innermost list element, else the whole), and the names from there on."""
    # looked for at the end only: the pattern would try each bracket of a path
    trimmed = _INDEX_TAIL.sub("", path) if "]" in path[-2:] else path
    if not trimmed:
        return path, []
    place, bracket, rest = trimmed.rpartition("]")
    return place + bracket, [part for part in rest.split(".") if part]


def _inherit(record: Record, place: str, by_place: dict[str, Record]) -> None:
    """A row without an author of its own, such as an attachment, belongs to whoever wrote the mail around it."""
    while place and not (record.author or record.editor):
        trimmed = _INDEX_TAIL.sub("", place)
        around = trimmed.rpartition("]")[0] + "]" if "]" in trimmed else ""
        # a name may itself end in a bracket: what does not get shorter leads nowhere
        place = around if len(around) < len(place) else ""
        outer = by_place.get(place)
        if outer is not None:
            _take_over(record, outer)


def _stands_in(record: Record, outer: Record) -> None:
    """Note who wrote the text a record was cut out of, unless the record is that person's as well."""
    if record.author and outer.author and outer.author != record.author:
        record.around = outer.author


def _take_over(record: Record, outer: Record) -> None:
    """Whoever wrote what is around a record wrote the record, where it names nobody."""
    if not (record.author or record.editor):
        if record.is_anothers(outer):
            record.author = record.by
            return
        record.author, record.editor = outer.author, outer.editor
        record.revision = record.revision or outer.revision
        record.document = record.document or outer.document


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """`text` in pieces of at most 32,000 characters, cut between words where it can be, each with its start."""
    start = 0
    while len(text) - start > _PIECE:
        cut = max(
            text.rfind("\n", start + _PIECE // 2, start + _PIECE), text.rfind(". ", start + _PIECE // 2, start + _PIECE)
        )
        cut = cut + 1 if cut > 0 else start + _PIECE
        yield start, text[start:cut]
        start = cut
    yield start, text[start:]


def _records_in(text: str, base: int, path: str, record: Record, name: str, budget: Budget) -> list[Record]:
    """Put the prose of one piece into `record`; the records of its own where the text is a dump of several."""
    if _SIMPLE.fullmatch(text):
        _add(record, name, path, View(text, None, [0], [base]) if base else View(text), ())
        return []
    if text[:200].lstrip()[:1] == "<" and (values := values_of(text)) is not None:
        return list(_markup_records(text, values, base, path, budget))
    plain = normalise(text, base=base)
    view, hidden = plain.view, plain.hidden
    head = view.text[:400].lstrip()
    if len(view.text) > 40 and head[:1] in "{[" and _LITERAL_KEY.search(view.text, 0, 4000):
        return _literal_records(view, path, hidden, budget)
    if "\n" in view.text and (head.startswith("- ") or _YAML_KEY.match(head)):
        keys = _yaml_keys(view.text)
        if len(keys) >= 2 or head.startswith("- "):
            return list(_yaml_records(view, path, hidden, keys, budget))
    if may_be_cards(view.text) and (parts := cards_in(view.text)):
        return list(_card_records(view, parts, path, hidden, budget))
    table = table_of(view.text) if may_be_table(view.text) else None
    if table is not None:
        return list(_table_records(view, table, path, hidden, budget))
    for header in _headers(view.text):
        record.note((header.group(1),), header.group(2), deeper=_IN_TEXT)
    if "\\n" in view.text:
        view = unescaped(view)
    elif "\\u" in view.text or "\\x" in view.text:
        view = with_letters_of_codes(view)
    _add(record, name, path, view, hidden)
    return []


def _markup_records(text: str, values: list[Value], base: int, path: str, budget: Budget) -> Iterator[Record]:
    rows: dict[int, Record] = {}
    for count, value in enumerate(values):
        if count % 64 == 0 and budget.spent():
            return
        record = rows.setdefault(value.row, Record())
        start, end = without_cdata(text, value.start, value.end)
        said = text[start:end]
        if not said or said.isspace():
            continue
        record.note((value.name,), said)
        for own in _records_in(said, base + start, path, record, value.name, budget):
            _stands_in(own, record)
            _take_over(own, record)
            yield own
    yield from rows.values()


def _card_records(
    view: View, parts: list[Part], path: str, hidden: tuple[Hidden, ...], budget: Budget
) -> Iterator[Record]:
    """The head of a single one tells who wrote it. Whoever writes into one of several may begin another."""
    in_head = parts[-1].card == 0
    glance = glance_at(view.text[part.start : part.end] for part in parts)
    record, card = Record(), 0
    for part in parts:
        if budget.spent():
            return
        if part.card != card:
            yield record
            record, card = Record(), part.card
        if in_head and part.name:
            line, _, below = view.text[part.start : part.end].partition("\n")
            record.note((part.name,), line)
            in_head = not below.strip() and _plain_key(part.name) not in _SAYING_KEYS
        _add(record, part.name, path, view.cut(part.start, part.end), hidden, glance)
    yield record


def _table_records(view: View, table: Table, path: str, hidden: tuple[Hidden, ...], budget: Budget) -> Iterator[Record]:
    cells = [(cell, view.cut(cell.start, cell.end)) for cell in cells_of(view.text, table)]
    glance = glance_at(value.text for _, value in cells)
    telling = {name for name in table.names if _plain_key(name) in _TELLING_KEYS}
    record, row = Record(), 0
    for count, (cell, value) in enumerate(cells):
        if count % 64 == 0 and budget.spent():
            return
        if cell.row != row:
            yield record
            record, row = Record(), cell.row
        if cell.name in telling:
            record.note((cell.name,), value.text)
        _add(record, cell.name, path, value, hidden, glance)
    if record.fields:
        yield record


def _headers(text: str) -> Iterator[re.Match[str]]:
    """The lines of the head that say who wrote what; a search for line starts would look at every character."""
    at = 0
    while 0 <= at < _HEAD:
        header = _HEADER.match(text, at, _HEAD) or _FROM_LINE.match(text, at, _HEAD)
        if header is not None:
            yield header
        at = text.find("\n", header.end() if header else at, _HEAD) + 1 or -1


def _add(
    record: Record, name: str, path: str, view: View, hidden: tuple[Hidden, ...], glance: Glance | None = None
) -> None:
    record.fields.append(Field(name, path, view, hidden))
    if len(view.text) >= _SHORTEST_CODE and (glance is None or glance):
        for decoded, how in decoded_views(view, glance):
            record.fields.append(Field(name=name, path=path, view=decoded, hidden=hidden, encoded=how))


def _yaml_keys(text: str) -> list[re.Match[str]]:
    """The keys at the starts of lines; each begins with its first group."""
    first = _YAML_KEY.match(text)
    return [*([first] if first else ()), *_YAML_KEY_BELOW.finditer(text)]


def _yaml_records(
    view: View, path: str, hidden: tuple[Hidden, ...], keys: list[re.Match[str]], budget: Budget
) -> Iterator[Record]:
    text = view.text
    # a list begins its items as it begins the first, whatever a text in one of them puts in front of its lines
    first = keys[:1] if text.lstrip().startswith("- ") and keys and keys[0].group(2) else keys
    base = min((len(key.group(1)) + 2 * bool(key.group(2)) for key in first), default=-1)
    own = [key for key in keys if len(key.group(1)) + 2 * bool(key.group(2)) == base]
    items = [item.start() for item in _YAML_ITEM.finditer(text)] if not own or base > _DEEP else []
    if not own or len(items) > 2 * len(own):
        yield from _items(view, path, hidden, items or [0], budget)
        return
    record = Record()
    inner: list[Record] = []
    head = _plain_key(own[0].group(3))
    values = _yaml_values(view, own, budget)
    glance = glance_at(value.text for value, _ in values)
    for index, (key, (value, listed)) in enumerate(zip(own, values, strict=False)):
        if budget.spent():
            break
        # one mail below the other; or forged below another's, which is why its author only counts beside the first's
        again = not key.group(2) and index > 0 and _plain_key(key.group(3)) == head in _AUTHOR_KEYS
        if (key.group(2) and index) or again:
            yield from _with_inner(record, inner)
            inner = []
            record = Record(author=record.author) if again else Record()
        if listed:
            inner += _listed_below(value, key.group(3), path, hidden, record, budget)
            continue
        # the last header of a mail is followed by the mail
        said = value.text.strip().partition("\n")[0]
        if again and record.author and said != record.author:
            record.editor = said[:200]
        else:
            record.note((key.group(3),), said)
        _add(record, key.group(3), path, value, hidden, glance)
    body = text_behind(text, own[-1].end()) if base == 0 and not own[-1].group(2) else 0
    if body:
        record.fields[-1] = record.fields[-1]._replace(view=view.cut(own[-1].end(), body))
        _add(record, "", path, view.cut(body, len(text)), hidden)
    if own[0].start(1) > 0:
        _add(record, "", path, view.cut(0, own[0].start(1)), hidden)
    yield from _with_inner(record, inner)


def _yaml_values(view: View, keys: list[re.Match[str]], budget: Budget) -> list[tuple[View, bool]]:
    """What stands below each key: its value, or a list as it stands there, and whether it is one."""
    text = view.text
    found = []
    stops = [*(key.start(1) for key in keys[1:]), len(text)]
    for key, stop in zip(keys, stops, strict=True):
        if budget.spent():
            break
        listed = _YAML_LIST.match(text, key.end(), stop)
        if listed is None:
            found.append((yaml_scalar(view.cut(key.end(), stop)), False))
        else:
            found.append((view.cut(listed.start(1), stop), True))
    return found


def _with_inner(record: Record, inner: list[Record]) -> Iterator[Record]:
    yield record
    for own in inner:
        own.believe_sender()
        _stands_in(own, record)
        _take_over(own, record)
        yield own


def _listed_below(
    view: View, name: str, path: str, hidden: tuple[Hidden, ...], record: Record, budget: Budget
) -> list[Record]:
    """A list below a key: records of its own, or values each of which is a field of `record` by itself."""
    indent = len(view.text) - len(view.text.lstrip(" "))
    keys = _yaml_keys(view.text)
    if keys and keys[0].start(1) == 0 and keys[0].group(2):
        return list(_yaml_records(view, path, hidden, keys, budget))
    starts = [at for at in _line_starts(view.text) if view.text.startswith("- ", at + indent)]
    bounds = itertools.pairwise([*starts, len(view.text)])
    values = [yaml_scalar(view.cut(min(start + indent + 2, end), end)) for start, end in bounds]
    glance = glance_at(value.text for value in values)
    for value in values:
        _add(record, name, path, value, hidden, glance)
    return []


def _line_starts(text: str) -> Iterator[int]:
    at = 0
    while 0 <= at < len(text):
        yield at
        at = text.find("\n", at) + 1 or -1


def _items(view: View, path: str, hidden: tuple[Hidden, ...], starts: list[int], budget: Budget) -> Iterator[Record]:
    bounds = [*starts, len(view.text)]
    if starts[0] > 0:
        bounds.insert(0, 0)
    for start, end in itertools.pairwise(bounds):
        if budget.spent():
            return
        record = Record()
        _add(record, "", path, yaml_scalar(view.cut(min(start + 2, end), end)), hidden)
        yield record


def _literal_records(view: View, path: str, hidden: tuple[Hidden, ...], budget: Budget) -> list[Record]:
    """Records of a Python or broken JSON literal: a new one at each opening brace, whatever the quotes do."""
    text = view.text
    keys = list(_LITERAL_KEY.finditer(text))
    record = Record()
    found = [record]
    stack: list[Record] = []
    in_text = False
    for index, key in enumerate(keys):
        if budget.spent():
            break
        if index and text[max(0, key.start() - 3) : key.start()].rstrip().endswith("{"):
            in_text = _is_within_text(text, keys[index - 1].end(), key.start())
            if not in_text:
                stack.append(record)
                record = Record()
                found.append(record)
        end = keys[index + 1].start() if index + 1 < len(keys) else len(text)
        while end > key.end() and text[end - 1] in " ,\n{[":
            end -= 1
        value = view.cut(key.end(), end)
        if "\\" in value.text:
            value = unescaped(value)
        name = key.group(1) or key.group(2)
        if not in_text:
            record.note((name,), value.text.rstrip("}] \n,"))
        _add(record, name, path, value, hidden)
        if stack and text[key.end() : end].rstrip("'\" ])").endswith("}"):
            record = stack.pop()
    return found


def _is_within_text(text: str, start: int, end: int) -> bool:
    """The brace before `end` stands in somebody's running text, and is no row: `you should use {'to': ...}`."""
    said = text[max(start, end - 400) : end].rstrip()[:-1].rstrip()
    if said.endswith(":"):
        said = said[:-1]
        if said.endswith(("'", '"')):
            return False
    return not said.endswith((",", "[", "{", "}", "]", "(", "'", '"')) and len(said.split(None, _RUNNING)) >= _RUNNING
