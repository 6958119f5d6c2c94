"""SQL of the score sheet: the facts about entries, and the frozen rows."""

from collections.abc import Mapping, Sequence

import msgspec

from feed.postgres import Connection, many
from feed.prizes.model import SheetRow
from feed.prizes.settlement.eligibility import EntryFacts

_BATCH_ROWS = 2_000


async def list_due(conn: Connection) -> list[int]:
    """Campaigns whose sheet is due to be frozen, in random order, so that one that keeps failing does not block the others.

    Without those whose settlement was undone: an editor starts their next settlement.
    """
    rows = await conn.fetch(
        """
        SELECT id
        FROM campaigns
        WHERE state IN ('scheduled', 'judging') AND settle_at <= clock_timestamp() AND frozen_at IS NULL
            AND NOT EXISTS (SELECT FROM settlements WHERE settlements.campaign_id = campaigns.id)
            AND NOT EXISTS (SELECT FROM open_writes WHERE open_writes.began_at < campaigns.ends_at)
        ORDER BY random()
        """
    )
    return [row["id"] for row in rows]


async def raise_transaction_limits(conn: Connection) -> None:
    """Raises the timeouts and `work_mem` of this transaction. The timeout of each statement stays as it is.

    A running transaction timeout has to be set to 0 before a new value takes effect. Postgres has it since version 17.
    """
    await conn.execute(
        """
        SELECT set_config(name, value, true)
        FROM (VALUES
            (1, 'work_mem', '64MB'),
            (2, 'transaction_timeout', '0'),
            (3, 'transaction_timeout', '300s'),
            (4, 'idle_in_transaction_session_timeout', '300s'),
            (5, 'feed.transaction_timeout', '300000')  -- Checked at the commit before version 17.
        ) AS setting (step, name, value)
        WHERE step = 5 OR EXISTS (SELECT FROM pg_settings WHERE pg_settings.name = setting.name)
        ORDER BY step
        """
    )


async def list_facts(conn: Connection, campaign_id: int) -> list[EntryFacts]:
    """The facts that decide whether each entry may win, without those about its author."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.author_id AS account_id, accounts.person, entries.entered_at,
            entry_state(posts.state, posts.holds & ~32) AS post_state,
            judged.revision,
            coalesce(judged.bears_topic, false) AS bears_topic,
            coalesce(cardinality(judged.media_ids), 0) AS media_count,
            coalesce(newest.waits, false) AS newest_waits,
            coalesce(unready.waiting_ids && (judged.media_ids || held.media_ids), false)
                -- The post is about to be shown.
                OR (
                    held.post_id IS NOT NULL
                    AND NOT coalesce((unready.waiting_ids || unready.failed_ids) && held.media_ids, false)
                ) AS media_wait,
            coalesce(
                CASE
                    WHEN newest.waits THEN unready.failed_ids && newest.media_ids
                        AND (judged.revision IS NULL OR unready.failed_ids && judged.media_ids)
                    ELSE unready.failed_ids && coalesce(held.media_ids, judged.media_ids)
                END,
                false
            ) AS media_failed,
            entries.disqualified_at IS NOT NULL AS is_disqualified,
            accounts.erased_at IS NOT NULL AS is_erased
        FROM entries
        JOIN posts ON posts.id = entries.post_id
        JOIN accounts ON accounts.id = entries.author_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        LEFT JOIN newest_revisions AS newest
            ON newest.campaign_id = entries.campaign_id AND newest.post_id = entries.post_id
        LEFT JOIN unready_media_of_entries AS unready
            ON unready.campaign_id = entries.campaign_id AND unready.post_id = entries.post_id
        -- The revision that hides the post until its media are ready.
        LEFT JOIN post_revisions AS held
            ON posts.holds & 32 <> 0 AND held.post_id = posts.id AND held.revision = posts.revision
        WHERE entries.campaign_id = $1
        ORDER BY entries.post_id
        """,
        campaign_id,
    )
    return many(rows, EntryFacts)


async def list_waiting_comments(conn: Connection, campaign_id: int) -> list[tuple[int, int]]:
    """Post and comment id of each pending comment made before the end that may count.

    Authors' comments on their own entries do not, nor those of accounts that are too new or without a phone: these cannot hold up
    a settlement.
    """
    rows = await conn.fetch(
        """
        SELECT comments.post_id, comments.id
        FROM campaigns
        JOIN entries ON entries.campaign_id = campaigns.id AND entries.disqualified_at IS NULL
        JOIN posts ON posts.id = entries.post_id AND entry_state(posts.state, posts.holds) = 'published'
        JOIN comments ON comments.post_id = entries.post_id AND shown_state(comments.state, comments.holds) = 'pending'
            AND comments.created_at < campaigns.ends_at AND comments.author_id <> entries.author_id
        JOIN campaign_accounts AS account ON account.campaign_id = campaigns.id AND account.account_id = comments.author_id
        WHERE campaigns.id = $1 AND NOT account.not_verified AND NOT account.too_new
        ORDER BY comments.post_id, comments.id
        """,
        campaign_id,
    )
    return [(row["post_id"], row["id"]) for row in rows]


async def add_sheet(conn: Connection, settlement_id: int, rows: Sequence[SheetRow]) -> None:
    """Adds the rows with COPY: for a hundred thousand of them it takes a third of the time of an INSERT."""
    await conn.copy_records_to_table(
        "sheet_rows",
        columns=("settlement_id", *SheetRow.__struct_fields__),
        records=((settlement_id, *msgspec.structs.astuple(row)) for row in rows),
    )


async def list_sheet(conn: Connection, settlement_id: int) -> list[SheetRow]:
    """The frozen rows in the order of their entries."""
    rows = await conn.fetch(
        """
        SELECT post_id, comment_id, account_id, person, entered_at, revision, quality, likes_counted, commenters_counted, eligible,
            reason_code, excluded, marks
        FROM sheet_rows
        WHERE settlement_id = $1
        ORDER BY entry_id
        """,
        settlement_id,
    )
    return many(rows, SheetRow)


async def list_sheet_in_batches(conn: Connection, settlement_id: int) -> list[SheetRow]:
    """The frozen rows in the order of their entries without their marks, in batches so that the event loop can serve others in between."""
    rows: list[SheetRow] = []
    while batch := await _list_after(conn, settlement_id, rows[-1].entry_id if rows else 0, limit=_BATCH_ROWS):
        rows += batch
    return rows


async def _list_after(conn: Connection, settlement_id: int, after_id: int, *, limit: int) -> list[SheetRow]:
    rows = await conn.fetch(
        """
        SELECT post_id, comment_id, account_id, person, entered_at, revision, quality, likes_counted, commenters_counted, eligible,
            reason_code, excluded
        FROM sheet_rows
        WHERE settlement_id = $1 AND entry_id > $2
        ORDER BY entry_id
        LIMIT $3
        """,
        settlement_id,
        after_id,
        limit,
    )
    return many(rows, SheetRow)


async def mark_ranks(conn: Connection, settlement_id: int, ranks: Mapping[int, int]) -> None:
    """Stores the rank that the draw gave each entry."""
    await conn.execute(
        """
        UPDATE sheet_rows SET rank = drawn.rank
        FROM unnest($2::bigint[], $3::integer[]) AS drawn (entry_id, rank)
        WHERE settlement_id = $1 AND sheet_rows.entry_id = drawn.entry_id
        """,
        settlement_id,
        list(ranks),
        list(ranks.values()),
    )
