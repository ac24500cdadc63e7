"""Drafts of the policy: the page, saving, and everything that may be done with one. Conflicts of two editors."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail.rule_tests import failing_tests, known_failing
from policies import draft_queries
from policies.access import Permission, actor_of, may, require
from policies.draft_forms import (
    ACTIONS,
    DefaultsForm,
    NewDraftForm,
    PublishForm,
    ReasonForm,
    ReviewForm,
    RevisionForm,
    actions_of,
    packed,
    unpacked,
)
from policies.models import PolicyDraft
from policies.policy_parts import part_of
from policies.services import drafts as services, publication
from policies.services.drafts import DraftConflict, DraftError
from policies.version_queries import load_versions


@require_http_methods(["GET", "POST"])
def draft_new(request: HttpRequest) -> HttpResponse:
    """Begin a draft from the version in force."""
    if request.method == "GET":
        return redirect("policies")
    require(request.user, Permission.CHANGE_POLICY)
    form = NewDraftForm(request.POST)
    if form.is_valid():
        try:
            draft = services.open_draft(title=form.cleaned_data["title"], actor=actor_of(request))
        except DraftError as error:
            form.add_error(error.field or "title", str(error))
        else:
            return redirect("policy_draft", draft.pk)
    shown = {
        "page": load_versions(before=0),
        "drafts": draft_queries.load_drafts(),
        "form": form,
        "may_change": True,
    }
    return render(request, "policies/policies.html", shown, status=422)


@require_GET
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """One draft: what it says, how it differs, who may do what with it."""
    return _page(request, _found(pk))


@require_POST
def draft_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the title, the defaults and the table of actions as they were filled in."""
    found = _found(pk)
    require(request.user, Permission.CHANGE_POLICY)
    form = DefaultsForm(request.POST)
    actions, wrong = actions_of(
        request.POST, draft_queries.signals_of(found.base.document, found.document), found.document
    )
    for field in wrong:
        form.add_error(None, f"`{field}` holds no action, expected one of {', '.join(ACTIONS)}")
    typed = {**found.document, "actions": actions}
    if not form.is_valid() or wrong:
        return _page(request, found, document=typed, form=form, status=422)
    changes = {"defaults": form.defaults(), "actions": actions}
    return _done(
        request,
        found,
        lambda: services.save_draft(
            pk,
            changes=changes,
            title=form.cleaned_data["title"],
            revision=form.cleaned_data["revision"],
            actor=actor_of(request),
        ),
        said="Saved. Nothing of it is in force before it is published.",
        form=form,
        document={**found.document, **changes},
    )


@require_POST
def draft_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a conflict: put the ticked changes on top of what the other one saved."""
    found = _found(pk)
    form = RevisionForm(request.POST)
    try:
        changes = unpacked(json.loads(request.POST.get("mine", "")))
    except (ValueError, RecursionError):
        return _page(request, found, problem="The changes could not be read. Nothing was saved.", status=422)
    if not form.is_valid():
        return _page(request, found, problem="The form names no revision. Nothing was saved.", status=422)
    wanted = set(request.POST.getlist("apply"))
    return _done(
        request,
        found,
        lambda: services.apply_to_draft(
            pk,
            changes=[change for change in changes if change.key in wanted],
            revision=form.cleaned_data["revision"],
            actor=actor_of(request),
        ),
        said="Saved on top of what the other one saved.",
    )


@require_POST
def draft_update(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring the draft up to date with the version in force; `decided` = the ticked changes are the ones to keep."""
    keep = [part_of(key) for key in request.POST.getlist("apply")] if "decided" in request.POST else None
    return _do(
        request,
        pk,
        RevisionForm(request.POST),
        lambda form, actor: services.bring_up_to_date(
            pk, revision=form.cleaned_data["revision"], actor=actor, keep=keep
        ),
        said="Up to date: the version in force with the changes of this draft on top.",
    )


@require_POST
def draft_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it up."""
    return _do(
        request,
        pk,
        RevisionForm(request.POST),
        lambda form, actor: services.discard_draft(pk, revision=form.cleaned_data["revision"], actor=actor),
        said="Discarded. What it said stays readable.",
    )


@require_POST
def draft_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask somebody who wrote no part of it to look."""

    def ask(form: Form, actor: User) -> PolicyDraft:
        wanted = form.cleaned_data["reviewer"]
        return publication.ask_for_review(
            pk,
            revision=form.cleaned_data["revision"],
            reason=form.cleaned_data["reason"],
            reviewer=get_object_or_404(User, pk=wanted) if wanted else None,
            actor=actor,
        )

    return _do(request, pk, ReviewForm(request.POST), ask, said="In review.")


@require_POST
def draft_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve the revision that was read."""
    return _do(
        request,
        pk,
        RevisionForm(request.POST),
        lambda form, actor: publication.approve_draft(pk, revision=form.cleaned_data["revision"], actor=actor),
        said="Approved. It can be published as it is.",
    )


@require_POST
def draft_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for changes."""
    return _do(
        request,
        pk,
        ReasonForm(request.POST),
        lambda form, actor: publication.send_back(
            pk, revision=form.cleaned_data["revision"], reason=form.cleaned_data["reason"], actor=actor
        ),
        said="Sent back with your reason.",
    )


@require_POST
def draft_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it in force. Its test cases are run first, by what lists and inventory say now."""
    require(request.user, Permission.CHANGE_POLICY)
    failing = failing_tests(_found(pk).document)
    return _do(
        request,
        pk,
        PublishForm(request.POST),
        lambda form, actor: publication.publish_draft(
            pk,
            revision=form.cleaned_data["revision"],
            reason=form.cleaned_data["reason"],
            override=form.cleaned_data["override"],
            with_lists=form.cleaned_data["lists"] == "apply",
            lists_seen=form.cleaned_data["lists_seen"],
            failing=failing,
            actor=actor,
        ),
        said="Published. It holds for the next call.",
    )


def conflict_page(request: HttpRequest, conflict: DraftConflict) -> HttpResponse:
    """Both sides beside each other, and the form that applies what does not touch. For each page that saves one."""
    theirs = {change.part: change for change in conflict.theirs}
    mine = {change.part: change for change in conflict.mine}
    rows = [
        {
            "part": part,
            "theirs": theirs.get(part),
            "mine": mine.get(part),
            "touching": part in conflict.touching,
            "same": part in theirs and part in mine and part not in conflict.touching,
        }
        for part in [*mine, *(part for part in theirs if part not in mine)]
    ]
    shown = {
        "conflict": conflict,
        "draft": conflict.draft,
        "rows": rows,
        "mine": json.dumps([packed(change) for change in conflict.mine]),
    }
    return render(request, "policies/conflict.html", shown, status=409)


def _do(request: HttpRequest, pk: int, form: Form, act: Callable[[Any, User], Any], *, said: str) -> HttpResponse:
    """One act on one draft: the form, the service, and where to go from there."""
    found = _found(pk)
    require(request.user, Permission.CHANGE_POLICY)
    if not form.is_valid():
        told = [f"{name}: {error}" for name, errors in form.errors.items() for error in errors]
        return _page(request, found, problem=" ".join(told), status=422)
    return _done(request, found, lambda: act(form, actor_of(request)), said=said)


def _done(
    request: HttpRequest,
    found: PolicyDraft,
    act: Callable[[], Any],
    *,
    said: str,
    form: DefaultsForm | None = None,
    document: Mapping[str, Any] | None = None,
) -> HttpResponse:
    try:
        act()
    except DraftConflict as conflict:
        return conflict_page(request, conflict)
    except DraftError as error:
        return _page(request, found, document=document, form=form, problem=str(error), status=422)
    messages.success(request, said)
    return redirect("policy_draft", found.pk)


def _found(pk: int) -> PolicyDraft:
    related = ("base", "saved_by", "asked", "reviewer", "version")
    return get_object_or_404(PolicyDraft.objects.select_related(*related), pk=pk)


def _page(
    request: HttpRequest,
    found: PolicyDraft,
    *,
    document: Mapping[str, Any] | None = None,
    form: DefaultsForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The draft's page; `document` and `form` hold what was typed and refused, `problem` says why."""
    said = found.document if document is None else document
    initial = {"title": found.title, "revision": found.revision, **found.document.get("defaults", {})}
    view = draft_queries.load_draft_view(
        found,
        document=said,
        failing=known_failing(said) if found.worked_on else (),
        everything=request.GET.get("all", ""),
    )
    most = draft_queries.MOST_LIST_CHANGES if request.GET.get("all") else draft_queries.LIST_CHANGES_SHOWN
    may_change = may(request.user, Permission.CHANGE_POLICY)
    wrote = any(author.pk == request.user.pk for author in view.authors)
    not_second = next((told for person, told in view.not_second if person.pk == request.user.pk), "")
    shown = {
        "view": view,
        "draft": found,
        "form": form or DefaultsForm(initial=initial),
        "problem": problem,
        "choices": ACTIONS,
        "may_change": may_change and found.worked_on,
        "may_review": may_change and not wrote and not not_second and found.state == PolicyDraft.State.IN_REVIEW,
        "not_second": not_second,
        "may_try": may(request.user, Permission.INVESTIGATE) and found.worked_on,
        "wrote": wrote,
        "lists_left": max(0, len(view.list_changes) - most),
        "list_changes": view.list_changes[:most],
    }
    return render(request, "policies/draft.html", shown, status=status)
