from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("compose", "0002_draft_calendar"),)

    operations = (migrations.AddField("draft", "moves", models.PositiveBigIntegerField(db_default=0, default=0)),)
