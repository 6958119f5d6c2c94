"""The people of the story, and the campaign that they take part in."""

from typing import Any

from tests.support.story.stage import Person


def _phone(number: int) -> str:
    return f"+86138001{number:05d}"


EDITOR = Person("chensiyuan", "陈思远", _phone(1), ("editor",))
OTHER_EDITOR = Person("linxiaotong", "林晓彤", _phone(2), ("editor",))
THIRD_EDITOR = Person("xuwentao", "许文涛", _phone(3), ("editor",))
REVIEWER = Person("zhoumin", "周敏", _phone(4), ("reviewer",))
ADMIN = Person("jianghao", "江浩", _phone(5), ("admin",))
JUROR = Person("hejingzhi", "何静之", _phone(6))
OTHER_JUROR = Person("luoyizhou", "罗一舟", _phone(7))
THIRD_JUROR = Person("fangxiaoqing", "方晓晴", _phone(8))
FOURTH_JUROR = Person("shilei", "石磊", _phone(9))
STAFF = (EDITOR, OTHER_EDITOR, THIRD_EDITOR, REVIEWER, ADMIN, JUROR, OTHER_JUROR, THIRD_JUROR, FOURTH_JUROR)

# Signs in by phone.
BEST_PHONE = _phone(100)
BEST_NAME = "吴秀兰"
AUTHOR = Person("huangjiahao", "黄嘉豪", _phone(101))
THIRD = Person("lizixuan", "李梓萱", _phone(102))
FOURTH = Person("zhangguoqiang", "张国强", _phone(103))
FIFTH = Person("wangyaqin", "王雅琴", _phone(104))
READER = Person("liangyongshi", "梁咏诗", _phone(105))
SPAMMER = Person("jiangyifan", "江一帆", _phone(106))
POPULAR = Person("ameizaishenzhen", "阿May在深圳", _phone(108))
CHEAT = Person("kunkun", "书虫小号", _phone(107))

# Readers who like and comment.
FANS = (
    "宋博文",
    "韩梅",
    "唐果",
    "冯子墨",
    "程心怡",
    "魏大勇",
    "吕佳宁",
    "丁一鸣",
    "沈沐阳",
    "姚丽华",
    "朱小北",
    "曾小满",
)

TOPIC = "爱读书的深圳人"
TEXTS = {
    POPULAR: "今日书店打卡：咖啡、阳光、新裙子，还有一本摊开的书！姐妹们冲！#爱读书的深圳人#",
    CHEAT: "读书使我快乐，快乐使我读书。请为我点赞！#爱读书的深圳人#",
    SPAMMER: "低价 #代写读书笔记# ，一篇八元，加我私聊。#爱读书的深圳人#",
    FIFTH: "阳台改成了书房，只有一平米，放得下一把椅子、一盏灯和整个宇宙。#爱读书的深圳人#",
    FOURTH: "工地午休四十分钟，吃饭十分钟，剩下三十分钟归余华。#爱读书的深圳人#",
    THIRD: "女儿问我：妈妈，书里的人会不会知道我们在看他们？我想了一个晚上，没有答案，只好再陪她读一遍。#爱读书的深圳人#",
    AUTHOR: "地铁11号线，从碧头到福田，一本《平凡的世界》读了两个月。昨天读完最后一页，抬头发现坐过了三站。#爱读书的深圳人#",
}
BEST_TEXT = (
    "退休第三年，我在深圳书城当了义工。今天有个小男孩踮着脚够书，我递给他，他说：奶奶，您也看吗？"
    "于是我们并排坐在台阶上，一人一本，看到打烊。#爱读书的深圳人#"
)

CAMPAIGN: dict[str, Any] = {
    "title": "爱读书的深圳人",
    "topic": TOPIC,
    "body": "带话题 #爱读书的深圳人# 发布你的读书时刻，与全城书友分享。",
    "notes": "入选内容有机会在《深圳特区报》读书版刊出。",
    "starts_at": "2026-08-31T16:00:00Z",
    "ends_at": "2026-09-20T16:00:00Z",
    "settle_at": "2026-09-23T16:00:00Z",
    "method": "ranked",
    "winner_count": 3,
    "reserve_count": 2,
    "shortlist_size": 6,
    "prizes": [
        {"name": "有你“圳”好深圳盒子", "kind": "goods", "per_winner": 1, "value_cny": "199"},
        {
            "name": "帆书“李蕾讲经典”月卡",
            "kind": "code",
            "per_winner": 1,
            "value_cny": "30",
            "terms": "在帆书App“我的—兑换”中输入兑换码，30天内有效。",
            "valid_until": "2027-09-30T16:00:00Z",
        },
    ],
    "weights": {"quality": "0.5", "likes": "0.3", "comments": "0.2"},
    "caps": {"likes": 1000, "comments": 200},
    "tie_break": ["quality", "likes", "comments", "earliest"],
    "criteria": [{"name": "内容", "weight": "0.6"}, {"name": "文字", "weight": "0.4"}],
    "quorum": 2,
    "objection_days": 3,
    "claim_days": 14,
    "unclaimed": "next_reserve",
    "licence": "publish",
    "organiser": "深圳特区报读特客户端",
    "contact": "0755-83510000",
    "board": "public",
    "delivery": {"within_days": 30},
}
# Which comment wins follows from drand or a value of the server, so the draw ends in days.
COMMENT_DRAW: dict[str, Any] = {
    "title": "评论有礼：你最想重读的一本书",
    "topic": "最想重读的一本书",
    "body": "在官方动态下评论你最想重读的一本书，抽取3位读者赠书。",
    "starts_at": "2026-10-04T02:00:00Z",
    "ends_at": "2026-10-07T16:00:00Z",
    "settle_at": "2026-10-08T00:30:00Z",
    "method": "draw",
    "entry_by": "comment",
    "winner_count": 3,
    "reserve_count": 1,
    "prizes": [
        {"name": "签名版《平凡的世界》", "kind": "goods", "per_winner": 1, "value_cny": "108", "places": [1, 1]},
        {"name": "《平凡的世界》平装版", "kind": "goods", "per_winner": 1, "value_cny": "59", "places": [2, 3]},
    ],
    "claim_days": 7,
    "organiser": "深圳特区报读特客户端",
    "contact": "0755-83510000",
    "beacon_order": [],
    "board": "hidden",
    "delivery": {"within_days": 15},
}
DRAW: dict[str, Any] = {
    "title": "水木年华25周年巡演深圳站抽票",
    "topic": "水木年华25周年巡演深圳站",
    "body": "带话题发布你与水木年华的故事，抽取现场门票。",
    "starts_at": "2026-09-01T16:00:00Z",
    "ends_at": "2026-09-12T16:00:00Z",
    "settle_at": "2026-09-13T00:30:00Z",
    "method": "draw",
    "winner_count": 1,
    "reserve_count": 1,
    "prizes": [{"name": "演唱会门票", "kind": "ticket", "per_winner": 2, "value_cny": "380"}],
    "claim_days": 3,
    "organiser": "深圳特区报读特客户端",
    "contact": "0755-83510000",
    "beacon": "中国福利彩票双色球",
    "beacon_wait_hours": 96,
    "board": "hidden",
    "delivery": {"within_days": 7, "place": "深圳湾体育中心东门售票处"},
}
