"""The page of the API's document: its tags in Chinese, its locks on what needs a token, on a phone and in the dark."""

from playwright.async_api import expect

from tests.browser.conftest import Site
from tests.browser.support import PHONE

_LOCKS = """() => Object.fromEntries([...document.querySelectorAll(".opblock")].map((each) => {
  const path = each.querySelector(".opblock-summary-path").dataset.path;
  const lock = each.querySelector(".authorization__btn");
  return [each.querySelector(".opblock-summary-method").textContent + " " + path,
    lock ? (lock.classList.contains("locked") ? "closed" : "open") : "none"];
}))"""


async def test_a_lock_stands_at_what_needs_a_token_and_closes_with_one(site: Site) -> None:
    reader = await site.person("小明")
    visitor = await site.visit(viewport=PHONE, color_scheme="dark")
    page = await visitor.open("/docs")
    await page.wait_for_selector(".opblock-tag[data-tag='动态 Posts']")
    tags = await page.locator(".opblock-tag").evaluate_all("all => all.map((each) => each.dataset.tag)")
    assert "动态 Posts" in tags
    assert all(any("\u4e00" <= character <= "\u9fff" for character in tag) for tag in tags)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for tag in ("动态 Posts", "登录 Signing in"):
        section = page.locator(".opblock-tag-section", has=page.locator(f".opblock-tag[data-tag='{tag}']"))
        await section.locator(".opblock-tag").click()
        await section.locator(".opblock-summary-path").first.wait_for()
    locks = await page.evaluate(_LOCKS)
    assert locks["GET /v1/posts/{post_id}"] == "none"
    assert locks["POST /v1/auth/tokens"] == "none"
    assert locks["POST /v1/posts"] == "open"
    await page.locator(".btn.authorize").click()
    await page.locator("section input[type=text], .auth-container input").first.fill(reader.token)
    await page.locator(".auth-btn-wrapper .authorize").first.click()
    await page.locator(".auth-btn-wrapper .btn-done").first.click()
    await expect(page.locator(".opblock .authorization__btn.locked").first).to_be_visible()
    locks = await page.evaluate(_LOCKS)
    assert locks["POST /v1/posts"] == "closed"
    assert locks["GET /v1/posts/{post_id}"] == "none"
    await page.goto(f"{site.url}/docs?lang=en")
    await page.wait_for_selector(".opblock-tag[data-tag='Posts']")
    assert await page.locator("[data-lang=en]").is_visible()
    assert not await page.locator("[data-lang=zh]").is_visible()
