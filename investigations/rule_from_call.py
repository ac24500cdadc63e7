"""A rule as it begins when somebody makes one from a stored call: its conditions are the call's, and it is its test."""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from guardrail.models import Verdict
from guardrail.rule_tests import MATCH, facts_of_verdict
from policies.models import PolicyDraft
from policies.rule_rows import Row, Rows, text_of
from policies.services.drafts import open_draft, save_rule

_READS = ("agent.id", "tool.id", "tool.name", "tool.kind", "destination.domains", "event_triggered", "signals")
_COLUMNS = ("id", "tool_name", "tool_id", "would_have", "severity", "deciding_signal")
_UNFIT = re.compile(r"[^a-z0-9]+")
# Longer names of agents and tools stand in no row.
_LONGEST = 300
_STOPS = ("hold", "block")


class NotReadable(ValueError):
    """A call no rule can be made from; the message says why."""


@transaction.atomic
def draft_rule_from(verdict_id: uuid.UUID, *, actor: AbstractBaseUser | None) -> tuple[PolicyDraft, str]:
    """Open a draft with one rule that matches this call, in monitor; returns it with the rule's name.

    Raises NotReadable where the call is gone or was never readable.
    """
    verdict = Verdict.objects.filter(pk=verdict_id).only(*_COLUMNS).first()
    facts = facts_of_verdict(verdict_id, reads=_READS) if verdict else None
    if verdict is None or facts is None:
        raise NotReadable("the body of this call cannot be read any more, so there is nothing to make a rule from")
    tool = verdict.tool_name or verdict.tool_id
    stopped = verdict.would_have in _STOPS
    rows = tuple(_rows(facts, deciding=verdict.deciding_signal if stopped else ""))
    entry = {
        "name": _name(tool, verdict_id),
        "title": f"Calls like {tool[:80]}"[:200] if tool else "Calls like this one",
        "when": text_of(Rows(rows=rows)),
        # what it does is somebody's to choose; in monitor it only says what it would do
        "then": verdict.would_have if stopped else "hold",
        "stage": "monitor",
        "severity": {1: "low", 2: "medium", 3: "high", 4: "critical"}.get(verdict.severity or 2, "medium"),
        "priority": 100,
        "tests": [{"name": "the call it was made from", "must": MATCH, "verdict": str(verdict_id)}],
    }
    draft = open_draft(title=f"A rule for {tool[:120]}" if tool else "A rule from a call", actor=actor)
    return save_rule(draft.pk, name="", entry=entry, revision=draft.revision, actor=actor), str(entry["name"])


def _rows(facts: Mapping[str, Any], *, deciding: str) -> Iterator[Row]:
    """One row for each thing that sets the call apart; `deciding` = the signal that stopped it, empty for none."""
    rows = [
        Row(field=name, operator="is", value=facts[name]) for name in ("agent.id", "tool.id") if _fits(facts.get(name))
    ]
    if not _fits(facts.get("tool.id")) and _fits(facts.get("tool.name")):
        rows.append(Row(field="tool.name", operator="is", value=facts["tool.name"]))
    yield from rows
    yield Row(field="tool.kind", operator="is", value=facts["tool.kind"])
    domains = [domain for domain in facts.get("destination.domains") or () if _fits(domain)]
    if domains:
        yield Row(field="destination.domains", operator="has", value=domains[0])
    if facts.get("event_triggered"):
        yield Row(field="event_triggered", operator="yes")
    # what was only noted of one call is seldom found again with the next
    if deciding in (facts.get("signals") or ()):
        yield Row(field="signals", operator="has", value=deciding)


def _fits(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value == value.strip() and len(value) <= _LONGEST


def _name(tool: str, verdict_id: uuid.UUID) -> str:
    word = _UNFIT.sub("-", tool.lower()).strip("-")[:30].strip("-")
    return f"{word or 'calls'}-{verdict_id.hex[-6:]}"
