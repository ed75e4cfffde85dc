"""Senders whose remote images a person always sees; each person's list is their own, in whichever account."""

from typing import Any, Final

from apps.core.problems import Problem
from apps.users.members import Member

from ..models import ImageSender, Message

MOST: Final = 5_000
LONGEST: Final = 320


def canonical(address: str) -> str:
    """An address as it is compared: the sender's own spelling of it does not matter."""
    return address.strip().lower()


def sender_of(message: Message) -> str:
    """The address that a message says it is from; empty when it says none."""
    for sender in message.senders:
        if address := canonical(sender.get("address", "")):
            return address
    return ""


def all_of(member: Member) -> list[str]:
    """The person's list, in order."""
    return list(
        ImageSender.objects.filter(user_id=member.user_id).order_by("address").values_list("address", flat=True)
    )


def allows(member: Member, message: Message) -> bool:
    """Whether this message's images are shown to the person without being asked for."""
    address = sender_of(message)
    return bool(address) and ImageSender.objects.filter(user_id=member.user_id, address=address).exists()


def add(member: Member, address: Any) -> None:
    """Always show this sender's images. A second time changes nothing. Raises the 422 problem."""
    wanted = _parsed(address)
    if ImageSender.objects.filter(user_id=member.user_id).count() >= MOST:
        raise Problem(422, "too_many", f"You always see the images of {MOST} senders already; remove one first.")
    ImageSender.objects.bulk_create([ImageSender(user_id=member.user_id, address=wanted)], ignore_conflicts=True)


def remove(member: Member, address: Any) -> None:
    """Ask again for this sender's images. One that is not on the list changes nothing."""
    ImageSender.objects.filter(user_id=member.user_id, address=_parsed(address)).delete()


def _parsed(address: Any) -> str:
    wanted = canonical(address) if isinstance(address, str) else ""
    if "@" not in wanted.strip("@") or len(wanted) > LONGEST or not wanted.isprintable():
        raise Problem(422, "invalid_address", "That is not an address.", errors={"address": ["Not an address."]})
    return wanted
