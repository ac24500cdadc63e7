"""Data classes as a policy document lists them: written out, compared with what is stored, and taken over.

Which phrases a class or a dictionary has is told to nobody here but in numbers: everybody who signed in may read a
draft, and they may be the very words that must not get out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from policies.list_change import ListChange
from policies.models import ClassDictionary, ClassPattern, DataClass
from policies.recognition.phrases import read_phrases
from policies.recognition.places import checked_place
from policies.services.class_recognisers import DictionarySettings, PatternSettings, save_dictionary, save_pattern
from policies.services.classes import ClassSettings, add_class, change_class, order_classes

MEMBER = "data_classes"
Entry = Mapping[str, Any]
Actor = AbstractBaseUser | None
_TEXTS = ("terms", "labels", "places", "kinds")
_FIELDS = ("may_leave", "note", *_TEXTS)
_PATTERN = ("pattern", "sample", "fewest")
# What people call it.
_CALLED = {"may_leave": "may leave", "terms": "phrases", "fewest": "different ones needed"}


def load_entries(*, phrases: bool) -> list[dict[str, Any]]:
    """Every class, the least protected first; without `phrases` what they say stays here. Three queries."""
    return [_entry_of(found, phrases=phrases) for found in _load()]


def load_differences(entries: Sequence[Entry], order: Sequence[str]) -> Iterator[ListChange]:
    """What the entries would change; `order` names classes, the least protected first. Three queries."""
    classes = _load()
    stored = _by_name(classes)
    for entry in entries:
        found = stored.get(name_of(entry).lower())
        yield from _settings_difference(entry, found)
        yield from _dictionary_differences(entry, found)
        yield from _pattern_differences(entry, found)
    now, then = _orders([found.name for found in classes], order)
    if now != then:
        yield ListChange(
            member=MEMBER, name="order", before={"protection": " < ".join(now)}, after={"protection": " < ".join(then)}
        )


def write(entries: Sequence[Entry], order: Sequence[str], *, actor: Actor) -> None:
    """Take the entries over. Raises ClassError. Needs a transaction in which nobody else changes classes."""
    stored = _by_name(_load())
    for entry in entries:
        found = stored.get(name_of(entry).lower())
        if found is None:
            found = add_class(_settings(entry, None), actor=actor)
        else:
            found = change_class(found.pk, _settings(entry, found), revision=found.revision, actor=actor)
        _write_dictionaries(entry, found, actor)
        _write_patterns(entry, found, actor)
    pks = dict(DataClass.objects.values_list("name", "pk"))
    now, then = _orders(list(pks), order)
    if now != then:
        order_classes([pks[name] for name in then], actor=actor)


def name_of(entry: Entry) -> str:
    """The name of a class, dictionary or pattern as it is stored."""
    return " ".join(str(entry["name"]).split())


def _load() -> list[DataClass]:
    return list(DataClass.objects.prefetch_related("dictionaries", "patterns"))


def _by_name(classes: Sequence[DataClass]) -> dict[str, DataClass]:
    """By their names in lower case, and by those they had before where nobody has them now."""
    former = {name.lower(): found for found in classes for name in found.former_names}
    return former | {found.name.lower(): found for found in classes}


def _entry_of(found: DataClass, *, phrases: bool) -> dict[str, Any]:
    said = {name: getattr(found, name) for name in _FIELDS if name != "terms" or phrases}
    dictionaries = [
        {"name": one.name, "fewest": one.fewest, **({"phrases": one.phrases} if phrases else {})}
        for one in found.dictionaries.all()
    ]
    patterns = [{"name": one.name, **{name: getattr(one, name) for name in _PATTERN}} for one in found.patterns.all()]
    entry = {"name": found.name, **said, "dictionaries": dictionaries, "patterns": patterns}
    return {name: value for name, value in entry.items() if value not in ("", [])}


def _settings_difference(entry: Entry, found: DataClass | None) -> Iterator[ListChange]:
    wanted = {name: entry[name] for name in _FIELDS if entry.get(name, "") != ""}
    if found is None:
        after = _called({name: _said(name, value) for name, value in wanted.items()})
        yield ListChange(member=MEMBER, name=name_of(entry), before=None, after=after)
        return
    was = {name: getattr(found, name) for name in wanted}
    differing = [name for name in wanted if _plain(name, wanted[name]) != _plain(name, was[name])]
    if differing:
        before = _called({name: _said(name, was[name], but=wanted[name]) for name in differing})
        after = _called({name: _said(name, wanted[name], but=was[name]) for name in differing})
        yield ListChange(member=MEMBER, name=name_of(entry), before=before, after=after)


def _called(said: Mapping[str, str]) -> dict[str, str]:
    return {_CALLED.get(name, name): text for name, text in said.items()}


def _plain(name: str, value: Any) -> Any:
    """A value as two of them are compared: the order of a list says nothing."""
    if name not in _TEXTS:
        return value
    return frozenset(checked_place(text) if name == "places" else " ".join(text.split()) for text in value)


def _said(name: str, value: Any, *, but: Any = ()) -> str:
    """A value in words; of phrases only how many, and how many the other side has not."""
    if name == "terms":
        return _counted(value, but)
    return ", ".join(value) if name in _TEXTS else {True: "yes", False: "no"}.get(value, str(value))


def _counted(phrases: Iterable[str], but: Iterable[str]) -> str:
    mine, theirs = (frozenset(" ".join(one.split()).lower() for one in side) for side in (phrases, but))
    alone = len(mine - theirs)
    return f"{len(mine):,} phrase{'' if len(mine) == 1 else 's'}{f', {alone:,} only here' if theirs and alone else ''}"


def _dictionary_differences(entry: Entry, found: DataClass | None) -> Iterator[ListChange]:
    stored = {one.name: one for one in found.dictionaries.all()} if found else {}
    for told in entry.get("dictionaries") or ():
        known = stored.get(name_of(told))
        phrases = told.get("phrases")
        part = f"dictionary {name_of(told)}"
        if known is None:
            left_out = "" if phrases else "its phrases are not in the document"
            after = _called({"fewest": str(told.get("fewest", 1)), "phrases": _counted(phrases or (), ())})
            yield ListChange(member=MEMBER, name=name_of(entry), part=part, before=None, after=after, left_out=left_out)
            continue
        was, now = {"fewest": str(known.fewest)}, {"fewest": str(told.get("fewest", known.fewest))}
        if phrases is not None and read_phrases("\n".join(phrases)) != tuple(known.phrases):
            was["phrases"], now["phrases"] = _counted(known.phrases, phrases), _counted(phrases, known.phrases)
        yield from _part_difference(entry, part, was, now)


def _pattern_differences(entry: Entry, found: DataClass | None) -> Iterator[ListChange]:
    stored = {one.name: one for one in found.patterns.all()} if found else {}
    for told in entry.get("patterns") or ():
        known = stored.get(name_of(told))
        part = f"pattern {name_of(told)}"
        now = {name: str(told.get(name, 1)) for name in _PATTERN}
        if known is None:
            yield ListChange(member=MEMBER, name=name_of(entry), part=part, before=None, after=_called(now))
        else:
            yield from _part_difference(entry, part, {name: str(getattr(known, name)) for name in _PATTERN}, now)


def _part_difference(entry: Entry, part: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[ListChange]:
    differing = [name for name in now if now[name] != was[name]]
    if differing:
        before, after = (_called({name: side[name] for name in differing}) for side in (was, now))
        yield ListChange(member=MEMBER, name=name_of(entry), part=part, before=before, after=after)


def _settings(entry: Entry, found: DataClass | None) -> ClassSettings:
    told: dict[str, Any] = {"may_leave": False, "note": ""}
    if found:
        told = {name: getattr(found, name) for name in _FIELDS}
    # an empty note takes none away
    told |= {name: entry[name] for name in _FIELDS if entry.get(name, "") != ""}
    texts = {name: tuple(told.get(name, ())) for name in _TEXTS}
    return ClassSettings(
        name=found.name if found else name_of(entry), may_leave=told["may_leave"], note=told["note"], **texts
    )


def _write_dictionaries(entry: Entry, found: DataClass, actor: Actor) -> None:
    stored = {one.name: one for one in ClassDictionary.objects.filter(data_class=found)}
    for told in entry.get("dictionaries") or ():
        known = stored.get(name_of(told))
        phrases = told.get("phrases") or (known.phrases if known else ())
        fewest = told.get("fewest", known.fewest if known else 1)
        if not phrases or (
            known and (known.fewest, tuple(known.phrases)) == (fewest, read_phrases("\n".join(phrases)))
        ):
            continue
        settings = DictionarySettings(name=name_of(told), phrases="\n".join(phrases), fewest=fewest)
        _save(save_dictionary, found, settings, known, actor)


def _write_patterns(entry: Entry, found: DataClass, actor: Actor) -> None:
    stored = {one.name: one for one in ClassPattern.objects.filter(data_class=found)}
    for told in entry.get("patterns") or ():
        known = stored.get(name_of(told))
        settings = PatternSettings(
            name=name_of(told), pattern=told["pattern"], sample=told["sample"], fewest=told.get("fewest", 1)
        )
        if known and all(getattr(known, name) == getattr(settings, name) for name in _PATTERN):
            continue
        _save(save_pattern, found, settings, known, actor)


def _save(
    save: Callable[..., object],
    found: DataClass,
    settings: DictionarySettings | PatternSettings,
    known: ClassDictionary | ClassPattern | None,
    actor: Actor,
) -> None:
    revision = DataClass.objects.values_list("revision", flat=True).get(pk=found.pk)
    save(found.pk, settings, revision=revision, actor=actor, pk=known.pk if known else 0)


def _orders(stored: Sequence[str], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """The order now, and with the named classes in the wanted order among the places they have."""
    known = {name.lower(): name for name in stored}
    named = [known[name.lower()] for name in wanted if name.lower() in known]
    ordered = iter(named)
    return list(stored), [next(ordered) if name in named else name for name in stored]
