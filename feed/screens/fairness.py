"""The fairness report: for editors, between the settlement and the announcement and ever after."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from feed.campaigns import closing
from feed.postgres import Connection, many
from feed.prizes import scrutiny, sheet_store, store
from feed.prizes.model import SheetNotFound, SheetRow
from feed.prizes.result import Result
from feed.prizes.scrutiny import Act, Shares, Way
from feed.screens.prizes import Id

# Whose likes are looked at: the best entries, until they have so many counted persons between them.
MOST_ACTS = 200_000


class FairWinner(msgspec.Struct, frozen=True, kw_only=True):
    """A winner of the result; margins are points to the next person and to the first who does not win."""

    rank: int
    post_id: Id
    score: str
    parts: dict[str, str]
    margin_to_next: str | None
    margin_to_first_without_prize: str | None
    likes: Shares | None
    comments: Shares | None


class Move(msgspec.Struct, frozen=True):
    """An entry, with its rank as it is and as it would have been."""

    post_id: Id
    rank: int | None
    rank_then: int | None


class OtherWay(msgspec.Struct, frozen=True):
    """Who would have won if it had been counted otherwise, and for whom it would have made a difference."""

    name: Way
    same_winners: bool
    winners: list[Id]
    enters: list[Move]
    leaves: list[Move]


class LikerPair(msgspec.Struct, frozen=True):
    """Two entries, the likers of each, and how many they share; `by_chance`: if everybody liked at random."""

    post_ids: list[Id]
    likers: list[int]
    shared: int
    by_chance: int


class LikerCluster(msgspec.Struct, frozen=True):
    """Entries with unusually many likers in common."""

    post_ids: list[Id]
    pairs: list[LikerPair]


class FairnessCard(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at before announcing. `looked_at` of `entries`: those whose likers were compared, the best first.

    In a draw nothing is counted, so there is nothing but the tickets' order.
    """

    campaign_id: Id
    method: Literal["ranked", "draw"]
    entries: int
    looked_at: int
    top_likers: int
    winners: list[FairWinner]
    other_ways: list[OtherWay]
    clusters: list[LikerCluster]


async def get_fairness(conn: Connection, campaign_id: int) -> FairnessCard:
    """The report of the settlement that stands. Raises SheetNotFound while there is no result."""
    settlement = await store.find_settlement(conn, campaign_id)
    if settlement is None or settlement.result is None:
        raise SheetNotFound
    rules = await closing.get_rules(conn, campaign_id, settlement.rules_version)
    rows = await sheet_store.list_sheet(conn, settlement.id)
    result = msgspec.json.decode(settlement.result, type=Result)
    if rules.method == "draw":
        return FairnessCard(
            campaign_id=str(campaign_id),
            method="draw",
            entries=len(rows),
            looked_at=0,
            top_likers=0,
            winners=[
                FairWinner(
                    rank=each.rank,
                    post_id=each.post_id,
                    score=each.score,
                    parts={},
                    margin_to_next=None,
                    margin_to_first_without_prize=None,
                    likes=None,
                    comments=None,
                )
                for each in result.winners
            ],
            other_ways=[],
            clusters=[],
        )
    front = _front(rows, [int(row.post_id) for row in result.sheet if row.rank is not None])
    acts = await list_acts(conn, campaign_id, front)
    likes, comments = scrutiny.shares_of(acts, liked=True), scrutiny.shares_of(acts, liked=False)
    return FairnessCard(
        campaign_id=str(campaign_id),
        method="ranked",
        entries=len(rows),
        looked_at=len(front),
        top_likers=len(scrutiny.busiest_of(acts)),
        winners=[
            FairWinner(
                rank=each.rank,
                post_id=str(each.post_id),
                score=each.score,
                parts={"quality": each.quality, "likes": each.likes, "comments": each.comments},
                margin_to_next=each.to_next,
                margin_to_first_without_prize=each.to_first_without_prize,
                likes=likes.get(each.post_id),
                comments=comments.get(each.post_id),
            )
            for each in scrutiny.margins_of(rows, rules)
        ],
        other_ways=[_other_way(each) for each in scrutiny.scenarios_of(rows, acts, rules)],
        clusters=[_cluster(each) for each in scrutiny.clusters_of(acts)],
    )


def _front(rows: Sequence[SheetRow], by_rank: Sequence[int]) -> list[int]:
    """The best entries, until there are too many likers to compare."""
    counted = {row.post_id: row.likes_counted + row.commenters_counted for row in rows}
    found, total = [], 0
    for post_id in by_rank:
        total += counted[post_id]
        if total > MOST_ACTS:
            break
        found.append(post_id)
    return found


async def list_acts(conn: Connection, campaign_id: int, post_ids: Sequence[int]) -> list[Act]:
    """The likes and comments of these entries that count, one of each person; as `count_engagement` counts them."""
    rows = await conn.fetch(
        """
        WITH campaign AS MATERIALIZED (
            SELECT campaigns.id, campaigns.ends_at,
                campaigns.ends_at - make_interval(
                    days => coalesce((rules -> 'eligibility' ->> 'min_account_age_days')::integer, 0)
                ) AS made_until
            FROM campaigns
            JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            WHERE campaigns.id = $1
        ), unfit (account_id, liked) AS (
            SELECT account_id, NULL::boolean
            FROM staff_rights, campaign
            WHERE granted_at <= ends_at AND coalesce(revoked_at, 'infinity') > ends_at
            UNION ALL
            SELECT account_id, NULL FROM jurors WHERE campaign_id = $1
            UNION ALL
            SELECT account_id, NULL
            FROM sanctions, campaign
            WHERE kind = 'ban' AND starts_at <= ends_at AND coalesce(least(lifted_at, until), 'infinity') > ends_at
            UNION ALL
            SELECT account_id, kind = 'like'
            FROM voids CROSS JOIN unnest(kinds) AS kind
            WHERE campaign_id = $1 AND withdrawn_at IS NULL AND account_id IS NOT NULL
        ), unfit_persons AS MATERIALIZED (
            SELECT DISTINCT accounts.person, unfit.liked
            FROM unfit JOIN accounts ON accounts.id = unfit.account_id
            WHERE accounts.person IS NOT NULL
        ), void_posts AS MATERIALIZED (
            SELECT post_id, kind = 'like' AS liked
            FROM voids CROSS JOIN unnest(kinds) AS kind
            WHERE campaign_id = $1 AND withdrawn_at IS NULL AND post_id IS NOT NULL
        ), acted (post_id, account_id, liked, at) AS (
            SELECT likes.post_id, likes.account_id, true, likes.liked_at
            FROM campaign CROSS JOIN likes
            WHERE likes.post_id = ANY ($2::bigint[]) AND likes.liked_at < ends_at AND likes.liked_at > '-infinity'
            UNION ALL
            SELECT past_likes.post_id, past_likes.account_id, true, past_likes.liked_at
            FROM campaign CROSS JOIN past_likes
            WHERE past_likes.post_id = ANY ($2::bigint[]) AND past_likes.liked_at < ends_at
                AND past_likes.unliked_at >= ends_at
            UNION ALL
            SELECT comments.post_id, comments.author_id, false, comments.created_at
            FROM campaign CROSS JOIN comments
            WHERE comments.post_id = ANY ($2::bigint[]) AND comments.created_at < ends_at
                AND (comments.state = 'published' OR (comments.state = 'deleted' AND comments.deleted_at >= ends_at))
        ), counted AS (
            SELECT acted.post_id, accounts.person, acted.liked, min(acted.at) AS at, min(accounts.created_at) AS made_at
            FROM acted
            CROSS JOIN campaign
            JOIN entries ON entries.campaign_id = campaign.id AND entries.post_id = acted.post_id
            JOIN accounts AS author ON author.id = entries.author_id
            JOIN accounts ON accounts.id = acted.account_id
            WHERE accounts.id <> entries.author_id AND accounts.person IS DISTINCT FROM author.person
                AND accounts.person IS NOT NULL AND accounts.phone_verified_at < campaign.ends_at
                AND accounts.created_at <= campaign.made_until
                AND accounts.person NOT IN (SELECT person FROM unfit_persons WHERE liked IS NULL)
                AND (accounts.person, acted.liked) NOT IN (SELECT person, liked FROM unfit_persons WHERE liked IS NOT NULL)
                AND (acted.post_id, acted.liked) NOT IN (SELECT post_id, liked FROM void_posts)
            GROUP BY acted.post_id, accounts.person, acted.liked
        )
        SELECT post_id, dense_rank() OVER (ORDER BY person)::integer AS person, liked, at, made_at
        FROM counted
        ORDER BY post_id, person, liked
        """,
        campaign_id,
        list(post_ids),
    )
    return many(rows, Act)


def _other_way(each: scrutiny.Scenario) -> OtherWay:
    return OtherWay(
        each.name,
        not each.enters and not each.leaves,
        [str(post_id) for post_id in each.winners],
        [Move(str(moved.post_id), moved.rank, moved.rank_then) for moved in each.enters],
        [Move(str(moved.post_id), moved.rank, moved.rank_then) for moved in each.leaves],
    )


def _cluster(each: scrutiny.Cluster) -> LikerCluster:
    return LikerCluster(
        [str(post_id) for post_id in each.posts],
        [
            LikerPair([str(post_id) for post_id in pair.posts], list(pair.likers), pair.shared, pair.by_chance)
            for pair in each.pairs
        ],
    )
