"""October: claims, fulfilment, and the end of the winners' details."""

from typing import Any

from feed.postgres import transaction
from feed.prizes.claims.shredding import Retention, shred_next_campaign
from feed.sms import actions
from feed.sms import store as messages
from feed.sms.model import Purpose
from tests.support.story.people import ADMIN, AUTHOR, EDITOR, FOURTH, OTHER_EDITOR
from tests.support.story.readers import Readers
from tests.support.story.stage import Person, Stage

CLAIM = {
    "recipient_name": "吴秀兰",
    "phone": "13800100100",
    "address": "深圳市福田区红荔路2001号",
    "privacy_version": "2026-08",
}


async def hand_out(stage: Stage, campaign: str, readers: Readers) -> None:
    """From the first look at a prize to the receipt of the shredding."""
    best = readers.best
    await stage.at("2026-09-29 20:00")
    prize = (await stage.call("list_prizes", best, limit=2))["items"][0]["id"]
    await stage.call("get_prize", best, prize_id=prize)
    await stage.call("get_participation", best, campaign_id=campaign)
    await stage.call("claim_prize", best, CLAIM, prize_id=prize)
    other = (await stage.call("list_prizes", AUTHOR, kept=False, limit=1))["items"][0]["id"]
    await stage.call("claim_prize", AUTHOR, CLAIM | {"recipient_name": "黄嘉豪"}, kept=False, prize_id=other)
    moved_up = (await stage.call("list_prizes", FOURTH, kept=False, limit=1))["items"][0]["id"]
    await stage.call("decline_prize", FOURTH, prize_id=moved_up)
    await _fulfil(stage, campaign, best, prize)
    await stage.call("list_stuck_prizes", EDITOR)
    await _messages(stage, campaign)


async def destroy(stage: Stage, campaign: str) -> None:
    """The details of the winners are destroyed, months later."""
    await stage.at("2027-04-20 03:00")
    for _ in range(5):
        if not await shred_next_campaign(stage.pool, stage.keys, Retention()):
            break
    await stage.call("get_shredding", EDITOR, campaign_id=campaign)


async def _fulfil(stage: Stage, campaign: str, best: Person, prize: str) -> None:
    one: dict[str, Any] = {"campaign_id": campaign, "prize_id": prize}
    editor = (await stage.call("get_me", EDITOR, kept=False))["id"]
    await stage.at("2026-09-30 10:00")
    await stage.call("list_claims", EDITOR, campaign_id=campaign)
    await stage.call("verify_claim", EDITOR, **one)
    access = {"user_id": editor, "days": 7, "reason": "寄送奖品"}
    await stage.call("grant_claim_access", ADMIN, access, campaign_id=campaign)
    await stage.call("list_claim_access", ADMIN, campaign_id=campaign)
    await stage.call("reveal_claim", EDITOR, {"reason": "填写快递单"}, **one)
    await stage.call("export_claims", EDITOR, {"reason": "交快递公司批量寄送"}, campaign_id=campaign)
    await stage.call("ship_prize", EDITOR, {"carrier": "顺丰速运", "tracking_no": "SF1234567890123"}, **one)
    await stage.call("end_claim_access", ADMIN, campaign_id=campaign, user_id=editor)
    await stage.at("2026-10-03 19:00")
    await stage.call("receive_prize", best, prize_id=prize)
    await stage.call("show_codes", best, prize_id=prize)


async def _messages(stage: Stage, campaign: str) -> None:
    """Two messages of which nothing is known."""
    made = []
    for key in ("first", "second"):
        async with transaction(stage.pool) as conn:
            message = await messages.enqueue(
                conn,
                keys=stage.keys,
                purpose=Purpose.PRIZE_NOTICE,
                phone="+8613800100101",
                params={"campaign": "爱读书的深圳人", "date": "10月12日"},
                once_key=f"story:{key}",
                campaign_id=int(campaign),
            )
        assert message is not None
        assert await actions.begin_sending(stage.pool, message, "aliyun", None)
        await stage.pool.execute(
            "UPDATE messages SET state = 'unknown', ended_at = now(), error_code = 'cannot_tell' WHERE id = $1", message
        )
        made.append(str(message))
    await stage.call("list_messages", EDITOR, state="unknown", campaign_id=campaign, limit=1)
    await stage.call("retry_message", EDITOR, {"reason": "获奖者来电说没有收到短信。"}, message_id=made[0])
    outcome = {"outcome": "sent", "reason": "已电话通知获奖者。"}
    await stage.call("resolve_message", OTHER_EDITOR, outcome, message_id=made[1])
