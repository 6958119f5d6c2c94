"""SQL of the shortlist, and of the state of entries that filling it depends on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many

# Of the judged revision: `missing` where the rules ask for a photo or a video and it has none.
MediaOfEntry = Literal["missing", "processing", "failed", "ready"]


class EntryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The present state of an entry. `revision` is the one that would be judged now, with its media; None if there is none."""

    post_id: int
    entered_at: datetime
    visible: bool
    revision: int | None
    newest_revision: int
    newest_waits: bool
    bears_topic: bool
    media_ids: list[int]
    media_state: MediaOfEntry | None
    is_shortlisted: bool
    is_disqualified: bool
    was_unlisted: bool

    @property
    def competes(self) -> bool:
        """Whether the post is visible, the judged revision bears the topic, has its media, and the entry is not disqualified."""
        return self.visible and self.bears_topic and self.media_suffice and not self.is_disqualified

    @property
    def media_suffice(self) -> bool:
        """Whether the media of the judged revision are ready, and there are some where the rules ask for them."""
        return self.media_state is None or self.media_state == "ready"


async def list_statuses(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> list[EntryStatus]:
    """The states of these posts' entries, by post id."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.entered_at, visible_posts.id IS NOT NULL AS visible, judged.revision,
            coalesce(newest.revision, 1) AS newest_revision, coalesce(newest.waits, false) AS newest_waits,
            coalesce(judged.bears_topic, false) AS bears_topic, coalesce(judged.media_ids, '{}') AS media_ids,
            CASE
                WHEN judged.media_ids = '{}' THEN CASE WHEN NOT judged.media_suffice THEN 'missing' END
                WHEN judged.media_suffice THEN 'ready'
                WHEN unready.failed_ids && judged.media_ids THEN 'failed'
                WHEN judged.revision IS NOT NULL THEN 'processing'
            END AS media_state,
            entries.shortlisted_at IS NOT NULL AS is_shortlisted, entries.disqualified_at IS NOT NULL AS is_disqualified,
            entries.unlisted_at IS NOT NULL AS was_unlisted
        FROM entries
        LEFT JOIN visible_posts ON visible_posts.id = entries.post_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        LEFT JOIN newest_revisions AS newest
            ON newest.campaign_id = entries.campaign_id AND newest.post_id = entries.post_id
        LEFT JOIN unready_media_of_entries AS unready
            ON unready.campaign_id = entries.campaign_id AND unready.post_id = entries.post_id
        WHERE entries.campaign_id = $1 AND entries.post_id = ANY ($2::bigint[])
        ORDER BY entries.post_id
        """,
        campaign_id,
        post_ids,
    )
    return many(rows, EntryStatus)


async def is_fill_due(conn: Connection, campaign_id: int) -> bool:
    """Whether filling is due: the campaign has closed, its rules have a shortlist size, and it was not filled yet."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT FROM campaigns
                WHERE id = $1 AND state IN ('scheduled', 'judging') AND ends_at + interval '10 seconds' <= clock_timestamp()
                    AND shortlist_filled_at IS NULL AND frozen_at IS NULL AND marks_locked_at IS NULL
                    AND draft ->> 'shortlist_size' IS NOT NULL
            )
            """,
            campaign_id,
        )
    )


async def list_fills_due(conn: Connection) -> list[int]:
    """Ids of campaigns whose filling is due, in random order: one that fails must not block the others."""
    rows = await conn.fetch(
        """
        SELECT id
        FROM campaigns
        WHERE state IN ('scheduled', 'judging') AND ends_at + interval '10 seconds' <= clock_timestamp()
            AND shortlist_filled_at IS NULL AND frozen_at IS NULL AND marks_locked_at IS NULL
            AND draft ->> 'shortlist_size' IS NOT NULL
        ORDER BY random()
        """
    )
    return [row["id"] for row in rows]


async def mark_filled(conn: Connection, campaign_id: int) -> None:
    """Records that the shortlist was filled after the campaign closed."""
    await conn.execute("UPDATE campaigns SET shortlist_filled_at = clock_timestamp() WHERE id = $1", campaign_id)


async def mark_all_shortlisted(conn: Connection, campaign_id: int, post_ids: Sequence[int], *, by: int | None) -> None:
    """Puts these entries on the shortlist; `by` is None for the worker."""
    await conn.execute(
        """
        UPDATE entries SET shortlisted_at = now(), shortlisted_by = $3, unlisted_at = NULL, unlisted_by = NULL
        WHERE campaign_id = $1 AND post_id = ANY ($2::bigint[]) AND shortlisted_at IS NULL
        """,
        campaign_id,
        post_ids,
        by,
    )
