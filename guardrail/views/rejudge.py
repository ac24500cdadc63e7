"""A conversation judged again: what was answered, and what the policy of then, of now and of a draft say of it."""

import uuid
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import housekeeper, queries
from guardrail.kept import Person, load_verdict
from guardrail.models import Verdict
from guardrail.rejudge import Page, rejudge
from guardrail.replay.replaying import NEEDED
from policies.access import Permission, actor_of, require
from policies.load import NoRuleset, active_ruleset
from policies.models import PolicyDraft
from policies.ruleset import Ruleset, RulesetError
from policies.trial import trial_policy

_MOST_DRAFTS = 50
_OPEN = (PolicyDraft.State.OPEN, PolicyDraft.State.IN_REVIEW)


@require_GET
@never_cache
def verdict_rejudge(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The conversation of a call judged again; `?only=1` = this call alone, `?draft=` = by that draft, too.

    Takes about a fifth of a second; `?after=` goes on from there.
    """
    require(request.user, Permission.INVESTIGATE)
    person = actor_of(request)
    verdict = load_verdict(pk, person, only=NEEDED)
    alone = "only" in request.GET
    drafts = list(PolicyDraft.objects.filter(state__in=_OPEN).only("pk", "title", "document")[:_MOST_DRAFTS])
    draft = next((one for one in drafts if str(one.pk) == request.GET.get("draft", "")), None)
    after = queries.as_verdict_id(request.GET.get("after", ""))
    page, in_force, refused = _page(verdict, draft, alone=alone, after=after, person=person)
    shown = {
        "verdict": verdict,
        "page": page,
        "in_force": in_force,
        "refused": refused,
        "alone": alone,
        "drafts": drafts,
        "draft": draft,
        "after": after,
        "go_on": _address(request, draft, alone=alone, after=page.go_on) if page and page.go_on else "",
        "from_the_start": _address(request, draft, alone=alone, after=None),
        "whole": _address(request, draft, alone=False, after=None),
        "one": _address(request, draft, alone=True, after=None),
    }
    return render(request, "guardrail/rejudge.html", shown)


def _page(
    verdict: Verdict, draft: PolicyDraft | None, *, alone: bool, after: uuid.UUID | None, person: Person
) -> tuple[Page | None, int, str]:
    """The page, the number of the version in force, and why there is none."""
    try:
        housekeeper.ensure_loaded()
        in_force = active_ruleset()
    except NoRuleset:
        return None, 0, "no policy is published, so there is nothing to judge by"
    drafted: Ruleset | None = None
    if draft is not None:
        try:
            drafted = trial_policy(draft.document)
        except RulesetError as error:
            return None, in_force.version, f"the draft does not compile: {error}"
    page = rejudge(verdict, in_force=in_force, draft=drafted, alone=alone, after=after, person=person)
    return page, in_force.version, ""


def _address(request: HttpRequest, draft: PolicyDraft | None, *, alone: bool, after: uuid.UUID | None) -> str:
    asked = {"only": "1" if alone else "", "draft": str(draft.pk) if draft else "", "after": str(after or "")}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{request.path}?{query}" if query else request.path
