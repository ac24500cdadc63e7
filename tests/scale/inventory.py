"""Stores an inventory of many agents, with their tools, days, charters, drift, investigations and calls, in seconds."""

from django.db import connection

_AGENTS = """
INSERT INTO policies_environment (environment_id, name, mode, first_seen, last_seen)
SELECT 'env-' || n, 'Environment ' || n, CASE n %% 3 WHEN 0 THEN 'monitor' WHEN 1 THEN 'enforce' ELSE '' END,
    now() - interval '60 days', CASE WHEN n %% 10 = 0 THEN NULL ELSE now() END
FROM generate_series(1, 100) n;
INSERT INTO policies_agent (
    agent_id, name, tenant_id, environment_id, owner, registered, mode, profile, fail_posture, first_seen, last_seen,
    calls, stopped, lifecycle, criticality, process, orchestration, channels, knowledge, topics, seen_channels,
    seen_knowledge
)
SELECT 'agent-' || n, 'Agent ' || lpad((n * 7919 %% %(agents)s)::text, 6, '0'), 'tenant',
    (SELECT min(id) FROM policies_environment) + n %% 100, 'Owner ' || n %% 300, n %% 20 <> 0, '', '', '',
    now() - interval '60 days', CASE WHEN n %% 11 = 0 AND n %% 20 <> 0 THEN NULL ELSE now() END, n, n / 100,
    (ARRAY['', 'draft', 'live', 'live', 'retired'])[1 + n %% 5],
    (ARRAY['', 'low', 'medium', 'high', 'critical'])[1 + n %% 5], 'process ' || n %% 10,
    CASE WHEN n %% 50 = 0 THEN 'classic' ELSE 'generative' END, '[]', '[]', '[]', '["msteams"]', '[]'
FROM generate_series(1, %(agents)s) n;
INSERT INTO policies_seentool (agent_id, tool, name, kind, calls, first_seen, last_seen)
SELECT 'agent-' || n, 'x.action.tool-' || (n + t) %% 200, 'Tool-' || (n + t) %% 200, 'read', 10,
    now() - interval '50 days', now()
FROM generate_series(1, %(agents)s) n, generate_series(1, 8) t ON CONFLICT DO NOTHING;
INSERT INTO policies_grantedtool (agent_id, tool, name, since)
SELECT 'agent-' || n, 'x.action.tool-' || (n + t) %% 200, '', now() - interval '50 days'
FROM generate_series(1, %(agents)s) n, generate_series(3, 12) t ON CONFLICT DO NOTHING;
INSERT INTO policies_charter (agent_id, purpose, tools, limits_destinations, destinations, pinned_at)
SELECT 'agent-' || n, 'Works.',
    (SELECT jsonb_agg('x.action.tool-' || (n + t) %% 200) FROM generate_series(1, 10) t), true,
    (SELECT jsonb_agg('house-' || (n * 13 + t) %% 5000 || '.example') FROM generate_series(1, 10) t) || '["@internal"]',
    now()
FROM generate_series(1, %(agents)s) n WHERE n %% 20 <> 0;
INSERT INTO policies_agentday (agent_id, day, calls, stopped, late, executed)
SELECT 'agent-' || n, current_date - d, 20, 1, 0, 0
FROM generate_series(1, %(agents)s) n, generate_series(0, 29) d;
INSERT INTO policies_agentchange (agent_id, what, was, now, at, acknowledged_at)
SELECT 'agent-' || n, 'version', c, c + 1, now(), CASE WHEN n %% 25 = 0 AND c = 3 THEN NULL ELSE now() END
FROM generate_series(1, %(agents)s) n, generate_series(1, 3) c;
INSERT INTO investigations_investigation (
    kind, fingerprint, title, status, severity, outcome, agent_id, agent_name, user_id, conversation_id, destination,
    author, document, facts, calls, first_seen, last_seen, disposition
)
SELECT 'instruction_marked', 'f' || n || '-' || i, 'A title', CASE i WHEN 1 THEN 'new' ELSE 'closed' END, 3,
    'would_block', 'agent-' || n, '', '', '', '', '', '', '[]', 3, now(), now() - interval '1 day',
    CASE i WHEN 1 THEN '' WHEN 2 THEN 'true_positive' ELSE 'false_positive' END
FROM generate_series(1, %(agents)s) n, generate_series(1, 3) i;
"""
# As ids of UUIDv7 are: the moment in the first 48 bits.
_VERDICTS = """
INSERT INTO guardrail_verdict (
    id, received_at, orchestrator_id, wire, tenant_id, environment_id, agent_id, agent_name, tool_id, tool_name,
    tool_kind, destination, action, would_have, mode, policy_version, answer_ms, reason
)
SELECT
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid, at,
    1, 'copilot_studio', 'tenant', 'env-1', 'agent-' || 1 + n %% %(agents)s, 'Agent', 'x.action.tool-' || n %% 200,
    'Tool-' || n %% 200, 'send', 'kim@house-' || n %% 5000 || '.example', 'allow',
    CASE WHEN n %% 50 = 0 THEN 'block' ELSE 'allow' END, 'monitor', 1, 5, ''
FROM (SELECT n, now() - (n || ' seconds')::interval AS at FROM generate_series(1, %(verdicts)s) n) made
"""


def store_inventory(*, agents: int, verdicts: int = 0) -> None:
    """Everything that grows with agents, and `verdicts` calls of the last days spread over them."""
    with connection.cursor() as cursor:
        cursor.execute(_AGENTS, {"agents": agents})
        if verdicts:
            cursor.execute(_VERDICTS, {"agents": agents, "verdicts": verdicts})
        cursor.execute("ANALYZE")
