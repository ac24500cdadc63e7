"""Asks the search: a page of calls by key, newest first, within a time."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from guardrail.models import SearchEntry, Verdict
from guardrail.queries import BRIEF
from guardrail.search.query import OUTCOMES, SEVERITIES, Field, Query
from guardrail.verdict_id import floor_id
from policies.models import Agent

PAGE = 50
# Of a name that is the beginning of several agents'.
_MOST_AGENTS = 50
_SECONDS = 3
_TIMED_OUT = "57014"


class TooBroad(RuntimeError):
    """The question took too long to answer; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page. `older` is where the next one begins, None at the end."""

    verdicts: tuple[Verdict, ...]
    older: uuid.UUID | None


def find(query: Query, *, before: uuid.UUID | None = None, most: int = PAGE) -> Found:
    """The newest calls before `before`. Two queries, one more with `agent:`. Raises TooBroad."""
    ids = find_ids(query, before=before, most=most + 1)
    known = Verdict.objects.only(*BRIEF).in_bulk(ids[:most])
    verdicts = tuple(known[pk] for pk in ids[:most] if pk in known)
    return Found(verdicts=verdicts, older=ids[most - 1] if len(ids) > most else None)


def find_ids(query: Query, *, before: uuid.UUID | None, most: int) -> list[uuid.UUID]:
    """The ids of the newest. Raises TooBroad."""
    rows = _matching(query)
    if before:
        rows = rows.filter(id__lt=before)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'")
            return list(rows.order_by("-id").values_list("id", flat=True)[:most])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _TIMED_OUT:
            raise
        raise TooBroad("this takes too long to find, narrow it: add a word, `agent:` or `since:7d`") from error


def _matching(query: Query) -> QuerySet[SearchEntry]:
    rows = SearchEntry.objects.all()
    for field, value in query.fields:
        rows = rows.filter(_condition(field, value))
    if query.since:
        rows = rows.filter(id__gte=floor_id(query.since))
    if query.until:
        rows = rows.filter(id__lt=floor_id(query.until))
    if query.words:
        rows = rows.extra(where=["words @@ %s::tsquery"], params=[_tsquery(query)])
    return rows


def _condition(field: Field, value: str) -> Q:
    match field:
        case Field.AGENT:
            return Q(agent_id__in=list(_agents_called(value)))
        case Field.USER:
            return Q(user_id=value)
        case Field.CONVERSATION:
            return Q(conversation_id=value)
        case Field.TOOL:
            return Q(tool=value) | Q(tool_name=value)
        case Field.DESTINATION:
            return Q(destination=value) | Q(host=value)
        case Field.RULE:
            return Q(rule=value)
        case Field.OUTCOME:
            return Q(would_have__in=OUTCOMES[value])
        case Field.SEVERITY:
            return Q(severity__gte=SEVERITIES[value])
        case Field.POLICY:
            return Q(policy_version=int(value))
        case _:
            raise AssertionError(f"`{field.value}` is no column")


def _agents_called(name: str) -> Iterator[str]:
    """The id itself, and those whose name begins so."""
    yield name
    named = Agent.objects.filter(name__istartswith=name).order_by("pk")
    yield from named.values_list("agent_id", flat=True)[:_MOST_AGENTS]


def _tsquery(query: Query) -> str:
    return " & ".join(f"{_quoted(word.rstrip('*'))}{':*' if word.endswith('*') else ''}" for word in query.words)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
