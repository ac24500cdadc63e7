"""Who opened which transcript, by day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0010_index_calls"),)
    operations = (
        migrations.CreateModel(
            name="TranscriptOpened",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict_id", models.UUIDField()),
                ("day", models.DateField()),
                ("actor_id", models.IntegerField()),
                ("actor_name", models.CharField(max_length=200)),
                ("first_at", models.DateTimeField()),
                ("how", models.CharField(max_length=20)),
            ],
            options={
                "verbose_name_plural": "transcripts opened",
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("verdict_id", "actor_id", "day", "how"), name="transcript_opened_once"
                    )
                ],
                "indexes": [models.Index(fields=("day", "id"), name="transcript_opened_day")],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER transcriptopened_insert_only BEFORE UPDATE ON guardrail_transcriptopened"
            " FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only()",
            "DROP TRIGGER transcriptopened_insert_only ON guardrail_transcriptopened",
        ),
    )
