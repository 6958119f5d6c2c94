"""Lists of posts, topics and people on pages: what each of them shows, to whom, and to the end."""

import re

import httpx
import pytest

from feed.api.state import AppState
from tests.api.pages.community.conftest import Visit
from tests.support import make_media
from tests.support.api import Join
from tests.support.pages import BrowserClient

CARDS = re.compile(r'<article class="card post" id="post-(\d+)"')


def cards(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return CARDS.findall(page.text)


async def test_a_list_leads_to_its_end_by_links(browser: BrowserClient, join: Join) -> None:
    author = join("阿珍")
    made = [(await author("POST", "/posts", {"text": f"第{n}条 #读书#"})).json()["id"] for n in range(45)]
    for path in ("/", "/hot", "/topics/读书", "/topics/读书?sort=hot"):
        seen: list[str] = []
        href: str | None = path
        while href is not None:
            page = await browser.get(href)
            seen += cards(page)
            found = re.search(r'rel="next" href="([^"]+)"', page.text)
            href = found[1].replace("&amp;", "&") if found else None
        assert sorted(seen) == sorted(made), path
        assert len(seen) == len(set(seen))


async def test_a_ranking_that_is_gone_begins_again_with_a_notice(
    browser: BrowserClient, join: Join, app_state: AppState
) -> None:
    author = join("阿珍")
    for n in range(25):
        await author("POST", "/posts", {"text": f"第{n}条 #读书#"})
    page = await browser.get("/topics/读书?sort=hot")
    href = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert href is not None
    assert "从第一页开始" not in page.text
    await app_state.redis.flushdb()
    again = await browser.get(href[1].replace("&amp;", "&"))
    assert "从第一页开始" in again.text
    assert cards(again) == cards(page)


@pytest.mark.parametrize("name", ["AC/DC", "C＆A", "a?b&c=d", "百分号%2F", "<script>", "空 格"])
async def test_the_page_of_a_topic_is_found_by_its_link(browser: BrowserClient, join: Join, name: str) -> None:
    made = (await join("阿珍")("POST", "/posts", {"text": f"#{name}# 好"})).json()
    page = await browser.get("/")
    href = re.search(r'<a href="(/topics/[^"]+)"', page.text)
    assert made["topics"]
    assert href is not None
    topic = await browser.get(href[1])
    assert cards(topic) == [made["id"]]
    assert "<script>" not in topic.text.replace('<script type="module"', "")


async def test_a_topic_says_which_campaign_it_is_of_and_where_to_take_part(browser: BrowserClient, join: Join) -> None:
    await join("阿珍")("POST", "/posts", {"text": "在看书 #读书#"})
    page = await browser.get("/topics/读书")
    assert "/write?topic=%E8%AF%BB%E4%B9%A6" in page.text
    assert (await browser.get("/topics/没有")).status_code == 404


async def test_topics_are_searched_by_how_they_begin(browser: BrowserClient, join: Join) -> None:
    await join("阿珍")("POST", "/posts", {"text": "#读书# #读书会# #深圳#"})
    assert re.findall(r'class="name">#(\w+)#', (await browser.get("/topics?q=读书")).text) == ["读书", "读书会"]
    assert "没有以“游泳”开头的话题" in (await browser.get("/topics?q=游泳")).text
    refused = await browser.get("/topics", params={"q": "长" * 41})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


async def test_a_person_is_muted_and_blocked_by_plain_forms(join: Join, visit: Visit) -> None:
    ming, hong = join("小明"), join("小红")
    await hong("POST", "/posts", {"text": "小红说"})
    hong_id = (await hong("GET", "/me")).json()["id"]
    browser = await visit(ming)
    page = await browser.get(f"/users/{hong_id}")
    for change, words in (("mute", "取消静音"), ("unmute", "静音"), ("block", "取消屏蔽"), ("unblock", "屏蔽")):
        fields = {"session_token": re.search(r'name="session_token" value="([^"]+)"', page.text)[1], "back": "/hot"}  # type: ignore[index]
        answer = await browser.post(f"/users/{hong_id}/{change}", fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/hot")
        page = await browser.get(f"/users/{hong_id}")
        assert f">{words}</button>" in page.text
    own = (await ming("GET", "/me")).json()["id"]
    assert 'id="relation"' not in (await browser.get(f"/users/{own}")).text
    assert 'id="relation"' not in (await BrowserClient(browser.app_state).get(f"/users/{hong_id}")).text


async def test_a_person_who_does_not_exist_has_no_page(browser: BrowserClient) -> None:
    for id_ in ("0", "x", "1%2Fblock", "9" * 40, "%00", "%ff", "1?x"):
        assert (await browser.get(f"/users/{id_}")).status_code in (400, 404), id_


async def test_markup_in_names_texts_and_descriptions_stays_text(
    browser: BrowserClient, join: Join, app_state: AppState
) -> None:
    author = join('<b id="x">"&')
    author_id = (await author("GET", "/me")).json()["id"]
    photo = str(await make_media.medium(app_state.pool, int(author_id), alt='"><script>alert(1)</script>'))
    text = '<script>alert(1)</script> #<i>标</i># {{ 7 * 7 }} " onload="x'
    post = (
        await author("POST", "/posts", {"text": text, "media_ids": [photo], "location": {"name": '"><img src=x>'}})
    ).json()
    await author("POST", f"/posts/{post['id']}/comments", {"text": "<script>alert(2)</script>"})
    for path in ("/", f"/posts/{post['id']}", f"/users/{author_id}", "/hot"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page, path
        assert "<img src=x>" not in page, path
        assert '<b id="x">' not in page, path
        assert "{{ 7 * 7 }}" in page, path


async def test_a_long_text_is_folded_outside_of_its_topics(browser: BrowserClient, join: Join) -> None:
    text = "深" * 215 + "#很长的一个话题名字#" + "圳" * 500
    post = (await join("阿珍")("POST", "/posts", {"text": text})).json()
    page = (await browser.get("/")).text
    assert "圳" * 10 not in page
    assert "全文" in page
    assert "#很长" not in page
    assert "圳" * 500 in (await browser.get(f"/posts/{post['id']}")).text


async def test_the_first_page_is_light_with_twenty_posts_full_of_photos(
    browser: BrowserClient, join: Join, app_state: AppState
) -> None:
    author = join("阿珍")
    author_id = int((await author("GET", "/me")).json()["id"])
    names = ("full", "full_jpeg", "page", "page_jpeg", "list", "list_jpeg")
    renditions = [
        {
            "name": name,
            "file": name.replace("_jpeg", "") + (".jpg" if "jpeg" in name else ".webp"),
            "content_type": "image/jpeg" if "jpeg" in name else "image/webp",
            "width": 480,
            "height": 360,
            "byte_count": 9,
        }
        for name in names
    ]
    for n in range(20):
        photos = [
            await make_media.medium(app_state.pool, author_id, alt="湖边的长椅") for _ in range(9 if n % 2 else 3)
        ]
        await app_state.pool.execute(
            "UPDATE media SET renditions = $2, placeholder = 'LQgGHYRMhXh/iHdghweGl1t0oHYH' WHERE id = ANY ($1)",
            photos,
            renditions,
        )
        text = f"第{n}条：{'在图书馆坐了一个下午，' * 9} #读书#"
        made = await author("POST", "/posts", {"text": text, "media_ids": [str(each) for each in photos]})
        assert made.status_code == 201, made.text
    page = await browser.get("/")
    assert page.text.count("<picture>") == 120
    files = re.findall(r'(?:href|src)="(/assets/[^"]+\.(?:css|js))"', page.text)
    total = len(page.content)
    for path in files:
        total += int((await browser.get(path, headers={"accept-encoding": "gzip"})).headers["content-length"])
    assert total <= 100_000
