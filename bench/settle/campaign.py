"""An ended campaign that is ready for its settlement, with every kind of exclusion."""

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from feed.campaigns.model import Eligibility, Prize, Rules, rules_document, rules_sha256
from feed.commands.bench import progress
from feed.embedded import installation as embedded
from feed.keys.store import Keys, open_keys
from feed.migrations import migrate
from feed.postgres import Connection, Pool, open_pool
from feed.seeding.actions import fill
from feed.seeding.model import Sizes

_DAYS = 30
_TOPIC = "读书"
# The share of seeded posts that are entries: three of four have the topic, and a few are too late.
_BEARING = 0.745
# Settings of a production server; the defaults of Postgres are for a much smaller machine.
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The installation and its campaign."""

    url: str
    keys_dir: Path
    campaign_id: int
    sizes: dict[str, int]


@asynccontextmanager
async def scene(data: Path, *, entries: int, likes: int) -> AsyncIterator[Scene]:
    """Runs Postgres on `data`, and creates the campaign if there is none."""
    async with _served(data) as url:
        await migrate(url)
        open_keys(data / "keys", create=True)
        pool = await open_pool(url, size=2, statement_seconds=3600)
        try:
            if not await pool.fetchval("SELECT EXISTS (SELECT FROM campaigns)"):
                await _make(pool, entries=entries, likes=likes)
            campaign_id = await pool.fetchval("SELECT max(id) FROM campaigns")
            sizes = await _sizes(pool, campaign_id)
        finally:
            await pool.close()
        yield Scene(url=url, keys_dir=data / "keys", campaign_id=campaign_id, sizes=sizes)


@asynccontextmanager
async def _served(data: Path, settings: Mapping[str, str] = POSTGRES) -> AsyncIterator[str]:
    servers = await embedded.start(data, postgres_settings=settings)
    try:
        yield servers.database_url
    finally:
        await servers.stop()


def keys_of(installation: Scene) -> Keys:
    """The key store that signs the result."""
    return open_keys(installation.keys_dir, create=False)


async def _make(pool: Pool, *, entries: int, likes: int) -> None:
    sizes = Sizes(
        posts=round(entries / _BEARING),
        likes=round(likes / _BEARING),
        comments=round(likes / 20 / _BEARING),
        accounts=max(entries * 2, 1_000),
        topics=1,
        days=_DAYS,
    )
    with progress(sizes.rows, sys.stderr) as advance:
        await fill(pool, sizes, advance)
    async with pool.acquire() as conn, conn.transaction():
        await _add_campaign(conn, entries=entries)
        for statement in _EXCLUSIONS:
            await conn.execute(statement)
    await pool.execute("VACUUM (ANALYZE)")


async def _add_campaign(conn: Connection, *, entries: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    ends_at = now - timedelta(hours=3)
    rules = Rules(
        title="读书月",
        topic=_TOPIC,
        starts_at=now - timedelta(days=_DAYS + 1),
        ends_at=ends_at,
        settle_at=now,
        method="ranked",
        winner_count=50,
        reserve_count=50,
        prizes=(Prize(name="深圳盒子", kind="goods", per_winner=1, value_cny=Decimal("99")),),
        claim_days=7,
        eligibility=Eligibility(min_account_age_days=7),
    )
    document = rules_document(rules)
    await conn.execute(
        """
        WITH made AS (
            INSERT INTO campaigns (
                state, draft, topic_id, rules_version, starts_at, ends_at, settle_at, created_by, published_at
            )
            SELECT 'scheduled', $1, (SELECT min(id) FROM topics), 1, $2, $3, $4, (SELECT min(id) FROM accounts), $2
            RETURNING id
        ), ruled AS (
            INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
            SELECT id, 1, $1, '', $5, 1 FROM made
        ), entered AS (
            INSERT INTO entries (campaign_id, post_id, author_id, entered_at, shortlisted_at)
            SELECT made.id, posts.id, posts.author_id, posts.created_at,
                CASE WHEN row_number() OVER (ORDER BY posts.id) <= 500 THEN now() END
            FROM made, posts
            JOIN topic_posts ON topic_posts.post_id = posts.id
            WHERE posts.created_at < $3
            ORDER BY posts.id LIMIT $6
            RETURNING campaign_id, post_id, shortlisted_at
        ), jury AS (
            INSERT INTO jurors (campaign_id, account_id)
            SELECT made.id, chosen.id FROM made, (SELECT id FROM accounts ORDER BY id DESC LIMIT 3) AS chosen
            RETURNING campaign_id, account_id
        )
        INSERT INTO marks (campaign_id, post_id, juror_id, score)
        SELECT campaign_id, post_id, account_id, 50 + (post_id + account_id) % 500 / 10.0
        FROM entered JOIN jury USING (campaign_id)
        WHERE shortlisted_at IS NOT NULL
        """,
        document,
        rules.starts_at,
        ends_at,
        now,
        rules_sha256(document),
        entries,
    )


# Some engagement of each class that does not count, and likes removed before and after the end.
_EXCLUSIONS = (
    "UPDATE accounts SET person = NULL, phone_verified_at = NULL WHERE mod(hashint8(id), 25) = 1",
    """
    UPDATE accounts SET person = sha256(convert_to('shared ' || abs(hashint8(id)) % 5000, 'UTF8'))
    WHERE mod(hashint8(id), 40) = 2 AND person IS NOT NULL
    """,
    "UPDATE accounts SET created_at = (SELECT ends_at FROM campaigns) - interval '3 days' WHERE mod(hashint8(id), 50) = 3",
    "INSERT INTO staff_rights (account_id, role, granted_at) SELECT id, 'editor', now() - interval '99 days' FROM accounts ORDER BY id LIMIT 40",
    """
    INSERT INTO sanctions (account_id, kind, reason_code, starts_at)
    SELECT id, 'ban', 'spam', now() - interval '20 days' FROM accounts WHERE mod(hashint8(id), 100) = 4
    """,
    """
    INSERT INTO voids (campaign_id, account_id, kinds, reason_code, made_by)
    SELECT campaigns.id, accounts.id, '{like,comment}', 'bought', 1 FROM campaigns, accounts
    WHERE mod(hashint8(accounts.id), 400) = 5
    """,
    """
    INSERT INTO voids (campaign_id, post_id, kinds, reason_code, made_by)
    SELECT campaign_id, post_id, '{like}', 'bought', 1 FROM entries WHERE mod(hashint8(post_id), 1000) = 6
    """,
    """
    INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
    SELECT post_id, account_id, liked_at - interval '2 hours', liked_at - interval '1 hour'
    FROM likes WHERE mod(hashint8(post_id + account_id), 50) = 7
    """,
    """
    WITH gone AS (
        DELETE FROM likes WHERE mod(hashint8(post_id + account_id), 100) = 8 RETURNING post_id, account_id, liked_at
    )
    INSERT INTO past_likes (post_id, account_id, liked_at, unliked_at)
    SELECT post_id, account_id, liked_at, now() FROM gone
    """,
)


async def _sizes(pool: Pool, campaign_id: int) -> dict[str, int]:
    row = await pool.fetchrow(
        """
        SELECT (SELECT count(*) FROM entries WHERE campaign_id = $1) AS entries,
            (SELECT count(*) FROM entries JOIN likes USING (post_id) WHERE campaign_id = $1) AS likes,
            (SELECT count(*) FROM entries JOIN past_likes USING (post_id) WHERE campaign_id = $1) AS past_likes,
            (SELECT count(*) FROM entries JOIN comments USING (post_id) WHERE campaign_id = $1) AS comments,
            (SELECT count(*) FROM accounts) AS accounts
        """,
        campaign_id,
    )
    assert row is not None
    return dict(row)


async def rewind(pool: Pool, campaign_id: int) -> None:
    """Removes the settlement of the campaign."""
    for statement in (
        "DELETE FROM winners WHERE campaign_id = $1",
        "DELETE FROM reserves WHERE settlement_id IN (SELECT id FROM settlements WHERE campaign_id = $1)",
        "DELETE FROM sheet_rows WHERE settlement_id IN (SELECT id FROM settlements WHERE campaign_id = $1)",
        "DELETE FROM settlements WHERE campaign_id = $1",
        "UPDATE campaigns SET state = 'scheduled', frozen_at = NULL, settled_at = NULL WHERE id = $1",
    ):
        await pool.execute(statement, campaign_id)
    await pool.execute("VACUUM (ANALYZE) sheet_rows, settlements")
