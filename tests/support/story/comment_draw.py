"""October: books for comments under a post of the newsroom, drawn by lot."""

from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.support.story.people import AUTHOR, COMMENT_DRAW, EDITOR, FIFTH, FOURTH, OTHER_EDITOR, READER, THIRD
from tests.support.story.stage import Stage

_SAID = {
    AUTHOR: "《平凡的世界》，每次重读都像重走一遍青春。",
    THIRD: "《小王子》，陪女儿重读。",
    FOURTH: "《活着》。",
    FIFTH: "《边城》，想再去一次茶峒。",
    READER: "《红楼梦》，年纪越大越懂。",
}


async def draw_comments(stage: Stage) -> None:
    """From the post of the newsroom to the proof of one comment."""
    await stage.at("2026-10-04 09:00")
    text = {"text": "你最想重读的一本书是什么？评论区告诉我们，3位读者将获赠好书。#最想重读的一本书#"}
    post = (await stage.call("publish_post", EDITOR, text, example="announcement"))["id"]
    terms = COMMENT_DRAW | {"announcement_post_id": post}
    draw = (await stage.call("create_campaign", EDITOR, terms, example="draw by comment"))["id"]
    await stage.call("publish_campaign", OTHER_EDITOR, kept=False, campaign_id=draw)
    await stage.at("2026-10-05 20:00")
    comments = [
        (await stage.call("add_comment", person, {"text": said}, kept=False, post_id=post))["id"]
        for person, said in _SAID.items()
    ]
    await stage.at("2026-10-08 09:00")
    assert await freeze_next_campaign(stage.pool)
    assert await publish_next_list(stage.pool)
    assert await give_up_next_beacon(stage.pool)
    assert await settle_next_campaign(stage.pool, stage.keys)
    for editor in (EDITOR, OTHER_EDITOR):
        await stage.call("announce_winners", editor, kept=False, campaign_id=draw)
    await stage.call("get_proof", READER, campaign_id=draw, comment_id=comments[0], example="comment")
