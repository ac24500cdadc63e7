"""Lets the SIEMs there are be told of anchors of the audit trail, which new ones were told of anyway.

Anchors hold numbers and digests, and protect nothing where nobody else has them. Sign-ins and changes by people hold names
and addresses: an upgrade does not send these anywhere. Whoever wants them there chooses `audit_trail`.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SIEMS = ("splunk", "sentinel", "elastic", "syslog", "ocsf", "ocsf_file", "webhook")


def choose(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    for receiver in apps.get_model("investigations", "Receiver").objects.filter(kind__in=_SIEMS):
        if "audit" not in receiver.kinds:
            receiver.kinds = [*receiver.kinds, "audit"]
            receiver.save(update_fields=("kinds",))


class Migration(migrations.Migration):
    dependencies = (("investigations", "0028_know_every_agent_of_an_investigation"),)
    operations = (migrations.RunPython(choose, migrations.RunPython.noop),)
