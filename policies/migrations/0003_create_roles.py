"""The groups that are roles; what each may do is in policies/access.py."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    group = apps.get_model("auth", "Group")
    for name in ("viewer", "analyst", "policy_admin"):
        group.objects.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = (
        ("policies", "0002_make_audit_insert_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    )
    operations = (migrations.RunPython(create, migrations.RunPython.noop),)
