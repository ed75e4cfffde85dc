"""An agent at work in the demo: proposes one action for a person, as the agents do.

PMSYNC_HOME=... python -m tests.e2e.proposing EMAIL KIND KEY '{"to": [...]}'
"""

import json
import os
import subprocess
import sys

from pmsync.demo import cast
from pmsync.private.home import REPOSITORY
from tests.e2e.demo import OTHERS, Demo


def propose(demo: Demo, person: cast.DemoPerson, kind: str, key: str, **args: object) -> None:
    """Have it proposed in a process of its own."""
    env = {name: value for name, value in os.environ.items() if not OTHERS.match(name)}
    command = [sys.executable, "-m", "tests.e2e.proposing", person.email, kind, key, json.dumps(args)]
    subprocess.run(command, cwd=REPOSITORY, env=env | {"PMSYNC_HOME": str(demo.home)}, check=True)


def main(email: str, kind: str, key: str, args: str) -> None:
    """In the demo's own database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pmsync.settings")
    import django

    django.setup()

    from apps.ai import actions
    from apps.mail.models import Message
    from apps.providers import access
    from apps.tenants import context
    from apps.users import members
    from apps.users.models import Membership

    row = Membership.objects.select_related("user", "tenant").get(user__email=email)
    member = members.of(row.user, row.tenant)
    assert member is not None
    with context.open(row.tenant):
        account = access.owned_accounts(member)[0]
        newest = Message.objects.filter(account=account, placements__mailbox__role="inbox").order_by("-at")[0]
        given = json.loads(args)
        if kind in ("email.reply", "email.label", "email.archive"):
            given = {"message_id": str(newest.pk)} | given
        sources = [{"type": "message", "id": str(newest.pk)}]
        why = "The message asks for an answer and none was sent for three days."
        actions.propose(member, account, actions.Wish("follow-ups", kind, given, why, key, sources))


if __name__ == "__main__":
    main(*sys.argv[1:])
