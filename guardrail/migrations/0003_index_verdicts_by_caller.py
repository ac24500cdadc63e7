"""An index for the newest call of a caller, shown on its setup page."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0002_create_verdict_tables"),)
    operations = (
        migrations.RunSQL(
            "CREATE INDEX verdict_caller ON guardrail_verdict (orchestrator_id, id)", "DROP INDEX verdict_caller"
        ),
    )
