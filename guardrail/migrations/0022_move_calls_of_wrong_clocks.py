"""A month gets its partitions though calls of it lie in the default ones, where a wrong clock brought them."""

from django.db import migrations

_TABLES = (
    "ARRAY['guardrail_verdict', 'guardrail_transcript', 'guardrail_latefinding', 'guardrail_searchentry',"
    " 'guardrail_feedentry']"
)
_HEAD = """
CREATE OR REPLACE FUNCTION guardrail_make_partitions(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    suffix text := to_char(month, 'YYYYMM');
    kept text;
"""
_BEFORE = f"""{_HEAD}
BEGIN
    PERFORM pg_advisory_xact_lock(7221002);
    FOREACH kept IN ARRAY {_TABLES} LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            kept || '_' || suffix, kept, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
    END LOOP;
END $$;
"""
# Rows leave the default partition and come into a table that is not yet a partition, so no trigger refuses them there.
_NOW = f"""{_HEAD}
    child text;
    within text;
    moved boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(7221002);
    FOREACH kept IN ARRAY {_TABLES} LOOP
        child := kept || '_' || suffix;
        CONTINUE WHEN to_regclass(quote_ident(child)) IS NOT NULL;
        within := format('id >= %L AND id < %L', guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %s)', kept || '_default', within) INTO moved;
        IF moved THEN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', kept || '_default');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', child, kept);
            EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %s', child, kept || '_default', within);
            PERFORM set_config('guardrail.doing', 'dropping', true);
            EXECUTE format('DELETE FROM %I WHERE %s', kept || '_default', within);
            PERFORM set_config('guardrail.doing', '', true);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                kept, child, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
        ELSE
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                child, kept, guardrail_uuid7_floor(first), guardrail_uuid7_floor(after));
        END IF;
    END LOOP;
END $$;
"""  # noqa: S608 names of ours


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0021_note_what_the_beat_sent"),)
    operations = (migrations.RunSQL(_NOW, _BEFORE),)
