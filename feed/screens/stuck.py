"""Prizes that do not get on by themselves: which campaign, what it waits for, since when. For editors and `feed doctor`."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.postgres import Connection, many

Kind = Literal[
    "unsettled", "awaiting_beacon", "unannounced", "objection_open", "unclaimed", "unverified", "unshipped",
    "codes_missing", "notice_unsent", "key_overdue",
]  # fmt: skip
# What somebody has to do, in the product's language first.
WHAT: dict[Kind, tuple[str, str]] = {
    "unsettled": ("已到评选时间仍未评选", "is due and not settled: see its blocked_by"),
    "awaiting_beacon": ("签单已公布，等待公开随机值", "waits for the public value of its draw"),
    "unannounced": ("评选完成超过一天未公布", "is settled since more than a day and not announced"),
    "objection_open": ("有异议未答复或未处理", "has objections without an answer or what follows from it"),
    "unclaimed": ("领取期限将在两天内结束", "has prizes that nobody has claimed, within two days of the end"),
    "unverified": ("领取信息超过三天未核验", "has claims that wait to be verified since more than three days"),
    "unshipped": ("核验后超过七天未寄出", "has goods that wait to be sent since more than seven days"),
    "codes_missing": ("兑换码数量不足", "has fewer codes than winners"),
    "notice_unsent": ("获奖短信未能送达或无法确认", "has winners whose SMS failed or is unknown"),
    "key_overdue": ("个人信息应销毁而未销毁", "keeps details whose time is over, since prizes are still on their way"),
}


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a campaign waits for: how many of it, and since when the first."""

    campaign_id: str
    title: str
    kind: Kind
    what: str
    count: int
    since: datetime | None


class _Row(msgspec.Struct, frozen=True):
    campaign_id: int
    title: str
    kind: Kind
    count: int
    since: datetime | None


async def list_stuck(conn: Connection, *, kept_days: int, english: bool = False) -> list[Stuck]:
    """What waits for a person, the oldest first."""
    rows = await conn.fetch(
        """
        WITH found AS (
            SELECT id AS campaign_id, 'unsettled' AS kind, 1 AS count, settle_at AS since
            FROM campaigns
            WHERE state IN ('scheduled', 'judging') AND frozen_at IS NULL AND settle_at < now() - interval '10 minutes'
            UNION ALL
            SELECT campaign_id, 'awaiting_beacon', 1, list_published_at
            FROM draws JOIN settlements ON settlements.id = draws.settlement_id AND settlements.undone_at IS NULL
            WHERE source IS NULL AND list_published_at < now() - interval '1 day'
            UNION ALL
            SELECT id, 'unannounced', 1, settled_at FROM campaigns WHERE state = 'decided' AND settled_at < now() - interval '1 day'
            UNION ALL
            SELECT objections.campaign_id, 'objection_open', count(*), min(made_at)
            FROM objections JOIN settlements ON settlements.id = objections.settlement_id AND settlements.undone_at IS NULL
            WHERE answered_at IS NULL OR (remedy IS NOT NULL AND remedied_at IS NULL)
            GROUP BY objections.campaign_id
            UNION ALL
            SELECT campaign_id, 'unclaimed', count(*), min(notified_at)
            FROM winners
            WHERE state IN ('notified', 'viewed') AND claim_ends_at < now() + interval '2 days'
            GROUP BY campaign_id
            UNION ALL
            SELECT winners.campaign_id, 'unverified', count(*), min(claimed_at)
            FROM winners JOIN claims ON claims.winner_id = winners.id
            WHERE winners.state = 'claimed' AND claimed_at < now() - interval '3 days'
            GROUP BY winners.campaign_id
            UNION ALL
            SELECT winners.campaign_id, 'unshipped', count(*), min(claimed_at)
            FROM winners JOIN claims ON claims.winner_id = winners.id
            WHERE winners.state = 'verified' AND prizes @> '[{"kind": "goods"}]' AND claimed_at < now() - interval '7 days'
            GROUP BY winners.campaign_id
            UNION ALL
            SELECT campaigns.id, 'codes_missing',
                   (winner_count * (prize ->> 'per_winner')::integer - stock.count)::integer, settled_at
            FROM campaigns
            JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            CROSS JOIN LATERAL (SELECT (rules ->> 'winner_count')::integer AS winner_count) AS places
            CROSS JOIN LATERAL jsonb_array_elements(rules -> 'prizes') WITH ORDINALITY AS offered (prize, number)
            CROSS JOIN LATERAL (
                SELECT count(*) FROM prize_codes
                WHERE prize_codes.campaign_id = campaigns.id AND prize_number = offered.number
            ) AS stock
            WHERE campaigns.state IN ('judging', 'decided') AND prize ->> 'kind' = 'code'
                AND stock.count < winner_count * (prize ->> 'per_winner')::integer
            UNION ALL
            SELECT campaign_id, 'notice_unsent', count(*), min(created_at)
            FROM messages
            WHERE campaign_id IS NOT NULL AND state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL
            GROUP BY campaign_id
            UNION ALL
            SELECT id, 'key_overdue', 1, final_at + make_interval(days => $1)
            FROM campaigns WHERE state = 'final' AND final_at < now() - make_interval(days => $1 + 1)
        )
        SELECT campaign_id, coalesce(draft ->> 'title', '') AS title, kind, count, since
        FROM found JOIN campaigns ON campaigns.id = campaign_id
        ORDER BY since NULLS LAST, campaign_id, kind
        """,
        kept_days,
    )
    return [
        Stuck(
            campaign_id=str(row.campaign_id),
            title=row.title,
            kind=row.kind,
            what=WHAT[row.kind][int(english)],
            count=row.count,
            since=row.since,
        )
        for row in many(rows, _Row)
    ]
