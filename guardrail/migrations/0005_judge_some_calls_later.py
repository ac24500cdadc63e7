"""A verdict may be given by the quick checks: the queue of those still to be judged in full, and what that found."""

from django.db import migrations, models

FORWARD = """
ALTER TABLE guardrail_verdict ADD COLUMN deferred boolean NOT NULL DEFAULT false;

CREATE TABLE guardrail_pendingvalidation (
    id uuid NOT NULL CONSTRAINT guardrail_pendingvalidation_pkey PRIMARY KEY,
    attempts smallint NOT NULL DEFAULT 0,
    found boolean NOT NULL DEFAULT false
);
-- what is to be judged next, and what is to be taken in
CREATE INDEX validation_due ON guardrail_pendingvalidation (found, attempts, id);

CREATE TABLE guardrail_latefinding (
    id uuid NOT NULL,
    found_at timestamptz NOT NULL,
    would_have varchar(8) NOT NULL,
    severity smallint,
    deciding_signal varchar(60) NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    failed boolean NOT NULL DEFAULT false,
    degraded jsonb NOT NULL DEFAULT '[]',
    signals jsonb NOT NULL DEFAULT '[]',
    origins jsonb NOT NULL DEFAULT '[]',
    policy_version integer NOT NULL,
    judged_ms double precision NOT NULL,
    CONSTRAINT guardrail_latefinding_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TRIGGER latefinding_insert_only BEFORE UPDATE OR DELETE ON guardrail_latefinding
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();
CREATE TABLE guardrail_latefinding_default PARTITION OF guardrail_latefinding DEFAULT;

CREATE OR REPLACE FUNCTION guardrail_make_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    suffix text := to_char(month, 'YYYYMM');
    kept text;
BEGIN
    PERFORM pg_advisory_xact_lock(7221002);
    FOREACH kept IN ARRAY ARRAY['guardrail_verdict', 'guardrail_transcript', 'guardrail_latefinding'] LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            kept || '_' || suffix, kept, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
    END LOOP;
END $$;
-- the same months the verdicts have
SELECT guardrail_make_partitions((current_date + (n || ' month')::interval)::date) FROM generate_series(-1, 3) n;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION guardrail_make_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
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
DROP TABLE guardrail_latefinding, guardrail_pendingvalidation;
ALTER TABLE guardrail_verdict DROP COLUMN deferred;
"""


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0004_add_allow_once"),)
    operations = (
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="LateFinding",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("found_at", models.DateTimeField()),
                ("would_have", models.CharField(max_length=8)),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("deciding_signal", models.CharField(blank=True, max_length=60)),
                ("reason", models.TextField(blank=True)),
                ("failed", models.BooleanField(default=False)),
                ("degraded", models.JSONField(default=list)),
                ("signals", models.JSONField(default=list)),
                ("origins", models.JSONField(default=list)),
                ("policy_version", models.PositiveIntegerField()),
                ("judged_ms", models.FloatField()),
            ],
            options={
                "db_table": "guardrail_latefinding",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="PendingValidation",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("found", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "guardrail_pendingvalidation",
                "managed": False,
            },
        ),
    )
