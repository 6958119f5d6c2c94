"""Results in the console, in a browser: announced by two, claims revealed and gone again, objections answered, by keyboard."""

from playwright.async_api import Page, Route, TimeoutError, expect

from feed.accounts.model import AccountId
from feed.prizes.claims.access import grant_access
from feed.prizes.claims.actions import claim_prize
from feed.prizes.model import WinnerId
from feed.prizes.objections.actions import object_to_result
from tests.browser.conftest import Site
from tests.browser.support import PHONE, axe_problems
from tests.support import make, phases


async def tab_to(page: Page, selector: str) -> None:
    """Moves the focus to the element by the tab key alone."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")


async def claimed_prize(site: Site, reader: int) -> tuple[int, int]:
    """A final campaign whose best winner has claimed the prize; the account may read the details."""
    campaign = await phases.announced(site.pool, site.keys)
    winner = (await phases.winners_of(site.pool, campaign.id))[0]
    await claim_prize(site.pool, site.keys, AccountId(winner["account_id"]), WinnerId(winner["id"]), phases.FORM)
    await phases.finish(site.pool, campaign.id)
    admin = await make.person(site.pool, role="admin")
    await grant_access(site.pool, campaign.id, reader, by=admin, days=1, reason="寄送")
    return campaign.id, winner["id"]


async def test_two_editors_announce_one_by_keyboard_and_one_without_script_on_a_phone(site: Site) -> None:
    campaign = await phases.settled(site.pool, site.keys)
    first, second = await site.person("钱编辑", roles=("editor",)), await site.person("孙编辑", roles=("editor",))
    winners, announce = (f"/console/campaigns/{campaign.id}/winners{rest}" for rest in ("", "/announce"))
    desk = await site.visit(first)
    page = await desk.open(winners)
    await tab_to(page, f'a[href="{announce}"]')
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{announce}")
    assert await axe_problems(page) == []
    await tab_to(page, f'form[action="{announce}"] button')
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#done")
    assert "须由另一位编辑核对并确认" in await page.inner_text("#done")
    # The same person again: the reason stands above the form, and has the focus.
    page = await desk.open(announce)
    desk.allowed.append("409")
    await page.click("#announce summary")
    await page.click(f'form[action="{announce}"] button')
    await page.wait_for_selector("[data-problem]:focus")
    await page.wait_for_selector("[data-problem]:focus :text('另一个人')")

    phone = await site.visit(second, viewport=PHONE, java_script_enabled=False, color_scheme="dark")
    page = await phone.open(announce)
    text = await page.inner_text("#announce")
    assert "钱编辑" in text
    assert "深圳盒子" in text
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.click(f'form[action="{announce}"] button')
    await expect(page.locator("#done")).to_contain_text("结果已公布")
    assert await site.pool.fetchval("SELECT announced_at IS NOT NULL FROM campaigns WHERE id = $1", campaign.id)


async def test_a_double_click_asks_once(site: Site) -> None:
    campaign = await phases.settled(site.pool, site.keys)
    visitor = await site.visit(await site.person("钱编辑", roles=("editor",)))
    page = await visitor.open(f"/console/campaigns/{campaign.id}/winners/announce")
    await page.dblclick("#announce form button")
    await page.wait_for_selector("#done")
    assert await site.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'announce_first'") == 1


async def test_revealed_details_are_gone_after_leaving_and_back_shows_nothing_after_signing_out(site: Site) -> None:
    person = await site.person("钱编辑", roles=("editor",))
    campaign_id, prize_id = await claimed_prize(site, person.account_id)
    path = f"/console/campaigns/{campaign_id}/winners/prizes/{prize_id}"
    visitor = await site.visit(person)
    page = await visitor.open(path)
    assert "红荔路2001号" not in await page.content()
    await page.click("#claim summary")
    await page.fill("#field-reason", "核对地址")
    await page.click(f'form[action="{path}/reveal"] button')
    await page.wait_for_selector("#revealed:focus")
    assert "红荔路2001号" in await page.inner_text("#revealed")
    assert await axe_problems(page) == []
    await page.goto(f"{site.url}/console/campaigns/{campaign_id}/winners")
    await page.go_back()
    assert "红荔路2001号" not in await page.content()
    # Signed out elsewhere: what the browser kept may not be shown.
    await visitor.open(path)
    await page.goto(f"{site.url}/console/campaigns/{campaign_id}/winners")
    await site.pool.execute("DELETE FROM web_sessions")
    await page.go_back()
    await page.wait_for_url("**/sign-in?back=**")
    assert "138****0100" not in await page.content()


async def test_a_claim_is_verified_in_place_and_shipped_by_keyboard(site: Site) -> None:
    person = await site.person("钱编辑", roles=("editor",))
    campaign_id, prize_id = await claimed_prize(site, person.account_id)
    visitor = await site.visit(person)
    page = await visitor.open(f"/console/campaigns/{campaign_id}/winners/prizes/{prize_id}")
    await page.focus("#verify")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#prize:focus")
    assert "已核验" in await page.inner_text("#prize")
    assert await page.inner_text("#announcer") == "已核验"
    page = await visitor.open(f"/console/campaigns/{campaign_id}/winners/shipments")
    await page.fill("#field-carrier", "顺丰")
    await page.fill(f'[name="tracking_no-{prize_id}"]', "SF1234567890")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#done")
    assert "SF1234567890" in await page.inner_text("#winners")


async def test_an_objection_is_answered_on_a_phone_and_nothing_typed_is_lost(site: Site) -> None:
    campaign = await phases.announced(site.pool, site.keys)
    author = await site.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", campaign.posts[-1])
    objection = await object_to_result(site.pool, campaign.id, by=AccountId(author), text="第一名刷赞", kind="winner")
    visitor = await site.visit(await site.person("钱编辑", roles=("editor",)), viewport=PHONE)
    page = await visitor.open(f"/console/campaigns/{campaign.id}/objections")
    await page.click(f"#objection-{objection} summary")
    await page.fill(f"#text-{objection}", "经核查属实。")
    await page.check(f'#objection-{objection} [value="replace"]')
    visitor.allowed.append("422")
    await page.click(f"#objection-{objection} button")
    await page.wait_for_selector(f"#objection-{objection} [data-problem]:focus")
    assert await page.input_value(f"#text-{objection}") == "经核查属实。"
    assert await axe_problems(page) == []
    await page.fill(f'#objection-{objection} [name="rank"]', "1")
    await page.click(f"#objection-{objection} button")
    await page.wait_for_selector("#done")
    assert "须替换第 1 名" in await page.inner_text(f"#objection-{objection}")


async def test_twelve_is_twelve_in_shanghai_wherever_the_browser_is(site: Site) -> None:
    post = await make.post(site.pool)
    abroad = await site.visit(await site.person("钱编辑", roles=("editor",)), timezone_id="America/New_York")
    page = await abroad.open(f"/console/hot/{post}")
    await page.check('[value="suppress"]')
    await page.fill("#field-reason", "广告")
    await page.fill("#field-until", "2099-06-01T12:00")
    await page.click("#act-on button.primary")
    await page.wait_for_selector("#done")
    here = await site.visit(await site.person("孙编辑", roles=("editor",)), timezone_id="Asia/Shanghai")
    for visitor in (abroad, here):
        page = await visitor.open("/console/hot")
        shown = page.locator("#standing time").first
        assert await shown.inner_text() == "2099年6月1日 12:00"
        assert await shown.get_attribute("datetime") == "2099-06-01T04:00:00Z"


async def test_who_is_no_editor_sees_the_error_page(site: Site) -> None:
    campaign = await phases.settled(site.pool, site.keys)
    visitor = await site.visit(await site.person("审核员", roles=("reviewer",)))
    visitor.allowed.append("403")
    for rest in ("winners", "winners/announce", "settlement", "fairness", "objections"):
        page = await visitor.open(f"/console/campaigns/{campaign.id}/{rest}")
        assert await page.locator("main.error-page").count() == 1, rest
        assert "读书月" not in await page.content()


async def test_pages_are_accessible_in_light_dark_and_forced_colours(site: Site) -> None:
    campaign = await phases.announced(site.pool, site.keys)
    drawn = await phases.listed(site.pool, site.keys, beacon_order=["public_number"])
    due = await phases.due(site.pool, site.keys)
    post = await make.post(site.pool)
    person = await site.person("钱编辑", roles=("editor", "admin"))
    base = f"/console/campaigns/{campaign.id}"
    paths = [
        f"{base}/settlement", f"{base}/settlement/sheet", f"{base}/settlement/undo", f"{base}/winners",
        f"{base}/winners/places/1/replace", f"{base}/winners/codes", f"{base}/winners/access", f"{base}/winners/export",
        f"{base}/fairness", f"/console/campaigns/{due.id}/settlement", f"/console/campaigns/{due.id}/settlement/settle",
        f"/console/campaigns/{drawn.id}/settlement", f"/console/campaigns/{drawn.id}/settlement/number",
        f"/console/campaigns/{drawn.id}/fairness", "/console/objections", "/console/hot", f"/console/hot/{post}",
        "/console/topics", "/console/editorial",
    ]  # fmt: skip
    looks = ({"color_scheme": "light"}, {"color_scheme": "dark", "viewport": PHONE}, {"forced_colors": "active"})
    found = []
    for look in looks:
        visitor = await site.visit(person, **look)
        for path in paths:
            page = await visitor.open(path)
            found += [f"{look} {path}: {each}" for each in await axe_problems(page)]
            wide = await page.evaluate("document.documentElement.scrollWidth")
            if wide > await page.evaluate("window.innerWidth"):
                found.append(f"{look} {path}: {wide} pixels wide")
    assert found == []


# Each form of these pages: its page, its action below the campaign or the site, what is typed, and where.
FORMS = (
    ("{due}/lock-marks", "{due}/lock-marks", None, ""),
    ("{due}/settlement/settle", "{due}/settlement/settle", "#field-reason", "评委请假"),
    ("{settled}/settlement/undo", "{settled}/settlement/undo", "#field-reason", "打分有误"),
    ("{drawn}/settlement/number", "{drawn}/settlement/number", "#field-value", "03 07 12"),
    ("{settled}/winners/announce", "{settled}/winners/announce", None, ""),
    ("{settled}/winners/codes", "{settled}/winners/codes", "#field-codes", "A-1"),
    ("{final}/winners/places/1/replace", "{final}/winners/places/1/replace", "#field-reason", "照片来自网络"),
    ("{final}/winners/access", "{final}/winners/access", "#field-user_id", "123"),
    ("{final}/winners/prizes/{prize}", "{final}/winners/prizes/{prize}/verify", None, ""),
    ("{final}/winners/prizes/{prize}", "{final}/winners/prizes/{prize}/reveal", "#claim #field-reason", "核对地址"),
    ("{final}/objections", "{final}/objections/{objection}/answer", "#text-{objection}", "经核查属实。"),
    ("/console/hot/{post}", "/console/hot/{post}", "#field-reason", "广告"),
    ("/console/topics/change?name=topic", "/console/topics/change", "#field-alias_of", "读书"),
)


async def test_every_form_says_what_went_wrong_and_keeps_what_was_typed(site: Site) -> None:
    code = {"name": "听书月卡", "kind": "code", "per_winner": 1, "value_cny": "30"}
    drawn = await phases.listed(site.pool, site.keys, beacon_order=["public_number"])
    settled = await phases.settled(site.pool, site.keys, prizes=[code])
    final = await phases.announced(site.pool, site.keys)
    winner = (await phases.winners_of(site.pool, final.id))[0]
    await claim_prize(site.pool, site.keys, AccountId(winner["account_id"]), WinnerId(winner["id"]), phases.FORM)
    author = AccountId(await site.pool.fetchval("SELECT author_id FROM posts WHERE id = $1", final.posts[-1]))
    objection = await object_to_result(site.pool, final.id, by=author, text="刷赞", kind="counts")
    due = await phases.due(site.pool, site.keys)
    await make.topic(site.pool, "topic")
    names = {
        **{name: f"/console/campaigns/{each.id}" for name, each in (
            ("drawn", drawn), ("settled", settled), ("final", final), ("due", due)
        )},
        "prize": winner["id"], "objection": objection, "post": await make.post(site.pool),
    }  # fmt: skip
    visitor = await site.visit(await site.person("钱编辑", roles=("editor", "admin")))
    visitor.allowed += ["Failed to load resource", "net::ERR"]
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    failures: list[str] = []
    for path, action, field, typed in FORMS:
        form = f'form[action="{action.format(**names)}"]'
        await visitor.open(path.format(**names))
        await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        # Only the handling of failures is under test.
        await page.eval_on_selector(form, "(form) => { form.noValidate = true; }")
        if field:
            await page.fill(field.format(**names), typed)
        for status in (403, 409, 422, 500, 0):

            async def fail(route: Route, _: object = None, status: int = status) -> None:
                if route.request.method != "POST":
                    await route.continue_()
                elif status == 0:
                    await route.abort()
                else:
                    await route.fulfill(status=status, content_type="text/html", body="<p>x</p>")

            await page.route("**/console/**", fail)
            await page.click(f"{form} button")
            try:
                await page.wait_for_selector("[data-problem]:focus p")
                kept = await page.input_value(field.format(**names)) if field else typed
                if kept != typed:
                    failures.append(f"{action} {status}: kept {kept!r}")
            except TimeoutError:
                failures.append(f"{action} {status}: says nothing")
            await page.unroute("**/console/**")
    assert failures == []
