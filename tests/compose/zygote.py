"""Workers that are born in milliseconds, to be killed: a process that has everything imported and forks on order.

    python -m tests.compose.zygote TENANT ACCOUNT

Each line on standard input forks a child, which answers with its pid once it is at work, and carries the
account's queue out until it is killed, whatever its commands wait for. The parent opens no connection.
"""

import importlib
import os
import signal
import sys
import time
from uuid import UUID

import django


def main(tenant_id: str, account_id: str) -> None:
    """Fork whenever told to, until standard input ends."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
    django.setup()
    importlib.import_module("apps.outbound.runner")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are nobody's concern
    print("ready", flush=True)
    for _ in sys.stdin:
        if os.fork() == 0:
            work(tenant_id, UUID(account_id))


def work(tenant_id: str, account_id: UUID) -> None:
    """Run the account's queue for ever."""
    from django.utils.timezone import now

    from apps.outbound import queue, runner
    from apps.outbound.models import OPEN, Command
    from apps.sync import lease
    from apps.sync.models import SyncTarget
    from apps.tenants import context

    told = False
    with context.open(context.get(tenant_id)):
        while True:
            Command.objects.filter(OPEN, account_id=account_id).update(due_at=now())
            target = SyncTarget.objects.get(account_id=account_id, kind=queue.KIND)
            with lease.take(target.pk) as held:
                if not told:
                    print(os.getpid(), flush=True)
                    told = True
                if held is not None:
                    runner.run(held)
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
