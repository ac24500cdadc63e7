"""Reads what a bundle holds of calls: body, verdict, what memory counted, and all it was judged by; one by one."""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from guardrail.evidence.archive import BundleError, Part
from guardrail.models import LateFinding, Orchestrator, Transcript, Verdict
from guardrail.packing import NotOpened, unpack
from guardrail.replay.stored import load_stored
from policies.load import NoRuleset, load_document
from policies.models import PolicyVersion, RulesetState
from policies.services.states import load_members
from policies.states import digest_of_bytes, encode_member, encode_state, state_of

log = structlog.get_logger(__name__)

# Calls of one bundle; a case of more is told by its worst and newest.
MOST_CALLS = 500
_LEFT_OUT = frozenset({"traces"})


@dataclass(kw_only=True, slots=True)
class Collecting:
    """What the calls collected so far need beside them: `told` lists them for the manifest."""

    told: list[dict[str, Any]] = field(default_factory=list)
    states: set[str] = field(default_factory=set)
    # what no state was kept for is judged by these versions with the lists of today
    by_number: dict[int, str] = field(default_factory=dict)
    versions: set[int] = field(default_factory=set)


def parts_of_calls(ids: Sequence[uuid.UUID], collecting: Collecting) -> Iterator[Part]:
    """The calls, oldest first, then what they were judged by and the policy versions. About five queries a call."""
    slugs = dict(Orchestrator.objects.values_list("pk", "slug"))
    written: set[str] = set()
    for number, pk in enumerate(sorted(ids), start=1):
        verdict = Verdict.objects.filter(pk=pk).first()
        if verdict is None:
            continue
        folder = f"calls/{number:04}"
        body = _load_body(pk)
        yield Part(name=f"{folder}/body", content=body or b"")
        state, exact, fresh = _state_of(verdict, collecting, written)
        yield from fresh
        collecting.versions.add(verdict.policy_version)
        row = _row(verdict, orchestrator=slugs.get(verdict.orchestrator_id, ""), kept=body is not None)
        yield Part(name=f"{folder}/verdict.json", content=as_json({**row, "state": state, "state_is_exact": exact}))
        collecting.told.append({"verdict": str(pk), "folder": folder, "received_at": verdict.received_at.isoformat()})
    yield from _versions(collecting)


def as_json(value: Any) -> bytes:
    """JSON of ours, with times and ids as text."""
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace")


def _row(verdict: Verdict, *, orchestrator: str, kept: bool) -> dict[str, Any]:
    columns = {name: getattr(verdict, name) for name in _columns() if name not in _LEFT_OUT}
    (stored,) = load_stored([verdict], with_calls=False, with_volume=True)
    late = LateFinding.objects.filter(pk=verdict.pk).values().first() if verdict.deferred else None
    return {
        "columns": {**columns, "received_at": verdict.received_at.isoformat()},
        "orchestrator": orchestrator,
        "body_is_kept": kept,
        "calls_this_hour": stored.calls_this_hour,
        "found_late": late,
    }


def _columns() -> list[str]:
    return [column.attname for column in Verdict._meta.concrete_fields]


def _load_body(pk: uuid.UUID) -> bytes | None:
    packed = Transcript.objects.filter(pk=pk).values_list("body_zstd", flat=True).first()
    try:
        return None if packed is None else unpack(bytes(packed), verdict_id=pk)
    except NotOpened as error:
        if error.key_id:
            # a key that is lost must not keep the rest of a case from being taken out
            log.warning("transcript.not_opened", verdict_id=str(pk), key_id=error.key_id)
            return None
        raise BundleError(f"call `{pk}` cannot be taken out: {error}") from None


def _state_of(verdict: Verdict, collecting: Collecting, written: set[str]) -> tuple[str, bool, list[Part]]:
    """The digest of what it was judged by, whether that is exact, and the entries that are not written yet."""
    state, number = verdict.ruleset_state, verdict.policy_version
    if state in collecting.states:
        return state, True, []
    members = RulesetState.objects.filter(pk=state).values_list("members", flat=True).first() if state else None
    if members is not None:
        collecting.states.add(state)
        return state, True, _members(members, load_members(members), written)
    if not number:
        # no policy had been published when it came: the built-in fail posture answered
        return "", not state, []
    if number in collecting.by_number:
        return collecting.by_number[number], False, []
    try:
        document = load_document(number=number)
    except NoRuleset:
        return "", False, []
    contents = {name: encode_member(name, member) for name, member in document.items()}
    digests = {name: digest_of_bytes(content) for name, content in contents.items()}
    collecting.by_number[number] = state_of(digests)
    by_digest = {digests[name]: content for name, content in contents.items()}
    return state_of(digests), False, _members(digests, by_digest, written)


def _members(digests: dict[str, str], contents: dict[str, bytes], written: set[str]) -> list[Part]:
    """A state and those of its members that are not in the bundle yet, each called by its digest."""
    parts = []
    for digest in sorted(set(digests.values()) - written):
        if digest not in contents:
            raise BundleError(f"a part of what calls were judged by is gone, `{digest[:12]}`")
        parts.append(Part(name=f"members/{digest}.json", content=contents[digest]))
        written.add(digest)
    content = encode_state(digests)
    name = f"states/{digest_of_bytes(content)}.json"
    if name not in written:
        written.add(name)
        parts.append(Part(name=name, content=content))
    return parts


def _versions(collecting: Collecting) -> Iterator[Part]:
    related = ("published_by", "reviewer")
    found = PolicyVersion.objects.filter(number__in=collecting.versions).select_related(*related).order_by("number")
    for version in found:
        told = {
            "number": version.number,
            "title": version.title,
            "reason": version.reason,
            "authors": version.authors,
            "reviewer": version.reviewer.get_username() if version.reviewer else None,
            "published_at": _moment(version.published_at),
            "published_by": version.published_by.get_username() if version.published_by else None,
            "digest": version.digest,
            "document": version.document,
        }
        yield Part(name=f"versions/{version.number}.json", content=as_json(told))


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
