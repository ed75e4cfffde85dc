"""Adds a table, and a column that may be null to a table of another application."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("realtime", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "CREATE TABLE late_note (id bigint PRIMARY KEY, text varchar(40) NOT NULL)", "DROP TABLE late_note"
        ),
        migrations.RunSQL(
            "ALTER TABLE realtime_journalentry ADD COLUMN late integer",
            "ALTER TABLE realtime_journalentry DROP COLUMN late",
        ),
    ]
