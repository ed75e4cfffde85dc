"""Words are stored without compression: it cost a third of a first import, and they are read often."""

from django.db import migrations

SET = "ALTER TABLE mail_messagewords ALTER COLUMN {} SET STORAGE {}"


class Migration(migrations.Migration):
    """Bodies and vectors go out of line as they are."""

    dependencies = [("mail", "0001_initial")]
    operations = [
        migrations.RunSQL(SET.format(column, "EXTERNAL"), SET.format(column, "EXTENDED"))
        for column in ("body", "vector")
    ]
