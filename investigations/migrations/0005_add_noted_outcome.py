"""An investigation may be about something no call was stopped for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0004_add_executed_outcome"),
    ]

    operations = [
        migrations.AlterField(
            model_name="investigation",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("blocked", "Blocked"),
                    ("held", "Held"),
                    ("would_block", "Would block"),
                    ("would_hold", "Would hold"),
                    ("let_through", "Let through unjudged"),
                    ("found_late", "Let through, found afterwards"),
                    ("executed", "Stopped, and made all the same"),
                    ("noted", "Noted, no call was stopped"),
                ],
                max_length=16,
            ),
        ),
    ]
