"""Pieces of something that leaves bit by bit: short values that are no words, and parts of a secret in view. Pure.

Costs microseconds where no argument is such a value and no output holds a secret; what an output holds is found once
and kept under its digest.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from guardrail.attribution.provenance import stands_in
from guardrail.destinations import argument_name
from guardrail.invocation import Invocation, ToolOutput
from guardrail.text.carried import decoded_of, is_uuid
from guardrail.text.keys import find_secrets_in, looks_random

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
_VALUE = re.compile(r"(?<![\w@./:-])(?=[A-Za-z+/_=-]{0,40}\d)[A-Za-z0-9+/_=-]{4,64}(?![\w@/:-])")
_RUN = re.compile(r"[A-Za-z0-9+_~=-]{5,400}")
_PASSWORD = re.compile(r"://[^\s:/@]{1,60}:([^\s:/@]{3,80})@")
_FRAME = re.compile(r"-----[^-\n]{1,60}-----|\s")
_SHORTEST_CODED = 10
_MOST_TEXT = 20_000
# Characters of new outputs that one call looks through for secrets: 1 ms as a rule, 60 of nothing but names of secrets.
_MOST_READ = 100_000
_MOST_RUNS, _MOST_CODED = 2_000, 100
_MOST_CACHED = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A value that is all of a text, or, `wrapped`, the only such value in a short one.

    `sure` = no word, unit, date or id looks so; `begins` = like a provider's key.
    """

    argument: str
    text: str
    sure: bool
    begins: bool
    wrapped: bool = False


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
    """The texts of this call that are, or hold, one short value that stands so in nothing that was read; at most 8."""
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
        wrapped = "" if value else _wrapped_in(text)
        value = value or wrapped
        if value and not _is_read(value, call.outputs):
            begins = _begins_a_key(value)
            sure = begins or _is_sure(value)
            found.append(Piece(argument=argument.path, text=value, sure=sure, begins=begins, wrapped=bool(wrapped)))
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
        forms = list(_forms(text))
        for secret, typed in secrets:
            for written, start, end in _stretches(forms, secret) if secret not in text else ():
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
    return value if mixed or _is_mixed_case(value) else ""


def _wrapped_in(text: str) -> str:
    """The one value of a short text that surely is no word; empty where there is none, or several."""
    found = [run for run in _VALUE.findall(text) if _begins_a_key(run) or _is_sure(run)] if " " in text else []
    return found[0] if len(found) == 1 else ""


def _begins_a_key(value: str) -> bool:
    return value.startswith(_KEY_BEGINS) and any(c.isdigit() for c in value)


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
            if stands_in(value, passage.text) >= 0:
                return True
    return False


def _secrets_in_view(call: Invocation) -> list[tuple[str, bool]]:
    """(secret, whether the user typed it), those of the newest outputs first."""
    found: dict[str, bool] = {}
    room = _MOST_READ
    for output in reversed(call.outputs):
        secrets = _cache.find(output.digest)
        if secrets is None:
            texts = [passage.text for passage in output.passages]
            cores = dict.fromkeys(_cores(list(_first(texts, room))))
            room -= sum(map(len, texts))
            secrets = _cache.keep(output.digest, tuple(cores)[:_MOST_SECRETS])
        for secret in secrets:
            found.setdefault(secret, False)
        if len(found) >= _MOST_SECRETS or room <= 0:
            break
    if not call.event_triggered:
        for passage in call.user_passages:
            for secret in _cores_of(passage.text[:_MOST_TEXT]):
                found.setdefault(secret, True)
    return list(found.items())[:_MOST_SECRETS]


def _first(texts: Iterable[str], room: int) -> Iterator[str]:
    for text in texts:
        yield text[: max(room, 0)]
        room -= len(text)


# every call of a turn repeats what the person typed
@lru_cache(maxsize=128)
def _cores_of(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_cores([text])))[:_MOST_SECRETS]


def _cores(texts: Sequence[str]) -> Iterator[str]:
    """What is secret of each secret in the texts: of an address its password, of a key's block the lines."""
    for _, number, start, end in find_secrets_in(texts):
        whole = texts[number][start:end]
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


def _forms(text: str) -> Iterator[tuple[str, str]]:
    """(as written, what it says) of each run of letters and digits in `text`, also decoded; bounded."""
    coded = 0
    for run in islice(dict.fromkeys(_RUN.findall(text)), _MOST_RUNS):
        yield run, run
        if len(run) >= _SHORTEST_CODED and coded < _MOST_CODED:
            coded += 1
            yield from ((run, said) for said, _ in decoded_of(run) if len(said) >= _SHORTEST_PART)


def _stretches(forms: Iterable[tuple[str, str]], secret: str) -> Iterator[tuple[str, int, int]]:
    """(as written, start, end) of each that is a part of `secret`."""
    lower = secret.lower()
    for run, said in forms:
        # a host name knows no capitals
        at = lower.find(said) if said.islower() else secret.find(said)
        if at >= 0:
            yield run, at, at + len(said)


class _Cache:
    """digest of an output -> the secrets in it; bounded, the oldest go first."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, digest: str) -> tuple[str, ...] | None:
        return self._found.get(digest)

    def keep(self, digest: str, secrets: tuple[str, ...]) -> tuple[str, ...]:
        with self._lock:
            self._found[digest] = secrets
            while len(self._found) > _MOST_CACHED:
                self._found.popitem(last=False)
        return secrets


_cache = _Cache()
