"""Letting calls like a stopped one pass: what an exception would name, whether it would be enough, and making it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from guardrail import housekeeper
from guardrail.destinations import targets_of
from guardrail.models import Orchestrator, Verdict
from guardrail.replay import NEEDED, replay
from guardrail.tool_kind import infer_kind
from guardrail.transcripts import load_call
from investigations import recollection
from investigations.models import Activity, Investigation, InvestigationCall
from policies.destinations import covering
from policies.exceptions import Scope, is_never_lifted
from policies.hosts import host_of
from policies.intelligence.public_houses import PUBLIC_HOUSES
from policies.load import NoRuleset, active_ruleset
from policies.models import PolicyException
from policies.ruleset import RulesetError, Standing
from policies.services.exceptions import WantedException, checked_scope, make_exception
from policies.trial import trial_ruleset, with_entry

_STOPS = ("modify", "hold", "block")
# Calls of the investigation whose stops memory is told to forget.
_MOST_CALLS = 500


class NotAllowable(ValueError):
    """No exception can be made from a call; the message says why, for people."""


class NotForgotten(RuntimeError):
    """The exception holds; the memory of calls (Redis) did not hear that its call was right. `number` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__("the memory of calls (Redis) does not answer")
        self.number = number


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """The narrowest exception for a call. `domains` are what its destinations widen to, empty where that is too much.

    `kept` are what stopped it and is never lifted: with one of them, no exception lets it pass.
    """

    verdict: Verdict
    scope: Scope
    domains: tuple[str, ...]
    kept: tuple[str, ...]
    investigation: Investigation | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """Whether the call would pass with an exception; `why_not` in words, with what then stops it."""

    passes: bool
    why_not: str = ""


def propose(verdict: Verdict) -> Proposal:
    """What an exception for this stopped call would name. Raises NotAllowable."""
    if verdict.would_have not in _STOPS or verdict.failed:
        raise NotAllowable("this call was not stopped for what was found in it, so there is nothing to lift")
    place = InvestigationCall.objects.select_related("investigation").filter(verdict_id=verdict.pk).first()
    investigation = place.investigation if place else None
    if investigation is not None and investigation.disposition == Investigation.Disposition.TRUE_POSITIVE:
        raise NotAllowable(f"investigation {investigation.pk} was closed as an attack, expected it to be opened again")
    slug = Orchestrator.objects.filter(pk=verdict.orchestrator_id).values_list("slug", flat=True).first()
    call = load_call(verdict, orchestrator=slug or "")
    if call is None:
        raise NotAllowable("the body of this call cannot be read any more, so nobody knows what it would have done")
    housekeeper.ensure_loaded()
    ruleset = active_ruleset()
    targets = targets_of(call, ruleset, infer_kind(call.tool, ruleset, agent_id=call.agent_id))
    outside = tuple(dict.fromkeys(target.value for target in targets if target.standing is not Standing.INTERNAL))
    stopping = [signal for signal in verdict.signals if signal.get("action") in _STOPS]
    liftable = [signal for signal in stopping if not is_never_lifted(str(signal["name"]))]
    arguments = {value for signal in liftable for value in _facts(signal, "argument")[:1]}
    scope = Scope(
        agent_id=call.agent_id,
        tool=(call.tool.tool_id or call.tool.name).lower(),
        argument=arguments.pop() if len(arguments) == 1 else "",
        destinations=outside,
        data_classes=tuple(dict.fromkeys(v for signal in verdict.signals for v in _facts(signal, "data_class"))),
        trigger_id=call.trigger_id,
        signals=tuple(dict.fromkeys(str(signal["name"]) for signal in liftable)),
    )
    return Proposal(
        verdict=verdict,
        scope=scope,
        domains=_domains(outside),
        kept=tuple(dict.fromkeys(str(one["name"]) for one in stopping if is_never_lifted(str(one["name"])))),
        investigation=investigation,
    )


def entry_of(scope: Scope, *, until: datetime) -> dict[str, Any]:
    """An exception nobody has made yet, as a ruleset document has it."""
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(scope).items()}
    return {"number": 0, "until": until.isoformat(), **listed}


def try_out(verdict_id: UUID, scope: Scope, *, until: datetime) -> Tried:
    """Judge the stored call again with the exception: what memory said then stands. Raises ExceptionRefused."""
    entry = entry_of(checked_scope(scope), until=until)
    verdicts = Verdict.objects.filter(pk=verdict_id).only(*NEEDED)
    try:
        found = next(replay(verdicts, trial_ruleset(with_entry("exceptions", entry))), None)
    except (RulesetError, NoRuleset) as error:
        return Tried(passes=False, why_not=str(error))
    if found is None or found.after is None:
        return Tried(passes=False, why_not=found.why_not if found else "the call is gone")
    if found.after.would_have.name.lower() not in _STOPS:
        return Tried(passes=True)
    return Tried(passes=False, why_not=found.after.reason)


def allow_like(proposal: Proposal, wanted: WantedException, *, now: datetime, actor: User) -> PolicyException:
    """Make the exception, tell its investigation, and have memory forget that this call and those like it were stopped.

    Raises ExceptionRefused, and NotForgotten with the exception made when memory is away.
    """
    investigation, verdict = proposal.investigation, proposal.verdict
    with transaction.atomic():
        made = make_exception(wanted, now=now, actor=actor)
        if investigation is not None:
            Activity.objects.create(
                investigation=investigation, kind="excepted", actor=actor, text=f"{made.pk}: {made.reason}"
            )
    done = recollection.vouch_for(verdict.pk)
    done &= recollection.forget_stops_of(_like(made, investigation))
    if not done:
        raise NotForgotten(made.pk)
    return made


def _like(made: PolicyException, investigation: Investigation | None) -> Sequence[UUID]:
    """The calls of the investigation that the exception is for, as far as their columns tell."""
    if investigation is None:
        return ()
    calls = InvestigationCall.objects.filter(investigation=investigation).order_by("-verdict_id")
    ids = list(calls.values_list("verdict_id", flat=True)[:_MOST_CALLS])
    rows = Verdict.objects.filter(pk__in=ids).values_list("pk", "agent_id", "tool_id", "tool_name", "destination")
    covered = covering(made.destinations)
    return [
        pk
        for pk, agent_id, tool_id, tool_name, destination in rows
        if made.agent_id in ("", agent_id)
        and made.tool in ("", tool_id.lower(), tool_name.lower())
        and (not made.destinations or next(covered.entries_for(destination), None) is not None)
    ]


def _facts(signal: Mapping[str, Any], name: str) -> list[str]:
    return [str(value) for key, value in signal.get("facts", ()) if key == name]


def _domains(destinations: Sequence[str]) -> tuple[str, ...]:
    """The house of each destination; nothing where one has none, or where anybody may live there."""
    hosts = tuple(dict.fromkeys(map(host_of, destinations)))
    return () if any("." not in host or host in PUBLIC_HOUSES for host in hosts) else hosts
