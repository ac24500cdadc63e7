"""How far histories were read for ticket systems."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0025_keep_calls_to_few"),
    ]

    operations = [
        migrations.AddField(
            model_name="ticketpoll",
            name="lines",
            field=models.BigIntegerField(db_default=0),
        ),
    ]
