"""Asks the search: a page of calls by key, newest first, within a time."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import OperationalError, connections, transaction
from django.db.models import Q, QuerySet

from guardrail.kept import Person, for_eyes
from guardrail.models import SearchEntry, Verdict
from guardrail.queries import BRIEF
from guardrail.search.kept_words import sought
from guardrail.search.query import OUTCOMES, SEVERITIES, Field, Query, QueryError, field_word
from guardrail.verdict_id import floor_id
from policies.models import Agent

PAGE = 50
# Of a name that is the beginning of several agents'.
_MOST_AGENTS = 50
_SECONDS = 3
# The newest calls that are looked at one by one: what many calls have is found among them. What too few of them have
# is looked up in the index of words, which knows no order: it took 50 ms where looking on took 1.8 s (2026-11).
_LOOKED_THROUGH = 20_000
_TIMED_OUT = "57014"
# Fields of few values: an index of their own would be a scan.
_WORDED = frozenset({Field.OUTCOME, Field.SEVERITY, Field.POLICY})


class TooBroad(RuntimeError):
    """The question took too long to answer; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A page. `older` is where the next one begins, None at the end."""

    verdicts: tuple[Verdict, ...]
    older: uuid.UUID | None


def find(query: Query, *, person: Person, before: uuid.UUID | None = None, most: int = PAGE) -> Found:
    """The newest calls before `before` that are for the person. Two queries, one more by agent. Raises TooBroad."""
    ids = find_ids(query, person=person, before=before, most=most + 1)
    known = Verdict.objects.only(*BRIEF).in_bulk(ids[:most])
    verdicts = tuple(known[pk] for pk in ids[:most] if pk in known)
    return Found(verdicts=verdicts, older=ids[most - 1] if len(ids) > most else None)


def find_ids(query: Query, *, person: Person, before: uuid.UUID | None, most: int) -> list[uuid.UUID]:
    """The ids of the newest. Raises TooBroad, and QueryError for words that are not kept."""
    entries = for_eyes(SearchEntry.objects.all(), person).order_by("-id")
    if before:
        entries = entries.filter(id__lt=before)
    rows, lexemes = _matching(entries, query), _tsquery(query)
    try:
        # pages may read from a replica, programs and tasks do not
        with transaction.atomic(using=rows.db):
            with connections[rows.db].cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'")
            if not lexemes:
                return list(rows.values_list("id", flat=True)[:most])
            return _find_by_words(entries, rows, lexemes, most=most)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _TIMED_OUT:
            raise
        raise TooBroad("this takes too long to find, narrow it: add a word, `agent:` or `since:7d`") from error


def entries_with_word(word: str) -> QuerySet[SearchEntry, uuid.UUID]:
    """The ids of the calls with this whole word, whoever may see them. Nothing where words are not kept."""
    try:
        lexemes = " | ".join(map(_lexeme, sought(word)))
    except QueryError:
        return SearchEntry.objects.none().values_list("pk", flat=True)
    return SearchEntry.objects.extra(where=["words @@ %s::tsquery"], params=[lexemes]).values_list("pk", flat=True)


def _find_by_words(
    entries: QuerySet[SearchEntry], rows: QuerySet[SearchEntry], lexemes: str, *, most: int
) -> list[uuid.UUID]:
    worded = rows.extra(where=["words @@ %s::tsquery"], params=[lexemes])
    floor = entries.values_list("id", flat=True)[_LOOKED_THROUGH : _LOOKED_THROUGH + 1].first()
    newest = list((worded.filter(id__gte=floor) if floor else worded).values_list("id", flat=True)[:most])
    if floor is None or len(newest) >= most:
        return newest
    # unordered and by itself, so that the index of words is used, whatever the planner expects of the order
    inner, parameters = worded.order_by().values("id").query.sql_with_params()
    with connections[rows.db].cursor() as cursor:
        cursor.execute(
            f"WITH hit AS MATERIALIZED ({inner}) SELECT id FROM hit ORDER BY id DESC LIMIT %s",  # noqa: S608 of Django
            [*parameters, most],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _matching(rows: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
    for field, value in query.fields:
        if field not in _WORDED:
            rows = rows.filter(_condition(field, value))
    if query.since:
        rows = rows.filter(id__gte=floor_id(query.since))
    if query.until:
        rows = rows.filter(id__lt=floor_id(query.until))
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
        case _:
            raise AssertionError(f"`{field.value}` is no column")


def _agents_called(name: str) -> Iterator[str]:
    """The id itself, and those whose name begins so."""
    yield name
    named = Agent.objects.filter(name__istartswith=name).order_by("pk")
    yield from named.values_list("agent_id", flat=True)[:_MOST_AGENTS]


def _tsquery(query: Query) -> str:
    """Words, and the fields that are kept as words; empty where none is asked for."""
    parts = ["(" + " | ".join(map(_lexeme, sought(word))) + ")" for word in query.words]
    for field, value in query.fields:
        if field in _WORDED:
            parts.append("(" + " | ".join(_quoted(field_word(field, one)) for one in _values(field, value)) + ")")
    return " & ".join(parts)


def _lexeme(word: str) -> str:
    return f"{_quoted(word.rstrip('*'))}{':*' if word.endswith('*') else ''}"


def _values(field: Field, value: str) -> Iterator[str]:
    if field is Field.OUTCOME:
        yield from OUTCOMES[value]
    elif field is Field.SEVERITY:
        yield from (str(level) for level in SEVERITIES.values() if level >= SEVERITIES[value])
    else:
        yield value


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
