"""What is wrong with the lists of a policy document, entry by entry, as far as a document itself tells. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from policies.choices import Standing
from policies.destination_values import BadDestination, check_standing, normal_destination
from policies.interchange.exception_entries import BadEntry, end_of_entry, scope_of_entry
from policies.recognition.patterns import PatternError, compile_pattern
from policies.recognition.phrases import PhraseError, words_of
from policies.recognition.places import PlaceError, checked_place

Path = tuple[str | int, ...]
# Where it is, and what was found and is wanted.
Found = tuple[Path, str]
Entries = Sequence[Mapping[str, Any]]
LineOf = Callable[[Path], int]


def list_faults(lists: Mapping[str, Entries], *, line_of: LineOf) -> Iterator[Found]:
    """Entries that are none, and those that speak of the same thing twice; `line_of` a path from `lists` on."""
    for member, key in (("destinations", "value"), ("data_classes", "name"), ("agents", "id")):
        yield from _repeated(lists.get(member) or (), (member,), key, line_of)
    yield from _standing_faults(lists.get("destinations") or ())
    for index, entry in enumerate(lists.get("data_classes") or ()):
        yield from _class_faults(entry, ("data_classes", index), line_of)
    yield from _exception_faults(lists.get("exceptions") or (), line_of)


def list_remarks(lists: Mapping[str, Entries], *, now: datetime) -> Iterator[Found]:
    """What is no fault and has no effect: exceptions that are over."""
    for index, entry in enumerate(lists.get("exceptions") or ()):
        until = end_of_entry(entry)
        if until <= now:
            yield ("exceptions", index), f"this exception ended on {until:%Y-%m-%d %H:%M} UTC, so it is left out"


def name_of(member: str, entry: Mapping[str, Any]) -> str:
    """What tells the entries of a list apart, as it is stored. Raises BadDestination."""
    if member == "destinations":
        return normal_destination(entry["value"])
    return " ".join(str(entry["id" if member == "agents" else "name"]).split())


def _repeated(entries: Entries, path: Path, key: str, line_of: LineOf) -> Iterator[Found]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        try:
            name = name_of(str(path[-1]), entry)
        except BadDestination as error:
            yield (*path, index, key), str(error)
            continue
        # classes and what recognises them are told apart whatever the case
        same = name if path[-1] == "agents" else name.lower()
        if same in seen:
            yield (*path, index), f"`{name[:80]}` is in line {seen[same]} already, expected each entry once"
        seen.setdefault(same, line_of((*path, index)))


def _standing_faults(entries: Entries) -> Iterator[Found]:
    for index, entry in enumerate(entries):
        try:
            value = normal_destination(entry["value"])
        except BadDestination:
            continue  # told above
        try:
            check_standing(value, Standing(entry["standing"]))
        except BadDestination as error:
            yield ("destinations", index, "standing"), str(error)


def _class_faults(entry: Mapping[str, Any], path: Path, line_of: LineOf) -> Iterator[Found]:
    for number, place in enumerate(entry.get("places") or ()):
        try:
            checked_place(place)
        except PlaceError as error:
            yield (*path, "places", number), str(error)
    dictionaries, patterns = entry.get("dictionaries") or (), entry.get("patterns") or ()
    yield from _repeated(dictionaries, (*path, "dictionaries"), "name", line_of)
    yield from _repeated(patterns, (*path, "patterns"), "name", line_of)
    for number, dictionary in enumerate(dictionaries):
        for line, phrase in enumerate(dictionary.get("phrases") or ()):
            try:
                words_of(phrase)
            except PhraseError as error:
                yield (*path, "dictionaries", number, "phrases", line), str(error)
    for number, pattern in enumerate(patterns):
        yield from _pattern_faults(pattern, (*path, "patterns", number))


def _pattern_faults(entry: Mapping[str, Any], path: Path) -> Iterator[Found]:
    try:
        compiled = compile_pattern(entry["pattern"])
    except PatternError as error:
        yield (*path, "pattern"), str(error)
        return
    sample = entry["sample"].encode("utf-8", "replace")
    if next(compiled.spans(sample, is_over=lambda: False), None) is None:
        yield (*path, "sample"), "the pattern is not found in its sample, expected a text that has one"


def _exception_faults(entries: Entries, line_of: LineOf) -> Iterator[Found]:
    seen: dict[Any, int] = {}
    for index, entry in enumerate(entries):
        path: Path = ("exceptions", index)
        try:
            scope = scope_of_entry(entry)
            end_of_entry(entry)
        except BadEntry as error:
            yield (*path, error.member), str(error)
            continue
        if scope in seen:
            yield path, f"the one in line {seen[scope]} is for the same calls, expected each exception once"
        seen.setdefault(scope, line_of(path))
