"""What a call said can be taken out of its record, and a whole record once its time is over; nothing else of it changes."""

from django.db import migrations

_TEXTS = "ARRAY['user_id', 'destination', 'reason', 'signals', 'origins', 'documents']"
_ERASABLE = f"""
CREATE FUNCTION guardrail_record_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('guardrail.doing', true) = 'erasing'
        AND to_jsonb(NEW) - {_TEXTS} = to_jsonb(OLD) - {_TEXTS} THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_setting('guardrail.doing', true) = 'dropping' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
CREATE OR REPLACE FUNCTION guardrail_transcript_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('guardrail.doing', true) = 'rekeying'
        AND (NEW.id, NEW.body_bytes) = (OLD.id, OLD.body_bytes) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_setting('guardrail.doing', true) IN ('erasing', 'dropping') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
DROP TRIGGER verdict_insert_only ON guardrail_verdict;
CREATE TRIGGER verdict_insert_only BEFORE UPDATE OR DELETE ON guardrail_verdict
    FOR EACH ROW EXECUTE FUNCTION guardrail_record_kept();
DROP TRIGGER latefinding_insert_only ON guardrail_latefinding;
CREATE TRIGGER latefinding_insert_only BEFORE UPDATE OR DELETE ON guardrail_latefinding
    FOR EACH ROW EXECUTE FUNCTION guardrail_record_kept();
"""
_INSERT_ONLY = """
DROP TRIGGER verdict_insert_only ON guardrail_verdict;
CREATE TRIGGER verdict_insert_only BEFORE UPDATE OR DELETE ON guardrail_verdict
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();
DROP TRIGGER latefinding_insert_only ON guardrail_latefinding;
CREATE TRIGGER latefinding_insert_only BEFORE UPDATE OR DELETE ON guardrail_latefinding
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();
DROP FUNCTION guardrail_record_kept();
"""


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0019_pin_certificates_of_callers"),)
    operations = (migrations.RunSQL(_ERASABLE, _INSERT_ONLY),)
