"""The newest messages of an account in the order of search results, ties included."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The same index with the message's id."""

    dependencies = [("mail", "0005_image_senders")]

    operations = [
        migrations.RemoveIndex(model_name="messagewords", name="words_newest"),
        migrations.AddIndex(
            model_name="messagewords",
            index=models.Index(fields=["account_id", "-at", "-message"], name="words_newest"),
        ),
    ]
