"""Whether a campaign knows an agent or a conversation, without reading all that it has."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("investigations", "0030_hold_what_must_stay"),)
    operations = (
        AddIndexConcurrently(
            "sharing", models.Index(fields=["agent_id", "conversation_id", "key"], name="sharing_place")
        ),
    )
