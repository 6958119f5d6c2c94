"""Winners without a claim are reminded once, before the deadline."""

import asyncio

from asyncpg import Record

from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.claims.actions import claim_prize
from feed.prizes.winners.reminders import remind_next_winner
from tests.support.phases import FORM, announced, winners_of


async def reminders(pool: Pool) -> list[Record]:
    return await pool.fetch("SELECT account_id, deep_link FROM inbox WHERE kind = 'claim_deadline' ORDER BY id")


async def pass_days(pool: Pool, days: int) -> None:
    """Moves the times of every winner into the past."""
    await pool.execute(
        """
        UPDATE winners SET notified_at = notified_at - make_interval(days => $1),
                           claim_ends_at = claim_ends_at - make_interval(days => $1)
        """,
        days,
    )


async def test_a_winner_is_reminded_once_two_days_before_the_end(pool: Pool, keys: Keys) -> None:
    campaign = await announced(pool, keys)
    first, second = await winners_of(pool, campaign.id)
    await pass_days(pool, 4)
    assert not await remind_next_winner(pool, keys)

    await claim_prize(pool, keys, first["account_id"], first["id"], FORM)
    await pass_days(pool, 2)
    done = await asyncio.gather(*(remind_next_winner(pool, keys) for _ in range(4)))
    assert any(done)
    assert not await remind_next_winner(pool, keys)
    (notified,) = await reminders(pool)
    assert (notified["account_id"], notified["deep_link"]) == (second["account_id"], f"/prizes/{second['id']}")
    sent = await pool.fetch("SELECT account_id, once_key FROM messages WHERE purpose = 'claim_reminder'")
    assert [tuple(row) for row in sent] == [(second["account_id"], f"claim_deadline:{second['id']}")]


async def test_no_reminder_within_a_day_of_the_notification_or_after_the_deadline(pool: Pool, keys: Keys) -> None:
    await announced(pool, keys)
    await pool.execute("UPDATE winners SET claim_ends_at = now() + interval '1 day'")
    assert not await remind_next_winner(pool, keys)
    await pass_days(pool, 2)
    assert not await remind_next_winner(pool, keys)
    assert await reminders(pool) == []
