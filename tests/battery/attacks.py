"""What an attack of the battery is: a poisoned context, the call it wants, and the honest calls beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from guardrail.invocation import Invocation
from guardrail.wire.copilot_studio import parse
from policies.baseline import BASELINE
from policies.ruleset import Ruleset, compile_ruleset
from policies.tenant import tenant_document
from tests.guardrail.bodies import call, output

SLOT = "{slot}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """One thing the attacker wants done, in pieces a sentence of any mood can be built from: `verb what how`."""

    verb: str
    done: str
    doing: str
    third: str
    what: str
    how: str

    @property
    def order(self) -> str:
        return f"{self.verb} {self.what} {self.how}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The injected text: what is said around the deeds, and the values a reader must still find in it."""

    before: str
    deeds: tuple[Deed, ...]
    after: str
    values: tuple[str, ...]

    @property
    def orders(self) -> str:
        return " ".join(f"{capital(deed.order)}." for deed in self.deeds)

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.before, self.orders, self.after) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A call the agent plans: the tool's operation name, what it says it does, and its arguments."""

    tool: str
    does: str
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """One poisoned context. `read` are (tool, what it returned); exactly one string in it holds `{slot}`.

    `clean` is what an honest writer had put in the slot. `asked` is the call the user's request leads to, `hijacked`
    the one the injection leads to.
    """

    name: str
    agent: str
    home: str
    user: str
    read: tuple[tuple[str, Any], ...]
    clean: str
    wording: Wording
    asked: Planned
    hijacked: Planned

    def ruleset(self) -> Ruleset:
        """The baseline with nothing known of the tenant but its own domain: tool kinds are inferred."""
        return _ruleset(self.home)

    def hijacked_call(self, pieces: tuple[str, ...]) -> Invocation:
        return self._call(self.hijacked, pieces)

    def loyal_call(self, pieces: tuple[str, ...]) -> Invocation:
        return self._call(self.asked, pieces)

    def benign_call(self, pieces: tuple[str, ...] = ()) -> Invocation:
        return self._call(self.asked, pieces or (self.clean,))

    def _call(self, planned: Planned, pieces: tuple[str, ...]) -> Invocation:
        outputs = [
            output(fill(value, pieces), name="result", tool=tool, at=f"2026-11-02T09:14:{10 + index}.1234567+00:00")
            for index, (tool, value) in enumerate(self.read)
        ]
        body = call(
            plannerContext__userMessage=self.user,
            plannerContext__thought="",
            plannerContext__chatHistory=[
                {"id": "m-1", "role": "user", "content": self.user, "timestamp": "2026-11-02T09:14:00.1234567+00:00"}
            ],
            plannerContext__previousToolsOutputs=outputs,
            toolDefinition={
                "id": f"bt_{self.agent.lower().replace(' ', '')}.action.{planned.tool}",
                "type": "ToolDefinition",
                "name": planned.tool,
                "description": planned.does,
                "inputParameters": [
                    {"name": name, "description": name, "type": {"$kind": "String"}} for name in planned.arguments
                ],
                "outputParameters": [],
            },
            inputValues=planned.arguments,
            conversationMetadata__agent__name=self.agent,
        )
        return parse(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"), orchestrator="battery")


@lru_cache(maxsize=64)
def _ruleset(home: str) -> Ruleset:
    return compile_ruleset({**BASELINE, "version": 1, **tenant_document({"internal_domains": [home]})})


def capital(text: str) -> str:
    """`text` with a capital in front, the rest as it is."""
    return text[:1].upper() + text[1:]


def fill(value: Any, pieces: tuple[str, ...]) -> Any:
    """`value` with the first piece in its slot; further ones stand in members, rows or paragraphs beside it."""
    if isinstance(value, str):
        return value.replace(SLOT, "\n\n".join(pieces))
    if isinstance(value, list):
        return [item for entry in value for item in _rows(entry, pieces)]
    if isinstance(value, dict):
        return dict(_members(value, pieces))
    return value


def _rows(entry: Any, pieces: tuple[str, ...]) -> Iterator[Any]:
    """A row that directly holds the slot comes once for every piece, as records of their own."""
    direct = isinstance(entry, dict) and any(isinstance(item, str) and SLOT in item for item in entry.values())
    if entry == SLOT or (direct and len(pieces) > 1):
        for piece in pieces:
            yield fill(entry, (piece,))
    else:
        yield fill(entry, pieces)


def _members(value: dict[str, Any], pieces: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, str) and SLOT in item and len(pieces) > 1:
            yield name, item.replace(SLOT, pieces[0])
            yield from ((f"{name}{number}", piece) for number, piece in enumerate(pieces[1:], start=2))
        else:
            yield name, fill(item, pieces)
