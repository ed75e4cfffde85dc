"""Django's registration of the due times."""

from django.apps import AppConfig


class DueConfig(AppConfig):
    """When each person's report is due: public rows, so that a tick visits no tenant."""

    name = "apps.reports.due"
    label = "reports_due"
