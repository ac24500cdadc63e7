"""Every address that takes a form, and every service that asks for a permission, leads to the audit trail.

By the source: from each function, all functions it names are followed. So a new form whose service writes nothing into
the trail fails here, without anybody having to send it. What may go without a line is listed, each with its reason.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
APPS = ("policies", "guardrail", "investigations")
RECORDS = frozenset({("policies.audit", "record"), ("policies.audit", "append")})
# A row of its own, of which the worker makes a line.
OPENINGS = frozenset({("guardrail.opened", "note_opened"), ("guardrail.opened", "note_read")})
TRANSCRIPTS = ("guardrail.models", "Transcript")

# Addresses that take a form and leave no line.
_CALLS = "what agents ask is kept as a verdict with its transcript, which nobody can change"
FORMS_WITHOUT = {
    "<slug:slug>/validate": "says whether we are ready, and keeps nothing",
    "<slug:slug>/analyze-tool-execution": _CALLS,
    "v1/evaluate": _CALLS,
    "v1/knowledge-events": "edits are told by a machine and kept as edits, in a table of their own",
    "queue/views/<int:pk>/first/": "which view one's own queue opens with",
    "agents/import/": "an upload changes nothing until somebody takes it over, which has a line",
    "agents/import/<int:pk>/drop/": "what was uploaded and never taken over is gone again",
    "policies/classes/try/": "a text is classified and forgotten",
    "opinions/<int:pk>/try/": "asks another engine about a made-up call and keeps nothing",
}
# Functions that ask for a permission and leave no line.
SERVICES_WITHOUT = {
    "policies.services.agent_import.keep_import": "nothing changes before somebody takes the upload over",
    "policies.services.agent_import.drop_import": "nothing changes before somebody takes the upload over",
    "policies.services.classes.lock_class": "only locks, for those that change",
    "policies.services.drafts.lock_draft": "only locks, for those that change",
    "investigations.erasing.preview": "counts what erasing would come to; the erasure has a line for each batch",
    "investigations.bulk.ask": "a bulk action that has not begun changes nothing; its beginning has a line",
}
# Pages that read transcripts and do not note who opened them.
_TAKEN_OUT = "taking out as evidence has a line of its own, with its reason"
_DRAFTS = "a draft is tried on stored calls: the page says which would be stopped, not what stands in them"
_DECIDED = "names, addresses and what was decided, as in lists of calls; nothing that was said"
VIEWS_WITHOUT = {
    "verdicts/<uuid:pk>/evidence/": _TAKEN_OUT,
    "privacy/erase/": "deletes transcripts, and shows nothing of them",
    "investigations/<int:pk>/evidence/": _TAKEN_OUT,
    "verdicts/<uuid:pk>/allow/": _DECIDED,
    "verdicts/<uuid:pk>/rejudge/": _DECIDED,
    "verdicts/<uuid:pk>/rule/": _DECIDED,
    "agents/<int:pk>/charter/": "names of tools and destinations an agent used, counted",
    "policies/impact/": _DRAFTS,
    "policies/drafts/new/": _DRAFTS,
    "policies/drafts/<int:pk>/": _DRAFTS,
    "policies/drafts/<int:pk>/impact/": _DRAFTS,
    "policies/drafts/<int:pk>/rules/": _DRAFTS,
    "policies/drafts/<int:pk>/rules/<str:name>/": _DRAFTS,
    "policies/drafts/<int:pk>/save/": _DRAFTS,
    "policies/drafts/<int:pk>/apply/": _DRAFTS,
    "policies/drafts/<int:pk>/update/": _DRAFTS,
    "policies/drafts/<int:pk>/discard/": _DRAFTS,
    "policies/drafts/<int:pk>/review/": _DRAFTS,
    "policies/drafts/<int:pk>/approve/": _DRAFTS,
    "policies/drafts/<int:pk>/return/": _DRAFTS,
    "policies/drafts/<int:pk>/publish/": _DRAFTS,
}

Function = tuple[str, str]


@cache
def _modules() -> dict[str, ast.Module]:
    found = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                found[name] = ast.parse(path.read_text())
    return found


@cache
def _names(module: str) -> dict[str, Function]:
    """What each name of a module means: a function, class or value of it or of another, or a module (empty name)."""
    meaning: dict[str, Function] = {}
    for node in ast.walk(_modules()[module]):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in APPS:
            for one in node.names:
                inner = f"{node.module}.{one.name}"
                meaning[one.asname or one.name] = (inner, "") if inner in _modules() else (node.module, one.name)
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name in _modules():
                    meaning[one.asname or one.name] = (one.name, "")
    for name in _parts(module):
        meaning[name] = (module, name)
    return meaning


@cache
def _parts(module: str) -> dict[str, ast.AST]:
    """Functions, classes and values of a module by their names."""
    found: dict[str, ast.AST] = {}
    for node in _modules()[module].body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update({target.id: node.value for target in node.targets if isinstance(target, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    return found


@cache
def _named_by(function: Function) -> frozenset[Function]:
    """What a function names: it may call any of these."""
    module, name = function
    if module not in _modules():
        return frozenset()
    part = _parts(module).get(name)
    if part is None:
        # a name this module only passes on
        return frozenset({_names(module)[name]} - {function}) if name in _names(module) else frozenset()
    found: set[Function] = set()
    for node in ast.walk(part):
        if isinstance(node, ast.Name) and node.id in _names(module):
            found.add(_names(module)[node.id])
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, inner = _names(module).get(node.value.id, ("", ""))
            if owner and not inner:
                found.add((owner, node.attr))
    return frozenset(one for one in found if one[1] and one[0] in _modules())


@cache
def _reached(function: Function) -> frozenset[Function]:
    seen, waiting = {function}, [function]
    while waiting:
        fresh = _named_by(waiting.pop()) - seen
        seen |= fresh
        waiting += fresh
    return frozenset(seen)


def _addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Function]]:
    """Each address with its view."""
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _addresses(one, route)
        elif isinstance(one, URLPattern):
            view = getattr(one.callback, "view_class", None) or getattr(one.callback, "cls", None) or one.callback
            yield route, (view.__module__, view.__qualname__)


def _takes_forms(view: Function) -> bool:
    """Whether a view takes POST: it says so, or nobody of ours wrote it."""
    module, name = view
    # of a view that a function makes, that function
    outer, _, inner = name.partition(".<locals>.")
    part = _parts(module).get(outer) if module in _modules() else None
    if part is not None and inner:
        part = next(one for one in ast.walk(part) if isinstance(one, ast.FunctionDef) and one.name == inner)
    if isinstance(part, ast.FunctionDef):
        said = " ".join(ast.unparse(one) for one in part.decorator_list)
        return "require_POST" in said or "POST" in said or not ("require_GET" in said or "require_safe" in said)
    if isinstance(part, ast.ClassDef):
        return any(isinstance(one, ast.FunctionDef) and one.name == "post" for one in part.body)
    found = getattr(import_module(module), name)
    return not isinstance(found, type) or hasattr(found, "post")


def _forms() -> list[tuple[str, Function]]:
    return [(route, view) for route, view in _addresses() if _takes_forms(view)]


def _services() -> list[Function]:
    """Public functions outside of pages that ask whether somebody may, by themselves or by helpers of their module."""
    return [
        (module, name)
        for module in _modules()
        if ".views." not in module and module != "policies.access"
        for name, part in _parts(module).items()
        if isinstance(part, ast.FunctionDef) and not name.startswith("_") and _asks((module, name))
    ]


def _asks(function: Function) -> bool:
    seen, waiting = {function}, [function]
    while waiting:
        named = _named_by(waiting.pop())
        if ("policies.access", "require") in named:
            return True
        fresh = {one for one in named if one[0] == function[0] and one[1].startswith("_")} - seen
        seen |= fresh
        waiting += fresh
    return False


def test_it_finds_the_forms_and_services() -> None:
    assert len(_forms()) > 100
    assert len(_services()) > 60
    assert ("guardrail.api_tokens", "revoke_token") in _services()


def test_every_form_leaves_a_line() -> None:
    without = {route for route, view in _forms() if not _reached(view) & RECORDS}
    assert without == set(FORMS_WITHOUT)


def test_every_service_that_asks_for_a_permission_leaves_a_line() -> None:
    without = {".".join(service) for service in _services() if not _reached(service) & RECORDS}
    assert without == set(SERVICES_WITHOUT)


def test_every_page_with_a_transcript_leaves_a_line_of_who_opened_it() -> None:
    without = {
        route
        for route, view in _addresses()
        if TRANSCRIPTS in _reached(view) and not _reached(view) & OPENINGS and route not in FORMS_WITHOUT
    }
    assert without == set(VIEWS_WITHOUT)


@pytest.mark.parametrize("listed", [FORMS_WITHOUT, SERVICES_WITHOUT, VIEWS_WITHOUT])
def test_every_exception_has_a_reason(listed: dict[str, str]) -> None:
    assert all(len(reason) > 20 for reason in listed.values())
