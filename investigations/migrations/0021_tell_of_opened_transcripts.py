"""Receivers hear of opened transcripts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guardrail", "0011_note_who_opens_transcripts"),
        ("investigations", "0020_deliver_to_receivers"),
    ]

    operations = [
        migrations.AddField(
            model_name="audittold",
            name="opened",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunSQL(
            # what was opened before is not told
            "UPDATE investigations_audittold"
            " SET opened = (SELECT coalesce(max(id), 0) FROM guardrail_transcriptopened)",
            migrations.RunSQL.noop,
        ),
    ]
