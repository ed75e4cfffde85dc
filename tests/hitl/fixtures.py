"""What an agent proposes to a person at a desk, and what the person does about it."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apps.ai.actions import Wish, propose
from apps.ai.models import Action, Origin
from apps.hitl.models import Approval, Entry
from apps.mail.models import Message
from apps.outbound import queue, runner
from apps.providers.models import ProviderAccount
from apps.sync import lease
from apps.sync.models import SyncTarget
from apps.users.members import Member
from tests.compose.fixtures import Desk

_numbers = itertools.count(1)


@dataclass
class Board:
    """One desk, with an agent at work."""

    desk: Desk
    keys: Any = field(default_factory=itertools.count)

    @property
    def client(self) -> Any:
        """The owner's API."""
        return self.desk.client

    def receive(self, subject: str = "Offer", sender: str = "Bob <bob@partner.example>", body: str = "Agreed?") -> str:
        """A mail comes in; the id of its message."""
        number = f"{uuid.uuid4().hex}@partner.example"
        raw = (
            f"From: {sender}\r\nTo: anna@rossi.example\r\nSubject: {subject}\r\nMessage-ID: <{number}>\r\n"
            f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
        )
        self.desk.dovecot.append(self.desk.user, "INBOX", raw.encode())
        self.desk.sync()
        return str(Message.objects.get(message_id=number).pk)

    def propose(self, kind: str, args: dict[str, Any], agent: str = "helper", **fields: Any) -> Approval:
        """What an agent wants for the owner; its approval."""
        why, origin = fields.pop("why", "Because."), Origin(fields.pop("origin", Origin.CONTENT))
        wish = Wish(agent, kind, args, why, str(next(_numbers)), fields.pop("sources", ()), origin)
        return propose(self.desk.member, self.desk.account, wish).approval

    def decide(
        self, approval: Approval, decision: str = "approve", status: int = 200, client: Any = None, **body: Any
    ) -> Any:
        """Decide through the API, having seen what stands."""
        who = client or self.client
        path = f"/api/v1/approvals/{approval.pk}"
        digest = body.pop("digest", None) or who.get(path).json()["digest"]
        answer = who.post(f"{path}/decide", {"decision": decision, "digest": digest, **body}, format="json")
        assert answer.status_code == status, answer.content
        return answer.json()

    def work(self) -> None:
        """Carry out what is due in the account's queue."""
        work(self.desk.account)

    def do(self, kind: str, args: dict[str, Any], **fields: Any) -> Action:
        """Propose, approve, carry out; the action, which was done."""
        approval = self.propose(kind, args, **fields)
        self.decide(approval)
        self.work()
        action = Action.objects.get(pk=approval.action_id)
        assert action.state == "done", action.error
        return action

    def undo(self, action: Action) -> Any:
        """Take it back through the API, and carry that out."""
        answer = self.client.post(f"/api/v1/approvals/{action.approval.pk}/undo")
        assert answer.status_code == 200, answer.content
        self.work()
        return answer.json()["items"][0]

    def delegate(self) -> Member:
        """A colleague who acts in the owner's account."""
        colleague = self.desk.cast.member
        self.desk.account.access.get_or_create(user_id=colleague.user_id, defaults={"role": "delegate"})
        return colleague


def work(account: ProviderAccount) -> None:
    """Carry out what is due in an account's queue: nothing that waits for a time."""
    target = SyncTarget.objects.get(account_id=account.pk, kind=queue.KIND)
    SyncTarget.objects.filter(pk=target.pk).update(lease_until=None, is_active=True)
    with lease.take(target.pk) as held:
        assert held is not None
        runner.run(held)


def record(approval: Approval) -> list[str]:
    """What the record says happened to it."""
    return list(Entry.objects.filter(action_id=approval.action_id).order_by("id").values_list("what", flat=True))
