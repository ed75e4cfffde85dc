"""Fills the column; a second time it changes nothing."""

from django.db import migrations


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("UPDATE realtime_journalentry SET late = 1 WHERE late IS NULL")


class Migration(migrations.Migration):
    dependencies = [("late", "0001_add")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
