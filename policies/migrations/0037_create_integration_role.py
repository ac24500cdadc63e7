"""The group of programs that have tokens and open no page."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("auth", "Group").objects.get_or_create(name="integration")


class Migration(migrations.Migration):
    dependencies = (("policies", "0036_create_people_admin_role"),)
    operations = (migrations.RunPython(create, migrations.RunPython.noop),)
