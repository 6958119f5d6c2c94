"""Uploading photos and videos, through the API in one request or to the object storage in parts, and changing and deleting them.

The row comes first, then the object, then the mark that all bytes are there: whatever ends a process in between, the row leads
the sweep of expired uploads to the objects.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from feed import idempotency
from feed.accounts import store as accounts
from feed.accounts.model import AccountId
from feed.changes.store import Announce, announce_nothing
from feed.errors import FieldError, Invalid
from feed.idempotency import IdempotencyKeyBusy, KeyedRequest, idempotent_transaction
from feed.media import store, upload_store
from feed.media.inputs import (
    ALT,
    BYTES_PER_DAY,
    PART_BYTES,
    UNUSED_MOST,
    URL_MINUTES,
    MediaChange,
    MediaForm,
    NewUpload,
    Part,
    SentPart,
    cover_problems,
    list_parts,
    parts_problems,
    plain_etag,
    upload_problems,
)
from feed.media.model import (
    CoverFixed,
    MediaId,
    MediaInUse,
    MediaNotFound,
    Medium,
    PartMismatch,
    TooManyUnused,
    UnsupportedMedia,
    UploadExpired,
    UploadIncomplete,
    UploadQuotaReached,
    part_name,
)
from feed.media.oversize_parts import list_arrived
from feed.media.removal_store import mark_removed
from feed.media.sniffing import HEAD_BYTES, Sniffed, sniff
from feed.media.temporary_files import TemporaryFile
from feed.media.upload_store import NewMedium
from feed.postgres import Connection, Pool, transaction
from feed.storage.protocol import ObjectStorage, SignedRequest
from feed.texts import read_text, text_problems

# After its body a request has fifteen seconds: an older one with the same key has ended, and a repetition takes over.
_RUNNING_SECONDS = 20
# A day's bytes are freed gradually.
_QUOTA_RETRY_SECONDS = 3600


class SignedPart(msgspec.Struct, frozen=True):
    """A part of a file, and the request that sends it; None for a part that has arrived."""

    part: Part
    request: SignedRequest | None


async def require_may_upload(pool: Pool, owner_id: AccountId) -> None:
    """Raises Banned, AccountLeaving or Muted, before a body is read."""
    async with pool.acquire() as conn:
        (await accounts.get_standing(conn, owner_id)).require_write_access()


async def upload_file(
    pool: Pool,
    storage: ObjectStorage,
    owner_id: AccountId,
    file: TemporaryFile,
    sniffed: Sniffed,
    form: MediaForm,
    request: KeyedRequest | None = None,
) -> MediaId:
    """Adds a photo or video whose bytes are in a file, and stores them. Returns its id.

    A repeated request stores them again if the first one has ended without doing so, for instance with its process. Raises
    Invalid, Banned, Muted, TooManyUnused, UploadQuotaReached, IdempotencyKeyBusy while the first one is at work, StorageUnavailable,
    MediaNotFound if it was deleted meanwhile.
    """
    alt = _read_alt(form.alt)
    if form.kind is not None and form.kind != sniffed.kind:
        raise Invalid(FieldError("kind", "other_kind"))
    if problems := cover_problems(sniffed.kind, form.cover_ms):
        raise Invalid(*problems)
    key = secrets.token_hex(16)
    async with idempotent_transaction(pool, owner_id, request) as (conn, attempt):
        if not attempt.is_repeat:
            await _require_room(conn, owner_id, file.byte_count)
            media_id = await upload_store.add_medium(
                conn,
                NewMedium(
                    id=attempt.reserved_id,
                    owner_id=owner_id,
                    kind=sniffed.kind,
                    key=key,
                    alt=alt,
                    content_type=sniffed.content_type,
                    byte_count=file.byte_count,
                    sha256=file.sha256,
                    part_bytes=max(file.byte_count, 1),
                    cover_ms=form.cover_ms,
                ),
            )
        else:
            assert attempt.reserved_id is not None
            media_id = MediaId(attempt.reserved_id)
            earlier = await upload_store.find_attempted(conn, media_id)
            if earlier is None or earlier.removed_at is not None:
                raise MediaNotFound
            if earlier.uploaded_at is not None:
                return media_id
            if earlier.age_seconds < _RUNNING_SECONDS:
                raise IdempotencyKeyBusy(retry_after=int(_RUNNING_SECONDS - earlier.age_seconds) + 1)
            key = earlier.key
    await _store(pool, storage, owner_id, media_id, key, file, sniffed, request)
    return media_id


async def begin_upload(
    pool: Pool, owner_id: AccountId, upload: NewUpload, request: KeyedRequest | None = None
) -> MediaId:
    """Adds a photo or video that its owner sends to the object storage in parts. Returns its id.

    Raises Invalid, Banned, Muted, TooManyUnused, UploadQuotaReached.
    """
    if problems := upload_problems(upload) + text_problems("alt", upload.alt, ALT):
        raise Invalid(*problems)
    alt = _read_alt(upload.alt)
    async with idempotent_transaction(pool, owner_id, request) as (conn, attempt):
        if attempt.is_repeat:
            assert attempt.reserved_id is not None
            return MediaId(attempt.reserved_id)
        await _require_room(conn, owner_id, upload.bytes)
        return await upload_store.add_medium(
            conn,
            NewMedium(
                id=attempt.reserved_id,
                owner_id=owner_id,
                kind=upload.kind,
                key=secrets.token_hex(16),
                alt=alt,
                content_type=upload.content_type,
                byte_count=upload.bytes,
                sha256=bytes.fromhex(upload.sha256),
                part_bytes=PART_BYTES,
                cover_ms=upload.cover_ms,
            ),
        )


async def sign_parts(storage: ObjectStorage, medium: Medium) -> list[SignedPart]:
    """The parts of an upload, with a request for each one that is not there. Raises StorageUnavailable."""
    arrived = await list_arrived(storage, medium.key)
    left = medium.upload_expires_at - datetime.now(UTC)
    valid_for = max(min(timedelta(minutes=URL_MINUTES), left), timedelta(seconds=1))
    signed = []
    for part in list_parts(medium.byte_count, medium.part_bytes):
        found = arrived.get(part.number)
        if found is not None and found.byte_count == part.byte_count:
            signed.append(SignedPart(part, None))
        else:
            name = part_name(medium.key, part.number)
            signed.append(
                SignedPart(part, await storage.sign_put(name, byte_count=part.byte_count, valid_for=valid_for))
            )
    return signed


async def complete_upload(
    pool: Pool,
    storage: ObjectStorage,
    owner_id: AccountId,
    media_id: int,
    sent: Sequence[SentPart],
    request: KeyedRequest | None = None,
) -> None:
    """Takes an upload whose parts are all there, as they were announced; a second time changes nothing.

    A part of another size was sent past what was announced: it is removed. The hash of the whole is checked when it is processed.
    Raises Invalid, MediaNotFound, UploadIncomplete, PartMismatch, UploadExpired, UnsupportedMedia, StorageUnavailable.
    """
    medium = await find_own(pool, owner_id, media_id)
    if problems := parts_problems(sent, count=len(list_parts(medium.byte_count, medium.part_bytes))):
        raise Invalid(*problems)
    content_type = medium.content_type
    if medium.uploaded_at is None:
        await _check_parts(storage, medium, sent)
        sniffed = await _sniff_stored(storage, medium)
        if sniffed is None or sniffed.kind != medium.kind:
            await _remove_awaited(pool, media_id)
            raise UnsupportedMedia if sniffed is None else Invalid(FieldError("kind", "other_kind"))
        content_type = sniffed.content_type
    async with idempotent_transaction(pool, owner_id, request) as (conn, _):
        if not await _mark_uploaded(conn, owner_id, media_id, content_type):
            found = await store.lock_medium(conn, media_id)
            if found.uploaded_at is None:
                raise UploadExpired


async def find_own(pool: Pool, owner_id: AccountId, media_id: int) -> Medium:
    """A photo or video of the account. Raises MediaNotFound, also for another one's and a removed one."""
    async with pool.acquire() as conn:
        medium = await store.find_medium(conn, media_id)
    if medium is None or medium.owner_id != owner_id or medium.removed_at is not None:
        raise MediaNotFound
    return medium


async def change_media(
    pool: Pool,
    owner_id: AccountId,
    media_id: int,
    change: MediaChange,
    *,
    announce: Announce = announce_nothing,
) -> None:
    """Changes the description of a photo or video, also of one in a post, and the cover of a video until it is processed.

    Raises Invalid, MediaNotFound, MediaInUse for a picture of a campaign, CoverFixed, Banned, Muted.
    """
    alt = None if change.alt is None else _read_alt(change.alt)
    async with transaction(pool) as conn:
        (await accounts.get_standing(conn, owner_id)).require_write_access()
        medium = await _lock_own(conn, owner_id, media_id)
        if medium.campaign_id is not None:
            # It is the campaign's: what is published changes only by who may edit it now, and with a record.
            raise MediaInUse
        if problems := cover_problems(medium.kind, change.cover_ms):
            raise Invalid(*problems)
        if change.cover_ms is not None and (medium.state != "processing" or medium.attempts):
            raise CoverFixed
        await upload_store.change_medium(conn, media_id, alt=alt, cover_ms=change.cover_ms)
    if medium.post_id is not None:
        announce([medium.post_id])


async def delete_media(pool: Pool, owner_id: AccountId, media_id: int) -> None:
    """Deletes a photo or video that is used for nothing; a second time changes nothing. Raises MediaNotFound, MediaInUse."""
    async with transaction(pool) as conn:
        medium = await store.find_medium(conn, media_id)
        if medium is not None and medium.owner_id == owner_id and medium.removed_at is not None:
            return
        medium = await _lock_own(conn, owner_id, media_id)
        if medium.used_as is not None:
            raise MediaInUse
        await mark_removed(conn, [media_id], "deleted")


async def _lock_own(conn: Connection, owner_id: AccountId, media_id: int) -> Medium:
    medium = await store.lock_medium(conn, media_id)
    if medium.owner_id != owner_id:
        raise MediaNotFound
    return medium


async def _require_room(conn: Connection, owner_id: AccountId, byte_count: int) -> None:
    # Locked, so that requests at once do not exceed the limits together.
    same = await accounts.lock_same_person(conn, owner_id)
    (await accounts.get_standing(conn, owner_id)).require_write_access()
    recent = await upload_store.count_recent(conn, same)
    if recent.unused >= UNUSED_MOST:
        raise TooManyUnused
    if recent.byte_count + byte_count > BYTES_PER_DAY:
        raise UploadQuotaReached(retry_after=_QUOTA_RETRY_SECONDS)


async def _store(
    pool: Pool,
    storage: ObjectStorage,
    owner_id: AccountId,
    media_id: MediaId,
    key: str,
    file: TemporaryFile,
    sniffed: Sniffed,
    request: KeyedRequest | None,
) -> None:
    """Stores the bytes and marks that they are there. If that fails the upload is given up, so that it can be repeated at once."""
    is_stored = False
    try:
        await storage.put(part_name(key, 1), file.path, content_type=sniffed.content_type)
        async with transaction(pool) as conn:
            await _mark_uploaded(conn, owner_id, media_id, sniffed.content_type)
            medium = await store.find_medium(conn, media_id)
        if medium is None or medium.removed_at is not None:
            # Its owner, or the erasure of its owner, was faster: the job that removes its objects may have been there before this one.
            await storage.remove([part_name(key, 1)])
        is_stored = True
    finally:
        if not is_stored:
            await _give_up(pool, owner_id, media_id, request)


async def _mark_uploaded(conn: Connection, owner_id: AccountId, media_id: int, content_type: str) -> bool:
    same = await accounts.lock_same_person(conn, owner_id)
    return await upload_store.mark_uploaded(conn, media_id, content_type=content_type, owner_ids=same)


async def _give_up(pool: Pool, owner_id: AccountId, media_id: MediaId, request: KeyedRequest | None) -> None:
    async with transaction(pool) as conn:
        if await upload_store.lock_awaited(conn, media_id):
            await mark_removed(conn, [media_id], "expired")
            await idempotency.release_each(conn, [(owner_id, request)])


async def _remove_awaited(pool: Pool, media_id: int) -> None:
    async with transaction(pool) as conn:
        # A request at the same time may have found other bytes, and taken them; it may even be in a post by now.
        if await upload_store.lock_awaited(conn, media_id):
            await mark_removed(conn, [media_id], "deleted")


def _read_alt(alt: str) -> str:
    if problems := text_problems("alt", alt, ALT):
        raise Invalid(*problems)
    return read_text(alt, ALT)[0]


async def _check_parts(storage: ObjectStorage, medium: Medium, sent: Sequence[SentPart]) -> None:
    arrived = await list_arrived(storage, medium.key)
    expected = {part.number: part.byte_count for part in list_parts(medium.byte_count, medium.part_bytes)}
    oversize = [
        each.name for number, each in arrived.items() if number not in expected or each.byte_count != expected[number]
    ]
    if oversize:
        # A signed URL does not limit the size: what was sent past what was announced does not stay.
        await storage.remove(oversize)
        raise PartMismatch
    if expected.keys() - arrived.keys():
        raise UploadIncomplete
    if any(each.etag is not None and plain_etag(each.etag) != arrived[each.number].etag for each in sent):
        raise PartMismatch


async def _sniff_stored(storage: ObjectStorage, medium: Medium) -> Sniffed | None:
    head = b""
    try:
        async for piece in storage.read(part_name(medium.key, 1), length=HEAD_BYTES):
            head += piece
    except FileNotFoundError:
        raise UploadIncomplete from None
    return sniff(head)
