"""`python -m tests.support.rules_example` writes docs/rules-example.zh-CN.md: the rules of two campaigns, as `feed` prints them."""

import re
from pathlib import Path
from typing import Any

import feed
from feed.campaigns.rules.draft import merge_fields, read_rules
from feed.campaigns.rules.site_terms import SiteTerms, with_site_terms
from feed.campaigns.rules.text import rules_text
from tests.support.campaign_drafts import fields

PATH = Path(feed.__file__).parents[1] / "docs/rules-example.zh-CN.md"
NONCE_SHA256 = "6a1f0c5e8d2b4973a1c6e7f09b3d58241e7c90ab5d6f3e2187c4b9a05f1d2e63"
ORGANISER: dict[str, Any] = {"organiser": "读特客户端", "contact": "电话0755-12345678"}
READING: dict[str, Any] = ORGANISER | {
    "title": "爱读书的深圳人",
    "topic": "爱读书的深圳人",
    "body": "分享你的一个读书瞬间，带上话题#爱读书的深圳人#。",
    "starts_at": "2026-09-01T01:00:00Z",
    "ends_at": "2026-09-20T16:00:00Z",
    "method": "ranked",
    "winner_count": 3,
    "reserve_count": 5,
    "shortlist_size": 30,
    "quorum": 3,
    "prizes": [
        {"name": "有你“圳”好深圳盒子", "kind": "goods", "value_cny": "199"},
        {
            "name": "帆书“李蕾讲经典”月卡",
            "kind": "code",
            "value_cny": "30",
            "terms": "在帆书App“兑换中心”兑换，限本人使用，兑换后30天内有效",
            "valid_until": "2026-12-31T16:00:00Z",
        },
    ],
    "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
    "caps": {"likes": 1000, "comments": 200},
    "claim_days": 7,
    "objection_days": 3,
    "licence": "display",
}
CONCERT: dict[str, Any] = ORGANISER | {
    "title": "水木年华深圳演唱会赠票",
    "topic": "水木年华25周年巡演深圳站",
    "body": "说说你和水木年华的故事，带上话题#水木年华25周年巡演深圳站#，抽奖赠票。",
    "starts_at": "2026-10-09T01:00:00Z",
    "ends_at": "2026-10-18T16:00:00Z",
    "settle_at": "2026-10-19T02:00:00Z",
    "method": "draw",
    "winner_count": 11,
    "reserve_count": 5,
    "prizes": [
        {
            "name": "演唱会内场门票",
            "kind": "ticket",
            "per_winner": 2,
            "value_cny": "880",
            "valid_until": "2026-11-14T16:00:00Z",
            "places": [1, 1],
        },
        {
            "name": "演唱会看台门票",
            "kind": "ticket",
            "per_winner": 2,
            "value_cny": "380",
            "valid_until": "2026-11-14T16:00:00Z",
            "places": [2, 11],
        },
    ],
    "beacon": "中国福利彩票双色球开奖号码",
    "beacon_order": ["public_number", "drand"],
    "beacon_wait_hours": 72,
    "claim_days": 5,
    "objection_days": 3,
    "delivery": {"within_days": 7, "place": "深圳湾体育中心读特服务台"},
}
_INTRODUCTION = """\
# 活动规则示例

以下两份活动规则由活动的数据自动生成，与系统实际执行的一致：一份是按分评选的征集，一份是抽奖。由 `python -m tests.support.rules_example` 写出；生成的文字有变化而本页没有更新时，测试不通过。
"""


def document() -> str:
    """The text of the document."""
    return "\n".join([_INTRODUCTION, *(_markdown(_text(each)) for each in (READING, CONCERT))])


def _text(given: dict[str, Any]) -> str:
    draft = merge_fields({}, fields(**given))
    rules, problems = read_rules(draft, publishing=True)
    assert not problems, problems
    nonce_sha256 = NONCE_SHA256 if rules.method == "draw" else None
    return rules_text(with_site_terms(rules, SiteTerms(), None), nonce_sha256)


def _markdown(text: str) -> str:
    """The lines as paragraphs, their numbers as they are, headings as headings."""
    title, *lines = text.splitlines()
    written = [f"## {title}"]
    for line in lines:
        if re.match("[一二三四五六七八九十]+、", line):
            written.append(f"### {line}")
        elif line:
            written.append(re.sub(r"^(\d+)\. ", r"\1\\. ", re.sub(r"([*_`<\[])", r"\\\1", line)))
    return "\n\n".join(written) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), "utf-8")
