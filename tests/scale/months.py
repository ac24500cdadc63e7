"""Multiplies the calls an instance has into months of them: millions in minutes, as the product would have kept them.

Every row is one of those that are there, under an id, a step and a conversation of its own. Of a transcript's bytes,
which only its first id opens, a few are kept: nothing but its primary key ever finds it, and ten million of them would
take 12 GB. A month is filled without indexes and then attached: building them once takes a fraction.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic

import psycopg
from psycopg import sql

# In the month of now; as many again are spread over the months before.
_HERE = 2
_BEFORE = 5
_AT_ONCE = 2
_TABLES = ("guardrail_verdict", "guardrail_transcript", "guardrail_feedentry", "guardrail_searchentry")
# What differs of each row `n` made at `at`; the rest is as it is in the row it is made from.
_OTHER = {
    "id": "made.id",
    "received_at": "made.at",
    "conversation_id": "CASE base.conversation_id WHEN '' THEN '' ELSE base.conversation_id || '-' || made.n END",
    "step_key": "md5('step' || made.n) || md5(made.id::text)",
    "number": "(extract(epoch FROM made.at) * 1000000)::bigint",
    "body_zstd": "substring(base.body_zstd FROM 1 FOR 64)",
    # a word of some calls, and one of this call alone
    "words": "base.words || array_to_tsvector(ARRAY['seldom' || made.n %% 20000, 'only' || made.n])",
}
_MADE = """
SELECT n, n %% %(bases)s AS place, at, (
    lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
    || '7' || substr(said, 1, 3) || '8' || substr(said, 4, 15)
)::uuid AS id
FROM (
    SELECT n, md5('row' || n) AS said, %(begin)s::timestamptz + (n - %(first)s) * %(apart)s::interval AS at
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
) numbered
"""


def fill_months(dsn: str, *, verdicts: int, now: datetime) -> None:
    """Make `verdicts` more, half of them in this month; nobody may write meanwhile."""
    here = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [here]
    for _ in range(_BEFORE):
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    counts = [verdicts // _HERE, *[verdicts // _HERE // _BEFORE] * _BEFORE]
    firsts = [sum(counts[:place]) for place in range(len(counts))]
    with psycopg.connect(dsn, autocommit=True) as connection:
        for month in months:
            connection.execute("SELECT guardrail_make_partitions(%s)", [month.date()])
    ends = [now - timedelta(hours=1), *months[:-1]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        filled = [
            pool.submit(_fill_month, dsn, begin=begin, end=end, first=first, count=count)
            for begin, end, first, count in zip(months, ends, firsts, counts, strict=True)
        ]
        for one in filled:
            one.result()
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in _TABLES:
            connection.execute(f"ANALYZE {table}".encode())


def _fill_month(dsn: str, *, begin: datetime, end: datetime, first: int, count: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET max_parallel_maintenance_workers = 0")
        bases = _number_bases(connection)
        told = {
            "first": first,
            "last": first + count - 1,
            "bases": bases,
            "begin": begin,
            "apart": (end - begin) / count,
        }
        for table in _TABLES:
            began = monotonic()
            _fill_table(connection, table, begin=begin, told=told)
            print(f"{table} of {begin:%Y-%m}: {count:,} rows in {monotonic() - began:,.0f} s", flush=True)


def _number_bases(connection: psycopg.Connection) -> int:
    """The verdicts that are in the search, numbered from 0; returns how many."""
    connection.execute(
        "CREATE TEMPORARY TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM ("
        " SELECT id FROM guardrail_searchentry JOIN guardrail_feedentry USING (id) ORDER BY id LIMIT 2000) found"
    )
    connection.execute("ANALYZE numbered")
    (found,) = connection.execute("SELECT count(*) FROM numbered").fetchall()
    return int(found[0])


def _fill_table(connection: psycopg.Connection, table: str, *, begin: datetime, told: dict[str, object]) -> None:
    suffix = f"{begin:%Y%m}"
    old, new, parent = (
        sql.Identifier(f"{table}_{suffix}"),
        sql.Identifier(f"{table}_filling_{suffix}"),
        sql.Identifier(table),
    )
    columns = _columns(connection, table)
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    made = sql.SQL(", ").join(
        sql.SQL(_OTHER[column]) if column in _OTHER else sql.SQL("base.{}").format(sql.Identifier(column))
        for column in columns
    )
    bounds = (begin.astimezone(UTC), (begin + timedelta(days=32)).replace(day=1).astimezone(UTC))
    connection.execute("DROP TABLE IF EXISTS bases")
    # each in a transaction of its own: what has touched the parent is in the way of whoever puts another month in
    bases = sql.SQL("CREATE TEMPORARY TABLE bases AS SELECT place, kept.* FROM numbered JOIN {} kept USING (id)")
    connection.execute(bases.format(parent))
    connection.execute("ANALYZE bases")
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING STORAGE)").format(new, parent))
    with connection.transaction():
        connection.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(new, named, named, old))
        insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM ({}) made JOIN bases base USING (place)")
        connection.execute(insert.format(new, named, made, sql.SQL(_MADE)), told)
    with connection.transaction():
        connection.execute(sql.SQL("DROP TABLE {}").format(old))
        connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(new, old))
        floor = "SELECT guardrail_uuid7_floor(%s)::text, guardrail_uuid7_floor(%s)::text"
        (ids,) = connection.execute(floor, bounds).fetchall()
        attach = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
        connection.execute(attach.format(parent, old, *map(sql.Literal, ids)))


def _columns(connection: psycopg.Connection, table: str) -> Sequence[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [table],
    )
    return [name for (name,) in rows]


# What things came to by day, for as many days back.
_DAYS = """
INSERT INTO guardrail_entityday (kind, key, day, calls, blocked, held, noted, watched)
SELECT kind, key, day - back, calls, blocked, held, noted, watched
FROM guardrail_entityday, generate_series(1, %s) back
ON CONFLICT DO NOTHING
"""


def repeat_days(dsn: str, *, days: int) -> None:
    """The days of every agent, user, tool and destination again."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_DAYS, [days])
        connection.execute("ANALYZE guardrail_entityday")
