"""Transcripts say under which key they are, and can be put under another one."""

from django.db import migrations

# A change is let through by a word that only the transaction that makes it says, and only of what it is about.
_KEPT = """
CREATE FUNCTION guardrail_transcript_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('guardrail.doing', true) = 'rekeying'
        AND (NEW.id, NEW.body_bytes) = (OLD.id, OLD.body_bytes) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is insert only', TG_TABLE_NAME;
END $$;
DROP TRIGGER transcript_insert_only ON guardrail_transcript;
CREATE TRIGGER transcript_insert_only BEFORE UPDATE OR DELETE ON guardrail_transcript
    FOR EACH ROW EXECUTE FUNCTION guardrail_transcript_kept();
"""
_INSERT_ONLY = """
DROP TRIGGER transcript_insert_only ON guardrail_transcript;
CREATE TRIGGER transcript_insert_only BEFORE UPDATE OR DELETE ON guardrail_transcript
    FOR EACH ROW EXECUTE FUNCTION guardrail_insert_only();
DROP FUNCTION guardrail_transcript_kept();
"""


class Migration(migrations.Migration):
    dependencies = (("guardrail", "0015_keep_who_opened_transcripts"),)
    operations = (
        migrations.RunSQL(
            # a constant default rewrites no row
            "ALTER TABLE guardrail_transcript ADD COLUMN key_id varchar(20) NOT NULL DEFAULT ''",
            "ALTER TABLE guardrail_transcript DROP COLUMN key_id",
        ),
        migrations.RunSQL(_KEPT, _INSERT_ONLY),
    )
