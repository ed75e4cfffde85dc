"""Django's registration of the reports."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Reports and alerts: a tenant's rows. Whose report is due when stands in `reports.due`."""

    name = "apps.reports"
    label = "reports"
