"""Files of drafts: brought in piece by piece, sealed as everything is, removed when no draft holds them."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.core import blobs
from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.mail import bodies, queries
from apps.mail.models import Attachment
from apps.providers import access
from apps.providers.adapters.mime import addressing
from apps.providers.models import ProviderAccount
from apps.tenants import context, keys
from apps.users.members import Member

from . import identities, rights
from .models import Draft, Upload, UploadPiece

PIECE: Final = 1024 * 1024
"""Bytes a request brings; below what Django keeps of a body in memory."""
MOST_BYTES: Final = 150 * 1024 * 1024
"""Of one file, where the server does not say what it takes: no known provider takes more."""
MOST_FILES: Final = 200
ABANDONED: Final = timedelta(days=2)
"""What no draft holds is kept so long, in case its draft comes from a device that was offline."""


def begin(member: Member, given: dict[str, Any]) -> Upload:
    """Announce a file. Raises a problem when it cannot be sent, before a byte of it is brought."""
    account = _account(member, given["draft_id"])
    name = given["filename"].replace("\\", "/").rsplit("/", 1)[-1].strip()
    if addressing.has_control(name):
        raise Problem(
            422, "bad_filename", "The name of the attachment holds a line break or another control character."
        )
    held = Upload.objects.filter(draft_id=given["draft_id"], attached=True)
    if held.count() >= MOST_FILES:
        raise Problem(422, "too_many", f"A message carries at most {MOST_FILES} files.")
    fits(account, given["size"] + sum(held.values_list("size", flat=True)))
    upload = Upload(
        account=account,
        draft_id=given["draft_id"],
        by_user=member.user_id,
        filename=name[:255],
        content_type=given["content_type"][:160],
        size=given["size"],
        inline=given["inline"],
        position=held.count(),
    )
    upload.content_id = f"{secrets.token_hex(12)}@inline" if given["inline"] else ""
    upload.save()
    return upload


def _account(member: Member, draft_id: UUID) -> ProviderAccount:
    """The draft's account; the person's first while the draft itself is still on its way to us."""
    draft = Draft.objects.filter(pk=draft_id).first()
    if draft is not None:
        return rights.writable(member, draft.account_id)
    mine = rights.writable_accounts(member)
    if not mine:
        raise Problem(422, "no_account", "Connect a mail account first.")
    return mine[0]


def fits(account: ProviderAccount, octets: int) -> None:
    """Raise the 422 problem `too_big` when files of so many bytes cannot leave by the account's server."""
    server = identities.server_of(account.pk)
    limit = server.message_bytes if server and server.message_bytes else None
    if encoded(octets) > (limit or encoded(MOST_BYTES)):
        most = int((limit or encoded(MOST_BYTES)) / encoded(1_000_000) * 1_000_000)
        raise Problem(
            422,
            "too_big",
            f"The attachments have {megabytes(octets)} together; {account.address} can send about {megabytes(most)} "
            "(mail makes files a third bigger on the way). Share a link instead.",
        )


def encoded(octets: int) -> int:
    """What so many bytes become in base64 with line ends."""
    return -(-octets // 57) * 78


def megabytes(octets: int) -> str:
    """For a sentence."""
    return f"{octets / 1_000_000:.1f} MB"


def visible(member: Member, upload_id: UUID) -> Upload:
    """One file of an account that the person may write in. Raises 404 otherwise."""
    found = Upload.objects.filter(pk=upload_id, account_id__in=access.visible_account_ids(member)).first()
    if found is None or not rights.may_write(member, found.account):
        raise not_found("file")
    return found


def take(member: Member, upload_id: UUID, offset: int, data: bytes) -> Upload:
    """One piece at its place; the same piece again is no error. Raises 409 `wrong_offset` with where to go on."""
    upload = visible(member, upload_id)
    if not data or len(data) > PIECE:
        raise Problem(422, "bad_piece", f"A piece has at least one byte and at most {PIECE}.")
    if offset + len(data) > upload.size:
        raise Problem(422, "bad_piece", "The file is longer than was announced.")
    if offset + len(data) <= upload.received:
        return upload
    ref = _store(upload, offset, data)
    with transaction.atomic():
        locked = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if locked is None:
            raise not_found("file")
        if offset != locked.received:
            if offset + len(data) <= locked.received:
                return locked
            detail = "This piece does not follow the last one."
            raise Problem(409, "wrong_offset", detail, received=locked.received)
        _piece(locked, offset, data, ref).save()
        locked.received += len(data)
        locked.save(update_fields=["received"])
    return locked


def _context(upload_id: UUID, start: int) -> str:
    return f"upload:{upload_id}:{start}"


def folder(account_id: UUID) -> str:
    """Where an account's unsent files lie: apart from the packs of its mail, which have a sweep of their own."""
    return f"{context.current().pk}/{account_id}/compose"


def _store(upload: Upload, start: int, data: bytes) -> blobs.BlobRef:
    key = keys.newest(context.current())
    return blobs.write_pack(folder(upload.account_id), key, [(_context(upload.pk, start), data)])[0]


def _piece(upload: Upload, start: int, data: bytes, ref: blobs.BlobRef) -> UploadPiece:
    return UploadPiece(
        upload=upload, start=start, length=len(data), pack=ref.pack, pack_offset=ref.offset, pack_length=ref.length
    )


def complete(upload: Upload) -> bool:
    """True when all of it is here, or at the message that it comes from."""
    return upload.source_id is not None or upload.received >= upload.size


def content(upload: Upload) -> bytes:
    """The file. Raises the 409 problem of a file that is not complete, or whose source is out of reach."""
    if upload.source_id is not None:
        attachment = Attachment.objects.select_related("message").filter(pk=upload.source_id).first()
        if attachment is None:
            raise Problem(409, "file_gone", f"“{upload.filename}” was removed together with the message it came from.")
        return bodies.file(attachment).data
    if not complete(upload):
        raise Problem(409, "file_incomplete", f"“{upload.filename}” has not been uploaded to its end.")
    held = keys.all_of(context.current())
    try:
        return b"".join(
            blobs.read(
                held,
                blobs.BlobRef(piece.pack, piece.pack_offset, piece.pack_length),
                _context(piece.upload_id, piece.start),
            )
            for piece in upload.pieces.order_by("start")
        )
    except blobs.BlobMissing:
        raise Problem(409, "file_gone", f"“{upload.filename}” is damaged or gone. Attach it again.") from None


def settle(upload: Upload) -> None:
    """Copy the bytes of a file that still lies in another message, so that the draft no longer needs that message."""
    if upload.source_id is None:
        return
    data = content(upload)
    pieces = [(start, data[start : start + PIECE]) for start in range(0, len(data), PIECE)]
    refs = [_store(upload, start, piece) for start, piece in pieces]
    with transaction.atomic():
        if not Upload.objects.filter(pk=upload.pk, source_id=upload.source_id).update(
            source_id=None, size=len(data), received=len(data)
        ):
            return
        UploadPiece.objects.bulk_create(
            [_piece(upload, start, piece, ref) for (start, piece), ref in zip(pieces, refs, strict=True)]
        )
    upload.source_id, upload.size, upload.received = None, len(data), len(data)


def of_draft(draft_id: UUID) -> list[Upload]:
    """The files that a draft holds, in order."""
    return list(Upload.objects.filter(draft_id=draft_id, attached=True).order_by("position", "id"))


def attach(member: Member, draft: Draft, wanted: Sequence[str]) -> None:
    """Make the draft hold these files and no others. An id of a mirrored message's attachment takes that file along.

    Unknown ids are left out. Call inside the transaction that changes the draft.
    """
    ids = [UUID(one) for one in dict.fromkeys(wanted)]
    accounts = access.visible_account_ids(member)
    held = {upload.pk: upload for upload in Upload.objects.filter(draft_id=draft.pk, account_id__in=accounts)}
    by_origin = {upload.origin_id: upload for upload in held.values() if upload.origin_id}
    order: list[Upload] = []
    for one in ids:
        upload = held.get(one) or by_origin.get(one) or _taken_along(member, draft, one)
        if upload is not None:
            order.append(upload)
    Upload.objects.filter(pk__in=[one.pk for one in order]).exclude(account=draft.account).update(account=draft.account)
    hold_only(draft, [one.pk for one in order])


def hold_only(draft: Draft, ids: Sequence[UUID]) -> None:
    """Let the draft hold these of its files, in this order, and no others."""
    for position, one in enumerate(ids):
        Upload.objects.filter(pk=one).update(attached=True, position=position)
    Upload.objects.filter(draft_id=draft.pk, attached=True).exclude(pk__in=ids).update(attached=False)


def _taken_along(member: Member, draft: Draft, source_id: UUID) -> Upload | None:
    """A file of a mirrored message, or of another draft of the same account."""
    other = Upload.objects.filter(pk=source_id, account=draft.account).first()
    if other is not None and complete(other):
        return copy(other, draft)
    try:
        source = queries.visible_attachment(member, source_id)
    except Problem:
        return None
    return take_along(draft, source, member.user_id)


def take_along(draft: Draft, source: Attachment, user_id: UUID) -> Upload:
    """A new file of the draft whose bytes are still the mirrored message's."""
    return Upload.objects.create(
        account=draft.account,
        draft_id=draft.pk,
        by_user=user_id,
        filename=source.filename[:255],
        content_type=source.content_type[:160],
        size=source.size,
        inline=source.inline and bool(source.content_id),
        content_id=source.content_id[:200] if source.inline else "",
        source_id=source.pk,
        origin_id=source.pk,
    )


def copy(upload: Upload, draft: Draft) -> Upload:
    """The same file in another draft; its sealed bytes are read and sealed anew, for they are bound to their file."""
    made = Upload.objects.create(
        account=draft.account,
        draft_id=draft.pk,
        by_user=draft.by_user,
        filename=upload.filename,
        content_type=upload.content_type,
        size=upload.size,
        received=upload.received,
        inline=upload.inline,
        content_id=upload.content_id,
        source_id=upload.source_id,
        origin_id=upload.pk,
        position=upload.position,
    )
    held = keys.all_of(context.current())
    for piece in upload.pieces.order_by("start"):
        ref = blobs.BlobRef(piece.pack, piece.pack_offset, piece.pack_length)
        data = blobs.read(held, ref, _context(piece.upload_id, piece.start))
        _piece(made, piece.start, data, _store(made, piece.start, data)).save()
    return made


def as_json(upload: Upload) -> dict[str, Any]:
    """As a draft lists it."""
    return {
        "id": str(upload.pk),
        "filename": upload.filename,
        "content_type": upload.content_type,
        "size": upload.size,
        "inline": upload.inline,
        "content_id": upload.content_id or None,
        "url": f"/api/v1/uploads/{upload.pk}",
    }


def progress_json(upload: Upload) -> dict[str, Any]:
    """As the upload's own answers tell it."""
    return {
        "id": str(upload.pk),
        "chunk_size": PIECE,
        "received": upload.received,
        "attachment": as_json(upload) if complete(upload) else None,
    }


def remove(member: Member, upload_id: UUID) -> None:
    """Let go of a file; its bytes go with the next sweep."""
    upload = visible(member, upload_id)
    Upload.objects.filter(pk=upload.pk).update(attached=False)


def sweep(account: ProviderAccount) -> int:
    """Remove the account's files that no draft holds any more, and packs that nothing points at; return how many."""
    limit = now() - ABANDONED
    drafts = Draft.objects.filter(account=account).exclude(state="sent").values("pk")
    gone = Upload.objects.filter(account=account, created_at__lt=limit).exclude(attached=True, draft_id__in=drafts)
    gone.delete()
    prefix = folder(account.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            # By their folder: a draft that moved to another account left its files where they were.
            "SELECT pack FROM compose_uploadpiece WHERE starts_with(pack, %s) "
            "UNION SELECT pack FROM compose_draft WHERE starts_with(pack, %s)",
            [prefix, prefix],
        )
        needed = {row[0] for row in cursor.fetchall()}
    unneeded = [pack for pack in blobs.packs(prefix, older_than=timedelta(hours=1)) if pack not in needed]
    for pack in unneeded:
        blobs.delete_pack(pack)
    return len(unneeded)
