"""By which an order is known again in another revision."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0015_let_a_large_file_wait"),
    ]

    operations = [
        migrations.AddField(
            model_name="documentrevision",
            name="sentences",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
    ]
