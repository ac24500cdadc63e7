"""Investigations by what they were found to be, the newest first: what is confirmed is taken out for other tools."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("investigations", "0023_keep_tickets_in_step")]

    operations = [
        migrations.AddIndex(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed")),
                fields=["disposition", "-closed_at"],
                name="investigation_found",
            ),
        ),
    ]
