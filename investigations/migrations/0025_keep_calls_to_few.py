"""The calls of restricted investigations, with who may see them: a view, so that nothing has to keep it true."""

from django.db import migrations

_CREATE = """
CREATE VIEW guardrail_keptcall AS
SELECT place.verdict_id AS id, ARRAY(
    SELECT reader.person_id FROM investigations_reader reader WHERE reader.investigation_id = one.id
) AS people
FROM investigations_investigation one
JOIN investigations_investigationcall place ON place.investigation_id = one.id
WHERE one.restricted
"""


class Migration(migrations.Migration):
    dependencies = (("investigations", "0024_index_what_was_found"), ("guardrail", "0014_know_kept_calls"))
    operations = (migrations.RunSQL(_CREATE, "DROP VIEW guardrail_keptcall"),)
