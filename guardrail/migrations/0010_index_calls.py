"""The search over calls, partitioned like the verdicts, its queue, and what calls come to by day."""

from django.db import migrations, models

_TABLES = "ARRAY['guardrail_verdict', 'guardrail_transcript', 'guardrail_latefinding'{more}]"
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
CREATE TABLE guardrail_searchentry (
    id uuid NOT NULL,
    agent_id varchar(200) NOT NULL,
    user_id varchar(200) NOT NULL,
    conversation_id varchar(200) NOT NULL,
    tool varchar(500) NOT NULL,
    tool_name varchar(500) NOT NULL,
    destination varchar(500) NOT NULL,
    host varchar(500) NOT NULL,
    rule varchar(60) NOT NULL,
    would_have varchar(8) NOT NULL,
    severity smallint,
    policy_version integer NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT guardrail_searchentry_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE guardrail_searchentry_default PARTITION OF guardrail_searchentry DEFAULT;
-- words of transcripts and arguments
CREATE INDEX search_words ON guardrail_searchentry USING gin (words);
-- one's calls, newest first: the fields of the search and the pages of entities
CREATE INDEX search_agent ON guardrail_searchentry (agent_id, id);
CREATE INDEX search_user ON guardrail_searchentry (user_id, id) WHERE user_id <> '';
CREATE INDEX search_conversation ON guardrail_searchentry (conversation_id, id) WHERE conversation_id <> '';
CREATE INDEX search_tool ON guardrail_searchentry (tool, id);
CREATE INDEX search_tool_name ON guardrail_searchentry (tool_name, id);
CREATE INDEX search_destination ON guardrail_searchentry (destination, id) WHERE destination <> '';
CREATE INDEX search_host ON guardrail_searchentry (host, id) WHERE host <> '';
CREATE INDEX search_rule ON guardrail_searchentry (rule, id) WHERE rule <> '';
CREATE INDEX search_stopped ON guardrail_searchentry (id) WHERE would_have IN ('hold', 'block');

CREATE TABLE guardrail_pendingsearch (
    id uuid NOT NULL CONSTRAINT guardrail_pendingsearch_pkey PRIMARY KEY,
    attempts smallint NOT NULL DEFAULT 0
);
"""
# the months there are verdicts of already, and those to come
_FILL = """
DO $$
DECLARE month text;
BEGIN
    FOR month IN SELECT substring(relname FROM '\\d{6}$') FROM pg_class
        WHERE relkind = 'r' AND relname ~ '^guardrail_verdict_\\d{6}$' LOOP
        PERFORM guardrail_make_partitions(to_date(month || '01', 'YYYYMMDD'));
    END LOOP;
END $$;
"""
_WITH, _WITHOUT = (_MAKE.format(tables=_TABLES.format(more=more)) for more in (", 'guardrail_searchentry'", ""))


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0009_name_what_calls_are_judged_by"),)
    operations = (
        migrations.RunSQL(_CREATE, "DROP TABLE guardrail_searchentry, guardrail_pendingsearch"),
        migrations.RunSQL(_WITH, _WITHOUT),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="PendingSearch",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
            ],
            options={"db_table": "guardrail_pendingsearch", "managed": False},
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("agent_id", models.CharField(max_length=200)),
                ("user_id", models.CharField(max_length=200)),
                ("conversation_id", models.CharField(max_length=200)),
                ("tool", models.CharField(max_length=500)),
                ("tool_name", models.CharField(max_length=500)),
                ("destination", models.CharField(max_length=500)),
                ("host", models.CharField(max_length=500)),
                ("rule", models.CharField(max_length=60)),
                ("would_have", models.CharField(max_length=8)),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("policy_version", models.PositiveIntegerField()),
            ],
            options={"db_table": "guardrail_searchentry", "ordering": ("-id",), "managed": False},
        ),
        migrations.CreateModel(
            name="EntityDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("key", models.CharField(blank=True, max_length=500)),
                ("day", models.DateField()),
                ("calls", models.BigIntegerField(default=0)),
                ("blocked", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("noted", models.BigIntegerField(default=0)),
                ("watched", models.BigIntegerField(default=0)),
            ],
            options={
                "ordering": ("-day", "kind", "key"),
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "key", "day"), name="entity_day_once"),
                ],
                "indexes": [
                    models.Index(fields=("kind", "day"), name="entity_day"),
                    models.Index(
                        condition=models.Q(("blocked__gt", 0), ("held__gt", 0), ("watched__gt", 0), _connector="OR"),
                        fields=("kind", "day"),
                        name="entity_day_stopped",
                    ),
                ],
            },
        ),
    )
