"""One agent's charter: what it did lately, and what a person pins of it."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from guardrail import housekeeper
from guardrail.charter_proposal import Proposal, load_proposal
from policies.access import Permission, actor_of, may, require
from policies.models import Agent, Charter
from policies.services.charters import CharterError, CharterSettings, pin_charter, unpin_charter

_LIST = forms.Textarea({"rows": 10, "spellcheck": "false", "autocomplete": "off"})


class CharterForm(forms.Form):
    """A charter, one entry a line. `seen` is when the one was pinned that the person looked at."""

    purpose = forms.CharField(
        label="What it is for", max_length=500, required=False, help_text="One sentence its owner would sign."
    )
    tools = forms.CharField(required=False, widget=_LIST, help_text="Ids or names, one a line.")
    limits_destinations = forms.BooleanField(
        required=False, label="Only these destinations", help_text="Not ticked: it may reach any."
    )
    destinations = forms.CharField(
        required=False,
        widget=_LIST,
        help_text="One a line: an address, a domain with what is below it, or @internal, @known, @partner.",
    )
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def settings(self) -> CharterSettings:
        """What was written; only after `is_valid`."""
        cleaned = self.cleaned_data
        destinations = tuple(cleaned["destinations"].splitlines())
        return CharterSettings(
            purpose=cleaned["purpose"],
            tools=tuple(cleaned["tools"].splitlines()),
            destinations=destinations if cleaned["limits_destinations"] else None,
        )

    def clean_seen(self) -> datetime | None:
        """A moment, None where there was no charter."""
        raw = self.cleaned_data["seen"]
        try:
            return datetime.fromisoformat(raw).astimezone(UTC) if raw else None
        except (ValueError, OverflowError):
            raise forms.ValidationError("expected the page to be opened again") from None


@require_http_methods(["GET", "POST"])
def charter(request: HttpRequest, pk: int) -> HttpResponse:
    """What is pinned beside what was observed; POST pins what the form says."""
    agent = get_object_or_404(Agent, pk=pk)
    if request.method == "GET":
        return _page(request, agent)
    require(request.user, Permission.CHANGE_POLICY)
    form = CharterForm(request.POST)
    if form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            pin_charter(agent, form.settings(), seen=seen, now=timezone.now(), actor=actor_of(request))
        except CharterError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Pinned. It holds for the next call.")
            return redirect("agent_charter", pk)
    return _page(request, agent, form=form, status=422)


@require_POST
def charter_unpin(request: HttpRequest, pk: int) -> HttpResponse:
    """Judge the agent by no charter again."""
    unpin_charter(get_object_or_404(Agent, pk=pk), actor=actor_of(request))
    messages.success(request, "It has no charter any more.")
    return redirect("agent_charter", pk)


def _page(request: HttpRequest, agent: Agent, *, form: CharterForm | None = None, status: int = 200) -> HttpResponse:
    housekeeper.ensure_loaded()
    pinned = Charter.objects.select_related("pinned_by").filter(agent_id=agent.agent_id).first()
    proposal = load_proposal(agent, pinned, now=timezone.now())
    return render(
        request,
        "guardrail/charter.html",
        {
            "agent": agent,
            "pinned": pinned,
            "proposal": proposal,
            "form": form or CharterForm(initial=_initial(pinned, proposal)),
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
        status=status,
    )


def _initial(pinned: Charter | None, proposal: Proposal) -> dict[str, Any]:
    """What is pinned; else what was observed, to be read and mended before it is pinned."""
    if pinned is not None:
        return {
            "purpose": pinned.purpose,
            "tools": "\n".join(pinned.tools),
            "limits_destinations": pinned.limits_destinations,
            "destinations": "\n".join(pinned.destinations),
            "seen": pinned.pinned_at.isoformat(),
        }
    return {
        "tools": "\n".join(tool.entry for tool in proposal.tools),
        "limits_destinations": bool(proposal.destinations),
        "destinations": "\n".join(place.entry for place in proposal.destinations),
    }
