"""All by what data classes are recognised, compiled from the `data_classes` of a ruleset document. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from policies.recognition.patterns import Compiled, compile_pattern
from policies.recognition.phrases import NO_PHRASES, Dictionary, Phrases, compile_phrases
from policies.recognition.places import Places, compile_places


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A pattern that makes a text of the class; `fewest` different matches must stand in what leaves."""

    data_class: str
    name: str
    fewest: int
    compiled: Compiled


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognition:
    """`kinds` maps what the product finds itself (`policies.recognition.kinds`) to the class it is of."""

    places: tuple[Places, ...] = ()
    phrases: Phrases = NO_PHRASES
    patterns: tuple[Pattern, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reads_texts(self) -> bool:
        """Whether texts have to be looked through."""
        return bool(self.phrases.tree or self.patterns)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for but what other detectors find anyway."""
        return not (self.places or self.reads_texts)


NO_RECOGNITION = Recognition()


def compile_recognition(entries: Iterable[Mapping[str, Any]]) -> Recognition:
    """Compile the entries, lowest class first; a kind two classes claim goes to the higher one.

    Raises ValueError naming the class and what is wrong.
    """
    places, dictionaries, patterns, kinds = [], [], [], {}
    for entry in entries:
        name = entry["name"]
        try:
            if entry.get("places"):
                places.append(compile_places(name, tuple(entry["places"])))
            dictionaries += [
                Dictionary(
                    data_class=name,
                    name=each["name"],
                    fewest=int(each.get("fewest", 1)),
                    phrases=tuple(each["phrases"]),
                )
                for each in entry.get("dictionaries", ())
            ]
            patterns += [
                Pattern(
                    data_class=name,
                    name=each["name"],
                    fewest=int(each.get("fewest", 1)),
                    compiled=compile_pattern(each["pattern"]),
                )
                for each in entry.get("patterns", ())
            ]
        except ValueError as error:
            raise ValueError(f"`data_classes.{name}`: {error}") from None
        kinds.update(dict.fromkeys(entry.get("kinds", ()), name))
    if not (places or dictionaries or patterns or kinds):
        return NO_RECOGNITION
    return Recognition(
        places=tuple(places),
        phrases=compile_phrases(dictionaries),
        patterns=tuple(patterns),
        kinds=MappingProxyType(kinds),
    )
