"""A quote may be looked at again when an edit is told of late."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0016_keep_what_sentences_an_edit_holds"),
    ]

    operations = [
        migrations.AddField(
            model_name="documentquote",
            name="sentence",
            field=models.CharField(blank=True, db_default="", max_length=16),
        ),
        migrations.AddField(
            model_name="documentquote",
            name="stale",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name="documentquote",
            index=models.Index(condition=models.Q(("stale", True)), fields=["id"], name="quote_stale"),
        ),
    ]
