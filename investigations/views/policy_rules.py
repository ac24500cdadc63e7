"""The rules in force: how each fares, and taking one to another stage by a draft."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from investigations import rule_rollout
from investigations.rule_not_done import SHOWN_DAYS
from policies.access import Permission, actor_of, may, require
from policies.rules import Stage
from policies.services.drafts import DraftError

# What the button that takes a rule there says.
STAGE_WORDS = {
    Stage.OFF: "Switch off",
    Stage.MONITOR: "Monitor",
    Stage.CANARY: "Canary",
    Stage.ENFORCE: "Enforce",
}


@require_GET
@never_cache
def policy_rules(request: HttpRequest) -> HttpResponse:
    """Every rule in force with its evidence; `?q=` narrows them."""
    words = request.GET.get("q", "").strip()[:200].replace("\x00", "")
    page = rule_rollout.load_rules_page(words=words, now=timezone.now())
    shown = {
        "page": page,
        "rows": [
            {"rule": rule, "next": [(stage.value, STAGE_WORDS[stage]) for stage in rule.next]} for rule in page.rules
        ],
        "words": words,
        "missed_days": SHOWN_DAYS,
        "may_change": may(request.user, Permission.CHANGE_POLICY),
    }
    return render(request, "investigations/policy_rules.html", shown)


@require_POST
def policy_rule_stage(request: HttpRequest, name: str) -> HttpResponse:
    """Open the draft that takes one rule to another stage."""
    require(request.user, Permission.CHANGE_POLICY)
    try:
        stage = Stage(request.POST.get("stage", ""))
    except ValueError:
        raise Http404("no such stage") from None
    try:
        draft = rule_rollout.draft_stage(name, stage, now=timezone.now(), actor=actor_of(request))
    except DraftError as error:
        messages.error(request, f"No draft was opened: {error}.")
        return redirect("policy_rules")
    messages.success(request, "A draft with this one change. It holds once it is reviewed and published.")
    return redirect("policy_draft", draft.pk)
