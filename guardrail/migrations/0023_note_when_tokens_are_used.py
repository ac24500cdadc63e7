from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guardrail", "0022_move_calls_of_wrong_clocks"),
    ]

    operations = [
        migrations.AddField(
            model_name="orchestratortoken",
            name="last_used_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
