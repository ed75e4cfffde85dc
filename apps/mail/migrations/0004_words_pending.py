"""The index of words gathers more before it sorts in: a first import spent most of its time on that."""

from django.db import migrations

# Kilobytes, a thousand messages and more; `search.upkeep` empties it outside of the transactions that bring news.
PENDING = 16_384
SET = f"ALTER INDEX words_vector SET (gin_pending_list_limit = {PENDING})"


class Migration(migrations.Migration):
    """A storage parameter: nothing is rebuilt."""

    dependencies = [("mail", "0003_commands")]
    operations = [migrations.RunSQL(SET, "ALTER INDEX words_vector RESET (gin_pending_list_limit)")]
