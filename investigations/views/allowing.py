"""Allow calls like a stopped one: what it would name, whether this call would pass, what else would, and making it."""

import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from guardrail.kept import load_verdict
from investigations.allow_form import AllowForm
from investigations.allowing import NotAllowable, NotForgotten, Tried, allow_like, entry_of, propose, try_out
from investigations.visibility import may_see
from policies.access import Permission, actor_of, may, require
from policies.exceptions import Scope
from policies.load import NoRuleset
from policies.services.exceptions import ExceptionRefused, WantedException

# Beyond this an address is too long for some servers: what else would pass is then not shown.
_LONGEST_QUERY = 3_500


@require_http_methods(["GET", "POST"])
@never_cache
def verdict_allow(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The narrowest exception for one stopped call, to be widened, tried and made. `try` = only try it."""
    verdict = load_verdict(pk, request.user)
    try:
        proposal = propose(verdict)
    except (NotAllowable, NoRuleset) as error:
        messages.error(request, f"No exception can be made: {error}.")
        return redirect("verdict", pk)
    initial = {"owner": actor_of(request).get_full_name() or actor_of(request).get_username()}
    if request.method == "GET":
        form = AllowForm(proposal=proposal, initial=initial)
        return _page(request, form, proposal.scope)
    require(request.user, Permission.CHANGE_POLICY)
    if "try" in request.POST:
        # nobody has to say why before it is known whether it would do
        data = {**request.POST.dict(), "reason": request.POST.get("reason") or "?", "owner": "?"}
        tried = AllowForm(data, proposal=proposal)
        scope = tried.scope() if tried.is_valid() else proposal.scope
        kept = {name: tried.cleaned_data[name] for name in tried.cleaned_data if name not in ("reason", "owner")}
        typed = {"reason": request.POST.get("reason", ""), "owner": request.POST.get("owner", "") or initial["owner"]}
        return _page(request, AllowForm(proposal=proposal, initial={**kept, **typed}), scope)
    form = AllowForm(request.POST, proposal=proposal)
    if form.is_valid():
        made = _made(request, form)
        if made is not None:
            return made
    return _page(request, form, proposal.scope, status=422)


def _made(request: HttpRequest, form: AllowForm) -> HttpResponse | None:
    """The answer where the exception was made, None where it was refused."""
    now, proposal, scope = timezone.now(), form.proposal, form.scope()
    wanted = WantedException(
        scope=scope,
        owner=form.cleaned_data["owner"],
        reason=form.cleaned_data["reason"],
        until=form.until(now=now),
        verdict_id=proposal.verdict.pk,
        investigation=proposal.investigation.pk if proposal.investigation else None,
    )
    try:
        number = allow_like(proposal, wanted, now=now, actor=actor_of(request)).pk
    except ExceptionRefused as error:
        form.add_error(error.member if error.member in form.fields else None, str(error))
        return None
    except NotForgotten as error:
        number = error.number
        messages.warning(
            request,
            "The memory of calls (Redis) does not answer, so it still holds that such a call was stopped: close the "
            "investigation as a false positive when it is back.",
        )
    tried = try_out(proposal.verdict.pk, scope, until=wanted.until)
    if tried.passes:
        messages.success(request, f"Exception {number} holds for the next call.")
    else:
        messages.warning(request, f"Exception {number} is made. This very call would still be stopped: {tried.why_not}")
    return redirect(f"{resolve_url('policy_exceptions')}#e{number}")


def _page(request: HttpRequest, form: AllowForm, scope: Scope, *, status: int = 200) -> HttpResponse:
    verdict, until = form.proposal.verdict, timezone.now() + timedelta(days=settings.EXCEPTION_MAX_DAYS)
    tried, refused = Tried(passes=False), ""
    try:
        tried = try_out(verdict.pk, scope, until=until)
    except ExceptionRefused as error:
        refused = str(error)
    query = urlencode({"exception": json.dumps(entry_of(scope, until=until), ensure_ascii=False)})
    place = form.proposal.investigation
    context: dict[str, Any] = {
        "verdict": verdict,
        "place": place if place and may_see(place, request.user) else None,
        "proposal": form.proposal,
        "form": form,
        "tried": tried,
        "refused": refused,
        "impact_url": f"{resolve_url('policy_impact')}?{query}" if len(query) < _LONGEST_QUERY and not refused else "",
        "may_change": may(request.user, Permission.CHANGE_POLICY),
        "may_look": may(request.user, Permission.INVESTIGATE),
    }
    return render(request, "investigations/allow.html", context, status=status)
