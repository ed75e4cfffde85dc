"""`view = pending over base`, kept by the database whatever happens in whatever order: against a model in memory."""

import random
from uuid import UUID, uuid4

import pytest

from apps.mail.commands import service
from apps.mail.models import Message, Placement
from apps.outbound.models import OPEN, Command, CommandRequest
from apps.providers.adapters.base import FlagsRecord
from tests.mail.fixtures import Box, eml, end, record

ACTIONS = {
    "read": ("\\seen", True),
    "unread": ("\\seen", False),
    "star": ("\\flagged", True),
    "unstar": ("\\flagged", False),
}
COUNT = 4


class Model:
    """What the provider has, and the commands that are open, in order."""

    def __init__(self) -> None:
        self.base: dict[int, set[str]] = {uid: set() for uid in range(1, COUNT + 1)}
        self.open: list[tuple[UUID, str, bool, set[int]]] = []

    def view(self, uid: int) -> set[str]:
        seen = set(self.base[uid])
        for _, flag, on, uids in self.open:
            if uid in uids:
                seen = seen | {flag} if on else seen - {flag}
        return seen


@pytest.mark.parametrize("seed", range(8))
def test_what_is_seen_is_the_open_commands_over_what_the_provider_has(inbox: Box, seed: int) -> None:
    rng = random.Random(seed)
    inbox.arrive(*(record(uid, eml(uid, f"S{uid}")) for uid in range(1, COUNT + 1)))
    ids = {place.uid: place.message_id for place in Placement.objects.all()}
    uid_of = {message: uid for uid, message in ids.items()}
    model = Model()
    for _ in range(40):
        step = rng.choice(("act", "act", "act", "echo", "done", "refuse", "undo"))
        if step == "act":
            action = rng.choice(tuple(ACTIONS))
            flag, on = ACTIONS[action]
            some = rng.sample(sorted(ids), rng.choice((1, 2, 3)))
            answer = service.submit(
                inbox.member, str(uuid4()), {"action": action, "messages": [str(ids[uid]) for uid in some]}
            )
            command = Command.objects.filter(request_id=answer["id"]).first()
            if command is not None:
                model.open.append((command.pk, flag, on, {uid_of[pk] for pk in command.concerns}))
        elif step == "echo":
            uid = rng.choice(sorted(ids))
            model.base[uid] ^= {rng.choice(("\\seen", "\\flagged", "work"))}
            inbox.apply(flags=(FlagsRecord(uid, frozenset(model.base[uid])),))
        elif model.open and step in ("done", "refuse"):
            pk, flag, on, uids = model.open.pop(0)
            if step == "done":
                for uid in uids:
                    model.base[uid] = model.base[uid] | {flag} if on else model.base[uid] - {flag}
            close(inbox, Command.objects.get(pk=pk), {uid: model.base[uid] for uid in uids}, done=step == "done")
        elif model.open:
            pk, *_ = model.open.pop(rng.randrange(len(model.open)))
            service.undo(inbox.member, CommandRequest.objects.get(commands=pk).pk)
        for uid, message in ids.items():
            assert set(Placement.objects.get(message=message).flags) == model.view(uid), step
            assert set(Message.objects.get(pk=message).flags) == model.view(uid), step
        assert inbox.books() == [], step
    assert set(Command.objects.filter(OPEN).values_list("pk", flat=True)) == {pk for pk, *_ in model.open}


def close(inbox: Box, command: Command, told: dict[int, set[str]], *, done: bool) -> None:
    """End a command that stores flags, these or none."""
    flags = {str(inbox.box().pk): {str(uid): sorted(flags) for uid, flags in told.items()}}
    end(inbox.account, command, {"flags": flags} if done else None)
