"""Trying which classes of data a text or a path would be found to be of, by what judges calls. Pure.

Everything counts here, also of a class that may leave; time is bounded like that of a call.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from guardrail.case import Case, open_case
from guardrail.data_classes import find_classes, hits_in
from guardrail.detectors import fingerprints
from guardrail.invocation import Argument, Invocation, Past, Tool
from guardrail.leaving import outgoing
from guardrail.marked import find_marked
from guardrail.text.budget import Budget
from guardrail.text.keys import find_secrets
from guardrail.text.personal import find_numbers, kind_of
from policies.recognition.kinds import KEYS
from policies.ruleset import compile_ruleset
from policies.signal import Evidence

_BODY, _PLACE = "body", "attachment"
_MOST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One reason for a class. `short` = more different ones are needed; `spans` are offsets in the text.

    `quote` is what was found first; `in_place` = in the path, not in the text.
    """

    data_class: str
    why: str
    quote: str
    short: str = ""
    in_place: bool = False
    spans: tuple[tuple[int, int], ...] = ()


def try_text(text: str, place: str, members: Mapping[str, Any], *, budget: Budget) -> list[Found]:
    """What is found; `members` are those of a ruleset document that `policies.load.load_recognition` gives."""
    entries = [{**entry, "may_leave": False} for entry in members["data_classes"]]
    ruleset = compile_ruleset({**members, "data_classes": entries})
    arguments = (
        Argument(path="to", value="somebody@elsewhere.example"),
        Argument(path=_BODY, value=text),
        Argument(path=_PLACE, value=place),
    )
    call = Invocation(
        orchestrator="trial",
        agent_id="",
        tool=Tool(tool_id="send_email", name="send_email"),
        arguments=arguments,
        arguments_json="{}",
        step_key="",
    )
    case = open_case(call, Past(), ruleset, budget, ())
    found = [*_by_recognition(case, text), *_by_marks(case), *_by_kinds(case, text), *_by_documents(case)]
    known = {entry["name"]: number for number, entry in enumerate(entries)}
    return sorted(found, key=lambda one: -known.get(one.data_class, len(known)))[:_MOST]


def _by_recognition(case: Case, text: str) -> Iterator[Found]:
    groups: dict[tuple[str, str, int], list[tuple[int, int]]] = {}
    for hit in hits_in(text, case.ruleset.recognition, case.budget.spent):
        groups.setdefault((hit.data_class, hit.how, hit.fewest), []).append((hit.start, hit.end))
    for (data_class, how, fewest), spans in groups.items():
        different = len({text[start:end].lower() for start, end in spans})
        yield Found(
            data_class=data_class,
            why=how,
            quote=text[slice(*spans[0])],
            short=f"{different} of {fewest} different ones needed" if different < fewest else "",
            spans=tuple(spans),
        )
    for one in find_classes(case):
        if one.evidence.path == _PLACE:
            yield _told(one.data_class, one.why, one.evidence)


def _by_marks(case: Case) -> Iterator[Found]:
    told: set[str] = set()
    for one in find_marked(case, outgoing(case), lambda _: True):
        if one.why not in told:
            told.add(one.why)
            yield _told(case.ruleset.known_class(one.data_class) or one.data_class, one.why, one.evidence)


def _by_kinds(case: Case, text: str) -> Iterator[Found]:
    kinds = case.ruleset.recognition.kinds
    if not kinds:
        return
    numbers = ((kind_of(what), what, start, end) for what, start, end in find_numbers(text))
    keys = ((KEYS, what, start, end) for what, start, end in find_secrets(text))
    for kind, what, start, end in (*keys, *numbers):
        if kind in kinds:
            quote = f"{text[start:end][:4]}…"
            yield Found(data_class=kinds[kind], why=what, quote=quote, spans=((start, end),))


def _by_documents(case: Case) -> Iterable[Found]:
    for signal in fingerprints.detect(case):
        why = f"{signal.fact('share')} of the text of `{signal.fact('document')}`"
        yield _told(signal.fact("data_class"), why, signal.evidence[0])


def _told(data_class: str, why: str, evidence: Evidence) -> Found:
    whole = evidence.source == "argument" and evidence.path == _BODY and evidence.end > evidence.start
    return Found(
        data_class=data_class,
        why=why,
        quote=evidence.quote,
        in_place=evidence.path == _PLACE,
        spans=((evidence.start, evidence.end),) if whole else (),
    )
