"""Overdue steps between a campaign's end and the hand-over of its prizes, for editors and `feed doctor`."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.claim_deadline import ENDS_SOON
from feed.campaigns.prize_kinds import code_kinds, shipped_kinds
from feed.postgres import Connection, many

Kind = Literal[
    "unsettled", "undecided", "awaiting_beacon", "unannounced", "objection_open", "removal_appealed", "unclaimed", "unverified", "unshipped",
    "codes_missing", "notice_unsent", "notice_held", "lapsed_untold", "key_overdue",
]  # fmt: skip
# In Chinese and English.
DESCRIPTIONS: dict[Kind, tuple[str, str]] = {
    "unsettled": ("已到评选时间仍未评选", "is due and not settled: see its blocked_by"),
    "undecided": (
        "评选数据已冻结，十分钟后仍无结果",
        "is frozen since more than ten minutes and has no result: see the worker's log",
    ),
    "awaiting_beacon": ("签单已公布，等待公开随机值", "waits for the public value of its draw"),
    "unannounced": ("评选完成超过一天未公布", "is settled since more than a day and not announced"),
    "objection_open": (
        "异议超过两天未答复，或答复后超过一天未处理",
        "has objections without an answer since more than two days, or without what follows from it since more than one",
    ),
    "removal_appealed": (
        "获奖作品已被移除，申诉未处理，名额暂时保留",
        "has winners whose post is removed and whose appeal is open: their places wait for the decision",
    ),
    "unclaimed": ("领取期限将在两天内结束", "has prizes that nobody has claimed, within two days of the end"),
    "unverified": ("领取信息超过三天未核验", "has claims that wait to be verified since more than three days"),
    "unshipped": ("可寄出超过七天而未寄出", "has goods that wait to be sent since more than seven days"),
    "codes_missing": ("兑换码数量不足", "has fewer codes than winners"),
    "notice_unsent": ("获奖短信未能送达或无法确认", "has winners whose SMS failed or is unknown"),
    "notice_held": ("获奖短信迟迟未发出", "has winners whose SMS still waits: for the provider, a quota, or a worker"),
    "lapsed_untold": (
        "七天内有奖品逾期作废，而获奖短信从未送达",
        "has prizes that lapsed within the last seven days though their SMS never went out or arrived",
    ),
    "key_overdue": ("个人信息应销毁而未销毁", "keeps details whose time is over, since prizes are still on their way"),
}


class OverdueItem(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of overdue step of a campaign: how many there are, and since when the oldest is."""

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


async def list_overdue(conn: Connection, *, kept_days: int) -> list[OverdueItem]:
    """The overdue steps of all campaigns, oldest first."""
    rows = await conn.fetch(
        """
        WITH found AS (
            SELECT id AS campaign_id, 'unsettled' AS kind, 1 AS count, settle_at AS since
            FROM campaigns
            WHERE state IN ('scheduled', 'judging') AND frozen_at IS NULL AND settle_at < now() - interval '10 minutes'
            UNION ALL
            -- A draw whose list is published rightly has no result before its value.
            SELECT campaign_id, 'undecided', 1, greatest(settlements.frozen_at, beacon_at)
            FROM settlements
            LEFT JOIN draws ON draws.settlement_id = settlements.id
            WHERE undone_at IS NULL AND result IS NULL AND (list_published_at IS NULL OR source IS NOT NULL)
                AND greatest(settlements.frozen_at, beacon_at) < now() - interval '10 minutes'
            UNION ALL
            SELECT campaign_id, 'awaiting_beacon', 1, list_published_at
            FROM draws JOIN settlements ON settlements.id = draws.settlement_id AND settlements.undone_at IS NULL
            WHERE source IS NULL AND list_published_at < now() - interval '1 day'
            UNION ALL
            SELECT id, 'unannounced', 1, settled_at FROM campaigns WHERE state = 'decided' AND settled_at < now() - interval '1 day'
            UNION ALL
            SELECT campaign_id, 'objection_open', count(*), min(made_at)
            FROM open_objections
            WHERE (answered_at IS NULL AND made_at < now() - interval '2 days') OR answered_at < now() - interval '1 day'
            GROUP BY campaign_id
            UNION ALL
            SELECT campaign_id, 'removal_appealed', count(*), min(appealed_since)
            FROM places_to_end
            WHERE appealed_since IS NOT NULL
            GROUP BY campaign_id
            UNION ALL
            SELECT campaign_id, 'unclaimed', count(*), min(notified_at)
            FROM winners
            WHERE state IN ('notified', 'viewed') AND claim_ends_at < now() + $4::interval
            GROUP BY campaign_id
            UNION ALL
            SELECT winners.campaign_id, 'unverified', count(*), min(claimed_at)
            FROM winners JOIN claims ON claims.winner_id = winners.id
            WHERE winners.state = 'claimed' AND claimed_at < now() - interval '3 days'
            GROUP BY winners.campaign_id
            UNION ALL
            -- Nothing may be sent before the objection period is over.
            SELECT winners.campaign_id, 'unshipped', count(*), min(greatest(claimed_at, final_at))
            FROM winners
            JOIN claims ON claims.winner_id = winners.id
            JOIN campaigns ON campaigns.id = winners.campaign_id AND campaigns.state = 'final'
            WHERE winners.state = 'verified' AND has_prize_of(prizes, $2)
                AND greatest(claimed_at, final_at) < now() - interval '7 days'
            GROUP BY winners.campaign_id
            UNION ALL
            SELECT campaigns.id, 'codes_missing',
                   (places * (prize ->> 'per_winner')::integer - stock.count)::integer, settled_at
            FROM campaigns
            JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            CROSS JOIN LATERAL jsonb_array_elements(rules -> 'prizes') WITH ORDINALITY AS offered (prize, number)
            -- As `count_places` of feed/campaigns/prize_places.py.
            CROSS JOIN LATERAL (
                SELECT CASE jsonb_typeof(prize -> 'places')
                    WHEN 'array' THEN (prize -> 'places' ->> 1)::integer - (prize -> 'places' ->> 0)::integer + 1
                    ELSE (rules ->> 'winner_count')::integer
                END AS places
            ) AS offered_to
            CROSS JOIN LATERAL (
                SELECT count(*) FROM prize_codes
                WHERE prize_codes.campaign_id = campaigns.id AND prize_number = offered.number
            ) AS stock
            WHERE campaigns.state IN ('judging', 'decided') AND prize ->> 'kind' = ANY ($3::text[])
                AND stock.count < places * (prize ->> 'per_winner')::integer
            UNION ALL
            SELECT campaign_id, 'notice_unsent', count(*), min(created_at)
            FROM messages
            WHERE campaign_id IS NOT NULL AND state IN ('unknown', 'failed', 'undelivered') AND resolved_at IS NULL
                AND (expires_at IS NULL OR expires_at > now())
            GROUP BY campaign_id
            UNION ALL
            SELECT campaign_id, 'notice_held', count(*), min(created_at)
            FROM messages
            WHERE campaign_id IS NOT NULL AND state IN ('queued', 'sending')
                AND (expires_at IS NULL OR expires_at > now())
                AND (
                    (state = 'queued' AND error_code IS NOT NULL AND created_at < now() - interval '1 hour')
                    -- Longer than the quiet hours of a night.
                    OR (state = 'queued' AND not_before < now() - interval '12 hours')
                    -- Longer than a provider is queried before an editor has to decide.
                    OR (state = 'sending' AND sending_at < now() - interval '2 hours')
                )
            GROUP BY campaign_id
            UNION ALL
            SELECT winners.campaign_id, 'lapsed_untold', count(*), min(winners.ended_at)
            FROM winners JOIN messages ON messages.once_key = 'prize:' || winners.id::text
            WHERE winners.state = 'lapsed' AND winners.ended_at > now() - interval '7 days' AND resolved_at IS NULL
                AND messages.state NOT IN ('sent', 'delivered')
            GROUP BY winners.campaign_id
            UNION ALL
            SELECT id, 'key_overdue', 1, final_at + make_interval(days => $1)
            FROM campaigns WHERE state = 'final' AND final_at < now() - make_interval(days => $1 + 1)
        )
        SELECT campaign_id, coalesce(draft ->> 'title', '') AS title, kind, count, since
        FROM found JOIN campaigns ON campaigns.id = campaign_id
        ORDER BY since NULLS LAST, campaign_id, kind
        """,
        kept_days,
        shipped_kinds(),
        code_kinds(),
        ENDS_SOON,
    )
    return [
        OverdueItem(
            campaign_id=str(row.campaign_id),
            title=row.title,
            kind=row.kind,
            what=DESCRIPTIONS[row.kind][0],
            count=row.count,
            since=row.since,
        )
        for row in many(rows, _Row)
    ]
