"""Investigations as a security team of years has them: most closed, each with calls and a history, in seconds."""

from django.db import connection

# Of one cause.
_CALLS = 5
_STATEMENTS = (
    """
    INSERT INTO investigations_investigation (
        kind, fingerprint, title, status, severity, outcome, agent_id, agent_name, user_id, conversation_id,
        destination, author, document, facts, calls, first_seen, last_seen, disposition, closed_at, opened_at
    )
    SELECT
        (ARRAY['instruction_marked', 'destination_new', 'secret_leaving', 'reconnaissance'])[1 + n %% 4],
        'made-up-' || n,
        'A mail by desk-' || n %% 400 || '@wingtip.example told Agent ' || agent || ' to send the list '
            || (ARRAY['of suppliers', 'of patients', 'of open invoices', 'of berths'])[1 + n %% 4],
        CASE WHEN n %% 25 = 0 THEN 'new' WHEN n %% 25 = 1 THEN 'active' ELSE 'closed' END,
        1 + n %% 4, CASE WHEN n %% 3 = 0 THEN 'would_block' ELSE 'blocked' END,
        'agent-' || agent, 'Agent ' || agent, 'person-' || n %% 9000 || '@contoso.example', 'case-' || n,
        'person-' || n || '@partner-' || n %% 400 || '.example', 'desk-' || n %% 400 || '@wingtip.example',
        CASE WHEN n %% 2 = 0 THEN 'Minutes of week ' || n %% 52 || '.docx' ELSE '' END, '[]', %(calls)s,
        now() - (n * 10 + 10) * interval '1 minute', now() - n * 10 * interval '1 minute',
        CASE WHEN n %% 25 < 2 THEN ''
            ELSE (ARRAY['true_positive', 'false_positive', 'benign_expected', 'true_positive'])[1 + n %% 4] END,
        CASE WHEN n %% 25 < 2 THEN NULL ELSE now() - n * 9 * interval '1 minute' END,
        now() - (n * 10 + 10) * interval '1 minute'
    FROM (SELECT n, n * 7919 %% %(agents)s AS agent FROM generate_series(1, %(investigations)s) n) made
    """,
    """
    INSERT INTO investigations_investigationcall (investigation_id, verdict_id)
    SELECT made.id, verdict.id
    FROM (
        SELECT id, row_number() OVER (ORDER BY last_seen DESC) AS place FROM investigations_investigation
        WHERE fingerprint LIKE 'made-up-%%'
    ) made
    JOIN (
        SELECT id, 1 + (row_number() OVER (ORDER BY id DESC) - 1) / %(calls)s AS place
        FROM (SELECT id FROM guardrail_verdict ORDER BY id DESC LIMIT %(calls)s * %(investigations)s) newest
    ) verdict USING (place)
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO investigations_activity (investigation_id, at, kind, text)
    SELECT id, last_seen + step * interval '1 minute', (ARRAY['opened', 'claimed', 'comment'])[step],
        CASE step WHEN 3 THEN 'Looked at the mail, and asked its sender.' ELSE '' END
    FROM investigations_investigation, generate_series(1, 3) step WHERE fingerprint LIKE 'made-up-%%'
    """,
)


def open_investigations(*, investigations: int, agents: int) -> None:
    """As many, each with five of the newest verdicts as far as there are any, and what was done about it."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, {"investigations": investigations, "agents": agents, "calls": _CALLS})
