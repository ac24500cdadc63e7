"""Policy packs: rules to start from, for a line of business, each rule with its reason and with test cases of its own.

One YAML file a pack. Their rules are watched until somebody enforces them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from policies.rules import Rule, compile_rule

SLUGS = ("baseline", "finance", "healthcare", "manufacturing", "customer-service", "public-chatbot")


@dataclass(frozen=True, kw_only=True, slots=True)
class PackRule:
    """One rule: as the member `rules` of a policy document has it, and compiled."""

    entry: Mapping[str, Any]
    rule: Rule

    @property
    def tests(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.entry.get("tests", ()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """`about` says what it is for, `needs` what an admin has to tell this organisation's Guardrail first."""

    slug: str
    title: str
    about: str
    needs: str
    rules: tuple[PackRule, ...]


@cache
def packs() -> tuple[Pack, ...]:
    """Every pack, in the order pages list them. Raises RuleError when a file of ours is wrong."""
    return tuple(_read(slug) for slug in SLUGS)


def _read(slug: str) -> Pack:
    document = yaml.safe_load((Path(__file__).parent / f"{slug}.yaml").read_text("utf-8"))
    return Pack(
        slug=slug,
        title=document["title"],
        about=document["about"],
        needs=document["needs"],
        rules=tuple(PackRule(entry=entry, rule=compile_rule(entry)) for entry in document["rules"]),
    )
