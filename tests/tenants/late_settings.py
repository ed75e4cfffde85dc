"""The next release: one more application in every tenant's schema."""

from pmsync import settings as current
from pmsync.settings import *  # noqa: F403  a settings module is its names

TENANT_APPS = [*current.TENANT_APPS, "tests.tenants.late"]
INSTALLED_APPS = [*current.SHARED_APPS, *TENANT_APPS]
