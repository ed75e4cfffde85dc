"""What goes by the clock in the demo, now: who is important is counted, and alerts are told, as beat has it done.

PMSYNC_HOME=... python -m tests.e2e.ticking EMAIL
"""

import os
import subprocess
import sys

from pmsync.demo import cast
from pmsync.private.home import REPOSITORY
from tests.e2e.demo import OTHERS, Demo


def tick(demo: Demo, person: cast.DemoPerson) -> None:
    """In a process of its own."""
    env = {name: value for name, value in os.environ.items() if not OTHERS.match(name)}
    command = [sys.executable, "-m", "tests.e2e.ticking", person.email]
    subprocess.run(command, cwd=REPOSITORY, env=env | {"PMSYNC_HOME": str(demo.home)}, check=True)


def main(email: str) -> None:
    """In the demo's own database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
    import django

    django.setup()

    from apps.ai.people import important
    from apps.providers.models import ProviderAccount
    from apps.reports import tasks
    from apps.tenants import context
    from apps.users.models import Membership

    row = Membership.objects.select_related("user", "tenant").get(user__email=email)
    with context.open(row.tenant):
        for account in ProviderAccount.objects.filter(owner_id=row.user_id):
            important.count(account)
    tasks.alert(str(row.tenant.pk))


if __name__ == "__main__":
    main(*sys.argv[1:])
