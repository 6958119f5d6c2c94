"""An admin's work in the browser: the state of the site, what was given up, and roles."""

from playwright.async_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.support import PHONE, axe_problems, follow

_MARKUP = "<script>x</script>"


async def _reach(page: Page, selector: str) -> None:
    """Moves the focus by the keyboard until an element has it."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} has no place in the order of the focus")


async def _job(site: Site) -> int:
    job_id: int = await site.pool.fetchval(
        """
        INSERT INTO jobs.pgqueuer (entrypoint, payload, priority, execute_after, status, attempts)
        VALUES ($1, '7', 0, now() + interval '1 hour', 'failed', 8) RETURNING id
        """,
        _MARKUP,
    )
    return job_id


async def test_an_admin_finds_a_dead_job_and_retries_it_by_keyboard(site: Site) -> None:
    job_id = await _job(site)
    admin = await site.person("阿明", roles=("admin",))
    visitor = await site.visit(admin)
    page = await visitor.open("/console/audit")
    await _reach(page, 'a[href="/console/status"]')
    await follow(page, page.keyboard.press("Enter"))
    await expect(page.locator("h1")).to_have_text("运行状态")
    assert await axe_problems(page) == []
    await _reach(page, 'a[href="/console/status/jobs?state=dead"]')
    await follow(page, page.keyboard.press("Enter"))
    await expect(page.locator(f"#item-{job_id}")).to_contain_text(_MARKUP)
    assert await axe_problems(page) == []
    await _reach(page, f"#item-{job_id} button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("已重新安排")
    await expect(page.locator("#done")).to_be_focused()
    assert await site.pool.fetchval("SELECT status::text FROM jobs.pgqueuer WHERE id = $1", job_id) == "queued"


async def test_roles_are_granted_and_revoked_on_a_dark_phone_with_and_without_script(site: Site) -> None:
    admin, other = await site.person("阿明", roles=("admin",)), await site.person(_MARKUP)
    for script in (True, False):
        visitor = await site.visit(admin, viewport=PHONE, color_scheme="dark", java_script_enabled=script)
        page = await visitor.open("/console/staff")
        await page.fill("#field-user_id", str(other.account_id))
        await page.check("#role-editor")
        await page.click('form[action="/console/staff"] button.primary')
        member = page.locator(f"#user-{other.account_id}")
        await expect(member).to_contain_text(_MARKUP)
        await expect(member).to_contain_text("编辑")
        if script:
            assert await axe_problems(page) == []
            page.once("dialog", lambda dialog: dialog.accept())
        await member.locator("summary").click()
        await member.locator("input[value=editor]").uncheck()
        await member.locator("form button").click()
        await expect(page.locator(f"#user-{other.account_id}")).to_have_count(0)
        for path in ("/console/status", "/console/status/pushes", "/console/status/jobs", "/console/staff"):
            await visitor.open(path)
            if script:
                assert await axe_problems(page) == [], path
                assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


async def test_an_editor_is_told_that_the_state_of_the_site_is_for_admins(site: Site) -> None:
    visitor = await site.visit(await site.person("阿编", roles=("editor",)))
    visitor.allowed.append("403")
    page = await visitor.open("/console/status")
    await expect(page.locator("h1")).to_be_visible()
    assert await page.locator("#checks").count() == 0
