"""Whose remote images a person always sees."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A new table: nothing is rebuilt."""

    dependencies = [("mail", "0004_words_pending")]
    operations = [
        migrations.CreateModel(
            name="ImageSender",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.UUIDField()),
                ("address", models.TextField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "address"), name="image_sender_once"),
                ],
            },
        ),
    ]
