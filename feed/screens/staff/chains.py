"""Review chains that ask for more persons than there are."""

from typing import Literal

import msgspec

from feed.postgres import Connection, many


class ShortChain(msgspec.Struct, frozen=True):
    """A chain with more stages than persons who may take one: of the site (without an id), of a topic or of a campaign."""

    kind: Literal["site", "topic", "campaign"]
    id: int | None
    stages: int
    persons: int


async def list_short_chains(conn: Connection, *, site_stages: int) -> list[ShortChain]:
    """The chains that cannot be completed now. Who organises a campaign judges none of its entries; authors are not counted out."""
    rows = await conn.fetch(
        """
        WITH able AS MATERIALIZED (
            SELECT persons.account_id, persons.person
            FROM rights_now JOIN persons ON persons.account_id = rights_now.account_id
        ), counted AS (
            SELECT 'site' AS kind, NULL::bigint AS id, $1::integer AS stages, (SELECT count(DISTINCT person) FROM able) AS persons
            UNION ALL
            SELECT 'topic', id, review_stages, (SELECT count(DISTINCT person) FROM able) FROM topics WHERE review_stages > 0
            UNION ALL
            SELECT 'campaign', campaigns.id, greatest(campaigns.review_stages, $1), (
                SELECT count(DISTINCT able.person) FROM able
                WHERE NOT EXISTS (
                    SELECT
                    FROM campaign_organisers AS organisers
                    JOIN same_person_accounts AS same ON same.account_id = organisers.account_id
                    WHERE organisers.campaign_id = campaigns.id AND same.same_id = able.account_id
                )
            )
            FROM campaigns
            WHERE campaigns.state = 'scheduled' AND campaigns.ends_at > clock_timestamp()
        )
        SELECT kind, id, stages, persons FROM counted WHERE stages > persons ORDER BY kind, id
        """,
        site_stages,
    )
    return many(rows, ShortChain)


async def count_persons(conn: Connection, campaign_id: int) -> int:
    """How many persons may judge the entries of a campaign now."""
    return int(
        await conn.fetchval(
            """
            SELECT count(DISTINCT able.person)
            FROM rights_now JOIN persons AS able ON able.account_id = rights_now.account_id
            WHERE NOT EXISTS (
                SELECT
                FROM campaign_organisers AS organisers
                JOIN same_person_accounts AS same ON same.account_id = organisers.account_id
                WHERE organisers.campaign_id = $1 AND same.same_id = able.account_id
            )
            """,
            campaign_id,
        )
    )
