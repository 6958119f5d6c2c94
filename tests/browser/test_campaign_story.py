"""Campaigns and prizes in the browser: a whole story on phone and desktop, with and without script, and what must hold beside it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from feed.prizes.announcement.announce import finish_next_objections
from feed.prizes.objections.actions import answer_objection
from feed.prizes.settlement.actions import freeze_next_campaign, settle_next_campaign
from tests.browser.conftest import Site
from tests.browser.support import DESKTOP, PHONE, Person, axe_problems
from tests.support import make, phases
from tests.support.campaigns_api import terms

ADDRESS = "深圳市福田区红荔路2001号"
_MADE_AT = {
    "accounts": ("created_at", "phone_verified_at"),
    "posts": ("created_at",),
    "post_revisions": ("created_at",),
    "entries": ("entered_at",),
    "likes": ("liked_at",),
}


async def published(site: Site, editor: Person, **changed: Any) -> str:
    rules = terms(weights={"quality": 0, "likes": 0.6, "comments": 0.4}, winner_count=1, reserve_count=1, **changed)
    made = await site.call(editor, "POST", "/v1/admin/campaigns", rules)
    await site.call(editor, "POST", f"/v1/admin/campaigns/{made['id']}/publish")
    return str(made["id"])


async def decide(site: Site, campaign: int) -> None:
    """Lets the campaign end, settles it, and announces the result by two editors."""
    # What happened so far was a minute ago, since only what is older than the end counts.
    for table, columns in _MADE_AT.items():
        changes = ", ".join(f"{each} = {each} - interval '1 minute'" for each in columns)
        await site.pool.execute(f"UPDATE {table} SET {changes}")
    await site.pool.execute(
        """
        UPDATE campaigns SET ends_at = clock_timestamp() - interval '20 seconds', settle_at = clock_timestamp() - interval '10 seconds'
        WHERE id = $1
        """,
        campaign,
    )
    assert await freeze_next_campaign(site.pool)
    assert await settle_next_campaign(site.pool, site.keys)
    for name in ("复核一", "复核二"):
        editor = await site.person(name, roles=("editor",))
        await site.call(editor, "POST", f"/v1/admin/campaigns/{campaign}/announce")


async def press(page: Page, name: str, *, to: str) -> None:
    """Presses a button, and waits for what the page says then, with script or without."""
    await page.get_by_role("button", name=name).click()
    await expect(page.get_by_text(to).first).to_be_visible()


@pytest.mark.parametrize(
    ("viewport", "script"), [(PHONE, True), (DESKTOP, False)], ids=["phone", "desktop without script"]
)
async def test_a_citizen_takes_part_wins_claims_and_another_one_objects(
    site: Site, viewport: Any, script: bool
) -> None:
    editor, citizen, other = (
        await site.person("编辑", roles=("editor",)),
        await site.person("吴秀兰"),
        await site.person("阿珍"),
    )
    campaign = await published(site, editor)
    visitor = await site.visit(citizen, viewport=viewport, java_script_enabled=script)
    page = await visitor.open("/campaigns")
    await page.get_by_role("link", name="读书月").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("读书月")
    assert await page.get_by_role("link", name="发动态参与").get_attribute("href") == f"/write?campaign={campaign}"
    await expect(page.locator("#mine")).to_contain_text("你还没有参加")

    await page.get_by_role("link", name="发动态参与").click()
    text = page.get_by_label("正文")
    assert "#读书#" in await text.input_value()
    await text.fill("读完了《红楼梦》#读书#")
    await page.locator("#publish").click()
    await page.wait_for_url(lambda url: "/write" not in url)
    posted = f"/v1/users/{citizen.account_id}/posts"
    mine = (await site.call(citizen, "GET", posted))["items"][0]
    theirs = await site.call(other, "POST", "/v1/posts", {"text": "我也读完了#读书#"})
    page = await visitor.open(f"/campaigns/{campaign}")
    # Nothing moves under the pointer.
    await page.mouse.move(0, 0)
    await site.call(other, "PUT", f"/v1/posts/{mine['id']}/like")
    # With script the board moves by itself.
    row = page.locator(f"#board-{mine['id']}")
    while not script and ("得分 0.000000" in "".join(await row.all_inner_texts()) or not await row.count()):
        await page.reload()
    await expect(page.locator("#mine")).to_contain_text("参与中")
    await expect(page.locator(f"#board-{mine['id']}")).to_contain_text(re.compile("得分 [1-9]"))
    await expect(page.locator("#board")).to_contain_text("暂定")
    if script:
        assert await axe_problems(page) == []

    await decide(site, int(campaign))
    page = await visitor.open(f"/campaigns/{campaign}")
    await expect(page.locator("#mine")).to_contain_text("恭喜，你获奖了！")
    await expect(page.locator(".winners")).to_contain_text("吴**")
    await page.get_by_role("link", name="去领取").click()
    await page.get_by_label("收件人姓名").fill("吴秀兰")
    await page.get_by_label("手机号").fill("12")
    await page.get_by_label("收件地址").fill(ADDRESS)
    await page.get_by_role("checkbox").check()
    visitor.allowed.append("422")
    await press(page, "领取", to="手机号格式不正确")
    assert await page.get_by_label("收件地址").input_value() == ADDRESS
    if script:
        assert await axe_problems(page) == []
    await page.get_by_label("手机号").fill("13800100100")
    await press(page, "领取", to="已填写，待核实")
    assert ADDRESS not in await page.content()
    assert ADDRESS not in page.url

    objector = await site.visit(other, viewport=viewport, java_script_enabled=script)
    page = await objector.open(f"/campaigns/{campaign}")
    await page.get_by_role("link", name="提出异议").click()
    await page.get_by_label("点赞或评论的计数").check()
    await page.get_by_label("说明").fill("我的点赞少算了")
    await page.get_by_label("涉及的作品").fill(f"{site.url}/posts/{theirs['id']}")
    await press(page, "提交异议", to="等待答复")
    if script:
        assert await axe_problems(page) == []
    objection = await site.pool.fetchval("SELECT id FROM objections")
    answerer = await site.person("另一位编辑", roles=("editor",))
    await answer_objection(site.pool, objection, by=answerer.account_id, text="已核实，计数无误")  # type: ignore[arg-type]
    await page.reload()
    await expect(page.get_by_text("已核实，计数无误")).to_be_visible()

    await site.pool.execute("UPDATE campaigns SET objections_end_at = now() WHERE id = $1", int(campaign))
    assert await finish_next_objections(site.pool)
    page = await objector.open(f"/campaigns/{campaign}")
    await expect(page.get_by_text("结果最终确定")).to_be_visible()
    await expect(page.get_by_role("link", name="提出异议")).to_have_count(0)


async def test_times_are_those_of_shanghai_in_every_zone_of_a_browser(site: Site) -> None:
    ends = (make.now() + 3 * make.DAY).replace(hour=17, minute=30, second=0, microsecond=0)
    campaign = await make.campaign(site.pool, ends_at=ends)
    said = []
    for zone in ("Asia/Shanghai", "America/New_York"):
        visitor = await site.visit(timezone_id=zone)
        page = await visitor.open(f"/campaigns/{campaign}")
        said.append([await each.inner_text() for each in await page.locator("time").all()])
        shown = ends + timedelta(hours=8)
        time = page.locator(".deadline time")
        assert await time.inner_text() == f"{shown.year}年{shown.month}月{shown.day}日 01:30"
        assert await time.get_attribute("datetime") == f"{ends:%Y-%m-%dT%H:%M:%S}Z"
    assert said[0] == said[1]


async def test_a_countdown_runs_and_is_never_announced(site: Site) -> None:
    campaign = await make.campaign(site.pool, ends_at=make.now() + timedelta(minutes=50))
    visitor = await site.visit(await site.person("小明"))
    await visitor.page.clock.install()
    page = await visitor.open(f"/campaigns/{campaign}")
    left = page.locator("[data-countdown]")
    before = await left.inner_text()
    assert before in ("还有 50 分钟", "还有 49 分钟")
    await page.clock.fast_forward("10:00")
    await expect(left).to_have_text(re.compile("还有 (40|39) 分钟"))
    await page.clock.fast_forward("50:00")
    await expect(left).to_have_text("时间已到")
    assert await page.locator("#announcer").inner_text() == ""
    # Neither the time nor anything around it is a live region, and no timer's role speaks.
    around = "[aria-live], [role=status], [role=timer], [role=alert], [role=log]"
    assert await left.evaluate("(element, around) => element.closest(around)", around) is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_state_has_words_and_enough_contrast(site: Site, scheme: Any) -> None:
    made = {
        "open": await make.campaign(site.pool, board="public", prizes=[phases.PRIZE]),
        "scheduled": await make.campaign(site.pool, starts_at=make.now() + make.DAY, ends_at=make.now() + 2 * make.DAY),
        "cancelled": await make.campaign(site.pool, state="cancelled"),
        "draw": (await phases.listed(site.pool, site.keys)).id,
        "announced": (await phases.announced(site.pool, site.keys, board="public")).id,
    }
    winner = (await phases.winners_of(site.pool, made["announced"]))[0]
    visitor = await site.visit(Person(winner["account_id"], ""), color_scheme=scheme)
    paths = ["/campaigns", "/prizes", f"/prizes/{winner['id']}", f"/prizes/{winner['id']}/decline"]
    paths += [f"/campaigns/{each}" for each in made.values()]
    paths += [f"/campaigns/{made['announced']}/{each}" for each in ("rules", "board", "objections")]
    for path in paths:
        page = await visitor.open(path)
        assert await axe_problems(page) == [], path
        for badge in await page.locator(".badge").all():
            assert (await badge.inner_text()).strip(), path


async def test_after_signing_out_back_reveals_no_prize(site: Site) -> None:
    campaign = await phases.announced(site.pool, site.keys)
    winner = (await phases.winners_of(site.pool, campaign.id))[0]
    visitor = await site.visit(Person(winner["account_id"], ""))
    page = await visitor.open(f"/prizes/{winner['id']}")
    await expect(page.get_by_label("收件地址")).to_be_visible()
    await page.goto(f"{site.url}/me/settings")
    await page.get_by_role("button", name="退出登录").first.click()
    await page.wait_for_url(lambda url: "/me/settings" not in url)
    for left in ("settings", "prizes"):
        await page.go_back()
        await page.wait_for_url(re.compile(f"/sign-in.*{left}"))
    assert "深圳盒子" not in await page.content()


async def _filled(page: Page, path: str) -> str:
    """Fills the form of the page, and returns the text that must not be lost."""
    if "objections" in path:
        await page.get_by_label("说明").fill("我的点赞少算了")
        return "我的点赞少算了"
    await page.get_by_label("收件人姓名").fill("吴秀兰")
    await page.get_by_label("手机号").fill("13800100100")
    await page.get_by_label("收件地址").fill(ADDRESS)
    await page.get_by_role("checkbox").check()
    return ADDRESS


@pytest.mark.parametrize("status", [403, 409, 422, 500, 0])
async def test_a_failure_says_so_beside_the_form_and_nothing_typed_is_lost(site: Site, status: int) -> None:
    campaign = await phases.announced(site.pool, site.keys)
    winner = (await phases.winners_of(site.pool, campaign.id))[0]
    visitor = await site.visit(Person(winner["account_id"], ""), viewport=PHONE)
    visitor.allowed += ["Failed to load resource", str(status)]

    async def fail(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
        elif status == 0:
            await route.abort()
        else:
            await route.fulfill(status=status, content_type="text/html", body="<p>nothing of ours</p>")

    await visitor.context.route("**/*", fail)
    for path, button in (
        (f"/prizes/{winner['id']}", "领取"),
        (f"/campaigns/{campaign.id}/objections", "提交异议"),
    ):
        page = await visitor.open(path)
        typed = await _filled(page, path)
        await page.get_by_role("button", name=button).click()
        alert = page.locator("form [role=alert]:visible")
        await expect(alert).to_contain_text("内容还在")
        assert len(await alert.inner_text()) < 60
        values = await page.locator("textarea").evaluate_all("(each) => each.map((one) => one.value)")
        assert typed in values


async def test_a_privacy_text_that_changed_meanwhile_is_agreed_to_again(site: Site) -> None:
    campaign = await phases.announced(site.pool, site.keys)
    winner = (await phases.winners_of(site.pool, campaign.id))[0]
    visitor = await site.visit(Person(winner["account_id"], ""))
    visitor.allowed.append("409")
    page = await visitor.open(f"/prizes/{winner['id']}")
    await _filled(page, "/prizes")
    await page.get_by_role("checkbox").evaluate("(box) => { box.value = 'older'; }")
    await page.get_by_role("button", name="领取").click()
    await expect(page.locator("[role=alert]:visible")).to_be_visible()
    assert await page.get_by_label("收件地址").input_value() == ADDRESS
    assert not await page.get_by_role("checkbox").is_checked()
    await page.get_by_role("checkbox").check()
    await press(page, "领取", to="已填写，待核实")
