"""An index for the audit trail of some days."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("policies", "0028_index_ledger_tools_and_history"),)
    operations = (
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(fields=["at"], name="audit_at"),
        ),
    )
