"""Who may read the files of a photo or video: everybody while it is shown somewhere, else who has a grant."""

import hashlib
import re

import msgspec

from feed.media.model import Rendition
from feed.postgres import Connection, one

# What our keys and files are made of; everything else is unknown without a look into the database.
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_FILE = re.compile(r"[a-z0-9_-]{1,32}\.[a-z0-9]{1,8}")


class ServedFile(msgspec.Struct, frozen=True):
    """A file of a medium. `is_public`: everybody may read it now; otherwise a grant is needed. `etag` has no quotes."""

    rendition: Rendition
    etag: str
    is_public: bool


class _ReadableMedium(msgspec.Struct, frozen=True):
    renditions: list[Rendition]
    placeholder: str | None
    is_public: bool


async def find_file(conn: Connection, key: str, file: str) -> ServedFile | None:
    """The file, if its medium is ready and not removed; None otherwise, and for names that are not ours."""
    if _KEY.fullmatch(key) is None or _FILE.fullmatch(file) is None:
        return None
    medium = await _find_readable(conn, key)
    rendition = next((each for each in medium.renditions if each.file == file), None) if medium else None
    if medium is None or rendition is None:
        return None
    # Another cover of a video is another picture under the same name: its placeholder differs, and nearly always its size.
    version = f"{key}/{file}/{rendition.byte_count}/{medium.placeholder}"
    return ServedFile(rendition, hashlib.sha256(version.encode()).hexdigest()[:32], medium.is_public)


async def _find_readable(conn: Connection, key: str) -> _ReadableMedium | None:
    return one(
        await conn.fetchrow(
            """
            SELECT media.renditions, media.placeholder,
                   -- Of who leaves at once, before a job has hidden each post. Covers and prize pictures are the newspaper's.
                   CASE WHEN media.used_as IN ('post', 'avatar') AND EXISTS (
                       SELECT FROM accounts
                       WHERE accounts.id = media.owner_id AND (accounts.leaving_at IS NOT NULL OR accounts.erased_at IS NOT NULL)
                   ) THEN false ELSE CASE media.used_as
                       WHEN 'post' THEN EXISTS (
                           -- Of the revision that is shown, not of an earlier one.
                           SELECT FROM visible_posts AS posts
                           JOIN post_revisions AS shown ON shown.post_id = posts.id AND shown.revision = posts.revision
                           WHERE posts.id = media.post_id AND media.id = ANY (shown.media_ids)
                               -- As feed/screens/posts/cards.py: what is taken down, but not written to each post yet.
                               AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = posts.author_id)
                               AND NOT EXISTS (SELECT FROM taken_down_topics AS down WHERE down.topic_id = ANY (shown.topic_ids))
                       )
                       WHEN 'avatar' THEN EXISTS (
                           SELECT FROM accounts
                           WHERE accounts.id = media.owner_id AND accounts.erased_at IS NULL
                               AND starts_with(accounts.avatar_url, media.key || '/')
                               AND NOT EXISTS (SELECT FROM taken_down_accounts AS down WHERE down.account_id = accounts.id)
                       )
                       WHEN 'cover' THEN EXISTS (
                           SELECT FROM campaigns WHERE campaigns.id = media.campaign_id AND campaigns.published_at IS NOT NULL
                       )
                       WHEN 'prize' THEN EXISTS (
                           SELECT FROM campaigns WHERE campaigns.id = media.campaign_id AND campaigns.published_at IS NOT NULL
                       )
                       ELSE false
                   END END AND NOT EXISTS (SELECT FROM blocked_media AS blocked WHERE blocked.media_id = media.id) AS is_public
            FROM media
            WHERE media.key = $1 AND media.state = 'ready' AND media.removed_at IS NULL
            """,
            key,
        ),
        _ReadableMedium,
    )
