"""The nightly proof of chains over everything that a test has made."""

from datetime import timedelta
from typing import Any

from feed.moderation.attestation import attest_chains
from tests.support.chains import Newsroom


async def prove(newsroom: Newsroom) -> dict[str, Any]:
    """The result of a proof over everything that is older than its last minute: all that the test has made."""
    pool = newsroom.pool
    ago = timedelta(minutes=10)
    # What the test has made becomes older, so that it lies in the interval.
    await pool.execute("UPDATE post_revisions SET approved_at = approved_at - $1::interval", ago)
    await pool.execute(
        "UPDATE chain_attestations SET since = since - interval '3 days', until = until - interval '3 days'"
    )
    if not await pool.fetchval("SELECT EXISTS (SELECT FROM chain_attestations)"):
        await pool.execute(
            """
            INSERT INTO chain_attestations (since, until, revision_count, complete_count, violation_count, violations)
            VALUES (now() - interval '4 days', now() - interval '3 days', 0, 0, 0, '[]')
            """
        )
    assert await attest_chains(pool)
    row = await pool.fetchrow("SELECT * FROM chain_attestations ORDER BY id DESC LIMIT 1")
    assert row is not None
    return dict(row)


async def prove_up_to_now(newsroom: Newsroom) -> dict[str, Any]:
    await newsroom.pool.execute("UPDATE comments SET id = id - (600000::bigint << 20)")
    await newsroom.pool.execute("UPDATE cases SET comment_id = comment_id - (600000::bigint << 20)")
    result = await prove(newsroom)
    await newsroom.pool.execute("UPDATE comments SET id = id + (600000::bigint << 20)")
    for each in result["violations"]:
        if each["kind"] == "comment":
            each["id"] = str(int(each["id"]) + (600000 << 20))
    return result
