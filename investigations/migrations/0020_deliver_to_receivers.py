"""Receivers, and what each of them is to be told."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0019_clean_documents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditTold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.UUIDField()),
                ("kind", models.CharField(max_length=24)),
                ("payload", models.JSONField(blank=True, null=True)),
                (
                    "state",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "queued"), (1, "in flight"), (2, "acknowledged"), (3, "dead")], db_default=0
                    ),
                ),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("lease", models.UUIDField(blank=True, null=True)),
                ("error", models.CharField(blank=True, db_default="", max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Receiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("address", models.CharField(max_length=500)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("sealed_secret", models.CharField(blank=True, max_length=12000)),
                (
                    "authority",
                    models.TextField(blank=True, help_text="PEM of who signs its certificate; empty = the usual ones."),
                ),
                (
                    "inside",
                    models.BooleanField(default=False, help_text="May be on this machine or in a private network."),
                ),
                (
                    "calls",
                    models.CharField(
                        choices=[
                            ("all", "Every call"),
                            ("noted", "Calls something was found about"),
                            ("stopped", "Calls that were stopped, or would be in enforce mode"),
                            ("none", "No calls"),
                        ],
                        default="stopped",
                        max_length=8,
                    ),
                ),
                (
                    "severity_from",
                    models.PositiveSmallIntegerField(default=0, help_text="Calls and investigations from this on."),
                ),
                (
                    "kinds",
                    models.JSONField(
                        blank=True, default=list, help_text="Other events, words of `investigations.siem.event`."
                    ),
                ),
                (
                    "content",
                    models.CharField(
                        choices=[
                            ("redacted", "Redacted: quotes without keys and personal numbers, no transcript"),
                            ("metadata", "Metadata only: no quote of anything an agent read or wrote"),
                            ("full", "Full: quotes as they are, and the transcript"),
                        ],
                        default="redacted",
                        max_length=8,
                    ),
                ),
                ("per_minute", models.PositiveIntegerField(default=0, help_text="Events; 0 = as many as it takes.")),
                ("paused", models.BooleanField(default=False)),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                ("tokens", models.FloatField(default=0)),
                ("tokens_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0, help_text="In a row.")),
                ("rest_until", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("error_at", models.DateTimeField(blank=True, null=True)),
                ("ok_at", models.DateTimeField(blank=True, null=True)),
                ("taken", models.BigIntegerField(default=0, help_text="Events it acknowledged.")),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.AddField(
            model_name="activity",
            name="told",
            # what was before there was anybody to tell is not told
            field=models.BooleanField(db_default=True, help_text="Whether receivers were told, or need not be."),
        ),
        migrations.AlterField(
            model_name="activity",
            name="told",
            field=models.BooleanField(db_default=False, help_text="Whether receivers were told, or need not be."),
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(condition=models.Q(("told", False)), fields=["id"], name="activity_untold"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="receiver",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="deliveries",
                to="investigations.receiver",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__lt", 2)), fields=["receiver", "next_at", "id"], name="delivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("state", 3)), fields=["receiver", "-id"], name="delivery_dead"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("state", 2)), fields=["settled_at"], name="delivery_settled"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("event_id", "receiver"), name="delivery_once"),
        ),
    ]
