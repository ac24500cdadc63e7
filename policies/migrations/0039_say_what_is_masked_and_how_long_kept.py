"""What is masked in the calls of an environment, and for how long they are kept."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("policies", "0038_narrow_people_to_environments"),)
    operations = (
        migrations.AddField(
            "environment", "masked", ArrayField(models.CharField(max_length=12), blank=True, null=True, size=None)
        ),
        migrations.AddField("environment", "keep_transcript_days", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField("environment", "keep_call_days", models.PositiveIntegerField(blank=True, null=True)),
    )
