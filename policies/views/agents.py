"""Agents: who is judged and how, who calls unregistered, who is never heard from; and one agent's settings."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from policies import queries
from policies.access import Permission, actor_of, may, require
from policies.agent_forms import AcknowledgeForm, AgentSearchForm
from policies.agent_queries import KINDS, load_environments_offered, load_inventory
from policies.agent_record import load_record
from policies.forms import AgentSettingsForm, ModeForm, NewAgentForm, RegisterForm, settings_of
from policies.ledger import load_row
from policies.models import Agent
from policies.scope import of_environments
from policies.services import inventory
from policies.services.drift import acknowledge

LEDGER_DAYS = 30


@require_GET
def agents(request: HttpRequest) -> HttpResponse:
    """Every agent, in its kinds, or one of them by pages; the URL says what is asked for."""
    form = AgentSearchForm(request.GET)
    form.is_valid()
    search = form.search()
    inventory = load_inventory(search, person=request.user)
    kinds = {name: getattr(inventory, name) for name in KINDS if search.kind in ("", name)}
    return render(
        request,
        "policies/agents.html",
        {
            "inventory": inventory,
            "kinds": kinds,
            "search": search,
            "form": form,
            "environments": load_environments_offered(request.user),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
    )


@require_http_methods(["GET", "POST"])
def agent_new(request: HttpRequest) -> HttpResponse:
    """Register an agent before its first call."""
    require(request.user, Permission.CHANGE_POLICY)
    form = NewAgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = inventory.add_agent(**form.cleaned_data, actor=actor_of(request))
        except inventory.InventoryError as error:
            form.add_error("agent_id", str(error))
        else:
            messages.success(request, f"{added} is registered. It stays under Uncovered until its first call.")
            return redirect("agent", added.pk)
    return render(request, "policies/agent_new.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """One agent: what is in force, its settings, what was changed."""
    found = _found(request, pk)
    return _page(request, found)


@require_POST
def agent_mode(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch one agent between monitor and enforce, from the list or from its page."""
    found = _found(request, pk)
    form = ModeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("mode: expected monitor, enforce or nothing", status=422, content_type="text/plain")
    inventory.set_agent_mode(found, form.cleaned_data["mode"], actor=actor_of(request))
    messages.success(request, f"{found}: {_mode_words(form.cleaned_data['mode'])}")
    return redirect("agents") if request.POST.get("from") == "agents" else redirect("agent", pk)


@require_http_methods(["GET", "POST"])
def agent_register(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a shadow agent into the inventory."""
    if request.method == "GET":
        return redirect("agent", pk)
    found = _found(request, pk)
    form = RegisterForm(request.POST)
    require(request.user, Permission.CHANGE_POLICY)
    if not form.is_valid():
        return _page(request, found, register_form=form)
    inventory.register_agent(found, owner=form.cleaned_data["owner"], actor=actor_of(request))
    messages.success(request, f"{found} is registered.")
    return redirect("agent", pk)


@require_http_methods(["GET", "POST"])
def agent_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what an admin decides for one agent."""
    if request.method == "GET":
        return redirect("agent", pk)
    found = _found(request, pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = AgentSettingsForm(request.POST, current_posture=found.fail_posture)
    if form.is_valid():
        try:
            inventory.change_agent(found, form.settings(), actor=actor_of(request))
        except inventory.InventoryError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. It holds for the next call.")
            return redirect("agent", pk)
    return _page(request, found, settings_form=form)


@require_POST
def agent_drift_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that somebody has looked at what drifted, as far as the page showed it."""
    found = _found(request, pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        return HttpResponse("upto: expected the number of a change", status=422, content_type="text/plain")
    done = acknowledge(found, upto=form.cleaned_data["upto"], now=timezone.now(), actor=actor_of(request))
    messages.success(request, f"{done} changes are looked at." if done else "They were looked at already.")
    return redirect(f"{reverse('agent', args=[pk])}#drift")


def _found(request: HttpRequest, pk: int) -> Agent:
    return get_object_or_404(Agent.objects.filter(of_environments(request.user)).select_related("environment"), pk=pk)


def _page(
    request: HttpRequest,
    found: Agent,
    *,
    settings_form: AgentSettingsForm | None = None,
    register_form: RegisterForm | None = None,
) -> HttpResponse:
    refused = settings_form is not None or register_form is not None
    return render(
        request,
        "policies/agent.html",
        {
            "row": queries.row_of(
                found, queries.load_defaults(), queries.load_restrictions_on([found]).get(found.agent_id, ())
            ),
            "history": queries.load_history(found),
            "record": load_record(found, now=timezone.now(), person=request.user),
            "ledger": load_row(found, days=LEDGER_DAYS, today=timezone.now().date()),
            "ledger_days": LEDGER_DAYS,
            "settings_form": settings_form
            or AgentSettingsForm(initial=settings_of(found), current_posture=found.fail_posture),
            "register_form": register_form or RegisterForm(),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
            "may_respond": may(request.user, Permission.RESPOND),
            "may_investigate": may(request.user, Permission.INVESTIGATE),
        },
        status=422 if refused else 200,
    )


def _mode_words(mode: str) -> str:
    if mode == "monitor":
        return "monitor. Its calls are judged and recorded, and all go through."
    if mode == "enforce":
        return "enforce. What policy stops is stopped."
    return "as its environment."
