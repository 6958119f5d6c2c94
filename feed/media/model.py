"""Media: photos and videos, their limits, states and errors. Pure."""

from datetime import datetime
from typing import Literal, NewType

import msgspec

from feed.errors import Conflict, FeedError, NotFound, TooMany

MediaId = NewType("MediaId", int)
Kind = Literal["image", "video"]
MediaState = Literal["processing", "ready", "failed"]
Use = Literal["post", "avatar", "cover", "prize"]
RemovedFor = Literal["deleted", "expired", "replaced", "taken_down", "erased"]

# Of a post: photos, or one video.
IMAGES_MOST = 9
VIDEOS_MOST = 1

# Through the API in one request; longer files are sent to the object storage in parts.
DIRECT_BYTES_MOST = 20 * 1024 * 1024


class MediaNotFound(NotFound):
    """No such photo or video, or none that the caller may see."""


class MediaInUse(Conflict):
    """It is attached to something else already: each photo or video is used once."""


class MediaNotReady(Conflict):
    """It is still being processed, or processing has failed."""


class PurgeNotFound(NotFound):
    """No such purge of the CDN."""


class PurgeNotDead(Conflict):
    """Only a purge that was given up can be retried."""


class UnsupportedMedia(FeedError):
    """By its content the file is no photo and no video of the formats that are accepted."""


class FileTooLarge(FeedError):
    """More than may be sent through the API in one request: longer files are sent to the object storage in parts."""


class UploadIncomplete(Conflict):
    """Parts of the file are missing in the object storage."""


class PartMismatch(Conflict):
    """A part in the object storage is not the one that was announced, or not the one that its sender names. It has to be sent again."""


class UploadExpired(Conflict):
    """The file did not arrive in time: the upload has to begin anew."""


class CoverFixed(Conflict):
    """The cover of a video is chosen before the video is processed."""


class TooManyUnused(Conflict):
    """The person has the largest possible number of photos and videos that are used for nothing yet."""


class UploadQuotaReached(TooMany):
    """The person has uploaded as many bytes as is possible in one day."""


class Rendition(msgspec.Struct, frozen=True):
    """One file of a medium as it is served. `file`: its name within the medium's folder, `list.webp`; `byte_count`: its size."""

    name: str
    file: str
    content_type: str
    width: int
    height: int
    byte_count: int


class Medium(msgspec.Struct, frozen=True):
    """A row of `media`, as its owner, a page or a job needs it."""

    id: MediaId
    owner_id: int
    kind: Kind
    state: MediaState
    key: str
    used_as: Use | None
    post_id: int | None
    campaign_id: int | None
    alt: str
    content_type: str
    byte_count: int
    sha256: bytes | None
    part_bytes: int
    upload_expires_at: datetime
    uploaded_at: datetime | None
    attempts: int
    progress: int
    cover_ms: int | None
    width: int | None
    height: int | None
    duration_ms: int | None
    placeholder: str | None
    renditions: list[Rendition]
    perceptual_hash: bytes | None
    ai_source: str | None
    error_code: str | None
    created_at: datetime
    removed_at: datetime | None


def folder_of(key: str) -> str:
    """The folder of a medium's renditions in the object storage."""
    return f"media/{key}/"


def incoming_folder_of(key: str) -> str:
    """The folder of a medium's original, in parts, until it is processed. Nothing in it is ever served."""
    return f"incoming/{key}/"


def part_name(key: str, number: int) -> str:
    """The name of a part of a medium's original, from 1 on."""
    return f"{incoming_folder_of(key)}{number}"
