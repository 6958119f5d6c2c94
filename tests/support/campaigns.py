"""Real rows with sensible defaults: people, posts, and campaigns in any phase of their life."""

from datetime import timedelta
from itertools import count

import asyncpg
from asyncpg import Record

from feed.accounts.model import AccountId
from feed.keys.store import Keys

_numbers = count(1)
DAY = timedelta(days=1)


class Stage:
    """What the stories of these tests are played on."""

    def __init__(self, pool: "asyncpg.Pool[Record]", keys: Keys) -> None:
        self.pool = pool
        self.keys = keys

    async def person(self, *, role: str | None = None, person: str | None = None) -> AccountId:
        """Somebody with a verified phone; `person` makes two accounts one person's."""
        number = next(_numbers)
        account_id = await self.pool.fetchval(
            """
            INSERT INTO accounts (iss, sub, name, person, phone_verified_at, created_at)
            VALUES ('test', $1, $1, $2, now() - interval '30 days', now() - interval '30 days')
            RETURNING id
            """,
            f"p{number}",
            (person or f"person {number}").encode(),
        )
        if role is not None:
            await self.pool.execute("INSERT INTO staff_rights (account_id, role) VALUES ($1, $2)", account_id, role)
        return AccountId(account_id)

    async def topic(self, name: str = "读书") -> int:
        return int(
            await self.pool.fetchval(
                """
                INSERT INTO topics (key, name) VALUES ($1, $1)
                ON CONFLICT (key) DO UPDATE SET name = excluded.name
                RETURNING id
                """,
                name,
            )
        )

    async def campaign(
        self, *, starts: timedelta = -DAY, ends: timedelta = DAY, topic: str = "读书", settle: timedelta | None = None
    ) -> int:
        """A published campaign; `starts`, `ends` and `settle` count from now."""
        return int(
            await self.pool.fetchval(
                """
                WITH made AS (
                    INSERT INTO campaigns
                        (state, draft, topic_id, rules_version, starts_at, ends_at, settle_at, created_by, published_at)
                    VALUES ('scheduled', $1, $2, 1, now() + $3, now() + $4, now() + $5, 1, now() + $3)
                    RETURNING id
                )
                INSERT INTO campaign_rules (campaign_id, version, rules, rules_text, rules_sha256, created_by)
                SELECT id, 1, $1, '', '', 1 FROM made
                RETURNING campaign_id
                """,
                {"title": "读书月"},
                await self.topic(topic),
                starts,
                ends,
                settle or ends + 3 * DAY,
            )
        )

    async def post(
        self,
        author_id: int,
        *,
        ago: timedelta = timedelta(hours=1),
        topic: str | None = "读书",
        state: str = "published",
    ) -> int:
        """A post with one approved revision, made `ago`."""
        topic_ids = [] if topic is None else [await self.topic(topic)]
        post_id = await self.pool.fetchval(
            """
            INSERT INTO posts (author_id, state, created_at, published_at, deleted_at)
            VALUES ($1, $2, now() - $3::interval, now() - $3::interval, CASE WHEN $2 = 'deleted' THEN now() END)
            RETURNING id
            """,
            author_id,
            state,
            ago,
        )
        await self.pool.execute(
            """
            INSERT INTO post_revisions
                (post_id, revision, text, topic_ids, content_sha256, author_id, created_at, approved_at)
            SELECT id, 1, 'x', $2, '', author_id, created_at, created_at FROM posts WHERE id = $1
            """,
            post_id,
            topic_ids,
        )
        await self.pool.execute("INSERT INTO post_stats (post_id) VALUES ($1)", post_id)
        return int(post_id)

    async def entry(self, campaign_id: int, author_id: int | None = None) -> int:
        """A post that has entered the campaign."""
        author = await self.person() if author_id is None else author_id
        post_id = await self.post(author)
        await self.pool.execute(
            "INSERT INTO entries (campaign_id, post_id, author_id, entered_at) VALUES ($1, $2, $3, now())",
            campaign_id,
            post_id,
            author,
        )
        return post_id

    async def like(self, post_id: int, account_id: int) -> None:
        await self.pool.execute("INSERT INTO likes (post_id, account_id) VALUES ($1, $2)", post_id, account_id)

    async def comment(self, post_id: int, account_id: int) -> None:
        await self.pool.execute(
            "INSERT INTO comments (post_id, author_id, text, state) VALUES ($1, $2, '好', 'published')",
            post_id,
            account_id,
        )

    async def version(self, post_id: int) -> int:
        return int(await self.pool.fetchval("SELECT version FROM post_stats WHERE post_id = $1", post_id))

    async def freeze(self, campaign_id: int) -> None:
        """As a settlement leaves a campaign that ended a minute ago."""
        await self.pool.execute(
            """
            UPDATE campaigns
            SET state = 'judging', starts_at = now() - interval '1 hour', ends_at = now() - interval '1 minute',
                settle_at = now(), frozen_at = now()
            WHERE id = $1
            """,
            campaign_id,
        )

    async def actions(self, campaign_id: int) -> list[str]:
        """What the audit says of the campaign, in order."""
        rows = await self.pool.fetch(
            "SELECT action FROM audit WHERE subject_kind = 'campaign' AND subject_id = $1 ORDER BY id", campaign_id
        )
        return [row["action"] for row in rows]
