"""The rules text of draws by comment and like says how to enter them, and nothing about posts, works or marks."""

import msgspec
import pytest

from feed.campaigns.model import Rules
from feed.campaigns.rules.text import rules_text
from tests.support.amendments import RULES

# What is not spoken of in a draw of this kind.
FOREIGN = {"comment": ("点赞", "作品", "打分", "评委", "话题"), "like": ("评论", "作品", "打分", "评委", "话题")}
WORDS = {"comment": "发表评论或者回复，即为参与", "like": "点赞，截止时未取消的，即为参与"}


def draw(entry_by: str, *, reserve_count: int = 3) -> Rules:
    return msgspec.structs.replace(
        RULES,
        method="draw",
        entry_by=entry_by,
        announcement_post_id="1876543210987654321",
        title="晒书抽奖",
        reserve_count=reserve_count,
        licence=None,
        licence_text=None,
        notes=None,
    )


@pytest.mark.parametrize("reserve_count", [0, 3])
@pytest.mark.parametrize("entry_by", ["comment", "like"])
def test_a_draw_says_how_to_enter_it_in_its_own_words(entry_by: str, reserve_count: int) -> None:
    text = rules_text(draw(entry_by, reserve_count=reserve_count))
    assert WORDS[entry_by] in text
    assert "活动公告（动态编号1876543210987654321）" in text
    for word in FOREIGN[entry_by]:
        assert word not in text, word
    assert text.count("动态") == text.count("动态编号")
    assert "公告的发布者，不参与抽奖" in text
    assert "公告届时未公开的，待恢复公开后确定签单" in text


def test_the_way_of_entering_changes_the_text() -> None:
    assert len({rules_text(draw(entry_by)) for entry_by in ("post", "comment", "like")}) == 3
    assert rules_text(msgspec.structs.replace(draw("like"), announcement_post_id="1")) != rules_text(draw("like"))


def test_what_ends_a_place_is_what_has_entered() -> None:
    assert "中奖者删除参与抽奖的评论或者注销账号的" in rules_text(draw("comment"))
    assert "截止后取消点赞的，不影响中奖" in rules_text(draw("like"))
    assert "中奖者删除参与抽奖的动态或者注销账号的" in rules_text(draw("post"))
