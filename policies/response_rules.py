"""The rules by which something is restricted without a person: what each looks for, and what it does. Pure.

They are files of the product, so that a release can add one; what an admin decides for a rule lies over it
(`policies.services.response.load_rules`). Each begins in dry run: it says what it would have done.
"""

import enum
from dataclasses import dataclass

from policies.restrictions import Effect, Restricted
from policies.signal import Severity

# Before the name of a policy's rule, where the rules the product ships stand by their own.
BY_POLICY = "policy:"


class RuleMode(enum.Enum):
    OFF = "off"
    DRY_RUN = "dry_run"
    ON = "on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """When a call of this kind is stopped, restrict `kind` by `effect` for `for_minutes`.

    The call has one of `signals` among those that stopped it (any, when empty), is at least this severe, and was
    stopped at least as `blocked_only` asks. Its agent has the profile `profile`, any when empty. The subject had
    `calls` such calls within `minutes`, of `agents` different agents.
    """

    slug: str
    name: str
    kind: Restricted
    effect: Effect
    for_minutes: int
    signals: frozenset[str] = frozenset()
    severity: Severity = Severity.LOW
    blocked_only: bool = True
    profile: str = ""
    calls: int = 1
    agents: int = 1
    minutes: int = 10
    per_minute: int = 0
    mode: RuleMode = RuleMode.DRY_RUN


RULES: tuple[Rule, ...] = (
    Rule(
        slug="session-repeats",
        name="A conversation goes on trying: quarantine it",
        kind=Restricted.SESSION,
        effect=Effect.QUARANTINE,
        calls=3,
        minutes=10,
        for_minutes=60,
    ),
    Rule(
        slug="probing",
        name="Somebody not signed in probes an agent: limit calls on that channel",
        kind=Restricted.CHANNEL,
        effect=Effect.RATE_LIMIT,
        signals=frozenset({"reconnaissance", "reconnaissance_spread"}),
        blocked_only=False,
        per_minute=6,
        for_minutes=30,
    ),
    Rule(
        slug="shared-destination",
        name="Stopped calls of several agents lead to one destination: quarantine it",
        kind=Restricted.DESTINATION,
        effect=Effect.QUARANTINE,
        calls=2,
        agents=2,
        minutes=24 * 60,
        for_minutes=24 * 60,
    ),
    Rule(
        slug="poisoned-document",
        name="One document goes on giving orders: quarantine it",
        kind=Restricted.DOCUMENT,
        effect=Effect.QUARANTINE,
        signals=frozenset({"instruction_marked"}),
        calls=3,
        minutes=60,
        for_minutes=24 * 60,
    ),
    Rule(
        slug="user-leaks",
        name="One user's calls go on taking data out: let a person agree to what they change or send",
        kind=Restricted.USER,
        effect=Effect.STEP_UP,
        signals=frozenset({"classified_data_leaving", "stored_data_leaving", "secret_leaving"}),
        severity=Severity.HIGH,
        calls=3,
        minutes=30,
        for_minutes=4 * 60,
    ),
    Rule(
        slug="agent-under-attack",
        name="An agent is hijacked again and again: let a person agree to what it changes or sends",
        kind=Restricted.AGENT,
        effect=Effect.STEP_UP,
        signals=frozenset({"instruction_marked"}),
        severity=Severity.HIGH,
        calls=10,
        minutes=10,
        for_minutes=60,
    ),
    Rule(
        slug="not-obeyed",
        name="A platform made a call that was stopped: let a person agree to what the agent changes or sends",
        kind=Restricted.AGENT,
        effect=Effect.STEP_UP,
        signals=frozenset({"stopped_call_executed"}),
        blocked_only=False,
        for_minutes=24 * 60,
    ),
)
