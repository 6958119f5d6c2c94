"""The first page: readable without script, liked without leaving it, light enough for a phone."""

from tests.browser.conftest import Site
from tests.browser.support import PHONE, axe_problems


async def test_a_like_counts_without_leaving_the_page(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    post = await site.call(author, "POST", "/v1/posts", {"text": "在深圳湾读书 #爱读书的深圳人#"})
    visitor = await site.visit(reader, viewport=PHONE)
    page = await visitor.open("/")
    button = page.locator(f"#like-{post['id']}")
    await button.click()
    await page.wait_for_selector(f"#like-{post['id']}[aria-pressed=true]")
    assert (await site.call(reader, "GET", f"/v1/posts/{post['id']}"))["liked_by_me"] is True
    assert page.url == f"{site.url}/"
    assert await axe_problems(page) == []


async def test_a_like_counts_without_script(site: Site) -> None:
    author, reader = await site.person("阿珍"), await site.person("小明")
    post = await site.call(author, "POST", "/v1/posts", {"text": "没有脚本也能点赞"})
    visitor = await site.visit(reader, java_script_enabled=False)
    page = await visitor.open("/")
    await page.locator(f"#like-{post['id']}").click()
    assert (await site.call(reader, "GET", f"/v1/posts/{post['id']}"))["liked_by_me"] is True
