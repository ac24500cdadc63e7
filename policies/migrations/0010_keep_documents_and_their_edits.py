"""Documents, their edits and the plans that went by them."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0007_list_tools_and_let_some_be_judged_later"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnowledgeEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("caller_id", models.BigIntegerField()),
                ("tenant_id", models.CharField(blank=True, max_length=200)),
                ("document_id", models.CharField(max_length=500)),
                ("name", models.CharField(blank=True, max_length=300)),
                ("place", models.CharField(blank=True, max_length=1000)),
                ("revision", models.CharField(blank=True, max_length=100)),
                ("editor", models.CharField(max_length=200)),
                ("editor_id", models.CharField(blank=True, max_length=200)),
                ("label", models.CharField(blank=True, max_length=200)),
                ("label_told", models.BooleanField(default=False)),
                ("data_class", models.CharField(blank=True, max_length=100)),
                ("at", models.DateTimeField()),
                ("text", models.TextField(blank=True)),
                ("text_told", models.BooleanField(default=False)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="KnowledgeDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=32, unique=True)),
                ("tenant_id", models.CharField(blank=True, max_length=200)),
                ("document_id", models.CharField(blank=True, max_length=500)),
                ("name", models.CharField(blank=True, max_length=300)),
                ("place", models.CharField(blank=True, max_length=1000)),
                ("id_key", models.CharField(blank=True, max_length=32)),
                ("place_key", models.CharField(blank=True, max_length=32)),
                ("path_key", models.CharField(blank=True, max_length=32)),
                ("name_key", models.CharField(blank=True, max_length=32)),
                ("fed", models.BooleanField(default=True)),
                ("edits", models.PositiveIntegerField(default=0)),
                ("last_edit_at", models.DateTimeField(blank=True, null=True)),
                ("last_editor", models.CharField(blank=True, max_length=200)),
                ("last_revision", models.CharField(blank=True, max_length=100)),
                ("label", models.CharField(blank=True, max_length=200)),
                ("flagged", models.PositiveIntegerField(default=0)),
                ("uses", models.BigIntegerField(default=0)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("first_seen", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ("-flagged", "-uses", "-id"),
                "indexes": [
                    models.Index(fields=["-flagged", "-uses", "-id"], name="document_rank"),
                    models.Index(
                        condition=models.Q(("id_key", ""), _negated=True), fields=["id_key"], name="document_by_id"
                    ),
                    models.Index(
                        condition=models.Q(("place_key", ""), _negated=True),
                        fields=["place_key"],
                        name="document_by_place",
                    ),
                    models.Index(
                        condition=models.Q(("path_key", ""), _negated=True),
                        fields=["path_key"],
                        name="document_by_path",
                    ),
                    models.Index(
                        condition=models.Q(("name_key", ""), _negated=True),
                        fields=["name_key"],
                        name="document_by_name",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("caller_id", models.BigIntegerField()),
                ("revision", models.CharField(blank=True, max_length=100)),
                ("editor", models.CharField(max_length=200)),
                ("editor_id", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("label", models.CharField(blank=True, max_length=200)),
                ("label_told", models.BooleanField(default=False)),
                ("text_digest", models.CharField(blank=True, max_length=64)),
                ("text_chars", models.PositiveIntegerField(default=0)),
                ("read_whole", models.BooleanField(default=True)),
                ("holds_order", models.BooleanField(null=True)),
                ("orders", models.JSONField(blank=True, default=list)),
                ("fingerprinted", models.BooleanField(default=False)),
                (
                    "notice",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("order", "An order to an assistant"),
                            ("label", "Its label was lowered or removed"),
                            ("editor", "Somebody new changed it"),
                        ],
                        max_length=12,
                    ),
                ),
                ("told", models.BooleanField(default=True)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="policies.knowledgedocument",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="DocumentQuote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict_id", models.UUIDField(unique=True)),
                ("at", models.DateTimeField()),
                ("agent_id", models.CharField(blank=True, max_length=200)),
                ("agent_name", models.CharField(blank=True, max_length=200)),
                ("user_id", models.CharField(blank=True, max_length=200)),
                ("would_have", models.CharField(max_length=8)),
                ("action", models.CharField(max_length=8)),
                ("severity", models.PositiveSmallIntegerField(null=True)),
                ("tool_name", models.CharField(blank=True, max_length=500)),
                ("matched_by", models.CharField(max_length=8)),
                ("insider", models.CharField(blank=True, max_length=12)),
                (
                    "revision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="quotes",
                        to="policies.documentrevision",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quotes",
                        to="policies.knowledgedocument",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
            },
        ),
        migrations.CreateModel(
            name="DocumentUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("reader", models.PositiveSmallIntegerField()),
                ("calls", models.PositiveIntegerField(default=0)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="use_days",
                        to="policies.knowledgedocument",
                    ),
                ),
            ],
            options={
                "ordering": ("day", "reader"),
                "indexes": [models.Index(fields=["day"], name="document_use_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("document", "day", "reader"), name="document_use_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="documentrevision",
            index=models.Index(fields=["document", "-at", "-id"], name="revision_timeline"),
        ),
        migrations.AddIndex(
            model_name="documentrevision",
            index=models.Index(condition=models.Q(("told", False)), fields=["id"], name="revision_untold"),
        ),
        migrations.AddIndex(
            model_name="documentrevision",
            index=models.Index(fields=["at"], name="revision_at"),
        ),
        migrations.AddIndex(
            model_name="documentquote",
            index=models.Index(fields=["document", "-at", "-id"], name="quote_timeline"),
        ),
    ]
