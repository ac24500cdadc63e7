"""Response: what is restricted at present, by whom and for how long; what rules may do by themselves, and did not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from guardrail.words import signal_words
from investigations import restricting
from investigations.response_forms import BudgetForm, EndAllForm, RestrictForm, RestrictInvestigationForm, RuleForm
from investigations.views.investigation import load_investigation, load_shown, render_investigation
from investigations.visibility import hidden_among
from policies.access import Permission, actor_of, is_narrowed, may, require
from policies.models import Agent, NotDone, Restriction
from policies.response_rules import Rule
from policies.services import response as services
from policies.services.restrictions import RestrictionError, Wanted, restrict

MOST_OPEN = 200
MOST_ENDED = 50
MOST_NOT_DONE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """A rule with what it looks for in words, and the form that changes it."""

    rule: Rule
    signals: tuple[str, ...]
    form: RuleForm


@require_GET
@never_cache
def response(request: HttpRequest) -> HttpResponse:
    """The page; `?what=` and `?name=` fill in the form that restricts something."""
    asked = {name: request.GET.get(name, "")[:500].replace("\x00", "") for name in ("what", "name")}
    return _page(request, restrict_form=RestrictForm(initial={**asked, "hours": "24"}))


@require_POST
def response_restrict(request: HttpRequest) -> HttpResponse:
    """Restrict anything by its name."""
    form = RestrictForm(request.POST)
    require(request.user, Permission.RESPOND)
    if form.is_valid():
        now, hours = timezone.now(), form.cleaned_data["hours"]
        kind, effect, subject = form.wanted()
        limited = effect.value == Restriction.Effect.RATE_LIMIT
        try:
            made = restrict(
                Wanted(
                    kind=kind,
                    effect=effect,
                    subject=subject,
                    reason=form.cleaned_data["reason"],
                    until=None if hours is None else now + timedelta(hours=hours),
                    per_minute=(form.cleaned_data["per_minute"] or 0) if limited else 0,
                ),
                now=now,
                actor=actor_of(request),
            )
        except RestrictionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Restriction {made.pk} holds from the next call on.")
            return redirect("response")
    return _page(request, status=422, restrict_form=form)


@require_POST
def investigation_restrict(request: HttpRequest, pk: int) -> HttpResponse:
    """Restrict one of the things an investigation is about."""
    found = load_investigation(request, pk)
    require(request.user, Permission.RESPOND)
    verdict = load_shown(request, found)
    restrictable = restricting.load_restricting(found, verdict)
    form = RestrictInvestigationForm(request.POST, restricting=restrictable)
    if form.is_valid():
        try:
            made = restricting.restrict_for(
                found,
                restricting.choice_of(restrictable, form.cleaned_data["what"]),
                reason=form.cleaned_data["reason"],
                hours=form.cleaned_data["hours"],
                per_minute=form.cleaned_data["per_minute"] or 0,
                verdict=verdict,
                now=timezone.now(),
                actor=actor_of(request),
            )
        except RestrictionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Restriction {made.pk} holds from the next call on.")
            return redirect(f"{resolve_url('investigation', pk)}#restrict")
    return render_investigation(request, found, status=422, restrict_form=form)


@require_POST
def response_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """End one restriction, from wherever its button stands."""
    kind, subject = Restriction.objects.filter(pk=pk).values_list("kind", "subject").first() or ("", ())
    if is_narrowed(request.user) and not restricting.is_own(kind, subject, person=actor_of(request)):
        raise Http404
    try:
        restricting.undo_for(pk, now=timezone.now(), actor=actor_of(request))
    except RestrictionError as error:
        messages.warning(request, f"{str(error).capitalize()}.")
    else:
        messages.success(request, f"Restriction {pk} is undone. It holds for the next call.")
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(back)
    return redirect("response")


@require_POST
def response_rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Switch one rule, or change its numbers."""
    rule = next((rule for rule in services.load_rules() if rule.slug == slug), None)
    if rule is None:
        raise Http404
    require(request.user, Permission.CHANGE_POLICY)
    form = RuleForm(request.POST, rule=rule)
    if form.is_valid():
        try:
            services.change_rule(slug, form.settings(), actor=actor_of(request))
        except RestrictionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Saved: {rule.name}.")
            return redirect(f"{resolve_url('response')}#rules")
    return _page(request, status=422, rule_form=form)


@require_POST
def response_budget(request: HttpRequest) -> HttpResponse:
    """Change the hour's budget."""
    require(request.user, Permission.CHANGE_POLICY)
    form = BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, budget_form=form)
    services.change_budget(per_hour=form.cleaned_data["per_hour"], per_kind=form.per_kind(), actor=actor_of(request))
    messages.success(request, "Saved. It holds for the next restriction a rule makes.")
    return redirect("response")


@require_POST
def response_off(request: HttpRequest) -> HttpResponse:
    """The kill switch: rules make nothing any more, what they made stays."""
    services.switch_off(actor=actor_of(request))
    messages.warning(request, "Autonomous response is off. What rules have restricted stays until it ends.")
    return redirect("response")


@require_POST
def response_on(request: HttpRequest) -> HttpResponse:
    """Let rules restrict again, each in its mode."""
    services.switch_on(actor=actor_of(request))
    messages.success(request, "Autonomous response is on again: each rule in its mode.")
    return redirect("response")


@require_POST
def response_end_all(request: HttpRequest) -> HttpResponse:
    """Switch off and end all that rules have made."""
    require(request.user, Permission.CHANGE_POLICY)
    form = EndAllForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, end_all_form=form)
    ended = services.stop_everything(now=timezone.now(), actor=actor_of(request))
    messages.warning(request, f"Autonomous response is off, and {ended} restrictions that rules had made are ended.")
    return redirect("response")


def _page(request: HttpRequest, *, status: int = 200, rule_form: RuleForm | None = None, **forms: Any) -> HttpResponse:
    budget = services.load_budget(timezone.now())
    in_force = Restriction.objects.filter(ended_at=None)
    over = Restriction.objects.exclude(ended_at=None).select_related("made_by", "ended_by")
    lists: dict[str, list[Any]] = {
        "open": list(in_force.select_related("made_by")[:MOST_OPEN]),
        "ended": list(over.order_by("-ended_at", "-pk")[:MOST_ENDED]),
        "not_done": list(NotDone.objects.all()[:MOST_NOT_DONE]),
    }
    _name_agents(*lists["open"], *lists["ended"], *lists["not_done"])
    context = {
        **lists,
        "open_count": in_force.count(),
        "hidden": hidden_among({row.investigation for rows in lists.values() for row in rows} - {None}, request.user),
        "budget": budget,
        "used": [
            (label, budget.used_of.get(value, 0), budget.per_kind.get(value, 0))
            for value, label in Restriction.Kind.choices
        ],
        "rules": [_row(rule, rule_form) for rule in services.load_rules()],
        "may_respond": may(request.user, Permission.RESPOND),
        "may_change": may(request.user, Permission.CHANGE_POLICY),
        "restrict_form": RestrictForm(initial={"hours": "24"}),
        "budget_form": BudgetForm(initial={"per_hour": budget.per_hour, **budget.per_kind}),
        "end_all_form": EndAllForm(),
    }
    return render(request, "investigations/response.html", {**context, **forms}, status=status)


def _name_agents(*rows: Restriction | NotDone) -> None:
    """Let them be shown by the names of their agents. One query."""
    ids = {row.agent_id for row in rows} - {""}
    names = dict(Agent.objects.filter(agent_id__in=ids).exclude(name="").values_list("agent_id", "name"))
    for row in rows:
        row.agent_names = names


def _row(rule: Rule, refused: RuleForm | None) -> RuleRow:
    form = refused if refused is not None and refused.rule.slug == rule.slug else RuleForm(rule=rule)
    return RuleRow(rule=rule, signals=tuple(sorted(map(signal_words, rule.signals))), form=form)
