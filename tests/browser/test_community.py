"""A citizen in 鹏友圈: reads, writes with a photo, likes, comments, replies, edits and deletes; on a phone and on a desktop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from playwright.async_api import FilePayload, Page, Route, expect

from feed.demo.pictures.camera import take_clip, take_photo
from feed.media.processing import Workshop, process_next_medium
from feed.posts.media import release_ready_posts
from feed.renditions.runner import Renderer
from feed.storage.grants import UploadGrants
from feed.storage.local import LocalStorage
from feed.worker.work_folders import work_folder
from tests.browser.conftest import Site
from tests.browser.support import DESKTOP, PHONE, Person, axe_problems, follow


def photo(scene: str = "sea", number: int = 1, name: str = "海边.jpg") -> FilePayload:
    """A photo as it is chosen in a form."""
    return {"name": name, "mimeType": "image/jpeg", "buffer": take_photo(scene, number)}


@asynccontextmanager
async def media_worker(site: Site, tmp_path: Path) -> AsyncIterator[None]:
    """Processes photos and videos as a worker does, meanwhile."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    storage = LocalStorage(tmp_path / "media", UploadGrants("http://x/media/uploads", b"k" * 32))
    async with Renderer(parallel=1) as renderer:
        workshop = Workshop(
            storage, renderer.render, partial(work_folder, folder), partial(release_ready_posts, site.pool)
        )

        async def work() -> None:
            while True:
                done = [await process_next_medium(site.pool, workshop, kind) for kind in ("image", "video")]
                if not any(done):
                    await asyncio.sleep(0.2)

        working = asyncio.create_task(work())
        yield
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def post_of(site: Site, person: Person, text: str = "在深圳湾读书 #爱读书的深圳人#") -> str:
    return str((await site.call(person, "POST", "/v1/posts", {"text": text}))["id"])


async def no_overflow(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


async def test_a_citizen_writes_with_photos_likes_comments_edits_and_deletes(site: Site, tmp_path: Path) -> None:
    zhen = await site.person("阿珍")
    visitor = await site.visit(zhen, viewport=PHONE)
    async with media_worker(site, tmp_path):
        page = await visitor.open("/write?topic=爱读书的深圳人")
        await no_overflow(page)
        await page.get_by_label("正文").press("End")
        await page.get_by_label("正文").type("海边坐了一下午")
        await page.set_input_files(
            "#file",
            [photo(), photo("tea", 2, "茶.jpg")],
        )
        await expect(page.locator(".item [name=media]")).to_have_count(2)
        assert "media=" in page.url
        await page.get_by_label("照片 2 的说明").fill("桌上的一杯茶")
        await page.locator(".item").nth(1).get_by_role("button", name="前移").click()
        assert await axe_problems(page) == []
        await page.reload()
        await expect(page.get_by_label("正文")).to_have_value("#爱读书的深圳人# 海边坐了一下午")
        await expect(page.get_by_label("照片 1 的说明")).to_have_value("桌上的一杯茶")
        await expect(page.locator(".item img")).to_have_count(2)
        await page.get_by_role("button", name="发布", exact=True).click()
        await page.wait_for_url("**/posts/*")
        await expect(page.locator(".photos img")).to_have_count(2)
        assert await page.locator(".photos img").first.get_attribute("alt") == "桌上的一杯茶"
        assert await page.evaluate("Object.keys(sessionStorage).filter((each) => each.startsWith('feed:draft'))") == []
    await no_overflow(page)

    await page.locator(".photos a").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".viewer figcaption")).to_contain_text("2 / 2")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await page.evaluate("document.activeElement.matches('.photos a')")
    await page.locator(".photos a").first.click()
    await page.go_back()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert "/posts/" in page.url

    await page.locator("[id^=like-]").first.click()
    await expect(page.locator("[id^=like-][aria-pressed=true]")).to_contain_text("1")
    await page.get_by_label("写评论").fill("自己先说一句")
    await page.get_by_role("button", name="发表").click()
    await expect(page.locator(".comment .text")).to_have_text("自己先说一句")
    await expect(page.locator("#announcer")).to_have_text("评论已发表")
    assert await page.evaluate("document.activeElement.id") == "comments-title"
    await expect(page.get_by_label("写评论")).to_have_value("")
    await page.get_by_role("link", name="回复").click()
    await expect(page.locator("#field-text")).to_be_focused()
    await page.keyboard.type("再回一句")
    await page.get_by_role("button", name="发表").click()
    await expect(page.locator(".replies .comment.target .text")).to_contain_text("再回一句")
    assert await page.evaluate("document.activeElement.classList.contains('target')")
    assert await axe_problems(page) == []

    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.locator(".replies .menu summary").click()
    await page.locator(".replies .menu").get_by_role("button", name="删除").click()
    await expect(page.locator(".replies .comment")).to_have_count(0)
    await expect(page.locator("#announcer")).to_have_text("评论已删除")

    await page.locator(".post .menu summary").click()
    await page.locator(".post .menu").get_by_role("link", name="修改", exact=True).click()
    await page.get_by_label("正文").fill("改了一个字 #爱读书的深圳人#")
    await page.locator(".item").nth(1).get_by_role("button", name="移除").click()
    await page.get_by_role("button", name="保存").click()
    await page.wait_for_url("**/posts/*")
    await expect(page.locator(".post > .text")).to_contain_text("改了一个字")
    await expect(page.locator(".photos img")).to_have_count(1)
    await page.locator(".post .menu summary").click()
    await page.locator(".post .menu").get_by_role("link", name="删除").click()
    await page.get_by_role("button", name="删除").click()
    await page.wait_for_url(f"**/users/{zhen.account_id}")
    await expect(page.get_by_text("还没有公开的动态")).to_be_visible()


async def test_without_script_a_citizen_posts_likes_and_comments(site: Site, tmp_path: Path) -> None:
    zhen = await site.person("阿珍")
    visitor = await site.visit(zhen, viewport=DESKTOP, java_script_enabled=False)
    page = await visitor.open("/write")
    await page.set_input_files("#file", photo())
    await page.get_by_role("button", name="上传").click()
    await expect(page.locator(".item")).to_have_count(1)
    await page.get_by_label("正文").fill("没有脚本也能发")
    await page.get_by_label("照片 1 的说明").fill("海")
    await page.get_by_role("button", name="发布", exact=True).click()
    await page.wait_for_url("**/posts/*")
    # The photo is processed while others do not see the post yet.
    await expect(page.locator(".review")).to_contain_text("照片或视频处理中")
    post_id = await post_of(site, await site.person("小明"))
    await visitor.open(f"/posts/{post_id}")
    await page.locator(f"#like-{post_id}").click()
    await expect(page.locator(f"#like-{post_id}")).to_have_attribute("aria-pressed", "true")
    await page.get_by_label("写评论").fill("没有脚本也能说")
    await page.get_by_role("button", name="发表").click()
    await expect(page.locator(".comment .text")).to_have_text("没有脚本也能说")
    await page.get_by_role("link", name="回复").click()
    await expect(page.locator(".replying")).to_contain_text("阿珍")
    await page.get_by_label("写评论").fill("还能回")
    await page.get_by_role("button", name="发表").click()
    await expect(page.locator(".replies .text")).to_contain_text("还能回")
    await page.locator(".thread > .comment .menu summary").click()
    await page.locator(".thread > .comment .menu").get_by_role("button", name="删除").click()
    await expect(page.locator(".text.gone")).to_have_text("评论已删除")


async def test_a_long_video_is_sent_in_parts_with_its_progress(site: Site, tmp_path: Path) -> None:
    visitor = await site.visit(await site.person("阿珍"))
    page = await visitor.open("/write")
    clip = tmp_path / "片.mp4"
    clip.write_bytes(take_clip(21 * 1024 * 1024))
    await page.set_input_files("#file", clip)
    await expect(page.locator(".item [name=media]")).to_have_count(1)
    stored = await site.pool.fetchrow("SELECT kind, byte_count, uploaded_at IS NOT NULL AS there FROM media")
    assert stored is not None
    assert (stored["kind"], stored["byte_count"], stored["there"]) == ("video", clip.stat().st_size, True)
    await expect(page.locator("#pick")).to_be_hidden()


async def test_a_photo_that_fails_says_which_and_is_replaced(site: Site) -> None:
    visitor = await site.visit(await site.person("阿珍"), viewport=PHONE)
    visitor.allowed += ["415", "ERR_FAILED"]
    page = await visitor.open("/write")
    await page.get_by_label("正文").fill("写了一半")
    await page.set_input_files("#file", {"name": "说明.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    await expect(page.locator(".item .error")).to_contain_text("说明.jpg")
    await page.get_by_role("button", name="发布", exact=True).click()
    await expect(page.locator("#write > [data-problem]")).to_contain_text("没有上传成功")
    async with page.expect_file_chooser() as chosen:
        await page.get_by_role("button", name="换一张").click()
    await page.route("**/write/photos*", lambda route: route.abort())
    await (await chosen.value).set_files(photo())
    await expect(page.locator(".item .error")).to_contain_text("网络不通")
    await page.unroute("**/write/photos*")
    await page.get_by_role("button", name="重试").click()
    await expect(page.locator(".item [name=media]")).to_have_count(1)
    await expect(page.get_by_label("正文")).to_have_value("写了一半")


async def test_pages_are_accessible_and_fit_in_both_schemes(site: Site) -> None:
    zhen, ming = await site.person("阿珍"), await site.person("小明")
    post_id = await post_of(site, zhen, "很长的一段话，" * 60 + "#爱读书的深圳人#")
    comment = (await site.call(ming, "POST", f"/v1/posts/{post_id}/comments", {"text": "好"}))["id"]
    await site.call(zhen, "POST", f"/v1/posts/{post_id}/comments", {"text": "谢谢", "reply_to_id": comment})
    paths = [
        *(
            "/",
            "/hot",
            "/videos",
            "/topics",
            "/topics/爱读书的深圳人",
            f"/users/{zhen.account_id}",
            f"/posts/{post_id}",
        ),
        f"/posts/{post_id}?comment_id={comment}",
    ]
    own = [*paths, "/write", f"/posts/{post_id}/edit", f"/posts/{post_id}/delete", f"/posts/{post_id}/revisions"]
    for person, opened, scheme, viewport in (
        (None, paths, "light", PHONE),
        (zhen, own, "dark", PHONE),
        (zhen, own, "light", DESKTOP),
    ):
        visitor = await site.visit(person, color_scheme=scheme, viewport=viewport)
        for path in opened:
            page = await visitor.open(path)
            await no_overflow(page)
            assert await axe_problems(page) == [], (path, scheme)


async def test_back_and_forward_show_whole_pages_that_match_their_addresses(site: Site) -> None:
    zhen, ming = await site.person("阿珍"), await site.person("小明")
    post_id = await post_of(site, zhen)
    visitor = await site.visit(ming)
    page = await visitor.open("/")
    await page.locator(f"#like-{post_id}").click()
    await page.wait_for_selector(f"#like-{post_id}[aria-pressed=true]")
    steps = [page.url]
    for link in (
        f"#post-{post_id} .byline .meta a",
        "text=#爱读书的深圳人#",
        "nav.sorts >> text=热门",
        "nav.tabs >> text=视频",
        "nav.tabs >> text=热门",
    ):
        await follow(page, page.locator(link).first.click())
        if "/posts/" in page.url and "comments" not in page.url:
            await page.get_by_label("写评论").fill("来了")
            await page.get_by_role("button", name="发表").click()
            await page.wait_for_url("**sort=newest*")
        steps.append(page.url)
    assert len(set(steps)) == 6
    for move, order in ((page.go_back, steps[-2::-1]), (page.go_forward, steps[1:])):
        for address in order:
            await move()
            assert page.url.partition("#")[0] == address.partition("#")[0]
            await expect(page.locator("header.top")).to_be_visible()
            await expect(page.locator("main")).to_be_visible()
    await page.go_back()
    await page.reload()
    assert page.url == steps[-2]
    await expect(page.locator("header.top")).to_be_visible()


async def test_a_link_lands_on_its_comment_in_a_thread_of_three_thousand(site: Site) -> None:
    zhen = await site.person("阿珍")
    post_id = await post_of(site, zhen)
    root = (await site.call(zhen, "POST", f"/v1/posts/{post_id}/comments", {"text": "根"}))["id"]
    last = (await site.call(zhen, "POST", f"/v1/posts/{post_id}/comments", {"text": "最后", "reply_to_id": root}))["id"]
    await site.pool.execute(
        """
        INSERT INTO comments (post_id, author_id, text, state, created_at, root_id, reply_to_id)
        SELECT $1, $2, repeat('很多人说话 ', 20), 'published', now() - n * interval '1 second',
               CASE WHEN n % 2 = 0 THEN $3::bigint END, CASE WHEN n % 2 = 0 THEN $3::bigint END
        FROM generate_series(1, 3000) AS n
        """,
        int(post_id),
        zhen.account_id,
        int(root),
    )
    await site.pool.execute("UPDATE comments SET reply_count = 1501 WHERE id = $1", int(root))
    visitor = await site.visit(await site.person("小明"), viewport=PHONE)
    session = await visitor.context.new_cdp_session(visitor.page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page = await visitor.open(f"/posts/{post_id}")
    assert await page.evaluate("document.querySelectorAll('*').length") < 3000
    size = await page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    assert size < 200_000
    await page.get_by_label("写评论").type("还能打字")
    await expect(page.get_by_label("写评论")).to_have_value("还能打字")
    page = await visitor.open(f"/posts/{post_id}?comment_id={last}")
    await expect(page.locator(f"#comment-{last}")).to_be_in_viewport()
    assert await page.evaluate("document.activeElement.id") == f"comment-{last}"
    assert await page.evaluate("document.querySelectorAll('*').length") < 1500
    plain = await site.visit(viewport=PHONE, java_script_enabled=False)
    await plain.open(f"/posts/{post_id}?comment_id={last}")
    await expect(plain.page.locator(f"#comment-{last}")).to_be_in_viewport()


async def test_enter_that_confirms_a_word_sends_nothing(site: Site) -> None:
    post_id = await post_of(site, await site.person("阿珍"))
    visitor = await site.visit(await site.person("小明"))
    page = await visitor.open(f"/posts/{post_id}")
    field = page.get_by_label("写评论")
    await field.fill("半句话")
    press = """(each, init) => {
        each.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, key: "Enter", ctrlKey: true, ...init }));
        each.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true, key: "Enter" }));
    }"""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await field.evaluate(press, {"isComposing": True})
    await field.evaluate(press, {"keyCode": 229})
    await field.press("Enter")
    assert sent == []
    await field.fill("整句话")
    await field.evaluate(press, {})
    await expect(page.locator(".comment .text")).to_have_text("整句话")
    assert len(sent) == 1


# Every control of these pages that changes something: where it is, how it is used, and what it sends.
CONTROLS = {
    "like of a card": ("/", "#like-{post}", "**/like"),
    "like of a post": ("/posts/{post}", "#like-{post}", "**/like"),
    "comment": ("/posts/{post}", "#send-comment", "**/comments"),
    "like of a comment": ("/posts/{post}", "#like-comment-{comment}", "**/like"),
    "hide": ("/posts/{post}", "#hide-{comment}", "**/hide"),
    "put first": ("/posts/{post}", "#feature-{comment}", "**/feature"),
    "delete of a comment": ("/posts/{post}", "#delete-comment-{own}", "**/delete"),
    "edit of a comment": ("/comments/{own}/edit", "button.primary", "**/edit"),
    "delete of a post": ("/posts/{post}/delete", "#delete", "**/delete"),
    "publish": ("/write", "#publish", "**/write"),
    "edit of a post": ("/posts/{post}/edit", "#publish", "**/edit"),
    "mute": ("/users/{other}", "#mute", "**/mute"),
    "block": ("/users/{other}", "#block", "**/block"),
}


def failing(status: int | None) -> Callable[[Route], Awaitable[None]]:
    """What answers a form with the status and no words of ours; None: not at all."""

    async def answer(route: Route) -> None:
        if status is None:
            await route.abort("timedout")
        else:
            await route.fulfill(status=status, body="")

    return answer


async def test_every_control_that_fails_says_so_and_keeps_what_was_typed(site: Site) -> None:
    zhen, ming = await site.person("阿珍"), await site.person("小明")
    post = await post_of(site, zhen)
    comment = (await site.call(ming, "POST", f"/v1/posts/{post}/comments", {"text": "好"}))["id"]
    own = (await site.call(zhen, "POST", f"/v1/posts/{post}/comments", {"text": "谢谢"}))["id"]
    ids = {"post": post, "comment": comment, "own": own, "other": ming.account_id}
    visitor = await site.visit(zhen)
    visitor.allowed += ["403", "409", "422", "500", "ERR_"]
    page = visitor.page
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    for name, (path, control, pattern) in CONTROLS.items():
        await visitor.open(path.format(**ids))
        field = page.locator("#field-text")
        typed = await field.count() == 1
        if typed:
            await field.fill("写了很久的话")
        for status in (403, 409, 422, 500, None):
            await page.route(pattern, failing(status))
            button = page.locator(control.format(**ids))
            menu = page.locator("details.menu", has=button)
            if await menu.count() and await menu.get_attribute("open") is None:
                await menu.locator("summary").click()
            await button.click()
            problem = page.locator("[data-problem]:not([hidden])")
            try:
                await expect(problem).to_have_count(1)
                await expect(problem).to_be_in_viewport()
                await expect(problem).to_contain_text("网络不通" if status is None else f"没有成功（{status}）")
            except AssertionError as error:
                raise AssertionError(f"{name} {status}: {error}") from None
            assert await problem.get_attribute("role") == "alert", name
            assert len(await problem.inner_text()) < 60, name
            if typed:
                await expect(field).to_have_value("写了很久的话")
            await page.unroute(pattern)
            await page.evaluate(
                "document.querySelectorAll('[data-problem]').forEach((each) => { each.hidden = true; })"
            )
