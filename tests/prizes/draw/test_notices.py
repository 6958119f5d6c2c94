"""A draw that is played to its end notifies of no works and no marks."""

from feed.accounts.model import AccountId
from feed.keys.store import Keys
from feed.postgres import Pool
from feed.prizes.announcement.announce import announce_winners
from feed.prizes.announcement.replace_winner import replace_winner
from feed.prizes.announcement.undo_settlement import undo_settlement
from feed.prizes.draw.actions import give_up_next_beacon, publish_next_list
from feed.prizes.objections.actions import answer_objection, object_to_result
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from feed.prizes.winners.expiry import forfeit_next_prize, lapse_next_claim
from feed.prizes.winners.reminders import remind_next_winner
from tests.support import make, phases
from tests.support.make import DAY
from tests.support.notices import said

WRONG_ZH = ("作品", "打分", "评选", "获奖", "名次", "…", "{")
WRONG_EN = ("mark", "works", "judge", "rank", "…", "{")


async def test_a_draw_notifies_of_no_works_and_no_marks(pool: Pool, keys: Keys) -> None:
    campaign = await phases.due_draw(pool, keys, entries=10, winner_count=5, reserve_count=0)
    await pool.execute("UPDATE posts SET state = 'pending' WHERE id = $1", campaign.posts[9])
    assert not await freeze_next_campaign(pool)
    await pool.execute("UPDATE posts SET state = 'published' WHERE id = $1", campaign.posts[9])
    assert await freeze_next_campaign(pool)
    assert await publish_next_list(pool)
    await phases.age_list(pool, campaign.id, 30 * DAY)
    assert await give_up_next_beacon(pool)
    assert await settle_next_campaign(pool, keys)
    editors = [await make.person(pool, role="editor") for _ in range(4)]
    for editor in editors[:2]:
        await announce_winners(pool, keys, campaign.id, by=editor)
    winners = await phases.winners_of(pool, campaign.id)
    deleted, removed, lapsing, replaced, _ = winners
    await pool.execute("UPDATE posts SET state = 'deleted', deleted_at = now() WHERE id = $1", deleted["post_id"])
    await pool.execute("UPDATE posts SET state = 'removed' WHERE id = $1", removed["post_id"])
    while await forfeit_next_prize(pool, keys):
        pass
    back = (
        "UPDATE winners SET notified_at = now() - interval '6 days', claim_ends_at = now() + $2::interval WHERE id = $1"
    )
    await pool.execute(back, lapsing["id"], DAY)
    assert await remind_next_winner(pool, keys)
    await pool.execute(back, lapsing["id"], -DAY)
    assert await lapse_next_claim(pool, keys)
    author = AccountId(replaced["account_id"])
    place: int = await pool.fetchval("SELECT rank FROM winners WHERE id = $1", replaced["id"])
    for kind, remedy in (("marks", "replace"), ("winner", "settle_again"), ("other", None)):
        objection = await object_to_result(pool, campaign.id, by=author, text="请复核", kind=kind)  # type: ignore[arg-type]
        rank = place if remedy == "replace" else None
        await answer_objection(pool, objection, by=editors[2], text="已复核。", remedy=remedy, rank=rank)  # type: ignore[arg-type]
    assert await replace_winner(pool, keys, campaign.id, place, by=editors[3], reason="不合格") == "replaced"
    assert await undo_settlement(pool, campaign.id, by=editors[3], reason="重新抽奖") == "undone"

    keys_of = {row["template"] for row in await pool.fetch("SELECT DISTINCT template FROM inbox")}
    assert keys_of == {
        *("settlement.blocked.draw", "settlement.decided.draw", "draw.number_wanted", "place.ended.draw"),
        *("prize.won.draw", "prize.post_deleted.draw", "prize.post_removed.draw", "prize.claim_due", "prize.lapsed"),
        *("prize.replaced.draw", "prize.undone.draw", "objection.received", "objection.answered", "objection.upheld"),
        *("objection.replace.draw", "objection.settle_again.draw"),
    }
    for language, wrong in (("zh-CN", WRONG_ZH), ("en", WRONG_EN)):
        for each in await said(pool, language=language):
            assert not [word for word in wrong if word in (each.title + each.body).lower()], each
