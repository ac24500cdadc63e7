"""Policy packs: rules to start from, and taking some of them into a draft."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from policies.access import Permission, actor_of, may, require
from policies.draft_queries import load_drafts
from policies.models import PolicyDraft
from policies.packs import packs
from policies.services.drafts import DraftError
from policies.services.packs import take_rules


class TakeForm(forms.Form):
    """Rules of one pack, and the draft they go into; no draft = a new one."""

    pack = forms.ChoiceField(choices=lambda: [(pack.slug, pack.title) for pack in packs()])
    rule = forms.MultipleChoiceField(
        choices=lambda: [(rule.rule.name, rule.rule.title) for pack in packs() for rule in pack.rules],
        error_messages={"required": "no rule is chosen, expected one or more"},
    )
    draft = forms.ModelChoiceField(
        PolicyDraft.objects.filter(state__in=(PolicyDraft.State.OPEN, PolicyDraft.State.IN_REVIEW)), required=False
    )


@require_http_methods(["GET", "POST"])
def policy_packs(request: HttpRequest) -> HttpResponse:
    """Every pack with its rules; POST takes some of one pack into a draft."""
    form = TakeForm(request.POST or None)
    if request.method == "POST":
        require(request.user, Permission.CHANGE_POLICY)
        if form.is_valid():
            pack = next(pack for pack in packs() if pack.slug == form.cleaned_data["pack"])
            try:
                taken = take_rules(
                    pack, form.cleaned_data["rule"], draft=form.cleaned_data["draft"], actor=actor_of(request)
                )
            except DraftError as error:
                form.add_error("rule", str(error))
            else:
                count = len(taken.added)
                messages.success(request, f"{count} rule{'' if count == 1 else 's'} added, watched only.")
                for name in taken.kept:
                    messages.warning(request, f"{name} was there already and stays as it is.")
                return redirect("policy_draft", taken.draft.pk)
    return render(
        request,
        "policies/packs.html",
        {
            "packs": packs(),
            "drafts": load_drafts(),
            "form": form,
            "refused": form.data.get("pack", "") if form.is_bound else "",
            "may_change": may(request.user, Permission.CHANGE_POLICY),
        },
        status=422 if form.is_bound else 200,
    )
