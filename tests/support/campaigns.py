"""Campaigns and who takes part in them, in tests that commit: the builders of `make` over one pool."""

from datetime import timedelta

import asyncpg
from asyncpg import Record

from feed.accounts.model import AccountId, Role
from feed.keys.store import Keys
from tests.support import make
from tests.support.make import DAY


class Stage:
    """What the stories of these tests are played on."""

    def __init__(self, pool: "asyncpg.Pool[Record]", keys: Keys) -> None:
        self.pool = pool
        self.keys = keys

    async def person(self, *, role: Role | None = None, person: str | None = None) -> AccountId:
        """An account with a verified phone; `person` makes two accounts one person's."""
        return await make.person(self.pool, role=role, person=person)

    async def topic(self, name: str = "读书") -> int:
        """The topic of that name."""
        return await make.topic(self.pool, name)

    async def campaign(
        self, *, starts: timedelta = -DAY, ends: timedelta = DAY, topic: str = "读书", settle: timedelta | None = None
    ) -> int:
        """A published campaign; `starts`, `ends` and `settle` count from now."""
        now = make.now()
        settle_at = None if settle is None else now + settle
        return await make.campaign(
            self.pool, starts_at=now + starts, ends_at=now + ends, settle_at=settle_at, topic_name=topic
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
        topics = () if topic is None else (topic,)
        return await make.post(self.pool, author_id, at=make.now() - ago, topics=topics, state=state)

    async def entry(self, campaign_id: int, author_id: int | None = None) -> int:
        """A post that has entered the campaign."""
        return await make.entry(self.pool, campaign_id, author_id)

    async def like(self, post_id: int, account_id: int) -> None:
        """A like, with its share of the counters."""
        await make.like(self.pool, post_id, account_id)

    async def comment(self, post_id: int, account_id: int) -> None:
        """A comment, with its share of the counters."""
        await make.comment(self.pool, post_id, account_id)

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
