"""Indexes for the fail-open ledger, one agent's tools and one agent's history, made while calls are judged."""

import django.db.models.fields.json
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("policies", "0027_count_what_policy_said_of_each_days_calls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="agentday",
            index=models.Index(
                condition=models.Q(("late__gt", 0), ("executed__gt", 0), _connector="OR"),
                fields=["day"],
                include=("agent_id", "late", "executed"),
                name="agent_day_failed_open",
            ),
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(
                django.db.models.fields.json.KeyTransform("agent", "detail"),
                models.OrderBy(models.F("id"), descending=True),
                name="audit_agent",
            ),
        ),
        AddIndexConcurrently(
            model_name="seentool",
            index=models.Index(fields=["agent_id"], name="seen_tool_agent"),
        ),
    ]
