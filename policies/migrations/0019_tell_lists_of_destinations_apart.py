"""Partners among the destinations, who decided on each, and a mark by which a web process knows the list it has."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Whoever writes the list and however, the mark moves with it: a process that went by an old list would let calls pass.
FORWARD = """
CREATE FUNCTION policies_destinations_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO policies_destinationrevision (id, revision) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET revision = EXCLUDED.revision;
    RETURN NULL;
END $$;
CREATE TRIGGER destinations_changed AFTER INSERT OR UPDATE OR DELETE ON policies_destination
    FOR EACH STATEMENT EXECUTE FUNCTION policies_destinations_changed();
"""
BACKWARD = """
DROP TRIGGER destinations_changed ON policies_destination;
DROP FUNCTION policies_destinations_changed();
"""


class Migration(migrations.Migration):
    dependencies = (
        ("policies", "0017_look_again_at_quotes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )
    operations = (
        migrations.CreateModel(
            name="DestinationRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.UUIDField(default=uuid.uuid4)),
            ],
        ),
        migrations.AlterField(
            model_name="destination",
            name="standing",
            field=models.CharField(
                choices=[("internal", "Internal"), ("known", "Known"), ("partner", "Partner"), ("denied", "Denied")],
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="destination", name="changed_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="destination",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    )
