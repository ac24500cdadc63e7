"""The fingerprints of classified documents, and the index compiled from them."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0003_create_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="FingerprintIndex",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.UUIDField(default=uuid.uuid4)),
                ("documents", models.JSONField(default=list)),
                ("entries", models.BinaryField(default=bytes)),
            ],
        ),
        migrations.CreateModel(
            name="DocumentFingerprints",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=1000, unique=True)),
                ("revision", models.CharField(blank=True, max_length=100)),
                ("hashes", models.BinaryField()),
                ("taken_at", models.DateTimeField(auto_now=True)),
                (
                    "data_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policies.dataclass"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "document fingerprints",
                "ordering": ("name",),
            },
        ),
    ]
