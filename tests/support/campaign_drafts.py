"""Drafts of campaigns, complete and incomplete."""

from datetime import UTC, datetime, timedelta
from typing import Any

from feed.accounts.model import AccountId
from feed.campaigns import actions
from feed.campaigns.rules.draft import CampaignFields
from feed.decoding.decoder import convert
from feed.media.addresses import MediaAddresses
from feed.screens.campaigns import cards as screen
from tests.support.campaigns import Stage
from tests.support.make import DAY

HOUR = timedelta(hours=1)
# A prize of two tickets; a draft adds `valid_until`.
CONCERT_TICKET = {"name": "音乐会门票", "kind": "ticket", "per_winner": 2, "value_cny": "180", "terms": "凭短信入场"}


def full(**changed: Any) -> dict[str, Any]:
    """Everything that a publication needs; None leaves a field out."""
    now = datetime.now(UTC)
    fields = {
        "title": "读书月",
        "topic": "读书",
        "body": "分享你的读书瞬间",
        "starts_at": now + HOUR,
        "ends_at": now + DAY,
        "method": "ranked",
        "winner_count": 3,
        "reserve_count": 2,
        "prizes": [{"name": "好书", "kind": "goods", "per_winner": 1, "value_cny": "59.90"}],
        "claim_days": 7,
        "organiser": "读特客户端",
        "contact": "0755-12345678",
    } | changed
    return {name: value for name, value in fields.items() if value is not None}


def fields(**given: Any) -> CampaignFields:
    return convert(given, CampaignFields)


async def drafted(stage: Stage, editor: AccountId, **changed: Any) -> int:
    return await actions.create_campaign(stage.pool, editor, fields(**full(**changed)))


async def published(stage: Stage, editor: AccountId, *, opened: bool = False, **changed: Any) -> int:
    if opened:
        changed = {"starts_at": datetime.now(UTC) - HOUR} | changed
    campaign = await drafted(stage, editor, **changed)
    await actions.publish_campaign(stage.pool, stage.keys, editor, campaign)
    return campaign


async def seen(stage: Stage, campaign: int) -> screen.EditorCampaignCard:
    async with stage.pool.acquire() as conn:
        return await screen.get_campaign_for_editors(conn, campaign, MediaAddresses())
