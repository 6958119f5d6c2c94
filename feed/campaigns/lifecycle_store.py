"""SQL of a campaign's state from its end on: blocked, frozen, decided, announced, final, archived. Each update checks the state before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.model import Rules
from feed.decoding.decoder import convert
from feed.postgres import Connection, one


class PublishedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A published campaign, with the fields that freeze, settlement, announcement and their notifications need.

    `contact` is whom participants ask: the contact of its rules, else the organiser.
    """

    id: int
    state: str
    topic_id: int
    title: str
    method: str | None
    contact: str | None
    rules_version: int
    starts_at: datetime
    ends_at: datetime
    settle_at: datetime
    frozen_at: datetime | None
    created_by: int
    blocked_by: list[dict[str, Any]]
    announced_by: int | None
    objections_end_at: datetime | None
    result_salt: bytes | None
    # Whether ten seconds have passed since `ends_at`, after which no transaction with an earlier timestamp should be in flight,
    # and none is.
    is_over: bool


EDITORS_MOST = 100


async def list_frozen(conn: Connection) -> list[int]:
    """Campaigns with a frozen sheet and no result yet, at random: one that fails must not block the others."""
    rows = await conn.fetch(
        "SELECT id FROM campaigns WHERE state = 'judging' AND frozen_at IS NOT NULL ORDER BY random()"
    )
    return [row["id"] for row in rows]


async def lock_published(conn: Connection, campaign_id: int) -> PublishedCampaign | None:
    """Locks the campaign until the transaction ends, waiting for other transactions. None: unknown or never published."""
    row = await conn.fetchrow(
        """
        SELECT id, state, topic_id, draft ->> 'title' AS title, draft ->> 'method' AS method,
               coalesce(nullif(draft ->> 'contact', ''), nullif(draft ->> 'organiser', '')) AS contact,
               rules_version, starts_at, ends_at, settle_at, frozen_at,
               created_by, blocked_by, announced_by, objections_end_at, result_salt,
               clock_timestamp() >= ends_at + interval '10 seconds'
                   AND NOT EXISTS (SELECT FROM open_writes WHERE open_writes.began_at < campaigns.ends_at) AS is_over
        FROM campaigns
        WHERE id = $1 AND published_at IS NOT NULL
        FOR NO KEY UPDATE
        """,
        campaign_id,
    )
    return one(row, PublishedCampaign)


async def try_lock_published(conn: Connection, campaign_id: int) -> PublishedCampaign | None:
    """Locks the campaign until the transaction ends; None when another transaction has locked it."""
    row = await conn.fetchrow(
        """
        SELECT id, state, topic_id, draft ->> 'title' AS title, draft ->> 'method' AS method,
               coalesce(nullif(draft ->> 'contact', ''), nullif(draft ->> 'organiser', '')) AS contact,
               rules_version, starts_at, ends_at, settle_at, frozen_at,
               created_by, blocked_by, announced_by, objections_end_at, result_salt,
               clock_timestamp() >= ends_at + interval '10 seconds'
                   AND NOT EXISTS (SELECT FROM open_writes WHERE open_writes.began_at < campaigns.ends_at) AS is_over
        FROM campaigns
        WHERE id = $1 AND published_at IS NOT NULL
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        campaign_id,
    )
    return one(row, PublishedCampaign)


async def get_rules(conn: Connection, campaign_id: int, version: int) -> Rules:
    """The rules of that version."""
    document, _ = await get_rules_document(conn, campaign_id, version)
    return convert(document, Rules)


async def get_rules_document(conn: Connection, campaign_id: int, version: int) -> tuple[dict[str, Any], str]:
    """The rules of that version as they were published, and their hash."""
    row = await conn.fetchrow(
        "SELECT rules, rules_sha256 FROM campaign_rules WHERE campaign_id = $1 AND version = $2", campaign_id, version
    )
    assert row is not None, "a published campaign has its rules"
    return row["rules"], row["rules_sha256"]


async def mark_blocked(conn: Connection, campaign_id: int, blocks: Sequence[dict[str, Any]]) -> bool:
    """Moves the campaign to `judging` and records what it waits for. Returns whether anything changed."""
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns SET state = 'judging', blocked_by = $2
            WHERE id = $1 AND state IN ('scheduled', 'judging') AND (state, blocked_by) IS DISTINCT FROM ('judging', $2::jsonb)
            RETURNING true
            """,
            campaign_id,
            list(blocks),
        )
    )


async def mark_frozen(conn: Connection, campaign_id: int) -> datetime:
    """Records the freeze and returns its time. It also locks the marks for good: from now on they are visible."""
    frozen_at: datetime = await conn.fetchval(
        """
        UPDATE campaigns
        SET state = 'judging', frozen_at = clock_timestamp(), blocked_by = '[]',
            marks_locked_at = coalesce(marks_locked_at, clock_timestamp())
        WHERE id = $1 AND state IN ('scheduled', 'judging') AND frozen_at IS NULL
        RETURNING frozen_at
        """,
        campaign_id,
    )
    return frozen_at


async def mark_decided(conn: Connection, campaign_id: int, reason: str | None) -> None:
    """Records the result, which only editors see yet."""
    await conn.execute(
        """
        UPDATE campaigns SET state = 'decided', settled_at = clock_timestamp(), settle_reason = $2, blocked_by = '[]'
        WHERE id = $1 AND state = 'judging' AND frozen_at IS NOT NULL
        """,
        campaign_id,
        reason,
    )


async def mark_undecided(conn: Connection, campaign_id: int, blocks: Sequence[dict[str, Any]]) -> None:
    """Takes a decided campaign back to `judging`, without its freeze."""
    await conn.execute(
        """
        UPDATE campaigns
        SET state = 'judging', frozen_at = NULL, settled_at = NULL, settle_reason = NULL, blocked_by = $2,
            announced_first_by = NULL, announced_first_at = NULL
        WHERE id = $1 AND state = 'decided'
        """,
        campaign_id,
        list(blocks),
    )


async def mark_withdrawn(conn: Connection, campaign_id: int, blocks: Sequence[dict[str, Any]]) -> None:
    """Takes an announced campaign back to `judging`, without its freeze and announcement."""
    await conn.execute(
        """
        UPDATE campaigns
        SET state = 'judging', frozen_at = NULL, settled_at = NULL, settle_reason = NULL, blocked_by = $2,
            announced_first_by = NULL, announced_first_at = NULL, announced_by = NULL, announced_at = NULL,
            objections_end_at = NULL
        WHERE id = $1 AND state = 'announced'
        """,
        campaign_id,
        list(blocks),
    )


async def mark_announced(
    conn: Connection, campaign_id: int, by: int, *, first_by: int, objection_days: int
) -> datetime:
    """Records the two people and starts the objection period. Returns the time of the announcement."""
    announced_at: datetime = await conn.fetchval(
        """
        UPDATE campaigns
        SET state = 'announced', announced_by = $2, announced_at = clock.now, announced_first_by = $4,
            objections_end_at = clock.now + make_interval(days => $3)
        FROM (SELECT clock_timestamp() AS now) AS clock
        WHERE id = $1 AND state = 'decided'
        RETURNING announced_at
        """,
        campaign_id,
        by,
        objection_days,
        first_by,
    )
    return announced_at


async def mark_final(conn: Connection, campaign_id: int) -> bool:
    """Makes the campaign final if its objection period is over. Returns whether it became final."""
    return bool(
        await conn.fetchval(
            """
            UPDATE campaigns SET state = 'final', final_at = clock_timestamp()
            WHERE id = $1 AND state = 'announced' AND objections_end_at <= clock_timestamp()
            RETURNING true
            """,
            campaign_id,
        )
    )


async def mark_archived(conn: Connection, campaign_id: int) -> None:
    """Moves a final campaign to `archived`, after which no claim can be decrypted."""
    await conn.execute("UPDATE campaigns SET state = 'archived' WHERE id = $1 AND state = 'final'", campaign_id)


async def list_responsible_editors(conn: Connection, campaign_id: int) -> list[int]:
    """The account ids of its creator and of each editor who has acted on it; of all editors when none of these has the role any more."""
    rows = await conn.fetch(
        """
        WITH editors AS (
            SELECT DISTINCT rights_now.account_id FROM rights_now WHERE role IN ('editor', 'admin')
        ), acted AS (
            SELECT editors.account_id
            FROM editors
            WHERE EXISTS (SELECT FROM campaigns WHERE id = $1 AND created_by = editors.account_id)
                OR EXISTS (
                    SELECT FROM audit
                    WHERE subject_kind = 'campaign' AND subject_id = $1 AND actor_id = editors.account_id
                )
        )
        SELECT created_by AS account_id FROM campaigns WHERE id = $1
        UNION
        SELECT account_id FROM acted
        UNION
        SELECT account_id FROM editors WHERE NOT EXISTS (SELECT FROM acted)
        ORDER BY account_id
        LIMIT $2
        """,
        campaign_id,
        EDITORS_MOST,
    )
    return [row["account_id"] for row in rows]
