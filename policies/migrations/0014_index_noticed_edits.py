"""An index for the edits somebody should look at."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0013_count_each_agents_days"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="documentrevision",
            index=models.Index(
                condition=models.Q(("notice", ""), _negated=True), fields=["-id"], name="revision_noticed"
            ),
        ),
    ]
