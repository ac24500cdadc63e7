"""The group of the people who lead the work on investigations."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.get_or_create(name="lead")


class Migration(migrations.Migration):
    dependencies = (("policies", "0024_keep_states"),)
    operations = (migrations.RunPython(create, migrations.RunPython.noop),)
