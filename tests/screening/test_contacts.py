import pytest

from feed.screening.contacts import HINTS, find_contacts
from feed.screening.forms import form_of
from feed.screening.screener import Screener
from feed.screening.word_list import Word, WordList

HELD = {
    "links": [
        "看 https://example.com/a?b=1 这里",
        "http：//example.com",
        "去 www.example.net 看",
        "example.com",
        "Example。COM/abc",
        "example点com",
        "example 点 com",
        "ｅｘａｍｐｌｅ．ｃｎ",
        "a.b.example.xyz",
    ],
    "phones": [
        "电话13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣",
        "１３８００１３８０００",
        "一三八零零一三八零零零",
        "幺三八〇〇幺三八〇〇〇",
        "壹叁捌零零壹叁捌零零零",
        "+86 13800138000",
        "①③⑧00138000",
    ],
    "contacts": [
        "加V了解",
        "➕加v",
        "加我微信",
        "加 薇 信",
        "vx：abc12345",
        "V信 abc12345",
        "威信号abc12345",
        "wx abc-12345",
        "QQ群 123456789",
        "扣扣123456",
        "Ｑ群：1234567",
        "企鹅号1234567",
    ],
    "cards": ["身份证 11010519491231002X", "卡号 6222 0200 0000 0000 000"],
}
FREE = [
    "今天是2026年11月29日15:30",
    "服务热线12345，急救120",
    "微信公众号很好看",
    "添加微信公众号",
    "用微信支付",
    "welcome to Shenzhen",
    "加vip会员区",
    "票价3.5元，5.20截止",
    "编号202611291530123456",
    "地铁11号线",
    "北纬22.5431，东经114.0579",
    "Node.js 和 U.S. 不是网址",
    "一三五限行，二四六通行",
    "加油，加微笑",
]


@pytest.mark.parametrize(("layer", "text"), [(layer, text) for layer, texts in HELD.items() for text in texts])
def test_a_contact_is_held_for_review_in_every_dress(layer: str, text: str) -> None:
    result = Screener().check(text, "post")
    assert result.verdict == "review"
    assert layer in {label.layer for label in result.labels}
    assert all(0 <= label.start < label.start + label.length <= len(text) for label in result.labels)


@pytest.mark.parametrize("text", FREE)
def test_what_only_looks_like_a_contact_passes(text: str) -> None:
    assert Screener().check(text, "post").labels == []
    assert find_contacts(text) == []


def test_links_of_the_site_and_allowed_ones_pass() -> None:
    own = Screener(own_hosts=["feed.example.cn"])
    assert own.check("https://feed.example.cn/p/1", "post").verdict == "pass"
    assert own.check("https://example.com/?feed.example.cn", "post").verdict == "review"
    assert own.check("https://feed.example.cn.example.com/", "post").verdict == "review"
    term = "news.example.com"
    words = WordList([Word(term, form_of(term), "allow", "")], hints=HINTS)
    assert Screener(words).check("见 news.example.com。", "post").verdict == "pass"
    assert Screener(words).check("见 other.example.com。", "post").verdict == "review"


def test_the_newsroom_may_name_its_addresses_and_phones() -> None:
    assert Screener().check("报名：13800138000，https://example.com", "campaign").verdict == "pass"
