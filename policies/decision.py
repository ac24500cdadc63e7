"""What policy says about one call: signals and degraded detectors in, one Decision out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from policies.regime import Regime, regime_of
from policies.rules import LIFTED_BY
from policies.ruleset import Action, CallRules, FailPosture, Mode, Profile, Ruleset
from policies.signal import Redaction, Severity, Signal


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """`action` is what the caller is told; `would_have` what enforce mode would have told it.

    They differ only in monitor mode. `deciding` is the signal that led to `would_have`, None when none did.
    `failed` = the fail posture answered because judging could not be finished. `degraded` names detectors or
    services this call was judged without.
    """

    action: Action
    would_have: Action
    mode: Mode
    profile: Profile
    reason: str
    severity: Severity | None
    signals: tuple[Signal, ...]
    deciding: Signal | None
    degraded: tuple[str, ...]
    failed: bool
    policy_version: int
    redactions: tuple[Redaction, ...] = ()

    @property
    def regime(self) -> Regime:
        """Which kind of reasoning decided."""
        deciding = self.deciding
        return regime_of(
            signal=deciding.name if deciding else "",
            signatures=(value for name, value in deciding.facts if name == "signature") if deciding else (),
            would_have=self.would_have.name.lower(),
            failed=self.failed,
        )


# More calls came than can be judged in time, and this one was not.
SHED = "shed"
# Without these nothing is known of the call, or nothing of it could be kept: the fail posture answers.
FATAL = frozenset({"wire", "store", "rate", SHED})
# Decides where a person agreed to a held call; no policy maps it to an action.
ALLOWED_ONCE = "allowed_once"
# Without these a verdict on a call that can do harm is a guess.
ESSENTIAL = frozenset({"attribution"})


def decide(
    signals: Sequence[Signal],
    *,
    degraded: Sequence[str],
    rules: CallRules,
    ruleset: Ruleset,
    sink: bool,
    detail: str = "",
) -> Decision:
    """The strongest action any signal asks for; the fail posture where an essential detector is missing.

    A signal that asks to modify and names nothing to blank stops the call.

    `sink` = the planned call can change or send something. A degraded attribution on a call that only reads is
    noted and not failed: blocking every read of a slow conversation would stop the business for no gain. `detail`
    says why judging could not be finished.
    """
    ranked = sorted(signals, key=lambda s: (ruleset.action_on(s, rules.profile), s.severity), reverse=True)
    deciding = ranked[0] if ranked else None
    would_have = ruleset.action_on(deciding, rules.profile) if deciding else Action.ALLOW
    redactions: tuple[Redaction, ...] = ()
    if would_have is Action.MODIFY:
        modifying = [s for s in ranked if ruleset.action_on(s, rules.profile) is Action.MODIFY]
        redactions = tuple(dict.fromkeys(part for s in modifying for part in s.redactions))
        unmendable = next((s for s in modifying if not s.redactions), None)
        # handing the arguments back unchanged would be an allow by another name
        if unmendable is not None:
            deciding, would_have, redactions = unmendable, Action.BLOCK, ()
    reason = deciding.reason if deciding else ""
    if deciding and (lifted_by := deciding.fact(LIFTED_BY)):
        reason = f"{reason} It is let through by {_words_for(lifted_by, ranked)}."
    failed = False
    if would_have < Action.HOLD and _cannot_tell(degraded, sink=sink, essential=essential_to(ruleset)):
        failed = True
        deciding = None
        would_have = Action.BLOCK if rules.fail_posture is FailPosture.BLOCK else Action.ALLOW
        cause = detail or f"judged without {', '.join(degraded)}"
        reason = f"This call could not be judged: {cause}. The fail posture, {rules.fail_posture.value}, answered."
    if would_have <= Action.NOTICE and not failed:
        reason = reason or "Nothing spoke against this call."
    return Decision(
        action=Action.ALLOW if rules.mode is Mode.MONITOR else would_have,
        would_have=would_have,
        mode=rules.mode,
        profile=rules.profile,
        reason=reason,
        severity=deciding.severity if deciding else None,
        signals=tuple(ranked),
        deciding=deciding,
        degraded=tuple(degraded),
        failed=failed,
        policy_version=ruleset.version,
        redactions=redactions if would_have is Action.MODIFY else (),
    )


def _words_for(lifted_by: str, signals: Sequence[Signal]) -> str:
    rule = next((signal for signal in signals if signal.name == lifted_by), None)
    return f"the rule “{rule.fact('rule_title')}”" if rule else lifted_by


def allow_once(decision: Decision, *, ticket: int, approved_by: str, until: datetime) -> Decision:
    """A hold as it is answered when a person agreed to this very call: allowed, and saying who agreed to what.

    Only a hold: what policy blocks, and what could not be judged, nobody can agree to.
    """
    if decision.action is not Action.HOLD:
        raise ValueError(f"the action is `{decision.action.name.lower()}`, expected `hold`")
    agreed = Signal(
        name=ALLOWED_ONCE,
        severity=decision.severity or Severity.MEDIUM,
        reason=f"Allowed once by {approved_by}, until {until:%H:%M} UTC.",
        facts=(("ticket", str(ticket)),),
    )
    return replace(
        decision,
        action=Action.ALLOW,
        would_have=Action.ALLOW,
        reason=f"{agreed.reason} It was held before: {decision.reason}",
        deciding=agreed,
        signals=(agreed, *decision.signals),
    )


def essential_to(ruleset: Ruleset) -> frozenset[str]:
    """What a call that can do harm may not be judged without: attribution, and every opinion an admin requires."""
    return ESSENTIAL.union(opinion.signal for opinion in ruleset.opinions if opinion.required)


def missing_name(degraded: str) -> str:
    """Which part was missing, of an entry such as `second_opinion.contoso:late`: what follows the colon says why."""
    return degraded.partition(":")[0]


def _cannot_tell(degraded: Sequence[str], *, sink: bool, essential: frozenset[str]) -> bool:
    missing = set(map(missing_name, degraded))
    return not FATAL.isdisjoint(missing) or (sink and not essential.isdisjoint(missing))
