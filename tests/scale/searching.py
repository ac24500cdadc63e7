"""What the search and the days of things hold of as many calls, as the worker would have written it; minutes."""

from django.db import connection

_STATEMENTS = (
    """
    INSERT INTO guardrail_searchentry
    SELECT id, agent_id, user_id, conversation_id, lower(tool_id), lower(tool_name), lower(destination),
        lower(split_part(destination, '@', 2)), deciding_signal, would_have, severity, policy_version,
        array_to_tsvector(ARRAY(
            SELECT DISTINCT word FROM unnest(
                -- common words, rarer ones, and one that is this call's own
                ARRAY(SELECT 'often' || (hash / n) % 50 FROM generate_series(1, 12) n)
                || ARRAY(SELECT 'seldom' || (hash / n) % 20000 FROM generate_series(1, 20) n)
                || ARRAY['only' || hash % 1000000000, lower(destination), lower(split_part(destination, '@', 2))]
            ) word WHERE word <> ''
        ))
    FROM (SELECT *, abs(hashtextextended(id::text, 7)) AS hash FROM guardrail_verdict) verdict
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO guardrail_entityday (kind, key, day, calls, blocked, held, noted, watched)
    SELECT kind, key, received_at::date, count(*), count(*) FILTER (WHERE action = 'block'), 0, 0, 0
    FROM guardrail_verdict, LATERAL (VALUES
        ('all', ''), ('agent', agent_id), ('user', user_id), ('tool', lower(tool_id)),
        ('destination', lower(destination)), ('rule', deciding_signal)
    ) told (kind, key)
    WHERE kind = 'all' OR key <> ''
    GROUP BY 1, 2, 3
    ON CONFLICT DO NOTHING
    """,
    "ANALYZE guardrail_searchentry",
    "ANALYZE guardrail_entityday",
)


def index_calls() -> None:
    """Every verdict there is, without reading a transcript."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement)
