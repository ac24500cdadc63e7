"""An outsider asks for what belongs to others, and the message brings it: `the phone numbers of all your guests`.

The message goes to whoever asked, so neither its address nor its kind tells. What tells is the wish in an outsider's
text for whole groups of people or what is known of them, and words of the message that stand in another output.
"""

import re

from guardrail.attribution.authors import is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.text.directives import words_of
from guardrail.text.others_data import INTERNAL, MANY, PEOPLE, PERSONAL, SECRET_PHRASES, SECRETS
from guardrail.text.reading import Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH, stems
from policies.ruleset import Standing, ToolKind

_LONGEST = 8_000
_MOST_TEXTS = 200
_MOST_WORDS = 400
_TELLING = re.compile(r"[^\W_]{4,40}")
_LEAST_DIGITS = 5
_LEAST_WORDS = 2


def asked_out(case: Case, request: Request) -> Taken | None:
    """The outsider's text and a word of another output that goes out by it; None for none."""
    if not _reaches_somebody(case) or (request.delegation is Delegation.ACTIONS and not case.call.event_triggered):
        return None
    if case.targets and all(target.standing is Standing.INTERNAL for target in case.targets if target.named):
        return None
    for source, prose in _texts(case):
        author = source.reading.authors[prose.record]
        outsiders = ("@" in author.author or source.name == "trigger") and not is_ours(author, case)
        if not outsiders or not runs(prose.lower, case.tuning.running_text) or not _asks_for_others(prose, case):
            continue
        found = _brought(source, prose, case)
        if found is not None:
            return Taken(source=source, prose=prose, values=(found,))
    return None


def _reaches_somebody(case: Case) -> bool:
    """A message, or an entry that somebody nobody vouches for gets a copy of: an invitation."""
    if case.kind is ToolKind.SEND:
        return True
    return case.kind is ToolKind.WRITE and any(
        "@" in target.value and target.standing is Standing.UNKNOWN for target in case.targets
    )


def _asks_for_others(prose: Prose, case: Case) -> bool:
    """A sentence with people the user did not speak of, and either all of them or what is known of them; or with
    passwords and codes, or all that is internal, of which the user spoke as little.
    """
    said_by_user = stems(case.user.words)
    text = prose.lower[:_LONGEST]
    for start, end in split_sentences(text):
        words = frozenset(words_of(text[start:end]))
        people = words & PEOPLE
        if people and not words.isdisjoint(MANY | PERSONAL) and said_by_user.isdisjoint(stems(people)):
            return True
        if (
            not words.isdisjoint(INTERNAL)
            and not words.isdisjoint(MANY)
            and said_by_user.isdisjoint(stems(words & INTERNAL))
        ):
            return True
        if _names_secret(words, text[start:end]) and not _names_secret(case.user.words, case.user.lower[:_LONGEST]):
            return True
    return False


def _names_secret(words: frozenset[str], said: str) -> bool:
    return any(word.endswith(SECRETS) for word in words) or any(phrase in said for phrase in SECRET_PHRASES)


def _brought(source: Source, prose: Prose, case: Case) -> Leaf | None:
    """A value of the message that another output has, and neither this text nor the user; two words or a number."""
    own = " ".join(text.lower for text in source.reading.prose if text.record == prose.record)[:_LONGEST]
    others = [text.lower for other in case.sources if other is not source for text in other.reading.prose[:_MOST_TEXTS]]
    found: list[Leaf] = []
    for argument in case.call.arguments:
        if not isinstance(argument.value, str) or len(argument.value) <= len("re: x"):
            continue
        for word in dict.fromkeys(_TELLING.findall(argument.value.lower()[:_LONGEST])[:_MOST_WORDS]):
            if word in ENGLISH.stop_words or word in case.user.words or stands_in(word, own) >= 0:
                continue
            if any(stands_in(word, text) >= 0 for text in others):
                found.append(
                    Leaf(argument=argument.path, value=word, kind="short", weight=1.0, needle=word, words=frozenset())
                )
                if len(found) >= _LEAST_WORDS or sum(map(str.isdigit, word)) >= _LEAST_DIGITS:
                    return found[-1]
    return None


def _texts(case: Case) -> list[tuple[Source, Prose]]:
    return [(source, prose) for source in case.sources for prose in source.reading.prose[:_MOST_TEXTS]]
