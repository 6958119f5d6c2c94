"""The SQL of settlements, winners and reserves. Whoever calls a writing function holds the campaign's row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from feed.campaigns.prize_kinds import code_kinds
from feed.postgres import Connection, columns, many, one
from feed.prizes.model import Forced, Place, Reserve, Settlement, Winner, WinnerId


async def add_settlement(
    conn: Connection,
    campaign_id: int,
    *,
    rules_version: int,
    frozen_at: datetime,
    skipped: Sequence[dict[str, Any]],
    forced: Forced | None,
) -> int:
    """The id of the campaign's new settlement; a second one beside it is impossible."""
    settlement_id: int = await conn.fetchval(
        """
        INSERT INTO settlements (campaign_id, rules_version, frozen_at, skipped, forced)
        VALUES ($1, $2, $3, $4, $5)
        RETURNING id
        """,
        campaign_id,
        rules_version,
        frozen_at,
        list(skipped),
        None if forced is None else msgspec.to_builtins(forced),
    )
    return settlement_id


async def find_settlement(conn: Connection, campaign_id: int) -> Settlement | None:
    """The settlement that stands."""
    row = await conn.fetchrow(
        """
        SELECT settlements.id, campaign_id, settlements.rules_version, settlements.frozen_at, skipped, forced,
            result IS NOT NULL AS has_result,
            campaigns.result_salt AS salt,
            ARRAY (
                SELECT earlier.result_sha256
                FROM settlements AS earlier
                WHERE earlier.campaign_id = $1 AND earlier.withdrawn
                ORDER BY earlier.id
            ) AS withdrawn
        FROM settlements JOIN campaigns ON campaigns.id = campaign_id
        WHERE campaign_id = $1 AND undone_at IS NULL
        """,
        campaign_id,
    )
    return one(row, Settlement)


async def add_result(conn: Connection, settlement_id: int, result: bytes, sha256: str) -> bool:
    """Whether the settlement had no result yet."""
    return bool(
        await conn.fetchval(
            """
            UPDATE settlements SET result = $2, result_sha256 = $3, settled_at = clock_timestamp()
            WHERE id = $1 AND result IS NULL
            RETURNING true
            """,
            settlement_id,
            result,
            sha256,
        )
    )


async def mark_undone(conn: Connection, settlement_id: int, *, by: int, reason: str, withdrawn: bool = False) -> None:
    """The settlement stays, and stands no more. `withdrawn`: its result was public."""
    await conn.execute(
        """
        UPDATE settlements
        SET undone_at = clock_timestamp(), undone_by = $2, undone_reason = $3, withdrawn = $4
        WHERE id = $1 AND undone_at IS NULL
        """,
        settlement_id,
        by,
        reason,
        withdrawn,
    )


async def add_winners(
    conn: Connection, campaign_id: int, settlement_id: int, places: Sequence[Place]
) -> list[WinnerId]:
    """Fills places; nobody is told yet."""
    rows = await conn.fetch(
        """
        INSERT INTO winners (campaign_id, settlement_id, place, rank, post_id, account_id, person, score, prizes)
        SELECT $1, $2, place, rank, post_id, account_id, person, score, prizes
        FROM ROWS FROM (
            unnest($3::integer[], $4::integer[], $5::bigint[], $6::bigint[], $7::bytea[], $8::text[]),
            jsonb_array_elements($9)
        ) AS given (place, rank, post_id, account_id, person, score, prizes)
        ORDER BY place
        RETURNING id
        """,
        campaign_id,
        settlement_id,
        *columns([msgspec.structs.astuple(place)[:-1] for place in places], 6),
        # Not jsonb[]: a list inside of an array would be taken for a dimension of it.
        [place.prizes for place in places],
    )
    return [WinnerId(row["id"]) for row in rows]


async def add_reserves(conn: Connection, settlement_id: int, reserves: Sequence[Reserve]) -> None:
    """Who comes next, in order."""
    await conn.execute(
        """
        INSERT INTO reserves (settlement_id, position, rank, post_id, account_id, person, score)
        SELECT $1, position, rank, post_id, account_id, person, score
        FROM unnest($2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[])
            AS given (position, rank, post_id, account_id, person, score)
        """,
        settlement_id,
        *columns([msgspec.structs.astuple(reserve) for reserve in reserves], 6),
    )


async def remove_selected(conn: Connection, settlement_id: int) -> None:
    """Empties the places of a settlement that is undone: nobody has been told of them, and its result still names them."""
    await conn.execute("DELETE FROM winners WHERE settlement_id = $1 AND notified_at IS NULL", settlement_id)


async def list_selected(conn: Connection, settlement_id: int) -> list[Winner]:
    """Winners who have not been told."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, account_id, prizes, state, claim_ends_at
        FROM winners
        WHERE settlement_id = $1 AND state = 'selected'
        ORDER BY place
        """,
        settlement_id,
    )
    return many(rows, Winner)


async def list_withdrawn(conn: Connection, settlement_id: int) -> list[WinnerId]:
    """Winners not told yet whose post its author has deleted, or who are erased."""
    rows = await conn.fetch(
        """
        SELECT winners.id
        FROM winners
        JOIN posts ON posts.id = winners.post_id
        JOIN accounts ON accounts.id = winners.account_id
        WHERE winners.settlement_id = $1 AND winners.state = 'selected'
            AND (posts.state = 'deleted' OR accounts.erased_at IS NOT NULL)
        ORDER BY winners.place
        """,
        settlement_id,
    )
    return [WinnerId(row["id"]) for row in rows]


async def list_not_visible(conn: Connection, settlement_id: int) -> list[WinnerId]:
    """Winners not told yet whose post others cannot see, or who are banned now."""
    rows = await conn.fetch(
        """
        SELECT winners.id
        FROM winners
        WHERE settlement_id = $1 AND state = 'selected' AND (
            NOT EXISTS (SELECT FROM visible_posts WHERE visible_posts.id = winners.post_id)
            OR EXISTS (SELECT FROM sanctions_now WHERE sanctions_now.account_id = winners.account_id AND banned)
        )
        ORDER BY winners.id
        """,
        settlement_id,
    )
    return [WinnerId(row["id"]) for row in rows]


async def mark_notified(
    conn: Connection, winner_ids: Sequence[WinnerId], *, at: datetime, claim_ends_at: datetime
) -> list[Winner]:
    """Notifies these winners: `at` is the time of the database, `claim_ends_at` their deadline. Returns them by place."""
    rows = await conn.fetch(
        """
        UPDATE winners
        SET state = 'notified', notified_at = $2, claim_ends_at = $3
        WHERE id = ANY ($1::bigint[]) AND state = 'selected'
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, account_id, prizes, state, claim_ends_at
        """,
        winner_ids,
        at,
        claim_ends_at,
    )
    return sorted(many(rows, Winner), key=lambda winner: winner.place)


async def list_lapsed(conn: Connection) -> list[tuple[int, WinnerId]]:
    """Campaign and winner of each claim whose time has passed unused, in no order: see `closing.list_frozen`."""
    rows = await conn.fetch(
        """
        SELECT campaign_id, id
        FROM winners
        WHERE state IN ('notified', 'viewed') AND claim_ends_at <= clock_timestamp()
        ORDER BY random()
        LIMIT 100
        """
    )
    return [(row["campaign_id"], WinnerId(row["id"])) for row in rows]


async def mark_lapsed(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """The winner whose time has passed by the database's clock; None if it has not, or is no longer asked for."""
    row = await conn.fetchrow(
        """
        UPDATE winners SET state = 'lapsed', state_reason = 'not_claimed', ended_at = clock_timestamp()
        WHERE id = $1 AND state IN ('notified', 'viewed') AND claim_ends_at <= clock_timestamp()
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, account_id, prizes, state, claim_ends_at,
            state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def list_forfeited(conn: Connection) -> list[tuple[int, WinnerId]]:
    """Campaign and winner of each prize whose post its author has deleted since the freeze, or who is erased; in no order."""
    rows = await conn.fetch(
        """
        SELECT winners.campaign_id, winners.id
        FROM winners
        JOIN posts ON posts.id = winners.post_id
        JOIN accounts ON accounts.id = winners.account_id
        WHERE winners.state IN ('selected', 'notified', 'viewed', 'claimed')
            AND (posts.state = 'deleted' OR accounts.erased_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = winners.id)
        ORDER BY random()
        LIMIT 100
        """
    )
    return [(row["campaign_id"], WinnerId(row["id"])) for row in rows]


async def mark_forfeited(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """The winner whose post is deleted or who is erased, before the claim was verified or a code seen; None otherwise."""
    row = await conn.fetchrow(
        """
        UPDATE winners
        SET state = 'forfeited', ended_at = clock_timestamp(),
            state_reason = CASE WHEN accounts.erased_at IS NULL THEN 'post_deleted' ELSE 'erased' END
        FROM posts, accounts
        WHERE winners.id = $1 AND winners.state IN ('selected', 'notified', 'viewed', 'claimed')
            AND posts.id = winners.post_id AND accounts.id = winners.account_id
            AND (posts.state = 'deleted' OR accounts.erased_at IS NOT NULL)
            AND NOT EXISTS (SELECT FROM prize_codes WHERE prize_codes.winner_id = winners.id)
        RETURNING winners.id, winners.campaign_id, winners.settlement_id, winners.place, winners.rank, winners.post_id,
            winners.account_id, winners.prizes, winners.state, winners.claim_ends_at, winners.state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def list_with_codes(conn: Connection, settlement_id: int) -> list[Winner]:
    """Who has claimed a prize that brings codes."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, account_id, prizes, state, claim_ends_at, state_reason
        FROM winners
        WHERE settlement_id = $1 AND state IN ('claimed', 'verified') AND has_prize_of(prizes, $2)
        ORDER BY place
        """,
        settlement_id,
        code_kinds(),
    )
    return many(rows, Winner)


async def mark_promoted(conn: Connection, settlement_id: int, position: int) -> None:
    """The reserve has moved up."""
    await conn.execute(
        "UPDATE reserves SET promoted_at = clock_timestamp() WHERE settlement_id = $1 AND position = $2",
        settlement_id,
        position,
    )
