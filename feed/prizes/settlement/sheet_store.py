"""The SQL of the score sheet: what is true of each entry at the deadline, and the rows that are frozen from it."""

from collections.abc import Mapping, Sequence

import msgspec

from feed.postgres import Connection, many
from feed.prizes.model import SheetRow
from feed.prizes.settlement.eligibility import Facts

_ROWS_AT_ONCE = 2_000


async def list_due(conn: Connection) -> list[int]:
    """Campaigns whose sheet should be frozen by now, in no order: one that fails must not stand before the others.

    One whose settlement was undone is not among them: whoever undid it says when the next one is made.
    """
    rows = await conn.fetch(
        """
        SELECT id
        FROM campaigns
        WHERE state IN ('scheduled', 'judging') AND settle_at <= clock_timestamp() AND frozen_at IS NULL
            AND NOT EXISTS (SELECT FROM settlements WHERE settlements.campaign_id = campaigns.id)
        ORDER BY random()
        """
    )
    return [row["id"] for row in rows]


async def raise_transaction_limits(conn: Connection) -> None:
    """Lets this transaction be longer than the pool's are, and count in memory: each of its statements is still bounded.

    The clock of a transaction is only wound anew once it has been stopped. Before version 17 Postgres has none.
    """
    await conn.execute(
        """
        SELECT set_config(name, value, true)
        FROM (VALUES
            (1, 'work_mem', '64MB'),
            (2, 'transaction_timeout', '0'),
            (3, 'transaction_timeout', '300s'),
            (4, 'idle_in_transaction_session_timeout', '300s')
        ) AS wanted (step, name, value)
        WHERE EXISTS (SELECT FROM pg_settings WHERE pg_settings.name = wanted.name)
        ORDER BY step
        """
    )


async def list_facts(conn: Connection, campaign_id: int) -> list[Facts]:
    """What decides whether each entry may win, apart from its author."""
    rows = await conn.fetch(
        """
        SELECT entries.post_id, entries.author_id AS account_id, accounts.person, entries.entered_at,
            posts.state AS post_state,
            judged.revision,
            coalesce(judged.bears_topic, false) AS bears_topic,
            coalesce(cardinality(judged.media_ids), 0) AS media_count,
            coalesce(newest.waits, false) AS newest_waits,
            entries.disqualified_at IS NOT NULL AS is_disqualified,
            accounts.erased_at IS NOT NULL AS is_erased
        FROM entries
        JOIN posts ON posts.id = entries.post_id
        JOIN accounts ON accounts.id = entries.author_id
        LEFT JOIN judged_revisions AS judged
            ON judged.campaign_id = entries.campaign_id AND judged.post_id = entries.post_id
        LEFT JOIN newest_revisions AS newest
            ON newest.campaign_id = entries.campaign_id AND newest.post_id = entries.post_id
        WHERE entries.campaign_id = $1
        ORDER BY entries.post_id
        """,
        campaign_id,
    )
    return many(rows, Facts)


async def list_waiting_comments(conn: Connection, campaign_id: int) -> list[tuple[int, int]]:
    """Post and comment of each comment made in time by somebody else that waits for its review."""
    rows = await conn.fetch(
        """
        SELECT comments.post_id, comments.id
        FROM campaigns
        JOIN entries ON entries.campaign_id = campaigns.id AND entries.disqualified_at IS NULL
        JOIN posts ON posts.id = entries.post_id AND posts.state = 'published'
        JOIN comments ON comments.post_id = entries.post_id AND comments.state = 'pending'
            AND comments.created_at < campaigns.ends_at AND comments.author_id <> entries.author_id
        WHERE campaigns.id = $1
        ORDER BY comments.post_id, comments.id
        """,
        campaign_id,
    )
    return [(row["post_id"], row["id"]) for row in rows]


async def add_sheet(conn: Connection, settlement_id: int, rows: Sequence[SheetRow]) -> None:
    """Freezes the rows: a hundred thousand of them are copied in a third of the time that a statement takes."""
    await conn.copy_records_to_table(
        "sheet_rows",
        columns=("settlement_id", *SheetRow.__struct_fields__),
        records=((settlement_id, *msgspec.structs.astuple(row)) for row in rows),
    )


async def list_sheet(conn: Connection, settlement_id: int) -> list[SheetRow]:
    """The frozen rows."""
    rows = await conn.fetch(
        """
        SELECT post_id, account_id, person, entered_at, revision, quality, likes_counted, commenters_counted, eligible,
            reason_code, excluded
        FROM sheet_rows
        WHERE settlement_id = $1
        ORDER BY post_id
        """,
        settlement_id,
    )
    return many(rows, SheetRow)


async def list_sheet_in_batches(conn: Connection, settlement_id: int) -> list[SheetRow]:
    """The frozen rows, read in portions between which the process answers others."""
    found: list[SheetRow] = []
    while portion := await _list_after(conn, settlement_id, found[-1].post_id if found else 0, limit=_ROWS_AT_ONCE):
        found += portion
    return found


async def _list_after(conn: Connection, settlement_id: int, after_post_id: int, *, limit: int) -> list[SheetRow]:
    rows = await conn.fetch(
        """
        SELECT post_id, account_id, person, entered_at, revision, quality, likes_counted, commenters_counted, eligible,
            reason_code, excluded
        FROM sheet_rows
        WHERE settlement_id = $1 AND post_id > $2
        ORDER BY post_id
        LIMIT $3
        """,
        settlement_id,
        after_post_id,
        limit,
    )
    return many(rows, SheetRow)


async def mark_ranks(conn: Connection, settlement_id: int, ranks: Mapping[int, int]) -> None:
    """Keeps where each entry's ticket came."""
    await conn.execute(
        """
        UPDATE sheet_rows SET rank = drawn.rank
        FROM unnest($2::bigint[], $3::integer[]) AS drawn (post_id, rank)
        WHERE settlement_id = $1 AND sheet_rows.post_id = drawn.post_id
        """,
        settlement_id,
        list(ranks),
        list(ranks.values()),
    )
