"""The callers: calls come at random times (Poisson), not when others were answered, and are given up after a second.

A process of its own, so that what it costs is known: `python -m tests.overload.calling` reads a Plan as JSON from
standard input, writes one answer a line into `out`, and what it used itself as JSON to standard output.
"""

import asyncio
import json
import os
import random
import resource
import sys
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

_MARKERS = (b"@SESSION@", b"@STEP@", b"@TEXT@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to send. `rate` calls a second for `seconds`; `at_once` instead: so many callers who each ask again at once.

    `bodies` is a file of (kind, body) as JSON lines; those of kind `attack` are sent once each, every `attack_every`
    calls. `patience` are the seconds after which a caller gives up: a platform then allows.
    """

    host: str
    port: int
    path: str
    token: str
    bodies: str
    out: str
    seconds: float
    rate: float = 0.0
    at_once: int = 0
    attack_every: int = 0
    patience: float = 1.0
    seed: int = 1


class _Line(asyncio.Protocol):
    """One connection with at most one call under way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._read = b""
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, blank, body = self._read.partition(b"\r\n\r\n")
        if not blank or self._answered is None or self._answered.done():
            return
        fields = dict(line.partition(b": ")[::2] for line in head.lower().split(b"\r\n"))
        if b"content-length" in fields:
            whole, said = len(body) >= int(fields[b"content-length"]), body
        else:  # in one piece after its length, and an empty one
            whole, said = body.endswith(b"0\r\n\r\n"), body.partition(b"\r\n")[2].partition(b"\r\n")[0]
        if whole:
            self._read = b""
            self._answered.set_result((int(head.split(b" ", 2)[1]), said))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("closed before it answered"))

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        assert self.transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answered


class _Callers:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines = 0
        self._idle: deque[_Line] = deque()
        self._bodies = _read_bodies(Path(plan.bodies))
        self._numbers = iter(range(1 << 40))
        self._run = uuid.uuid4().hex[:8]
        self._chance = random.Random(plan.seed)
        self._head = (
            f"POST {plan.path} HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\nAuthorization: Bearer {plan.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    async def call_at_random(self) -> list[dict[str, Any]]:
        started = monotonic()
        due = started
        asked: list[asyncio.Task[dict[str, Any]]] = []
        while (due := due + self._chance.expovariate(self.plan.rate)) < started + self.plan.seconds:
            if (pause := due - monotonic()) > 0:
                await asyncio.sleep(pause)
            asked.append(asyncio.create_task(self._ask(due, give_up=True)))
        return list(await asyncio.gather(*asked))

    async def call_again(self) -> list[dict[str, Any]]:
        until = monotonic() + self.plan.seconds
        answers: list[dict[str, Any]] = []

        async def ask_on() -> None:
            while monotonic() < until:
                answers.append(await self._ask(monotonic(), give_up=False))

        await asyncio.gather(*(ask_on() for _ in range(self.plan.at_once)))
        return answers

    async def _ask(self, due: float, *, give_up: bool) -> dict[str, Any]:
        number = next(self._numbers)
        kind, body = self._body(number)
        request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        sent = monotonic()
        said: dict[str, Any] = {"at": due, "kind": kind, "lag_ms": (sent - due) * 1000}
        line: _Line | None = None
        try:
            async with asyncio.timeout_at(due + self.plan.patience if give_up else None):
                line = await self._line()
                status, answer = await line.ask(request)
            said |= {"status": status, **_read_answer(answer)}
            self._idle.append(line)
        except TimeoutError:
            said |= {"error": "gave up"}
        except OSError as error:
            said |= {"error": type(error).__name__}
        if "error" in said and line is not None and line.transport is not None:
            line.transport.abort()
        return said | {"ms": (monotonic() - due) * 1000}

    async def _line(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.transport is not None and not line.transport.is_closing():
                return line
        self.lines += 1
        _, line = await asyncio.get_running_loop().create_connection(_Line, self.plan.host, self.plan.port)
        return line

    def _body(self, number: int) -> tuple[str, bytes]:
        attacks = self._bodies["attack"]
        if self.plan.attack_every and number % self.plan.attack_every == 0 and attacks:
            return "attack", attacks.pop()
        # one in twenty-five is large
        kind = "large" if number % 25 == 7 and self._bodies["large"] else "usual"
        body = self._chance.choice(self._bodies[kind])
        for marker, word in zip(_MARKERS, (f"{self._run}-{number}", f"step-{number}", "0"), strict=True):
            body = body.replace(marker, word.encode())
        return kind, body


def _read_bodies(file: Path) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {"usual": [], "large": [], "attack": []}
    for line in _lines(file):
        found[line["kind"]].append(line["body"].encode())
    return found


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open() as lines:
        for line in lines:
            yield json.loads(line)


def _read_answer(answer: bytes) -> dict[str, Any]:
    """Nothing where it is no explicit verdict."""
    try:
        members = json.loads(answer)
        blocked, diagnostics = members["blockAction"], json.loads(members["diagnostics"])
    except (ValueError, KeyError, TypeError):
        return {}
    return {"blocked": blocked, "verdict": diagnostics["verdict"]} if isinstance(blocked, bool) else {}


def as_json(plan: Plan) -> str:
    """What this process reads."""
    return json.dumps(asdict(plan))


def _come_first() -> None:
    """Ahead of the instance, where that is allowed (root): callers wait for answers, not for the processors they use.

    Theirs are elsewhere. Of a session of its own, whose share counts first where the kernel shares by sessions.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        Path("/proc/self/autogroup").write_text("-10")


def main() -> None:
    """Carry out the plan."""
    _come_first()
    plan = Plan(**json.load(sys.stdin))
    callers = _Callers(plan)
    began = monotonic()
    answers = asyncio.run(callers.call_at_random() if plan.rate else callers.call_again())
    took = monotonic() - began
    with Path(plan.out).open("w") as out:
        out.writelines(json.dumps(answer) + "\n" for answer in answers)
    used = resource.getrusage(resource.RUSAGE_SELF)
    json.dump(
        {"seconds": took, "processor_seconds": used.ru_utime + used.ru_stime, "connections": callers.lines}, sys.stdout
    )


if __name__ == "__main__":
    main()
