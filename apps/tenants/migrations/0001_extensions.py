"""The extensions that every tenant's schema uses, kept in `public`."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations
from pgvector.django import VectorExtension


class Migration(migrations.Migration):
    """Runs first of all, in the public schema."""

    dependencies: list[tuple[str, str]] = []
    operations = [TrigramExtension(), UnaccentExtension(), VectorExtension()]
