"""Which investigations changed, in the order in which it could be seen."""

import django.db.models.deletion
from django.db import migrations, models

_NOTE = """
CREATE FUNCTION investigations_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO investigations_pendingchange (investigation_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER investigation_opened AFTER INSERT ON investigations_investigation
    FOR EACH ROW EXECUTE FUNCTION investigations_note_change();
CREATE TRIGGER investigation_changed AFTER UPDATE ON investigations_investigation
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION investigations_note_change();
"""
_FORGET = """
DROP TRIGGER investigation_opened ON investigations_investigation;
DROP TRIGGER investigation_changed ON investigations_investigation;
DROP FUNCTION investigations_note_change();
"""
# those there are, the longest untouched first; numbered by whoever reads or works first
_FILL = """
INSERT INTO investigations_pendingchange (investigation_id)
SELECT id FROM investigations_investigation ORDER BY last_seen, id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("guardrail", "0013_create_api_tokens"),
        ("investigations", "0021_tell_of_opened_transcripts"),
    ]

    operations = [
        migrations.CreateModel(
            name="PendingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("investigation_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="LastChange",
            fields=[
                (
                    "investigation",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="last_change",
                        serialize=False,
                        to="investigations.investigation",
                    ),
                ),
                ("number", models.BigIntegerField(unique=True)),
            ],
        ),
        migrations.RunSQL(_NOTE, _FORGET),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
