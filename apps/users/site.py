"""Django's admin application, showing the operators' site.

Apart from `apps`: there Django would take it for an application of ours.
"""

from django.contrib.admin.apps import AdminConfig


class OperatorAdminConfig(AdminConfig):
    """Named in INSTALLED_APPS in place of `django.contrib.admin`."""

    default_site = "apps.users.operators.OperatorSite"
