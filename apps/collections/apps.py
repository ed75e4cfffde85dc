"""Django's registration of collections: no tables of their own."""

from django.apps import AppConfig


class CollectionsConfig(AppConfig):
    """The collections application."""

    name = "apps.collections"
    label = "collections"
