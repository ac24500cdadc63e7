"""Playbooks: what to do about a case, step by step. One YAML file each of those the product ships.

A playbook is proposed by what stopped the call (`kinds`) and by what carried the order (`carrier`); the one that says
more about the case goes first. Admins write versions of their own, in the same shape.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SLUGS = (
    "mail-injection",
    "document-injection",
    "reconnaissance",
    "data-leaving",
    "insider",
    "agent-drift",
    "repeated-request",
    "campaign",
    "unjudged",
    "any-stop",
)
# What carried the text behind a stop, and `campaign`: that it is part of one, beside its own playbook.
CARRIERS = ("", "mail", "document", "campaign")
# What can be filled in by itself; `investigations.playbook_evidence` does.
EVIDENCE = (
    "order", "author", "outcome", "went_on", "destination", "restricted", "same_cause", "campaign", "agent", "user",
    "edit", "drift",
)  # fmt: skip
MOST_STEPS = 30
MOST_KINDS = 60
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_KIND = re.compile(r"[a-z0-9_.]+\*?\Z")
_LONGEST = {"title": 120, "text": 2_000, "ask": 200}


class PlaybookError(ValueError):
    """A playbook that is refused. `field` names the part, `step` the number of the step from 1, 0 for none."""

    def __init__(self, message: str, *, field: str, step: int = 0) -> None:
        super().__init__(message)
        self.field = field
        self.step = step


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do. `ask` = what to write down for it, `evidence` = what fills itself in; both may be empty.

    `name` stays the same from version to version; what was done of a step is kept under it.
    """

    name: str
    title: str
    text: str = ""
    ask: str = ""
    evidence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Playbook:
    """`kinds` are names of signals, with a `*` at the end for all that begin so; empty = every case."""

    slug: str
    title: str
    purpose: str
    kinds: tuple[str, ...]
    carrier: str
    steps: tuple[Step, ...]

    def as_json(self) -> dict[str, Any]:
        """The columns of `PlaybookVersion`, without the slug."""
        found = asdict(self)
        del found["slug"]
        return {**found, "kinds": list(self.kinds), "steps": [asdict(step) for step in self.steps]}


def read_playbook(slug: str, entry: Mapping[str, Any]) -> Playbook:
    """The playbook an entry describes. Raises PlaybookError."""
    if not _NAME.match(slug) or len(slug) > 60:
        raise PlaybookError(f"the name is `{slug[:80]}`, expected words of a-z and 0-9 joined by `-`", field="slug")
    carrier = str(entry.get("carrier") or "")
    if carrier not in CARRIERS:
        raise PlaybookError(f"the carrier is `{carrier[:80]}`, expected one of {', '.join(CARRIERS)}", field="carrier")
    return Playbook(
        slug=slug,
        title=_text(entry.get("title"), "title", most=120, required=True),
        purpose=_text(entry.get("purpose"), "purpose", most=2_000),
        kinds=_kinds(entry.get("kinds") or ()),
        carrier=carrier,
        steps=_steps(entry.get("steps") or ()),
    )


@cache
def shipped() -> Mapping[str, Playbook]:
    """The playbooks the product comes with, by slug."""
    folder = Path(__file__).parent
    return {slug: read_playbook(slug, yaml.safe_load((folder / f"{slug}.yaml").read_text())) for slug in SLUGS}


def propose(playbooks: Iterable[Playbook], *, kind: str, carrier: str, in_campaign: bool) -> list[str]:
    """The slugs of those a case goes by: the one that says most about it, then what its campaign needs."""
    fitting = [playbook for playbook in playbooks if _fits(playbook, kind=kind, carrier=carrier)]
    best = max(
        fitting, key=lambda playbook: (bool(playbook.kinds), bool(playbook.carrier), playbook.slug), default=None
    )
    slugs = [best.slug] if best else []
    return slugs + [playbook.slug for playbook in playbooks if in_campaign and playbook.carrier == "campaign"]


def _fits(playbook: Playbook, *, kind: str, carrier: str) -> bool:
    if playbook.carrier == "campaign" or (playbook.carrier and playbook.carrier != carrier):
        return False
    return not playbook.kinds or any(
        kind.startswith(name[:-1]) if name.endswith("*") else kind == name for name in playbook.kinds
    )


def _kinds(found: Sequence[Any]) -> tuple[str, ...]:
    if len(found) > MOST_KINDS:
        raise PlaybookError(f"{len(found)} kinds, expected at most {MOST_KINDS}", field="kinds")
    for kind in found:
        if not isinstance(kind, str) or len(kind) > 80 or not _KIND.match(kind):
            raise PlaybookError(
                f"the kind is `{str(kind)[:80]}`, expected the name of a signal, as `secret_leaving` or `rule.*`",
                field="kinds",
            )
    return tuple(dict.fromkeys(found))


def _steps(found: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    if not 1 <= len(found) <= MOST_STEPS:
        raise PlaybookError(f"{len(found)} steps, expected 1 to {MOST_STEPS}", field="steps")
    steps: dict[str, Step] = {}
    for number, entry in enumerate(found, start=1):
        name = str(entry.get("name") or "")
        if not _NAME.match(name) or len(name) > 60 or name in steps:
            raise PlaybookError(
                f"step {number} is named `{name[:80]}`, expected a name of its own, of a-z, 0-9 and `-`",
                field="name",
                step=number,
            )
        evidence = str(entry.get("evidence") or "")
        if evidence and evidence not in EVIDENCE:
            raise PlaybookError(
                f"step {number} is filled in by `{evidence[:80]}`, expected one of {', '.join(EVIDENCE)}",
                field="evidence",
                step=number,
            )
        said = {
            part: _text(entry.get(part), part, most=most, required=part == "title", step=number)
            for part, most in _LONGEST.items()
        }
        steps[name] = Step(name=name, evidence=evidence, **said)
    return tuple(steps.values())


def _text(value: Any, field: str, *, most: int, required: bool = False, step: int = 0) -> str:
    text = " ".join(str(value or "").split())
    where = f"the {field} of step {step}" if step else f"the {field}"
    if required and not text:
        raise PlaybookError(f"{where} is empty, expected a few words", field=field, step=step)
    if len(text) > most or "\x00" in text:
        raise PlaybookError(f"{where} has {len(text)} characters, expected at most {most}", field=field, step=step)
    return text
