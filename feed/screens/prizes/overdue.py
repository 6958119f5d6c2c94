"""Overdue steps between a campaign's end and the hand-over of its prizes, for editors and `feed doctor`."""

from datetime import datetime
from typing import Literal

import msgspec

from feed.campaigns.claim_deadline import ENDS_SOON
from feed.campaigns.model import ANNOUNCED_WITHIN
from feed.campaigns.prize_kinds import code_kinds, shipped_kinds
from feed.postgres import Connection, many

Kind = Literal[
    "unsettled", "undecided", "awaiting_beacon", "unannounced", "result_overdue", "objection_open", "removal_appealed", "unclaimed", "unverified", "unshipped",
    "codes_missing", "notice_unsent", "notice_held", "lapsed_untold", "key_overdue",
]  # fmt: skip
# What is overdue and what to do about it, in Chinese and English.
DESCRIPTIONS: dict[Kind, tuple[str, str]] = {
    "unsettled": (
        "已到评定时间（settle_at）仍未产生结果，请查看等待处理的事项（blocked_by）",
        "is due (settle_at) and not settled: see what it waits for (blocked_by)",
    ),
    "undecided": (
        "数据冻结超过十分钟仍无结果，请查看后台任务的日志",
        "was frozen more than ten minutes ago and has no result: see the worker's log",
    ),
    "awaiting_beacon": (
        "签单公布超过一天，仍在等待公开值，请核对号码是否已录入",
        "published its list more than a day ago and waits for the public value: check whether the number is entered",
    ),
    "unannounced": (
        "结果产生超过一天仍未公布，请由两位编辑核对名单后公布",
        "was settled more than a day ago and is not announced: two editors check the winners and announce them",
    ),
    "result_overdue": (
        "活动规则所写的最迟公布时间已过，结果仍未公布，活动页面已注明“结果逾期”，请尽快公布",
        "has not announced its result by the latest time that its rules name, and its page says so: announce it",
    ),
    "objection_open": (
        "异议超过两天未答复，或成立后超过一天未处理，请安排未参与活动的编辑处理",
        "has objections that were not answered for two days, or were upheld and not carried out for one: an editor who took no part has to act",
    ),
    "removal_appealed": (
        "名单中有内容在一天内被移除，或申诉未决，名额暂时保留，请尽快处理",
        "has winners whose post was removed within a day, or whose appeal is open: their places wait",
    ),
    "unclaimed": (
        "有奖品尚未领取，两天内到领取截止时间（claim_ends_at），可提醒本人",
        "has prizes that lapse within two days (claim_ends_at) and are not claimed: the winners may be reminded",
    ),
    "unverified": (
        "领奖信息提交超过三天未核验，请核验",
        "has claims that were entered more than three days ago and are not verified",
    ),
    "unshipped": (
        "实物奖品可寄出超过七天仍未寄出，请寄出并登记运单号（tracking_no）",
        "has goods that could have been sent for seven days: send them and enter the tracking number (tracking_no)",
    ),
    "codes_missing": (
        "兑换码不足，请补传：每个名额需要的数量为每人份数",
        "has too few codes: upload the missing ones, for each place its quantity per winner",
    ),
    "notice_unsent": (
        "短信通知未送达或结果不明，请在短信列表中重发，或登记处理结果（outcome）",
        "has SMS that failed or whose outcome is unknown: retry them in the list of messages, or enter the outcome (outcome)",
    ),
    "notice_held": (
        "短信通知迟迟未发出，请在短信列表中查看推迟原因（held_by）",
        "has SMS that still wait: see in the list of messages what holds them (held_by)",
    ),
    "lapsed_untold": (
        "七天内有奖品逾期作废，而短信通知从未送达，请联系本人核实",
        "has prizes that lapsed within seven days though their SMS never arrived: ask the winners",
    ),
    "key_overdue": (
        "个人信息已到销毁时间，因奖品未发放完毕仍在保留，请尽快发放并登记",
        "keeps details that are due for destruction, because prizes are open: hand them out and record it",
    ),
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


async def list_overdue(conn: Connection, *, kept_days: int, language: str = "zh-CN") -> list[OverdueItem]:
    """The overdue steps of all campaigns, oldest first, in `en` or Chinese.

    `kept_days`: how long claims are kept where the rules do not say it.
    """
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
            SELECT campaigns.id, 'key_overdue', 1, final_at + make_interval(days => coalesce(kept_days, $1))
            FROM campaigns JOIN claim_retention ON claim_retention.campaign_id = campaigns.id
            WHERE state = 'final' AND final_at < now() - make_interval(days => coalesce(kept_days, $1) + 1)
            UNION ALL
            -- As `Rules.result_due_at`.
            SELECT campaigns.id, 'result_overdue', 1, due.due_at
            FROM campaigns
            JOIN campaign_rules ON campaign_rules.campaign_id = campaigns.id
                AND campaign_rules.version = campaigns.rules_version
            CROSS JOIN LATERAL (
                SELECT settle_at + $5::interval + make_interval(hours => CASE
                    WHEN rules ->> 'method' = 'draw'
                    THEN jsonb_array_length(rules -> 'beacon_order') * (rules ->> 'beacon_wait_hours')::integer
                    ELSE 0
                END) AS due_at
            ) AS due
            WHERE state IN ('scheduled', 'judging', 'decided') AND due.due_at <= now()
        )
        SELECT campaign_id, coalesce(draft ->> 'title', '') AS title, kind, count, since
        FROM found JOIN campaigns ON campaigns.id = campaign_id
        ORDER BY since NULLS LAST, campaign_id, kind
        """,
        kept_days,
        shipped_kinds(),
        code_kinds(),
        ENDS_SOON,
        ANNOUNCED_WITHIN,
    )
    return [
        OverdueItem(
            campaign_id=str(row.campaign_id),
            title=row.title,
            kind=row.kind,
            what=DESCRIPTIONS[row.kind][language == "en"],
            count=row.count,
            since=row.since,
        )
        for row in many(rows, _Row)
    ]
