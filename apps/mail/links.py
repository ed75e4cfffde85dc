"""Signed links: a download or an inline picture for whoever holds the link, for five minutes."""

from typing import Final
from uuid import UUID

from django.core import signing

from apps.core.problems import Problem

SALT: Final = "mail.attachment"
LIVES: Final = 300


def sign(tenant_id: UUID, attachment_id: UUID) -> str:
    """The path of a link to one attachment."""
    token = signing.dumps([str(tenant_id), str(attachment_id)], salt=SALT)
    return f"/api/v1/files/{token}"


def read(token: str) -> tuple[UUID, UUID]:
    """Tenant and attachment of a link. Raises the 404 problem for a forged or lapsed one."""
    try:
        tenant_id, attachment_id = signing.loads(token, salt=SALT, max_age=LIVES)
        return UUID(tenant_id), UUID(attachment_id)
    except signing.BadSignature:
        raise Problem(404, "link_lapsed", "This link has lapsed. Open the attachment from the message again.") from None
