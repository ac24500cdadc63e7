"""Takes out of calls what they said: transcripts, quotes, reasons, words of the search. Who may is asked elsewhere.

The decision stays: when, which agent and tool, what was found and decided by which policy, and the hashes memory knows.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from guardrail.memory import people
from guardrail.models import (
    EntityDay,
    FeedEntry,
    LateFinding,
    PendingSearch,
    PendingValidation,
    SearchEntry,
    Transcript,
    Verdict,
)
from guardrail.search.days import Kind
from guardrail.search.indexing import rewrite_words
from guardrail.traces import unpacked
from guardrail.verdict_id import floor_id
from policies.models import DocumentQuote

ERASED = "What this call said was erased."
# Facts that name a rule or a kind, and nobody.
_FACTS = frozenset({"tool_kind", "destination_standing", "data_class", "signature", "lifted_by", "rule_title"})
_PLACES = ("source", "path", "start", "end", "mark")
_ORIGIN = ("argument", "kind", "source", "path", "start", "end", "standing", "data_class")


def erase_texts(ids: Sequence[uuid.UUID], *, whose: str = "", alias: str = "") -> int:
    """Erase what these calls said; `whose` is in their record under `alias` from then on. Returns how many transcripts.

    Needs a transaction. Whoever reads one of them into the search, or judges it in full, is waited for: what they write
    is erased, too. Safe to run twice.
    """
    for queue in (PendingSearch.objects, PendingValidation.objects):
        list(queue.select_for_update().filter(pk__in=ids).order_by("pk"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL guardrail.doing = 'erasing'")
    spelt = {whose}
    for row in Verdict.objects.select_for_update().filter(pk__in=ids).order_by("pk"):
        if whose and row.user_id.lower() == whose.lower():
            spelt.add(row.user_id)
            _forget_habits(row)
        named = {name: _renamed(getattr(row, name), whose, alias) for name in ("user_id", "destination")}
        Verdict.objects.filter(pk=row.pk).update(**named, documents=[], **_without_texts(row))
    for late in LateFinding.objects.filter(pk__in=ids):
        LateFinding.objects.filter(pk=late.pk).update(**_without_texts(late))
    _, by_model = Transcript.objects.filter(pk__in=ids).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL guardrail.doing = ''")
    if whose:
        SearchEntry.objects.filter(pk__in=ids, user_id__iexact=whose).update(user_id=alias)
        SearchEntry.objects.filter(pk__in=ids, destination__iexact=whose).update(destination=alias)
        DocumentQuote.objects.filter(verdict_id__in=ids, user_id__iexact=whose).update(user_id=alias)
        EntityDay.objects.filter(
            kind__in=(Kind.USER.value, Kind.DESTINATION.value), key__in={*spelt, whose.lower()}
        ).delete()
    rewrite_words(ids)
    return by_model.get(Transcript._meta.label, 0)


def drop_calls(ids: Sequence[uuid.UUID]) -> int:
    """Drop whole calls, their record included; returns how many. Needs a transaction. Safe to run twice."""
    for queue in (PendingSearch.objects, PendingValidation.objects):
        queue.filter(pk__in=ids).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL guardrail.doing = 'dropping'")
    SearchEntry.objects.filter(pk__in=ids).delete()
    FeedEntry.objects.filter(pk__in=ids).delete()
    LateFinding.objects.filter(pk__in=ids).delete()
    Transcript.objects.filter(pk__in=ids).delete()
    gone, _ = Verdict.objects.filter(pk__in=ids).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL guardrail.doing = ''")
    return gone


def of_environment(environment_id: str, *, before: datetime, with_transcripts: bool) -> QuerySet[Verdict, uuid.UUID]:
    """The ids of an environment's calls that came before, the oldest first; only those with a transcript, or all."""
    rows = Verdict.objects.filter(environment_id=environment_id, pk__lt=floor_id(before)).order_by("pk")
    if with_transcripts:
        rows = rows.extra(where=["EXISTS (SELECT 1 FROM guardrail_transcript t WHERE t.id = guardrail_verdict.id)"])
    return rows.values_list("pk", flat=True)


def _forget_habits(verdict: Verdict) -> None:
    traces = unpacked(bytes(verdict.traces)) if verdict.traces else None
    if traces is not None:
        transaction.on_commit(lambda: people.forget(traces))


def _without_texts(judged: Verdict | LateFinding) -> dict[str, Any]:
    return {
        "reason": ERASED if judged.reason else "",
        "signals": list(map(_bare, judged.signals)),
        "origins": [
            {name: origin[name] for name in _ORIGIN if name in origin} | {"value": ""} for origin in judged.origins
        ],
    }


def _bare(signal: Mapping[str, Any]) -> dict[str, Any]:
    evidence = [
        {**{name: item[name] for name in _PLACES if name in item}, "quote": "", "note": ""}
        for item in signal.get("evidence", ())
    ]
    facts = [fact for fact in signal.get("facts", ()) if fact and str(fact[0]) in _FACTS]
    return {
        **signal,
        "reason": ERASED,
        "evidence": evidence,
        "facts": facts,
        "would_pass_if": [],
        "would_be_held_if": [],
    }


def _renamed(value: str, whose: str, alias: str) -> str:
    return alias if whose and value.lower() == whose.lower() else value
