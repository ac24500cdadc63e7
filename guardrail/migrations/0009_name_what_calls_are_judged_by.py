"""Each verdict names the state of policy, lists and inventory it was judged by."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0008_note_executed_calls"),)
    operations = (
        migrations.RunSQL(
            # a constant default rewrites no row
            "ALTER TABLE guardrail_verdict ADD COLUMN ruleset_state varchar(64) NOT NULL DEFAULT ''",
            "ALTER TABLE guardrail_verdict DROP COLUMN ruleset_state",
        ),
    )
