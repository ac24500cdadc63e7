"""`manage.py rehearse`: plays attacks and honest work against a running instance, and says what became of them.

It lives here and not beside its scenarios because it follows each stopped call into its investigation.
"""

import json
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guardrail.rehearsal.asking import Instance, NoVerdict
from guardrail.rehearsal.library import load_scenario, load_scenarios
from guardrail.rehearsal.playing import Made, play, run_of
from guardrail.rehearsal.scenario import Scenario, Script, as_exercise
from guardrail.rehearsal.score import Result, totals
from guardrail.rehearsal.stories import SEEDS
from investigations import recollection, services
from investigations.models import Investigation

_POLL_SECONDS = 0.2
_MOST_TRIES = 5


class Command(BaseCommand):
    help = (
        "Play attacks and their honest twins against a running instance: the three of the first start, or the library. "
        "Exits 1 when an attack is not stopped before harm, honest work is blocked, or a stopped call leads to no "
        "investigation. Attacks of the group `memory` and their twins are counted apart and never fail the command."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base-url",
            "--url",
            default="",
            help="the caller's address, e.g. http://127.0.0.1:8000/copilot-studio (default: the one in state.json)",
        )
        parser.add_argument("--token", default="", help="the caller's bearer token (default: the one in state.json)")
        parser.add_argument(
            "--patience", type=float, default=20.0, help="seconds to wait for an investigation (default: %(default)s)"
        )
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--all", action="store_true", dest="everything", help="play the whole library")
        chosen.add_argument("--group", default="", help="play one group of it, e.g. mail")
        chosen.add_argument("--story", default="", help="play one of it and list its calls, e.g. mail-forward-rule")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON instead of a table")

    def handle(self, *, base_url: str, token: str, patience: float, as_json: bool, **chosen: Any) -> None:
        """Safe to run again: every run uses fresh ids and texts."""
        base_url, token = _target(base_url, token)
        run_id, started = uuid.uuid4(), datetime.now(UTC)
        exercise = any(chosen[name] for name in ("everything", "group", "story"))
        scenarios = _chosen(run_id, everything=chosen["everything"], group=chosen["group"], story=chosen["story"])
        quiet, listed = as_json, not exercise or bool(chosen["story"])
        results: list[Result] = []
        with Instance(base_url, token) as instance:
            for scenario in scenarios:
                result = _play(scenario, instance, run_id=run_id, started=started)
                results.append(result)
                if not quiet:
                    self._tell(result, listed=listed, first=len(results) == 1)
        if exercise:
            complaints = _close(results, run_id=run_id, patience=patience)
        else:
            complaints = self._follow(results, patience=patience)
        complaints = [c for r in results if not r.scenario.needs_memory for c in r.complaints()] + complaints
        self._sum_up(results, run_id=run_id, exercise=exercise, as_json=as_json, failed=bool(complaints))
        if complaints:
            raise CommandError("\n".join(complaints))

    def _tell(self, result: Result, *, listed: bool, first: bool) -> None:
        scenario = result.scenario
        if listed:
            self._list("Attack", scenario.attack, result.attack)
            self._list("Honest", scenario.twin, result.twin)
            return
        if first:
            self.stdout.write(f"{'story':<28} {'way in':<20} {'stopped':<13} {'honest':<8} {'ms':>5}")
        at = f", call {result.stopped_at}" if result.stopped_at else ""
        stopped = f"{'yes' if result.stopped else 'NO'}{at}"
        honest = "passed" if result.passed else "STOPPED"
        self.stdout.write(
            f"{scenario.name:<28} {scenario.way_in:<20} {stopped:<13} {honest:<8} {result.slowest_ms:5.0f}"
        )

    def _list(self, word: str, script: Script, calls: Sequence[Made]) -> None:
        self.stdout.write(f"{word}: {script.story}")
        for made in calls:
            if made.answered:
                became = "blocked" if made.stopped else "allowed"
                self.stdout.write(
                    f"  {made.number}. {made.call.tool.name:<30} {became}  {made.answered.ms:4.0f} ms"
                    f"  verdict {made.answered.verdict_id}"
                )

    def _follow(self, results: Sequence[Result], *, patience: float) -> list[str]:
        """Name the investigation of each stop; returns what led to none."""
        complaints = []
        for result in results:
            missing, found = _investigations_of(result, patience=patience)
            complaints += missing
            for investigation in found:
                self.stdout.write(f"investigation {investigation.pk}: {investigation.title}")
        return complaints

    def _sum_up(
        self, results: Sequence[Result], *, run_id: uuid.UUID, exercise: bool, as_json: bool, failed: bool
    ) -> None:
        counted = totals(results)
        if as_json:
            document = {
                "run": str(run_id),
                "scenarios": [result.as_json() for result in results],
                "totals": {
                    name: {"hits": share.hits, "of": share.of, "low": share.low, "high": share.high}
                    for name, share in counted
                },
            }
            self.stdout.write(json.dumps(document, indent=2))
        elif exercise:
            for name, share in counted:
                self.stdout.write(f"{name}: {share}")
        elif not failed:
            number = len(results)
            self.stdout.write(
                f"{number} attacks stopped, {number} honest twins passed, every stop has its investigation"
            )


def _chosen(run_id: uuid.UUID, *, everything: bool, group: str, story: str) -> list[Scenario]:
    """What is to be played: the first three as they are, anything else by agents marked as an exercise."""
    if not (everything or group or story):
        return [load_scenario(name, run_id) for name in SEEDS]
    known = load_scenarios(run_id)
    if group or story:
        found = [as_exercise(scenario) for scenario in known if group == scenario.group or story == scenario.name]
        if not found:
            wanted = sorted({scenario.group if group else scenario.name for scenario in known})
            raise CommandError(f"nothing is called `{group or story}`, expected one of {', '.join(wanted)}")
        return found
    return [as_exercise(scenario) for scenario in known]


def _play(scenario: Scenario, instance: Instance, *, run_id: uuid.UUID, started: datetime) -> Result:
    made = {}
    for side, script in (("attack", scenario.attack), ("twin", scenario.twin)):
        run = run_of(script, name=f"{scenario.name}/{side}", run_id=run_id, started=started)
        try:
            made[side] = play(script, run=run, ask=instance.ask)
        except NoVerdict as error:
            raise CommandError(str(error)) from None
    return Result(scenario=scenario, **made)


def _close(results: Sequence[Result], *, run_id: uuid.UUID, patience: float) -> list[str]:
    """Close the investigations of an exercise, so that nobody's queue holds them; returns what led to none."""
    complaints = []
    for result in results:
        missing, found = _investigations_of(result, patience=patience)
        complaints += missing
        for investigation in found:
            if investigation.status != Investigation.Status.CLOSED:
                reason = f"Exercise: `{result.scenario.name}` of rehearsal {run_id}."
                complaints += _close_one(investigation, reason=reason)
    return complaints


def _close_one(investigation: Investigation, *, reason: str) -> list[str]:
    """Close it as benign, and try again for a second where a busy memory of calls was not told; returns what failed."""
    expected = Investigation.Disposition.BENIGN_EXPECTED
    try:
        services.close(investigation, disposition=expected, reason=reason, now=datetime.now(UTC), actor=None)
    except services.NotRemembered as error:
        for _ in range(_MOST_TRIES):
            time.sleep(_POLL_SECONDS)
            if recollection.settle(investigation, disposition=expected):
                return []
        return [f"investigation {investigation.pk}: {error}"]
    return []


def _investigations_of(result: Result, *, patience: float) -> tuple[list[str], list[Investigation]]:
    """What led to no investigation within `patience` seconds, and the investigations of the other stops."""
    missing: list[str] = []
    found: dict[int, Investigation] = {}
    for story, calls in ((result.scenario.attack.story, result.attack), (result.scenario.twin.story, result.twin)):
        for verdict_id in (made.answered.verdict_id for made in calls if made.answered and made.stopped):
            investigation = _wait_for_investigation(uuid.UUID(verdict_id), patience=patience)
            if investigation:
                found[investigation.pk] = investigation
            else:
                missing.append(
                    f"`{story}`: verdict {verdict_id} led to no investigation in {patience:g} s, expected one within a"
                    " second or two: is the worker running?"
                )
                patience = 0.0
    return missing, list(found.values())


def _target(base_url: str, token: str) -> tuple[str, str]:
    """Address and token, what is missing from the state.json of a running instance."""
    if not (base_url and token):
        path = settings.DATA_DIR / "state.json"
        try:
            state = json.loads(path.read_text())
            base_url = base_url or f"{state['url']}/copilot-studio"
            token = token or state["webhook_token"]
        except (OSError, ValueError, KeyError, TypeError):
            token = ""
        if not token:
            raise CommandError(f"`{path}` holds no `url` and `webhook_token`, give `--base-url` and `--token`")
    return base_url.rstrip("/"), token


def _wait_for_investigation(verdict_id: uuid.UUID, *, patience: float) -> Investigation | None:
    """The investigation the intake placed this verdict in; None when it did not within `patience` seconds."""
    give_up_at = time.monotonic() + patience
    while True:
        found = Investigation.objects.filter(call_set__verdict_id=verdict_id).first()
        if found is not None or time.monotonic() >= give_up_at:
            return found
        time.sleep(_POLL_SECONDS)
