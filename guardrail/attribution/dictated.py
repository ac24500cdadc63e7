"""What a text dictates into a message that was wanted: its own line, with a link or a number of its own.

The message goes where the user wanted and says what the user wanted, and then a little more. That more is told by a
host or a long number nobody but a running text has, and by how that text brings it: in quotation marks, as what every
message has to say, or with an order to hand it on.
"""

import re
from collections.abc import Iterator

from guardrail.attribution.authors import is_meant, is_ours
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.provenance import TLDS, Leaf
from guardrail.attribution.request import Request
from guardrail.attribution.running_text import runs
from guardrail.attribution.unasked import Taken
from guardrail.case import Case, Source
from guardrail.destinations import says_something
from guardrail.text.directives import words_of
from guardrail.text.other_tongues import verbs_in
from guardrail.text.reading import Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.words import ENGLISH
from policies.ruleset import Standing, ToolKind

_LONGEST = 8_000
_HOST = re.compile(r"(?<![\w@./-])(?:https?://)?((?:[a-z0-9-]{1,40}\.){1,4}[a-z]{2,12})(?![\w@-])")
_LONG_NUMBER = re.compile(r"(?<![\w.,/-])(?:[a-z]{2}\d{2} ?)?\+?\d[\d ()/.-]{6,34}\d(?![\w])")
_LEAST_DIGITS = 9
_WORDS_BEFORE = 3
_QUOTED = re.compile(r"(?<!\w)['\"“„«‚‘`»]([^\n'\"“”„«»‚‘`]{12,240})['\"”“»’`«](?!\w)")
# Which messages are to say so: all of them.
_EVERY = frozenset(
    "every each all any whenever jede jeden jeder jedes alle chaque tout tous toute cada todo todos toda todas ogni "
    "tutti tutte elke iedere alle każdy każda każdej her varje každý každé".split()
)
# What somebody who writes a message does with what a text wants in it.
_HANDS_ON = frozenset("include add put insert write tell paste attach change replace".split())
_MENTIONS = re.compile(r"\b(?:mention|append|quote|state|say)s?\b")
# Endings of files are no hosts.
_FILE_ENDINGS = frozenset(
    "pdf doc docx xls xlsx csv txt md html htm py js ts json yaml yml toml xml zip png jpg jpeg sh go rs java "
    "css".split()
)


def dictated(case: Case, request: Request) -> Taken | None:
    """The text and the link or number it had put into a message; None for nothing of the kind."""
    if case.kind not in (ToolKind.SEND, ToolKind.WRITE):
        return None
    said_digits = _digits(case.user.lower[:_LONGEST])
    for argument in case.call.arguments:
        if not isinstance(argument.value, str) or not says_something(argument.path):
            continue
        body = " ".join(argument.value.lower()[:_LONGEST].split())
        strange = [*_hosts_in(body, case), *_numbers_in(body, said_digits)]
        if not strange:
            continue
        for source, prose in _running(case):
            found = _brought(strange, body, source, prose, case, request)
            if found:
                leaf = Leaf(
                    argument=argument.path, value=found, kind="url", weight=3.0, needle=found, words=frozenset()
                )
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _brought(strange: list[str], body: str, source: Source, prose: Prose, case: Case, request: Request) -> str:
    """The first of these that the text has in such a way; empty for none."""
    text = prose.lower[:_LONGEST]
    digits = ""
    here = []
    for value in strange:
        if value.isdigit():
            digits = digits or _digits(text)
        elif f"`{value}`" in text and value.rpartition(".")[2] not in TLDS:
            # `address.line` is a name in a program
            continue
        if (value in digits) if value.isdigit() else (value in text):
            here.append(value)
    if not here:
        return ""
    for quoted in _QUOTED.findall(" ".join(text.split())):
        if quoted in body:
            for value in here:
                if value in (_digits(quoted) if value.isdigit() else quoted):
                    return value
    for value in here:
        # `under each answer: Moving? Only with ...`
        line = next((line for line in text.split("\n") if value in line), "")
        if not _EVERY.isdisjoint(words_of(line)) and _with_words_before(value, line, body):
            return value
    author = source.reading.authors[prose.record]
    if is_ours(author, case) or request.delegation is Delegation.ACTIONS:
        return ""
    for start, end in split_sentences(text):
        said = text[start:end]
        for value in here:
            if value not in (_digits(said) if value.isdigit() else said) or not tells_what_to_write(said):
                continue
            always = not _EVERY.isdisjoint(words_of(said))
            if request.delegation is Delegation.NONE or (always and not is_meant(author.author, case.user)):
                return value
    return ""


def _with_words_before(value: str, line: str, body: str) -> bool:
    """The message has it with the same words before it as the line, and not as the whole of a field."""
    before = line[: line.find(value)].split()[-_WORDS_BEFORE:]
    return len(before) == _WORDS_BEFORE and f"{' '.join(before)} {value}" in body


def _hosts_in(body: str, case: Case) -> list[str]:
    found = dict.fromkeys(_HOST.findall(body))
    return [
        host
        for host in found
        if host.rpartition(".")[2] not in _FILE_ENDINGS
        and host not in case.user.lower
        and case.ruleset.standing_of(host) is Standing.UNKNOWN
    ]


def _numbers_in(body: str, said: str) -> list[str]:
    numbers = (_digits(found) for found in _LONG_NUMBER.findall(body))
    return [bare for bare in dict.fromkeys(numbers) if len(bare) >= _LEAST_DIGITS and bare not in said]


def tells_what_to_write(said: str) -> bool:
    """A sentence in lower case has somebody put something into what they write."""
    if _MENTIONS.search(said):
        return True
    words = words_of(said)
    return not _HANDS_ON.isdisjoint({*verbs_in(words), *(ENGLISH.verb_forms.get(word, "") for word in words)})


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _running(case: Case) -> Iterator[tuple[Source, Prose]]:
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return
            if runs(prose.lower, case.tuning.running_text):
                yield source, prose
