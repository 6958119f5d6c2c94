"""The block on the wire: the same for all readers, cached, framed by listed sites only, and never broken by a parameter."""

import re
from collections import Counter

import httpx
import msgspec
import pytest

from feed.api.html.assets import RELEASE
from feed.api.pages.embed.colors import accent_on_dark, accent_on_light, contrast
from feed.api.pages.embed.content import choose_campaign
from feed.api.pages.embed.options import DEFAULT_PARTS, Options, article_id, read_options
from feed.api.pages.embed.sites import frame_ancestors
from feed.api.state import AppState
from feed.settings import Settings
from tests.support import make
from tests.support.api import Join
from tests.support.make import DAY

_URL = "http://feed.test"

# One article, as its address is written in the wild.
VARIANTS = [
    "8812345",
    "https://www.dutenews.com/n/article/8812345",
    "http://www.dutenews.com/n/article/8812345",
    "https://www.dutenews.com/n/article/8812345/",
    "https://www.dutenews.com//n//article//8812345",
    "https://m.dutenews.com/n/article/8812345.html",
    "https://www.dutenews.com/n/article/8812345?utm_source=wechat&from=singlemessage&isappinstalled=0",
    "https://www.dutenews.com/n/article/8812345#comments",
    "https://www.dutenews.com/n/article/8812345/index.html?_t=1790000000",
    "https://www.dutenews.com/detail?from=app&id=8812345",
    "HTTPS://WWW.DUTENEWS.COM/n/article/8812345",
    "www.dutenews.com/n/article/8812345.shtml",
]


async def _shown(client: httpx.AsyncClient, path: str, **given: str) -> httpx.Response:
    answer = await client.get(f"{_URL}{path}", params=given)
    assert answer.status_code == 200, answer.text
    return answer


async def _campaigns(app_state: AppState, count: int) -> list[int]:
    now = make.now()
    return [
        await make.campaign(
            app_state.pool, starts_at=now - DAY, ends_at=now + (number + 1) * DAY, topic=f"话题{number}"
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("path", ["/embed", "/embed/fragment"])
async def test_a_block_is_public_and_cached_and_knows_no_reader(
    client: httpx.AsyncClient, join: Join, path: str
) -> None:
    author = join("阿珍")
    assert (await author("POST", "/posts", json={"text": "在深圳湾读书"})).status_code == 201
    answer = await _shown(client, path)
    assert "在深圳湾读书" in answer.text
    assert "s-maxage=60" in answer.headers["cache-control"]
    kept = dict(re.findall(r"([a-z-]+)=(\d+)", answer.headers["cache-control"]))
    # What was taken down is gone after two minutes.
    assert 0 < int(kept["stale-while-revalidate"]) <= 120 - int(kept["s-maxage"])
    assert "cookie" not in answer.headers["vary"].lower()
    assert "accept-language" not in answer.headers["vary"].lower()
    assert "set-cookie" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    other = await client.get(
        f"{_URL}{path}",
        headers={"cookie": "feed_session=x; feed_language=en", "accept-language": "en"} | author.headers,
    )
    assert (other.status_code, other.content) == (200, answer.content)


async def test_the_block_alone_may_be_framed(client: httpx.AsyncClient) -> None:
    answer = await _shown(client, "/embed")
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers
    for path in ("/", "/embed/guide", "/embed/fragment", "/v1/feeds/latest", "/embed/block.css"):
        other = await client.get(f"{_URL}{path}")
        assert "frame-ancestors 'none'" in other.headers["content-security-policy"], path
        assert other.headers["x-frame-options"] == "DENY", path


@pytest.mark.parametrize(
    ("sites", "ancestors"),
    [
        ("", "'self'"),
        ("https://news.example.cn", "'self' https://news.example.cn"),
        (" https://*.Example.cn/ ,https://a.cn:8443", "'self' https://*.example.cn https://a.cn:8443"),
        ("https://a.cn,*", "*"),
    ],
)
def test_the_policy_names_the_sites_of_the_setting(settings: Settings, sites: str, ancestors: str) -> None:
    assert frame_ancestors(msgspec.structs.replace(settings, embed_sites=sites)) == ancestors


@pytest.mark.parametrize(
    "given",
    [
        {"parts": "x", "limit": "x", "theme": "x", "accent": "x", "lang": "x", "campaign": "x", "target": "x"},
        {"parts": "", "limit": "", "theme": "", "accent": "", "lang": "", "article": "", "campaign": "", "target": ""},
        {"article": "\x00", "campaign": "0", "limit": "-1"},
        {"article": "http://[", "accent": "#12345", "campaign": "9" * 30},
        {"article": "<script>alert(1)</script>", "theme": "dark;", "accent": "red"},
        {"limit": "9" * 400},
    ],
)
async def test_parameters_that_cannot_be_used_change_nothing(client: httpx.AsyncClient, given: dict[str, str]) -> None:
    for path in ("/embed", "/embed/fragment", "/embed/guide"):
        assert (await _shown(client, path, **given)).content
    assert (await _shown(client, "/embed", **given)).content == (await _shown(client, "/embed")).content
    assert (await _shown(client, "/embed/block.css", **given)).headers["content-type"].startswith("text/css")


async def test_a_fragment_has_no_script_and_only_names_of_its_own(client: httpx.AsyncClient, join: Join) -> None:
    author = join("<script>alert(1)</script>")
    await author("POST", "/posts", json={"text": '<img src=x onerror="alert(1)"> 在深圳湾读书'})
    text = (await _shown(client, "/embed/fragment", accent="c8102e")).text
    assert "<script" not in text
    assert "<img src=x" not in text
    assert not re.search(r"<[^>]*\s(style|on\w+|id)=", text)
    classes = {name for found in re.findall(r'class="([^"]*)"', text) for name in found.split()}
    assert classes
    assert {name for name in classes if not name.startswith("feed-")} == set()
    addresses = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert [each for each in addresses if not each.startswith("http://127.0.0.1:8080/")] == []
    assert f"/embed/block.css?v={RELEASE}&amp;accent=c8102e" in text
    assert "<link" not in (await _shown(client, "/embed/fragment", css="0")).text


async def test_readers_see_what_others_see_only(client: httpx.AsyncClient, app_state: AppState, join: Join) -> None:
    author = join("阿珍")
    post_id = (await author("POST", "/posts", json={"text": "马上会被移除"})).json()["id"]
    assert "马上会被移除" in (await _shown(client, "/embed")).text
    assert (await author("DELETE", f"/posts/{post_id}")).status_code == 204
    assert "马上会被移除" not in (await _shown(client, "/embed")).text


async def test_parts_come_in_the_order_that_is_asked_for(client: httpx.AsyncClient, join: Join) -> None:
    await join("阿珍")("POST", "/posts", json={"text": "在深圳湾读书"})
    text = (await _shown(client, "/embed", parts="posts,hot,posts")).text
    assert re.findall(r'<h2 class="feed-title">([^<]*)</h2>', text) == ["鹏友圈", "读特热榜"]
    english = (await _shown(client, "/embed", parts="hot", lang="en")).text
    assert '<html lang="en"' in english
    assert "Hot list" in english


@pytest.mark.parametrize("address", VARIANTS)
def test_every_address_of_an_article_has_its_id(address: str) -> None:
    assert article_id(address) == "8812345"


@pytest.mark.parametrize(
    "address", ["", " ", "https://www.dutenews.com/", "https://a/?", "a b", "http://[", "文章", "x" * 3000, "?id="]
)
def test_an_address_without_an_article_has_no_id(address: str) -> None:
    assert article_id(address) is None


async def test_all_addresses_of_an_article_give_one_block_and_create_nothing(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    await _campaigns(app_state, 3)
    tables = [
        row["name"]
        for row in await app_state.pool.fetch(
            "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    ]
    before = [await app_state.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    bodies = {(await _shown(client, "/embed", article=address)).content for address in VARIANTS}
    assert len(bodies) == 1
    assert b'data-article="8812345"' in bodies.pop()
    after = [await app_state.pool.fetchval(f"SELECT count(*) FROM {table}") for table in tables]
    assert after == before


def test_articles_are_spread_over_open_campaigns_and_keep_theirs() -> None:
    campaigns = [{"id": str(number), "ends_at": f"2026-12-0{number}"} for number in (3, 1, 2)]
    chosen = {f"{number}": choose_campaign(campaigns, f"{number}")["id"] for number in range(300)}
    assert all(count >= 70 for count in Counter(chosen.values()).values())
    # When one ends, the articles of the others keep theirs.
    left = [each for each in campaigns if each["id"] != "2"]
    assert all(choose_campaign(left, article)["id"] == each for article, each in chosen.items() if each != "2")
    assert choose_campaign(campaigns, None)["id"] == "1"
    assert choose_campaign([], "1") is None
    assert choose_campaign([], None) is None


async def test_a_campaign_s_call_leads_to_writing_while_it_is_open(
    client: httpx.AsyncClient, app_state: AppState
) -> None:
    (campaign_id,) = await _campaigns(app_state, 1)
    text = (await _shown(client, "/embed", campaign=str(campaign_id))).text
    assert f'href="http://127.0.0.1:8080/write?campaign={campaign_id}" target="_top"' in text
    blank = (await _shown(client, "/embed", campaign=str(campaign_id), target="blank")).text
    assert 'target="_blank" rel="noopener"' in blank
    await app_state.pool.execute(
        "UPDATE campaigns SET ends_at = now() - interval '1 hour', starts_at = now() - interval '1 day'"
    )
    ended = (await _shown(client, "/embed", campaign=str(campaign_id))).text
    assert "/write?campaign=" not in ended
    assert "已截止" in ended
    # A campaign that does not exist is as if there were none.
    assert "feed-campaign" not in (await _shown(client, "/embed", campaign="1")).text


async def test_a_part_that_fails_is_left_out_for_seconds_only(
    client: httpx.AsyncClient, app_state: AppState, join: Join
) -> None:
    await join("阿珍")("POST", "/posts", json={"text": "在深圳湾读书"})
    await app_state.pool.execute("ALTER TABLE campaign_rules RENAME TO gone")
    answer = await client.get(f"{_URL}/embed")
    await app_state.pool.execute("ALTER TABLE gone RENAME TO campaign_rules")
    assert answer.status_code == 200
    assert "在深圳湾读书" in answer.text
    assert answer.headers["cache-control"].startswith("public, max-age=5,")


@pytest.mark.parametrize("color", ["000000", "ffffff", "ffe000", "101080", "c8102e", "0b6b50", "808080", "00ffff"])
def test_every_accent_can_be_read(color: str) -> None:
    light, dark = accent_on_light(color), accent_on_dark(color)
    assert contrast(light.color, "#ffffff") >= 4.5
    assert contrast(dark.color, "#20201d") >= 4.5
    assert min(contrast(light.color, light.ink), contrast(dark.color, dark.ink)) >= 4.5
    # One that can be read as it is stays as it is.
    if contrast(f"#{color}", "#f6f5f1") >= 4.5:
        assert light.color == f"#{color}"


async def test_the_stylesheet_and_the_script_are_for_other_sites(client: httpx.AsyncClient) -> None:
    css = await _shown(client, "/embed/block.css", accent="#C8102E", v=RELEASE)
    assert "--feed-accent: #c8102e" in css.text
    assert "immutable" in css.headers["cache-control"]
    assert "immutable" not in (await _shown(client, "/embed/block.css", v="old")).headers["cache-control"]
    script = await _shown(client, "/embed/frame.js")
    assert script.headers["content-type"].startswith("text/javascript")
    again = await client.get(f"{_URL}/embed/frame.js", headers={"if-none-match": script.headers["etag"]})
    assert again.status_code == 304
    for answer in (css, script):
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert '"*"' not in re.sub(r"//.*", "", script.text)


async def test_the_guide_says_what_to_copy(client: httpx.AsyncClient) -> None:
    text = (await _shown(client, "/embed/guide", parts="hot,posts", accent="c8102e")).text
    assert "&lt;iframe src=&#34;http://127.0.0.1:8080/embed?parts=hot,posts&amp;accent=c8102e&#34;" in text
    assert "/embed/fragment" in text
    assert "只有本站可以嵌入" in text


def test_the_parameters_of_a_block_are_read_as_they_are_written() -> None:
    options = Options(
        parts=("hot",), limit=3, theme="dark", accent="c8102e", language="en", article="8812345", target="blank"
    )
    assert read_options(dict(each.split("=") for each in options.query().split("&"))) == options
    assert Options().query() == ""
    assert read_options({}).parts == DEFAULT_PARTS
    assert [read_options({"limit": limit}).limit for limit in ("0", "21", "7")] == [1, 20, 7]
