"""Calls every detector must speak up on, each beside its near miss, on which it must not.

One module a detector, named like it, with `SIGNALS` (what it may say), `PAIRS`, and where there are any `SILENT` (more
calls it must leave alone) and `HOSTILE` (pieces that, repeated to 40 kB and 100 kB, must not hold it up).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# what `tests.guardrail.cases.a_call` takes
Words = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A call the detector stops or notes as `says`, and the honest call that differs from it least.

    `fragment` is what the tenant has of its own in the ruleset; `near_fragment` where only that differs.
    """

    what: str
    says: str
    fires: Words
    near: Words
    fragment: Words = field(default_factory=dict)
    near_fragment: Words | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Silent:
    """An honest call the detector leaves alone."""

    what: str
    call: Words
    fragment: Words = field(default_factory=dict)
