"""The agents of what was merged into an investigation, or opened by hand: who may see only some must not see others."""

import django.contrib.postgres.fields
from django.db import migrations, models

# Those only: any other has the calls of one agent.
_FILL = """
UPDATE investigations_investigation row SET other_agents = found.agents
FROM (
    SELECT place.investigation_id, array_agg(DISTINCT verdict.agent_id) AS agents
    FROM investigations_investigationcall place
    JOIN guardrail_verdict verdict ON verdict.id = place.verdict_id
    JOIN investigations_investigation held ON held.id = place.investigation_id
    WHERE verdict.agent_id <> held.agent_id AND (
        held.opened_by_id IS NOT NULL
        OR EXISTS (SELECT 1 FROM investigations_investigation part WHERE part.merged_into_id = held.id)
    )
    GROUP BY place.investigation_id
) found
WHERE found.investigation_id = row.id
"""


class Migration(migrations.Migration):
    dependencies = (
        ("investigations", "0027_count_waits_by_day"),
        ("guardrail", "0002_create_verdict_tables"),
    )
    operations = (
        migrations.AddField(
            model_name="investigation",
            name="other_agents",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(blank=True, max_length=200),
                blank=True,
                db_default=[],
                default=list,
                help_text="Of what was merged into it, or opened on by hand.",
                size=None,
            ),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    )
