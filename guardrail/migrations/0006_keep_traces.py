"""Each verdict keeps what its call left in memory, so that a lost Redis is rebuilt without reading transcripts."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0005_judge_some_calls_later"),)
    operations = (
        migrations.RunSQL(
            # packed already; a constant default rewrites no row
            """
            ALTER TABLE guardrail_verdict ADD COLUMN traces bytea NOT NULL DEFAULT '';
            ALTER TABLE guardrail_verdict ALTER COLUMN traces SET STORAGE EXTERNAL;
            """,
            "ALTER TABLE guardrail_verdict DROP COLUMN traces;",
        ),
    )
