"""Signing in and out in a browser, what a lost session does to what was typed, and the pages of a user."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.support import DESKTOP, PHONE, Person, axe_problems
from tests.support.pages import read_newest_code

NUMBER = "13711110001"


async def enter_phone(page: Page, number: str = NUMBER) -> None:
    await page.get_by_label("手机号").fill(number)
    await page.get_by_role("button", name="获取验证码").click()


async def enter_code(site: Site, page: Page) -> None:
    field = page.get_by_label("验证码")
    # Whether the window of a headless browser has the focus depends on its other pages.
    await expect(field).to_have_attribute("autofocus", "")
    await field.fill(await read_newest_code(site.pool, site.keys))
    await page.get_by_role("button", name="登录", exact=True).click()


async def end_sessions(site: Site) -> None:
    await site.pool.execute("UPDATE sign_ins SET ended_at = now()")
    for visitor in site.visitors:
        # What a page fetches by itself is refused from now on.
        visitor.allowed.append("401")


async def with_phone(site: Site, number: str = NUMBER) -> Person:
    """A user who has signed in by this phone before."""
    await site.api.post("/v1/auth/codes", json={"phone": number})
    code = await read_newest_code(site.pool, site.keys)
    answer = (await site.api.post("/v1/auth/tokens", json={"phone": number, "code": code})).raise_for_status().json()
    await site.pool.execute("UPDATE sign_in_codes SET created_at = created_at - interval '3 hours'")
    return Person(int(answer["user"]["id"]), answer["access_token"])


async def test_a_citizen_signs_in_on_a_phone_and_out_again_and_back_reveals_nothing(site: Site) -> None:
    visitor = await site.visit(viewport=PHONE)
    page = await visitor.open("/me")
    assert "/sign-in?back=/me" in page.url
    await expect(page.get_by_label("手机号")).to_have_attribute("autofocus", "")
    assert await axe_problems(page) == []
    await enter_phone(page)
    await enter_code(site, page)
    await page.wait_for_url(f"{site.url}/me")
    name = await page.locator("#profile h1").inner_text()
    assert name.startswith("读者")
    await page.goto(f"{site.url}/")
    await page.goto(f"{site.url}/me/settings")
    await page.get_by_role("button", name="退出登录").click()
    await page.wait_for_url(f"{site.url}/")
    assert name not in await page.content()
    for _ in range(3):
        await page.go_back()
        await page.wait_for_load_state("networkidle")
        await expect(page.locator("html")).not_to_contain_text(name)
    visitor.allowed += ["net::ERR_ABORTED", "401"]


async def test_back_reveals_nothing_after_another_tab_has_signed_out(site: Site) -> None:
    person = await site.person("阿珍")
    visitor = await site.visit(person)
    page = await visitor.open("/")
    await page.goto(f"{site.url}/inbox")
    other = await visitor.context.new_page()
    await other.goto(f"{site.url}/me/sessions")
    await other.get_by_role("button", name="退出这个浏览器").click()
    await other.wait_for_url(f"{site.url}/")
    await page.go_back()
    await expect(page.locator("html")).not_to_contain_text("阿珍")


async def test_a_challenge_is_solved_in_the_browser(site: Site) -> None:
    await with_phone(site)
    await with_phone(site)
    visitor = await site.visit(viewport=PHONE)
    page = await visitor.open("/sign-in?back=/me/phone")
    await enter_phone(page)
    await expect(page.get_by_label("验证码")).to_be_visible()
    await enter_code(site, page)
    await page.wait_for_url(f"{site.url}/me/phone")
    await expect(page.get_by_text("已验证")).to_be_visible()


async def test_a_lost_session_leads_to_the_sign_in_and_the_text_comes_back(site: Site) -> None:
    person = await with_phone(site)
    post = await site.call(person, "POST", "/v1/posts", {"text": "说说你在读的书"})
    visitor = await site.visit(person, viewport=PHONE)
    page = await visitor.open(f"/posts/{post['id']}")
    text = "很长的一段读后感，写了二十分钟。" * 8
    await page.locator("#field-text").fill(text)
    await end_sessions(site)
    await page.locator("form.say button.primary, form.say button[type=submit], form.say button").last.click()
    # The whole page is the sign-in: nothing of it is put into the part that the form replaces.
    await page.wait_for_url(re.compile(r"/sign-in\?back=/posts/"))
    assert await page.locator("#comments").count() == 0
    await expect(page.get_by_text("你刚才写的内容还在")).to_be_visible()
    await enter_phone(page)
    await enter_code(site, page)
    await page.wait_for_url(re.compile(rf"/posts/{post['id']}"))
    await expect(page.locator("#field-text")).to_have_value(text)
    await page.locator("form.say button").last.click()
    await expect(page.locator("#comments")).to_contain_text("很长的一段读后感")
    assert await site.pool.fetchval("SELECT count(*) FROM comments") == 1


async def test_a_lost_session_keeps_the_text_without_script(site: Site) -> None:
    person = await with_phone(site)
    post = await site.call(person, "POST", "/v1/posts", {"text": "说说你在读的书"})
    visitor = await site.visit(person, java_script_enabled=False)
    page = await visitor.open(f"/posts/{post['id']}")
    text = "第一行\n<b>第二行</b> & “引号”"
    await page.locator("#field-text").fill(text)
    await end_sessions(site)
    await page.locator("form.say button").last.click()
    await expect(page.get_by_text("你刚才写的内容还在")).to_be_visible()
    await enter_phone(page)
    await page.get_by_label("验证码").fill(await read_newest_code(site.pool, site.keys))
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.locator("textarea[name=text]")).to_have_value(text)
    await page.get_by_role("button", name="发送").click()
    await page.wait_for_url(re.compile(rf"/posts/{post['id']}"))
    await expect(page.locator("#comments")).to_contain_text("第二行")
    assert await site.pool.fetchval("SELECT text FROM comments") == text


async def test_the_text_of_a_lost_session_is_never_shown_to_another_user(site: Site) -> None:
    person = await with_phone(site)
    post = await site.call(person, "POST", "/v1/posts", {"text": "说说你在读的书"})
    visitor = await site.visit(person)
    page = await visitor.open(f"/posts/{post['id']}")
    await page.locator("#field-text").fill("只给我自己看的话")
    await end_sessions(site)
    await page.locator("form.say button").last.click()
    await page.wait_for_url(re.compile(r"/sign-in\?back="))
    await enter_phone(page, "13711110002")
    await enter_code(site, page)
    await page.wait_for_url(re.compile(rf"/posts/{post['id']}"))
    await expect(page.locator("#field-text")).to_have_value("")
    assert "只给我自己看的话" not in await page.content()


async def test_the_app_opens_a_page_that_is_signed_in(site: Site, tmp_path: Path) -> None:
    person = await site.person("阿珍")
    url = (await site.call(person, "POST", "/v1/auth/web-tickets", {"path": "/me/settings"}))["url"]
    visitor = await site.visit(viewport=PHONE)
    page = visitor.page
    await page.goto(url)
    await page.wait_for_url(f"{site.url}/me/settings")
    await expect(page.get_by_role("link", name="阿珍")).to_be_visible()
    # The address is of no use any more, also not from the history.
    visitor.allowed.append("410")
    await page.goto(url)
    await expect(page.get_by_text("链接已失效")).to_be_visible()
    still = await site.visit(java_script_enabled=False)
    url = (await site.call(person, "POST", "/v1/auth/web-tickets", {"path": "/inbox"}))["url"]
    await still.page.goto(url)
    await still.page.get_by_role("button", name="继续").click()
    await still.page.wait_for_url(f"{site.url}/inbox")
    ticket = url.rpartition("=")[2].encode()
    assert [each for each in tmp_path.rglob("*") if each.is_file() and ticket in each.read_bytes()] == []


OWN = ("/me", "/me/avatar", "/me/settings", "/me/blocks", "/me/phone", "/me/sessions", "/me/reports", "/me/decisions",
       "/me/export", "/me/delete", "/inbox")  # fmt: skip


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")])
async def test_own_pages_are_usable_by_everybody(site: Site, viewport: dict[str, int], scheme: str) -> None:
    person, other = await site.person('<img src="x" onerror="alert(1)">'[:20]), await site.person("小红")
    post = await site.call(other, "POST", "/v1/posts", {"text": "大家好"})
    await site.call(person, "POST", "/v1/posts", {"text": "我的一条"})
    await site.call(
        person, "POST", "/v1/reports", {"target": {"kind": "post", "id": post["id"]}, "reason_code": "spam"}
    )
    await site.call(person, "PUT", f"/v1/users/{other.account_id}/mute")
    visitor = await site.visit(person, viewport=viewport, color_scheme=scheme)
    for path in (*OWN, f"/report?kind=user&id={other.account_id}", "/sign-in"):
        page = await visitor.open(path)
        assert await axe_problems(page) == [], path
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, path
        small = await page.evaluate(
            """[...document.querySelectorAll("main button, main a.button, main select, main input:not([type=hidden])")]
               .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 34
                 && !["checkbox", "radio"].includes(each.type)).map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert small == [], path


async def test_settings_change_without_leaving_the_page(site: Site) -> None:
    visitor = await site.visit(await site.person("阿珍"), viewport=PHONE)
    page = await visitor.open("/me/settings")
    await page.get_by_role("button", name="开启防护").click()
    await expect(page.get_by_text("已开启", exact=True)).to_be_visible()
    await expect(page.locator("#announcer")).to_have_text("防护已开启")
    await page.get_by_role("button", name="关闭防护").click()
    await expect(page.get_by_role("button", name="开启防护")).to_be_visible()
    await page.get_by_label("有人赞了我的动态").uncheck()
    await page.get_by_role("button", name="保存设置").click()
    await expect(page.get_by_text("已保存")).to_be_visible()
