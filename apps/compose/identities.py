"""Who people write as: an account's own address and its aliases, each with name and signature."""

from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.adapters import mime
from apps.providers.adapters.mime import addressing
from apps.providers.models import ProviderAccount
from apps.users.members import Member

from . import rights
from .models import Identity, SubmissionServer

MOST: Final = 50
SIGNATURE_MOST: Final = 200_000


def all_of(member: Member) -> list[dict[str, Any]]:
    """Every identity of the accounts that the person may write in."""
    accounts = rights.writable_accounts(member)
    for account in accounts:
        default_of(account)
    held = list(Identity.objects.filter(account__in=accounts).order_by("account_id", "-is_default", "created_at"))
    servers = SubmissionServer.objects.in_bulk([account.pk for account in accounts])
    return [as_json(identity, servers.get(identity.account_id)) for identity in held]


def default_of(account: ProviderAccount) -> Identity:
    """The identity used unless another is chosen; an account that has none gets its own address as one."""
    found = Identity.objects.filter(account=account, is_default=True).first()
    if found is None:
        found, _ = Identity.objects.get_or_create(
            account=account,
            is_default=True,
            defaults={"name": account.display_name, "address": account.address},
        )
    return found


def of_draft(account: ProviderAccount, identity: Identity | None) -> Identity:
    """The identity a draft is sent as."""
    return identity if identity is not None and identity.account_id == account.pk else default_of(account)


def visible(member: Member, identity_id: UUID) -> Identity:
    """One identity. Raises the 404 of what is missing and of what is another's, 403 for a reader."""
    found = Identity.objects.filter(pk=identity_id, account_id__in=access.visible_account_ids(member)).first()
    if found is None:
        raise not_found("identity")
    rights.writable(member, found.account_id)
    return found


def add(member: Member, account_id: UUID, given: dict[str, Any]) -> Identity:
    """A new identity. Whether its server lets it be used shows when something is sent."""
    account = rights.writable(member, account_id)
    default_of(account)
    with transaction.atomic():
        if Identity.objects.filter(account=account).count() >= MOST:
            raise Problem(422, "too_many", f"An account has at most {MOST} identities.")
        identity = Identity(account=account)
        _fill(identity, given)
        _make_default(identity, given.get("is_default"))
        identity.save()
    return identity


def change(member: Member, identity_id: UUID, given: dict[str, Any]) -> Identity:
    """Change the members that are given."""
    identity = visible(member, identity_id)
    with transaction.atomic():
        _fill(identity, given)
        _make_default(identity, given.get("is_default"))
        identity.save()
    return identity


def remove(member: Member, identity_id: UUID) -> None:
    """Remove one that is not the default."""
    identity = visible(member, identity_id)
    if identity.is_default:
        raise Problem(422, "default_identity", "Choose another default first: this identity is the account's default.")
    identity.delete()


def _fill(identity: Identity, given: dict[str, Any]) -> None:
    if "name" in given:
        name = str(given["name"]).strip()
        if addressing.has_control(name):
            raise Problem(422, "invalid", "The name holds a line break or another control character.")
        identity.name = name
    for member in ("address", "reply_to"):
        if member in given:
            text = str(given[member]).strip()
            setattr(identity, member, _address(member, text) if text or member == "address" else "")
    if "signature_html" in given:
        text = str(given["signature_html"])
        if len(text) > SIGNATURE_MOST:
            raise Problem(422, "too_big", "The signature is too long.")
        identity.signature_html = mime.sanitise(text, cid_url=lambda cid: None, allow_remote=True).html


def _address(member: str, text: str) -> str:
    try:
        return addressing.target(text).address
    except addressing.BadAddress as bad:
        raise Problem(422, "bad_address", str(bad), errors={member: [str(bad)]}) from None


def _make_default(identity: Identity, wanted: Any) -> None:
    if wanted and not identity.is_default:
        Identity.objects.filter(account=identity.account, is_default=True).update(is_default=False)
        identity.is_default = True


def as_json(identity: Identity, server: SubmissionServer | None) -> dict[str, Any]:
    """As the API answers it."""
    return {
        "id": str(identity.pk),
        "account_id": str(identity.account_id),
        "name": identity.name,
        "address": identity.address,
        "reply_to": identity.reply_to,
        "signature_html": identity.signature_html,
        "is_default": identity.is_default,
        "limits": {
            "message_bytes": server.message_bytes if server else None,
            "recipients": server.recipients if server else None,
        },
    }


def server_of(account_id: UUID) -> SubmissionServer | None:
    """What is known of the account's submission server."""
    return SubmissionServer.objects.filter(pk=account_id).first()
