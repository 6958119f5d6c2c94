"""The object storage that the settings name."""

from urllib.parse import urlsplit

from feed.settings import MEDIA_PATH, Settings
from feed.storage.grants import UploadGrants, upload_key_of
from feed.storage.local import LocalStorage
from feed.storage.protocol import ObjectStorage
from feed.storage.s3 import S3Storage
from feed.storage.s3_bucket import S3Bucket

# Below the public address: where the API takes what is uploaded to a folder.
UPLOADS = f"{MEDIA_PATH}/uploads"


def open_storage(settings: Settings, secret: bytes) -> ObjectStorage:
    """The storage, without asking it anything. `secret`: of the installation; upload addresses are signed with a key of it."""
    if not settings.media_store.startswith("s3://"):
        grants = UploadGrants(settings.public_url.rstrip("/") + UPLOADS, upload_key_of(secret))
        return LocalStorage(settings.media_path, grants)
    return S3Storage(
        S3Bucket(
            name=urlsplit(settings.media_store).netloc,
            endpoint=settings.media_s3_endpoint,
            public_endpoint=settings.media_s3_public_endpoint,
            region=settings.media_s3_region,
            key_id=settings.media_s3_key_id,
            key_secret=settings.media_s3_key_secret,
            addressing=settings.media_s3_addressing,
        )
    )
