"""What an edit of policy would have changed, shown while it is made: a piece for other pages, and a page by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from guardrail import housekeeper
from investigations.impact import DAYS, MOST_DAYS, Impact, load_impact
from investigations.tally import Line, Tally, lines_of, percentile
from investigations.visibility import without_hidden
from policies.access import Permission, require
from policies.load import NoRuleset
from policies.models import PolicyDraft
from policies.ruleset import Ruleset, RulesetError
from policies.trial import trial_policy, trial_ruleset, with_destination, with_entry

LONGEST_EDIT = 20_000
MOST_LINES = 10
SPANS = (1, 7, 30, 90)


class EditError(ValueError):
    """An edit that cannot be tried; the message says what was found and what was wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A tally as tables: the agents, rules and users with the most changes, and latencies in milliseconds."""

    tally: Tally
    agents: tuple[Line, ...]
    rules: tuple[Line, ...]
    users: tuple[Line, ...]
    now_ms: tuple[float, ...]
    then_ms: tuple[float, ...]

    @property
    def tables(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        return (("Agent", self.agents), ("Rule", self.rules), ("User", self.users))


def shown(tally: Tally, *, most: int = MOST_LINES) -> Shown:
    return Shown(
        tally=tally,
        agents=lines_of(tally.by_agent, tally.names, most=most),
        rules=lines_of(tally.by_rule, {}, most=most),
        users=lines_of(tally.by_user, {"": "nobody signed in"}, most=most),
        now_ms=_latencies(tally.now),
        then_ms=_latencies(tally.then),
    )


@require_GET
@never_cache
def draft_impact(request: HttpRequest, pk: int) -> HttpResponse:
    """What a draft would have changed; `?rule=` = that rule of it alone, or its entry as JSON, saved or not."""
    require(request.user, Permission.INVESTIGATE)
    draft = get_object_or_404(PolicyDraft.objects.only("pk", "title", "document"), pk=pk)
    asked = request.GET.get("rule", "")
    if not asked:
        return _answer(request, draft.document, what=f"the draft “{draft.title}”")
    if asked.lstrip().startswith("{"):
        return _answer(request, asked, what="this rule")
    entry = next((rule for rule in draft.document.get("rules") or () if rule.get("name") == asked), None)
    if entry is None:
        raise Http404("the draft has no such rule")
    return _answer(request, json.dumps(entry), what=f"the rule “{entry.get('title') or asked}”")


@require_GET
@never_cache
def edit_impact(request: HttpRequest) -> HttpResponse:
    """What one edit of the policy in force would have changed.

    `?rule=` is a rule's entry as JSON, `?destination=` with `standing=` an entry of the list (`unknown` takes it off),
    `?exception=` an exception's entry as JSON.
    """
    require(request.user, Permission.INVESTIGATE)
    if value := request.GET.get("destination") or request.GET.get("value"):
        standing = request.GET.get("standing", "known")
        return _answer(request, {"destination": value, "standing": standing}, what=f"listing `{value}` as {standing}")
    if request.GET.get("exception"):
        return _answer(request, {"exception": request.GET["exception"]}, what="this exception")
    return _answer(request, request.GET.get("rule", ""), what="this rule")


def _answer(request: HttpRequest, edit: dict[str, Any] | str, *, what: str) -> HttpResponse:
    days = _days(request)
    impact: Impact | None = None
    refused = ""
    try:
        housekeeper.ensure_loaded()
        impact = load_impact(edit, partial(_tried, edit), days=days)
    except (EditError, RulesetError) as error:
        refused = str(error)
    except NoRuleset:
        refused = "no policy is published, so there is nothing to compare with"
    context = {
        "impact": impact,
        "shown": shown(impact.tally) if impact else None,
        "changed": without_hidden(impact.changed, request.user) if impact else (),
        "refused": refused,
        "what": what,
        "days": days,
        "here": request.get_full_path(),
        "spans": [(span, _address(request, span)) for span in SPANS],
    }
    if request.headers.get("HX-Request") == "true":
        # a piece that is swapped in says what is wrong itself: htmx leaves out answers that are errors
        return render(request, "investigations/_impact.html", context)
    return render(request, "investigations/impact.html", context, status=422 if refused else 200)


def _address(request: HttpRequest, span: int) -> str:
    asked = request.GET.copy()
    asked["days"] = str(span)
    return f"{request.path}?{asked.urlencode()}"


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return min(MOST_DAYS, max(1, int(asked))) if asked.isdecimal() and len(asked) < 4 else DAYS


def _tried(edit: dict[str, Any] | str) -> Ruleset:
    """The ruleset with the edit. Raises EditError, RulesetError and NoRuleset."""
    if isinstance(edit, str):
        return trial_ruleset(with_entry("rules", _entry(edit)))
    if "destination" in edit:
        return trial_ruleset(with_destination(edit["destination"], edit["standing"]))
    if "exception" in edit:
        return trial_ruleset(with_entry("exceptions", _entry(edit["exception"])))
    return trial_policy(edit)


def _entry(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_EDIT:
        raise EditError(f"the entry has {len(text)} characters, expected at most {LONGEST_EDIT}")
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        raise EditError("the entry is not JSON, expected one object") from None
    if not isinstance(entry, dict):
        raise EditError("the entry is not an object, expected one")
    return entry


def _latencies(steps: Mapping[str, int]) -> tuple[float, ...]:
    """Median, 95th and 99th percentile; empty where nothing was measured."""
    found = (percentile(steps, share) for share in (0.5, 0.95, 0.99))
    return tuple(ms for ms in found if ms is not None)
