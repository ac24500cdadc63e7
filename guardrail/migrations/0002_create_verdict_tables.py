"""Verdict and transcript, partitioned by month of their UUIDv7, insert only; and the intake's queue."""

from django.db import migrations

FORWARD = """
CREATE TABLE guardrail_verdict (
    id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    orchestrator_id bigint NOT NULL,
    wire varchar(40) NOT NULL,
    correlation_id varchar(200) NOT NULL DEFAULT '',
    api_version varchar(40) NOT NULL DEFAULT '',
    tenant_id varchar(200) NOT NULL DEFAULT '',
    environment_id varchar(200) NOT NULL DEFAULT '',
    agent_id varchar(200) NOT NULL DEFAULT '',
    agent_name varchar(200) NOT NULL DEFAULT '',
    user_id varchar(200) NOT NULL DEFAULT '',
    conversation_id varchar(200) NOT NULL DEFAULT '',
    channel_id varchar(100) NOT NULL DEFAULT '',
    client_ip varchar(60) NOT NULL DEFAULT '',
    tool_id varchar(500) NOT NULL DEFAULT '',
    tool_name varchar(500) NOT NULL DEFAULT '',
    tool_kind varchar(16) NOT NULL DEFAULT '',
    destination varchar(500) NOT NULL DEFAULT '',
    step_key varchar(64) NOT NULL DEFAULT '',
    duplicate_of uuid,
    action varchar(8) NOT NULL,
    would_have varchar(8) NOT NULL,
    mode varchar(8) NOT NULL,
    severity smallint,
    deciding_signal varchar(60) NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    failed boolean NOT NULL DEFAULT false,
    degraded jsonb NOT NULL DEFAULT '[]',
    signals jsonb NOT NULL DEFAULT '[]',
    origins jsonb NOT NULL DEFAULT '[]',
    policy_version integer NOT NULL,
    timings jsonb NOT NULL DEFAULT '{}',
    answer_ms double precision NOT NULL,
    unknown_members jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT guardrail_verdict_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);

-- the step a call repeats: one look at arrival
CREATE INDEX verdict_step_key ON guardrail_verdict (step_key, id) WHERE step_key <> '';
-- the search by conversation id, the id a stopped user is shown
CREATE INDEX verdict_conversation ON guardrail_verdict (conversation_id, id);
-- one agent's calls, newest first
CREATE INDEX verdict_agent ON guardrail_verdict (agent_id, id);
-- the list of stopped and would-be stopped calls, newest first
CREATE INDEX verdict_stopped ON guardrail_verdict (id) WHERE would_have IN ('hold', 'block');

CREATE TABLE guardrail_transcript (
    id uuid NOT NULL,
    body_zstd bytea NOT NULL,
    body_bytes bigint NOT NULL,
    CONSTRAINT guardrail_transcript_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- already compressed: TOAST must not try again
ALTER TABLE guardrail_transcript ALTER COLUMN body_zstd SET STORAGE EXTERNAL;

CREATE TABLE guardrail_pendingintake (
    id uuid NOT NULL CONSTRAINT guardrail_pendingintake_pkey PRIMARY KEY
);

CREATE FUNCTION guardrail_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER verdict_insert_only BEFORE UPDATE OR DELETE ON guardrail_verdict
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();
CREATE TRIGGER transcript_insert_only BEFORE UPDATE OR DELETE ON guardrail_transcript
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();

-- One month's partitions of both tables; bounds are the UUIDv7 of the month's first millisecond.
CREATE FUNCTION guardrail_uuid7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;
CREATE FUNCTION guardrail_make_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    suffix text := to_char(month, 'YYYYMM');
BEGIN
    PERFORM pg_advisory_xact_lock(7221002);
    EXECUTE format('CREATE TABLE IF NOT EXISTS guardrail_verdict_%s PARTITION OF guardrail_verdict FOR VALUES FROM (%L) TO (%L)',
        suffix, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
    EXECUTE format('CREATE TABLE IF NOT EXISTS guardrail_transcript_%s PARTITION OF guardrail_transcript FOR VALUES FROM (%L) TO (%L)',
        suffix, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
END $$;
-- A verdict outside every month (a clock gone wrong) is still kept.
CREATE TABLE guardrail_verdict_default PARTITION OF guardrail_verdict DEFAULT;
CREATE TABLE guardrail_transcript_default PARTITION OF guardrail_transcript DEFAULT;
SELECT guardrail_make_partitions((current_date + (n || ' month')::interval)::date) FROM generate_series(-1, 3) n;
"""

BACKWARD = """
DROP TABLE guardrail_verdict, guardrail_transcript, guardrail_pendingintake;
DROP FUNCTION guardrail_make_partitions(date);
DROP FUNCTION guardrail_uuid7_floor(timestamptz);
DROP FUNCTION guardrail_insert_only();
"""


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0001_create_callers"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
