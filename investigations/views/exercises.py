"""Exercises: the library of attacks and honest twins, played against the policy in force when somebody asks for it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from guardrail.rehearsal.score import Share, share_of
from investigations import exercise
from investigations.models import Exercise
from policies.access import Permission, actor_of, may
from policies.ruleset import Profile

_SHOWN = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One exercise in the list, with its shares."""

    exercise: Exercise
    stopped: Share
    passed: Share


@require_http_methods(["GET", "POST"])
@never_cache
def exercise_list(request: HttpRequest) -> HttpResponse:
    """What was played, newest first; a POST asks for another one."""
    refused = ""
    if request.method == "POST":
        chosen, profile = request.POST.get("group", ""), request.POST.get("profile", "")
        try:
            asked = exercise.ask_for(chosen=chosen, profile=profile, actor=actor_of(request), now=timezone.now())
        except exercise.ExerciseError as error:
            refused = str(error)
        else:
            messages.success(request, "It begins within seconds. Nothing of your organisation is stopped by it.")
            return redirect("exercise", asked.pk)
    found = Exercise.objects.select_related("asked_by")[:_SHOWN]
    context = {
        "lines": [_line(one) for one in found],
        "groups": exercise.groups(),
        "profiles": [profile.value for profile in Profile],
        "refused": refused,
        "may_play": may(request.user, Permission.INVESTIGATE),
        "running": any(one.ended_at is None for one in found),
    }
    return render(request, "investigations/exercises.html", context, status=422 if refused else 200)


@require_GET
@never_cache
def exercise_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One exercise: what was stopped and what passed, scenario by scenario, beside the one before."""
    found = get_object_or_404(Exercise.objects.select_related("asked_by"), pk=pk)
    before = (
        Exercise.objects.filter(pk__lt=found.pk, profile=found.profile, error="")
        .exclude(ended_at=None)
        .filter(chosen__in=("", found.chosen))
        .first()
    )
    rows: list[dict[str, Any]] = list(exercise.results_of(found, before))
    context = {
        "line": _line(found),
        "exercise": found,
        "before": before,
        "rows": sorted(rows, key=lambda row: (row["stopped"] and row["passed"], row["group"], row["name"])),
        "lost": sum(1 for row in rows if row["stopped_changed"] and not row["stopped"]),
        "won": sum(1 for row in rows if row["stopped_changed"] and row["stopped"]),
    }
    return render(request, "investigations/exercise.html", context)


def _line(found: Exercise) -> Line:
    return Line(
        exercise=found,
        stopped=share_of(entry["attack"]["stopped_before_harm"] for entry in found.results),
        passed=share_of(entry["honest_work_passed"] for entry in found.results),
    )
