"""Flagged messages are few and asked for often."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A partial index."""

    dependencies = [("mail", "0006_words_newest")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["account"], name="message_flagged", condition=models.Q(flags__contains=["\\flagged"])
            ),
        ),
    ]
