"""SQL of campaigns and of the versions of their rules. Each update checks the state, and the database's clock where it matters."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.model import StoredState
from feed.postgres import Connection, one
from feed.topics.model import ResolvedTopic


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign, read at `now` of the database's clock.

    `draft` holds its fields: of a published campaign, those of the latest version of its rules.
    """

    id: int
    state: StoredState
    now: datetime
    draft: dict[str, Any]
    topic_id: int | None
    rules_version: int | None
    rules_sha256: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    settle_at: datetime | None
    marks_locked_at: datetime | None
    created_by: int
    created_at: datetime
    published_at: datetime | None
    frozen_at: datetime | None
    settled_at: datetime | None
    blocked_by: list[Any]
    announced_first_by: int | None
    announced_at: datetime | None
    objections_end_at: datetime | None
    cancelled_at: datetime | None

    @property
    def has_opened(self) -> bool:
        """Whether the campaign has been open at some time until now."""
        return self.published_at is not None and self.starts_at is not None and self.now >= self.starts_at


class CampaignOfTopic(msgspec.Struct, frozen=True):
    """A campaign that takes entries by a topic."""

    id: int
    title: str


async def add_campaign(conn: Connection, *, campaign_id: int | None, draft: dict[str, Any], by: int) -> int:
    """Adds a draft and returns its id, which is `campaign_id` where an idempotency key has reserved one."""
    return int(
        await conn.fetchval(
            """
            INSERT INTO campaigns (id, draft, created_by)
            VALUES (coalesce($1, next_id()), $2, $3)
            RETURNING id
            """,
            campaign_id,
            draft,
            by,
        )
    )


async def find_campaign(conn: Connection, campaign_id: int) -> Campaign | None:
    """The campaign in any state."""
    row = await conn.fetchrow(
        """
        SELECT campaigns.id, state, clock_timestamp() AS now, coalesce(rules.rules, draft) AS draft, topic_id, rules_version,
            rules_sha256, starts_at, ends_at, settle_at, marks_locked_at, campaigns.created_by, campaigns.created_at, published_at, frozen_at,
            settled_at, blocked_by, announced_first_by, announced_at, objections_end_at, cancelled_at
        FROM campaigns
        LEFT JOIN campaign_rules AS rules ON rules.campaign_id = campaigns.id AND rules.version = campaigns.rules_version
        WHERE campaigns.id = $1
        """,
        campaign_id,
    )
    return one(row, Campaign)


async def lock_row(conn: Connection, campaign_id: int) -> bool:
    """Locks the campaign until the transaction ends; a later read sees its last state. False: unknown.

    Not FOR UPDATE, which would wait for, and block, each post that is entering the campaign.
    """
    return bool(await conn.fetchval("SELECT true FROM campaigns WHERE id = $1 FOR NO KEY UPDATE", campaign_id))


async def change_draft(conn: Connection, campaign_id: int, draft: dict[str, Any]) -> bool:
    """Changes the fields of a draft. False: it is no draft any more."""
    return bool(
        await conn.fetchval(
            "UPDATE campaigns SET draft = $2 WHERE id = $1 AND state = 'draft' RETURNING true", campaign_id, draft
        )
    )


async def put_proposal(conn: Connection, campaign_id: int, draft: dict[str, Any], *, by: int) -> None:
    """Stores a proposed change of published rules, in place of an earlier one."""
    await conn.execute(
        """
        INSERT INTO campaign_proposals (campaign_id, draft, proposed_by) VALUES ($1, $2, $3)
        ON CONFLICT (campaign_id) DO UPDATE
        SET draft = excluded.draft, proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at
        """,
        campaign_id,
        draft,
        by,
    )


async def find_proposal(conn: Connection, campaign_id: int) -> dict[str, Any] | None:
    """The fields of the campaign with the proposed change; None without one."""
    draft: dict[str, Any] | None = await conn.fetchval(
        "SELECT draft FROM campaign_proposals WHERE campaign_id = $1", campaign_id
    )
    return draft


async def remove_proposal(conn: Connection, campaign_id: int) -> None:
    """Removes the proposed change, if there is one."""
    await conn.execute("DELETE FROM campaign_proposals WHERE campaign_id = $1", campaign_id)


async def add_rules(
    conn: Connection, campaign_id: int, version: int, *, rules: dict[str, Any], text: str, sha256: str, by: int
) -> None:
    """Adds a version of the rules, which never changes afterwards."""
    await conn.execute(
        """
        INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        campaign_id,
        version,
        rules,
        text,
        sha256,
        by,
    )


async def mark_published(
    conn: Connection,
    campaign_id: int,
    *,
    topic: ResolvedTopic,
    starts_at: datetime,
    ends_at: datetime,
    settle_at: datetime,
    entry_by: str,
    entry_post_id: int | None,
    review_stages: int,
) -> bool:
    """Publishes a draft under version 1 of its rules. Posts with the topic or one of its aliases will enter.

    False: it is no draft, or its end has passed.
    """
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns
            SET state = 'scheduled', rules_version = 1, topic_id = $2, starts_at = $3, ends_at = $4, settle_at = $5,
                alias_topic_ids = array_remove($6::bigint[], $2), entry_by = $7, entry_post_id = $8, review_stages = $9,
                published_at = clock_timestamp()
            WHERE id = $1 AND state = 'draft' AND $4 > clock_timestamp()
            RETURNING true
            """,
            campaign_id,
            topic.id,
            starts_at,
            ends_at,
            settle_at,
            topic.ids,
            entry_by,
            entry_post_id,
            review_stages,
        )
    )


async def change_rules(
    conn: Connection,
    campaign_id: int,
    *,
    version: int,
    rules: dict[str, Any],
    topic: ResolvedTopic | None,
    starts_at: datetime,
    ends_at: datetime,
    settle_at: datetime,
    entry_by: str,
    entry_post_id: int | None,
    unamendable: bool,
) -> bool:
    """Moves the campaign to the next version of its rules. False: another editor was faster, it is frozen, or it is over.

    `topic` is None if it does not change. `unamendable` changes, and changes of topic or dates, are possible before the opening only.
    """
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns
            SET draft = $3, rules_version = $2, topic_id = coalesce($4::bigint, topic_id), starts_at = $5, ends_at = $6, settle_at = $7, entry_by = $10, entry_post_id = $11,
                alias_topic_ids = CASE WHEN $4::bigint IS NULL THEN alias_topic_ids ELSE array_remove($9::bigint[], $4::bigint) END
            WHERE id = $1 AND state IN ('scheduled', 'judging') AND rules_version = $2 - 1 AND frozen_at IS NULL
                AND ((topic_id = coalesce($4::bigint, topic_id) AND (starts_at, ends_at, settle_at) = ($5, $6, $7) AND NOT $8)
                    OR (starts_at > clock_timestamp() AND $6 > clock_timestamp()))
            RETURNING true
            """,
            campaign_id,
            version,
            rules,
            None if topic is None else topic.id,
            starts_at,
            ends_at,
            settle_at,
            unamendable,
            [] if topic is None else topic.ids,
            entry_by,
            entry_post_id,
        )
    )


async def mark_cancelled(conn: Connection, campaign_id: int) -> bool:
    """Cancels the campaign. False: it is frozen, or its state does not allow it."""
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns SET state = 'cancelled', cancelled_at = clock_timestamp()
            WHERE id = $1 AND state IN ('draft', 'scheduled', 'judging') AND frozen_at IS NULL
            RETURNING true
            """,
            campaign_id,
        )
    )


async def mark_marks_locked(conn: Connection, campaign_id: int) -> bool:
    """Locks the marks of a closed campaign. False: they are locked already, or it is not closed."""
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns SET marks_locked_at = clock_timestamp()
            WHERE id = $1 AND state IN ('scheduled', 'judging') AND ends_at <= clock_timestamp()
                AND marks_locked_at IS NULL AND frozen_at IS NULL
            RETURNING true
            """,
            campaign_id,
        )
    )


async def is_visible_post(conn: Connection, post_id: int) -> bool:
    """Whether the post is visible to others."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM visible_posts WHERE id = $1)", post_id))


async def has_jury(conn: Connection, campaign_id: int) -> bool:
    """Whether the campaign has jurors."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND removed_at IS NULL)", campaign_id
        )
    )


async def has_judges(conn: Connection, campaign_id: int) -> bool:
    """Whether the campaign has jurors, or an entry with a mark."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (SELECT FROM jurors WHERE campaign_id = $1 AND removed_at IS NULL)
                OR EXISTS (SELECT FROM marks WHERE campaign_id = $1)
            """,
            campaign_id,
        )
    )


async def find_overlapping(
    conn: Connection, topic_ids: Sequence[int], *, starts_at: datetime, ends_at: datetime, besides: int
) -> CampaignOfTopic | None:
    """The earliest other campaign that takes entries by one of these topics in a part of this time; also one that is over."""
    row = await conn.fetchrow(
        """
        SELECT id, coalesce(draft ->> 'title', '') AS title
        FROM campaigns
        WHERE entry_topic_ids && $1::bigint[] AND entry_by = 'post' AND published_at IS NOT NULL AND state <> 'cancelled'
            AND starts_at < $3 AND ends_at > $2 AND id <> $4
        ORDER BY published_at, id
        LIMIT 1
        """,
        topic_ids,
        starts_at,
        ends_at,
        besides,
    )
    return one(row, CampaignOfTopic)


async def list_unended_topics(conn: Connection, topic_id: int) -> list[int]:
    """The topics of the published campaigns that have not ended and take entries by this topic: it, or topics whose alias it is or was."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT topic_id FROM campaigns
        WHERE entry_topic_ids @> ARRAY[$1::bigint] AND state = 'scheduled' AND ends_at > clock_timestamp()
        """,
        topic_id,
    )
    return [row["topic_id"] for row in rows]


async def add_entry_topics(conn: Connection, topic_id: int, alias_ids: Sequence[int]) -> None:
    """Lets posts with these aliases enter the published campaigns on the topic that have not ended."""
    await conn.execute(
        """
        UPDATE campaigns
        SET alias_topic_ids = ARRAY(SELECT DISTINCT alias_id FROM unnest(alias_topic_ids || $2::bigint[]) AS alias_id ORDER BY 1)
        WHERE topic_id = $1 AND state = 'scheduled' AND ends_at > clock_timestamp() AND NOT alias_topic_ids @> $2::bigint[]
        """,
        topic_id,
        alias_ids,
    )
