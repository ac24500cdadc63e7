"""Tickets of investigations in other systems."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("investigations", "0022_number_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TicketPoll",
            fields=[
                (
                    "receiver",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="poll",
                        serialize=False,
                        to="investigations.receiver",
                    ),
                ),
                ("read_at", models.DateTimeField(blank=True, help_text="When it was last asked.", null=True)),
                ("through", models.DateTimeField(help_text="Everything it changed before was read.")),
            ],
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wanted", "To be opened"),
                            ("there", "Open there"),
                            ("refused", "Refused"),
                            ("gone", "Not there any more"),
                        ],
                        default="wanted",
                        max_length=8,
                    ),
                ),
                ("wanted_at", models.DateTimeField()),
                ("making_at", models.DateTimeField(blank=True, null=True)),
                ("remote_id", models.CharField(blank=True, max_length=64)),
                ("remote_name", models.CharField(blank=True, help_text="As people there call it.", max_length=64)),
                ("link", models.CharField(blank=True, max_length=500)),
                ("remote_status", models.CharField(blank=True, max_length=100)),
                ("remote_at", models.DateTimeField(blank=True, null=True)),
                ("ours", models.JSONField(blank=True, default=dict)),
                ("told_through", models.BigIntegerField(default=0)),
                ("telling", models.BigIntegerField(default=0)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("lease", models.UUIDField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("ok_at", models.DateTimeField(blank=True, null=True)),
                (
                    "investigation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tickets",
                        to="investigations.investigation",
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tickets",
                        to="investigations.receiver",
                    ),
                ),
                (
                    "wanted_by",
                    models.ForeignKey(
                        help_text="Empty: by rule.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)), fields=["next_at", "id"], name="ticket_due"
                    ),
                    models.Index(fields=["receiver", "remote_id"], name="ticket_remote"),
                ],
                "constraints": [models.UniqueConstraint(fields=("investigation", "receiver"), name="ticket_once")],
            },
        ),
    ]
