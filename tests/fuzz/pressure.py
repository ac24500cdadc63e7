"""Bodies made to use up memory and time, with honest callers beside them and every web process weighed."""

import json
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.fuzz.asking import WIRES, Answered, Wire, ask
from tests.fuzz.many import LATE_MS
from tests.fuzz.odd import MEGABYTE, Odd
from tests.guardrail.instances import RunningInstance

# what a web process may weigh, in bytes
MOST_BYTES = 400 * 1024 * 1024
_EVERY_SECONDS = 0.02
_HONEST_PAUSE_SECONDS = 0.1
_OPEN = {"copilot_studio": b'"inputValues":', "evaluate": b'"arguments":'}


@dataclass(frozen=True, kw_only=True, slots=True)
class Heavy:
    """Something a hostile caller does: these bodies, so many of them at once."""

    what: str
    bodies: tuple[bytes, ...]
    at_once: int = 1


@dataclass(kw_only=True, slots=True)
class Weighed:
    """What came of it: the heaviest a web process was, the answers, and how long honest callers waited, in ms."""

    what: str
    most_bytes: int = 0
    died: int = 0
    answers: list[Answered] = field(default_factory=list)
    honest: list[Answered] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """What must not be, in words."""
        found = [f"{one.odd.what}: {one.fault}" for one in [*self.answers, *self.honest] if one.fault]
        if self.most_bytes > MOST_BYTES:
            found.append(f"a web process weighed {self.most_bytes / 2**20:.0f} MiB")
        if self.died:
            found.append(f"{self.died} web processes died")
        late = [one for one in self.honest if one.ms > LATE_MS]
        return found + ([f"{len(late)} of {len(self.honest)} honest calls were late"] if late else [])


def heavy_ones(wire: Wire) -> Iterator[Heavy]:
    """Each way to be too much, for one wire."""
    for what, value in {
        "50 MB of one text": b'"' + b"a" * (50 * MEGABYTE) + b'"',
        "10,000,000 numbers": b"[" + b"1," * 9_999_999 + b"1]",
        "7.9 MB of numbers": b"[" + b"1," * 3_950_000 + b"1]",
        "7.9 MB of empty lists": b"[" + b"[]," * 2_630_000 + b"1]",
        "7.9 MB of empty objects": b"[" + b"{}," * 2_630_000 + b"1]",
        "7.9 MB of names": b"{" + b",".join(b'"%d":0' % n for n in range(730_000)) + b"}",
        "7.9 MB of short texts": b"[" + b",".join(b'"%d"' % n for n in range(830_000)) + b"]",
        "1,000,000 open lists": b"[" * 1_000_000,
        "7.9 MB of lists 400 deep": b"[" + b",".join([b"[" * 400 + b"]" * 400] * 9_800) + b"]",
        "7.9 MB of text with one sign of four bytes": json.dumps("😀" + "word " * 1_570_000).encode(),
        "JSON in JSON": json.dumps("[" + "[]," * 1_900_000 + "1]").encode(),
    }.items():
        yield Heavy(what=f"{wire.name}: {what}", bodies=(_with(wire, value),) * 4, at_once=4)
    told = b'"' + b"Please send the notes of the week to ann. " * (5 * MEGABYTE // 42) + b'"'
    yield Heavy(what=f"{wire.name}: 64 times 5 MB of text", bodies=(_with(wire, told),) * 64, at_once=64)
    lists = b"[" + b"[]," * 1_660_000 + b"1]"
    yield Heavy(what=f"{wire.name}: 64 times 5 MB of empty lists", bodies=(_with(wire, lists),) * 64, at_once=64)


def distinct_ones(wire: Wire) -> Iterator[Heavy]:
    """Series in which every text is a long one nobody sent before: what is kept of what was read must not add up."""
    letters = 300_000
    ways: dict[str, Callable[[int], str]] = {
        "one word": lambda n: f"w{n}" + "a" * letters,
        "words": lambda n: " ".join(f"w{n}x{m}" for m in range(letters // 10)),
        "sentences": lambda n: "".join(f"Please send file {n} {m} to ann{m} at once. " for m in range(letters // 40)),
        "an address": lambda n: f"https://h{n}.example/" + "b" * letters + f"?d={n}",
        "a key and what it says": lambda n: json.dumps({f"k{n}" + "c" * letters: f"v{n}" + "d" * letters}),
        "an address to write to": lambda n: f"a{n}" + "e" * letters + "@joe.example",
    }
    for what, text in ways.items():
        bodies = tuple(json.dumps(_everywhere(wire.good(), text(n))).encode() for n in range(150))
        yield Heavy(what=f"{wire.name}: 150 calls that say {what} nobody said before", bodies=bodies, at_once=2)


def _everywhere(value: Any, said: str) -> Any:
    """The same body with `said` in the place of every text but roles, moments and kinds."""
    if isinstance(value, dict):
        kept = ("role", "timestamp", "type", "plannerType")
        return {name: one if name in kept else _everywhere(one, said) for name, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, said) for one in value]
    return said if isinstance(value, str) else value


def press(heavy: Heavy, wire: Wire, instance: RunningInstance, *, token: str) -> Weighed:
    """Do it once, with honest calls beside it from before its beginning until after its end."""
    weighed = Weighed(what=heavy.what)
    with _weighing(instance, weighed), _honest_calls(instance.url, token, weighed):
        sleep(0.3)
        with ThreadPoolExecutor(heavy.at_once) as threads:
            odd = [Odd(what=heavy.what, body=body) for body in heavy.bodies]
            asked = [threads.submit(ask, wire, one, url=instance.url, token=token) for one in odd]
            weighed.answers = [one.result() for one in asked]
        sleep(0.3)
    return weighed


def _with(wire: Wire, value: bytes) -> bytes:
    good = wire.good()
    place = "arguments" if "arguments" in good else "inputValues"
    good[place] = "@"
    return json.dumps(good).encode().replace(b'"@"', b'{"to":"ann@adatum.example","body":' + value + b"}")


@contextmanager
def _weighing(instance: RunningInstance, weighed: Weighed) -> Iterator[None]:
    over = threading.Event()
    web = instance.pids()["web"]
    before = set(_children(web))

    def weigh() -> None:
        while not over.wait(_EVERY_SECONDS):
            weighed.most_bytes = max(weighed.most_bytes, 0, *map(_bytes_of, _children(web)))

    thread = threading.Thread(target=weigh, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        weighed.died = len(before - set(_children(web)))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _bytes_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


@contextmanager
def _honest_calls(url: str, token: str, weighed: Weighed) -> Iterator[None]:
    """One call every tenth of a second, each on a connection of its own, whether the one before is answered or not."""
    wire = WIRES[1]
    good = {
        "agent": {"id": "beside"},
        "user_message": "List the notes of Monday",
        "tool": {"name": "list_notes", "description": "Lists notes"},
        "arguments": {"day": "Monday"},
    }
    odd = Odd(what="an honest call beside", body=json.dumps(good).encode())
    over = threading.Event()
    with ThreadPoolExecutor(64) as threads:
        asked = []

        def go_on() -> None:
            due = monotonic()
            while not over.is_set():
                asked.append(threads.submit(ask, wire, odd, url=url, token=token))
                due += _HONEST_PAUSE_SECONDS
                over.wait(max(0.0, due - monotonic()))

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            weighed.honest = [one.result() for one in asked]
