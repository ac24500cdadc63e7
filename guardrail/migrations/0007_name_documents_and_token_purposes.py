"""A verdict keeps which documents its call had read; a token may be one that tells of edits and asks nothing."""

from django.db import migrations, models

FORWARD = "ALTER TABLE guardrail_verdict ADD COLUMN documents jsonb NOT NULL DEFAULT '[]'"
BACKWARD = "ALTER TABLE guardrail_verdict DROP COLUMN documents"


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0006_keep_traces"),)
    operations = (
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddField(
            model_name="orchestratortoken",
            name="purpose",
            field=models.CharField(
                choices=[("calls", "Ask about calls"), ("knowledge", "Tell of edits to documents")],
                db_default="calls",
                default="calls",
                max_length=12,
            ),
        ),
    )
