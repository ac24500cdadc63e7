"""One investigation as a story: what happened, why it was stopped, the transcript, what people did."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail.models import Verdict
from guardrail.opened import note_opened
from guardrail.revealing import of_verdict, revealed_until
from guardrail.views.verdicts import Told, load_told
from investigations import queries
from investigations.confiding_forms import ConfideForm
from investigations.forms import AllowOnceForm, CloseForm, CommentForm, PauseForm, ReopenForm
from investigations.models import Investigation
from investigations.playbook_cases import load_playbooks
from investigations.related import load_related
from investigations.remediation import load_remediations
from investigations.remediation_forms import RemediationForm
from investigations.response_forms import RestrictInvestigationForm
from investigations.restricting import PROBING_HOURS, PROBING_PER_MINUTE, load_restricting
from investigations.tickets.wanting import load_ticketing, with_desks
from investigations.visibility import may_see
from policies.access import Permission, actor_of, may


@require_GET
@never_cache
def investigation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One investigation; `?call=` tells another of its calls than the worst."""
    return render_investigation(request, load_investigation(request, pk))


def load_investigation(request: HttpRequest, pk: int) -> Investigation:
    """The investigation with its assignee, if the person may see it. Raises Http404. At most three queries."""
    rows = with_desks(Investigation.objects.select_related("assignee", "membership__campaign"))
    found = get_object_or_404(rows, pk=pk)
    if not may_see(found, request.user):
        raise Http404
    return found


def render_investigation(
    request: HttpRequest, investigation: Investigation, *, status: int = 200, **forms: Any
) -> HttpResponse:
    """The page, with the refused form in the place of an empty one and status 422 when `forms` holds one."""
    calls = queries.load_calls(investigation, wanted=_wanted(request))
    told = _load_told(request, investigation, calls.shown)
    verdict = told.verdict if told else None
    listed = {brief.pk for brief in calls.briefs}
    restricting = load_restricting(investigation, verdict)
    related = load_related(investigation, person=actor_of(request))
    playbooks = load_playbooks(
        investigation,
        verdict=verdict,
        conversation=told.conversation if told else (),
        in_force=restricting.in_force,
        related=related,
    )
    activities = queries.load_activities(investigation)
    sources, merge = queries.load_merged(investigation)
    may_work = may(request.user, Permission.INVESTIGATE)
    readers = queries.load_readers(investigation)
    context = {
        "related": related,
        "readers": readers,
        "confide_form": ConfideForm(people=queries.analysts(), initial={"people": readers}) if may_work else None,
        "ticketing": load_ticketing(investigation),
        "remediations": load_remediations(investigation),
        "remediation_form": RemediationForm(initial={"due": timezone.now().date() + timedelta(days=7)}),
        "may_reveal": may(request.user, Permission.REVEAL),
        "may_lead": may(request.user, Permission.LEAD),
        "sources": sources,
        "sees_followed": queries.sees_followed(investigation, person=actor_of(request)),
        "merge": merge,
        "investigation": investigation,
        "now": timezone.now(),
        "calls": calls,
        "told": told,
        "verdict": verdict,
        "more_conversation": told is not None and any(call.pk not in listed for call in told.conversation),
        "activities": activities,
        "as_of": activities[-1].pk if activities else 0,
        "edit": queries.load_edit(investigation) if not told else None,
        "may_work": may_work,
        "allowing": queries.load_allowing(verdict, now=timezone.now()),
        "playbooks": playbooks,
        "restricting": restricting,
        "may_respond": may(request.user, Permission.RESPOND),
        "restrict_form": RestrictInvestigationForm(restricting=restricting, initial={"hours": "4"}),
        "probing_per_minute": PROBING_PER_MINUTE,
        "probing_hours": PROBING_HOURS,
        "allow_minutes": settings.ALLOW_ONCE_MINUTES,
        "allow_form": AllowOnceForm(initial={"call": calls.shown}),
        "comment_form": CommentForm(),
        "close_form": CloseForm(),
        "pause_form": PauseForm(),
        "reopen_form": ReopenForm(),
    }
    return render(request, "investigations/investigation.html", {**context, **forms}, status=status)


def _load_told(request: HttpRequest, investigation: Investigation, shown: uuid.UUID | None) -> Told | None:
    """The call the page tells, and the note that somebody saw it."""
    verdict = Verdict.objects.filter(pk=shown).first() if shown else None
    if verdict is None:
        return None
    note_opened(verdict.pk, actor=actor_of(request), how="investigation")
    until = revealed_until(request, of_verdict(verdict.pk), of_investigation(investigation.pk))
    return load_told(verdict, person=actor_of(request), revealed_until=until)


def of_investigation(pk: int) -> str:
    """What a reveal of a whole investigation is about."""
    return f"investigation:{pk}"


def load_shown(request: HttpRequest, investigation: Investigation) -> Verdict | None:
    """The call the page tells. Three queries."""
    shown = queries.load_calls(investigation, wanted=_wanted(request)).shown
    return Verdict.objects.filter(pk=shown).first() if shown else None


def _wanted(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get("call", ""))
    except ValueError:
        return None
