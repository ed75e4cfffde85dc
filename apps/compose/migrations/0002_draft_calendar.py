from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("compose", "0001_initial"),)

    operations = (
        migrations.AddField("draft", "calendar", models.TextField(blank=True, db_default="")),
        migrations.AddField("draft", "calendar_method", models.CharField(blank=True, db_default="", max_length=16)),
    )
