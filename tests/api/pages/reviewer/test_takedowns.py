"""Takedowns by a pasted link or from a case, on the page of takedowns."""

import re
from html import unescape
from urllib.parse import quote

import httpx

from feed.api.state import AppState
from tests.api.pages.reviewer.browsing import browser_of, field
from tests.support import make_media
from tests.support.api import Join
from tests.support.reporting import publish, say

TAKEDOWNS = "/console/takedowns"


async def test_what_a_pasted_link_leads_to_is_shown_taken_down_and_lifted(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "要处置的一条")
    browser = await browser_of(app_state, reviewer)
    text = quote(f"看看这个 http://127.0.0.1:8080/p/{post_id}?from=wechat ，太过分了")
    page = await browser.open(f"{TAKEDOWNS}?link={text}")
    assert "要处置的一条" in page.text
    fields = {name: field(page, name, within=TAKEDOWNS) for name in ("form_token", "kind", "id")}
    page = await browser.send(TAKEDOWNS, fields)
    assert page.status_code == 422
    assert "要处置的一条" in page.text
    page = await browser.send(TAKEDOWNS, fields, reason_code="spam")
    assert "已处置" in page.text
    assert (await join("小明")("GET", f"/posts/{post_id}")).status_code == 404
    page = await browser.send(f"{TAKEDOWNS}/lift", kind="post", id=post_id, reason_code="checked")
    assert page.url.params["state"] == "lifted"
    assert "已解除，内容恢复显示" in page.text
    assert (await join("小明")("GET", f"/posts/{post_id}")).status_code == 200


async def test_a_link_to_a_comment_shows_the_comment(app_state: AppState, join: Join) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    post_id = await publish(author, "一条动态")
    comment_id = await say(join("小明"), post_id, "要处置的评论")
    browser = await browser_of(app_state, reviewer)
    page = await browser.open(f"{TAKEDOWNS}?link=http://127.0.0.1:8080/posts/{post_id}?comment_id={comment_id}")
    assert "要处置的评论" in page.text
    assert field(page, "kind", within=TAKEDOWNS) == "comment"


async def test_a_link_that_leads_nowhere_is_said(app_state: AppState, join: Join) -> None:
    browser = await browser_of(app_state, join("阿雅", roles=("reviewer",)))
    for link in (
        "https://example.com/p/1",
        "<script>alert(1)</script>",
        "x" * 3000,
    ):
        page = await browser.open(f"{TAKEDOWNS}?link={quote(link)}")
        assert page.status_code == 200, link
        assert "这不是本站内容的链接" in page.text, link
    for query in ("kind=post&id=0", "kind=nothing&id=1", "kind=user&id=x", "cursor=x", "kind=image_hash&id=<b>"):
        assert (await browser.open(f"{TAKEDOWNS}?{query}")).status_code < 500, query
    assert (await browser.send(TAKEDOWNS, kind="x", id="1", reason_code="spam")).status_code == 422
    assert (await browser.send(f"{TAKEDOWNS}/lift", kind="post", id="1")).status_code == 404


async def test_the_link_of_a_campaign_names_who_cancels_it(app_state: AppState, join: Join) -> None:
    for name, roles, leads in (("阿雅", ("reviewer",), False), ("钱编辑", ("editor",), True)):
        browser = await browser_of(app_state, join(name, roles=roles))
        page = await browser.open(f"{TAKEDOWNS}?link=http://127.0.0.1:8080/campaigns/17")
        assert "这是活动的链接" in page.text
        assert "这不是本站内容的链接" not in page.text
        assert ('href="/console/campaigns/17/cancel"' in page.text) == leads


async def test_a_picture_is_taken_down_where_it_is_seen_and_the_way_back_leads_there(
    app_state: AppState, join: Join
) -> None:
    author, reviewer = join("阿珍"), join("阿雅", roles=("reviewer",))
    author_id = int((await author("GET", "/me")).json()["id"])
    async with app_state.pool.acquire() as conn:
        media_ids = [
            await make_media.medium(conn, author_id, alt=alt, sha256=alt.encode().ljust(32))
            for alt in ("一只猫", "一条狗")
        ]
    made = await author("POST", "/posts", {"text": "两张图", "media_ids": [str(each) for each in media_ids]})
    post_id = made.json()["id"]
    browser = await browser_of(app_state, reviewer)
    case = await browser.send("/console/queue/lease")
    batch = await browser.open("/console/queue/batches")
    pasted = await browser.open(f"{TAKEDOWNS}?kind=post&id={post_id}")
    for place in (case, batch, pasted):
        assert len(pictures(place)) == 2, place.url
    preview = await browser.open(pictures(case)[1])
    assert "一条狗" in preview.text
    assert "一只猫" not in preview.text
    assert 'class="veiled"' in preview.text
    action = re.search(r'<form method="post" action="([^"]*case=[^"]*)"', preview.text)
    assert action is not None
    fields = {name: field(preview, name, within=TAKEDOWNS) for name in ("form_token", "kind", "id")}
    refused = await browser.send(action[1], fields)
    assert refused.status_code == 422
    assert "一条狗" in refused.text
    done = await browser.send(action[1], fields, reason_code="spam")
    assert f'<a href="/console/queue/work?at={done.url.params["case"]}">' in done.text
    assert (await reviewer("GET", "/moderation/takedowns")).json()["items"][0]["target"] == {
        "kind": "image_hash",
        "id": f"media:{media_ids[1]}",
    }


def pictures(page: httpx.Response) -> list[str]:
    """Where the pictures of a page lead to."""
    return [unescape(each) for each in re.findall(r'href="(/console/takedowns\?kind=image_hash[^"]*)"', page.text)]
