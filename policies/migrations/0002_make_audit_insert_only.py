"""Audit entries and published policy versions can be added, never changed."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION policies_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER auditentry_insert_only BEFORE UPDATE OR DELETE ON policies_auditentry
    FOR EACH ROW EXECUTE FUNCTION policies_insert_only();
CREATE TRIGGER policyversion_insert_only BEFORE UPDATE OR DELETE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_insert_only();
"""
BACKWARD = """
DROP TRIGGER auditentry_insert_only ON policies_auditentry;
DROP TRIGGER policyversion_insert_only ON policies_policyversion;
DROP FUNCTION policies_insert_only();
"""


class Migration(migrations.Migration):
    dependencies = (("policies", "0001_create_policy_tables"),)
    operations = (migrations.RunSQL(FORWARD, BACKWARD),)
