"""Pieces of something that leaves bit by bit: short values that are no words, and parts of a secret in view. Pure.

Costs microseconds where no argument is such a value and no output holds a secret; what an output holds is found once
and kept under its digest.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from guardrail.destinations import argument_name
from guardrail.invocation import Invocation, ToolOutput
from guardrail.text.carried import decoded_of, is_uuid
from guardrail.text.keys import find_secrets, looks_random

# What a text is written to somebody in. An id in a field of its own is how systems talk to each other.
_BODIES = frozenset(
    "body message text content subject title note notes comment comments description summary msg caption html data "
    "payload value details remittance reference".split()
)
_LONGEST_BODY = 120
# `2/4 AKIAQ7`, `part 2 of 4: AKIAQ7`, `(2) AKIAQ7`, `AKIAQ7 (2/4)`
_NUMBERED = re.compile(
    r"(?:(?:part|piece|chunk|bit|section|block|line|teil|no\.?|nr\.?|#)\s?)?"
    r"(?:\(?\d{1,3}\)?(?:\s?(?:/|of|von)\s?\d{1,3}\)?)?\s?[:.)=-]?\s)?"
    r"(?P<value>[A-Za-z0-9][A-Za-z0-9+/_=.~-]{1,63})"
    r"(?:\s\(?\d{1,3}\s?(?:/|of|von)\s?\d{1,3}\)?)?",
    re.IGNORECASE,
)
# Units and times, words with a number, dates, and the ids of tickets and orders.
_USUAL = re.compile(r"\d{1,5}[a-z]{1,3}|[\d:./-]+[A-Za-z]{0,2}|[A-Z]{1,4}[-_/]?[\d-]+|v?\d[\d.]+\w{0,4}")
_TURNS = re.compile(r"[a-z](?=[A-Z])")
_SHORTEST_SURE = 4
_SHORTEST_MIXED = 6
# How keys of well-known providers begin.
_KEY_BEGINS = (
    "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb", "xoxp", "xoxa", "sk-", "sk_live",
    "rk_live", "AIza", "eyJ", "SG.", "npm_", "pypi-", "hf_", "dapi", "dckr_", "shpat_", "ya29.", "GOCSPX", "whsec_",
    "ATATT3",
)  # fmt: skip
_MOST_PIECES = 8
# A part that leaves has at least so many characters; a secret of fewer than twice as many is not looked for in parts.
_SHORTEST_PART = 5
_SHORTEST_SECRET = 10
_LONGEST_SECRET = 4_000
_MOST_SECRETS = 8
_MOST_PARTS = 12
_RUN = re.compile(r"[A-Za-z0-9+_~=-]{5,400}")
_PASSWORD = re.compile(r"://[^\s:/@]{1,60}:([^\s:/@]{3,80})@")
_FRAME = re.compile(r"-----[^-\n]{1,60}-----|\s")
_SHORTEST_CODED = 10
_MOST_TEXT = 60_000
_MOST_CACHED = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A value that is all of a text. `sure` = no word, unit, date or id looks so; `begins` = like a provider's key."""

    argument: str
    text: str
    sure: bool
    begins: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Characters `start` to `end` of `secret`, written in `argument` as `text`; `typed` = the user typed the secret."""

    argument: str
    text: str
    secret: str
    start: int
    end: int
    typed: bool


def find_pieces(call: Invocation) -> tuple[Piece, ...]:
    """The texts of this call that are one short value each, and stand so in nothing that was read; at most 8."""
    found = []
    for argument in call.arguments:
        text = argument.value
        if (
            not isinstance(text, str)
            or not 2 <= len(text) <= _LONGEST_BODY
            or argument_name(argument.path) not in _BODIES
        ):
            continue
        value = _value_of(text.strip())
        if value and not _is_read(value, call.outputs):
            begins = value.startswith(_KEY_BEGINS)
            found.append(Piece(argument=argument.path, text=value, sure=begins or _is_sure(value), begins=begins))
        if len(found) >= _MOST_PIECES:
            break
    return tuple(found)


def find_parts(call: Invocation) -> tuple[Part, ...]:
    """The parts of secrets in view that stand in the arguments, but of none that stands there whole; at most 12."""
    secrets = _secrets_in_view(call)
    if not secrets:
        return ()
    found: dict[tuple[str, int, int], Part] = {}
    room = _MOST_TEXT
    for argument in call.arguments:
        if not isinstance(argument.value, str) or room <= 0:
            continue
        text = argument.value[:room]
        room -= len(text)
        for secret, typed in secrets:
            if secret in text:
                continue
            for written, start, end in _stretches(text, secret):
                found.setdefault(
                    (secret, start, end),
                    Part(argument=argument.path, text=written, secret=secret, start=start, end=end, typed=typed),
                )
                if len(found) >= _MOST_PARTS:
                    return tuple(found.values())
    return tuple(found.values())


def covered(ranges: Iterable[tuple[int, int]]) -> int:
    """How many characters the ranges cover together."""
    total = last = 0
    for start, end in sorted(ranges):
        total += max(0, end - max(start, last))
        last = max(last, end)
    return total


def _value_of(text: str) -> str:
    """The one value a text is, without its number; empty where it is a word, a sentence or a plain number."""
    letters = text.split(" ")
    if len(letters) >= _SHORTEST_SURE and all(len(letter) == 1 for letter in letters):
        text = "".join(letters)
    match = _NUMBERED.fullmatch(text)
    value = match.group("value") if match else ""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return value if mixed or _is_mixed_case(value) or value.startswith(_KEY_BEGINS) else ""


def _is_sure(value: str) -> bool:
    if len(value) < _SHORTEST_SURE or is_uuid(value):
        return False
    return _is_mixed_case(value) or not (_USUAL.fullmatch(value) or _is_word(value))


def _is_word(value: str) -> bool:
    """A word or a few, with a number behind: `report2026`, `iPhone15`."""
    word = value.rstrip("0123456789")
    return not any(c.isdigit() for c in word) and sum(map(str.islower, word)) >= len(word) / 2


def _is_mixed_case(value: str) -> bool:
    """As base64 is: more capitals inside than a name of two or three words has."""
    return len(value) >= _SHORTEST_MIXED and len(_TURNS.findall(value)) >= 2 and sum(map(str.isupper, value)) >= 4


def _is_read(value: str, outputs: tuple[ToolOutput, ...]) -> bool:
    """It stands so, as a value of its own, in what was read: the id of a record, and no part of one."""
    for output in outputs:
        for passage in output.passages:
            at = passage.text.find(value)
            while at >= 0:
                before, after = passage.text[at - 1 : at] if at else "", passage.text[at + len(value) :][:1]
                if not before.isalnum() and not after.isalnum():
                    return True
                at = passage.text.find(value, at + 1)
    return False


def _secrets_in_view(call: Invocation) -> list[tuple[str, bool]]:
    """(secret, whether the user typed it), those of the newest outputs first."""
    found: dict[str, bool] = {}
    for output in reversed(call.outputs):
        for secret in _cache.secrets_of(output):
            found.setdefault(secret, False)
        if len(found) >= _MOST_SECRETS:
            break
    if not call.event_triggered:
        for passage in call.user_passages:
            for secret in _cores(passage.text[:_MOST_TEXT]):
                found.setdefault(secret, True)
    return list(found.items())[:_MOST_SECRETS]


def _cores(text: str) -> Iterator[str]:
    """What is secret of each secret in `text`: of an address its password, of a key's block the lines."""
    for _, start, end in find_secrets(text):
        whole = text[start:end]
        password = _PASSWORD.search(whole)
        if password:
            core = password.group(1)
        elif whole.startswith("-----"):
            core = _FRAME.sub("", whole)
        else:
            runs = _RUN.findall(whole)
            core = max([run for run in runs if looks_random(run)] or runs or [""], key=len)
        if _SHORTEST_SECRET <= len(core) <= _LONGEST_SECRET:
            yield core


def _stretches(text: str, secret: str) -> Iterator[tuple[str, int, int]]:
    """(as written, start, end) of each run of `text` that is a part of `secret`, as it is or encoded."""
    lower = secret.lower()
    for run in dict.fromkeys(_RUN.findall(text)):
        # a host name knows no capitals
        at = lower.find(run) if run.islower() else secret.find(run)
        if at >= 0:
            yield run, at, at + len(run)
            continue
        for said, how in decoded_of(run) if len(run) >= _SHORTEST_CODED else ():
            at = secret.find(said) if len(said) >= _SHORTEST_PART and how != "rot13" else -1
            if at >= 0:
                yield run, at, at + len(said)
                break


class _Cache:
    """digest of an output -> the secrets in it; bounded, the oldest go first."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def secrets_of(self, output: ToolOutput) -> tuple[str, ...]:
        found = self._found.get(output.digest)
        if found is None:
            texts = (passage.text for passage in output.passages)
            found = tuple(dict.fromkeys(core for text in texts for core in _cores(text)))[:_MOST_SECRETS]
            with self._lock:
                self._found[output.digest] = found
                while len(self._found) > _MOST_CACHED:
                    self._found.popitem(last=False)
        return found


_cache = _Cache()
