"""Verdicts in the order in which they could be seen, for programs that read them; partitioned like the verdicts."""

from django.db import migrations, models

_TABLES = "ARRAY['guardrail_verdict', 'guardrail_transcript', 'guardrail_latefinding', 'guardrail_searchentry'{more}]"
_MAKE = """
CREATE OR REPLACE FUNCTION guardrail_make_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    suffix text := to_char(month, 'YYYYMM');
    kept text;
BEGIN
    PERFORM pg_advisory_xact_lock(7221002);
    FOREACH kept IN ARRAY {tables} LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            kept || '_' || suffix, kept, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
    END LOOP;
END $$;
"""
_CREATE = """
CREATE TABLE guardrail_feedentry (
    id uuid NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT guardrail_feedentry_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE guardrail_feedentry_default PARTITION OF guardrail_feedentry DEFAULT;
"""
# the months there are verdicts of already, and those to come
_MONTHS = """
DO $$
DECLARE month text;
BEGIN
    FOR month IN SELECT substring(relname FROM '\\d{6}$') FROM pg_class
        WHERE relkind = 'r' AND relname ~ '^guardrail_verdict_\\d{6}$' LOOP
        PERFORM guardrail_make_partitions(to_date(month || '01', 'YYYYMMDD'));
    END LOOP;
END $$;
"""
# those there are already, in the order they came in: behind every call, as each was before it was numbered
_FILL = """
WITH known AS (
    SELECT verdict.id, row_number() OVER (ORDER BY verdict.id) AS place, count(*) OVER () AS most
    FROM guardrail_verdict verdict
    WHERE NOT EXISTS (SELECT FROM guardrail_pendingintake pending WHERE pending.id = verdict.id)
)
INSERT INTO guardrail_feedentry (id, number)
SELECT id, (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint - most + place FROM known;
INSERT INTO guardrail_feedhead (name, number)
SELECT 'verdicts', (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint;
"""
# after the rows: a page of the feed
_INDEX = "CREATE INDEX feed_number ON guardrail_feedentry (number)"
_WITH, _WITHOUT = (_MAKE.format(tables=_TABLES.format(more=more)) for more in (", 'guardrail_feedentry'", ""))


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0011_note_who_opens_transcripts"),)
    operations = (
        migrations.CreateModel(
            name="FeedHead",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(_CREATE, "DROP TABLE guardrail_feedentry"),
        migrations.RunSQL(_WITH, _WITHOUT),
        migrations.RunSQL(_MONTHS, migrations.RunSQL.noop),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.RunSQL(_INDEX, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="FeedEntry",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
            options={"db_table": "guardrail_feedentry", "managed": False},
        ),
    )
