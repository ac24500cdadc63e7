"""One rule of a draft: its condition as rows or as an expression, what it does, its test cases, and how it fared."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guardrail.rule_tests import KEEP_SECONDS, Checked, check_rule, key_of, sample_newest
from investigations.models import RuleUse
from investigations.rule_completions import load_completions
from investigations.rule_forms import RuleForm, initial_of
from investigations.rule_from_call import NotReadable, draft_rule_from
from investigations.rule_inputs import (
    CaseInput,
    ConditionInput,
    cases_of,
    cases_posted,
    condition_of,
    condition_posted,
    takes_path,
    with_an_operator,
)
from investigations.rule_not_done import SHOWN_DAYS, load_missed
from policies.access import Permission, actor_of, may, require
from policies.expressions.vocabulary import FIELDS
from policies.load import NoRuleset
from policies.models import PolicyDraft
from policies.rule_rows import MOST_ROWS, Row, Takes, operators_of
from policies.rules import Rule, RuleError, compile_rule
from policies.services.drafts import DraftConflict, DraftError, save_rule

# Longer ones are refused on the way to us; the page then offers no preview.
_LONGEST_ADDRESS = 7_000
_FIRST_ROW = Row(field="tool.kind", operator="is")


@dataclass(slots=True)
class Editing:
    """The page as somebody is filling it in. `checked` are the test cases of what is saved, in their order.

    `entry` is the rule as it is stored, or as it was `tried` without being saved, and how that went.
    """

    draft: PolicyDraft
    name: str
    form: RuleForm
    condition: ConditionInput
    cases: list[CaseInput]
    revision: int
    checked: tuple[Checked, ...] = ()
    conflict: DraftConflict | None = None
    error: str = ""
    entry: Mapping[str, Any] = field(default_factory=dict)
    tried: str = ""


@require_http_methods(["GET", "POST"])
@never_cache
def policy_rule(request: HttpRequest, pk: int, name: str = "") -> HttpResponse:
    """Edit one rule of a draft; without a name, write a new one."""
    draft = get_object_or_404(PolicyDraft, pk=pk)
    entry = _entry(draft, name)
    if request.method == "GET":
        if entry is None:
            raise Http404(f"the draft has no rule `{name}`")
        return _page(request, _stored(draft, name, entry))
    require(request.user, Permission.CHANGE_POLICY)
    # somebody may have taken the rule out meanwhile: what is typed here must not be lost to that
    entry = entry or {}
    editing = _posted(request, draft, name)
    do = request.POST.get("do", "save")
    if do == "try":
        return _try(request, editing, entry)
    if do != "save":
        _change(editing, do)
        return _page(request, editing)
    return _save(request, editing, entry)


@require_POST
def policy_rule_remove(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Take a rule out of a draft."""
    draft = get_object_or_404(PolicyDraft, pk=pk)
    try:
        save_rule(draft.pk, name=name, entry=None, revision=_revision(request), actor=actor_of(request))
    except DraftError as error:
        messages.error(request, f"Nothing was removed: {error}.")
    else:
        messages.success(
            request, f"The rule `{name}` is out of this draft. It stays in force until a version without it is."
        )
    return redirect("policy_draft", pk)


@require_POST
def policy_rule_from_verdict(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Open a draft with a rule made from one stored call."""
    require(request.user, Permission.CHANGE_POLICY)
    try:
        draft, name = draft_rule_from(pk, actor=actor_of(request))
    except (NotReadable, DraftError, NoRuleset) as error:
        messages.error(request, f"No rule was made: {error}.")
        return redirect("verdict", pk)
    messages.success(
        request, "A draft with a rule that matches this call. Take out what is too narrow, choose what it does."
    )
    return redirect("policy_rule", draft.pk, name)


@require_GET
@never_cache
def policy_completions(request: HttpRequest) -> HttpResponse:
    """What `?field=` was seen to be, beginning with what is typed into the row that asks."""
    name = request.GET.get("field", "")
    typed = next((key for key in request.GET if key.startswith("row-") and key.endswith("-value")), "")
    begun = request.GET.get(typed, "").replace("\x00", "").rpartition(",")[2]
    found = load_completions([name], person=request.user, begun=begun)
    return render(request, "investigations/_completions.html", {"values": found.get(name, [])})


def _entry(draft: PolicyDraft, name: str) -> Mapping[str, Any] | None:
    """The rule as the draft has it now, empty for a new one; None where the draft has none of that name."""
    if not name:
        return {}
    found = next((rule for rule in draft.document.get("rules") or () if rule.get("name") == name), None)
    return None if found is None else dict(found)


def _stored(draft: PolicyDraft, name: str, entry: Mapping[str, Any]) -> Editing:
    initial = initial_of(entry or {"then": "hold", "stage": "monitor"})
    condition = condition_of(str(entry.get("when") or ""))
    if not name:
        condition.rows.append(_FIRST_ROW)
    return Editing(
        draft=draft,
        name=name,
        form=RuleForm(initial=initial),
        condition=condition,
        cases=cases_of(entry.get("tests") or ()),
        revision=draft.revision,
        checked=_load_checked(entry),
        entry=entry,
    )


def _posted(request: HttpRequest, draft: PolicyDraft, name: str) -> Editing:
    return Editing(
        draft=draft,
        name=name,
        form=RuleForm(request.POST),
        condition=condition_posted(request.POST),
        cases=cases_posted(request.POST),
        revision=_revision(request),
    )


def _revision(request: HttpRequest) -> int:
    """The revision the editor began from; 0, which no draft has, where the form names none."""
    sent = request.POST.get("revision", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0


def _change(editing: Editing, do: str) -> None:
    """What the buttons beside Save do; nothing is saved, and nothing anybody typed is lost."""
    condition = editing.condition
    what, _, number = do.rpartition("-")
    at = int(number) if number.isdecimal() and len(number) < 4 else -1
    if do == "add-row" and len(condition.rows) < MOST_ROWS:
        condition.rows.append(_FIRST_ROW)
    elif what == "remove-row" and 0 <= at < len(condition.rows):
        del condition.rows[at]
    elif do == "view-text":
        condition.show_text()
    elif do == "view-rows":
        condition.show_rows()
    elif do == "add-verdict":
        editing.cases.append(CaseInput())
    elif do == "add-sample":
        editing.cases.append(CaseInput(sample=_SAMPLE))
    elif what == "remove-test" and 0 <= at < len(editing.cases):
        del editing.cases[at]
    # what is half filled in is no error yet
    editing.form = RuleForm(initial=dict(editing.form.data.items()))


_SAMPLE = json.dumps(
    {
        "agent": {"id": "an-agent"},
        "tool": {"name": "a_tool", "description": "What it does."},
        "arguments": {},
        "user_message": "What the user asked for.",
    },
    indent=2,
)


def _save(request: HttpRequest, editing: Editing, before: Mapping[str, Any]) -> HttpResponse:
    entry = _read(editing, before)
    if entry is None:
        return _page(request, editing, status=422)
    try:
        draft = save_rule(
            editing.draft.pk, name=editing.name, entry=entry, revision=editing.revision, actor=actor_of(request)
        )
    except DraftConflict as conflict:
        # what is sent next is a decision made in view of theirs
        editing.conflict, editing.revision = conflict, conflict.draft.revision
        return _page(request, editing, status=409)
    except DraftError as error:
        _tell(editing, error, name=str(entry["name"]))
        return _page(request, editing, status=422)
    messages.success(request, f"Saved, revision {draft.revision}. {_sampled(compile_rule(entry))}")
    return redirect("policy_rule", draft.pk, entry["name"])


def _tell(editing: Editing, error: DraftError, *, name: str) -> None:
    """Say why it was refused: at its field where the page has one, else above the form."""
    at_fields = {str(one.path[2]): one.text for one in error.complaints if one.rule == name and len(one.path) > 2}
    if error.field in editing.form.fields:
        at_fields[error.field] = str(error)
    for member, text in at_fields.items():
        editing.form.add_error(member if member in editing.form.fields else None, text)
    if not at_fields:
        editing.error = str(error)


def _try(request: HttpRequest, editing: Editing, before: Mapping[str, Any]) -> HttpResponse:
    """Say what the rule would do as it is filled in, and save nothing."""
    entry = _read(editing, before)
    if entry is None:
        return _page(request, editing, status=422)
    editing.entry, editing.tried, editing.checked = entry, _sampled(compile_rule(entry)), _load_checked(entry)
    return _page(request, editing)


def _read(editing: Editing, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rule as it is filled in; None where something is wrong with it, which the form then says."""
    when = editing.condition.checked()
    known = {str(test.get("verdict")) for test in before.get("tests") or ()}
    tests = [case.entry(known=known) for case in editing.cases]
    if not editing.form.is_valid() or when is None or not all(tests):
        return None
    entry = editing.form.entry(when=when, tests=tests, before=before)
    try:
        compile_rule(entry)
    except RuleError as error:
        editing.form.add_error(error.member if error.member in editing.form.fields else None, str(error))
        return None
    return entry


def _sampled(rule: Rule) -> str:
    """How the rule does on the newest calls, in a sentence."""
    try:
        found = sample_newest(rule)
    except NoRuleset:
        return "No policy is in force, so it was tried on no call."
    if not found.calls:
        return "No call is stored yet to try it on."
    calls = f"the newest {found.calls} calls" if found.calls > 1 else "the newest call"
    return f"It matches {found.matched} of {calls}, and asking took {found.us:.0f} µs a call."


def _load_checked(entry: Mapping[str, Any]) -> tuple[Checked, ...]:
    """Its test cases as they go now, kept until rule or lists change."""
    if not entry.get("tests"):
        return ()
    key = f"rule_tests.{key_of(entry)}"
    found: tuple[Checked, ...] | None = cache.get(key)
    if found is None:
        try:
            found = check_rule(entry)
        except NoRuleset:
            return ()
        cache.set(key, found, KEEP_SECONDS)
    return found


def _page(request: HttpRequest, editing: Editing, *, status: int = 200) -> HttpResponse:
    condition = editing.condition
    completions = load_completions(condition.fields, person=request.user)
    name = editing.name
    return render(
        request,
        "investigations/policy_rule.html",
        {
            "editing": editing,
            "draft": editing.draft,
            "form": editing.form,
            "condition": condition,
            "rows": [_row_shown(row, number, condition) for number, row in enumerate(condition.rows)],
            "fields": FIELDS,
            "completions": [(_list_id(name), values) for name, values in completions.items() if values],
            "cases": _cases_shown(editing),
            "failing": sum(one.fails for one in editing.checked),
            "use": RuleUse.objects.filter(name=name).first() if name else None,
            "missed": load_missed([name] if name else [], now=timezone.now()).get(name, ()),
            "missed_days": SHOWN_DAYS,
            "is_new": not name,
            "may_change": may(request.user, Permission.CHANGE_POLICY) and editing.draft.worked_on,
            "draft_url": reverse("policy_draft", args=[editing.draft.pk]),
            "impact_url": _impact_url(editing),
        },
        status=status,
    )


def _impact_url(editing: Editing) -> str:
    """Where it is said what the rule would have changed had it acted everywhere; empty for one not filled in."""
    if not editing.entry:
        return ""
    acting = {name: value for name, value in editing.entry.items() if name != "tests"} | {"stage": "enforce"}
    asked = urlencode({"rule": json.dumps(acting, separators=(",", ":"), ensure_ascii=False)})
    return f"{reverse('policy_draft_impact', args=[editing.draft.pk])}?{asked}" if len(asked) < _LONGEST_ADDRESS else ""


def _cases_shown(editing: Editing) -> list[tuple[CaseInput, Checked | None]]:
    checked = editing.checked if len(editing.checked) == len(editing.cases) else (None,) * len(editing.cases)
    return list(zip(editing.cases, checked, strict=True))


def _row_shown(row: Row, number: int, condition: ConditionInput) -> dict[str, Any]:
    row = with_an_operator(row)
    operators = operators_of(row.field)
    operator = next((one for one in operators if one.name == row.operator), None)
    return {
        "number": number,
        "row": row,
        "operators": operators,
        "takes_path": takes_path(row),
        "takes_value": operator is None or operator.takes is not Takes.NOTHING,
        "takes_list": operator is not None and operator.takes is Takes.LIST,
        "list_id": _list_id(row.field),
        "errors": {
            part: condition.row_errors[number, part]
            for part in ("field", "path", "operator", "value")
            if (number, part) in condition.row_errors
        },
    }


def _list_id(name: str) -> str:
    return f"seen-{name.replace('.', '-')}"
