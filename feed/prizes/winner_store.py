"""SQL of winners and reserves. Callers of writing functions hold the lock of the campaign's row."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feed.campaigns.claim_deadline import ENDS_SOON
from feed.campaigns.prize_kinds import code_kinds
from feed.postgres import Connection, columns, many, one
from feed.prizes.model import Candidate, Place, Reserve, UnclaimedPrize, Winner, WinnerId


async def add_winners(
    conn: Connection, campaign_id: int, settlement_id: int, places: Sequence[Place]
) -> list[WinnerId]:
    """Adds winners in state `selected`, not notified yet. Returns their ids in the order of places."""
    rows = await conn.fetch(
        """
        INSERT INTO winners (campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, person, score, prizes)
        SELECT $1, $2, place, rank, post_id, comment_id, account_id, person, score, prizes
        FROM ROWS FROM (
            unnest($3::integer[], $4::integer[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::text[]),
            jsonb_array_elements($10)
        ) AS added (place, rank, post_id, comment_id, account_id, person, score, prizes)
        ORDER BY place
        RETURNING id
        """,
        campaign_id,
        settlement_id,
        *columns([msgspec.structs.astuple(place)[:-1] for place in places], 7),
        # One jsonb value instead of jsonb[]: asyncpg would take the inner lists for a second dimension of the array.
        [place.prizes for place in places],
    )
    return [WinnerId(row["id"]) for row in rows]


async def add_reserves(conn: Connection, settlement_id: int, reserves: Sequence[Reserve]) -> None:
    """Adds the reserves of a settlement."""
    await conn.execute(
        """
        INSERT INTO reserves (settlement_id, position, rank, post_id, comment_id, account_id, person, score)
        SELECT $1, position, rank, post_id, comment_id, account_id, person, score
        FROM unnest($2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::text[])
            AS added (position, rank, post_id, comment_id, account_id, person, score)
        """,
        settlement_id,
        *columns([msgspec.structs.astuple(reserve) for reserve in reserves], 7),
    )


async def remove_selected(conn: Connection, settlement_id: int) -> None:
    """Removes the winners of an undone settlement who were not notified; its result still names them."""
    await conn.execute("DELETE FROM winners WHERE settlement_id = $1 AND notified_at IS NULL", settlement_id)


async def list_selected(conn: Connection, settlement_id: int) -> list[Winner]:
    """Winners who are not notified yet, by place."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at
        FROM winners
        WHERE settlement_id = $1 AND state = 'selected'
        ORDER BY place
        """,
        settlement_id,
    )
    return many(rows, Winner)


async def list_ended_before_notice(conn: Connection, settlement_id: int) -> list[WinnerId]:
    """Winners not notified yet whose place ends, by place: see the view `places_to_end`."""
    rows = await conn.fetch(
        """
        SELECT winners.id
        FROM places_to_end AS ending
        JOIN winners ON winners.id = ending.winner_id
        WHERE ending.settlement_id = $1 AND winners.state = 'selected' AND ending.appealed_since IS NULL
        ORDER BY winners.place
        """,
        settlement_id,
    )
    return [WinnerId(row["id"]) for row in rows]


async def list_not_visible(conn: Connection, settlement_id: int) -> list[WinnerId]:
    """Winners not notified yet whose post or comment is not visible to others, or who are banned now."""
    rows = await conn.fetch(
        """
        SELECT winners.id
        FROM winners
        WHERE settlement_id = $1 AND state = 'selected' AND (
            (post_id IS NOT NULL AND NOT EXISTS (SELECT FROM visible_posts WHERE visible_posts.id = winners.post_id))
            OR EXISTS (SELECT FROM comments WHERE comments.id = winners.comment_id AND entry_state(comments.state, comments.holds) <> 'published')
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
    """Changes these winners from `selected` to `notified` at `at`, the database's time. Returns them by place."""
    rows = await conn.fetch(
        """
        UPDATE winners
        SET state = 'notified', notified_at = $2, claim_ends_at = $3
        WHERE id = ANY ($1::bigint[]) AND state = 'selected'
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at
        """,
        winner_ids,
        at,
        claim_ends_at,
    )
    return sorted(many(rows, Winner), key=lambda winner: winner.place)


async def list_lapsed(conn: Connection) -> list[tuple[int, WinnerId]]:
    """Campaign and winner of unclaimed prizes whose deadline has passed, at most 100.

    In random order, so that prizes that keep failing do not block the others.
    """
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
    """Ends an unclaimed prize whose deadline has passed by the database's clock. None if it is claimed or not due."""
    row = await conn.fetchrow(
        """
        UPDATE winners SET state = 'lapsed', state_reason = 'not_claimed', ended_at = clock_timestamp()
        WHERE id = $1 AND state IN ('notified', 'viewed') AND claim_ends_at <= clock_timestamp()
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at,
            state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def list_forfeited(conn: Connection) -> list[tuple[int, WinnerId]]:
    """Campaign and winner of the places that end and are not appealed: at most 100, in random order."""
    rows = await conn.fetch(
        """
        SELECT campaign_id, winner_id
        FROM places_to_end
        WHERE appealed_since IS NULL
        ORDER BY random()
        LIMIT 100
        """
    )
    return [(row["campaign_id"], WinnerId(row["winner_id"])) for row in rows]


async def is_ending(conn: Connection, winner_id: WinnerId) -> bool:
    """Whether the winner's place ends, now or after a decision about an appeal."""
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM places_to_end WHERE winner_id = $1)", winner_id))


async def mark_forfeited(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """Ends a prize whose post or comment is deleted, removed or rejected, or whose account is erased.

    None if none of these is the case, the removal is appealed, the prize is handed over, or a code was shown.
    """
    row = await conn.fetchrow(
        """
        UPDATE winners
        SET state = 'forfeited', ended_at = clock_timestamp(), state_reason = ending.reason
        FROM places_to_end AS ending
        WHERE winners.id = $1 AND ending.winner_id = $1 AND ending.appealed_since IS NULL
            -- Compared again if a concurrent transaction has changed the row.
            AND winners.state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
        RETURNING winners.id, winners.campaign_id, winners.settlement_id, winners.place, winners.rank, winners.post_id,
            winners.comment_id, winners.account_id, winners.prizes, winners.state, winners.claim_ends_at, winners.state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def list_with_codes(conn: Connection, settlement_id: int) -> list[Winner]:
    """Winners who have claimed a prize that consists of codes, by place."""
    rows = await conn.fetch(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at, state_reason
        FROM winners
        WHERE settlement_id = $1 AND state IN ('claimed', 'verified') AND has_prize_of(prizes, $2)
        ORDER BY place
        """,
        settlement_id,
        code_kinds(),
    )
    return many(rows, Winner)


async def mark_promoted(conn: Connection, settlement_id: int, position: int) -> None:
    """Records that the reserve was promoted to a place."""
    await conn.execute(
        "UPDATE reserves SET promoted_at = clock_timestamp() WHERE settlement_id = $1 AND position = $2",
        settlement_id,
        position,
    )


async def get_place(conn: Connection, winner_id: WinnerId) -> Place:
    """The place of a winner, held or not, with the winner's person."""
    row = await conn.fetchrow(
        "SELECT place, rank, post_id, comment_id, account_id, person, score, prizes FROM winners WHERE id = $1",
        winner_id,
    )
    return msgspec.convert(row, Place)


async def list_candidates(conn: Connection, settlement_id: int) -> list[Candidate]:
    """The reserves that are not promoted, in order, each with the obstacle to a prize now."""
    rows = await conn.fetch(
        """
        SELECT reserves.position, reserves.rank, reserves.post_id, reserves.comment_id, reserves.account_id, reserves.person, reserves.score,
            CASE
                WHEN accounts.erased_at IS NOT NULL THEN 'erased'
                WHEN EXISTS (
                    SELECT FROM winners
                    WHERE winners.settlement_id = reserves.settlement_id AND winners.person = reserves.person
                ) THEN 'has_prize'
                WHEN EXISTS (SELECT FROM sanctions_now WHERE account_id = reserves.account_id AND banned) THEN 'banned'
                WHEN reserves.post_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM visible_posts WHERE visible_posts.id = reserves.post_id
                ) THEN 'not_visible'
                WHEN EXISTS (
                    SELECT FROM comments WHERE comments.id = reserves.comment_id AND entry_state(comments.state, comments.holds) <> 'published'
                ) THEN 'not_visible'
            END AS obstacle
        FROM reserves JOIN accounts ON accounts.id = reserves.account_id
        WHERE reserves.settlement_id = $1 AND reserves.promoted_at IS NULL
        ORDER BY reserves.position
        """,
        settlement_id,
    )
    return [Candidate(msgspec.convert(row, Reserve), row["obstacle"]) for row in rows]


async def find_winner(conn: Connection, winner_id: int) -> Winner | None:
    """The winner; None if there is none or it is not notified yet."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at, state_reason
        FROM winners
        WHERE id = $1 AND notified_at IS NOT NULL
        """,
        winner_id,
    )
    return one(row, Winner)


async def mark_viewed(conn: Connection, winner_id: WinnerId) -> None:
    """Marks one prize as viewed, if it is new."""
    await conn.execute("UPDATE winners SET state = 'viewed' WHERE id = $1 AND state = 'notified'", winner_id)


async def remove_claims(conn: Connection, winner_ids: Sequence[int]) -> None:
    """Deletes the claim details of winners who have lost or declined their prize."""
    await conn.execute("DELETE FROM claims WHERE winner_id = ANY ($1::bigint[])", winner_ids)


async def lock_next_to_remind(conn: Connection) -> UnclaimedPrize | None:
    """A prize whose claim deadline is near, whose winner was notified at least a day ago and is not reminded yet.

    Rows locked by other workers are skipped. The notification in the inbox is the record that the reminder was sent.
    """
    row = await conn.fetchrow(
        """
        SELECT winners.id, winners.campaign_id, winners.account_id, winners.claim_ends_at, campaigns.draft ->> 'title' AS title
        FROM winners
        JOIN campaigns ON campaigns.id = winners.campaign_id
        WHERE winners.state IN ('notified', 'viewed')
            AND winners.claim_ends_at > clock_timestamp()
            AND winners.claim_ends_at <= clock_timestamp() + $1::interval
            AND winners.notified_at <= clock_timestamp() - interval '1 day'
            AND NOT EXISTS (
                SELECT FROM inbox
                WHERE inbox.account_id = winners.account_id AND inbox.once_key = 'claim_deadline:' || winners.id
            )
        ORDER BY winners.claim_ends_at
        LIMIT 1
        FOR NO KEY UPDATE OF winners SKIP LOCKED
        """,
        ENDS_SOON,
    )
    return one(row, UnclaimedPrize)


async def find_holder(conn: Connection, settlement_id: int, rank: int) -> Winner | None:
    """The winner who holds the place of this rank; None if it is not held."""
    row = await conn.fetchrow(
        """
        SELECT id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at, state_reason
        FROM held_places
        WHERE settlement_id = $1 AND rank = $2
        """,
        settlement_id,
        rank,
    )
    return one(row, Winner)


async def mark_replaced(conn: Connection, winner_id: WinnerId) -> Winner | None:
    """Forfeits a prize because its winner is replaced. None if it is shipped, received or lost already."""
    row = await conn.fetchrow(
        """
        UPDATE winners
        SET state = 'forfeited', ended_at = clock_timestamp(),
            state_reason = CASE
                WHEN EXISTS (SELECT FROM objections WHERE objections.winner_id = winners.id AND remedied_at IS NULL)
                    THEN 'objection_upheld'
                ELSE 'replaced'
            END
        WHERE id = $1 AND state IN ('selected', 'notified', 'viewed', 'claimed', 'verified')
        RETURNING id, campaign_id, settlement_id, place, rank, post_id, comment_id, account_id, prizes, state, claim_ends_at, state_reason
        """,
        winner_id,
    )
    return one(row, Winner)


async def has_handed_over(conn: Connection, settlement_id: int) -> bool:
    """Whether a prize of this settlement is shipped or received."""
    return bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM winners WHERE settlement_id = $1 AND state IN ('shipped', 'received'))",
            settlement_id,
        )
    )


async def mark_all_forfeited(conn: Connection, settlement_id: int) -> list[WinnerId]:
    """Forfeits every held place of a settlement that is undone. Returns the winners, who have to be notified."""
    rows = await conn.fetch(
        """
        UPDATE winners SET state = 'forfeited', state_reason = 'settlement_undone', ended_at = clock_timestamp()
        WHERE id IN (SELECT held_places.id FROM held_places WHERE held_places.settlement_id = $1)
        RETURNING id
        """,
        settlement_id,
    )
    return sorted(WinnerId(row["id"]) for row in rows)
