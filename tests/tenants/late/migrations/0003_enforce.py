"""Enforces what 0002 filled."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("late", "0002_fill")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE realtime_journalentry ALTER COLUMN late SET DEFAULT 1, ALTER COLUMN late SET NOT NULL",
            "ALTER TABLE realtime_journalentry ALTER COLUMN late DROP NOT NULL, ALTER COLUMN late DROP DEFAULT",
        ),
        migrations.RunSQL("CREATE INDEX late_journal ON realtime_journalentry (late)", "DROP INDEX late_journal"),
    ]
