"""August: the newsroom prepares the campaign, and a copy that is cancelled."""

from typing import Any

from tests.support import make_media
from tests.support.story.draw import open_draw
from tests.support.story.people import (
    ADMIN,
    CAMPAIGN,
    EDITOR,
    JUROR,
    OTHER_EDITOR,
    OTHER_JUROR,
    REVIEWER,
    STAFF,
    THIRD_EDITOR,
    THIRD_JUROR,
)
from tests.support.story.stage import Stage


async def prepare(stage: Stage) -> tuple[str, str]:
    """From the first request to a jury. Returns the ids of the campaign and of the draw."""
    await stage.at("2026-08-20 09:00")
    for person in STAFF:
        await stage.call("get_me", person, kept=False)
    staff = {person: (await stage.call("get_me", person, kept=False))["id"] for person in STAFF}
    await stage.call("put_roles", ADMIN, {"roles": ["reviewer", "editor"]}, user_id=staff[THIRD_JUROR])
    await stage.call("remove_roles", ADMIN, user_id=staff[THIRD_JUROR])
    await stage.call("give_badge", ADMIN, {"badge": "官方"}, user_id=staff[EDITOR])
    await stage.call("take_badge", ADMIN, user_id=staff[EDITOR])
    name = await stage.call("put_name", ADMIN, {"name": "深圳读书月", "scope": "contained"})
    await stage.call("list_names", ADMIN, limit=1)
    await stage.call("remove_name", ADMIN, name_id=name["id"])
    for name in ("live", "ready", "get_keys", "get_config"):
        await stage.call(name)

    await stage.at("2026-08-24 10:00")
    cover, prize = [
        await _upload(stage, file, alt)
        for file, alt in (("封面.png", "海报：爱读书的深圳人"), ("盒子.png", "深圳盒子"))
    ]
    prizes = [CAMPAIGN["prizes"][0] | {"image_media_id": prize}, *CAMPAIGN["prizes"][1:]]
    made = await stage.call("create_campaign", EDITOR, CAMPAIGN | {"cover_media_id": cover, "prizes": prizes})
    campaign: str = made["id"]
    contact = {"reserve_count": 2, "contact": "0755-83517110"}
    basis = made["content_sha256"]
    await stage.call("change_campaign", EDITOR, contact, campaign_id=campaign, content_sha256=basis)
    await stage.call("preview_campaign", EDITOR, campaign_id=campaign)
    await sign(stage, campaign)
    await stage.at("2026-08-25 11:00")
    read = (await stage.call("get_campaign_for_editors", OTHER_EDITOR, kept=False, campaign_id=campaign))[
        "content_sha256"
    ]
    published = await stage.call("publish_campaign", OTHER_EDITOR, campaign_id=campaign, content_sha256=read)
    basis = published["content_sha256"]
    counts = {"winner_count": 3, "reserve_count": 3}
    await stage.call("propose_change", EDITOR, counts, campaign_id=campaign, content_sha256=basis)
    await stage.call(
        "assign_jurors", EDITOR, {"user_ids": [staff[JUROR], staff[OTHER_JUROR]]}, status=200, campaign_id=campaign
    )
    codes = {"codes": ["LILEI-7Q4M-2K9P", "LILEI-8R5N-3L7Q", "LILEI-9S6P-4M8R"]}
    await stage.call("add_codes", EDITOR, codes, campaign_id=campaign, number="2")

    copy = (await stage.call("copy_campaign", EDITOR, campaign_id=campaign))["id"]
    times = {"title": "爱读书的深圳人（少年组）", "topic": "深圳少年爱读书"}
    times |= {key: CAMPAIGN[key] for key in ("starts_at", "ends_at", "settle_at")}
    await stage.call("change_campaign", EDITOR, times, campaign_id=copy)
    await stage.call("publish_campaign", EDITOR, campaign_id=copy)
    draw = await open_draw(stage)
    await stage.at("2026-09-01 09:00")
    reason = {"reason": "少年组并入“青少年读书月”，不再单独举办。"}
    await stage.call("cancel_campaign", EDITOR, reason, status=202, campaign_id=copy)
    await stage.call("cancel_campaign", OTHER_EDITOR, reason, status=200, campaign_id=copy)
    await stage.call("list_all_campaigns", EDITOR, state="open", limit=1)
    await stage.call("get_campaign_for_editors", EDITOR, campaign_id=campaign)
    return campaign, draw


async def _upload(stage: Stage, file: str, alt: str) -> str:
    """A picture of the newsroom that is ready. Returns its id."""
    picture = await stage.call("upload_media", EDITOR, {"file": file, "kind": "image", "alt": alt}, kept=False)
    await make_media.make_ready(stage.pool, int(picture["id"]))
    return str(picture["id"])


async def sign(stage: Stage, campaign: str) -> None:
    """The four stages read and sign the campaign's announcement and rules; it is returned once."""
    text: dict[str, Any] = {"kind": "campaign", "subject_id": campaign}
    sha256 = (await stage.call("get_text", EDITOR, **text))["sha256"]
    await stage.call("sign_text", EDITOR, {"stage": 1, "sha256": sha256}, **text)
    await stage.call("list_texts", REVIEWER, limit=10)
    returned = {"sha256": sha256, "reason": "公告没有写明活动截止的日期。"}
    await stage.call("return_text", REVIEWER, returned, **text)
    body = {"body": f"{CAMPAIGN['body']}活动到9月20日24时截止。"}
    await stage.call("change_campaign", EDITOR, body, kept=False, campaign_id=campaign)
    sha256 = (await stage.call("get_text", EDITOR, kept=False, **text))["sha256"]
    for number, who in enumerate((EDITOR, REVIEWER, OTHER_EDITOR, THIRD_EDITOR), start=1):
        await stage.call("sign_text", who, {"stage": number, "sha256": sha256}, kept=number == 4, **text)
