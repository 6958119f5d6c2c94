"""Endpoints with which an account uploads photos and videos, follows their processing, describes and deletes them."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, patch, post
from litestar.params import FromPath, HeaderParameter, JSONBody

from feed.accounts.model import AccountId, Banned, Muted, PhoneNotVerified
from feed.api.dependencies import (
    AnyRequest,
    Cursor,
    InjectedAppState,
    InjectedKeyedRequest,
    InjectedViewer,
    Limit,
    keyed_request_of,
    path_id,
)
from feed.api.errors import BodyTooSlow, NotMultipart
from feed.api.forms import FORM_BYTES, read_form
from feed.api.middleware.timeouts import REQUEST_TIMEOUT
from feed.api.responses import PRIVATE, response_specs
from feed.api.screened import require_publishable
from feed.api.state import AppState
from feed.batching import DatabaseAway
from feed.decoding.decoder import body_decoder
from feed.errors import Invalid, MalformedBody
from feed.idempotency import IdempotencyKeyBusy, IdempotencyKeyReused
from feed.ids import MAX_ID
from feed.media import uploads
from feed.media.inputs import MediaChange, MediaForm, NewMedia, NewUpload, SentParts
from feed.media.model import (
    DIRECT_BYTES_MOST,
    CoverFixed,
    FileTooLarge,
    MediaInUse,
    MediaNotFound,
    PartMismatch,
    TooManyUnused,
    UnsupportedMedia,
    UploadExpired,
    UploadIncomplete,
    UploadQuotaReached,
)
from feed.pagination import Page
from feed.postgres import with_retries
from feed.screens.media import own
from feed.screens.media.cards import granted_addresses
from feed.screens.media.own import OwnMedia, UploadPart
from feed.storage.protocol import StorageUnavailable

_OWN = {"cache-control": PRIVATE}
# For 20 MB: half a megabit a second. Ten seconds without a byte end an upload as they end any other body.
UPLOAD_SECONDS = 300.0
_FIELDS = tuple(MediaForm.__struct_fields__)
# In the request's state: the body has been read.
_READ = "form_read"

_NOT_ALLOWED = (Banned, Muted, PhoneNotVerified)
_FULL = (TooManyUnused, UploadQuotaReached)


class BegunUpload(msgspec.Struct, frozen=True):
    """A photo or video whose bytes are expected in the object storage, part by part."""

    media: OwnMedia
    part_size: int
    parts: list[UploadPart]
    expires_at: datetime


@post(
    "/media",
    status_code=201,
    responses=response_specs(OwnMedia, status=201),
    errors=(
        *_NOT_ALLOWED,
        *_FULL,
        FileTooLarge,
        UnsupportedMedia,
        NotMultipart,
        MalformedBody,
        Invalid,
        BodyTooSlow,
        MediaNotFound,
        StorageUnavailable,
        IdempotencyKeyReused,
        IdempotencyKeyBusy,
    ),
    limit="uploads",
    form=NewMedia,
    too_large=FileTooLarge,
    request_max_body_size=DIRECT_BYTES_MOST + FORM_BYTES,
)
async def upload_media(
    request: AnyRequest,
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(
            name="Idempotency-Key", description="A retry with the same key acts once: 1 to 200 printable characters."
        ),
    ] = None,
) -> Response[OwnMedia]:
    """Upload a photo or a short video of at most 20 MB, as the field `file` of a form. What it is decides its content. It is processed afterwards: `state` and `progress` say how far."""
    await app_state.verified.require(viewer.account_id)
    await uploads.require_may_upload(app_state.pool, viewer.account_id)
    state = request.scope["state"]
    if state.get(_READ):
        # The body of a request that is repeated after a deadlock is gone: the client repeats it.
        raise DatabaseAway(retry_after=2)
    state[_READ] = True
    if (timeout := state.get(REQUEST_TIMEOUT)) is not None:
        timeout.allow_body(UPLOAD_SECONDS)
    async with app_state.temporary_files.open(viewer.account_id) as file:
        sent = await read_form(request, file, known=_FIELDS, integers=frozenset({"cover_ms"}))
        form = body_decoder(MediaForm).decode(sent.fields)
        require_publishable(app_state.screener, MediaForm, form)
        # Of the content, not of the body: the boundary of a form differs each time.
        content = file.sha256 + msgspec.json.encode(form)
        keyed = keyed_request_of(request.scope, viewer, idempotency_key, content)
        media_id = await with_retries(
            lambda: uploads.upload_file(
                app_state.pool, app_state.storage, viewer.account_id, file, sent.sniffed, form, keyed
            )
        )
    return Response(await _card(app_state, viewer.account_id, media_id), status_code=201, headers=_OWN)


@post(
    "/media/uploads",
    status_code=201,
    errors=(*_NOT_ALLOWED, *_FULL, MediaNotFound, StorageUnavailable),
    limit="uploads",
    # The signed URLs of the response are made anew for a repeated request.
    secret=True,
)
async def begin_upload(
    data: JSONBody[NewUpload],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[BegunUpload]:
    """Begin to upload a longer file in parts, which are sent to the object storage. Each part goes to its own URL with PUT; lost ones are found at `GET /v1/media/{id}`."""
    await app_state.verified.require(viewer.account_id)
    media_id = await uploads.begin_upload(app_state.pool, viewer.account_id, data, keyed_request)
    card = await _card(app_state, viewer.account_id, media_id)
    medium = await uploads.find_own(app_state.pool, viewer.account_id, media_id)
    parts = own.upload_card(medium, []) if card.upload is None else card.upload
    begun = BegunUpload(card, parts.part_size, parts.parts, parts.expires_at)
    return Response(begun, status_code=201, headers=_OWN)


@post(
    "/media/{media_id:str}/complete",
    status_code=200,
    errors=(
        MediaNotFound,
        UploadIncomplete,
        PartMismatch,
        UploadExpired,
        UnsupportedMedia,
        StorageUnavailable,
    ),
    limit="uploads",
)
async def complete_upload(
    media_id: FromPath[str],
    data: JSONBody[SentParts],
    app_state: InjectedAppState,
    viewer: InjectedViewer,
    keyed_request: InjectedKeyedRequest,
) -> Response[OwnMedia]:
    """Say that all parts of an upload are sent. They are checked; parts of a wrong size are removed and have to be sent again. A second time it changes nothing."""
    id_ = path_id(media_id, MediaNotFound)
    await uploads.complete_upload(app_state.pool, app_state.storage, viewer.account_id, id_, data.parts, keyed_request)
    return Response(await _card(app_state, viewer.account_id, id_), headers=_OWN)


@get("/media/{media_id:str}", errors=(MediaNotFound, StorageUnavailable))
async def get_media(media_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> Response[OwnMedia]:
    """A photo or video of the viewer: its state, and while its bytes are expected the parts that are missing, with new URLs."""
    return Response(
        await _card(app_state, viewer.account_id, path_id(media_id, MediaNotFound)),
        headers=_OWN,
    )


@get("/me/media")
async def list_my_media(
    app_state: InjectedAppState, viewer: InjectedViewer, limit: Limit = 20, cursor: Cursor = None
) -> Response[Page[OwnMedia]]:
    """The viewer's photos and videos, newest first, also those that are processed or have failed. How a file is sent says only the single one (`upload`)."""
    name = f"media:{viewer.account_id}"
    before_id = app_state.cursors.read(name, cursor, int) if cursor else MAX_ID
    async with app_state.pool.acquire() as conn:
        found = await own.list_own(conn, viewer.account_id, before_id=before_id, limit=limit + 1)
    address = granted_addresses(app_state.media, datetime.now(UTC))
    next_cursor = app_state.cursors.write(name, found[limit - 1].id) if len(found) > limit else None
    return Response(Page([own.own_card(row, address) for row in found[:limit]], next_cursor), headers=_OWN)


@patch("/media/{media_id:str}", errors=(MediaNotFound, MediaInUse, CoverFixed, *_NOT_ALLOWED))
async def change_media(
    media_id: FromPath[str], data: JSONBody[MediaChange], app_state: InjectedAppState, viewer: InjectedViewer
) -> Response[OwnMedia]:
    """Describe a photo or video for people who do not see it, or choose the cover of a video before it is processed. A picture that a campaign has taken is described no more: 409 `media_in_use`."""
    id_ = path_id(media_id, MediaNotFound)
    await app_state.verified.require(viewer.account_id)
    # What is kept as evidence is its owner's no more.
    await _card(app_state, viewer.account_id, id_, with_upload=False)
    await uploads.change_media(app_state.pool, viewer.account_id, id_, data, announce=app_state.invalidate_posts)
    return Response(await _card(app_state, viewer.account_id, id_, with_upload=False), headers=_OWN)


@delete("/media/{media_id:str}", errors=(MediaNotFound, MediaInUse))
async def delete_media(media_id: FromPath[str], app_state: InjectedAppState, viewer: InjectedViewer) -> None:
    """Delete a photo or video that is used for nothing. One in a post is deleted with the post."""
    await uploads.delete_media(app_state.pool, viewer.account_id, path_id(media_id, MediaNotFound))


async def _card(app_state: AppState, owner_id: int, media_id: int, *, with_upload: bool = True) -> OwnMedia:
    async with app_state.pool.acquire() as conn:
        row = await own.find_own(conn, owner_id, media_id)
    if row is None:
        raise MediaNotFound
    upload = None
    if with_upload and row.uploaded_at is None:
        medium = await uploads.find_own(app_state.pool, AccountId(owner_id), media_id)
        upload = own.upload_card(medium, await uploads.sign_parts(app_state.storage, medium))
    return own.own_card(row, granted_addresses(app_state.media, datetime.now(UTC)), upload)


media = Router(
    "/",
    route_handlers=[
        upload_media,
        begin_upload,
        complete_upload,
        get_media,
        list_my_media,
        change_media,
        delete_media,
    ],
)
