"""The database itself refuses to change or remove a line of the record."""

from django.db import migrations

DO = """
CREATE FUNCTION hitl_entry_stands() RETURNS trigger LANGUAGE plpgsql AS $stands$
BEGIN
  RAISE EXCEPTION 'a line of the record is never changed or removed' USING ERRCODE = 'restrict_violation';
END
$stands$;
CREATE TRIGGER hitl_entry_stands BEFORE UPDATE OR DELETE OR TRUNCATE ON hitl_entry
  FOR EACH STATEMENT EXECUTE FUNCTION hitl_entry_stands();
"""
UNDO = "DROP TRIGGER hitl_entry_stands ON hitl_entry; DROP FUNCTION hitl_entry_stands()"


class Migration(migrations.Migration):
    dependencies = [("hitl", "0001_initial")]
    operations = [migrations.RunSQL(DO, UNDO)]
