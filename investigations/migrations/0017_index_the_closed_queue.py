"""Indexes by which the queue reads what is open and what is closed, made while people work."""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("investigations", "0016_keep_playbooks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed"), _negated=True),
                fields=["-severity", "-last_seen", "-id"],
                name="investigation_open_queue",
            ),
        ),
        AddIndexConcurrently(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed")),
                fields=["-severity", "-last_seen", "-id"],
                name="investigation_closed_queue",
            ),
        ),
        AddIndexConcurrently(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed")), fields=["-last_seen", "-id"], name="investigation_closed_seen"
            ),
        ),
        AddIndexConcurrently(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed")),
                fields=["-first_seen", "-id"],
                name="investigation_closed_first",
            ),
        ),
        AddIndexConcurrently(
            model_name="investigation",
            index=models.Index(
                condition=models.Q(("status", "closed")), fields=["-calls", "-id"], name="investigation_closed_calls"
            ),
        ),
        # last: until then queries have one or the other
        RemoveIndexConcurrently(
            model_name="investigation",
            name="investigation_queue",
        ),
        # columns added since have no statistics before, and NULL is taken for rare in them: the queue read all rows
        migrations.RunSQL("ANALYZE investigations_investigation", migrations.RunSQL.noop),
    ]
