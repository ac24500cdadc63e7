"""What the pages of data classes show: classes in order with what recognises each, and the table of flows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Func, IntegerField

from policies.choices import Profile, Standing
from policies.flows import CHOICES, NAME
from policies.models import (
    AuditEntry,
    ClassDictionary,
    ClassPattern,
    DataClass,
    DocumentFingerprints,
    PolicyVersion,
)
from policies.queries import ENTRIES_SHOWN, HistoryLine
from policies.recognition.kinds import KINDS
from policies.ruleset import Ruleset, compile_ruleset

DOCUMENTS_SHOWN = 50
# The columns of the table: standings, and names nobody listed.
COLUMNS = (*(standing.value for standing in Standing), NAME)
FLOW_CHOICES = tuple(action.name.lower() for action in CHOICES)
_FOUND = "classified_data_leaving"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recogniser:
    """A dictionary or a pattern, as a list shows it. `size` counts phrases, None of a pattern."""

    pk: int
    name: str
    fewest: int
    size: int | None = None
    pattern: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRow:
    """One class with what recognises it."""

    found: DataClass
    files: int
    documents: int
    dictionaries: tuple[Recogniser, ...]
    patterns: tuple[Recogniser, ...]
    kinds: tuple[str, ...]

    @property
    def is_recognised(self) -> bool:
        """Whether anything at all recognises it."""
        found = self.found
        return bool(
            found.places or found.labels or found.terms or self.kinds or self.files or self.documents
            or self.dictionaries or self.patterns
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What is done with data of a class in a column of the table. `said` = a flow says so, else `action` follows."""

    standing: str
    action: str
    said: bool

    @property
    def words(self) -> str:
        """The column in words."""
        return column_words(self.standing)


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowRow:
    """A row of the table; `known` False = no class has this name any more."""

    name: str
    known: bool
    cells: tuple[Cell, ...]


def column_words(column: str) -> str:
    """A column of the table in words."""
    return "to an unlisted name" if column == NAME else f"to {column}"


def load_classes() -> tuple[ClassRow, ...]:
    """Every class in order, the most protected first. Four queries."""
    documents: dict[int, int] = {
        row["data_class"]: row["count"]
        for row in DocumentFingerprints.objects.order_by().values("data_class").annotate(count=Count("pk"))
    }
    dictionaries: dict[int, list[Recogniser]] = {}
    for owner, pk, name, fewest, size in _dictionaries():
        dictionaries.setdefault(owner, []).append(Recogniser(pk=pk, name=name, fewest=fewest, size=size))
    patterns: dict[int, list[Recogniser]] = {}
    for owner, pk, name, fewest, pattern in ClassPattern.objects.values_list(
        "data_class", "pk", "name", "fewest", "pattern"
    ):
        patterns.setdefault(owner, []).append(Recogniser(pk=pk, name=name, fewest=fewest, pattern=pattern))
    words = dict(KINDS)
    return tuple(
        ClassRow(
            found=found,
            files=found.file_count,
            documents=documents.get(found.pk, 0),
            dictionaries=tuple(dictionaries.get(found.pk, ())),
            patterns=tuple(patterns.get(found.pk, ())),
            kinds=tuple(words.get(kind, kind) for kind in found.kinds),
        )
        # counting would drop the model's own order
        for found in DataClass.objects.annotate(file_count=Count("files")).order_by("-position", "-name")
    )


def load_flow_rows(classes: tuple[str, ...], entries: list[dict[str, Any]]) -> tuple[FlowRow, ...]:
    """The table of the policy in force. One query."""
    document = PolicyVersion.objects.values_list("document", flat=True).first() or {}
    return flow_rows(document, classes, entries)


def flow_rows(
    document: Mapping[str, Any], classes: tuple[str, ...], entries: list[dict[str, Any]]
) -> tuple[FlowRow, ...]:
    """The table of one policy document: a row a class, in their order, then rows of classes that are not there."""
    ruleset = compile_ruleset(
        {
            "actions": document.get("actions", {}),
            "defaults": document.get("defaults", {}),
            "flows": document.get("flows"),
            "data_classes": [
                {key: entry[key] for key in ("name", "may_leave", "former_names") if key in entry} for entry in entries
            ],
        }
    )
    known = {name.lower() for name in classes}
    flows = document.get("flows") or {}
    former = {name.lower() for entry in entries for name in entry.get("former_names", ())}
    others = [str(name) for name in flows if str(name).lower() not in known | former]
    return tuple(
        FlowRow(
            name=name,
            known=name.lower() in known,
            cells=(*(_cell(ruleset, name, standing) for standing in Standing), _name_cell(ruleset, name)),
        )
        for name in (*classes, *others)
    )


def _cell(ruleset: Ruleset, name: str, standing: Standing) -> Cell:
    said = ruleset.flows.cell(name, standing)
    action = said
    if action is None:
        held = ruleset.held_from(name, standing)
        action = ruleset.action_for(_FOUND, Profile.STRICT) if held else CHOICES[0]
    return Cell(
        standing=standing.value,
        action=action.name.lower(),
        said=said is not None,
    )


def _name_cell(ruleset: Ruleset, name: str) -> Cell:
    said = ruleset.flows.name_cell(name)
    return Cell(standing=NAME, action=(said or CHOICES[0]).name.lower(), said=said is not None)


def load_class_history(found: DataClass) -> tuple[HistoryLine, ...]:
    """The newest audit entries on one class. One query."""
    entries = AuditEntry.objects.filter(action__startswith="class.", detail__data_class=found.name)[:ENTRIES_SHOWN]
    return tuple(HistoryLine(at=entry.at, actor=entry.actor_name, text=_sentence(entry)) for entry in entries)


def load_documents(*, after: str, data_class: str) -> tuple[tuple[DocumentFingerprints, ...], str]:
    """Documents with fingerprints by name, a page behind `after`, and where the next begins. One query."""
    found = DocumentFingerprints.objects.select_related("data_class").defer("hashes")
    found = found.annotate(prints=Func(F("hashes"), function="octet_length", output_field=IntegerField()) / 8)
    if data_class:
        found = found.filter(data_class__name=data_class)
    rows = list(found.filter(name__gt=after)[: DOCUMENTS_SHOWN + 1])
    return tuple(rows[:DOCUMENTS_SHOWN]), rows[DOCUMENTS_SHOWN - 1].name if len(rows) > DOCUMENTS_SHOWN else ""


def _dictionaries() -> Any:
    size = Func(F("phrases"), function="jsonb_array_length", output_field=IntegerField())
    return ClassDictionary.objects.annotate(size=size).values_list("data_class", "pk", "name", "fewest", "size")


def _sentence(entry: AuditEntry) -> str:
    detail: dict[str, Any] = entry.detail
    match entry.action:
        case "class.dictionary_saved":
            count = f"{detail['phrases']} phrase{'' if detail['phrases'] == 1 else 's'}"
            return f"Dictionary {detail['dictionary']} saved, {count}"
        case "class.dictionary_removed":
            return f"Dictionary {detail['dictionary']} removed"
        case "class.pattern_saved":
            return f"Pattern {detail['pattern']} saved: {detail['text']}"
        case "class.pattern_removed":
            return f"Pattern {detail['pattern']} removed"
        case "class.changed":
            return "; ".join(_change(name, change) for name, change in detail["changes"].items())
    return entry.action.partition(".")[2].replace("_", " ").capitalize()


def _change(name: str, change: Any) -> str:
    word = {"terms": "phrases", "may_leave": "may leave"}.get(name, name).capitalize()
    if isinstance(change, dict):
        return f"{word}: {change['added']} added, {change['removed']} removed"
    return f"{word}: {change[0] or 'none'} → {change[1] or 'none'}"
