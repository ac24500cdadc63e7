"""Plays the library of attacks and their honest twins against the policy in force, as an analyst asked for it.

Every call is judged, stored and taken in as a caller's would be, but in monitor mode, by agents of its own in a tenant
of its own: nothing of the organisation is stopped or taught. What was opened for it is closed at the end.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from guardrail import auth, housekeeper, store, webhook
from guardrail.models import EXERCISE, Orchestrator, PendingIntake
from guardrail.rehearsal.library import load_scenarios
from guardrail.rehearsal.playing import Answered, Asked, play, run_of
from guardrail.rehearsal.scenario import Scenario, as_exercise
from guardrail.rehearsal.score import Result
from guardrail.verdict_id import new_verdict_id
from guardrail.wire import copilot_studio
from investigations import intake, services
from investigations.models import Exercise, Investigation
from policies import audit
from policies.access import Permission, require
from policies.load import NoRuleset, active_ruleset
from policies.ruleset import Action, Mode, Profile, Ruleset

log = structlog.get_logger(__name__)

# A worker that has not been heard from for so long was killed.
_PATIENCE = timedelta(minutes=3)
# A run ends in good time before the task would be killed, and the next one goes on.
_RUN_SECONDS = 60.0
_INTAKE_SECONDS = 20.0


class ExerciseError(ValueError):
    """An exercise that cannot be begun; the message says why."""


def groups() -> tuple[str, ...]:
    """The groups of the library, by name."""
    return tuple(sorted({scenario.group for scenario in load_scenarios(uuid.UUID(int=0))}))


@transaction.atomic
def ask_for(*, chosen: str, profile: str, actor: User, now: datetime) -> Exercise:
    """Put an exercise in the queue. Raises ExerciseError where one is not ended yet, or nothing is called so."""
    require(actor, Permission.INVESTIGATE)
    if chosen and chosen not in groups():
        raise ExerciseError(f"nothing is called `{chosen}`, expected one of {', '.join(groups())}")
    if profile and profile not in {one.value for one in Profile}:
        raise ExerciseError(f"the profile is `{profile}`, expected strict, cautious or nothing")
    try:
        with transaction.atomic():
            asked = Exercise.objects.create(asked_at=now, asked_by=actor, chosen=chosen, profile=profile)
    except IntegrityError:
        raise ExerciseError("an exercise is running already, wait for its end") from None
    audit.record(actor=actor, action="exercise.asked_for", exercise=asked.pk, chosen=chosen or "all")
    return asked


def play_due() -> int:
    """Play what was asked for, or go on with what a run before had no time for; returns how many scenarios.

    Safe to run twice and by several at once: one of them has the exercise, by the lock on its row.
    """
    with transaction.atomic():
        exercise = Exercise.objects.select_for_update(skip_locked=True).filter(ended_at=None).first()
        if exercise is None or not _is_free(exercise, now=timezone.now()):
            return 0
        exercise.began_at = exercise.began_at or timezone.now()
        exercise.seen_at = timezone.now()
        exercise.save(update_fields=("began_at", "seen_at"))
    return _play(exercise)


def _is_free(exercise: Exercise, *, now: datetime) -> bool:
    """Whether no other worker is at it: it was never begun, laid down, or its worker was not heard from."""
    return exercise.seen_at is None or now - exercise.seen_at > _PATIENCE


def _play(exercise: Exercise) -> int:
    until, played = time.monotonic() + _RUN_SECONDS, 0
    try:
        scenarios = _chosen(exercise)
        player = _Player(_judged_by(exercise))
        exercise.planned, exercise.policy_version = len(scenarios), player.ruleset.version
        for scenario in scenarios[len(exercise.results) :]:
            if time.monotonic() > until:
                _lay_down(exercise)
                return played
            exercise.results.append(_play_one(scenario, player, exercise).as_json())
            played += 1
            exercise.seen_at = timezone.now()
            exercise.save(update_fields=("planned", "policy_version", "results", "seen_at"))
    except NoRuleset:
        exercise.error = "no policy is published, so there is nothing to try"
    exercise.ended_at = timezone.now()
    exercise.save(update_fields=("planned", "policy_version", "results", "error", "ended_at"))
    log.info("exercise.ended", exercise=exercise.pk, played=len(exercise.results))
    return played


def _lay_down(exercise: Exercise) -> None:
    exercise.seen_at = None
    exercise.save(update_fields=("seen_at",))


def _chosen(exercise: Exercise) -> list[Scenario]:
    """The scenarios with the texts of this run: the same whenever it is gone on with."""
    known = load_scenarios(_run_id(exercise))
    return [as_exercise(scenario) for scenario in known if exercise.chosen in ("", scenario.group)]


def _run_id(exercise: Exercise) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"guardrail-exercise/{exercise.pk}/{exercise.asked_at.isoformat()}")


def _judged_by(exercise: Exercise) -> Ruleset:
    """The policy in force, in monitor mode, with one profile for all where one was asked for. Raises NoRuleset."""
    housekeeper.ensure_loaded()
    housekeeper.refresh()
    ruleset = active_ruleset()
    profile = Profile(exercise.profile) if exercise.profile else ruleset.profile
    return replace(
        ruleset, mode=Mode.MONITOR, profile=profile, agents=MappingProxyType({}), environments=MappingProxyType({})
    )


def _play_one(scenario: Scenario, player: "_Player", exercise: Exercise) -> Result:
    sides = {}
    for side, script in (("attack", scenario.attack), ("twin", scenario.twin)):
        run = run_of(script, name=f"{scenario.name}/{side}", run_id=_run_id(exercise), started=exercise.asked_at)
        sides[side] = play(script, run=run, ask=player.ask)
    result = Result(scenario=scenario, **sides)
    _close(result, exercise)
    return result


def _close(result: Result, exercise: Exercise) -> None:
    """Take in what was stopped and close it, so that nobody's queue holds it."""
    stopped = [made.answered.verdict_id for made in result.attack + result.twin if made.answered and made.stopped]
    _take_in(stopped)
    still_open = Investigation.objects.filter(call_set__verdict_id__in=stopped).exclude(
        status=Investigation.Status.CLOSED
    )
    for investigation in still_open.distinct():
        reason = f"Exercise {exercise.pk}: `{result.scenario.name}`."
        try:
            services.close(
                investigation,
                disposition=Investigation.Disposition.BENIGN_EXPECTED,
                reason=reason,
                now=timezone.now(),
                actor=None,
            )
        except services.NotRemembered as error:
            log.warning("exercise.not_forgotten", investigation=investigation.pk, error=str(error))


def _take_in(verdict_ids: Sequence[str]) -> None:
    """Return when these are taken in, by us or by whoever was faster and has not committed yet."""
    until = time.monotonic() + _INTAKE_SECONDS
    intake.take_in_all()
    while PendingIntake.objects.filter(pk__in=verdict_ids).exists() and time.monotonic() < until:
        time.sleep(0.05)
        intake.take_in_all()


class _Player:
    """Asks as a caller would, without a network between."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        orchestrator, _ = Orchestrator.objects.get_or_create(
            slug=EXERCISE, defaults={"name": "Exercises of this product", "enabled": False}
        )
        self._caller = auth.Caller(orchestrator_id=orchestrator.pk, slug=EXERCISE, name=orchestrator.name)

    def ask(self, asked: Asked) -> Answered:
        """Stopped = enforce mode would have stopped it."""
        started, now = time.monotonic(), timezone.now()
        wire, body = webhook.WIRES[asked.wire], msgspec.json.encode(asked.body)
        arrival = store.Arrival(
            verdict_id=new_verdict_id(now),
            received_at=now,
            orchestrator_id=self._caller.orchestrator_id,
            wire=wire.name,
            correlation_id="",
            api_version="",
            body=body,
            body_bytes=len(body),
        )
        answered = webhook.answer_arrival(arrival, self._caller, wire, self.ruleset, started=started)
        decision = answered.judgement.decision
        enforced = replace(decision, action=decision.would_have)
        return Answered(
            stopped=decision.would_have >= Action.HOLD,
            verdict_id=str(arrival.verdict_id),
            reason=str(copilot_studio.answer(enforced, verdict_id=str(arrival.verdict_id)).get("reason", "")),
            ms=(time.monotonic() - started) * 1000,
        )


def results_of(exercise: Exercise, before: Exercise | None) -> Iterator[dict[str, object]]:
    """What its page lists: each scenario, and how it went in the exercise before where that was another way."""
    earlier = {entry["name"]: entry for entry in before.results} if before else {}
    for entry in exercise.results:
        known = earlier.get(entry["name"])
        stopped, passed = entry["attack"]["stopped_before_harm"], entry["honest_work_passed"]
        yield {
            **entry,
            "stopped": stopped,
            "passed": passed,
            "stopped_changed": known is not None and known["attack"]["stopped_before_harm"] is not stopped,
            "passed_changed": known is not None and known["honest_work_passed"] is not passed,
        }
