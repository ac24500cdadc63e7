"""What calls were judged by is kept member by member, under the sha256 of each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("policies", "0023_create_exceptions"),)
    operations = (
        migrations.CreateModel(
            name="RulesetMember",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("body_zstd", models.BinaryField()),
                ("body_bytes", models.BigIntegerField()),
            ],
            options={"ordering": ("digest",)},
        ),
        migrations.CreateModel(
            name="RulesetState",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField()),
                ("members", models.JSONField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-last_at",),
                "indexes": [models.Index(fields=["last_at"], name="state_last_at")],
            },
        ),
        # compressed already: TOAST must not try again
        migrations.RunSQL(
            "ALTER TABLE policies_rulesetmember ALTER COLUMN body_zstd SET STORAGE EXTERNAL",
            migrations.RunSQL.noop,
        ),
    )
