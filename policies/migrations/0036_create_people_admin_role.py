"""The group of the people who change accounts, and no policy."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.get_or_create(name="people_admin")


class Migration(migrations.Migration):
    dependencies = (("policies", "0035_create_auditor_role"),)
    operations = (migrations.RunPython(create, migrations.RunPython.noop),)
