"""Calls that are for few, as whoever keeps work to few defines them."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0013_create_api_tokens"),)
    operations = (
        migrations.CreateModel(
            name="KeptCall",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("people", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={"db_table": "guardrail_keptcall", "managed": False},
        ),
    )
